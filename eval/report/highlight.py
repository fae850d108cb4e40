"""Where the gold words and the cited words stand in a document, as HTML. Pure.

What is shown is the document's text, unchanged; long stretches in which nothing is marked are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from eval.report.text import exact
from index.types import Span

AROUND = 300
"""How many characters are shown before and after marked words."""

# Of words longer than twice that, the middle is left out: somebody may cite a whole document.
_EDGE = 600

# Where words are written without spaces between them, windows begin and end anywhere.
_WORD = 40
_SPACE = re.compile(r"\s+")

_TITLES = {"gold": "gold words", "cited": "cited words", "gold cited": "gold words, cited"}


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote in a document.

    Attributes:
        marker: Its number.
        span: The words.
    """

    marker: int
    span: Span


def windows(text: str, spans: Sequence[Span], around: int = AROUND) -> list[Span]:
    """The parts of a text that are worth showing: the spans and what is around them, in order, none touching."""
    edges = [edge for span in spans for edge in _edges(span) if edge.start < min(edge.end, len(text))]
    merged: list[Span] = []
    for window in sorted(_around(text, edge, around) for edge in edges):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def within(windows: Sequence[Span], budget: int) -> list[Span]:
    """The first of the windows, as far as so many characters go."""
    kept: list[Span] = []
    for window in windows:
        if budget <= 0:
            break
        kept.append(Span(window.start, min(window.end, window.start + budget)))
        budget -= window.end - window.start
    return kept


def marked(text: str, window: Span, gold: Sequence[Span], cited: Sequence[Note]) -> Markup:
    """A part of a text as HTML, in which the gold words and the cited words are marked.

    Without its tags, and unescaped, it is ``text[window.start : window.end]``; spans may overlap and leave the window.
    """
    return Markup("").join(_segment(text, segment, gold, cited) for segment in _segments(window, gold, cited))


def _around(text: str, span: Span, around: int) -> Span:
    """A span and so many characters before and after it, less the parts of words at both ends."""
    start, end = max(0, span.start - around), min(len(text), span.end + around)
    before = _SPACE.search(text, start - 1, min(start + _WORD, span.start)) if start else None
    after = [*_SPACE.finditer(text, max(end - _WORD, span.end), end + 1)] if end < len(text) else []
    return Span(before.end() if before else start, after[-1].start() if after else end)


def _edges(span: Span) -> Iterator[Span]:
    if span.end - span.start <= 2 * _EDGE:
        yield span
    else:
        yield Span(span.start, span.start + _EDGE)
        yield Span(span.end - _EDGE, span.end)


def _segments(window: Span, gold: Sequence[Span], cited: Sequence[Note]) -> Iterator[Span]:
    """Cut a window wherever a span begins or ends."""
    cuts = {cut for span in (*gold, *(note.span for note in cited)) for cut in span}
    inner = {cut for cut in cuts if window.start < cut < window.end}
    for start, end in pairwise(sorted({*window, *inner})):
        yield Span(start, end)


def _segment(text: str, segment: Span, gold: Sequence[Span], cited: Sequence[Note]) -> Markup:
    words = exact(text[segment.start : segment.end])
    golden = any(_covers(span, segment) for span in gold)
    notes = [note for note in cited if _covers(note.span, segment)]
    if not golden and not notes:
        return words
    kinds = " ".join(kind for kind, here in (("gold", golden), ("cited", bool(notes))) if here)
    # CSS draws the number: it is not part of the text.
    numbers = Markup("").join(
        Markup('<b class="marker" data-marker="{}"></b>').format(note.marker)
        for note in notes
        if note.span.start == segment.start
    )
    return Markup('{}<mark class="{}" title="{}">{}</mark>').format(numbers, kinds, _TITLES[kinds], words)


def _covers(span: Span, segment: Span) -> bool:
    return span.start <= segment.start and segment.end <= span.end
