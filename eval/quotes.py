"""Where words stand in a text, runs of white space counting as equal. Pure."""

import re

from index.types import Span

# As much of a quote as a message repeats.
_BRIEF = 40


def spans(text: str, quote: str) -> list[Span]:
    """Every place where a quote stands, in order; places may overlap.

    Args:
        text: Where it is looked for.
        quote: The words; where it has white space, the text may have any.

    Returns:
        Spans of the text's own characters; none where the quote is blank.
    """
    words = quote.split()
    # Most texts of a corpus lack the first word, and are done with.
    if not words or words[0] not in text:
        return []
    pattern = re.compile(r"(?=(" + r"\s+".join(map(re.escape, words)) + "))")
    return [Span(*match.span(1)) for match in pattern.finditer(text)]


def word_spans(text: str, words: str) -> list[Span]:
    """Every place where whole words stand, in whatever case; otherwise as ``spans``."""
    pieces = [re.escape(word) for word in words.split()]
    if not pieces:
        return []
    pattern = re.compile(r"(?<!\w)(?=(" + r"\s+".join(pieces) + r")(?!\w))", re.IGNORECASE)
    return [Span(*match.span(1)) for match in pattern.finditer(text)]


def brief(quote: str) -> str:
    """A quote as a message shows it: on one line, its beginning only."""
    words = " ".join(quote.split())
    return repr(words if len(words) <= _BRIEF else f"{words[:_BRIEF]}…")
