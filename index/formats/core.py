"""The formats by suffix, and the guard around their parsers: whatever these raise becomes a reason in words."""

import mimetypes
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.formats import book, mail, markup, pdf, plain, readers, sheets, slides, table, word
from index.formats.content import Content, Unreadable
from index.formats.plain import EMPTY

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader

MAX_BYTES = 50 * 2**20
"""The largest file of text that is read. A book is 1 MB; what is larger than this is a dump or a log."""

MAX_MARKDOWN_BYTES = 16 * 2**20
"""The largest file of Markdown: finding its headings takes up to eighty times its size in memory."""

MAX_PICTURED_BYTES = 200 * 2**20
"""The largest file of a format that holds pictures beside its text."""


class Format(NamedTuple):
    """A kind of file: its media type, what people call it, what reads it, and how large it may be."""

    media_type: str
    name: str
    read: Callable[[bytes], Content]
    max_bytes: int = MAX_BYTES


_OFFICE = "application/vnd.openxmlformats-officedocument"
_TEXT = Format("text/plain", "text", plain.read_text)
_MARKDOWN = Format("text/markdown", "Markdown", plain.read_markdown, MAX_MARKDOWN_BYTES)
_HTML = Format("text/html", "a web page", markup.read)
FORMATS = {
    ".txt": _TEXT,
    ".text": _TEXT,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": Format("application/pdf", "a PDF", pdf.read, MAX_PICTURED_BYTES),
    ".docx": Format(f"{_OFFICE}.wordprocessingml.document", "a Word document", word.read, MAX_PICTURED_BYTES),
    ".pptx": Format(f"{_OFFICE}.presentationml.presentation", "a presentation", slides.read, MAX_PICTURED_BYTES),
    ".xlsx": Format(f"{_OFFICE}.spreadsheetml.sheet", "a workbook", sheets.read, MAX_PICTURED_BYTES),
    ".csv": Format("text/csv", "a table", table.read_csv),
    ".tsv": Format("text/tab-separated-values", "a table", table.read_tsv),
    ".epub": Format("application/epub+zip", "a book", book.read, MAX_PICTURED_BYTES),
    ".eml": Format("message/rfc822", "a mail", mail.read, MAX_PICTURED_BYTES),
}

_SAID_CHARS = 300
# Filters of warnings belong to the process: two threads that set and restore them would leave them set.
_QUIET = threading.RLock()


def foreign(path: Path, reader: "BaseReader") -> Format:
    """The format that a LlamaIndex reader makes of a file."""
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    name = f"{path.suffix} by {type(reader).__name__}"
    return Format(media_type, name, lambda _: readers.read(path, reader), MAX_PICTURED_BYTES)


def read(data: bytes, known: Format) -> Content:
    """Let a format's parser at the bytes.

    Raises:
        Unreadable: It can't read them, whatever it raised, or there is nothing to read.
    """
    if not data.strip():
        raise Unreadable(EMPTY)
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = known.read(data)
    except Unreadable:
        raise
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:_SAID_CHARS]
        raise Unreadable(f"can't be read as {known.name} ({said}): open it in its program and save it again") from error
    if not content.text.strip():
        raise Unreadable("has no text that can be read: what it shows may be pictures, or nothing")
    return content
