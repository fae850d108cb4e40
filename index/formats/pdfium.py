"""Take the text out of one PDF with PDFium. A script: ``pdf`` starts it as a process of its own, nothing imports it.

A process, because PDFium can't be held to a measure: 900 KB of packed drawing instructions became 6.4 GB, and what is
damaged in a new way may crash it. This way the system ends it at its limits, and what it did goes with it.

    python pdfium.py BYTES MEGABYTES SECONDS <PDF

stdin: so many bytes of a PDF, then nothing for as long as somebody waits for the reply; at its end so does this.
stdout: JSON, either ``texts`` (of each page), ``outline`` (pages from 0, words, levels from 1) and ``title``, or
``error``: PDFium's code, or "long" for more than ``MAX_CHARS``. Anything else is a failure, whatever the exit status.

Linux keeps to both limits, macOS to that of time. Windows knows neither; there the other process, which ends this one
after so many seconds on every system, is all the guard there is, and a bomb may fill the memory until then.
"""

import json
import os
import sys
import threading
from typing import Any

from pypdfium2 import PdfDocument, PdfiumError

MAX_CHARS = 50_000_000
"""Of text on all pages."""


class _Long(Exception):
    """There is more of it."""


def main(size: int, megabytes: int, seconds: int) -> None:
    """Answer once."""
    _limit(megabytes * 2**20, seconds)
    data = sys.stdin.buffer.read(size)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    if len(data) == size:
        # PDFium may give half a character of two.
        sys.stdout.buffer.write(json.dumps(_reply(data), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _limit(size: int, seconds: int) -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    for limit, most in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(limit, (most, most))
        except (OSError, ValueError):  # a stricter limit is set already, or none can be
            continue


def _end_with_stdin() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _reply(data: bytes) -> dict[str, Any]:
    try:
        document = PdfDocument(data)
        return {
            "texts": _texts(document),
            "outline": _outline(document),
            "title": document.get_metadata_value("Title"),
        }
    except PdfiumError as error:
        return {"error": error.err_code}
    except _Long:
        return {"error": "long"}


def _texts(document: PdfDocument) -> list[str]:
    texts = []
    left = MAX_CHARS
    for number in range(len(document)):
        texts.append(_page(document, number))
        left -= len(texts[-1])
        if left < 0:
            raise _Long
    return texts


def _page(document: PdfDocument, number: int) -> str:
    page = document[number]
    try:
        textpage = page.get_textpage()
        try:
            return str(textpage.get_text_bounded())
        finally:
            textpage.close()
    finally:
        page.close()


def _outline(document: PdfDocument) -> list[tuple[int, str, int]]:
    entries = []
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None:
            entries.append((page, bookmark.get_title(), bookmark.level + 1))
    return entries


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
