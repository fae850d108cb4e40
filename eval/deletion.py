"""Cut words out of documents, to see whether an answer really rests on what it cites. Pure.

An assistant that reads what it cites can't answer any more once that is gone, unless the documents say it elsewhere.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from index import split
from index.types import Document, Passage, Span


def cut(document: Document, spans: Iterable[Span]) -> Document:
    """The document without these ranges of characters; what is left of a line keeps its place."""
    text, position, kept = document.text, 0, []
    for start, end in sorted(spans):
        kept.append(text[position:start])
        position = max(position, end)
    left = "".join([*kept, text[position:]])
    return replace(document, text=left, sha256=hashlib.sha256(left.encode("utf-8", "replace")).hexdigest(), pages=())


def left(document: Document, spans: Sequence[Span], read: Span) -> tuple[Passage, ...]:
    """What is left of a passage that was read.

    Args:
        document: As it was.
        spans: What is cut out of it.
        read: The passage.

    Returns:
        The passages of the shortened document that overlap what is left, in order.
    """
    start, end = _moved(read.start, spans), _moved(read.end, spans)
    return tuple(
        passage for passage in split.passages(cut(document, spans)) if passage.start < end and start < passage.end
    )


def _moved(position: int, spans: Sequence[Span]) -> int:
    """Where a position of the document is once the spans, which don't overlap, are cut out."""
    return position - sum(max(0, min(end, position) - start) for start, end in spans)
