"""Text from documents, questions and systems, with nothing hidden in it. Pure.

Characters that can't be seen, or that turn the text around them, are named where they stand.
"""

import re

from markupsafe import Markup

from assistant.web.render import escape

# Controls but tab and line feed, bidirectional controls, line separators, zero-width and tag characters, surrogates.
# Joiners stay: several scripts are written with them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def readable(text: str) -> str:
    """Text in which every hidden character is replaced by its name, such as ``‹U+202E›``."""
    return _HIDDEN.sub(lambda hidden: f"‹{_name(hidden[0])}›", text)


def exact(text: str) -> Markup:
    """Text as HTML, character for character: without its tags, and unescaped, it is the text.

    Hidden characters stand in an element of their own, which confines what they do and has CSS draw their name. What
    HTML can't carry (U+0000, surrogates) is shown as a replacement.
    """
    pieces: list[str] = []
    at = 0
    for hidden in _HIDDEN.finditer(text):
        pieces.append(escape(text[at : hidden.start()]))
        pieces.append(f'<span class="hidden" data-name="{_name(hidden[0])}">{escape(hidden[0])}</span>')
        at = hidden.end()
    return Markup("".join([*pieces, escape(text[at:])]))  # noqa: S704 - every piece is escaped above


def shortened(text: str, characters: int) -> str:
    """Text, cut where it is longer than that."""
    return text if len(text) <= characters else f"{text[:characters].rstrip()}…"


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"
