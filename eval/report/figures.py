"""Metrics and comparisons as the page shows them: figures in words, and intervals drawn. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from eval.report import svg
from eval.report.labels import Label, difference, differences, figure, interval, label_of
from eval.result import Comparison, Estimate, Unit

_HEADLINES = (
    *("answered_right", "refused_right", "citation_validity", "citation_hit", "total_p50"),
    *("recall@5", "ndcg@10", "mrr", "span_recall@5", "recall@1"),
)
_MOST_HEADLINES = 5
_BAR = 120
SYMBOLS = {"better": "▲", "worse": "▼", "no difference shown": "="}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric as the page shows it.

    Attributes:
        name: Its name in files.
        label: Its name in words.
        value: The figure.
        interval: The interval; empty where there is none.
        bar: The same drawn.
        n: How many cases it rests on.
        scored: Whether there is a figure.
    """

    name: str
    label: Label
    value: str
    interval: str
    bar: Markup
    n: int
    scored: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A comparison as the page shows it; the figures are in words.

    Attributes:
        name: The metric's name in files.
        label: Its name in words.
        before: In the other run.
        now: In this one.
        difference: Between the two.
        interval: The interval of the difference.
        symbol: The verdict as a symbol.
        comparison: What was found.
    """

    name: str
    label: Label
    before: str
    now: str
    difference: str
    interval: str
    symbol: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since another run.

    Attributes:
        comparisons: Metric by metric.
        remarks: What a reader of these should know, in sentences.
    """

    comparisons: Sequence[Comparison] = ()
    remarks: Sequence[str] = ()


NO_CHANGES = Changes()


def metrics(estimates: Mapping[str, Estimate], labels: Mapping[str, Label]) -> list[MetricRow]:
    """Every metric of a run, in its order."""
    tops = _tops(estimates, labels)
    return [_metric(name, estimate, label_of(name, labels), tops) for name, estimate in estimates.items()]


def headlines(metrics: Sequence[MetricRow]) -> list[MetricRow]:
    """Those with which the page begins: what matters most of what is scored."""
    scored = {metric.name: metric for metric in metrics if metric.scored}
    return [scored[name] for name in _HEADLINES if name in scored][:_MOST_HEADLINES]


def changes(comparisons: Sequence[Comparison], labels: Mapping[str, Label]) -> list[ChangeRow]:
    """Every comparison, in its order."""
    return [_change(one, label_of(one.metric, labels)) for one in comparisons]


def _metric(name: str, estimate: Estimate, label: Label, tops: Mapping[Unit, float]) -> MetricRow:
    return MetricRow(
        name=name,
        label=label,
        value=figure(estimate.value, label.unit),
        interval=interval(estimate, label.unit),
        bar=_bar(estimate, tops[label.unit]),
        n=estimate.n,
        scored=estimate.value is not None,
    )


def _change(one: Comparison, label: Label) -> ChangeRow:
    return ChangeRow(
        name=one.metric,
        label=label,
        before=figure(one.before, label.unit),
        now=figure(one.now, label.unit),
        difference=difference(one.difference, label.unit),
        interval=differences(one.low, one.high, label.unit),
        symbol=SYMBOLS[one.verdict],
        comparison=one,
    )


def _tops(estimates: Mapping[str, Estimate], labels: Mapping[str, Label]) -> dict[Unit, float]:
    """Where the bars of each unit end: shares and scores at 1, others at the highest of them."""
    tops: dict[Unit, float] = {"share": 1.0, "score": 1.0}
    for name, estimate in estimates.items():
        unit = label_of(name, labels).unit
        tops[unit] = max(tops.get(unit, 0.0), estimate.value or 0.0, estimate.high or 0.0)
    return tops


def _bar(estimate: Estimate, top: float) -> Markup:
    """An estimate in its interval, where there is one. The figures stand beside it, so readers' aids pass it over."""
    if estimate.value is None or estimate.low is None or estimate.high is None or not top:
        return Markup("")
    pieces = [
        svg.line(4, 8, _BAR - 4, 8, "track-line"),
        svg.line(_along(estimate.low, top), 8, _along(estimate.high, top), 8, "whisker"),
        svg.element("circle", cx=_along(estimate.value, top), cy=8, r=4, class_="dot"),
    ]
    return svg.element("svg", *pieces, class_="interval", viewBox=f"0 0 {_BAR} 16", aria_hidden="true")


def _along(value: float, top: float) -> float:
    return 4 + (_BAR - 8) * min(1.0, max(0.0, value / top))
