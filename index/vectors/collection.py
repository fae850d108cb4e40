"""A Chroma collection as a cache of the catalog's vectors. Knows nothing of where it is kept."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from index.catalog import Catalog, Vectors
from index.vectors.exact import matrix

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from chromadb.api.types import Where

_PROBES = 10
# Written between two records of how far this has come.
_BATCH = 1000
# What float16 and Chroma's own arithmetic leave of a vector of length 1.
_SAME = 0.01
T = TypeVar("T")


class Passages:
    """The vectors of one catalog's passages."""

    def __init__(self, client: "ClientAPI", name: str, catalog: Catalog) -> None:
        """Open the collection, or make it.

        Raises:
            LookupError: It is another catalog's, or ahead of this one.
        """
        self._catalog = catalog
        self._collection: ChromaCollection = client.get_or_create_collection(
            name,
            # Chroma's default is l2, and an embedding function that fetches a model.
            configuration={"hnsw": {"space": "cosine"}},
            embedding_function=None,
            metadata={"catalog": catalog.id, "generation": 0},
        )
        of = self._collection.metadata or {}
        if of.get("catalog") != catalog.id or of["generation"] > catalog.generation("vectors"):
            raise LookupError("it is not of this catalog")
        self._generation: int = of["generation"]
        self._batch = min(_BATCH, client.get_max_batch_size())

    def is_level(self) -> bool:
        """Whether it has all that the catalog has."""
        return self._generation == self._catalog.generation("vectors")

    def behind(self) -> int:
        """How many changes it has not taken in yet."""
        return self._catalog.vectors_behind(self._generation)

    def level(self, stopped: Callable[[], bool]) -> None:
        """Take in what has changed.

        Args:
            stopped: Asked after every few passages whether to leave the rest for the next time.

        Raises:
            LookupError: It doesn't hold then what it should.
        """
        changes = self._catalog.vectors_since(self._generation)
        for ids in _batches(changes.deleted, self._batch):
            self._collection.delete(ids=list(ids))
        for batch in _batches(changes.rows, self._batch):
            if stopped():
                return
            self._collection.upsert(
                ids=[row[0] for row in batch],
                embeddings=matrix(batch),
                metadatas=[{"document_id": row[1]} for row in batch],
            )
            # Rows come by their generation, and those of the last one may go on in the next batch.
            self._record(batch[-1][3] - 1)
        self._record(changes.generation)
        if self._collection.count() != changes.total:
            raise LookupError(f"it holds {self._collection.count()} of {changes.total} vectors")

    def probe(self) -> None:
        """Ask for a few of the vectors there should be: one whose graph is gone still counts them all and finds none.

        Raises:
            LookupError: They are not found.
        """
        some = self._collection.peek(1)["embeddings"]
        expected = min(_PROBES, self._collection.count())
        if some is not None and expected and len(self.query(np.asarray(some[0]), expected, None)) < expected:
            raise LookupError("vectors are missing from it")

    def query(self, vector: Vectors, limit: int, document_ids: Collection[str] | None) -> dict[str, float]:
        """The cosine similarity of the nearest, by passage id."""
        where = None if document_ids is None else cast("Where", {"document_id": {"$in": list(document_ids)}})
        found = self._collection.query(
            query_embeddings=vector[None, :], n_results=limit, where=where, include=["distances"]
        )
        distances = (found["distances"] or [[]])[0]
        return {id_: 1.0 - distance for id_, distance in zip(found["ids"][0], distances, strict=True)}

    def problems(self) -> list[str] | None:
        """In what it differs from the catalog, whose last generation it has taken in; None where that just changes."""
        wanted = {row[0]: row for row in self._catalog.vectors_since(0).rows}
        held = set(self._collection.get(include=[])["ids"])
        wrong = [
            f"Chroma {what} {len(ids)} passages"
            for what, ids in (("lacks", wanted.keys() - held), ("has too many, by", held - wanted.keys()))
            if ids
        ]
        others = sum(map(self._others, _batches([wanted[id_] for id_ in held & wanted.keys()], self._batch)))
        if not self.is_level():
            return None
        return [*wrong, *([f"Chroma has other vectors than the catalog for {others} passages"] if others else [])]

    def _others(self, rows: Sequence[tuple[str, str, bytes, int]]) -> int:
        """How many of these vectors are not what they should be."""
        found = self._collection.get(ids=[row[0] for row in rows], include=["embeddings"])
        place = {id_: number for number, id_ in enumerate(found["ids"])}
        # On a server, another process may have deleted some since.
        rows = [row for row in rows if row[0] in place]
        there = np.asarray(found["embeddings"])[[place[row[0]] for row in rows]]
        return int((np.abs(there - matrix(rows)).max(axis=1) > _SAME).sum()) if rows else 0

    def _record(self, generation: int) -> None:
        if generation > self._generation:
            self._collection.modify(metadata={"catalog": self._catalog.id, "generation": generation})
            self._generation = generation


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
