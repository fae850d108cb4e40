"""Rows of cells into lines that can be understood alone. Pure.

A row is a paragraph: what stands on the next line would be taken for its continuation where it begins in lower case.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

from index.formats.content import Block, Content, Unreadable, compose
from index.formats.plain import canonical

MAX_CELLS = 2_000_000
"""In one file; rows of it are some 40 MB of text, which take hours to embed."""

MAX_CHARS = 50_000_000
"""Of the text that rows become, each with the names of its columns."""

_CELL_CHARS = 50_000_000
_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024
_LOOKED_AT = 20
_NAME_CHARS = 100
_NUMBER = re.compile(r"[-+(]?[$€£¥]?\s?[\d.,'\s]*\d\s?[%€)]?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*")
_YEAR = re.compile(r"(19|20)\d\d")


def read_csv(data: bytes) -> Content:
    """Read a .csv file, whatever its delimiter is."""
    text = canonical(data)
    return compose(rows(_cells(text, _delimiter(text))))


def read_tsv(data: bytes) -> Content:
    """Read a .tsv file."""
    return compose(rows(_cells(canonical(data), "\t")))


def rows(cells: Iterable[Sequence[str]]) -> Iterator[Block]:
    """Write each row as ``Header: value; Header: value``, or as its values where no header can be told.

    Args:
        cells: The rows, with an empty string for each empty cell.

    Raises:
        Unreadable: There are more than ``MAX_CELLS``, or they become more than ``MAX_CHARS``.
    """
    written = 0
    for line in _lines(cells):
        written += len(line)
        if written > MAX_CHARS:
            raise Unreadable(
                f"has more than {MAX_CHARS:,} characters where each row names its columns; "
                "split it, shorten the names of its columns, or keep the columns that matter"
            )
        yield Block(line)


def _lines(cells: Iterable[Sequence[str]]) -> Iterator[str]:
    counted = _counted([" ".join(cell.split()) for cell in row] for row in cells)
    filled = (row for row in counted if any(row))
    first = list(islice(filled, _LOOKED_AT))
    at = _header(first)
    names = [] if at is None else first[at]
    for row in first[: at or 0]:
        yield _line((), row)
    for row in first[0 if at is None else at + 1 :]:
        yield _line(names, row)
    for row in filled:
        yield _line(names, row)


def _line(names: Sequence[str], row: Sequence[str]) -> str:
    named = [*names, *([""] * (len(row) - len(names)))]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(named, row, strict=False) if cell)


def _header(first: Sequence[Sequence[str]]) -> int | None:
    """Which row names the columns: the first one at least half as wide as any, if its cells are names."""
    widest = max((sum(map(bool, row)) for row in first), default=0)
    for number, row in enumerate(first[:-1]):
        names = [cell for cell in row if cell]
        if len(names) >= max(2, widest / 2):
            return number if _are_names(names) else None
    return None


def _are_names(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell)]
    years = [int(cell) for cell in numbers if _YEAR.fullmatch(cell)]
    steps = {after - before for before, after in pairwise(years)}
    a_run_of_years = len(years) == len(numbers) < len(cells) and steps in ({1}, {-1})
    distinct = len(set(cells)) == len(cells) and all(len(cell) <= _NAME_CHARS for cell in cells)
    return distinct and (not numbers or a_run_of_years)


def _counted(cells: Iterable[list[str]]) -> Iterator[list[str]]:
    seen = 0
    for row in cells:
        seen += len(row)
        if seen > MAX_CELLS:
            raise Unreadable(f"has more than {MAX_CELLS:,} cells; split it, or keep the columns that matter")
        yield row


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    # Some people keep whole documents in a cell, of which Python reads 131,072 characters by default.
    csv.field_size_limit(_CELL_CHARS)
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The one that parts the first rows into the most cells, equally many in each."""
    sample = text[:_SAMPLE]

    def parted(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in islice(_cells(sample, delimiter), _LOOKED_AT) if row]
        except csv.Error:
            return (0, 0)
        common = max(set(widths), key=widths.count, default=0)
        return (widths.count(common) if common > 1 else 0, common)

    return max(_DELIMITERS, key=parted)
