"""Find the nearest vectors: in Chroma where it is at hand and level, else by comparing those of the catalog."""

import logging
import threading
from collections.abc import Collection
from pathlib import Path

from index.catalog import Catalog, Vectors
from index.vectors.exact import ExactVectors
from index.vectors.folder import Folder
from index.vectors.server import Server

logger = logging.getLogger(__name__)

# So many are taken in while a search waits (half a second); more are in the background, and meanwhile compared exactly.
_AT_ONCE = 1000
_PATIENCE_SECONDS = 0.2
# How often it is compared anew with a catalog that others are just changing.
_TRIES = 3
# Chroma passes on each of them to its database, which takes only so many, and gets slow before.
_FILTERED = 100


class NearestVectors:
    """The nearest vectors of one index. Safe to share between threads."""

    def __init__(self, folder: Path, catalog: Catalog, url: str | None = None) -> None:
        """Open nothing yet.

        Args:
            folder: Where Chroma is kept, which need not exist.
            catalog: The truth.
            url: The Chroma server to use instead of the folder.
        """
        self._closed = threading.Event()
        self._chroma: Folder | Server = (
            Folder(folder, catalog, self._closed.is_set)
            if url is None
            # Not the folder's lock, which whoever searches without the server holds for as long as it lives.
            else Server(url, folder.with_name("chroma-server.lock"), catalog, self._closed.is_set)
        )
        self._exact = ExactVectors(catalog)
        self._catalog = catalog
        self._lock = threading.RLock()
        self._exact_lock = threading.Lock()
        self._catching_up: threading.Thread | None = None

    @property
    def fault(self) -> str | None:
        """Why Chroma can't be used, in a sentence; None where it can, or is another process's to use."""
        return self._chroma.fault

    def search(self, query: Vectors, limit: int, document_ids: Collection[str] | None = None) -> dict[str, float]:
        """Find the passages whose vectors are nearest to that of the query.

        Args:
            query: A vector of unit length, of shape (dimensions,).
            limit: How many passages at most.
            document_ids: Only passages of these documents; of all when None.

        Returns:
            The cosine similarity, -1 to 1, by passage id.
        """
        few = document_ids is None or len(document_ids) <= _FILTERED
        found = self._in_chroma(query, limit, document_ids) if few else None
        # A graph is approximate: behind a narrow filter it may find less than there is.
        if found is not None and (len(found) >= limit or len(found) >= self._catalog.vector_count(document_ids)):
            return found
        with self._exact_lock:
            return self._exact.search(query, limit, document_ids)

    def level(self) -> None:
        """Bring Chroma level with the catalog, if it is this process's to do."""
        with self._lock:
            if not self._closed.is_set():
                self._chroma.use(lambda _: None)

    def problems(self) -> list[str] | None:
        """In what Chroma differs from the catalog; None where others have it, or don't cease to write meanwhile."""
        with self._lock:
            found = (self._chroma.use(lambda held: held.problems()) for _ in range(_TRIES))
            return next((problems for problems in found if problems is not None), None)

    def rebuild(self) -> None:
        """Make Chroma again from the catalog.

        Raises:
            IndexFailure: Another process has it open, or the server can't be used.
        """
        with self._lock:
            self._chroma.rebuild()

    def close(self) -> None:
        """Close Chroma and release the lock."""
        self._closed.set()
        if self._catching_up is not None:
            self._catching_up.join()
        with self._lock:
            self._chroma.close()

    def _in_chroma(self, query: Vectors, limit: int, document_ids: Collection[str] | None) -> dict[str, float] | None:
        if self._is_catching_up() or not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            return None
        try:
            if self._closed.is_set():
                return None
            found = self._chroma.use(lambda held: held.query(query, limit, document_ids), _AT_ONCE)
            if self._chroma.behind:
                self._catching_up = threading.Thread(target=self._catch_up, name="footnoted-chroma", daemon=True)
                self._catching_up.start()
            return found
        finally:
            self._lock.release()

    def _is_catching_up(self) -> bool:
        return self._catching_up is not None and self._catching_up.is_alive()

    def _catch_up(self) -> None:
        try:
            self.level()
        except Exception as error:  # noqa: BLE001 - nobody waits for this, and the next search tries again
            logger.warning("Chroma could not be brought level: %s", error)
