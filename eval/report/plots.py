"""The plots of the report, made of a run's figures. Each says in words what it shows, or why it shows nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup

from eval.measures.selective import Bin, Point, calibration_bins, risk_coverage
from eval.outcome import Outcome
from eval.report import svg
from eval.report.cases import stages
from eval.report.labels import figure
from eval.report.text import shortened
from eval.result import Estimate, Result, Row

_ROW = 26
_NAME = 138
_END = svg.WIDTH - 84
_NAME_CHARACTERS = 18
# Roughly, of the widest words beside the point and beside a percentile.
_HERE_WIDTH, _MARK_WIDTH = 135, 130
_MIDDLE = 0.5
_UNSURE = "No case tells how sure the system was of what it would have answered."


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its words.

    Attributes:
        title: What it is of.
        reading: What is to be seen, or why there is nothing.
        drawing: None where there is nothing.
    """

    title: str
    reading: str
    drawing: Markup | None = None


def plots(result: Result, outcomes: Sequence[Outcome]) -> list[Plot]:
    """All plots, in the order of the page."""
    return [risk(result.rows), calibration(result.rows), kinds(result.by_kind), latency(result, outcomes)]


def risk(rows: Sequence[Row]) -> Plot:
    """The risk–coverage curve, with the point at which the run stood."""
    title = "What answering more would cost"
    known = _eager(rows)
    if not known:
        return Plot(title, _UNSURE)
    points = risk_coverage(*_confidences(known))
    now = _operating(known)
    plane = svg.Plane(1, svg.rounded(max(0.1, *(point.risk for point in points))))
    whole = points[-1].risk
    reading = f"If the surest answers were given first: all {len(known)} answered, {whole:.0%} would be wrong. " + (
        f"As it ran, {now.coverage:.0%} were answered, and {now.risk:.0%} of those answers were wrong."
        if now
        else "As it ran, none was answered."
    )
    pieces = [
        plane.axes("questions answered", "answers that are wrong"),
        plane.line((0, whole), (1, whole), "guide"),
        svg.words(plane.left + 6, min(plane.y(whole) + 16, plane.bottom - 6), "in any order", class_="quiet"),
        plane.path([(point.coverage, point.risk) for point in points], "curve"),
        _here(plane, now) if now else Markup(""),
    ]
    return Plot(title, reading, svg.drawing("risk", title, reading, 292, *pieces))


def calibration(rows: Sequence[Row]) -> Plot:
    """A reliability diagram: how sure it was, and how often right."""
    title = "Whether its confidence can be believed"
    # Where nothing stands there is no answer to be sure of.
    known = [row for row in _eager(rows) if row.values.get("eager_answered", 1.0)]
    if not known:
        return Plot(title, _UNSURE)
    bins = calibration_bins(*_confidences(known))
    plane = svg.Plane(1, 1)
    reading = (
        f"{len(known)} cases by rising confidence, in {len(bins)} groups; the figure at each is how many it holds. "
        "On the dashed line it is right as often as it says; below it, less often."
    )
    pieces = [
        plane.axes("confidence", "right"),
        plane.line((0, 0), (1, 1), "guide"),
        *(_group(plane, one, high=bool(place % 2)) for place, one in enumerate(bins)),
    ]
    return Plot(title, reading, svg.drawing("calibration", title, reading, 292, *pieces))


def kinds(by_kind: Mapping[str, Mapping[str, Estimate]]) -> Plot:
    """The share that is right, by kind of question."""
    title = "Right, by kind of question"
    groups = [
        (heading, [(kind, found[name]) for kind, found in by_kind.items() if name in found and found[name].n])
        for name, heading in (("answered_right", "answered right"), ("refused_right", "rightly refused"))
    ]
    shown = [(heading, bars) for heading, bars in groups if bars]
    if not shown:
        return Plot(title, "No case is scored as right or wrong.")
    pieces: list[Markup] = []
    y = 0.0
    for heading, bars in shown:
        pieces.append(svg.words(0, y + 16, heading, class_="axis"))
        pieces += [_share(kind, estimate, y + (place + 1) * _ROW) for place, (kind, estimate) in enumerate(bars)]
        y += (len(bars) + 1) * _ROW + 8
    lowest = min((one for _, bars in shown for one in bars), key=lambda bar: bar[1].value or 0.0)
    least = f"{lowest[0]}, {lowest[1].value or 0.0:.0%}"
    reading = f"The bar is the share of the cases, the line its 95% interval. Lowest: {least}."
    return Plot(title, reading, svg.drawing("kinds", title, reading, y, *pieces))


def latency(result: Result, outcomes: Sequence[Outcome]) -> Plot:
    """How long cases took, and in which stage."""
    title = "How long it takes"
    seconds = sorted(row.values["total_seconds"] for row in result.rows if "total_seconds" in row.values)
    if not seconds:
        return Plot(title, "No case tells how long it took.")
    plane = svg.Plane(svg.rounded(seconds[-1] or 1.0), 1, bottom=210)
    taken = _by_stage(outcomes)
    marks = _percentiles(result.estimates)
    reading = f"The share of {len(seconds)} cases that were done after so many seconds" + (
        ", and the mean of each stage." if taken else "; no case tells of its stages."
    )
    steps = [(one, (place + up) / len(seconds)) for place, one in enumerate(seconds) for up in (0, 1)]
    pieces = [
        plane.axes("seconds", "cases done", percent_x=False),
        plane.path(steps, "curve"),
        *(plane.line((mark, 0), (mark, 1), "guide") for mark in marks.values()),
        *(_percentile(plane, share, mark) for share, mark in marks.items()),
        *(_stage(place, name, value, taken) for place, (name, value) in enumerate(taken.items())),
    ]
    return Plot(title, reading, svg.drawing("latency", title, reading, 262 + len(taken) * _ROW, *pieces))


