"""Rules that a run must keep."""

import re

import pytest

from eval.errors import EvalError
from eval.gate import broken, doubtful, rules
from eval.result import Comparison, Estimate


def comparison(difference: float, verdict: str) -> Comparison:
    return Comparison.model_validate(
        {
            "metric": "answered_right",
            "before": 0.9,
            "now": 0.9 + difference,
            "difference": difference,
            "low": difference - 0.01,
            "high": difference + 0.01,
            "p": 0.01,
            "n": 40,
            "verdict": verdict,
        }
    )


def test_a_sign_makes_it_a_change() -> None:
    first, second, third = rules("answered_right<-0.03, citation_validity<1,errors>+.5")
    assert (first.metric, first.sign, first.bound, first.change) == ("answered_right", "<", -0.03, True)
    assert (second.metric, second.bound, second.change) == ("citation_validity", 1.0, False)
    assert (third.sign, third.bound, third.change) == (">", 0.5, True)
    assert [str(rule) for rule in (first, second)] == ["answered_right<-0.03", "citation_validity<1"]
    assert rules("") == []


@pytest.mark.parametrize("text", ["answered_right", "answered_right<", "answered_right=1", "answered_right<x", "<1"])
def test_a_rule_that_can_not_be_read_says_how_to_write_one(text: str) -> None:
    with pytest.raises(EvalError, match="citation_validity<1"):
        rules(text)


def test_a_rule_about_nothing_lists_what_there_is() -> None:
    with pytest.raises(EvalError, match="answered_right"):
        rules("anwsered_right<1")


@pytest.mark.parametrize(("value", "kept"), [(1.0, True), (0.999, False), (None, False)])
def test_a_bound(value: float | None, kept: bool) -> None:
    estimates = {"citation_validity": Estimate(value=value)}
    assert (broken(rules("citation_validity<1"), estimates, {}) == []) is kept


def test_what_was_not_measured_breaks_its_rule() -> None:
    assert "unscored" in broken(rules("citation_validity<1"), {}, {})[0]
    assert "unscored" in broken(rules("answered_right<-0.03"), {}, {})[0]


@pytest.mark.parametrize(
    ("difference", "verdict", "kept"),
    [
        (-0.10, "worse", False),
        (-0.02, "worse", True),
        (-0.10, "no difference shown", True),
        (0.10, "better", True),
    ],
)
def test_a_change_breaks_a_rule_where_it_is_beyond_it_and_beyond_doubt(
    difference: float, verdict: str, kept: bool
) -> None:
    found = broken(rules("answered_right<-0.03"), {}, {"answered_right": comparison(difference, verdict)})
    assert (found == []) is kept
    assert all("-0.1" in fault and "40 cases" in fault for fault in found)


def test_a_change_in_doubt_is_told_and_breaks_nothing() -> None:
    kept, found = rules("answered_right<-0.03,errors>0"), {"answered_right": comparison(-0.2, "no difference shown")}
    assert broken(kept[:1], {}, found) == []
    (told,) = doubtful(kept, found)
    assert "answered_right<-0.03: it went from 0.9 to 0.7" in told
    assert "in doubt" in told
    assert doubtful(kept, {"answered_right": comparison(-0.2, "worse")}) == []
    assert doubtful(kept, {"answered_right": comparison(-0.01, "no difference shown")}) == []


def test_more_of_what_is_bad_breaks_a_rule() -> None:
    worse = comparison(0.2, "worse")
    assert broken(rules("false_refusals>+0.1"), {}, {"false_refusals": worse})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("answered_right>+0.03", "it is worse where less; write answered_right<-0.03"),
        ("errors<-0.03", "it is worse where more; write errors>+0.03"),
        ("words>+10", "neither more nor less of words is worse; give a bound without a sign"),
    ],
)
def test_a_rule_that_could_never_be_broken_is_said_so(rule: str, said: str) -> None:
    with pytest.raises(EvalError, match=re.escape(said)):
        rules(rule)
