"""Two runs of the same suite, compared case by case. Pure."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval import intervals
from eval.metrics import BY_NAME
from eval.result import Comparison, Row
from eval.table import Metric, Table, stacked


def compare(now: Sequence[Row], before: Sequence[Row], names: Sequence[str]) -> list[Comparison]:
    """Two runs of the same suite, paired case by case.

    The interval is that of the difference under a paired bootstrap over clusters, the probability that of an
    approximate randomisation test (Noreen 1989); see ``eval/intervals.py``. What fewer cases were asked in is compared
    over those alone.

    Args:
        now: The rows of one run.
        before: Those of the other.
        names: The metrics to compare; those that either run has no cases for are left out.
    """
    others = {row.case: row for row in before}
    pairs = [(row, others[row.case]) for row in now if row.case in others]
    first, second = Table.of([row for row, _ in pairs]), Table.of([other for _, other in pairs])
    clusters = [row.cluster for row, _ in pairs]
    draws, swaps = intervals.resamples(clusters), intervals.swaps(clusters)
    found = (_compared(BY_NAME[name], first, second, draws, swaps) for name in names)
    return [one for one in found if one is not None]


def _compared(
    metric: Metric,
    first: Table,
    second: Table,
    draws: Sequence[NDArray[np.intp]],
    swaps: Sequence[NDArray[np.bool_]],
) -> Comparison | None:
    now, before = metric.value(first), metric.value(second)
    if now is None or before is None:
        return None
    low, high = intervals.interval(lambda drawn: _less(metric, first.take(drawn), second.take(drawn)), draws) or (
        now - before,
        now - before,
    )
    both = stacked(first, second)
    places = np.arange(len(first))
    swapped = (
        _less(metric, both.take(places + len(first) * swap), both.take(places + len(first) * ~swap)) for swap in swaps
    )
    return Comparison(
        metric=metric.name,
        before=before,
        now=now,
        difference=now - before,
        low=low,
        high=high,
        p=intervals.p_value(now - before, [one for one in swapped if one is not None]),
        n=len(first),
        verdict=_verdict(metric, low, high),
    )


def _verdict(metric: Metric, low: float, high: float) -> Literal["better", "worse", "no difference shown"]:
    if low <= 0.0 <= high or metric.better is None:
        return "no difference shown"
    return "better" if (low > 0.0) == (metric.better == "higher") else "worse"


def _less(metric: Metric, first: Table, second: Table) -> float | None:
    now, before = metric.value(first), metric.value(second)
    return None if now is None or before is None else now - before