def _eager(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if "eager_confidence" in row.values and "eager_right" in row.values]


def _confidences(rows: Sequence[Row]) -> tuple[list[float], list[bool]]:
    return [row.values["eager_confidence"] for row in rows], [bool(row.values["eager_right"]) for row in rows]


def _operating(rows: Sequence[Row]) -> Point | None:
    """How many of them were answered in the run, and how many of those answers were wrong."""
    told = [row for row in rows if "refused" in row.values]
    answered = [row for row in told if not row.values["refused"]]
    if not answered:
        return None
    wrong = sum(not row.values["eager_right"] for row in answered)
    least = min(row.values["eager_confidence"] for row in answered)
    return Point(coverage=len(answered) / len(told), risk=wrong / len(answered), confidence=least)


def _here(plane: svg.Plane, now: Point) -> Markup:
    x, y = plane.x(now.coverage), plane.y(now.risk)
    told = ("as it ran", f"{now.coverage:.0%} answered", f"{now.risk:.0%} wrong")
    # The curve rises to the right: above it on the left there is room, unless the axis is too near.
    late = x - _HERE_WIDTH > plane.left
    beside, anchor = (x - 12, "end") if late else (x + 12, "start")
    top = max(y - 38, plane.top + 12) if late else min(y + 18, plane.bottom - 40)
    lines = [svg.words(beside, top + 16 * place, text, anchor, "strong") for place, text in enumerate(told)]
    return Markup("").join([svg.element("circle", cx=x, cy=y, r=6, class_="here"), *lines])


def _group(plane: svg.Plane, one: Bin, *, high: bool) -> Markup:
    """A bin, its count above or below it; at two heights in turn, so that neighbours don't hide each other's."""
    x, y = plane.x(one.mean_confidence), plane.y(one.accuracy)
    away = 14 if high else 0
    count = y - 10 - away if one.accuracy < _MIDDLE else y + 20 + away
    return Markup("").join(
        [
            plane.line((one.low, one.accuracy), (one.high, one.accuracy), "reach"),
            svg.element("circle", cx=x, cy=y, r=5, class_="dot"),
            svg.words(x, count, str(one.count), "middle", "tick"),
        ]
    )


def _share(name: str, estimate: Estimate, y: float) -> Markup:
    value = estimate.value or 0.0
    pieces = [
        svg.element("rect", x=_NAME, y=y + 5, width=_END - _NAME, height=12, class_="track"),
        svg.element("rect", x=_NAME, y=y + 5, width=_across(value) - _NAME, height=12, class_="bar"),
        svg.words(_NAME - 8, y + 16, shortened(name, _NAME_CHARACTERS), "end", "tick"),
        svg.words(_END + 8, y + 16, f"{value:.0%} of {estimate.n}", class_="strong"),
    ]
    if estimate.low is not None and estimate.high is not None:
        pieces.append(svg.line(_across(estimate.low), y + 11, _across(estimate.high), y + 11, "whisker"))
    return svg.element("g", svg.element("title", name), *pieces)


def _across(share: float) -> float:
    return _NAME + (_END - _NAME) * share


def _percentiles(estimates: Mapping[str, Estimate]) -> dict[int, float]:
    """The seconds by percentile, as far as they are scored."""
    found = {share: estimates.get(f"total_p{share}") for share in (50, 95)}
    return {share: one.value for share, one in found.items() if one and one.value is not None}


def _percentile(plane: svg.Plane, share: int, seconds: float) -> Markup:
    x = plane.x(seconds)
    late = x + _MARK_WIDTH > plane.right
    # Two that are close to each other would stand in each other's way at one height.
    y = plane.y(share / 250)
    text = f"{share}% in {figure(seconds, 'seconds')}"
    return svg.words(x - 6 if late else x + 6, y, text, "end" if late else "start", "strong")


def _by_stage(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The mean seconds of each stage, over the cases that had it."""
    timed = [stages(outcome.reply.timings) for outcome in outcomes if outcome.reply]
    names = dict.fromkeys(name for one in timed for name in one)
    return {name: mean(one[name] for one in timed if name in one) for name in names}


def _stage(place: int, name: str, seconds: float, taken: Mapping[str, float]) -> Markup:
    y = 262 + place * _ROW
    width = (_END - _NAME) * seconds / (max(taken.values()) or 1.0)
    return Markup("").join(
        [
            svg.element("rect", x=_NAME, y=y + 5, width=max(1.0, width), height=12, class_="bar"),
            svg.words(_NAME - 8, y + 16, name, "end", "tick"),
            svg.words(_NAME + width + 8, y + 16, figure(seconds, "seconds"), class_="strong"),
        ]
    )
