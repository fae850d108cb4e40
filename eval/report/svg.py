"""Drawings as inline SVG: elements, a plane with axes, and ticks. Knows nothing of metrics.

Colours are classes of the style sheet, so that a drawing is light or dark with the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from eval.report.text import readable

Attribute = str | float | None

WIDTH = 460
"""Of every drawing, in its own units; the page scales it."""


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """An element; ``class_`` is ``class``, other underscores are hyphens, and None leaves an attribute out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, Markup("").join(map(_child, children)))  # noqa: S704


def drawing(key: str, title: str, description: str, height: float, *children: str) -> Markup:
    """A whole drawing, with what it shows said to those who can't see it. The key is unique in the page."""
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *children,
        class_="plot",
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def words(x: float, y: float, text: str, anchor: str = "start", class_: str | None = None) -> Markup:
    """A line of text; the anchor is ``start``, ``middle`` or ``end``."""
    return element("text", text, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane with two axes that begin at 0.

    Attributes:
        most_x: Where the horizontal axis ends.
        most_y: Where the vertical axis ends.
        left: Of the plane in the drawing; likewise right, top and bottom.
    """

    most_x: float
    most_y: float
    left: float = 52
    right: float = WIDTH - 16
    top: float = 30
    bottom: float = 250

    def x(self, value: float) -> float:
        """Where a value stands horizontally."""
        return self.left + (self.right - self.left) * value / self.most_x

    def y(self, value: float) -> float:
        """Where a value stands vertically."""
        return self.bottom - (self.bottom - self.top) * value / self.most_y

    def path(self, points: Sequence[tuple[float, float]], class_: str) -> Markup:
        """A line through points."""
        return element(
            "polyline", points=" ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points), class_=class_
        )

    def line(self, begin: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
        """A straight line between two points."""
        return line(self.x(begin[0]), self.y(begin[1]), self.x(end[0]), self.y(end[1]), class_)

    def axes(self, across: str, up: str, *, percent_x: bool = True, percent_y: bool = True) -> Markup:
        """The grid with its figures and the names of the axes."""
        pieces = [words(self.left - 40, self.top - 16, up, class_="axis")]
        pieces.append(words(self.right, self.bottom + 36, across, "end", "axis"))
        for value in ticks(self.most_y):
            pieces.append(line(self.left, self.y(value), self.right, self.y(value), "grid"))
            pieces.append(words(self.left - 8, self.y(value) + 4, _figure(value, percent_y), "end", "tick"))
        for value in ticks(self.most_x):
            pieces.append(words(self.x(value), self.bottom + 18, _figure(value, percent_x), "middle", "tick"))
        return Markup("").join(pieces)


def ticks(most: float, least: int = 4) -> list[float]:
    """Round values from 0 to there, at least so many steps of 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(most))
    steps = [power * factor / 10 for factor in (1, 2, 2.5, 5, 10, 20, 25)]
    step = max((step for step in steps if most / step >= least - 1e-9), default=steps[0])
    return [number * step for number in range(int(most / step + 1e-9) + 1)]


def rounded(most: float) -> float:
    """The next value up at which an axis may end."""
    power = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    return next(power * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * factor >= most)


def _figure(value: float, percent: bool) -> str:
    return f"{value * 100:g}%" if percent else f"{value:g}"


def _value(value: Attribute) -> str:
    return readable(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _child(child: str) -> Markup:
    return child if isinstance(child, Markup) else escape(readable(child))
