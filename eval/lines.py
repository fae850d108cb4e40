"""Files of JSON lines: rows with the number of their line, and what is wrong with them said by line.

Knows nothing of what the rows mean.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from eval.errors import EvalError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Enough to see what kind of mistake it is; a file of another format would fail on every line.
MOST_FAULTS = 20
_MOST_WRONGS = 3
# Where the library speaks of our classes, or of what only programmers know.
_OUR_WORDS = {
    "extra_forbidden": "there is no such key here; take it out",
    "model_type": "should be an object, in braces",
}

Row = TypeVar("Row", bound=BaseModel)


class SuiteError(EvalError):
    """A suite can't be used; the text names each line that is wrong."""


class Fault(NamedTuple):
    """What is wrong with a line.

    Attributes:
        line: Its number, from 1.
        text: What is wrong, and what to do about it.
        name: The id that stands in it, where one does.
    """

    line: int
    text: str
    name: str = ""

    def __str__(self) -> str:
        return f"line {self.line}{f' ({self.name})' if self.name else ''}: {self.text}"


class Rows(NamedTuple, Generic[Row]):
    """What a file holds.

    Attributes:
        good: The rows that are right, each with the number of its line.
        faults: What is wrong with the others.
    """

    good: list[tuple[int, Row]]
    faults: list[Fault]


def read_rows(path: Path, kind: type[Row]) -> Rows[Row]:
    """Read a file of JSON lines; blank ones are passed over.

    Args:
        path: The file, in UTF-8.
        kind: What each line should be; one that has an ``id`` or a ``source`` is named by it in faults.

    Raises:
        SuiteError: The file can't be read.
    """
    found: Rows[Row] = Rows([], [])
    # Not splitlines(): a string in JSON may hold characters that end lines elsewhere.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = parsed(line)
        except ValueError as error:
            found.faults.append(Fault(number, str(error)))
            continue
        try:
            found.good.append((number, kind.model_validate(row)))
        except ValidationError as error:
            found.faults.append(Fault(number, wrongs(error), _name(row)))
    return found


def parsed(text: str) -> Any:
    """What JSON says.

    Raises:
        ValueError: It is none, or none that can be used; the text says why.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise ValueError(f"not JSON: {error.msg} at {where}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON that can be read: {error}") from error
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            "holds half a character (a surrogate without the other one), which no file of text can; take it out"
        ) from error
    return value


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of JSON lines."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")


def append_row(path: Path, row: BaseModel) -> None:
    """Add a line to a log.

    Raises:
        EvalError: It can't be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            # On a line of its own, even where a kill left half a line before it.
            file.write(f"\n{row.model_dump_json(exclude_defaults=True)}\n")
    except OSError as error:
        raise EvalError(f"{path} can't be written: {error.strerror or error}") from error


def read_log(path: Path, kind: type[Row]) -> list[Row]:
    """The rows that were appended to a log; none where there is no file. Half a line, as a kill leaves, doesn't count.

    Raises:
        SuiteError: It can't be read.
    """
    found: list[Row] = []
    # A kill can leave half a character too.
    for line in _bytes(path).decode("utf-8", "replace").split("\n") if path.exists() else []:
        with contextlib.suppress(ValidationError):
            found.append(kind.model_validate_json(line))
    return found


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        SuiteError: It can't be read or is not UTF-8.
    """
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path}: is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error


def twice(names: Iterable[tuple[int, str]], what: str) -> list[Fault]:
    """A fault for each line whose name an earlier line has.

    Args:
        names: The lines and their names.
        what: What the name is, such as ``id``.
    """
    lines: dict[str, int] = {}
    return [
        Fault(line, f"this {what} stands on line {lines[name]} already; give it another", name)
        for line, name in names
        if lines.setdefault(name, line) != line
    ]


def wrongs(error: ValidationError) -> str:
    """What is wrong with a value, on one line; of many things the first."""
    found = error.errors(include_url=False)
    more = f"; and {len(found) - _MOST_WRONGS} more" if len(found) > _MOST_WRONGS else ""
    return "; ".join(map(_wrong, found[:_MOST_WRONGS])) + more


def _wrong(one: "ErrorDetails") -> str:
    where = ".".join(map(str, one["loc"]))
    said = _OUR_WORDS.get(one["type"], one["msg"].removeprefix("Value error, "))
    return f"{where}: {said}" if where else said


def told(path: Path, faults: Sequence[Fault | str], most: int | None = MOST_FAULTS) -> str:
    """The faults of a file, a line each, as an error's text.

    Args:
        path: The file.
        faults: At least one.
        most: How many are listed; all where it is None.
    """
    shown = faults[:most]
    more = f"\n… and {len(faults) - len(shown)} more" if len(faults) > len(shown) else ""
    return f"{path}:\n" + "\n".join(map(str, shown)) + more


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SuiteError(f"{path}: can't be read: {error.strerror or error}") from error


def _name(row: object) -> str:
    named = (row.get("id") or row.get("source")) if isinstance(row, dict) else None
    return named if isinstance(named, str) else ""
