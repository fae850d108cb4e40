"""Chroma in a folder of the index, which is made again from the catalog when it fails.

Exactly one process may open it, or it breaks: the one that holds the lock beside it.
"""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from filelock import FileLock, Timeout

from index.catalog import Catalog
from index.errors import FootnotedError, IndexFailure
from index.vectors.collection import Passages

if TYPE_CHECKING:
    from chromadb.api.client import Client

logger = logging.getLogger(__name__)

_NAME = "passages"
T = TypeVar("T")


class Folder:
    """The folder, for as long as this process holds its lock.

    Attributes:
        fault: Why it can't be used by any process, in a sentence; None where it can.
        behind: Whether it was found to be further behind the catalog than it was allowed to be.
    """

    def __init__(self, folder: Path, catalog: Catalog, stopped: Callable[[], bool]) -> None:
        """Open nothing yet.

        Args:
            folder: Chroma's, which need not exist; the lock is the file beside it.
            catalog: The truth.
            stopped: Asked now and then whether to leave off taking in what has changed.
        """
        self.fault: str | None = None
        self.behind = False
        self._folder = folder
        self._catalog = catalog
        self._stopped = stopped
        # Not thread-local: whichever thread takes the lock, takes it for the process.
        self._lock = FileLock(folder.with_suffix(".lock"), timeout=0, thread_local=False)
        self._client: Client | None = None
        self._passages: Passages | None = None
        self._seal = _Seal(folder)

    def use(self, act: Callable[[Passages], T], most_behind: int | None = None) -> T | None:
        """Act on the vectors, level with the catalog.

        Args:
            act: What to do.
            most_behind: How many changes may have to be taken in before; any number when None.

        Returns:
            What ``act`` returned; None where the folder is another process's, too far behind, or can't be made to work.
        """
        if self.fault is not None or not self._acquire():
            return None
        # Three times, because Chroma hands out a system that failed to start once more before it makes another.
        for _ in range(3):
            try:
                passages = self._opened()
                self.behind = most_behind is not None and passages.behind() > most_behind
                return None if self.behind else act(self._levelled(passages))
            except FootnotedError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a cache, the catalog can make it again
                logger.warning("Chroma in %s failed and is made again from the catalog: %s", self._folder, error)
                with suppress(OSError):
                    self._wipe()
        self.fault = f"Chroma in {self._folder} can't be used; the catalog's vectors are compared one by one instead"
        logger.warning(self.fault)
        return None

    def rebuild(self) -> None:
        """Make the folder again from the catalog.

        Raises:
            IndexFailure: Another process has it open.
        """
        if not self._acquire():
            raise IndexFailure(f"another process is searching with {self._folder}: close it, then rebuild")
        self.fault = None
        self._wipe()
        self.use(lambda _: None)

    def close(self) -> None:
        """Close Chroma and release the lock."""
        self._shut()
        self._lock.release()

    def _acquire(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire()
        except (Timeout, OSError, NotImplementedError):
            return False
        return True

    def _opened(self) -> Passages:
        if self._passages is None:
            self._passages = self._open()
        return self._passages

    def _levelled(self, passages: Passages) -> Passages:
        if not passages.is_level():
            self._seal.remove()
            passages.level(self._stopped)
            # The first search after a write is when Chroma writes its graph; the seal has to be younger than that.
            passages.probe()
            self._seal.put()
        return passages

    def _open(self) -> Passages:
        if self._folder.exists() and not self._seal.is_whole():
            logger.warning("Chroma in %s was left half written and is made again from the catalog", self._folder)
            self._wipe()
        import chromadb  # noqa: PLC0415 - takes a second, which only a search should pay
        from chromadb.config import Settings  # noqa: PLC0415

        settings = Settings(anonymized_telemetry=False)
        # The declared type is that of every kind of client; only some can be closed.
        client = self._client = cast("Client", chromadb.PersistentClient(str(self._folder), settings=settings))
        return Passages(client, _NAME, self._catalog)

    def _wipe(self) -> None:
        self._shut()
        # First, so that no kill leaves one over what is half deleted.
        self._seal.remove()
        _delete(self._folder)

    def _shut(self) -> None:
        client, self._client, self._passages = self._client, None, None
        if client is not None:
            try:
                client.close()
            except Exception as error:  # noqa: BLE001 - it is going away in any case
                logger.debug("Chroma in %s did not close: %s", self._folder, error)


class _Seal:
    """A record, beside the folder, of what Chroma has written; there is none while it is writing.

    Chroma writes its graph in place. One that was cut short, by a kill or a full disk, it loads all the same: then it
    finds the wrong vectors, or takes the whole process down with a segmentation fault. So it must never see one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder.with_suffix(".seal")

    def put(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._sizes()), "utf-8")
        new.replace(self._file)

    def remove(self) -> None:
        _delete(self._file)

    def is_whole(self) -> bool:
        try:
            return bool(json.loads(self._file.read_text("utf-8")) == self._sizes())
        except (OSError, ValueError):
            return False

    def _sizes(self) -> dict[str, int]:
        """The bytes in each file of the graph. SQLite looks after its own."""
        files = sorted(self._folder.glob("*/*"))
        return {file.relative_to(self._folder).as_posix(): file.stat().st_size for file in files}


def _delete(path: Path) -> None:
    """Delete what is there, a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
