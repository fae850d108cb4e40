"""A run's rows as columns, and what a metric is: how it is computed over them, with its interval. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval import intervals
from eval.result import Estimate, Row, Unit

Column: TypeAlias = NDArray[np.float64]
Ratio: TypeAlias = Callable[["Table"], tuple[Column, Column]]
Better = Literal["higher", "lower"]


class Table:
    """The rows of a run as columns."""

    def __init__(self, columns: Mapping[str, Column], length: int) -> None:
        self._columns = columns
        self._length = length

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Table":
        """Columns by name; NaN where a row has no such figure."""
        names = {name for row in rows for name in row.values}
        return cls({name: np.array([row.values.get(name, np.nan) for row in rows]) for name in names}, len(rows))

    def __len__(self) -> int:
        return self._length

    def column(self, name: str) -> Column:
        """One figure by case."""
        return self._columns[name] if name in self._columns else np.full(self._length, np.nan)

    def names(self) -> Sequence[str]:
        """The figures that some case has."""
        return list(self._columns)

    def without(self, column: str, positions: NDArray[np.bool_]) -> "Table":
        """The same, but that these rows have no figure of that name."""
        changed = np.where(positions, np.nan, self.column(column))
        return Table({**self._columns, column: changed}, self._length)

    def take(self, positions: NDArray[np.intp]) -> "Table":
        """The rows at these positions, as often as they stand there."""
        return Table({name: column[positions] for name, column in self._columns.items()}, len(positions))


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run.

    Attributes:
        name: As in files and gates.
        title: As in tables.
        definition: What it is, and whose definition that is.
        unit: What it is counted in.
        better: Whether more of it is better, or less; None where neither is.
        ratio: By case, what is added above and below the line; a case with 0 / 0 does not count.
        statistic: Computes it where it is no ratio; None where it is undefined.
        applies: By case, whether it counts for a statistic.
        drawn: Whether drawing cases again makes a run whose statistic can be taken like that of any other.
        redrawn: Computes it for the cases at these positions, drawn again, where it can't.
        signed: Whether it can be below 0.
        judged: The column of a judge, whose failures leave cases unscored; else None.
    """

    name: str
    title: str
    definition: str
    unit: Unit
    better: Better | None
    ratio: Ratio | None = None
    statistic: Callable[[Table], float | None] | None = None
    applies: Callable[[Table], NDArray[np.bool_]] = lambda table: np.ones(len(table), dtype=np.bool_)
    drawn: bool = True
    redrawn: Callable[[Table, NDArray[np.intp]], float | None] | None = None
    signed: bool = False
    judged: str | None = None

    def value(self, table: Table) -> float | None:
        """The figure over a table, None where no case counts."""
        if self.ratio is None:
            return self.statistic(self._counting(table)) if self.statistic else None
        above, below = self.ratio(table)
        return float(above.sum() / below.sum()) if below.sum() > 0 else None

    def counting(self, table: Table) -> NDArray[np.bool_]:
        """By case, whether the figure rests on it."""
        if self.ratio is None:
            return self.applies(table)
        above, below = self.ratio(table)
        return np.asarray((above != 0) | (below != 0))

    def estimate(self, table: Table, clusters: Sequence[str]) -> Estimate:
        """The figure with its 95% interval.

        Args:
            table: The cases.
            clusters: Theirs, by case.
        """
        value = self.value(table)
        if value is None:
            return Estimate(value=None)
        there = np.flatnonzero(self.counting(table))
        if self.ratio is not None:
            ends = intervals.ratio_interval(*self.ratio(table), clusters)
        else:
            counting = self._counting(table)
            sure = self.drawn or self.redrawn is not None
            draws = intervals.resamples([clusters[int(place)] for place in there]) if sure else []
            ends = intervals.interval(lambda drawn: self._drawn(counting, drawn), draws)
        low, high = self._honest(value, ends, len({clusters[int(place)] for place in there}))
        return Estimate(value=value, low=low, high=high, n=len(there))

    def _honest(
        self, value: float, ends: tuple[float, float] | None, clusters: int
    ) -> tuple[float, float] | tuple[None, None]:
        """The interval, but not one of no width: where all cases came out alike, drawing them again tells nothing."""
        if ends is not None and ends[0] < ends[1]:
            return ends
        if self.unit in ("share", "score") and self.ratio is not None and not self.signed and value in (0.0, 1.0):
            return intervals.exact_interval(value, clusters)
        return (None, None)

    def _drawn(self, table: Table, positions: NDArray[np.intp]) -> float | None:
        if self.redrawn is not None:
            return self.redrawn(table, positions)
        return self.statistic(table.take(positions)) if self.statistic else None

    def _counting(self, table: Table) -> Table:
        return table.take(np.flatnonzero(self.applies(table)))


def mean(column: str, **where: float) -> Ratio:
    """The mean of a column over the cases in which other columns have these values."""

    def ratio(table: Table) -> tuple[Column, Column]:
        values = table.column(column)
        there = ~np.isnan(values)
        for name, wanted in where.items():
            there &= table.column(name) == wanted
        return np.where(there, values, 0.0), there.astype(np.float64)

    return ratio


def sums(above: str, below: str) -> Ratio:
    """The sum of one column over the sum of another."""
    return lambda table: (np.nan_to_num(table.column(above)), np.nan_to_num(table.column(below)))


def difference(first: str, second: str) -> Ratio:
    """The mean of one column less another, over the cases that have both."""

    def ratio(table: Table) -> tuple[Column, Column]:
        values = table.column(first) - table.column(second)
        there = ~np.isnan(values)
        return np.where(there, values, 0.0), there.astype(np.float64)

    return ratio


def refusals(kind: Literal["precision", "recall", "f1"]) -> Ratio:
    """Refusal as the positive class (van Rijsbergen 1979), as SQuAD 2.0's reports have it for "no answer".

    F1 is 2TP / (2TP + FP + FN), which is the harmonic mean wherever that is defined.
    """

    def ratio(table: Table) -> tuple[Column, Column]:
        refused, unanswerable = np.nan_to_num(table.column("refused")), 1.0 - table.column("answerable")
        unanswerable = np.where(np.isnan(table.column("refused")), 0.0, unanswerable)
        rightly = refused * unanswerable
        if kind == "f1":
            return 2 * rightly, refused + unanswerable
        return rightly, refused if kind == "precision" else unanswerable

    return ratio


def stacked(first: Table, second: Table) -> Table:
    """The rows of one table, then those of another."""
    names = {*first.names(), *second.names()}
    columns = {name: np.concatenate([first.column(name), second.column(name)]) for name in names}
    return Table(columns, len(first) + len(second))
