"""The packed streams of a PDF, measured before PDFium unpacks them. Pure.

PDFium makes an object of every drawing instruction, seventeen times the memory of its words: 900 KB of packed
instructions took 6.4 GB. Pictures are not unpacked for their page's text, and not measured: instructions are ASCII.
"""

import re
import zlib
from collections.abc import Iterator

from index.formats.content import Unreadable

MAX_BYTES = 64 * 2**20
"""Of instructions in one stream, or in all that are packed to less than a ``MAX_RATIO``th; some 1.1 GB in memory."""

MAX_RATIO = 100
"""Of instructions to what they are packed to; real ones reach ten."""

_STREAM = re.compile(rb"stream\r?\n")
_TWICE = re.compile(rb"/(?:FlateDecode|Fl|LZWDecode|LZW)\s*/(?:FlateDecode|Fl|LZWDecode|LZW)\b")
_INSTRUCTIONS = bytes(range(32, 127)) + b"\t\n\r"
_PIECE = 2**20


def check(data: bytes) -> None:
    """Look at how large the instructions of a PDF are.

    Raises:
        Unreadable: They are too large to be read.
    """
    if _TWICE.search(data):
        raise Unreadable("is packed twice, as files are that are made to fill the memory: print it to a new PDF")
    suspicious = 0
    for found in _STREAM.finditer(data):
        size, packed = _measured(data, found.end())
        suspicious += size if size > MAX_RATIO * packed else 0
        if max(size, suspicious) > MAX_BYTES:
            raise Unreadable(
                f"has more than {MAX_BYTES // 2**20} MB of drawing instructions, as files have that are made to fill "
                "the memory: print it to a new PDF, or split it"
            )


def _measured(data: bytes, start: int) -> tuple[int, int]:
    """How many bytes of instructions a stream has, as far as it matters, and what they are packed to."""
    size = 0
    packed = 1
    for piece, taken in _unpacked(data, start):
        size += len(piece) - len(piece.translate(None, _INSTRUCTIONS))
        packed = taken
        if size > MAX_BYTES:
            break
    return size, packed


def _unpacked(data: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Pieces of a stream, each with how many packed bytes were taken so far; none where it is packed otherwise."""
    unpack = zlib.decompressobj()
    taken = 0
    waiting = b""
    while not unpack.eof:
        if not waiting:
            waiting = data[start + taken : start + taken + _PIECE]
            taken += len(waiting)
        if not waiting:
            return
        try:
            piece = unpack.decompress(waiting, _PIECE)
        except zlib.error:
            return
        waiting = unpack.unconsumed_tail
        yield piece, max(1, taken - len(waiting) - len(unpack.unused_data))
