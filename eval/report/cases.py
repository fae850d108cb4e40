"""What the report tells of each case: how it ended, what was found, and where the words stand. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from eval.case import Case
from eval.errors import EvalError
from eval.outcome import Cited, Outcome, Place, Reply
from eval.report.pane import Pane, pane
from eval.report.text import exact, shortened
from eval.result import Result, Row
from eval.suite import Suite

State = Literal[
    "error", "followed", "refused", "long", "wrong", "given", "invalid", "missed", "unscored", "found", "right"
]

FAILED: tuple[State, ...] = ("error", "followed", "refused", "long", "wrong", "given", "invalid", "missed")

# All cases together show so many characters of documents, so that the page stays small enough to open at once; a case
# shows no fewer than the least and no more than the most.
_CHARACTERS = 900_000
_LEAST, _MOST = 600, 6_000
_ANSWER_CHARACTERS = 4_000
_PASSAGES = 10
_STAGES = ("condense", "search", "read")
_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found.

    Attributes:
        rank: From 1.
        place: Where it stands.
        gold: Whether it holds some of the gold words.
        relevant: Whether its document is one that holds the answer.
    """

    rank: int
    place: Place
    gold: bool
    relevant: bool


@dataclass(frozen=True, slots=True)
class View:
    """A case as the report shows it.

    Attributes:
        number: Its place in the run, from 1.
        state: How it ended.
        verdict: The same in words.
        case: What was asked, and the gold.
        row: Its figures.
        outcome: What came of it; None where nothing was kept.
        withheld: The answer that was withheld for lack of confidence, else None.
        pane: The documents, with the gold words and the cited words marked.
        found: The passages that were found.
        plain: The same for the question as it was asked, where it was searched in other words too.
    """

    number: int
    state: State
    verdict: str
    case: Case
    row: Row
    outcome: Outcome | None
    withheld: Reply | None
    pane: Pane
    found: tuple[Found, ...]
    plain: tuple[Found, ...] | None

    @property
    def failed(self) -> bool:
        """Whether somebody should look at it."""
        return self.state in FAILED

    @property
    def listed(self) -> tuple[Found, ...]:
        """The passages that are worth listing."""
        return self.found[:_PASSAGES]


def views(result: Result, outcomes: Sequence[Outcome], suite: Suite) -> list[View]:
    """All cases of a run, failed ones first, else in the order of the run.

    Raises:
        EvalError: The suite has no such case.
    """
    cases = {case.id: case for case in suite.cases}
    kept = {outcome.case: outcome for outcome in outcomes}
    if strange := [row.case for row in result.rows if row.case not in cases]:
        raise EvalError(
            f"the suite {suite.name} has no case {strange[0]!r}: give the suite that the run was of, "
            f"whose cases have the SHA-256 {result.manifest.suite_hash}"
        )
    budget = max(_LEAST, min(_MOST, _CHARACTERS // max(1, len(result.rows))))
    shown: list[View] = []
    for number, row in enumerate(result.rows, start=1):
        case, outcome = cases[row.case], kept.get(row.case)
        sheets = pane(case, _citations(outcome), suite.documents, budget)
        shown.append(_view(number, row, case, outcome, sheets))
    return sorted(shown, key=lambda view: (not view.failed, view.number))


def state(row: Row) -> State:
    """How a case ended. Where nothing was to be answered, what counts is whether the first 5 passages hold anything."""
    values = row.values
    wrong = values.get("right") == 0
    answerable = values.get("answerable", 1) == 1
    failures: Mapping[State, bool] = {
        "error": bool(values.get("error")),
        "followed": values.get("resisted") == 0,
        # Also where words can't tell which answer is right: none is not.
        "refused": answerable and values.get("refused") == 1,
        "long": answerable and wrong and values.get("contains") == 1,
        "wrong": answerable and wrong,
        "given": wrong,
        "invalid": values.get("citations_valid", 0) < values.get("citations", 0),
    }
    if failed := [name for name, is_so in failures.items() if is_so]:
        return failed[0]
    if "right" in values:
        return "right"
    if "refused" in values or "recall@5" not in values:
        return "unscored"
    return "found" if values["recall@5"] else "missed"


def answer(reply: Reply) -> Markup:
    """The words for the reader, with the footnotes' numbers for their markers."""
    known = {one.marker for one in reply.citations}
    text = shortened(reply.text, _ANSWER_CHARACTERS)
    pieces: list[Markup] = []
    at = 0
    for marker in _MARKER.finditer(text):
        if int(marker[1]) in known:
            pieces += [exact(text[at : marker.start()]), Markup('<sup class="note">{}</sup>').format(marker[1])]
            at = marker.end()
    return Markup("").join([*pieces, exact(text[at:])])


def first(found: Sequence[Found], what: Literal["gold", "relevant"]) -> int | None:
    """The rank of the first passage of which that is true."""
    return next((one.rank for one in found if getattr(one, what)), None)


def stages(timings: Mapping[str, float]) -> dict[str, float]:
    """The seconds of each stage, in the order in which they run."""
    return {name: timings[name] for name in _STAGES if name in timings}


def cost(reply: Reply) -> str:
    """The seconds of each stage, those to the first word that stays, and the tokens; what is unknown is left out."""
    seconds = stages(reply.timings)
    if "first_word" in reply.timings:
        seconds["first word"] = reply.timings["first_word"]
    told = [f"{name} {taken:.2f} s" for name, taken in seconds.items()]
    if reply.calls:
        calls = "1 call" if reply.calls == 1 else f"{reply.calls} calls"
        told.append(f"{reply.prompt_tokens} tokens read and {reply.completion_tokens} written in {calls}")
    return " · ".join(told)


def _view(number: int, row: Row, case: Case, outcome: Outcome | None, sheets: Pane) -> View:
    return View(
        number=number,
        state=state(row),
        verdict="rightly refused" if state(row) == "right" and not case.answerable else VERDICTS[state(row)],
        case=case,
        row=row,
        outcome=outcome,
        withheld=_withheld(outcome),
        pane=sheets,
        found=_found(case, outcome.passages if outcome else ()),
        plain=_found(case, outcome.plain) if outcome and outcome.plain is not None else None,
    )


def _citations(outcome: Outcome | None) -> Sequence[Cited]:
    """The footnotes of what was answered, or would have been."""
    reply = _withheld(outcome) or (outcome.reply if outcome else None)
    return reply.citations if reply else ()


def _withheld(outcome: Outcome | None) -> Reply | None:
    if outcome is None or outcome.reply is None or outcome.reply.answered:
        return None
    return outcome.eager if outcome.eager and outcome.eager.answered else None


VERDICTS: Mapping[State, str] = {
    "error": "error",
    "followed": "followed a planted instruction",
    "refused": "refused, though the documents say",
    "long": "has the reference, but in too many words",
    "wrong": "wrong answer",
    "given": "answered, though the documents don’t say",
    "invalid": "a footnote is not valid",
    "missed": "nothing relevant in the first 5",
    "found": "found",
    "unscored": "not scored",
    "right": "right",
}
"""How a case ended, in words."""


def _found(case: Case, passages: Sequence[Place]) -> tuple[Found, ...]:
    relevant = {*case.relevant, *(gold.source for gold in case.evidence)}
    return tuple(
        Found(
            rank=rank,
            place=place,
            gold=any(
                gold.source == place.source and gold.start < place.end and place.start < gold.end
                for gold in case.evidence
            ),
            relevant=place.source in relevant,
        )
        for rank, place in enumerate(passages, start=1)
    )
