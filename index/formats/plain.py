"""Plain text and Markdown: bytes in whatever encoding into text. The text is the file, character for character."""

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from index.formats.content import Content, Unreadable
from index.formats.kind import mistaken
from index.types import Heading

if TYPE_CHECKING:
    from markdown_it.token import Token

EMPTY = "is empty"
"""Why a document without words can't be taken in."""

_TITLE_CHARS = 120
_WORDS = ("text", "code_inline")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF16 = ("utf-16-le", "utf-16-be")
# Those that files without Unicode are found in; more only make mistakes among them likelier.
_OTHERS = (
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1255", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949",
    "utf_16_le", "utf_16_be",
)  # fmt: skip
_SAMPLE = 64 * 1024
_MANY = 0.2
_FEW = 8
_HIGH = bytes(range(128, 256))
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+[ \t]*:)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FRONT_TITLE = re.compile(r"^title:(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"(['\"])(.+)\1")
# What rules of the Markdown parser find nothing without.
_SIGNS = {"heading": "#", "html_block": "<", "blockquote": ">", "fence": "`~", "reference": "["}
_UNDERLINE = re.compile(r"^[ \t>]*(?:=+|-+)[ \t]*$", re.MULTILINE)
# Of a heading whose words become a title: marks within marks take the square of their length.
_MOST_MARKED = 2000


def canonical(data: bytes) -> str:
    """Decode bytes into text with a line feed for every kind of line end, and without a byte order mark.

    Raises:
        Unreadable: They are not text, or hold nothing but white space.
    """
    text = decoded(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise Unreadable(mistaken(data) or "looks like a binary file, not text")
    if not text.strip():
        raise Unreadable(EMPTY)
    return text


def decoded(data: bytes, declared: str | None = None) -> str:
    """Decode bytes by their mark, as UTF-8 where they are valid, as ``declared``, or as they most likely are.

    Raises:
        Unreadable: They are not in the encoding that their mark promises.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _utf16_without_mark(data)
    if encoding is not None:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(f"is not valid {encoding.upper()}: {error.reason}") from error
    for name in _candidates(data, declared):
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def read_text(data: bytes) -> Content:
    """Read plain text; a first line that stands alone is its title."""
    text = _text(data)
    first, _, rest = text.lstrip().partition("\n")
    alone = len(first) < _TITLE_CHARS and rest.strip() and not rest.partition("\n")[0].strip()
    return Content(text, title=first.strip() if alone else None)


def read_markdown(data: bytes) -> Content:
    """Read Markdown as it stands, with its headings."""
    text = _text(data)
    front = _FRONT_MATTER.match(text)
    named = _front_title(front[0]) if front else None
    headings, first = _headings(text, front.end() if front else 0)
    return Content(text, headings, title=named or first)


def _text(data: bytes) -> str:
    # A PDF, for one, may hold no zero by which to tell that it is no text.
    if data.startswith(b"%PDF-"):
        raise Unreadable(mistaken(data) or "")
    return canonical(data)


def _front_title(front: str) -> str | None:
    found = _FRONT_TITLE.search(front)
    words = found[1].strip() if found else ""
    quoted = _QUOTED.fullmatch(words)
    return quoted[2] if quoted else words or None


def _headings(text: str, skip: int) -> tuple[tuple[Heading, ...], str | None]:
    """Find headings and what the first one says without its markup.

    Args:
        text: All of it.
        skip: How many characters at its beginning are no Markdown.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only Markdown files should pay for it

    starts = [skip, *(skip + found.end() for found in re.finditer("\n", text[skip:]))]
    parser = MarkdownIt("commonmark")
    # Without the tokens of every line's words, which take two hundred times their memory.
    tokens = MarkdownIt("commonmark").disable(["inline", *_needless(text)]).parse(text[skip:])
    headings: list[Heading] = []
    first: str | None = None
    for token, inline in pairwise(tokens):
        if token.type != "heading_open" or token.map is None or not inline.content:
            continue
        words = inline.content.split("\n")
        # The words stand in the lines that the parser names, after nothing but marks.
        start = text.find(words[0], starts[token.map[0]])
        last = token.map[1] - (1 if token.markup.startswith("#") else 2)
        end = text.find(words[-1], max(start, starts[max(last, token.map[0])])) + len(words[-1])
        headings.append(Heading(start, end, int(token.tag[1:])))
        first = first or _said(parser.parseInline(inline.content[:_MOST_MARKED])[0])
    return tuple(headings), first


def _needless(text: str) -> list[str]:
    """The parser's rules that can't find anything: it would try each on every line, some twice."""
    needless = [rule for rule, signs in _SIGNS.items() if not any(sign in text for sign in signs)]
    return needless if _underlines(text) else ["lheading", *needless]


def _underlines(text: str) -> bool:
    """Whether a line may make a heading of the one before it."""
    lines = (found.start() for found in _UNDERLINE.finditer(text))
    return any(text[text.rfind("\n", 0, start - 1) + 1 : start].strip() for start in lines if start)


def _said(inline: "Token") -> str | None:
    """What is read where the marks are."""
    shown = (child for child in inline.children or () if child.type in (*_WORDS, "softbreak", "hardbreak"))
    return " ".join("".join(child.content or " " for child in shown).split()) or None


def _candidates(data: bytes, declared: str | None) -> Iterator[str]:
    # Encodings that shift are ASCII by their bytes, and so valid UTF-8.
    if declared and declared.lower().startswith(("iso-2022", "hz")):
        yield declared
    # Text that is valid UTF-8 by chance is next to impossible.
    yield "utf-8"
    if declared:
        yield declared
    yield _likely(data) or "cp1252"
    yield "cp1252"


def _likely(data: bytes) -> str | None:
    """Guess an encoding that is not Unicode's, or None where an older Windows in Western Europe is likeliest.

    charset-normalizer tells Cyrillic, Greek and most East Asian encodings rightly from one sentence on, but takes
    French and Spanish for Polish; these have less than a fifth of their bytes outside ASCII.
    """
    sample = data[:_SAMPLE].rstrip(_HIGH) if len(data) > _SAMPLE else data
    high = len(sample) - len(sample.translate(None, _HIGH))
    if high < max(_FEW, _MANY * len(sample)):
        return None
    from charset_normalizer import from_bytes  # noqa: PLC0415 - hardly any file needs it

    best = from_bytes(sample, cp_isolation=list(_OTHERS)).best()
    return best.encoding if best is not None else None


def _utf16_without_mark(data: bytes) -> str | None:
    """Recognise UTF-16 by its zeros: every other byte in a Latin script, else those of its spaces and line ends."""
    sample = data[: 4096 & ~1]
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    if len(data) % 2 or not first + second:
        return None
    if max(first, second) > 0.2 * len(sample) and min(first, second) == 0:
        return "utf-16-be" if first else "utf-16-le"
    return next((name for name in _UTF16 if _is_text(sample, name)), None)


def _is_text(sample: bytes, encoding: str) -> bool:
    """Whether bytes are text in an encoding: all of it printable, with spaces between words."""
    try:
        # The sample may end within a character.
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return " " in text and all(char.isprintable() or char in "\t\n\r\ufeff" for char in text)
