"""HTML and XML into blocks of plain text: what a browser would show. Nothing is fetched, no entity of a file expanded.

The only importer of lxml.
"""

import html
import re
from collections.abc import Iterator

from index.formats import render
from index.formats.content import Block, Content, Unreadable, compose
from index.formats.kind import mistaken
from index.formats.plain import EMPTY, decoded
from index.formats.render import Element

MAX_CHARS = 50_000_000
"""In a page or a mail of HTML; its tree takes some thirty bytes for each."""

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_ENTITY = re.compile(r"&(\w+);")
_DEFAULT_ENTITIES = frozenset("amp lt gt quot apos".split())
_HEAD_BYTES = 4096


def read(data: bytes) -> Content:
    """Read a web page; its title is that of its head."""
    root = parse_html(_decoded(data))
    return compose(blocks(root), root.findtext("head/title"))


def read_chapter(data: bytes) -> list[Block]:
    """Read a page of XHTML, as books have them, or of HTML where it isn't well formed."""
    from lxml import etree  # noqa: PLC0415 - takes longer to import than text takes to read

    text = _decoded(data)
    try:
        # Only XML reads <script/> and <title/> as empty; HTML would take what follows for their content.
        root = parse_xml(_ENTITY.sub(_unescaped, text).encode("utf-8", "replace"), "utf-8")
    except etree.XMLSyntaxError:
        return list(blocks(parse_html(text)))
    return list(blocks(root))


def parse_html(text: str) -> Element:
    """Parse HTML, however broken.

    Raises:
        Unreadable: It is empty, larger than ``MAX_CHARS``, or nested more deeply than the parser goes.
    """
    if len(text) > MAX_CHARS:
        raise Unreadable(f"has more than {MAX_CHARS:,} characters of HTML: split it")
    from lxml import etree  # noqa: PLC0415 - as above

    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise Unreadable("is nested too deeply to be read: open it in a browser and save its text")
    if root is None:
        raise Unreadable(EMPTY)
    return root


def parse_xml(data: bytes, encoding: str | None = None) -> Element:
    """Parse XML without its document type: no entity is expanded, nothing fetched.

    Args:
        data: The file.
        encoding: Where it is known better than the file says.

    Raises:
        lxml.etree.XMLSyntaxError: It isn't well formed.
    """
    from lxml import etree  # noqa: PLC0415 - as above

    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(data, parser)


def dump_xml(root: Element) -> bytes:
    """Write XML that was parsed."""
    from lxml import etree  # noqa: PLC0415 - as above

    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def blocks(root: Element) -> Iterator[Block]:
    """What a page shows, in its order."""
    from lxml import etree  # noqa: PLC0415 - as above

    # A walk, not a recursion: depth is the file's choice.
    return render.blocks(root, etree.iterwalk(root, events=("start", "end")))


def _unescaped(found: re.Match[str]) -> str:
    return found[0] if found[1] in _DEFAULT_ENTITIES else html.unescape(found[0])


def _decoded(data: bytes) -> str:
    declared = _CHARSET.search(data[:_HEAD_BYTES])
    text = decoded(data, declared[1].decode("ascii") if declared else None)
    if "\0" in text:
        raise Unreadable(mistaken(data) or "looks like a binary file, not a web page")
    return text
