"""Cut a document into sentences and passages, by exact offsets. Pure: no file, no store, no model."""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sentencex import get_sentence_boundaries  # type: ignore[import-untyped]

from index.types import Document, Heading, Passage, Sentence, Span

MAX_CHARS = 600
"""Characters in a passage at most: about 150 tokens, well within the 256 that the embedded model reads."""

VERSION = f"sentences-{MAX_CHARS}.3"
"""Changes when the same document would be cut otherwise, or its passages embedded in other words; recorded in every
index."""

# sentencex takes time in the square of what it is given where no space follows a full stop, as in Chinese. Longer than
# paragraphs are.
_STRETCH = 5000
_HEADING = re.compile(r"[^\S\n]{0,3}#{1,6}[^\S\n]")
_ITEM = re.compile(r"[^\S\n]*(?:[-*+•][^\S\n]|\d{1,2}[.)][^\S\n]|\|)")
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"\S")


class _Block(NamedTuple):
    """Lines that belong together: a paragraph, a list item, a table row or a heading."""

    start: int
    end: int
    heading: bool


def sentences(text: str) -> tuple[Sentence, ...]:
    """Find the sentences of a text.

    Args:
        text: Any string.

    Returns:
        Their spans in order, without the white space around them. They never overlap, and every character that is not
        white space is in one of them.
    """
    return tuple(sentence for block in _blocks(text) for sentence in _sentences_of(text, block))


