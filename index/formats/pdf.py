"""PDFs: the text layer of each page, which a process of its own takes out with PDFium (``pdfium.py``)."""

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from index.formats.content import Block, Content, Unreadable, clean, paged
from index.formats.kind import PROTECTED, mistaken

MEGABYTES = 2048
"""Of address space that PDFium may take for one file, Python included; a page of text takes 60."""

SECONDS = 120
"""In which a PDF must be read, and one more for each megabyte; a thousand pages of text take half a second."""

SCRIPT = Path(__file__).with_name("pdfium.py")
"""Takes the text out, in a process of its own."""

_TOO_MUCH = "is made to fill the memory or too complex to be read{}: print it to a new PDF, or split it"
_NEEDS_PASSWORD = 4
_UNKNOWN_PROTECTION = 5
# PDFium joins a line that ends with a hyphen to the next, and puts this in place of the hyphen and the line end. What
# stands before it must begin a word, or a word of a megabyte would be looked through from each of its letters.
_HYPHEN = re.compile("\\b(\\w++)[\ufffe\x02](\\w++)")
_WORD = re.compile(r"\w+(?:-\w+)*")


def read(data: bytes) -> Content:
    """Read a .pdf file: what its pages say, a line a line, with the headings of its outline that stand on a line.

    Raises:
        Unreadable: It is no PDF, damaged, protected, made to fill the memory, or has pictures of text alone.
    """
    said = _said(data)
    if "error" in said:
        raise Unreadable(_why(data, said["error"]))
    outline = {(page, _plain(words), level) for page, words, level in said["outline"]}
    return _content(said["texts"], outline, said["title"])


def _said(data: bytes) -> dict[str, Any]:
    """What PDFium says of a file, as ``pdfium.py`` describes it.

    Raises:
        Unreadable: It crashed, or took more memory or time than it may.
    """
    seconds = SECONDS + len(data) // 2**20
    # -P: never import from the folder in which the user happens to stand, nor from the script's own
    command = [sys.executable, "-P", str(SCRIPT), str(len(data)), str(MEGABYTES), str(seconds + 1)]
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own interpreter and script, no shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        alarm = threading.Timer(seconds, process.kill)
        alarm.start()
        try:
            reply = _asked(process, data)
        finally:
            alarm.cancel()
            process.kill()
    try:
        said: dict[str, Any] = json.loads(reply)
    except ValueError as error:
        late = f" in {seconds} seconds" if time.monotonic() - started >= seconds else ""
        raise Unreadable(_TOO_MUCH.format(late)) from error
    return said


def _asked(process: "subprocess.Popen[bytes]", data: bytes) -> bytes:
    """Give the process the file and wait for its reply, however that ends."""
    assert process.stdin is not None
    assert process.stdout is not None
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[process.stdin.write(rest) :]
    except OSError:  # it has ended
        return b""
    # Its input stays open meanwhile: at the end of that it ends, so that nothing outlives this process.
    return process.stdout.read()


def _content(texts: Sequence[str], outline: set[tuple[int, str, int]], title: str) -> Content:
    without = [str(number) for number, text in enumerate(texts, start=1) if not text.strip()]
    if len(without) == len(texts):
        raise Unreadable("has no text layer: its pages are pictures; run it through OCR first, such as ocrmypdf")
    words = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    pages = [list(_blocks(_unhyphenated(text, words), number, outline)) for number, text in enumerate(texts)]
    content = paged(pages, title, {"pages without text": ", ".join(without)} if without else None)
    # A heading of a PDF is a chapter's; what it calls itself is in its properties or nowhere.
    return Content(content.text, content.headings, content.pages, content.title if title else None, content.metadata)


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


def _why(data: bytes, code: int | str | None) -> str:
    if code == "long":
        return "has more text than can be read: split it"
    if code in (_NEEDS_PASSWORD, _UNKNOWN_PROTECTION):
        return PROTECTED
    other = None if b"%PDF-" in data[:1024] else mistaken(data)
    return other or "is damaged, cut short or not a PDF: get a whole copy of it"
