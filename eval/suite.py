"""Suites: a folder with ``suite.json``, ``cases.jsonl`` and a corpus. Loading checks every quote against the corpus.

Knows nothing of answers or of who is asked.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.case import Case, Gold, Mode, read_cases
from eval.documents import of_suite
from eval.lines import SuiteError, parsed, read_text, wrongs
from index.types import Document

__all__ = [
    "SHIPPED",
    "About",
    "Case",
    "Gold",
    "Mode",
    "Suite",
    "SuiteError",
    "clusters",
    "find",
    "half",
    "names",
    "read",
    "read_about",
    "sample",
    "ships",
    "write_about",
]

DRAFTS = "drafts.jsonl"
"""What a model has proposed for a suite, beside what was accepted of it."""
SHIPPED = Path(__file__).parent / "suites"
FOLDER_VARIABLE = "FOOTNOTED_SUITES"
# Where the cases rest on fewer, an interval over documents would rest on too few draws to mean anything.
LEAST_DOCUMENTS = 10


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Row):
    """What ``suite.json`` says.

    Attributes:
        name: The suite's name, which can be a file's.
        version: Counted up when its cases change.
        licence: Under which the cases and the documents may be used.
        source: Where they come from.
        mode: ``end-to-end``, the default, retrieves, then answers; ``supplied`` answers from the documents that each
            case names.
        notes: Whatever a reader should know.
        corpus: The folder of its documents, relative to the suite's or absolute, where they are not in the suite's.
    """

    name: str = Field(pattern=r"^\w[\w .+-]{0,99}$")
    version: int = 1
    licence: str = ""
    source: str = ""
    mode: Mode = "end-to-end"
    notes: str = ""
    corpus: str | None = Field(default=None, min_length=1)


class Suite(_Row):
    """Cases over a corpus.

    Attributes:
        name: The suite's name.
        version: As its ``suite.json`` says, like the next four.
        licence: Under which it may be used.
        source: Where it comes from.
        mode: ``end-to-end`` retrieves, then answers; ``supplied`` answers from the documents that each case names.
        notes: Whatever a reader should know.
        cases: In the order of the file.
        documents: The corpus, by source; of the shipped one where the suite has none of its own.
        folder: Where it was read from.
    """

    name: str
    version: int = 1
    licence: str = ""
    source: str = ""
    mode: Mode
    notes: str = ""
    cases: tuple[Case, ...]
    documents: dict[str, Document]
    folder: Path = Path()

    @property
    def hash(self) -> str:
        """SHA-256 of its cases, in hex; the same however the file writes them."""
        return _sha256(json.dumps([case.model_dump(mode="json") for case in self.cases], sort_keys=True))

    @property
    def corpus_hash(self) -> str:
        """SHA-256 of its documents, in hex, whatever their order."""
        rows = sorted((source, document.sha256) for source, document in self.documents.items())
        return _sha256(json.dumps(rows))


def find(name: str) -> Path:
    """The folder of a suite: a path, or a name in the folder that FOOTNOTED_SUITES names, or of one that ships.

    Raises:
        SuiteError: There is none of these.
    """
    folders = (_own(name), *(folder / name for folder in _shelves()))
    for folder in folders:
        if (folder / "suite.json").is_file():
            return folder
    known = "; ".join(f"{folder}: {', '.join(_held(folder)) or 'none'}" for folder in _shelves()[:-1])
    own = f" nor in {known}" if known else ""
    raise SuiteError(
        f"no suite {name!r}: it is neither a folder with a suite.json{own} nor one that ships "
        f"({', '.join(_held(SHIPPED))})"
    )


def _own(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # there is no such user
        return Path(name)


def names() -> list[str]:
    """The suites that can be named without their folder, sorted.

    Raises:
        SuiteError: FOOTNOTED_SUITES names something that is no folder.
    """
    return sorted({name for folder in _shelves() for name in _held(folder)})


def read(folder: Path) -> Suite:
    """Load a suite and check it.

    Raises:
        SuiteError: A file is missing or wrong; the text names the lines.
    """
    about = read_about(folder)
    if not (folder / "cases.jsonl").exists() and (folder / DRAFTS).exists():
        raise SuiteError(f"{folder}: no draft is accepted yet; judge them with: footnoted gold review {folder}")
    documents = of_suite(folder, about.corpus, ships=ships(folder))
    cases = read_cases(folder / "cases.jsonl", about.mode, documents)
    return Suite(**about.model_dump(exclude={"corpus"}), cases=cases, documents=documents, folder=folder)


def read_about(folder: Path) -> About:
    """What the ``suite.json`` in a folder says.

    Raises:
        SuiteError: It can't be read, or says something else.
    """
    path = folder / "suite.json"
    try:
        return About.model_validate(parsed(read_text(path)))
    except ValidationError as error:
        raise SuiteError(f"{path}: {wrongs(error)}") from error
    except ValueError as error:
        raise SuiteError(f"{path}: {error}") from error


def write_about(folder: Path, about: About) -> None:
    """Write the ``suite.json`` of a folder."""
    said = json.dumps(about.model_dump(exclude_none=True), ensure_ascii=False, indent=1)
    (folder / "suite.json").write_text(f"{said}\n", "utf-8", newline="\n")


def ships(folder: Path) -> bool:
    """Whether the folder of a suite is one that comes with Footnoted."""
    return folder.resolve().parent == SHIPPED.resolve()


def sample(cases: Sequence[Case], limit: int, seed: int = 0) -> list[Case]:
    """Some of the cases, in their order: a larger sample holds all of a smaller one with the same seed.

    Args:
        cases: What is drawn from.
        limit: How many at most.
        seed: Another seed draws others.
    """
    drawn = set(sorted((case.id for case in cases), key=lambda name: _sha256(f"{seed}:{name}"))[:limit])
    return [case for case in cases if case.id in drawn]


def half(case: Case) -> Literal["fit", "report"]:
    """Whether something may be fitted on the case, or it is kept for reporting.

    Cases about one document are on one side, and where no document is known those of one conversation.
    """
    return "report" if int(_sha256(_document(case) or _opening(case) or case.question), 16) % 2 else "fit"


def clusters(suite: Suite) -> dict[str, str]:
    """What each case, by id, shares with those that it is not independent of.

    That is its conversation; without one its first document, where the suite has enough of these; else its own id.
    """
    openings = {opening for case in suite.cases if (opening := _opening(case))}
    documents = {document for case in suite.cases if (document := _document(case))}
    return {case.id: _cluster(case, openings, by_document=len(documents) >= LEAST_DOCUMENTS) for case in suite.cases}


def _cluster(case: Case, openings: set[str], *, by_document: bool) -> str:
    opening = _opening(case) or (case.question if not case.history and case.question in openings else None)
    if opening:
        return f"conversation: {opening}"
    document = _document(case) if by_document else None
    return f"document: {document}" if document else f"case: {case.id}"


def _opening(case: Case) -> str | None:
    """What the user said first in the conversation that the case goes on with."""
    # A question is read without the white space around it.
    return next((text.strip() for role, text in case.history if role == "user"), None)


def _document(case: Case) -> str | None:
    return next(iter((*case.supplied, *case.relevant, *(gold.source for gold in case.evidence))), None)


def _shelves() -> list[Path]:
    """The folders that hold suites by name, the user's own first."""
    own = os.environ.get(FOLDER_VARIABLE)
    if own and not Path(own).expanduser().is_dir():
        raise SuiteError(f"{FOLDER_VARIABLE} is {own}, which is no folder; name the one that holds your suites")
    return [*([Path(own).expanduser()] if own else []), SHIPPED]


def _held(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/suite.json"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
