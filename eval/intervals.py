"""How sure a figure is, and whether two runs differ: cluster bootstrap and randomisation test. Knows no metric.

Cases that share a cluster (a conversation, a document) are not independent, so whole clusters are drawn or swapped
(Field & Welsh 2007). The same seed and the same clusters give the same draws, in whatever order the cases come. With
fewer than some ten clusters, intervals are too narrow.

Means, shares and ratios have a fast way (``ratio_interval``); any other statistic goes by ``resamples`` and
``interval``, which draw the same.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

# Efron & Tibshirani 1993 ask for at least 1,000 for percentiles.
TIMES = 2000
_LEVEL = 0.95
DOUBT = 1 - _LEVEL
"""A difference that is at least as probable as this where two runs are equally good is none that is shown."""
_PERCENTILES = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
# One cluster can't tell how much clusters differ.
_LEAST_CLUSTERS = 2
# Sums that are equal but for the order of their terms count as equal.
_ROUNDING = 1e-9


def resamples(clusters: Sequence[str], times: int = TIMES, seed: int = 0) -> list[NDArray[np.intp]]:
    """Draw as many clusters as there are, with replacement, again and again.

    Args:
        clusters: By case.
        times: How often.
        seed: Equal seeds draw equally.

    Returns:
        For each time, the positions of the cases drawn, those of a cluster together; none where there are fewer than
        two clusters.
    """
    codes, count = _codes(clusters)
    if count < _LEAST_CLUSTERS:
        return []
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=count)
    starts = np.cumsum(sizes) - sizes
    return [_positions(order, starts[picked], sizes[picked]) for picked in _picks(count, times, seed)]


def interval(
    statistic: Callable[[NDArray[np.intp]], float | None], draws: Sequence[NDArray[np.intp]]
) -> tuple[float, float] | None:
    """The 95% percentile interval of a statistic (Efron & Tibshirani 1993, chapter 13).

    Args:
        statistic: Computes it from the positions of cases; None where it is undefined for these.
        draws: From ``resamples``. Those without a statistic are left out.

    Returns:
        Its 2.5th and 97.5th percentiles, or None where fewer than half of the draws have a statistic, or there are
        none.
    """
    drawn = [value for value in map(statistic, draws) if value is not None]
    return _percentiles(np.array(drawn)) if drawn and 2 * len(drawn) >= len(draws) else None


def ratio_interval(
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    clusters: Sequence[str],
    times: int = TIMES,
    seed: int = 0,
) -> tuple[float, float] | None:
    """The 95% percentile interval of a ratio of sums, such as a mean, or F1 = Σ2TP / Σ(2TP + FP + FN).

    Args:
        numerators: By case.
        denominators: By case, 0 or more. A case with 0 / 0 does not count, as if the suite did not hold it.
        clusters: By case.
        times: How often to draw.
        seed: Equal seeds draw equally.

    Returns:
        What ``interval`` gives for the ratio over the cases that count, or None where fewer than two clusters have
        any.
    """
    counting = np.flatnonzero((numerators != 0) | (denominators != 0))
    codes, count = _codes([clusters[place] for place in counting.tolist()])
    if count < _LEAST_CLUSTERS:
        return None
    sums = np.stack([np.bincount(codes, part[counting], count) for part in (numerators, denominators)], axis=1)
    above, below = (_weights(count, times, seed) @ sums).T
    usable = below > 0
    return _percentiles(above[usable] / below[usable]) if 2 * usable.sum() >= times else None


def exact_interval(share: float, count: int) -> tuple[float, float]:
    """The exact 95% interval of a share of 0 or 1 (Clopper & Pearson 1934), whose draws would all be alike.

    Args:
        share: 0 or 1.
        count: How many independent cases, or clusters of cases, all came out so; from 1.

    Returns:
        Its ends: of a share of 1 the lower one is 0.025 ** (1 / count), which is .03 for one case and .91 for 40.
    """
    end = (1 - _LEVEL) / 2
    least = end ** (1 / count)
    return (least, 1.0) if share else (0.0, 1.0 - least)


def swaps(clusters: Sequence[str], times: int = TIMES, seed: int = 0) -> list[NDArray[np.bool_]]:
    """Toss a coin for each cluster, again and again: whose results to swap between two runs.

    Args:
        clusters: By case.
        times: How often.
        seed: Equal seeds toss equally.

    Returns:
        For each time, by case, whether to swap; cases of a cluster are swapped together.
    """
    codes, count = _codes(clusters)
    tossed = np.random.default_rng(seed).integers(0, 2, size=(times, count)).astype(np.bool_)
    return list(tossed[:, codes])


def p_value(observed: float, differences: Sequence[float]) -> float:
    """How probable a difference at least as large is where the two runs are equally good (Noreen 1989).

    The approximate randomisation test, two-sided. What was observed is itself one of the ways to swap, hence + 1 above
    and below (Davison & Hinkley 1997): it is never 0. Koehn 2004 asks the same of translations by bootstrap.

    Args:
        observed: The difference of the two runs.
        differences: The same after each of the ``swaps``.

    Returns:
        Above 0 and up to 1; 1 for no differences.
    """
    least = abs(observed) * (1 - _ROUNDING)
    return (1 + sum(abs(one) >= least for one in differences)) / (1 + len(differences))


def _codes(clusters: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    """The number of each case's cluster, by name, and how many there are."""
    numbers = {name: number for number, name in enumerate(sorted(set(clusters)))}
    return np.array([numbers[name] for name in clusters], dtype=np.intp), len(numbers)


def _picks(count: int, times: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, count, size=(times, count))


def _weights(count: int, times: int, seed: int) -> NDArray[np.float64]:
    """How often each cluster was drawn each time: the multinomial weights of the same draws as ``resamples``."""
    flat = (_picks(count, times, seed) + count * np.arange(times)[:, None]).ravel()
    return np.bincount(flat, minlength=times * count).reshape(times, count).astype(np.float64)


def _positions(order: NDArray[np.intp], starts: NDArray[np.intp], sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The runs of ``order`` that begin at the starts, one after another."""
    ends = np.cumsum(sizes)
    places: NDArray[np.intp] = np.arange(ends[-1]) + np.repeat(starts - ends + sizes, sizes)
    return order[places]


def _percentiles(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, _PERCENTILES)
    return float(low), float(high)
