"""Files that readers bring: checked, copied into the collection, and read into its index. Knows nothing of the page."""

import os
import re
import secrets
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from assistant.errors import CollectionError
from assistant.web import whole
from index import AddReport, Index, Progress
from index.load import MEDIA_TYPES

KEPT_SECONDS = 30 * 86400.0
"""How long what was removed or deleted can be had back: nobody notices a wrong click at once."""
MOST_FILES = 500
MOST_BYTES = 100 * 1024 * 1024
"""Of one file; whatever a page is sent, only so much is kept."""

_UPLOADS, _REMOVED = "uploads", "removed"
_NAME_BYTES = 200
_TWIN = "another file of that name is among these; rename one of them"
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


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
    refused: dict[Path, str | None] = {}
    names: set[str] = set()
    for count, path in enumerate(files):
        name = safe(path.name).casefold()
        many = f"more than {MOST_FILES} files at once" if count >= MOST_FILES else None
        refused[path] = many or (_TWIN if name in names else _unfit(path))
        names.add(name)
    with whole.changing(index.path):
        folder = index.path / _UPLOADS
        folder.mkdir(mode=0o700, exist_ok=True)
        copies = [_copied(path, folder / safe(path.name)) for path, reason in refused.items() if reason is None]
        for path in files:
            path.unlink(missing_ok=True)
    yield from _add(index, copies, tuple(Refused(path.name, reason) for path, reason in refused.items() if reason))


def read_again(index: Index) -> Iterator[Progress | Taken]:
    """Read the files of an index again that have changed; what is the same costs nothing."""
    yield from _add(index, [Path(one.path) for one in index.listing() if one.path])


def removed(index: Index) -> list[Path]:
    """The copies of documents that were removed and can be had back, the last removed first."""
    # Another process may bring one back meanwhile.
    with suppress(FileNotFoundError):
        folders = sorted((index.path / _REMOVED).glob("*/"), key=_removed_at, reverse=True)
        return [file for folder in folders for file in folder.iterdir()]
    return []


def forget(index: Index, older: float = 0.0) -> None:
    """Delete those for good, or only those that were removed so many seconds ago.

    Raises:
        CollectionError: They can't be deleted.
    """
    with whole.changing(index.path):
        for folder in (index.path / _REMOVED).glob("*/"):
            if time.time() - _removed_at(folder) >= older:
                shutil.rmtree(folder)


def bring_back(index: Index, path: Path) -> Iterator[Progress | Taken]:
    """Read a document again that was removed.

    Args:
        index: Where it was.
        path: What ``remove`` told.
    """
    with whole.changing(index.path):
        back = _put_back(index, path)
    yield from _add(index, [back])


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
    if path.parent != index.path / _UPLOADS:
        return path
    with whole.changing(index.path):
        return _put_aside(index, path) if path.exists() else None


def safe(name: str) -> str:
    """A file name without a folder, without what no file system takes, and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char if char.isprintable() and char not in '<>:"|?*/\0' else "_" for char in last)
    named = Path(unicodedata.normalize("NFC", shown).strip(". ") or "document")
    room = max(0, _NAME_BYTES - len(named.suffix.encode("utf-8", "replace")))
    kept = named.stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") or "document"
    return f"{'_' if _RESERVED.fullmatch(kept) else ''}{kept}{named.suffix}"


def _add(index: Index, paths: Sequence[Path], refused: tuple[Refused, ...] = ()) -> Iterator[Progress | Taken]:
    """Read files into an index in a thread of its own, which is not left half-way where nobody listens any more."""
    told: SimpleQueue[Progress | Taken | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            told.put(Taken(index.add(paths, told.put, wait=False), refused))
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
            told.put(error)

    Thread(target=work, daemon=True).start()
    while True:
        heard = told.get()
        if isinstance(heard, BaseException):
            raise heard
        yield heard
        if isinstance(heard, Taken):
            return


def _unfit(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix not in MEDIA_TYPES:
        return f"{suffix or 'a file without a suffix'} can't be read; what can: {', '.join(sorted(MEDIA_TYPES))}"
    if not path.is_file():
        return "it is no longer there; add it again"
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


def _removed_at(folder: Path) -> float:
    return folder.stat().st_mtime


def _put_back(index: Index, path: Path) -> Path:
    """Where a file that was put aside is read from."""
    if path.parent.parent != index.path / _REMOVED:
        return path
    back = index.path / _UPLOADS / path.name
    if back.exists():
        raise CollectionError(f"there is another {path.name} by now; remove that first")
    return path.replace(back)


def _put_aside(index: Index, path: Path) -> Path:
    # A folder for each: another of the same name may have been put aside before.
    folder = index.path / _REMOVED / secrets.token_hex(8)
    folder.mkdir(mode=0o700, parents=True)
    return path.replace(folder / path.name)