def passages(document: Document, max_chars: int = MAX_CHARS) -> tuple[Passage, ...]:
    """Cut a document into passages: whole sentences, paragraphs together where they fit, headings with what follows.

    Args:
        document: What to cut.
        max_chars: Characters in a passage at most, from 1. A longer sentence is cut at white space.

    Returns:
        The passages in order. Every character that is not white space is in exactly one.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars must be at least 1, not {max_chars}")
    headings = {heading.start for heading in document.headings}
    return tuple(_passage(document, run) for run in _runs(document.text, max_chars, headings))


def _runs(text: str, max_chars: int, headings: Collection[int]) -> Iterator[list[Sentence]]:
    """Gather sentences into runs that are no longer than a passage may be."""
    run: list[Sentence] = []
    only_headings = True
    for block in _blocks(text, headings):
        pieces = [piece for whole in _sentences_of(text, block) for piece in _pieces(text, whole, max_chars)]
        if run and not only_headings and (block.heading or pieces[-1].end - run[0].start > max_chars):
            yield run
            run, only_headings = [], True
        for piece in pieces:
            if run and piece.end - run[0].start > max_chars:
                yield run
                run = []
            run.append(piece)
        only_headings = only_headings and block.heading
    if run:
        yield run


def _passage(document: Document, run: list[Sentence]) -> Passage:
    start, end = run[0].start, run[-1].end
    key = f"{document.id}:{document.sha256}:{start}:{end}"
    return Passage(
        id=hashlib.sha256(key.encode()).hexdigest()[:24],
        document_id=document.id,
        document_sha256=document.sha256,
        source=document.source,
        title=document.title,
        text=document.text[start:end],
        start=start,
        end=end,
        sentences=tuple(run),
        page=_page(document.pages, start),
        page_breaks=tuple(page.start for page in document.pages if start < page.start < end),
        headings=_above(document, run),
    )


def _page(pages: tuple[Span, ...], position: int) -> int | None:
    return max(1, bisect_right(pages, position, key=_start)) if pages else None


def _start(span: Span | Heading) -> int:
    return span.start


def _above(document: Document, run: list[Sentence]) -> tuple[str, ...]:
    """The headings under which a run stands, those with which it begins among them, the outermost first."""
    before = bisect_left(document.headings, run[0].start, key=_start)
    for sentence in run:
        within = bisect_left(document.headings, sentence.end, key=_start)
        if within == before:
            break
        before = within
    above: list[Heading] = []
    for heading in reversed(document.headings[:before]):
        if not above or heading.level < above[-1].level:
            above.append(heading)
    return tuple(document.text[heading.start : heading.end] for heading in reversed(above))


def _blocks(text: str, headings: Collection[int] = ()) -> Iterator[_Block]:
    """Find the blocks that hold more than white space; no sentence crosses from one into the next.

    Args:
        text: Any string.
        headings: Where a line begins that is a heading, beside those that Markdown marks.
    """
    for lines in _paragraphs(text):
        width = max(len(text[line.start : line.end].rstrip()) for line in lines)
        begin = 0
        for number in range(1, len(lines) + 1):
            if number == len(lines) or _parts(text, lines[number - 1 : number + 1], width, headings):
                start, end = lines[begin].start, lines[number - 1].end
                yield _Block(start, end, _is_heading(text, lines[begin], headings))
                begin = number


def _paragraphs(text: str) -> Iterator[list[Span]]:
    """Find the runs of lines that have no blank line among them."""
    lines: list[Span] = []
    position = 0
    for line in text.split("\n"):
        if line.strip():
            lines.append(Span(position, position + len(line)))
        elif lines:
            yield lines
            lines = []
        position += len(line) + 1
    if lines:
        yield lines


def _is_heading(text: str, line: Span, headings: Collection[int]) -> bool:
    return _HEADING.match(text, line.start) is not None or line.start in headings


def _parts(text: str, lines: Sequence[Span], width: int, headings: Collection[int]) -> bool:
    """Tell whether the end of a line parts two blocks, or is a mere wrap.

    A line is wrapped because the next word would not have fitted. Where it would have, whoever wrote the text broke the
    line on purpose, as in a title, an address or a list of facts.
    """
    line, following = lines
    if any(_is_heading(text, one, headings) for one in lines) or _ITEM.match(text, following.start):
        return True
    word = text[following.start : following.end].split(maxsplit=1)[0]
    used = len(text[line.start : line.end].rstrip())
    return used + 1 + len(word) <= width and not word[0].islower()


def _sentences_of(text: str, block: _Block) -> Iterator[Sentence]:
    if block.heading:
        yield from _trimmed(text, block.start, block.end)
        return
    # sentencex panics where white space of more than one byte follows an initial, refuses lone surrogates and has rules
    # of its own for lists, so it is shown a copy of the same length whose white space is plain.
    plain = _SPACE.sub(" ", text[block.start : block.end]).encode("utf-8", "replace").decode("utf-8")
    found = (block.start + start for start in _starts(plain))
    item = _ITEM.match(text, block.start)
    # The full stop of "1." ends no sentence.
    starts = [block.start, *(start for start in found if start > (item.end() if item else block.start))]
    for start, end in zip(starts, [*starts[1:], block.end], strict=True):
        yield from _trimmed(text, start, end)


def _starts(text: str) -> Iterator[int]:
    """Where sentences begin, found in one stretch of the text after the other."""
    first, size = 0, _STRETCH
    while True:
        stretch = text[first : first + size]
        found = [int(boundary["start_index"]) for boundary in get_sentence_boundaries("en", stretch)]
        if first + size >= len(text):
            yield from (first + start for start in found)
            return
        if len(found) > 2:  # noqa: PLR2004 - the last two may look otherwise when it is known how they go on
            yield from (first + start for start in found[:-2])
            first, size = first + found[-2], _STRETCH
        else:
            size *= 2


def _pieces(text: str, sentence: Sentence, max_chars: int) -> Iterable[Sentence]:
    """Cut a sentence that is too long at the last white space before the limit, or at the limit where there is none."""
    start, end = sentence
    while end - start > max_chars:
        head = text[start : start + max_chars + 1]
        words = head.rstrip() if head[-1].isspace() else head.rsplit(maxsplit=1)[0]
        cut = start + (len(words) if len(words) <= max_chars else max_chars)
        yield from _trimmed(text, start, cut)
        # A sentence ends with a word, so there is always another one.
        start = next(_WORD.finditer(text, cut, end)).start()
    yield Sentence(start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    """Take the white space off both ends; what is nothing else vanishes."""
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    words = words.strip()
    if words:
        yield Sentence(start, start + len(words))
