"""The tree of a web page into blocks: what a browser would show, without navigation. Knows no parser."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from index.formats.content import Block

Element: TypeAlias = Any
"""A node of lxml's, which says nothing of its types."""

_DROPPED = frozenset(
    "annotation annotation-xml applet audio button canvas datalist del embed head iframe input map meter nav "
    "noscript object progress rp rt script select style svg template textarea video".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr legend li main ol p pre section summary table tbody td tfoot th thead "
    "tr ul".split()
)
_HIDDEN = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_SPACES = re.compile(" {2,}")
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_AROUND_BREAK = re.compile(r" *\n *")
_SUPERSCRIPT = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
# Longer ones are no exponents, and would be looked at again by each that they stand in.
_MOST_RAISED = 40
_RAISED = re.compile(r"[+\-−(]*(?:\d+|n)[)]*")


def blocks(root: Element, walk: Iterable[tuple[str, Element]]) -> Iterator[Block]:
    """What a page shows, in its order.

    Args:
        root: Its root.
        walk: ``start`` and ``end`` of every element from the root on.
    """
    page = _Page()
    within_dropped: Element | None = None
    for event, element in walk:
        if within_dropped is None and event == "start":
            if _is_dropped(element):
                within_dropped = element
            else:
                page.start(element)
        elif within_dropped is None:
            page.end(element)
        elif event == "end" and element is within_dropped:
            within_dropped = None
        if event == "end" and within_dropped is None and element is not root:
            page.words(element.tail)
    page.flush()
    yield from page.blocks


