"""Find files and read each into a document with canonical text. Knows nothing of stores or models."""

import codecs
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import DocumentError
from index.types import Document

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
}
"""What can be read, by the suffix of the file's name in lower case."""

MAX_BYTES = 50 * 1024 * 1024
"""The largest file that is read. A book is 1 MB; what is larger than this is a dump or a log."""

EMPTY = "is empty"
"""Why a document without words can't be taken in."""

_TITLE_CHARS = 120
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.*)$|^(\S.*)\n(?:=+|-+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read.

    Attributes:
        path: Where it is, absolute.
        names: What it might be called, the shortest first; the last is its absolute path.
    """

    path: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What ``find`` found.

    Attributes:
        files: The files to be read, each once.
        failures: What could not be looked into.
        skipped: How many files in folders were passed over.
        folders: The folders, absolute, in which some file can be read.
    """

    files: tuple[File, ...]
    failures: tuple[DocumentError, ...]
    skipped: int
    folders: tuple[Path, ...] = ()


def find(paths: Iterable[str | os.PathLike[str]], leave_out: Path | None = None) -> Found:
    """Find the files to read: those named, and in folders, at any depth, those of a format that can be read.

    Args:
        paths: Files and folders.
        leave_out: A folder that is never looked into, such as the index itself.

    Returns:
        The files in the order of ``paths``, those of a folder sorted by name.
    """
    files: dict[Path, File] = {}
    failures: list[DocumentError] = []
    folders: list[Path] = []
    skipped = 0
    for path in (_absolute(path) for path in paths):
        if not path.is_dir():
            files.setdefault(path, File(path, _names(path, path.parent)))
            continue
        inside = [file for file in _walk(path, failures) if leave_out is None or leave_out not in file.parents]
        wanted = [file for file in inside if _is_wanted(file, path)]
        skipped += len(inside) - len(wanted)
        if wanted:
            folders.append(path)
        else:
            failures.append(DocumentError(str(path), f"no file in this folder can be read; {_formats()}"))
        for file in wanted:
            files.setdefault(file, File(file, _names(file, path)))
    return Found(tuple(files.values()), tuple(failures), skipped, tuple(folders))


def load(path: str | os.PathLike[str], source: str | None = None) -> Document:
    """Read a file.

    Args:
        path: The file.
        source: The name by which the user knows it; its file name when None.

    Returns:
        The document. Its text is what the file says, with a line feed for every kind of line end and without a byte
        order mark; its id is made from ``source``.

    Raises:
        DocumentError: It can't be read, is not text, is empty, too large or of an unknown format.
    """
    path = _absolute(path)
    source = source or path.name
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise DocumentError(source, f"files of this kind can't be read; {_formats()}")
    data = _read(path, source)
    text = canonical(data, source)
    return Document(
        id=hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:16],
        sources=(source,),
        title=_title(text, media_type) or path.stem,
        text=text,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        metadata={"path": str(path)},
    )


def canonical(data: bytes, source: str) -> str:
    """Decode a file's bytes into canonical text.

    Args:
        data: The bytes.
        source: What to call them in an error.

    Raises:
        DocumentError: They are not text, or hold nothing but white space.
    """
    text = _decode(data, source).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise DocumentError(source, "looks like a binary file, not text")
    if not text.strip():
        raise DocumentError(source, EMPTY)
    return text


def _decode(data: bytes, source: str) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _utf16_without_mark(data)
    if encoding is not None:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            raise DocumentError(source, f"is not valid {encoding.upper()}: {error.reason}") from error
    # Text that is valid UTF-8 by chance is next to impossible; what is not, is most likely from an older Windows.
    for name in ("utf-8", "cp1252"):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _utf16_without_mark(data: bytes) -> str | None:
    """Recognise UTF-16 by the zero in every other byte that text in a Latin script has."""
    sample = data[: 4096 & ~1]
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    most = 0.4 * len(sample) / 2
    if len(data) % 2 == 0 and max(first, second) > most and min(first, second) == 0:
        return "utf-16-be" if first else "utf-16-le"
    return None


def _title(text: str, media_type: str) -> str | None:
    if media_type == "text/markdown":
        heading = _HEADING.search(text)
        return (heading[1] or heading[2]).strip("#*_` \t") or None if heading else None
    first, _, rest = text.lstrip().partition("\n")
    following = rest.partition("\n")[0]
    return first.strip() if len(first) < _TITLE_CHARS and rest.strip() and not following.strip() else None


def _read(path: Path, source: str) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DocumentError(source, "is not an ordinary file")
        size = found.st_size
        if size > MAX_BYTES:
            raise DocumentError(source, f"is {size / 2**20:.0f} MB; files up to {MAX_BYTES // 2**20} MB are read")
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(source, f"can't be read: {error.strerror or error}") from error


def _walk(folder: Path, failures: list[DocumentError]) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        failures.append(DocumentError(str(error.filename), f"can't be looked into: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=failed):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _is_wanted(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and file.suffix.lower() in MEDIA_TYPES


def _names(file: Path, folder: Path) -> tuple[str, ...]:
    relative = file.relative_to(folder)
    names = (relative.as_posix(), (Path(folder.name) / relative).as_posix(), str(file))
    # A name that is not valid in the file system's encoding must still be storable and printable.
    return names if all(map(_is_unicode, names)) else tuple(map(_shown, names))


def _absolute(path: str | os.PathLike[str]) -> Path:
    # Not resolve(): a link is known by its own name, not by that of what it points to.
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute() keeps ".."


def _is_unicode(name: str) -> bool:
    return name.encode("utf-8", "replace").decode("utf-8") == name


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _formats() -> str:
    return f"what can: {', '.join(MEDIA_TYPES)}"
