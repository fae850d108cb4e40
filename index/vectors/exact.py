"""Find the nearest vectors by comparing all of them, as right as can be. Knows nothing of Chroma."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from index.catalog import Catalog, Vectors

_FIRST_ROOM = 1024


class ExactVectors:
    """The catalog's vectors in memory, compared one by one: 8 ms at 100,000."""

    def __init__(self, catalog: Catalog) -> None:
        """Read nothing yet."""
        self._catalog = catalog
        self._generation = 0
        self._ids: list[str] = []
        self._documents: list[str] = []
        self._place: dict[str, int] = {}
        self._gone: list[int] = []
        self._room: Vectors = np.zeros((0, 0), dtype=np.float32)

    def search(self, query: Vectors, limit: int, document_ids: Collection[str] | None) -> dict[str, float]:
        """Find the nearest; see ``NearestVectors.search``."""
        self._level()
        if not self._place:
            return {}
        # All of them, since choosing some would copy them.
        scores = self._room[: len(self._ids)] @ query
        scores[self._left_out(document_ids)] = -np.inf
        # Sorting them all would take longer than comparing them.
        best = np.argpartition(-scores, limit)[:limit] if len(scores) > limit else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        return {self._ids[row]: float(scores[row]) for row in best if scores[row] > -np.inf}

    def _left_out(self, document_ids: Collection[str] | None) -> list[int]:
        """The rows of passages that are gone, or not of these documents."""
        if document_ids is None:
            return self._gone
        wanted = frozenset(document_ids)
        return self._gone + [row for row in self._place.values() if self._documents[row] not in wanted]

    def _level(self) -> None:
        if self._generation == self._catalog.generation("vectors"):
            return
        changes = self._catalog.vectors_since(self._generation)
        for id_ in changes.deleted:
            self._drop(id_)
        if len(self._ids) > _FIRST_ROOM + 2 * len(self._place):
            # More than half of it is of passages that are gone.
            self._forget()
            changes = self._catalog.vectors_since(0)
        if changes.rows:
            self._append(changes.rows)
        self._generation = changes.generation

    def _drop(self, id_: str) -> None:
        row = self._place.pop(id_, None)
        if row is not None:
            self._gone.append(row)

    def _append(self, rows: Sequence[tuple[Any, ...]]) -> None:
        first, last = len(self._ids), len(self._ids) + len(rows)
        if last > len(self._room):
            # Twice as much as is needed, so that what comes in small groups is not copied at each of them.
            room = np.zeros((max(_FIRST_ROOM, 2 * last), len(rows[0][2]) // 2), dtype=np.float32)
            if first:
                room[:first] = self._room[:first]
            self._room = room
        self._room[first:last] = matrix(rows)
        for row, (id_, document_id, *_) in enumerate(rows, start=first):
            self._ids.append(id_)
            self._documents.append(document_id)
            self._drop(id_)
            self._place[id_] = row

    def _forget(self) -> None:
        self._ids, self._documents, self._place, self._gone = [], [], {}, []
        self._room = np.zeros((0, 0), dtype=np.float32)


def unit(vectors: npt.ArrayLike) -> Vectors:
    """Scale vectors to length 1.

    Args:
        vectors: Of shape (any, dimensions).

    Returns:
        The same shape in float32; a vector that is all zeros stays so.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def spread(vectors: Sequence[bytes]) -> float:
    """The standard deviation of the cosines between some vectors, each as bytes of float16; at least two."""
    some = unit(np.stack([np.frombuffer(vector, dtype=np.float16) for vector in vectors]))
    return float((some @ some.T)[np.triu_indices(len(some), 1)].std())


def matrix(rows: Sequence[tuple[Any, ...]]) -> Vectors:
    """Stack the vectors of some rows, as float32 of shape (len(rows), dimensions)."""
    # Rounding to float16 left their lengths a little off 1, which an inner product would tell and a cosine would not.
    return unit(np.stack([np.frombuffer(row[2], dtype=np.float16) for row in rows]))