class _Page:
    """What has been read of a page so far."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._line: list[str] = []
        self._raised: list[int] = []
        self._level = 0
        self._verbatim = 0
        self._lists: list[int | None] = []  # the next number of each list that has numbers
        self._mark = ""
        self._after_item = False
        self._layout: list[bool] = []
        self._row: list[list[str]] | None = None

    def start(self, element: Element) -> None:
        name = tag(element)
        if name in _BLOCKS:
            self.flush()
        if name in _STARTS:
            _STARTS[name](self, element)
        if (part := _math_part(element)) is not None:
            _MATH_STARTS[part](self, element)
        self.words(element.text)

    def end(self, element: Element) -> None:
        name = tag(element)
        if name in _BLOCKS:
            self.flush()
        if name in _ENDS:
            _ENDS[name](self)
        if (part := _math_part(element)) is not None:
            _MATH_ENDS[part](self, element)

    def words(self, text: str | None) -> None:
        if text:
            self._line.append(text if self._verbatim else _SPACE.sub(" ", text))

    def flush(self) -> None:
        """End the block that is being read, if it has words."""
        text = "".join(self._line)
        text = text.strip("\n") if self._verbatim else _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text)).strip()
        self._line.clear()
        if not text.strip():
            return
        if self._row is not None:
            if not self._row:
                self._row.append([])
            self._row[-1].append(" ".join(text.split()))
            return
        level = 0 if self._mark else self._level
        self.blocks.append(Block(self._mark + text, level, tight=bool(self._mark) and self._after_item))
        self._after_item = bool(self._mark)
        self._mark = ""

    def open_list(self, element: Element) -> None:
        self._lists.append(_first_number(element) if tag(element) == "ol" else None)

    def close_list(self) -> None:
        self._lists.pop()
        self._after_item = self._after_item and bool(self._lists)

    def open_item(self, _: Element) -> None:
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        self._mark = "  " * (len(self._lists) - 1) + ("- " if number is None else f"{number}. ")

    def close_item(self) -> None:
        self._mark = ""

    def open_heading(self, element: Element) -> None:
        self._level = int(tag(element)[1])

    def close_heading(self) -> None:
        self._level = 0

    def open_verbatim(self, _: Element) -> None:
        self._verbatim += 1

    def close_verbatim(self) -> None:
        self._verbatim -= 1

    def open_table(self, element: Element) -> None:
        self._layout.append(_is_layout(element))

    def close_table(self) -> None:
        self._layout.pop()

    def open_row(self, _: Element) -> None:
        if self._layout and not self._layout[-1]:
            self._row = []

    def open_cell(self, _: Element) -> None:
        if self._row is not None:
            self._row.append([])

    def close_row(self) -> None:
        cells = [" ".join(cell) for cell in self._row or ()]
        self._row = None
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            self.blocks.append(Block(" | ".join(cells)))
            self._after_item = False

    def break_line(self, _: Element) -> None:
        self._line.append("\n")

    def open_raised(self, _: Element) -> None:
        self._raised.append(len(self._line))

    def close_raised(self) -> bool:
        """Show ten to the sixth as 10⁶, since 106 would be another number; say whether it could be shown so."""
        since = self._raised.pop()
        pieces = self._line[since:] if len(self._line) - since < _MOST_RAISED else []
        words = "".join(pieces).strip() if sum(map(len, pieces)) < _MOST_RAISED else ""
        if _RAISED.fullmatch(words):
            self._line[since:] = [words.translate(_SUPERSCRIPT)]
            return True
        return False

    def close_power(self, element: Element) -> None:
        since = self._raised[-1]
        if not self.close_raised() and len(self._line) > since:
            self._line[since] = ("^(" if len(element) > 1 else "^") + self._line[since]
            self._line.append(")" if len(element) > 1 else "")

    def open_numerator(self, element: Element) -> None:
        """Show a half as 1/2, since 12 would be another number; one and a half as 1 1/2."""
        self._line.append(" (" if len(element) > 1 else " ")

    def close_numerator(self, element: Element) -> None:
        self._line.append(")/" if len(element) > 1 else "/")

    def open_denominator(self, element: Element) -> None:
        self._line.append("(" if len(element) > 1 else "")

    def close_denominator(self, element: Element) -> None:
        self._line.append(")" if len(element) > 1 else "")
        if element.getparent().getnext() is not None:
            self._line.append(" ")


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_STARTS: dict[str, Callable[[_Page, Element], None]] = {
    "br": _Page.break_line,
    "li": _Page.open_item,
    "ol": _Page.open_list,
    "pre": _Page.open_verbatim,
    "sup": _Page.open_raised,
    "table": _Page.open_table,
    "td": _Page.open_cell,
    "th": _Page.open_cell,
    "tr": _Page.open_row,
    "ul": _Page.open_list,
    **dict.fromkeys(_HEADINGS, _Page.open_heading),
}
_ENDS: dict[str, Callable[[_Page], object]] = {
    "li": _Page.close_item,
    "ol": _Page.close_list,
    "pre": _Page.close_verbatim,
    "sup": _Page.close_raised,
    "table": _Page.close_table,
    "tr": _Page.close_row,
    "ul": _Page.close_list,
    **dict.fromkeys(_HEADINGS, _Page.close_heading),
}
# By what an element stands for in the one around it, and whether it comes first there.
_MATH_PARTS = {("mfrac", True): "numerator", ("mfrac", False): "denominator", ("msup", False): "power"}
_MATH_STARTS: dict[str, Callable[[_Page, Element], None]] = {
    "denominator": _Page.open_denominator,
    "numerator": _Page.open_numerator,
    "power": _Page.open_raised,
}
_MATH_ENDS: dict[str, Callable[[_Page, Element], None]] = {
    "denominator": _Page.close_denominator,
    "numerator": _Page.close_numerator,
    "power": _Page.close_power,
}


def tag(element: Element) -> str:
    """An element's name in lower case, without its namespace."""
    name: Any = element.tag
    return name.rpartition("}")[2].lower() if isinstance(name, str) else ""


def _is_dropped(element: Element) -> bool:
    name = tag(element)
    hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style", ""))
    return name in _DROPPED or bool(hidden) or (name == "dialog" and element.get("open") is None)


def _math_part(element: Element) -> str | None:
    around = element.getparent()
    return None if around is None else _MATH_PARTS.get((tag(around), element.getprevious() is None))


def _is_layout(table: Element) -> bool:
    """Whether a table only places things on the page, as those of newsletters do, so that its cells are blocks.

    So does one with a table or a heading in a cell, one of a single column, and one without names of columns in which
    most rows have several blocks in a cell.
    """
    if table.get("role") == "presentation":
        return True
    cell = ""
    is_wide = has_names = False
    rows: list[bool] = []
    for element in table.iterdescendants():
        name = tag(element)
        if name == "table" or (name in _HEADINGS and cell == "td"):
            return True
        if name == "tr":
            is_wide = is_wide or len(element) > 1
            rows.append(False)
        elif name in ("td", "th"):
            cell = name
            has_names = has_names or name == "th"
            rows[-1:] = [bool(rows and rows[-1]) or _has_several_blocks(element)]
    return not is_wide or (not has_names and 2 * sum(rows) > len(rows))


def _has_several_blocks(cell: Element) -> bool:
    return sum(tag(child) in _BLOCKS for child in cell) > 1


def _first_number(element: Element) -> int:
    start = element.get("start", "1")
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1
