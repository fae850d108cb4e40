"""Two runs of the same suite, compared case by case. Pure."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval import intervals
from eval.metrics import BY_NAME
from eval.result import Comparison, Manifest, Result, Row
from eval.table import Metric, Table, stacked

# Options that say which cases are asked, and not how.
_CHOOSING = {"cases", "fresh", "limit", "only", "seed"}


def compare(now: Sequence[Row], before: Sequence[Row], names: Sequence[str]) -> list[Comparison]:
    """Two runs of the same suite, paired case by case.

    The interval is that of the difference under a paired bootstrap over clusters, the probability that of an
    approximate randomisation test (Noreen 1989); see ``eval/intervals.py``. One is better only where both say so: with
    four cases that differ, all in one way, the bootstrap alone would be sure. What fewer cases were asked in, or with
    the same gold, is compared over those alone.

    Args:
        now: The rows of one run.
        before: Those of the other.
        names: The metrics to compare; those that either run has no cases for are left out.
    """
    pairs = paired(now, before)
    first, second = Table.of([row for row, _ in pairs]), Table.of([other for _, other in pairs])
    clusters = [row.cluster for row, _ in pairs]
    draws, swaps = intervals.resamples(clusters), intervals.swaps(clusters)
    found = (_compared(BY_NAME[name], first, second, draws, swaps) for name in names)
    return [one for one in found if one is not None]


def paired(now: Sequence[Row], before: Sequence[Row]) -> list[tuple[Row, Row]]:
    """The rows of the cases that both runs asked, of which the gold is the same."""
    others = {(row.case, row.gold): row for row in before}
    return [(row, others[row.case, row.gold]) for row in now if (row.case, row.gold) in others]


def remarks(now: Result, before: Result) -> list[str]:
    """What a reader of the comparison should know: how the two runs differ, in sentences."""
    ours, theirs = now.manifest, before.manifest
    both = len({row.case for row in now.rows} & {row.case for row in before.rows})
    same = len(paired(now.rows, before.rows))
    when = theirs.begun[:16].replace("T", " ")
    counts = f"{same} cases are compared, of {len(now.rows)} here and {len(before.rows)} there"
    said = [f"The other run began {when}; {counts}."]
    if same < both:
        said.append(f"Left out: {both - same} whose gold has changed.")
    if ours.corpus_hash != theirs.corpus_hash:
        said.append("The documents have changed.")
    told = [f"{name} {there} → {here}" for name, there, here in _changed(ours, theirs) if there != here]
    return [*said, *([f"Changed: {'; '.join(told)}."] if told else [])]


def _changed(ours: Manifest, theirs: Manifest) -> Iterator[tuple[str, str, str]]:
    yield "system", theirs.system, ours.system
    yield "model", theirs.model, ours.model
    yield "prompts", theirs.prompts, ours.prompts
    for name in sorted({*ours.settings, *theirs.settings}):
        yield name, theirs.settings.get(name, "default"), ours.settings.get(name, "default")
    for name in sorted({*ours.options, *theirs.options} - _CHOOSING):
        yield name, theirs.options.get(name, "no"), ours.options.get(name, "no")


def _compared(
    metric: Metric,
    first: Table,
    second: Table,
    draws: Sequence[NDArray[np.intp]],
    swaps: Sequence[NDArray[np.bool_]],
) -> Comparison | None:
    if metric.judged:
        # A judge that fails on an answer says nothing of it, so what only one run was judged on can't be compared.
        shared = metric.counting(first) & metric.counting(second)
        first, second = first.without(metric.judged, ~shared), second.without(metric.judged, ~shared)
    now, before = metric.value(first), metric.value(second)
    if now is None or before is None:
        return None
    ends = None
    if metric.drawn:
        ends = intervals.interval(lambda drawn: _less(metric, first.take(drawn), second.take(drawn)), draws)
    both = stacked(first, second)
    places = np.arange(len(first))
    swapped = (
        _less(metric, both.take(places + len(first) * swap), both.take(places + len(first) * ~swap)) for swap in swaps
    )
    p = intervals.p_value(now - before, [one for one in swapped if one is not None])
    return Comparison(
        metric=metric.name,
        before=before,
        now=now,
        difference=now - before,
        low=ends and ends[0],
        high=ends and ends[1],
        p=p,
        n=int((metric.counting(first) | metric.counting(second)).sum()),
        verdict=_verdict(metric, ends, p),
    )


def _verdict(
    metric: Metric, ends: tuple[float, float] | None, p: float
) -> Literal["better", "worse", "no difference shown"]:
    if ends is None or ends[0] <= 0.0 <= ends[1] or p >= intervals.DOUBT or metric.better is None:
        return "no difference shown"
    return "better" if (ends[0] > 0.0) == (metric.better == "higher") else "worse"


def _less(metric: Metric, first: Table, second: Table) -> float | None:
    now, before = metric.value(first), metric.value(second)
    return None if now is None or before is None else now - before
