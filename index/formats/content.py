"""What is read from a file: text, and where its headings and pages are. Pure: no file, no parser."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from index.types import Heading, Span

# Line ends of every kind that formats use within a text; a vertical tab is a line break in slides.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Nobody sees these: control characters, soft hyphens, marks of byte order, tags. Joiners shape words and stay.
_UNSEEN = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ufffe\uffff\U000e0000-\U000e007f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


MAX_CHARS = 50_000_000
"""Of text in one document, which a small file may have many times over, such as a table's header in every row."""


class Unreadable(Exception):
    """Why a file can't be read, in words that follow its name, and what to do."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one file says.

    Attributes:
        text: The canonical text.
        headings: As in ``Document``.
        pages: As in ``Document``.
        title: What the file calls itself, if it does.
        metadata: What else is worth knowing.
    """

    text: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[Span, ...] = ()
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class Block(NamedTuple):
    """A paragraph, a row, a list item or a heading.

    Attributes:
        text: Its words, a line feed where its lines end.
        level: That of a heading, from 1; 0 for everything else.
        tight: Whether it stands on the line after the block before it, as list items do, with no blank one between.
    """

    text: str
    level: int = 0
    tight: bool = False


def clean(text: str) -> str:
    """Take out what can't be seen, and give every line the same end; lone surrogates become U+FFFD."""
    plain = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)).replace("\xa0", " ")
    return _SURROGATE.sub("\ufffd", plain)


def compose(blocks: Iterable[Block], title: str | None = None, metadata: Mapping[str, str] | None = None) -> Content:
    """Make one text of blocks, parted by blank lines, so that no sentence runs from one into the next."""
    whole = paged([blocks], title, metadata)
    return Content(whole.text, whole.headings, (), whole.title, whole.metadata)


def paged(
    pages: Iterable[Iterable[Block]], title: str | None = None, metadata: Mapping[str, str] | None = None
) -> Content:
    """Make one text of the blocks of each page. The pages' spans cover the text; one without words has an empty span.

    Without a title of its own a document is called by its first heading of level 1.

    Raises:
        Unreadable: There is more text than ``MAX_CHARS``.
    """
    parts: list[str] = []
    headings: list[Heading] = []
    starts: list[int | None] = []
    position = 0
    for page in pages:
        starts.append(None)
        for block in page:
            words = " ".join(clean(block.text).split()) if block.level else clean(block.text).strip("\n").rstrip()
            if not words.strip():
                continue
            gap = "" if not parts else "\n" if block.tight else "\n\n"
            start = position + len(gap)
            starts[-1] = start if starts[-1] is None else starts[-1]
            if block.level:
                headings.append(Heading(start, start + len(words), block.level))
            parts.append(gap + words)
            position = start + len(words)
            if position > MAX_CHARS:
                raise Unreadable(f"has more than {MAX_CHARS:,} characters of text as it is read: split it")
    text = "".join(parts)
    first = next((text[heading.start : heading.end] for heading in headings if heading.level == 1), None)
    return Content(text, tuple(headings), _spans(starts, len(text)), _title(title) or first, metadata or {})


def _spans(starts: list[int | None], end: int) -> tuple[Span, ...]:
    """The span of each page, from where it starts to where the next one does."""
    spans: list[Span] = []
    for start in reversed(starts):
        begin = end if start is None else start
        spans.append(Span(begin, end))
        end = begin
    return tuple(reversed(spans))


# What programs call a file that nobody gave a title.
_NO_TITLE = re.compile(
    r"(untitled|powerpoint presentation|presentation|document|microsoft \w+ - .*)\s*\d*", re.IGNORECASE
)


def _title(title: str | None) -> str | None:
    words = " ".join(clean(title or "").split())
    return None if _NO_TITLE.fullmatch(words) else words or None
