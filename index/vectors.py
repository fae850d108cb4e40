"""Find the nearest vectors: in Chroma, or exactly where Chroma is another process's. The only importer of chromadb.

Chroma is a cache of the catalog's vectors. Exactly one process may open its folder, or it breaks: the one that holds
the lock beside it. Any other searches the catalog's vectors one by one, which is right too, only slower.
"""

import json
import logging
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from filelock import FileLock, Timeout

from index.catalog import Catalog, Vectors
from index.errors import FootnotedError, IndexFailure
from index.exact import ExactVectors, matrix
from index.rows import Changes

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from chromadb.api.types import Where

logger = logging.getLogger(__name__)

_NAME = "passages"
_PROBES = 10
T = TypeVar("T")


class NearestVectors:
    """The nearest vectors of one index. Safe to share between threads."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        """Open nothing yet.

        Args:
            folder: Chroma's, which need not exist; the lock is the file beside it.
            catalog: The truth.
        """
        self._chroma = _Chroma(folder, catalog)
        self._exact = ExactVectors(catalog)
        self._catalog = catalog
        self._lock = threading.RLock()

    def search(self, query: Vectors, limit: int, document_ids: Collection[str] | None = None) -> dict[str, float]:
        """Find the passages whose vectors are nearest to that of the query.

        Args:
            query: A vector of unit length, of shape (dimensions,).
            limit: How many passages at most.
            document_ids: Only passages of these documents; of all when None.

        Returns:
            The cosine similarity, -1 to 1, by passage id.
        """
        with self._lock:
            found = self._chroma.use(lambda held: _query(held, query, limit, document_ids))
            # A graph is approximate: behind a narrow filter it may find less than there is.
            if found is not None and (len(found) >= limit or len(found) >= self._catalog.passage_count(document_ids)):
                return found
            return self._exact.search(query, limit, document_ids)

    def level(self) -> None:
        """Bring Chroma level with the catalog, if it is this process's to do."""
        with self._lock:
            self._chroma.use(lambda _: None)

    def rebuild(self) -> None:
        """Make Chroma's folder again from the catalog.

        Raises:
            IndexFailure: Another process has it open.
        """
        with self._lock:
            self._chroma.rebuild()

    def close(self) -> None:
        """Close Chroma and release the lock."""
        with self._lock:
            self._chroma.close()


class _Chroma:
    """The folder, for as long as this process holds its lock. A folder that fails is made again from the catalog."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder = folder
        self._catalog = catalog
        # Not thread-local: whichever thread takes the lock, takes it for the process.
        self._lock = FileLock(folder.with_suffix(".lock"), timeout=0, thread_local=False)
        self._client: Client | None = None
        self._collection: ChromaCollection | None = None
        self._seal = _Seal(folder)
        self._generation = -1
        self._given_up = False

    def use(self, act: Callable[["ChromaCollection"], T]) -> T | None:
        """Act on the collection, level with the catalog; None where it is another's or can't be made to work."""
        if self._given_up or not self._acquire():
            return None
        # Three times, because Chroma hands out a system that failed to start once more before it makes another.
        for _ in range(3):
            try:
                return act(self._levelled())
            except FootnotedError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a cache, the catalog can make it again
                logger.warning("Chroma in %s failed and is made again from the catalog: %s", self._folder, error)
                self._wipe()
        self._given_up = True
        logger.warning("Chroma in %s can't be used; the catalog's vectors are searched instead", self._folder)
        return None

    def rebuild(self) -> None:
        if not self._acquire():
            raise IndexFailure(f"another process is searching with {self._folder}: close it, then rebuild")
        self._given_up = False
        self._wipe()
        self.use(lambda _: None)

    def close(self) -> None:
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

    def _levelled(self) -> "ChromaCollection":
        if self._collection is None:
            self._collection = self._open()
        if self._generation != self._catalog.generation():
            self._take(self._collection, self._catalog.vectors_since(self._generation))
        return self._collection

    def _open(self) -> "ChromaCollection":
        if self._folder.exists() and not self._seal.is_whole():
            logger.warning("Chroma in %s was left half written and is made again from the catalog", self._folder)
            self._wipe()
        import chromadb  # noqa: PLC0415 - takes a second, which only a search should pay
        from chromadb.config import Settings  # noqa: PLC0415

        settings = Settings(anonymized_telemetry=False)
        # The declared type is that of every kind of client; only some can be closed.
        client = self._client = cast("Client", chromadb.PersistentClient(str(self._folder), settings=settings))
        collection = client.get_or_create_collection(
            _NAME,
            # Chroma's default is l2, and an embedding function that fetches a model.
            configuration={"hnsw": {"space": "cosine"}},
            embedding_function=None,
            metadata={"catalog": self._catalog.id, "generation": 0},
        )
        of = collection.metadata
        if of.get("catalog") != self._catalog.id or of["generation"] > self._catalog.generation():
            raise LookupError("it is not of this catalog")
        self._generation = of["generation"]
        return collection

    def _take(self, collection: "ChromaCollection", changes: Changes) -> None:
        assert self._client is not None
        self._seal.remove()
        size = self._client.get_max_batch_size()
        for ids in _batches(changes.deleted, size):
            collection.delete(ids=list(ids))
        for batch in _batches(changes.rows, size):
            collection.upsert(
                ids=[row[0] for row in batch],
                embeddings=matrix(batch),
                metadatas=[{"document_id": row[1]} for row in batch],
            )
        collection.modify(metadata={"catalog": self._catalog.id, "generation": changes.generation})
        self._generation = changes.generation
        if collection.count() != changes.total:
            raise LookupError(f"it holds {collection.count()} of {changes.total} vectors")
        # The first search after a write is when Chroma writes its graph; the seal has to be younger than that.
        _probe(collection)
        self._seal.put()

    def _wipe(self) -> None:
        self._shut()
        if self._folder.is_file():
            self._folder.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._seal.remove()

    def _shut(self) -> None:
        client, self._client, self._collection, self._generation = self._client, None, None, -1
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
        self._file.unlink(missing_ok=True)

    def is_whole(self) -> bool:
        try:
            return bool(json.loads(self._file.read_text("utf-8")) == self._sizes())
        except (OSError, ValueError):
            return False

    def _sizes(self) -> dict[str, int]:
        """The bytes in each file of the graph. SQLite looks after its own."""
        files = sorted(self._folder.glob("*/*"))
        return {file.relative_to(self._folder).as_posix(): file.stat().st_size for file in files}


def _query(held: "ChromaCollection", query: Vectors, limit: int, among: Collection[str] | None) -> dict[str, float]:
    where = None if among is None else cast("Where", {"document_id": {"$in": list(among)}})
    found = held.query(query_embeddings=query[None, :], n_results=limit, where=where, include=["distances"])
    distances = (found["distances"] or [[]])[0]
    return {id_: 1.0 - distance for id_, distance in zip(found["ids"][0], distances, strict=True)}


def _probe(collection: "ChromaCollection") -> None:
    """Ask for a few of the vectors there should be: one whose graph is gone still counts them all and finds none."""
    some = collection.peek(1)["embeddings"]
    expected = min(_PROBES, collection.count())
    if some is not None and expected and len(_query(collection, np.asarray(some[0]), expected, None)) < expected:
        raise LookupError("vectors are missing from it")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
