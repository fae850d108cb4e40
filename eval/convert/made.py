"""What importers make, and how it becomes a suite's folder: whole or not at all.

Knows nothing of the formats that are imported.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from eval.documents import TEXTS, Text
from eval.lines import SuiteError, told, write_rows, wrongs
from eval.suite import About, Case, Mode, Suite, read, write_about
from index import load
from index.errors import DocumentError

# What a suite's folder may hold and still be made anew.
_OURS = frozenset({"suite.json", "cases.jsonl", TEXTS})
# As many of a folder's other files as a message names.
_SOME = 5

T = TypeVar("T")


class Wrong(ValueError):
    """One record can't become a case; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to import.

    Attributes:
        documents: The folder that the questions are about, where the imported file doesn't hold its documents.
        mode: The suite's mode, where the format leaves a choice.
        split: Which judgements of several.
    """

    documents: Path | None = None
    mode: Mode | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A suite that has no folder yet.

    Attributes:
        mode: The suite's.
        cases: At least one.
        texts: Its documents, where they are not files of the user's.
        corpus: The folder of those files, where they are.
        remarks: What the user should know of what was left out.
    """

    mode: Mode
    cases: tuple[Case, ...]
    texts: tuple[Text, ...] = ()
    corpus: Path | None = None
    remarks: tuple[str, ...] = ()


def text_of(path: Path) -> str:
    """The text of a file in whatever encoding, with a line feed for every kind of line end.

    Raises:
        SuiteError: It can't be read, is empty or is not text.
    """
    try:
        return load.canonical(path.read_bytes(), str(path))
    except OSError as error:
        raise SuiteError(f"{path}: can't be read: {error.strerror or error}") from error
    except DocumentError as error:
        raise SuiteError(f"{error}; what can be imported is text: CSV, TSV, JSON or JSON lines") from error


def gather(path: Path, records: Iterable[tuple[str, T]], make: Callable[[T], Case | None]) -> tuple[Case, ...]:
    """Make a case of each record.

    Args:
        path: The file that they stand in.
        records: Each with the place where it stands, such as ``line 12``.
        make: Makes a case, or None where the record is none; raises ``Wrong``.

    Raises:
        SuiteError: Some are wrong, and all of these are listed; or there are no cases.
    """
    cases: dict[str, Case] = {}
    places: dict[str, str] = {}
    faults: list[str] = []
    for place, record in records:
        try:
            case = make(record)
        except ValidationError as error:
            faults.append(f"{place}: {wrongs(error)}")
            continue
        except Wrong as error:
            faults.append(f"{place}: {error}")
            continue
        if case is None:
            continue
        if case.id in cases:
            faults.append(f"{place}: the id {case.id!r} stands at {places[case.id]} already; give it another")
        cases[case.id], places[case.id] = case, place
    if faults:
        raise SuiteError(f"{told(path, faults, most=None)}\nnothing was written; mend these and import it again")
    if not cases:
        raise SuiteError(f"{path}: holds no cases")
    return tuple(cases.values())


def write(made: Made, folder: Path, name: str, source: str, *, replace: bool = False) -> Suite:
    """Write a suite and read it back.

    Until all of it is written and found right, nothing at ``folder`` changes.

    Args:
        made: What is written.
        folder: Where; it need not exist.
        name: The suite's name.
        source: Where it comes from, in words.
        replace: Whether a suite that is there already is replaced.

    Raises:
        SuiteError: Something else is there, or it can't be written.
    """
    folder = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100 - a link is replaced, not what it points to
    _refuse_to_spoil(folder, replace=replace)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        draft.mkdir(parents=True)
        _fill(draft, made, describe(folder, name, source, made.mode, made.corpus))
        suite = read(draft)
        _put(draft, folder)
    except SuiteError as error:
        # The draft is gone when this is read.
        raise SuiteError(str(error).replace(str(draft), str(folder))) from error
    except OSError as error:
        raise SuiteError(f"{folder}: can't be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return suite.model_copy(update={"folder": folder})


def describe(folder: Path, name: str, source: str, mode: Mode, documents: Path | None = None) -> About:
    """What the ``suite.json`` of a folder is to say.

    Args:
        folder: Where it will stand.
        name: The suite's name.
        source: Where it comes from, in words.
        mode: Its mode.
        documents: The folder of its documents, where they are not in the suite's.

    Raises:
        SuiteError: A suite can't have that name.
    """
    corpus = None if documents is None else _reference(documents, folder)
    try:
        return About(name=name, source=source, mode=mode, corpus=corpus)
    except ValidationError as error:
        if error.errors()[0]["loc"] != ("name",):
            raise SuiteError(f"suite.json can't name {corpus!r}: {wrongs(error)}") from error
        raise SuiteError(
            f"a suite can't be called {name!r}; name it, or its folder, with letters, digits and '-', '_', '.' or '+'"
        ) from error


def _reference(documents: Path, folder: Path) -> str:
    """How the ``suite.json`` in a folder names a folder of documents: from there, where one path leads to both."""
    try:
        return Path(os.path.relpath(documents, folder)).as_posix()
    except ValueError:  # two drives of Windows
        return str(documents.absolute())


def _fill(folder: Path, made: Made, about: About) -> None:
    write_about(folder, about)
    if made.corpus is None:
        write_rows(folder / TEXTS, (text.model_dump() for text in made.texts))
    write_rows(folder / "cases.jsonl", (_row(case, live=made.corpus is not None) for case in made.cases))


def _row(case: Case, *, live: bool) -> dict[str, Any]:
    row = case.model_dump(mode="json", exclude_defaults=True)
    # Files that are edited move their words; a quote that stands once is found again without its place.
    if live and "evidence" in row:
        row["evidence"] = [{"source": gold["source"], "quote": gold["quote"]} for gold in row["evidence"]]
    return row


def _refuse_to_spoil(folder: Path, *, replace: bool) -> None:
    if folder == Path.cwd() or folder in Path.cwd().parents:
        raise SuiteError(f"{folder} is where you are; name a folder for the suite alone")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SuiteError(f"{folder} is a file; name a folder for the suite")
    held = sorted(path.name for path in folder.iterdir())
    if others := [name for name in held if name not in _OURS]:
        some = f"{', '.join(others[:_SOME])}{', …' if len(others) > _SOME else ''}"
        raise SuiteError(f"{folder} holds something else ({some}); name a folder for the suite alone")
    if held and not replace:
        raise SuiteError(f"{folder} holds a suite already; replace it with --replace, or name another folder")


def _put(draft: Path, folder: Path) -> None:
    """Move a folder to its place; what was there is removed last."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
