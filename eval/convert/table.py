"""Tables of questions: CSV, TSV, JSON lines or a JSON list in, records by field out.

Knows nothing of documents or suites.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eval.lines import SuiteError, parsed

COLUMNS = {
    "id": "id _id qid question_id",
    "question": "question q query user_input",
    "answers": "answers answer a reference references reference_answer expected expected_answer ground_truth "
    "ground_truths gold gold_answer",
    "evidence": "evidence quote quotes context contexts reference_contexts",
    "source": "source sources file filename file_name document documents doc",
    "kind": "kind type category",
    "answerable": "answerable is_answerable",
    "history": "history",
}
"""The names that a column may have, by field; case, spaces and hyphens don't count."""

_FIELDS = {name: field for field, names in COLUMNS.items() for name in names.split()}
# In order of how common they are, which decides between them where a header has one column alone.
_DELIMITERS = ",;\t"
# Of a cell: some people keep whole contexts in them, of which Python reads 131,072 characters by default.
_MOST_CHARACTERS = 50_000_000


class Record(NamedTuple):
    """One row.

    Attributes:
        place: Where it stands, such as ``line 12``.
        values: What it says, by field.
        surplus: How many cells it has more than the header.
    """

    place: str
    values: Mapping[str, Any]
    surplus: int = 0


class Table(NamedTuple):
    """A file's rows.

    Attributes:
        records: In their order, without blank ones.
        fields: What its columns are.
        unused: Columns that are none of the fields.
    """

    records: list[Record]
    fields: frozenset[str]
    unused: list[str]


def field(name: str) -> str | None:
    """The field that a column is by its name, None where it is none."""
    return _FIELDS.get(name.strip().casefold().replace(" ", "_").replace("-", "_"))


def read_table(path: Path, text: str) -> Table:
    """Read the rows of a table.

    Args:
        path: What errors call it.
        text: What it says.

    Raises:
        SuiteError: It is no table, or its columns don't tell where the question stands.
    """
    if not text.lstrip().startswith(("{", "[")):
        return _delimited(path, text)
    rows = list(_objects(path, text))
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    _check(path, names)
    records = [Record(place, {f: row[name] for name in row if (f := field(name))}) for place, row in rows]
    return _table(records, names)


def _delimited(path: Path, text: str) -> Table:
    csv.field_size_limit(_MOST_CHARACTERS)
    delimiter = max(_DELIMITERS, key=lambda one: sum(field(name) is not None for name in _header(text, one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    line = 1
    try:
        names = next((row for row in reader if any(row)), [])
        _check(path, names)
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                values = {f: cell for name, cell in zip(names, row, strict=False) if (f := field(name))}
                surplus = sum(bool(cell.strip()) for cell in row[len(names) :])
                records.append(Record(f"line {line}", values, surplus))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SuiteError(
            f"{path}: line {line}: can't be read as CSV: {error}; a cell that holds quotes stands in quotes, with each "
            "of them doubled"
        ) from error
    return _table(records, names)


def _header(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return next((row for row in rows if any(row)), [])
    except csv.Error:
        return []


def _objects(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON list, or of JSON lines, with their places."""
    listed = text.lstrip().startswith("[")
    pieces = [("", text)] if listed else [(f"line {n}", line) for n, line in enumerate(text.split("\n"), start=1)]
    for place, piece in pieces:
        if not piece.strip():
            continue
        try:
            value = parsed(piece)
        except ValueError as error:
            raise SuiteError(f"{path}: {place}{': ' if place else ''}{error}") from error
        for number, one in enumerate(value if listed else [value], start=1):
            if not isinstance(one, dict):
                raise SuiteError(f"{path}: {place or f'item {number}'} is no object with the key 'question'")
            yield place or f"item {number}", one


def _check(path: Path, names: list[str]) -> None:
    counts = Counter(f for name in names if (f := field(name)))
    if not counts["question"]:
        shown = ", ".join(map(repr, names))
        raise SuiteError(f"{path}: no column holds the questions; call one 'question'. There are: {shown}")
    for name, count in counts.items():
        if count > 1:
            alike = " and ".join(repr(one) for one in names if field(one) == name)
            raise SuiteError(f"{path}: {alike} both hold the {name}; rename all but one")


def _table(records: list[Record], names: list[str]) -> Table:
    fields = frozenset(f for name in names if (f := field(name)))
    return Table(records, fields, [name for name in names if field(name) is None and name.strip()])
