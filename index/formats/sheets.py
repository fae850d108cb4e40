"""Excel workbooks: a heading a sheet, a line a row. The only importer of openpyxl."""

import datetime
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.formats import archive
from index.formats.content import Block, Content, Unreadable, compose
from index.formats.table import MAX_CELLS, rows

if TYPE_CHECKING:
    from zipfile import ZipFile

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_MARKUP = 32 * 2**20
"""Of all members but the sheets, such as the styles, which become trees."""

MAX_SHEET = 200 * 2**20
"""Of one sheet, or of the texts that sheets share: these are read row by row."""

_READ_BY_ROWS = ("xl/worksheets/", "xl/sharedStrings")

_PERCENT = re.compile(r"0(?:\.(0+))?%")


def read(data: bytes) -> Content:
    """Read an .xlsx file: what its visible sheets show, formulas as the values that were last computed."""
    from openpyxl import load_workbook  # noqa: PLC0415 - only workbooks should pay

    with archive.opened(data, "xl/workbook.xml", archive.MAX_BYTES) as package:
        _check_sizes(package)
        title = archive.core_title(package)
    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        shown = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        hidden = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"]
        blocks = (block for sheet in shown for block in _sheet(sheet))
        content = compose(blocks, title, {"hidden sheets": ", ".join(hidden)} if hidden else None)
    finally:
        workbook.close()
    # The name of its first sheet is no title of a workbook.
    return Content(content.text, content.headings, (), content.title if title else None, content.metadata)


def _check_sizes(package: "ZipFile") -> None:
    markup = [member for member in package.infolist() if archive.is_markup(package, member)]
    by_rows = [member.file_size for member in markup if member.filename.startswith(_READ_BY_ROWS)]
    if max(by_rows, default=0) > MAX_SHEET:
        raise Unreadable(f"has more than {MAX_SHEET // 2**20} MB in a sheet: split it")
    if sum(member.file_size for member in markup) - sum(by_rows) > MAX_MARKUP:
        raise Unreadable(f"has more than {MAX_MARKUP // 2**20} MB beside its sheets: save these as .csv")


def _sheet(sheet: "ReadOnlyWorksheet") -> Iterator[Block]:
    # A sheet may claim to have a million rows; what is there counts.
    sheet.reset_dimensions()
    written = rows(_values(sheet))
    first = next(written, None)
    if first is not None:
        yield Block(sheet.title, level=1)
        yield first
        yield from written


def _values(sheet: "ReadOnlyWorksheet") -> Iterator[list[str]]:
    seen = 0
    for row in sheet.iter_rows():
        seen += len(row)
        if seen > MAX_CELLS:
            raise Unreadable(f"has more than {MAX_CELLS:,} cells in a sheet; split it, or keep the columns that matter")
        yield [_shown(cell.value, getattr(cell, "number_format", None) or "") for cell in row]


def _shown(value: Any, number_format: str) -> str:
    """A cell's value in the words that a reader would use, dates in ISO's order."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int | float):
        percent = _PERCENT.search(number_format)
        return (
            f"{value:.{len(percent[1] or '')}%}"
            if percent
            else f"{value:.15g}"
            if isinstance(value, float)
            else str(value)
        )
    return str(value)
