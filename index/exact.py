"""Find the nearest vectors by comparing all of them, as right as can be. Knows nothing of Chroma."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from index.catalog import Catalog, Vectors


class ExactVectors:
    """The catalog's vectors in memory, compared one by one: 8 ms at 100,000."""

    def __init__(self, catalog: Catalog) -> None:
        """Read nothing yet."""
        self._catalog = catalog
        self._generation = 0
        self._ids: list[tuple[str, str]] = []
        self._vectors: Vectors | None = None

    def search(self, query: Vectors, limit: int, document_ids: Collection[str] | None) -> dict[str, float]:
        """Find the nearest; see ``NearestVectors.search``."""
        self._level()
        if self._vectors is None:
            return {}
        scores = self._vectors @ query
        if document_ids is None:
            among = np.arange(len(scores))
        else:
            wanted = frozenset(document_ids)
            among = np.array([n for n, (_, document_id) in enumerate(self._ids) if document_id in wanted], dtype=int)
        best = among[np.argsort(-scores[among], kind="stable")[:limit]]
        return {self._ids[number][0]: float(scores[number]) for number in best}

    def _level(self) -> None:
        if self._generation == self._catalog.generation():
            return
        changes = self._catalog.vectors_since(self._generation)
        stale = set(changes.deleted)
        kept = [number for number, (id_, _) in enumerate(self._ids) if id_ not in stale]
        parts = [] if self._vectors is None or not kept else [self._vectors[kept]]
        parts += [matrix(changes.rows)] if changes.rows else []
        self._ids = [self._ids[number] for number in kept] + [(row[0], row[1]) for row in changes.rows]
        self._vectors = np.concatenate(parts) if parts else None
        self._generation = changes.generation


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


def matrix(rows: Sequence[tuple[Any, ...]]) -> Vectors:
    """Stack the vectors of some rows, as float32 of shape (len(rows), dimensions)."""
    # Rounding to float16 left their lengths a little off 1, which an inner product would tell and a cosine would not.
    return unit(np.stack([np.frombuffer(row[2], dtype=np.float16) for row in rows]))
