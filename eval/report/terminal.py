"""What a run comes to, for the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.report.cases import FAILED, VERDICTS, state
from eval.report.figures import ChangeRow, changes, metrics
from eval.report.labels import NO_LABELS, Label
from eval.report.text import readable
from eval.result import Comparison, Estimate, Result

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
    compared = changes(comparisons, labels)
    return Group(
        scored(title, result.estimates, labels),
        *([_compared(compared)] if compared else []),
        _failed(result),
    )


def scored(title: str, estimates: Mapping[str, Estimate], labels: Mapping[str, Label] = NO_LABELS) -> RenderableType:
    """Estimates with their intervals, under a title."""
    drawn = _table(title, "value", "95% interval", "cases")
    for metric in metrics(estimates, labels):
        drawn.add_row(*map(_plain, (metric.label.title, metric.value, metric.interval, str(metric.n))))
    return drawn


def _compared(changed: Sequence[ChangeRow]) -> Table:
    drawn = _table("Compared with the other run, case by case", "before", "now", "difference", "95% interval", "")
    for change in changed:
        cells = (change.label.title, change.before, change.now, change.difference, change.interval)
        verdict = change.comparison.verdict
        said = change.symbol if verdict == "no difference shown" else f"{change.symbol} {verdict}"
        drawn.add_row(*map(_plain, cells), Text(said, style=_STYLES[verdict]))
    drawn.caption = "=: no difference shown; better or worse: beyond the interval"
    return drawn


def _table(title: str, *columns: str) -> Table:
    """An empty table whose first column names metrics."""
    drawn = Table(
        title=_plain(title),
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    drawn.add_column("")
    for name in columns:
        drawn.add_column(name, justify="right" if name else "left")
    return drawn


def _failed(result: Result) -> Text:
    states = [state(row) for row in result.rows]
    failed = {name: states.count(name) for name in FAILED if name in states}
    if not failed:
        return Text("No case failed.", style="green")
    told = "; ".join(f"{count} {VERDICTS[name]}" for name, count in failed.items())
    return Text(f"{sum(failed.values())} of {len(states)} cases failed: {told}.", style="red")


def _plain(text: str) -> Text:
    """Text as it is: no markup, nothing hidden, on one line."""
    return Text(" ".join(readable(text).split()))
