"""Suites: a folder with ``suite.json``, ``cases.jsonl`` and a corpus. Loading checks every quote against the corpus."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.core import shipped_files
from assistant.types import Turn
from index import load
from index.errors import FootnotedError
from index.types import Document

SHIPPED = Path(__file__).parent / "suites"
# Enough to see what kind of mistake it is; a file of another format would fail on every line.
MOST_FAULTS = 20

Row = TypeVar("Row", bound=BaseModel)


class SuiteError(FootnotedError):
    """A suite can't be used; the text names each line that is wrong."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gold(_Row):
    """Where the evidence of a case stands: ``document.text[start:end] == quote``."""

    source: str
    start: int = Field(ge=0)
    end: int
    quote: str = Field(min_length=1)


class Case(_Row):
    """One question and what is known of its answer.

    Attributes:
        id: Unique in the suite.
        question: What is asked.
        history: The turns before it, as (role, text), oldest first.
        answerable: Whether the corpus (or the supplied documents) answers it.
        answers: Any acceptable reference; meaningless where it is not answerable.
        evidence: The gold spans; empty means unknown, not none.
        relevant: Sources that hold the answer.
        kind: What sort of question it is.
        supplied: In a suite of that mode, the sources that are read, and no others.
        forbid: Strings that must not appear in the answer.
    """

    id: str
    question: str
    history: tuple[tuple[Literal["user", "assistant"], str], ...] = ()
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[Gold, ...] = ()
    relevant: tuple[str, ...] = ()
    kind: str
    supplied: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    wrong: str | None = None

    def turns(self) -> tuple[Turn, ...]:
        """The history as the assistant takes it."""
        return tuple(Turn(role, text) for role, text in self.history)


class _About(BaseModel):
    name: str
    mode: Literal["end-to-end", "supplied"]


class _Text(BaseModel):
    source: str
    title: str
    text: str


class Suite(_Row):
    """Cases over a corpus.

    Attributes:
        name: The suite's name.
        mode: ``end-to-end`` retrieves, then answers; ``supplied`` answers from the documents that each case names.
        cases: In the order of the file.
        documents: The corpus, by source; of the shipped one where the suite has none of its own.
    """

    name: str
    mode: Literal["end-to-end", "supplied"]
    cases: tuple[Case, ...]
    documents: dict[str, Document]


def find(name: str) -> Path:
    """The folder of a suite: a path, or the name of one that ships.

    Raises:
        SuiteError: There is neither.
    """
    for folder in (Path(name), SHIPPED / name):
        if (folder / "suite.json").is_file():
            return folder
    shipped = ", ".join(sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
    raise SuiteError(f"no suite {name!r}: it is neither a folder with a suite.json nor one that ships ({shipped})")


def read(folder: Path) -> Suite:
    """Load a suite and check it.

    Raises:
        SuiteError: A file is missing or wrong; the text names the lines.
    """
    about = _about(folder / "suite.json")
    documents = {document.source: document for document in _corpus(folder)}
    cases = tuple(_rows(folder / "cases.jsonl", Case))
    faults = [
        f"{name}: this id stands there twice" for name, count in Counter(case.id for case in cases).items() if count > 1
    ]
    if faults := faults + [fault for case in cases for fault in _faults(case, documents)]:
        raise SuiteError(_told(folder / "cases.jsonl", faults))
    return Suite(name=about.name, mode=about.mode, cases=cases, documents=documents)


def _corpus(folder: Path) -> Iterator[Document]:
    own = folder / "corpus.jsonl"
    if own.is_file():
        for row in _rows(own, _Text):
            yield Document(
                id=row.source,
                sources=(row.source,),
                title=row.title,
                text=row.text,
                media_type="text/plain",
                sha256="",
            )
        return
    for path in shipped_files():
        yield load.load(path)


def _rows(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of a file of JSON lines; blank ones are passed over."""
    found: list[Row] = []
    faults: list[str] = []
    # Not splitlines(): a string in JSON may hold characters that end lines elsewhere.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        try:
            if line.strip():
                found.append(kind.model_validate(json.loads(line)))
        except json.JSONDecodeError as error:
            faults.append(f"line {number}: not JSON: {error.msg} at column {error.colno}")
        except ValidationError as error:
            faults.append(f"line {number}: {_first(error)}")
    if faults:
        raise SuiteError(_told(path, faults))
    return found


def _faults(case: Case, documents: dict[str, Document]) -> Iterator[str]:
    for source in (*case.relevant, *case.supplied):
        if source not in documents:
            yield f"{case.id}: the corpus has no {source}"
    for gold in case.evidence:
        document = documents.get(gold.source)
        if document is None or document.text[gold.start : gold.end] != gold.quote:
            yield f"{case.id}: the quote {gold.quote[:40]!r} does not stand at {gold.source}:{gold.start}"


def _about(path: Path) -> _About:
    try:
        return _About.model_validate(json.loads(_text(path)))
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path}: not JSON: {error}") from error
    except ValidationError as error:
        raise SuiteError(f"{path}: {_first(error)}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: {error}") from error


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _told(path: Path, faults: Sequence[str]) -> str:
    more = f"\n… and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    return f"{path}:\n" + "\n".join(faults[:MOST_FAULTS]) + more
