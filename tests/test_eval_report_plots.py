"""The plots of the report."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.report import svg
from eval.report.plots import Plot, calibration, kinds, latency, plots, risk
from eval.result import Estimate, Row
from tests.test_eval_report_cases import RIGHT, WHO, outcome, result, row
from tests.test_web_render import HOSTILE


def eager(confidence: float, right: bool, **others: float) -> Row:
    return row(WHO, eager_confidence=confidence, eager_right=float(right), **others)


def drawn(plot: Plot) -> ET.Element:
    assert plot.drawing is not None
    return ET.fromstring(plot.drawing)


def texts(plot: Plot) -> list[str]:
    return [one.text or "" for one in drawn(plot).iter("text")]


ROWS = (
    eager(0.9, True, refused=0.0),
    eager(0.8, True, refused=0.0),
    eager(0.7, False, refused=0.0),
    eager(0.2, False, refused=1.0),
)


def test_risk_and_coverage_are_drawn_from_the_surest_on() -> None:
    (curve,) = drawn(risk(ROWS)).iter("polyline")
    points = [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]
    plane = svg.Plane(1, 0.5)
    expected = [(0.25, 0.0), (0.5, 0.0), (0.75, 1 / 3), (1.0, 0.5)]
    for found, (x, y) in zip(points, expected, strict=True):
        assert found == pytest.approx((plane.x(x), plane.y(y)), abs=0.1)


def test_the_run_itself_is_a_point_of_the_curve() -> None:
    plot = risk(ROWS)
    assert {"as it ran", "75% answered", "33% wrong"} <= set(texts(plot))
    assert "75% were answered, and 33% of those" in plot.reading
    (here,) = [one for one in drawn(plot).iter("circle") if one.attrib["class"] == "here"]
    plane = svg.Plane(1, 0.5)
    assert float(here.attrib["cx"]) == pytest.approx(plane.x(0.75), abs=0.1)
    assert float(here.attrib["cy"]) == pytest.approx(plane.y(1 / 3), abs=0.1)


def test_a_run_that_answers_nothing_has_no_point() -> None:
    plot = risk([eager(0.9, True, refused=1.0)])
    assert "as it ran" not in texts(plot)
    assert "none was answered" in plot.reading


def test_calibration_leaves_out_where_there_was_no_answer() -> None:
    plot = calibration([eager(0.9, True), eager(0.3, False), eager(0.0, False, eager_answered=0.0)])
    assert plot.reading.startswith("2 cases")
    assert [one.attrib["cy"] for one in drawn(plot).iter("circle")] == ["250", "30"]
    assert texts(plot)[-2:] == ["1", "1"]


@pytest.mark.parametrize(
    ("plot", "why"),
    [
        (risk([row(WHO)]), "how sure"),
        (calibration([eager(0.0, False, eager_answered=0.0)]), "how sure"),
        (kinds({"fact": {"recall@5": Estimate(value=1.0, n=3)}}), "right or wrong"),
        (latency(result(row(WHO)), []), "how long"),
    ],
)
def test_a_plot_without_data_says_why(plot: Plot, why: str) -> None:
    assert plot.drawing is None
    assert why in plot.reading


def test_kinds_stand_under_what_is_asked_of_them() -> None:
    share = Estimate(value=0.5, low=0.25, high=0.75, n=8)
    plot = kinds({"near": {"refused_right": share}, "fact": {"answered_right": Estimate(value=0.75, n=4)}})
    assert texts(plot) == ["answered right", "fact", "75% of 4", "rightly refused", "near", "50% of 8"]
    assert "Lowest: near, 50%" in plot.reading
    assert len([one for one in drawn(plot).iter("line") if one.attrib["class"] == "whisker"]) == 1


def test_latency_tells_percentiles_and_stages() -> None:
    timed = [row(WHO, total_seconds=seconds) for seconds in (1.0, 2.0, 3.0)]
    estimates = {"total_p50": Estimate(value=2.0, n=3), "total_p95": Estimate(value=2.9, n=3)}
    plot = latency(result(*timed, estimates=estimates), [outcome(WHO, RIGHT), outcome(WHO)])
    assert {"50% in 2.00 s", "95% in 2.90 s", "condense", "0.50 s", "search", "0.25 s", "read"} <= set(texts(plot))
    assert "3 cases" in plot.reading
    bare = latency(result(*timed), [])
    assert not any("%" in text and "in" in text for text in texts(bare))
    assert "no case tells of its stages" in bare.reading


@pytest.mark.parametrize("plot", [one for one in plots(result(*ROWS, estimates={}), []) if one.drawing])
def test_a_drawing_says_what_it_shows(plot: Plot) -> None:
    root = drawn(plot)
    named = {one.attrib["id"]: one.text for one in root if "id" in one.attrib}
    assert root.attrib["role"] == "img"
    assert [named[name] for name in root.attrib["aria-labelledby"].split()] == [plot.title, plot.reading]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_in_a_drawing_are_escaped(hostile: str) -> None:
    plot = kinds({hostile: {"answered_right": Estimate(value=0.5, n=2)}})
    root = drawn(plot)
    assert {one.tag for one in root.iter()} == {"svg", "title", "desc", "text", "g", "rect"}
    assert not any(name.startswith("on") for one in root.iter() for name in one.attrib)


@given(st.floats(1e-3, 1e6))
def test_ticks_are_few_and_even(most: float) -> None:
    found = svg.ticks(most)
    assert found[0] == 0
    assert found[-1] <= most * (1 + 1e-9)
    assert 5 <= len(found) <= 11
    steps = {round((second - first) / found[1], 6) for first, second in pairwise(found)}
    assert steps == {1.0}


@given(st.floats(1e-3, 1e6))
def test_an_axis_ends_a_little_above_its_data(most: float) -> None:
    assert most <= svg.rounded(most) <= 2 * most


def test_an_element_is_written_in_plain_svg() -> None:
    made = svg.element("text", "a < b", x=1.0, text_anchor="end", class_="tick", y=None, fill='"')
    assert made == '<text x="1" text-anchor="end" class="tick" fill="&#34;">a &lt; b</text>'
    assert re.search(r'x1="0.5"', svg.line(0.5, 0, 1 / 3, 1, "grid"))
