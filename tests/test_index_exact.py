"""Comparing all vectors finds what brute force finds, whatever came and went before."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, Vectors
from index.rows import Origin
from index.types import Document, Passage, Sentence
from index.vectors import exact
from index.vectors.exact import ExactVectors, unit

DIMENSIONS = 16


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite3", {})
    yield opened
    opened.close()


def put(catalog: Catalog, source: str, count: int, version: int) -> list[str]:
    """Store a document of so many passages that have no vectors yet."""
    words = [f"{source} {version} {number}" for number in range(count)]
    text = "\n".join(words)
    document = Document(source, (source,), source, text, "text/plain", f"{source} {version}")
    starts = [text.index(word) for word in words]
    passages = [
        Passage(
            id=f"{source}/{version}/{number}",
            document_id=source,
            document_sha256=document.sha256,
            source=source,
            title=source,
            text=word,
            start=start,
            end=start + len(word),
            sentences=(Sentence(start, start + len(word)),),
        )
        for number, (word, start) in enumerate(zip(words, starts, strict=True))
    ]
    assert catalog.put(document, passages, words, Origin(source, "", 0, 0), catalog.held(source))
    return [passage.id for passage in passages]


def brute_force(held: dict[str, Vectors], query: Vectors, among: set[str] | None) -> dict[str, float]:
    """All similarities, by passage id."""
    return {
        id_: float(unit([vector.astype(np.float16)])[0] @ query)
        for id_, vector in held.items()
        if among is None or id_.split("/")[0] in among
    }


def assert_nearest(found: dict[str, float], all_: dict[str, float], limit: int) -> None:
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert {id_: pytest.approx(all_[id_], abs=1e-5) for id_ in found} == found
    # By their scores, since of those that are equally near any may be the last.
    best = sorted(all_.values(), reverse=True)[:limit]
    assert list(found.values()) == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_brute_force_after_any_changes(
    catalog: Catalog, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So small that it grows, and forgets what is gone, many times.
    monkeypatch.setattr(exact, "_FIRST_ROOM", 8)
    random = np.random.default_rng(seed)
    vectors = ExactVectors(catalog)
    held: dict[str, Vectors] = {}
    waiting: list[str] = []
    for step in range(150):
        source = f"d{random.integers(12)}"
        gone = random.random() < 0.3
        if gone:
            catalog.remove(source)
        held = {id_: vector for id_, vector in held.items() if not id_.startswith(f"{source}/")}
        waiting = [id_ for id_ in waiting if not id_.startswith(f"{source}/")]
        if not gone:
            waiting += put(catalog, source, int(random.integers(1, 9)), step)
        # Vectors come later than passages, and not all at once.
        filled = [id_ for id_ in waiting if random.random() < 0.7]
        if filled:
            new = unit(random.standard_normal((len(filled), DIMENSIONS)))
            catalog.fill(filled, new)
            held |= dict(zip(filled, new, strict=True))
            waiting = [id_ for id_ in waiting if id_ not in held]
        if random.random() < 0.6:
            query = unit(random.standard_normal((1, DIMENSIONS)))[0]
            among = None if random.random() < 0.5 else {f"d{number}" for number in random.integers(12, size=3)}
            limit = int(random.integers(1, 12))
            assert_nearest(vectors.search(query, limit, among), brute_force(held, query, among), limit)
    assert catalog.vector_count() == len(held) > 0


def test_it_keeps_no_more_than_twice_what_there_is(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_FIRST_ROOM", 8)
    vectors = ExactVectors(catalog)
    query = unit(np.ones((1, DIMENSIONS)))[0]
    for version in range(50):
        catalog.fill(put(catalog, "d", 10, version), unit(np.random.default_rng(version).random((10, DIMENSIONS))))
        assert len(vectors.search(query, 100, None)) == 10
        assert len(vectors._ids) <= 8 + 3 * 10
