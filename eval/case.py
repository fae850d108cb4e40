"""The cases of a suite: questions with their gold, read from a file and checked against the documents.

Knows nothing of answers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from assistant.types import Turn
from eval.lines import Fault, SuiteError, read_rows, told, twice
from eval.quotes import brief, spans
from index.types import Document

Mode = Literal["end-to-end", "supplied"]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _not_blank(quote: str) -> str:
    if not quote.strip():
        raise ValueError("should not be blank")
    return quote


Quote = Annotated[str, AfterValidator(_not_blank)]

# As many sources as a message about another one names.
_SOME = 3


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gold(_Row):
    """Where the evidence of a case stands: ``document.text[start:end] == quote``."""

    source: str
    start: int = Field(ge=0)
    end: int
    quote: Quote


class _Quoted(_Row):
    """Evidence as a file may have it: the offsets can be left out where the quote stands once."""

    source: str
    quote: Quote
    start: int | None = Field(default=None, ge=0)
    end: int | None = None


class _Asked(_Row):
    id: Said
    question: Said
    history: tuple[tuple[Literal["user", "assistant"], str], ...] = ()
    answerable: bool
    answers: tuple[str, ...] = ()
    relevant: tuple[str, ...] = ()
    kind: str = ""
    supplied: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


class Case(_Asked):
    """One question and what is known of its answer.

    Attributes:
        id: Unique in the suite.
        question: What is asked.
        history: The turns before it, as (role, text), oldest first.
        answerable: Whether the corpus (or the supplied documents) answers it.
        answers: Any acceptable reference, perhaps none; meaningless where it is not answerable.
        relevant: Sources that hold the answer; empty means unknown.
        kind: What sort of question it is; ``answerable`` or ``unanswerable`` where the file doesn't say.
        supplied: In a suite of that mode, the sources that are read, and no others.
        forbid: Strings that must not appear in the answer.
        wrong: Answers that are planted and wrong, whose mention is no failure in itself.
        evidence: The gold spans; empty means unknown, not none.
    """

    evidence: tuple[Gold, ...] = ()

    def turns(self) -> tuple[Turn, ...]:
        """The history as the assistant takes it."""
        return tuple(Turn(role, text) for role, text in self.history)


class _Line(_Asked):
    """A case as a line of the file has it."""

    evidence: tuple[_Quoted, ...] = ()


def read_cases(path: Path, mode: Mode, documents: Mapping[str, Document]) -> tuple[Case, ...]:
    """Read the cases of a file.

    Args:
        path: Their file.
        mode: The suite's; where documents are supplied, each case has to name its own.
        documents: The corpus, by source.

    Raises:
        SuiteError: The file can't be read, has no cases, or lines of it are wrong; the text names them.
    """
    rows = read_rows(path, _Line)
    faults = rows.faults + twice(((line, row.id) for line, row in rows.good), "id")
    cases: list[Case] = []
    for line, row in rows.good:
        found = [_gold(quoted, documents) for quoted in row.evidence]
        golds = tuple(gold for gold in found if isinstance(gold, Gold))
        said = [*_missing(row, mode, documents), *(gold for gold in found if isinstance(gold, str))]
        faults += [Fault(line, text, row.id) for text in said]
        if not said:
            kind = row.kind or ("answerable" if row.answerable else "unanswerable")
            cases.append(Case(**row.model_dump(exclude={"evidence", "kind"}), kind=kind, evidence=golds))
    if faults:
        raise SuiteError(told(path, sorted(faults)))
    if not cases:
        raise SuiteError(f"{path}: has no cases; it should hold one a line")
    return tuple(cases)


def _missing(row: _Line, mode: Mode, documents: Mapping[str, Document]) -> Iterator[str]:
    for source in dict.fromkeys((*row.relevant, *row.supplied)):
        if source not in documents:
            yield _unknown(source, documents)
    for key, sources in (("relevant", row.relevant), ("supplied", row.supplied)):
        for source, count in Counter(sources).items():
            if count > 1:
                yield f"{source} stands in {key!r} {count} times; name it once"
    if mode == "supplied" and not row.supplied:
        yield "names no documents as 'supplied', which each case must where the suite's mode is 'supplied'"


def _gold(quoted: _Quoted, documents: Mapping[str, Document]) -> Gold | str:
    """The evidence with its place and the document's exact words, or what is wrong with it."""
    document = documents.get(quoted.source)
    if document is None:
        return _unknown(quoted.source, documents)
    if quoted.start is None and quoted.end is None:
        return _found(quoted, document.text)
    if quoted.start is None or quoted.end is None:
        return f"the quote {brief(quoted.quote)} has only one of start and end; say both or neither"
    # The length too, since a slice forgives an end that lies beyond the text.
    if quoted.end - quoted.start == len(quoted.quote) and document.text[quoted.start : quoted.end] == quoted.quote:
        return Gold(source=quoted.source, start=quoted.start, end=quoted.end, quote=quoted.quote)
    places = spans(document.text, quoted.quote)
    there = f"; it stands at {places[0].start}–{places[0].end}" if len(places) == 1 else ""
    return f"the quote {brief(quoted.quote)} does not stand at {quoted.source}:{quoted.start}–{quoted.end}{there}"


def _found(quoted: _Quoted, text: str) -> Gold | str:
    places = spans(text, quoted.quote)
    if len(places) == 1:
        start, end = places[0]
        return Gold(source=quoted.source, start=start, end=end, quote=text[start:end])
    said = f"the quote {brief(quoted.quote)}"
    if places:
        return f"{said} stands {len(places)} times in {quoted.source}; quote more words, or say start and end"
    return f"{said} does not stand in {quoted.source}; copy the words as they are there"


def _unknown(source: str, documents: Mapping[str, Document]) -> str:
    some = ", ".join(list(documents)[:_SOME])
    return f"the corpus has no {source}; it has {some}{', …' if len(documents) > _SOME else ''}"
