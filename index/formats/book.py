"""EPUB books: their chapters in the order in which they are read."""

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from index.formats import archive, markup
from index.formats.content import Block, Content, Unreadable, compose
from index.formats.render import Element, tag

MAX_MARKUP = 100 * 2**20
"""Of all chapters together: a tree needs some ten times as many bytes."""

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read(data: bytes) -> Content:
    """Read an .epub file; its title is that of its package."""
    with archive.opened(data, _CONTAINER, MAX_MARKUP) as book:
        _check_rights(book)
        place = next(_named(markup.parse_xml(book.read(_CONTAINER)), "rootfile")).get("full-path", "")
        package = markup.parse_xml(book.read(place))
        title = next((element.text for element in _named(package, "title")), None)
        chapters = _chapters(book, package, posixpath.dirname(place))
        return compose((block for chapter in chapters for block in chapter), title)


def _chapters(book: zipfile.ZipFile, package: Element, folder: str) -> Iterator[list[Block]]:
    members = set(book.namelist())
    places = {item.get("id"): item.get("href", "") for item in _named(package, "item")}
    listed = (unquote(places.get(item.get("idref"), "")) for item in _named(package, "itemref"))
    # Once, however often a book names it.
    for place in dict.fromkeys(posixpath.normpath(posixpath.join(folder, name)) for name in listed):
        if place not in members:
            raise Unreadable(f"lacks its chapter {place}: get a whole copy of it")
        yield markup.read_chapter(book.read(place))


def _named(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if tag(element) == name)


def _check_rights(book: zipfile.ZipFile) -> None:
    """Fonts may be encrypted in any book; chapters are where a shop sold it to one reader's device."""
    if _ENCRYPTION not in book.namelist():
        return
    methods = _named(markup.parse_xml(book.read(_ENCRYPTION)), "encryptionmethod")
    if any(method.get("Algorithm") not in _FONT_ALGORITHMS for method in methods):
        raise Unreadable("is protected against copying (DRM): get a copy without protection")
