"""Judge drafted pairs: what is accepted becomes a case, what was decided is written down at once.

Knows nothing of how a draft is shown or of who decides.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval.case import Case, Gold
from eval.documents import of_suite
from eval.gold import Draft, align, read_drafts
from eval.lines import SuiteError, append_row, read_log, read_text
from eval.outcome import Written
from eval.quotes import spans, word_spans
from eval.suite import read_about
from index import split
from index.types import Document, Passage

DECISIONS = "decisions.jsonl"
CASES = "cases.jsonl"
KIND = "drafted"


class Decision(Written):
    """What was decided of a draft.

    Attributes:
        draft: Its id.
        verdict: ``undone`` takes the last decision back.
    """

    draft: str
    verdict: Literal["accepted", "skipped", "undone"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A drafted pair as it is judged.

    Attributes:
        id: The draft's.
        question: What is asked.
        answer: Its answer.
        evidence: Where the answer stands in the document as it is now.
        document: That document.
    """

    id: str
    question: str
    answer: str
    evidence: Gold
    document: Document

    def passage(self) -> Passage:
        """What is around the evidence."""
        start = self.evidence.start
        return next(one for one in split.passages(self.document) if one.start <= start < one.end)

    def edited(self, question: str, answer: str) -> "Pair":
        """The pair in other words; the evidence follows the answer where that stands in the passage.

        Blank ones leave what there was.
        """
        question, answer = question.strip() or self.question, answer.strip(" |") or self.answer
        found = (align(question, one.strip(), self.passage()) for one in answer.split("|"))
        evidence = next(filter(None, found), self.evidence)
        return Pair(self.id, question, answer, evidence, self.document)

    @property
    def answers(self) -> tuple[str, ...]:
        """The answer, or those that are parted by |, any of which will do."""
        return tuple(one.strip() for one in self.answer.split("|") if one.strip())

    def carries(self, answer: str) -> bool:
        """Whether an answer stands in the passage."""
        return bool(word_spans(self.passage().text, answer))


def documents(folder: Path) -> dict[str, Document]:
    """The documents that a folder's drafts are about.

    Raises:
        SuiteError: It is no such folder, or they can't be read.
    """
    if not read_drafts(folder):
        raise SuiteError(f"{folder} holds no drafts; make some with: footnoted gold draft DOCUMENTS --into {folder}")
    return of_suite(folder, read_about(folder).corpus, ships=False)


def undecided(folder: Path, corpus: Mapping[str, Document]) -> tuple[list[Pair], int]:
    """The pairs that wait for a decision, and how many more no longer stand in their document.

    Args:
        folder: The suite's folder.
        corpus: Its documents.
    """
    decided = {decision.draft for decision in _standing(folder)}
    waiting = [draft for draft in read_drafts(folder) if draft.id and draft.id not in decided]
    pairs = [pair for draft in waiting if (pair := _pair(draft, corpus)) is not None]
    return pairs, len(waiting) - len(pairs)


def accept(folder: Path, pair: Pair) -> None:
    """Make a pair a case of the suite."""
    case = Case(
        id=pair.id,
        question=pair.question,
        answerable=True,
        answers=pair.answers,
        evidence=(pair.evidence,),
        relevant=(pair.evidence.source,),
        kind=KIND,
    )
    # The case first: should nothing come after it, the draft is judged again and its case written over.
    _put(folder, pair.id, case)
    append_row(folder / DECISIONS, Decision(draft=pair.id, verdict="accepted"))


def skip(folder: Path, pair: Pair) -> None:
    """Leave a pair out."""
    append_row(folder / DECISIONS, Decision(draft=pair.id, verdict="skipped"))


def undo(folder: Path) -> str | None:
    """Take back the last decision that stands, and its case; returns the draft's id, None where there is none."""
    standing = _standing(folder)
    if not standing:
        return None
    last = standing[-1]
    if last.verdict == "accepted":
        _put(folder, last.draft, None)
    append_row(folder / DECISIONS, Decision(draft=last.draft, verdict="undone"))
    return last.draft


def accepted(folder: Path) -> int:
    """How many pairs have become cases."""
    return sum(decision.verdict == "accepted" for decision in _standing(folder))


def _standing(folder: Path) -> list[Decision]:
    """The decisions that were not taken back, in their order."""
    standing: list[Decision] = []
    for decision in read_log(folder / DECISIONS, Decision):
        if decision.verdict != "undone":
            standing.append(decision)
        elif standing:
            standing.pop()
    return standing


def _pair(draft: Draft, corpus: Mapping[str, Document]) -> Pair | None:
    gold = draft.evidence
    document = corpus.get(gold.source) if gold else None
    if gold is None or document is None:
        return None
    if document.text[gold.start : gold.end] != gold.quote:
        places = spans(document.text, gold.quote)
        if len(places) != 1:
            return None
        start, end = places[0]
        gold = Gold(source=gold.source, start=start, end=end, quote=document.text[start:end])
    return Pair(draft.id, draft.question, draft.answer, gold, document)


def _put(folder: Path, name: str, case: Case | None) -> None:
    """Write a case in the place of the one with that id, or take that one out; every other line stays as it is."""
    path = folder / CASES
    held = read_text(path).split("\n") if path.exists() else []
    lines = [line for line in held if line.strip() and _id(line) != name]
    if case is not None:
        row = case.model_dump(mode="json", exclude_defaults=True)
        lines.append(json.dumps(row, ensure_ascii=False))
    draft = path.with_name(f".{CASES}.{os.getpid()}")
    draft.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
    draft.replace(path)


def _id(line: str) -> Any:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row.get("id") if isinstance(row, dict) else None
