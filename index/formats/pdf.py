"""PDFs: the text layer of each page, by PDFium. The only importer of pypdfium2."""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from index.formats import streams
from index.formats.content import Block, Content, Unreadable, clean, paged
from index.formats.kind import PROTECTED, mistaken

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_NEEDS_PASSWORD = 4
_UNKNOWN_PROTECTION = 5
# PDFium isn't safe to use from two threads.
_ONE_AT_A_TIME = threading.Lock()
# PDFium joins a line that ends with a hyphen to the next, and puts this in place of the hyphen and the line end.
_HYPHEN = re.compile("(\\w+)[\ufffe\x02](\\w+)")
_WORD = re.compile(r"\w+(?:-\w+)*")


def read(data: bytes) -> Content:
    """Read a .pdf file: what its pages say, a line a line, with the headings of its outline that stand on a line.

    Raises:
        Unreadable: It is no PDF, damaged, protected, made to fill the memory, or has pictures of text alone.
    """
    from pypdfium2 import PdfDocument, PdfiumError  # noqa: PLC0415 - only PDFs should pay for it

    streams.check(data)
    with _ONE_AT_A_TIME:
        try:
            document = PdfDocument(data)
        except PdfiumError as error:
            raise Unreadable(_why(data, error.err_code)) from error
        try:
            texts = [_page(document, number) for number in range(len(document))]
            outline = _outline(document)
            title = document.get_metadata_value("Title")
        finally:
            document.close()
    return _content(texts, outline, title)


def _content(texts: Sequence[str], outline: set[tuple[int, str, int]], title: str) -> Content:
    without = [str(number) for number, text in enumerate(texts, start=1) if not text.strip()]
    if len(without) == len(texts):
        raise Unreadable("has no text layer: its pages are pictures; run it through OCR first, such as ocrmypdf")
    words = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    pages = [list(_blocks(_unhyphenated(text, words), number, outline)) for number, text in enumerate(texts)]
    content = paged(pages, title, {"pages without text": ", ".join(without)} if without else None)
    # A heading of a PDF is a chapter's; what it calls itself is in its properties or nowhere.
    return Content(content.text, content.headings, content.pages, content.title if title else None, content.metadata)


def _page(document: "PdfDocument", number: int) -> str:
    page = document[number]
    try:
        textpage = page.get_textpage()
        try:
            return str(textpage.get_text_bounded())
        finally:
            textpage.close()
    finally:
        page.close()


def _outline(document: "PdfDocument") -> set[tuple[int, str, int]]:
    """The page from 0, the words and the level from 1 of each entry of the outline."""
    entries = set()
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None:
            entries.add((page, _plain(bookmark.get_title()), bookmark.level + 1))
    return entries


def _blocks(text: str, page: int, outline: set[tuple[int, str, int]]) -> Iterator[Block]:
    """A page's lines, those together that no heading parts."""
    levels = {words: level for number, words, level in outline if number == page and words}
    lines: list[str] = []
    for line in clean(text).split("\n"):
        level = levels.pop(_plain(line), 0)
        if level:
            yield Block("\n".join(lines))
            yield Block(line, level)
            lines = []
        else:
            lines.append(line.rstrip())
    yield Block("\n".join(lines))


def _unhyphenated(text: str, words: Counter[str]) -> str:
    """Join a word that was broken where the document has it whole elsewhere; else leave it as it is printed."""

    def whole(found: re.Match[str]) -> str:
        joined, parted = found[1] + found[2], f"{found[1]}-{found[2]}"
        if words[joined.lower()] > words[parted.lower()]:
            return joined
        return parted if words[parted.lower()] else f"{found[1]}-\n{found[2]}"

    return re.sub("[\ufffe\x02]", "-", _HYPHEN.sub(whole, text))


def _plain(line: str) -> str:
    return " ".join(clean(line).split()).casefold()


def _why(data: bytes, code: int | None) -> str:
    if code in (_NEEDS_PASSWORD, _UNKNOWN_PROTECTION):
        return PROTECTED
    other = None if b"%PDF-" in data[:1024] else mistaken(data)
    return other or "is damaged, cut short or not a PDF: get a whole copy of it"
