"""What a metric is called and how its figures are written. Knows no metric by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eval.result import Estimate, Unit

UNSCORED = "–"
# From here on, tenths say nothing.
_MANY = 100


@dataclass(frozen=True, slots=True)
class Label:
    """How a metric is told to a reader.

    Attributes:
        title: Its name in words.
        definition: What is counted, and over what; may be empty.
        unit: How its figures are written.
    """

    title: str
    definition: str = ""
    unit: Unit = "score"


NO_LABELS: Mapping[str, Label] = MappingProxyType({})


def label_of(name: str, labels: Mapping[str, Label]) -> Label:
    """A metric's label; one that has none is called by its own name."""
    return labels.get(name) or Label(name)


def figure(value: float | None, unit: Unit) -> str:
    """A figure with its unit."""
    if value is None:
        return UNSCORED
    written = {
        "share": f"{value:.1%}",
        "score": f"{value:.3f}",
        "seconds": f"{value:.2f} s",
        "count": _counted(value),
        "words": _counted(value),
    }[unit]
    return written.replace("-", "−")


def difference(value: float, unit: Unit) -> str:
    """A difference of two figures, with its sign; that of two shares in percentage points."""
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    if unit == "share":
        return f"{sign}{abs(value) * 100:.1f} points"
    return f"{sign}{figure(abs(value), unit)}"


def differences(low: float | None, high: float | None, unit: Unit) -> str:
    """The interval of a difference, with the unit once; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{difference(low, unit).partition(' ')[0]} … {difference(high, unit)}"


def interval(estimate: Estimate, unit: Unit) -> str:
    """The interval of an estimate, with the unit once; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    number, _, word = figure(estimate.high, unit).partition(" ")
    low = figure(estimate.low, unit).partition(" ")[0].removesuffix("%")
    between = "–" if estimate.low >= 0 else " … "
    return f"{low}{between}{number} {word}".rstrip()


def _counted(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.1f}".removesuffix(".0")
