"""A document as HTML, the words marked that an answer rests on. Pure. The text shown is the document's, unchanged."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.web.conversation import Place
from assistant.web.render import escape, tint
from index.types import Document

# A heading's own sign belongs to it.
_BEFORE_TITLE = re.compile(r"\s*(#{1,6} +)?")


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of characters with the same marks.

    Attributes:
        start: Offset in the document.
        end: Offset in the document, exclusive.
        places: The places it belongs to, in the order in which they begin.
        heading: Whether it is part of the title with which the text begins.
        page: The number of the page that begins with it, from 1; None where none does.
    """

    start: int
    end: int
    places: tuple[Place, ...]
    heading: bool = False
    page: int | None = None


def segments(length: int, places: Sequence[Place], heading: int = 0, pages: Sequence[int] = ()) -> Iterator[Segment]:
    """Cut ``0:length`` wherever a place begins or ends, where the heading ends, and where pages begin.

    Places may overlap; all lie within the text.
    """
    numbers: dict[int, int] = {}
    for number, start in enumerate(pages, start=1):
        # A page without text begins where the next one does.
        numbers[start] = number
    ordered = sorted(places, key=lambda place: (place.start, -place.end, place.label))
    cuts = sorted({0, heading, length, *numbers, *(cut for place in places for cut in (place.start, place.end))})
    for start, end in pairwise(cuts):
        covering = tuple(place for place in ordered if place.start <= start and end <= place.end)
        yield Segment(start, end, covering, heading=end <= heading, page=numbers.get(start))


def pane(
    document: Document, places: Sequence[Place], goto: str | None = None, *, asked: bool = False, above: str = ""
) -> str:
    """The document, with those of the places marked that still stand in it.

    Args:
        document: What to show.
        places: The places of one exchange, in any document.
        goto: The place to bring into view.
        asked: Whether the reader asked for that place, so that the whole page may scroll to it.
        above: What to say above it.
    """
    here = [place for place in places if place.document_id == document.id]
    standing = [place for place in here if _stands(place, document)]
    heading = _heading(document)
    pages = [page.start for page in document.pages]
    title = "" if heading else f'<h2 class="fn-heading">{escape(document.title)}</h2>'
    target = f' data-goto="{goto}"{" data-asked" if asked else ""}' if goto else ""
    stale = "This document has changed since it was cited." if len(standing) < len(here) else ""
    said = "".join(f'<p class="fn-stale">{escape(remark)}</p>' for remark in (above, stale) if remark)
    return (
        f'<section class="fn-document" aria-label="Source" data-document="{escape(document.id)}"{target}>'
        f'<p class="fn-name">{escape(document.source)}</p>'
        f'{said}{title}<div class="fn-text">{marked(document.text, standing, heading, pages)}</div></section>'
    )


def note(message: str) -> str:
    """The pane where there is no document to show."""
    return f'<section class="fn-document" aria-label="Source"><p class="fn-stale">{escape(message)}</p></section>'


def marked(text: str, places: Sequence[Place], heading: int = 0, pages: Sequence[int] = ()) -> str:
    """The text as HTML in which every place is marked: without its tags, and unescaped, it is the text.

    Args:
        text: The document's.
        places: What is marked.
        heading: Where the title ends with which the text begins; 0 where it begins otherwise.
        pages: Where its pages begin.
    """
    return "".join(_segment(text, segment) for segment in segments(len(text), places, heading, pages))


def _segment(text: str, segment: Segment) -> str:
    words = escape(text[segment.start : segment.end])
    if segment.heading:
        words = f'<span class="fn-heading">{words}</span>'
    # CSS writes the number: it is not part of the text.
    page = f'<span class="fn-page" data-page="{segment.page}"></span>' if segment.page else ""
    if not segment.places:
        return page + words
    beginning = "".join(_back(place) for place in segment.places if place.start == segment.start)
    keys = " ".join(place.key for place in segment.places)
    # Of several, the one that began last: it is the shorter, and would not be seen otherwise.
    innermost = segment.places[-1]
    classes = f"fn-tint-{tint(innermost.label)}" if innermost.cited else "fn-nearby"
    return f'{page}<mark class="{classes}" data-marks="{keys}">{beginning}{words}</mark>'


def _back(place: Place) -> str:
    """The number before marked words, which leads back to the answer. CSS draws it: it is not part of the text."""
    what = "footnote" if place.cited else "passage"
    return (
        f'<a class="fn-back" id="{place.key}" href="#" data-back="{place.key}" data-label="{place.label}" '
        f'aria-label="Back to {what} {place.label}"></a>'
    )


def _heading(document: Document) -> int:
    """Where the title ends with which the text begins; 0 where it begins otherwise."""
    before = _BEFORE_TITLE.match(document.text)
    begin = before.end() if before else 0
    return begin + len(document.title) if document.text.startswith(document.title, begin) else 0


def _stands(place: Place, document: Document) -> bool:
    return document.sha256 == place.document_sha256 and document.text[place.start : place.end] == place.quote
