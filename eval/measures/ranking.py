"""How well a ranking of documents finds the relevant ones. Knows names and ranks only, neither texts nor scores.

A document is relevant or it is not (binary gains). All figures are 0–1, and higher is better.
"""

import math
from collections.abc import Collection, Iterable, Sequence


def fold(sources: Iterable[str]) -> list[str]:
    """The documents of ranked passages, each once, at the rank of its best passage.

    To be done before a ranking is cut at k: otherwise many passages of one document push others out.

    Args:
        sources: The document of each passage, best first.

    Returns:
        The documents, best first; none for no passages.
    """
    return list(dict.fromkeys(sources))


def recall(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of the relevant documents that stand among the first k (recall@k of trec_eval).

    Args:
        ranked: Documents, best first, each once (``fold``); 0 where there are none.
        relevant: What should be found.
        k: Where the ranking is cut, from 1.

    Raises:
        ValueError: Nothing is relevant, a document stands in the ranking twice, or k is less than 1.
    """
    _check(ranked, relevant, k)
    wanted = set(relevant)
    return len(wanted.intersection(ranked[:k])) / len(wanted)


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """One over the rank of the first relevant document; its mean over cases is the MRR (Voorhees 1999, TREC-8).

    Args:
        ranked: Documents, best first, each once (``fold``).
        relevant: What should be found.

    Returns:
        1 where the first is relevant, 0 where none is.

    Raises:
        ValueError: Nothing is relevant, or a document stands in the ranking twice.
    """
    _check(ranked, relevant)
    wanted = set(relevant)
    return next((1 / rank for rank, name in enumerate(ranked, start=1) if name in wanted), 0.0)


def ndcg(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Discounted cumulated gain of the first k, over that of a perfect ranking (Järvelin & Kekäläinen 2002).

    A relevant document at rank r gains 1 / log2(r + 1), the discount of trec_eval and BEIR (that of the paper leaves
    the second rank undiscounted).

    Args:
        ranked: Documents, best first, each once (``fold``); 0 where there are none.
        relevant: What should be found.
        k: Where the ranking is cut, from 1.

    Raises:
        ValueError: Nothing is relevant, a document stands in the ranking twice, or k is less than 1.
    """
    _check(ranked, relevant, k)
    wanted = set(relevant)
    gained = _cumulated(rank for rank, name in enumerate(ranked[:k], start=1) if name in wanted)
    return gained / _cumulated(range(1, min(k, len(wanted)) + 1))


def _cumulated(ranks: Iterable[int]) -> float:
    # An exact sum: a perfect ranking comes to 1 and not to a little more.
    return math.fsum(1 / math.log2(rank + 1) for rank in ranks)


def _check(ranked: Sequence[str], relevant: Collection[str], k: int = 1) -> None:
    if not relevant:
        raise ValueError("no document is relevant, so no ranking is better than another: leave the case out")
    if len(set(ranked)) < len(ranked):
        raise ValueError("a document stands in the ranking twice: fold the passages to their documents first")
    if k < 1:
        raise ValueError(f"a ranking can't be cut at {k}: k is 1 or more")
