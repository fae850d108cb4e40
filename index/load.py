"""Find files and read each into a document with canonical text. Knows nothing of stores or models."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DocumentError
from index.formats import plain
from index.formats.content import Content, Unreadable
from index.formats.core import FORMATS, MAX_BYTES, Format, foreign, read
from index.formats.plain import EMPTY
from index.types import Document

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader

__all__ = ["EMPTY", "MAX_BYTES", "MEDIA_TYPES", "File", "Found", "by_suffix", "canonical", "find", "load", "suffixes"]

MEDIA_TYPES = {suffix: known.media_type for suffix, known in FORMATS.items()}
"""What can be read, by the suffix of the file's name in lower case."""

_TITLE_CHARS = 300


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
        unknown: The suffixes of those passed over for their format, the most frequent first.
    """

    files: tuple[File, ...]
    failures: tuple[DocumentError, ...]
    skipped: int
    folders: tuple[Path, ...] = ()
    unknown: tuple[str, ...] = ()


def suffixes(readers: Mapping[str, "BaseReader"] | None = None) -> list[str]:
    """The suffixes of the files that can be read, in lower case: those known here, then those of readers."""
    return list(dict.fromkeys([*MEDIA_TYPES, *(readers or ())]))


def by_suffix(readers: Mapping[str, "BaseReader"]) -> dict[str, "BaseReader"]:
    """Check what a user passed as readers, and write their suffixes in lower case.

    Raises:
        ValueError: A suffix has no full stop in front.
    """
    for suffix in readers:
        if not suffix.startswith("."):
            raise ValueError(f"readers are named by suffixes such as '.rtf', not by {suffix!r}")
    return {suffix.lower(): reader for suffix, reader in readers.items()}


def find(
    paths: Iterable[str | os.PathLike[str]], leave_out: Path | None = None, among: Collection[str] = tuple(MEDIA_TYPES)
) -> Found:
    """Find the files to read: those named, and in folders, at any depth, those of a format that can be read.

    Args:
        paths: Files and folders.
        leave_out: A folder that is never looked into, such as the index itself.
        among: The suffixes, in lower case, of what can be read.

    Returns:
        The files in the order of ``paths``, those of a folder sorted by name.
    """
    files: dict[Path, File] = {}
    failures: list[DocumentError] = []
    folders: list[Path] = []
    skipped: list[Path] = []
    for path in (_absolute(path) for path in paths):
        if not path.is_dir():
            files.setdefault(path, File(path, _names(path, path.parent)))
            continue
        inside = [file for file in _walk(path, failures) if leave_out is None or leave_out not in file.parents]
        wanted = [file for file in inside if _is_wanted(file, path, among)]
        skipped += [file for file in inside if not _is_wanted(file, path, among)]
        if wanted:
            folders.append(path)
        else:
            kept = "what was indexed from it stays, footnoted remove forgets it"
            failures.append(DocumentError(str(path), f"no file in this folder can be read; {kept}; {_formats(among)}"))
        for file in wanted:
            files.setdefault(file, File(file, _names(file, path)))
    return Found(tuple(files.values()), tuple(failures), len(skipped), tuple(folders), _unknown(skipped))


def load(
    path: str | os.PathLike[str], source: str | None = None, readers: Mapping[str, "BaseReader"] | None = None
) -> Document:
    """Read a file.

    Args:
        path: The file.
        source: The name by which the user knows it; its file name when None.
        readers: LlamaIndex readers by suffix, in lower case, which come before those known here.

    Returns:
        The document. Its text is what the user can read in the file, with a line feed for every kind of line end; its
        id is made from ``source``.

    Raises:
        DocumentError: It can't be read, is empty, damaged, protected, too large or of an unknown format.
    """
    path = _absolute(path)
    source = source or path.name
    suffix = path.suffix.lower()
    reader = (readers or {}).get(suffix)
    if reader is None and suffix not in FORMATS:
        raise DocumentError(source, f"files of this kind can't be read; {_formats(suffixes(readers))}")
    known = foreign(path, reader) if reader is not None else FORMATS[suffix]
    data = _read(path, source, known.max_bytes)
    content = _content(data, known, source)
    return Document(
        id=hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:16],
        sources=(source,),
        title=" ".join((content.title or _shown(path.stem)).split())[:_TITLE_CHARS],
        text=content.text,
        media_type=known.media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=content.pages,
        metadata={**content.metadata, "path": _names(path, path.parent)[-1]},
        headings=content.headings,
    )


def canonical(data: bytes, source: str) -> str:
    """Decode a text file's bytes into canonical text.

    Args:
        data: The bytes.
        source: What to call them in an error.

    Raises:
        DocumentError: They are not text, or hold nothing but white space.
    """
    try:
        return plain.canonical(data)
    except Unreadable as error:
        raise DocumentError(source, str(error)) from error


def require_text(text: str, source: str) -> None:
    """Refuse what is not text, or nothing but white space.

    Raises:
        DocumentError: It is such.
    """
    if "\0" in text:
        raise DocumentError(source, "looks like a binary file, not text")
    if not text.strip():
        raise DocumentError(source, EMPTY)


def is_unicode(text: str) -> bool:
    """Whether a string is free of lone surrogates, which stand for bytes that are not characters."""
    return text.encode("utf-8", "replace").decode("utf-8") == text


def _content(data: bytes, known: Format, source: str) -> Content:
    try:
        return read(data, known)
    except Unreadable as error:
        raise DocumentError(source, str(error)) from error


def _read(path: Path, source: str, most: int) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DocumentError(source, "is not an ordinary file")
        size = found.st_size
        if size > most:
            raise DocumentError(source, f"is {size / 2**20:.0f} MB; files up to {most // 2**20} MB are read")
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(source, f"can't be read: {error.strerror or error}") from error


def _walk(folder: Path, failures: list[DocumentError]) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        failures.append(DocumentError(str(error.filename), f"can't be looked into: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=failed):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _unknown(skipped: Iterable[Path]) -> tuple[str, ...]:
    """The suffixes of files that are not hidden, the most frequent first."""
    counted = Counter(file.suffix.lower() for file in skipped if not file.name.startswith((".", "~$")))
    return tuple(_shown(suffix) for suffix, _ in counted.most_common())


def _is_wanted(file: Path, folder: Path, among: Collection[str]) -> bool:
    # Office keeps a "~$report.docx" beside each file that is open.
    hidden = any(part.startswith((".", "~$")) for part in file.relative_to(folder).parts)
    return not hidden and file.suffix.lower() in among


def _names(file: Path, folder: Path) -> tuple[str, ...]:
    relative = file.relative_to(folder)
    names = (relative.as_posix(), (Path(folder.name) / relative).as_posix(), str(file))
    # A name that is not valid in the file system's encoding must still be storable and printable.
    return names if all(map(is_unicode, names)) else tuple(map(_shown, names))


def _absolute(path: str | os.PathLike[str]) -> Path:
    # Not resolve(): a link is known by its own name, not by that of what it points to.
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - Path.absolute() keeps ".."


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _formats(among: Iterable[str]) -> str:
    return f"what can: {', '.join(among)}"
