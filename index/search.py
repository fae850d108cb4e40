"""Fuse the rankings of several retrievers, and fold what is found twice. Pure: scores in, one ranking out."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from index.types import Hit

_DIGITS = 6
"""Retrievers compute in single precision, good for seven digits: what differs less than this is equal."""

_DUPLICATE = 0.85
_WORD = re.compile(r"\w+")
_TELLING = re.compile(r"\d[\d.,]*|\b[A-Z]\w*|\b(?:no|not|never|nor|none|without|cannot)\b|n['’]t\b")


class _Said(NamedTuple):
    """What a passage says, for comparison: its runs of three words, and its numbers, names and negations."""

    shingles: frozenset[tuple[str, ...]]
    telling: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fused:
    """One candidate in the fused ranking.

    Attributes:
        id: The passage.
        score: The weighted sum of its scores.
        ranks: Its rank from 1 by retriever, absent where that retriever did not find it.
        scores: Its raw score by retriever, likewise.
    """

    id: str
    score: float
    ranks: Mapping[str, int]
    scores: Mapping[str, float]


def fuse(
    found: Mapping[str, Mapping[str, float]],
    weights: Mapping[str, float],
    rest: Mapping[str, float] | None = None,
) -> list[Fused]:
    """Rank the union of what the retrievers found by the weighted sum of their scores.

    Scores as they are beat ranks and scores standardised over the candidates, because a retriever keeps its say of how
    good its best is, for this query and not only beside its others: recall@1 .853 against .827 (standardised) and .767
    (reciprocal ranks) on SQuAD's questions, nDCG@10 .902 against .892 on SciFact's claims, recall@5 .750 against .736
    and .820 against .813 on the last turns of MTRAG's and INSCIT's conversations.

    Args:
        found: By retriever, the finite raw score of each candidate; higher is better.
        weights: By retriever, what a point of its score counts for.
        rest: By retriever, the raw score of all that it did not find, where that is known: a passage that shares no
            word with the query has a BM25 score of 0.

    Returns:
        Every candidate once, best first. One that a retriever did not find counts there as its worst candidate, or as
        one of the rest. Equal scores are ordered by the best single rank, then by id.
    """
    floors = {name: (rest or {}).get(name, min(scores.values())) for name, scores in found.items() if scores}
    ranks = {name: _ranked(scores) for name, scores in found.items()}
    fused = [
        Fused(
            id=id_,
            score=math.fsum(weights[name] * found[name].get(id_, floor) for name, floor in floors.items()),
            ranks={name: places[id_] for name, places in ranks.items() if id_ in places},
            scores={name: scores[id_] for name, scores in found.items() if id_ in scores},
        )
        for id_ in {id_ for scores in found.values() for id_ in scores}
    ]
    return sorted(fused, key=lambda one: (-round(one.score, _DIGITS), min(one.ranks.values()), one.id))


def fold(hits: Iterable[Hit], k: int) -> list[Hit]:
    """Keep the best of each set of passages that say nearly the same, the others as its ``duplicates``.

    Two are near-duplicates where at least 85% of the runs of three words that either has are in both (Broder 1997,
    resemblance of shingles), and where both have the same numbers, names and negations, since those are what answers
    differ in: copies of a page, boilerplate, but not the clause whose 30 days have become 60.

    Args:
        hits: Best first.
        k: How many to keep at most; no more hits are looked at than that takes.
    """
    kept: list[Hit] = []
    shingles: list[_Said] = []
    for hit in hits:
        new = _said(hit.passage.text)
        twin = next((number for number, old in enumerate(shingles) if _is_twin(old, new)), None)
        if twin is not None:
            kept[twin] = replace(kept[twin], duplicates=(*kept[twin].duplicates, hit.passage))
        elif len(kept) < k:
            kept.append(hit)
            shingles.append(new)
        else:
            break
    return kept


def _said(text: str) -> _Said:
    words = _WORD.findall(text.lower())
    shingles = frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])
    return _Said(shingles, frozenset(_TELLING.findall(text)))


def _is_twin(one: _Said, other: _Said) -> bool:
    if one.telling != other.telling:
        return False
    return len(one.shingles & other.shingles) >= _DUPLICATE * len(one.shingles | other.shingles)


def _ranked(scores: Mapping[str, float]) -> dict[str, int]:
    best_first = sorted(scores, key=lambda id_: (-scores[id_], id_))
    return {id_: rank for rank, id_ in enumerate(best_first, start=1)}
