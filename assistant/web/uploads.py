"""Files that readers bring: checked, copied into the collection, and read into its index. Knows nothing of the page."""

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from assistant.errors import CollectionError
from index import AddReport, Index, Progress
from index.load import MEDIA_TYPES

MOST_FILES = 500
MOST_BYTES = 100 * 1024 * 1024
"""Of one file; whatever a page is sent, only so much is kept."""

_UPLOADS, _REMOVED = "uploads", "removed"
_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken.

    Attributes:
        name: What it is called.
        reason: Why.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of files.

    Attributes:
        report: Of those that were read.
        refused: Those that were not taken.
    """

    report: AddReport
    refused: tuple[Refused, ...] = ()


def take(index: Index, files: Sequence[Path]) -> Iterator[Progress | Taken]:
    """Copy files into an index's folder and read them, telling how far that has come; vectors follow in the background.

    Args:
        index: Where they belong.
        files: Of a page's temporary folder, from which they go.

    Raises:
        FootnotedError: A file can't be copied, or as ``Index.add`` does.
    """
    folder = index.path / _UPLOADS
    folder.mkdir(mode=0o700, exist_ok=True)
    refused = {path: _unfit(path) for path in files[:MOST_FILES]}
    refused |= dict.fromkeys(files[MOST_FILES:], f"more than {MOST_FILES} files at once")
    copies = [_copied(path, folder / safe(path.name)) for path, reason in refused.items() if reason is None]
    for path in files:
        path.unlink(missing_ok=True)
    for told in _add(index, copies):
        match told:
            case AddReport():
                yield Taken(told, tuple(Refused(path.name, reason) for path, reason in refused.items() if reason))
            case _:
                yield told


def read_again(index: Index) -> Iterator[Progress | Taken]:
    """Read the files of an index again that have changed; what is the same costs nothing."""
    paths = [Path(one.path) for one in index.listing() if one.path]
    for told in _add(index, paths):
        yield Taken(told) if isinstance(told, AddReport) else told


def bring_back(index: Index, path: Path) -> Iterator[Progress | Taken]:
    """Read a document again that was removed.

    Args:
        index: Where it was.
        path: What ``remove`` told.
    """
    for told in _add(index, [_put_back(index, path)]):
        yield Taken(told) if isinstance(told, AddReport) else told


def remove(index: Index, source: str) -> Path | None:
    """Forget a document; a copy of ours is put aside.

    Returns:
        What ``bring_back`` reads it from; None where there is no file.

    Raises:
        DocumentError: There is no such document.
    """
    listed = next((one for one in index.listing() if one.source == source), None)
    index.remove(source)
    if listed is None or not listed.path:
        return None
    path = Path(listed.path)
    return _put_aside(index, path) if _is_copy(index, path) else path


def safe(name: str) -> str:
    """A file name without a folder, without what no file system takes, and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char if char.isprintable() and char not in '<>:"|?*/\0' else "_" for char in last)
    named = Path(unicodedata.normalize("NFC", shown).strip(". ") or "document")
    room = max(0, _NAME_BYTES - len(named.suffix.encode("utf-8", "replace")))
    kept = named.stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    return f"{kept or 'document'}{named.suffix}"


def _add(index: Index, paths: Sequence[Path]) -> Iterator[Progress | AddReport]:
    """Read files into an index in a thread of its own, which is not left half-way where nobody listens any more."""
    told: SimpleQueue[Progress | AddReport | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            told.put(index.add(paths, told.put, wait=False))
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
            told.put(error)

    Thread(target=work, daemon=True).start()
    while True:
        heard = told.get()
        if isinstance(heard, BaseException):
            raise heard
        yield heard
        if isinstance(heard, AddReport):
            return


def _unfit(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix not in MEDIA_TYPES:
        return f"{suffix or 'a file without a suffix'} can't be read; what can: {', '.join(sorted(MEDIA_TYPES))}"
    if path.stat().st_size > MOST_BYTES:
        return f"larger than {MOST_BYTES // 1024**2} MB"
    return None


def _copied(path: Path, to: Path) -> Path:
    descriptor, name = tempfile.mkstemp(dir=to.parent, prefix=".copying-")
    try:
        with os.fdopen(descriptor, "wb") as target, path.open("rb") as file:
            shutil.copyfileobj(file, target)
        return Path(name).replace(to)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise CollectionError(f"{to.name} can't be copied to {to.parent}: {error}") from error


def _is_copy(index: Index, path: Path) -> bool:
    return path.parent == index.path / _UPLOADS


def _put_back(index: Index, path: Path) -> Path:
    """Where a file that was put aside is read from."""
    if path.parent != index.path / _REMOVED or not path.is_file():
        return path
    return path.replace(index.path / _UPLOADS / path.name)


def _put_aside(index: Index, path: Path) -> Path:
    folder = index.path / _REMOVED
    folder.mkdir(mode=0o700, exist_ok=True)
    return path.replace(folder / path.name)
