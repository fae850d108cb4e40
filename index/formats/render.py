"""The tree of a web page into blocks: what a browser would show, without navigation. Knows no parser."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from index.formats.content import Block

Element: TypeAlias = Any
"""A node of lxml's, which says nothing of its types."""

_DROPPED = frozenset(
    "annotation annotation-xml applet audio button canvas datalist embed head iframe input map meter nav "
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
        self.words(element.text)

    def end(self, element: Element) -> None:
        name = tag(element)
        if name in _BLOCKS:
            self.flush()
        if name in _ENDS:
            _ENDS[name](self)

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
            self._row[-1:] = [[*(self._row[-1] if self._row else ()), " ".join(text.split())]]
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

    def close_raised(self) -> None:
        """Show ten to the sixth as 10⁶, since 106 would be another number."""
        since = self._raised.pop()
        words = "".join(self._line[since:]).strip()
        if _RAISED.fullmatch(words):
            self._line[since:] = [words.translate(_SUPERSCRIPT)]


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
_ENDS: dict[str, Callable[[_Page], None]] = {
    "li": _Page.close_item,
    "ol": _Page.close_list,
    "pre": _Page.close_verbatim,
    "sup": _Page.close_raised,
    "table": _Page.close_table,
    "tr": _Page.close_row,
    "ul": _Page.close_list,
    **dict.fromkeys(_HEADINGS, _Page.close_heading),
}


def tag(element: Element) -> str:
    """An element's name in lower case, without its namespace."""
    name: Any = element.tag
    return name.rpartition("}")[2].lower() if isinstance(name, str) else ""


def _is_dropped(element: Element) -> bool:
    name = tag(element)
    hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style", ""))
    return name in _DROPPED or bool(hidden) or (name == "dialog" and element.get("open") is None)


def _is_layout(table: Element) -> bool:
    """Whether a table only places things on the page, as those of newsletters do, so that its cells are blocks."""
    if table.get("role") == "presentation":
        return True
    if any(tag(element) == "table" for element in table.iterdescendants()):
        return True
    return all(len(row) <= 1 for row in table.iter("{*}tr"))


def _first_number(element: Element) -> int:
    start = element.get("start", "1")
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1
