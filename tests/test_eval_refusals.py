"""Refusals as a decision, by hand and against scikit-learn."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from eval.metrics import BY_NAME
from eval.result import Row
from eval.table import Table

CASES = st.lists(st.tuples(st.booleans(), st.booleans()))


class Refusals(NamedTuple):
    precision: float | None
    recall: float | None
    f1: float | None
    false_refusals: float | None


def refusals(refused: Sequence[bool], answerable: Sequence[bool]) -> Refusals:
    rows = [
        Row(case=str(number), kind="fact", cluster=str(number), values={"refused": did, "answerable": can})
        for number, (did, can) in enumerate(zip(refused, answerable, strict=True))
    ]
    table = Table.of(rows)
    names = ("refusal_precision", "refusal_recall", "refusal_f1", "false_refusals")
    return Refusals(*(BY_NAME[name].value(table) for name in names))


def scored(cases: list[tuple[bool, bool]]) -> Refusals:
    return refusals([refused for refused, _ in cases], [answerable for _, answerable in cases])


def test_refusals_by_hand() -> None:
    # Of five that can't be answered three are refused, of ten that can one: 3 of 4 refusals are right.
    cases = [(True, False)] * 3 + [(False, False)] * 2 + [(True, True)] + [(False, True)] * 9
    assert scored(cases) == Refusals(precision=3 / 4, recall=3 / 5, f1=6 / 9, false_refusals=1 / 10)


def test_what_is_nought_of_nought_is_unknown() -> None:
    assert scored([]) == Refusals(None, None, None, None)
    assert scored([(False, True)]) == Refusals(None, None, None, 0.0)
    assert scored([(True, True)]) == Refusals(0.0, None, 0.0, 1.0)
    assert scored([(False, False)]) == Refusals(None, 0.0, 0.0, None)
    assert scored([(True, False)]) == Refusals(1.0, 1.0, 1.0, None)


@given(CASES)
def test_figures_are_shares_in_any_order(cases: list[tuple[bool, bool]]) -> None:
    score = scored(cases)
    assert score == scored(cases[::-1])
    for figure in (score.precision, score.recall, score.f1, score.false_refusals):
        assert figure is None or 0.0 <= figure <= 1.0
    if score.precision is not None and score.recall is not None and score.f1 is not None:
        assert min(score.precision, score.recall) <= score.f1 + 1e-12
        assert score.f1 <= max(score.precision, score.recall) + 1e-12


@given(st.lists(st.booleans()))
def test_refusing_just_what_can_not_be_answered_is_perfect_and_the_reverse_is_the_worst(answerable: list[bool]) -> None:
    perfect = refusals([not can for can in answerable], answerable)
    assert {perfect.precision, perfect.recall, perfect.f1} <= {1.0, None}
    assert perfect.false_refusals in {0.0, None}
    worst = refusals(answerable, answerable)
    assert {worst.precision, worst.recall, worst.f1} <= {0.0, None}
    assert worst.false_refusals in {1.0, None}


@pytest.mark.parametrize("seed", range(40))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    chance = random.Random(seed)
    cases = [(chance.random() < 0.4, chance.random() < 0.6) for _ in range(chance.randint(1, 12))]
    score = scored(cases)
    trusted = precision_recall_fscore_support(
        [not answerable for _, answerable in cases],
        [refused for refused, _ in cases],
        average="binary",
        zero_division=math.nan,
    )
    for figure, expected in zip((score.precision, score.recall, score.f1), trusted[:3], strict=True):
        assert math.isnan(expected) if figure is None else figure == pytest.approx(expected)
