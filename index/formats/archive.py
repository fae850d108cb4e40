"""ZIP archives that stand for one document: opened only when nothing in them can fill the memory.

What is nested in them, such as a table in a report, is never opened.
"""

import io
import posixpath
import re
import zipfile
import zlib

from index.formats.content import Unreadable
from index.formats.kind import PROTECTED, mistaken
from index.formats.markup import parse_xml
from index.formats.render import tag

MAX_MEMBERS = 20_000
"""Of an archive at most; a book of a thousand pictures has some two thousand."""

MAX_BYTES = 400 * 2**20
"""Of all members together, unpacked."""

MAX_RATIO = 250
"""Of a large member's size to its packed one. The markup of real files is packed to a fiftieth at best."""

_PROPERTIES = "docProps/core.xml"
_LARGE = 8 * 2**20
_RELATIONS = "_rels/.rels"
_MOST_RELATIONS = 2**20
_MAIN = re.compile(r"^http://(schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml)/officeDocument/.*/?officeDocument$")
_BEGINNING = 1024
# XML begins with this, whatever stands before it; in EBCDIC, which parsers read as well, with the second.
_MARKUP = (b"<", b"\x4c\x6f\xa7\x94")
_BEFORE_MARKUP = b"\xef\xbb\xbf\xfe\xff \t\r\n"
_KINDS = {
    "word/document.xml": ("a Word document", ".docx"),
    "ppt/presentation.xml": ("a PowerPoint presentation", ".pptx"),
    "xl/workbook.xml": ("an Excel workbook", ".xlsx"),
    "META-INF/container.xml": ("an EPUB book", ".epub"),
}
_DAMAGED = "is damaged or cut short: get a whole copy of it"


def main_part(archive: zipfile.ZipFile) -> str | None:
    """The part of an Office file that its relationships name as its document, whatever that is called."""
    members = set(archive.namelist())
    if _RELATIONS in members and archive.getinfo(_RELATIONS).file_size <= _MOST_RELATIONS:
        for element in parse_xml(archive.read(_RELATIONS)).iter():
            place: str = posixpath.normpath(element.get("Target", "")).lstrip("/")
            if _MAIN.match(element.get("Type", "")) and place in members:
                return place
    return next((part for part in _KINDS if part in members), None)


def is_markup(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a member may be XML by how it begins: its name is the file's choice."""
    with archive.open(member) as opened_member:
        beginning = opened_member.read(_BEGINNING).replace(b"\0", b"").lstrip(_BEFORE_MARKUP)
    return not beginning or beginning.startswith(_MARKUP)


def opened(data: bytes, part: str, most_markup: int) -> zipfile.ZipFile:
    """Open an archive after a look at everything in it.

    Args:
        data: The file.
        part: The member that makes it what it should be, by its usual name.
        most_markup: Bytes that its members of XML or HTML may have together: parsers need some thirty times as many.

    Raises:
        Unreadable: It is something else, damaged, protected, or made to fill the memory.
    """
    name = _KINDS[part][0]
    if not data.startswith(b"PK"):
        raise Unreadable(mistaken(data) or f"is damaged or not {name}: open it in its program and save it again")
    # Before zipfile makes an object of each.
    if data.count(b"PK\x01\x02") > 2 * MAX_MEMBERS:
        raise Unreadable(_bomb("too many members"))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _check(archive, part, most_markup)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Unreadable(_DAMAGED) from error
    return archive


def core_title(archive: zipfile.ZipFile) -> str | None:
    """The title in the properties of an Office file."""
    if _PROPERTIES not in archive.namelist():
        return None
    root = parse_xml(archive.read(_PROPERTIES))
    return next((element.text for element in root.iter() if tag(element) == "title"), None)


def _check(archive: zipfile.ZipFile, part: str, most_markup: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Unreadable(_bomb("too many members"))
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise Unreadable(_bomb(f"more than {MAX_BYTES // 2**20} MB unpacked"))
    for member in members:
        _check_member(member)
    markup = [member for member in members if is_markup(archive, member)]
    size = sum(member.file_size for member in markup)
    if size > most_markup:
        raise Unreadable(f"has {size // 2**20} MB of markup; up to {most_markup // 2**20} MB are read: split it")
    _check_kind(archive, part)
    for member in markup:
        # zipfile never unpacks more of a member than its declared size, and finds fault where it is not all of it.
        if b"<!ENTITY" in archive.read(member).replace(b"\0", b""):
            raise Unreadable("defines XML entities, as files do that are made to fill the memory: don't trust it")


def _check_member(member: zipfile.ZipInfo) -> None:
    if member.flag_bits & 1:
        raise Unreadable(PROTECTED)
    # What other methods pack can't be unpacked in bounded pieces.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("is packed in an unusual way: open it in its program and save it again")
    if member.file_size > _LARGE and member.file_size > MAX_RATIO * member.compress_size:
        raise Unreadable(_bomb(f"{member.filename} is packed to less than a {MAX_RATIO}th"))


def _check_kind(archive: zipfile.ZipFile, part: str) -> None:
    names = set(archive.namelist())
    main = part if part in names and part.startswith("META-INF/") else main_part(archive)
    if main is not None and (main == part or main not in _KINDS):
        return
    if main is not None:
        raise Unreadable(f"is {_KINDS[main][0]} by its content; let its name end with {_KINDS[main][1]}")
    raise Unreadable(f"is not {_KINDS[part][0]}: it has no {part}; open it in its program and save it again")


def _bomb(reason: str) -> str:
    return f"looks like an archive made to fill the memory ({reason}): don't trust it, or split it"
