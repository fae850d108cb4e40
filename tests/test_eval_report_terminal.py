"""The table for the terminal, and how figures are written there and on the page."""

import io

import pytest
from rich.console import Console

from eval import report
from eval.report.labels import difference, figure, interval
from eval.result import Comparison, Estimate, Result
from tests.test_eval_report import BETTER, ESTIMATES, LABELS, RUN, WORSE
from tests.test_eval_report_cases import WHO, result, row


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figure(0.1234, "share"), "12.3%"),
        (figure(0.1234, "score"), "0.123"),
        (figure(1.5, "seconds"), "1.50 s"),
        (figure(1234.5, "count"), "1,234"),
        (figure(3.0, "words"), "3"),
        (figure(-0.25, "share"), "−25.0%"),
        (figure(None, "share"), "–"),
        (difference(-0.05, "share"), "−5.0 points"),
        (difference(0.5, "seconds"), "+0.50 s"),
        (difference(0.0, "score"), "±0.000"),
        (interval(Estimate(value=0.5, low=0.25, high=1.0), "share"), "25.0–100.0%"),
        (interval(Estimate(value=0.0, low=-0.25, high=0.5), "share"), "−25.0 … 50.0%"),
        (interval(Estimate(value=1.0, low=0.5, high=1.5), "seconds"), "0.50–1.50 s"),
        (interval(Estimate(value=1.0), "seconds"), ""),
    ],
)
def test_figures_are_written_with_their_unit(written: str, expected: str) -> None:
    assert written == expected


def printed(run: Result, *comparisons: Comparison) -> str:
    console = Console(file=io.StringIO(), width=140, color_system=None)
    console.print(report.table(run, comparisons, LABELS))
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_the_terminal_has_the_estimates_and_how_many_failed() -> None:
    text = printed(RUN, BETTER, WORSE)
    assert "tiny · footnoted · small · 2 cases" in text
    assert "answered right 50.0% 25.0–75.0% 8 " in text
    assert "+25.0 points +5.0 … +40.0 points ▲ better" in text.partition("Compared with")[2]
    assert "faithful – 0 median time 3.00 s 2.50–4.00 s 8" in text
    assert text.endswith("1 of 2 cases failed: 1 wrong answer.")


def test_the_terminal_without_a_comparison_or_a_failure() -> None:
    text = printed(result(row(WHO, right=1.0), estimates=ESTIMATES))
    assert "difference" not in text
    assert text.endswith("No case failed.")


def test_the_terminal_shows_names_as_they_are() -> None:
    hostile = RUN.manifest.model_copy(update={"model": "[red]x[/red]\x1b[31m"})
    assert "[red]x[/red]‹U+001B›[31m" in printed(RUN.model_copy(update={"manifest": hostile}))
