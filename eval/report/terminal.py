"""What a run comes to, for the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.report.cases import FAILED, State, state
from eval.report.figures import ChangeRow, MetricRow, changes, metrics
from eval.report.labels import NO_LABELS, Label
from eval.report.text import readable
from eval.result import Comparison, Result

_ENDED: Mapping[State, str] = {
    "error": "ended in an error",
    "wrong": "wrong",
    "invalid": "with a footnote that is not valid",
    "missed": "with nothing relevant in the first 5",
}
_STYLES = {"better": "green", "worse": "red", "no difference shown": "dim"}


def table(
    result: Result, comparisons: Sequence[Comparison] = (), labels: Mapping[str, Label] = NO_LABELS
) -> RenderableType:
    """The estimates with their intervals, what has changed, and how many cases failed.

    Args:
        result: The run, scored.
        comparisons: With another run.
        labels: What metrics are called, by name; one that has none is called by its name.
    """
    manifest = result.manifest
    title = f"{manifest.suite} · {manifest.system} · {manifest.model} · {len(result.rows)} cases"
    return Group(_table(title, metrics(result.estimates, labels), changes(comparisons, labels)), _failed(result))


def _table(title: str, scored: Sequence[MetricRow], changed: Sequence[ChangeRow]) -> Table:
    drawn = Table(title=_plain(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in (
        "",
        "value",
        "95% interval",
        "cases",
        *(("difference", "95% interval", "") if changed else ()),
    ):
        drawn.add_column(name, justify="right" if name else "left")
    by_name = {change.name: change for change in changed}
    for metric in scored:
        cells = [metric.label.title, metric.value, metric.interval, str(metric.n)]
        drawn.add_row(*map(_plain, cells), *(_change(by_name.get(metric.name)) if changed else ()))
    return drawn


def _change(change: ChangeRow | None) -> list[Text]:
    if change is None:
        return []
    verdict = change.comparison.verdict
    return [
        _plain(change.difference),
        _plain(change.interval),
        Text(f"{change.symbol} {verdict}", style=_STYLES[verdict]),
    ]


def _failed(result: Result) -> Text:
    states = [state(row) for row in result.rows]
    failed = {name: states.count(name) for name in FAILED if name in states}
    if not failed:
        return Text("No case failed.", style="green")
    told = ", ".join(f"{count} {_ENDED[name]}" for name, count in failed.items())
    return Text(f"{sum(failed.values())} of {len(states)} cases failed: {told}.", style="red")


def _plain(text: str) -> Text:
    """Text as it is: no markup, nothing hidden, on one line."""
    return Text(" ".join(readable(text).split()))
