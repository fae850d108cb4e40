"""Confidence, by hand, by its properties, and against scikit-learn."""

import itertools
from collections.abc import Callable
from functools import partial
from statistics import mean

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, precision_recall_curve, roc_auc_score

from eval.intervals import interval, resamples
from eval.measures.selective import (
    Bin,
    Point,
    aurc,
    auroc,
    brier,
    calibration_bins,
    calibration_error,
    coverage_at,
    plain_calibration_error,
    redrawn_calibration_error,
    risk_coverage,
)

# Two decimals, so that there are ties.
CONFIDENCE = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
CASES = st.lists(st.tuples(CONFIDENCE, st.booleans()), min_size=1, max_size=40)
SEEDS = range(30)


def parts(cases: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [confidence for confidence, _ in cases], [right for _, right in cases]


def drawn(seed: int, count: int, decimals: int = 2) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    chance = np.random.default_rng(seed)
    confidences = np.round(chance.random(count), decimals)
    return confidences, chance.random(count) < confidences**1.5


def test_auroc_by_hand() -> None:
    # Of the 2 x 3 pairs 0.9 beats all three; 0.5 beats 0.2, ties with 0.5 and loses to 0.7.
    assert auroc([0.9, 0.5, 0.2, 0.5, 0.7], [True, True, False, False, False]) == 4.5 / 6
    assert auroc([0.1, 0.2], [False, True]) == 1.0
    assert auroc([0.2, 0.1], [False, True]) == 0.0
    assert auroc([0.3, 0.3, 0.3], [False, True, True]) == 0.5


def test_auroc_of_one_kind_is_unknown() -> None:
    assert auroc([], []) is auroc([0.1, 0.2], [True, True]) is auroc([0.1], [False]) is None


@given(CASES)
def test_auroc_takes_ranks_only_and_turns_with_the_sign(cases: list[tuple[float, bool]]) -> None:
    scores, positive = parts(cases)
    assume(len(set(positive)) == 2)
    area = auroc(scores, positive)
    assert area is not None
    assert 0.0 <= area <= 1.0
    assert auroc([7 * score**3 - 2 for score in scores], positive) == area
    assert auroc([-score for score in scores], positive) == pytest.approx(1 - area)
    assert auroc(scores, [not flag for flag in positive]) == pytest.approx(1 - area)
    assert auroc(scores[::-1], positive[::-1]) == area


@pytest.mark.parametrize("seed", SEEDS)
def test_auroc_is_that_of_scikit_learn(seed: int) -> None:
    scores, positive = drawn(seed, 80, decimals=1 + seed % 3)
    assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_a_risk_coverage_curve_by_hand() -> None:
    confidences = [0.5, 0.9, 0.7, 0.7, 0.1]
    right = [False, True, False, True, True]
    assert risk_coverage(confidences, right) == [
        Point(coverage=0.2, risk=0.0, confidence=0.9),
        Point(coverage=0.6, risk=1 / 3, confidence=0.7),
        Point(coverage=0.8, risk=0.5, confidence=0.5),
        Point(coverage=1.0, risk=0.4, confidence=0.1),
    ]
    assert risk_coverage([], []) == []


@given(CASES)
def test_a_curve_ends_with_every_case_and_takes_no_order(cases: list[tuple[float, bool]]) -> None:
    confidences, right = parts(cases)
    curve = risk_coverage(confidences, right)
    assert curve == risk_coverage(confidences[::-1], right[::-1])
    assert curve[-1].coverage == 1.0
    assert [point.confidence for point in curve] == sorted(set(confidences), reverse=True)
    for point in curve:
        accepted = [outcome for confidence, outcome in cases if confidence >= point.confidence]
        assert point.coverage == len(accepted) / len(cases)
        assert point.risk == accepted.count(False) / len(accepted)


@pytest.mark.parametrize("seed", SEEDS)
def test_selective_risk_is_what_scikit_learn_leaves_of_precision(seed: int) -> None:
    confidences, right = drawn(seed, 60)
    precision, _, thresholds = precision_recall_curve(right, confidences)
    curve = risk_coverage(confidences, right)
    assert [point.confidence for point in reversed(curve)] == thresholds.tolist()
    assert [point.risk for point in reversed(curve)] == pytest.approx((1 - precision[:-1]).tolist())


def test_aurc_by_hand() -> None:
    # Risks after one case, two, three, four: 0, 1/2, 1/3, 1/2.
    assert aurc([0.9, 0.8, 0.7, 0.6], [True, False, True, False]) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    # Of the three that tie one is wrong: 0, then 1/3 of two, 2/3 of three, 1 of four.
    assert aurc([0.9, 0.5, 0.5, 0.5], [True, False, True, True]) == pytest.approx((0 + 1 / 6 + 2 / 9 + 1 / 4) / 4)
    assert aurc([], []) is None


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.8]), st.booleans()), min_size=1, max_size=6))
def test_aurc_is_its_mean_over_all_orders_of_those_that_tie(cases: list[tuple[float, bool]]) -> None:
    areas = []
    for order in itertools.permutations(cases):
        ranked = [right for _, right in sorted(order, key=lambda case: -case[0])]
        areas.append(mean(ranked[:kept].count(False) / kept for kept in range(1, len(ranked) + 1)))
    assert aurc(*parts(cases)) == pytest.approx(mean(areas))


@given(CASES)
def test_aurc_lies_between_the_best_order_and_the_worst(cases: list[tuple[float, bool]]) -> None:
    confidences, right = parts(cases)
    area = aurc(confidences, right)
    # Each case told apart: the right ones first, or last.
    best = aurc([float(place) for place in range(len(right))], sorted(right))
    worst = aurc([-float(place) for place in range(len(right))], sorted(right))
    assert area is not None and best is not None and worst is not None
    assert 0.0 <= best <= area + 1e-12
    assert area <= worst + 1e-12
    assert worst <= 1.0 + 1e-12
    assert aurc(confidences[::-1], right[::-1]) == pytest.approx(area)
    assert (area == 0.0) is all(right)


def test_coverage_at_a_risk_by_hand() -> None:
    confidences = [0.9, 0.8, 0.7, 0.6, 0.5]
    right = [True, False, True, True, False]
    # Risks: 0, 1/2, 1/3, 1/4, 2/5.
    assert coverage_at(0.0, confidences, right) == 0.2
    assert coverage_at(0.25, confidences, right) == 0.8
    assert coverage_at(0.3, confidences, right) == 0.8
    assert coverage_at(0.4, confidences, right) == 1.0
    # A confidence is accepted as a whole, or not.
    assert coverage_at(0.1, [0.9, 0.9, 0.2], [True, False, True]) == 0.0
    assert coverage_at(0.1, [], []) is None


@pytest.mark.parametrize(("wrong", "count", "risk"), [(1, 20, 0.05), (3, 30, 0.1), (7, 70, 0.1), (3, 10, 0.3)])
def test_a_risk_that_is_just_met_is_met(wrong: int, count: int, risk: float) -> None:
    assert coverage_at(risk, [0.5] * count, [False] * wrong + [True] * (count - wrong)) == 1.0


@given(CASES, CONFIDENCE, CONFIDENCE)
def test_more_risk_never_covers_less(cases: list[tuple[float, bool]], first: float, second: float) -> None:
    confidences, right = parts(cases)
    less, more = (coverage_at(risk, confidences, right) for risk in sorted((first, second)))
    assert less is not None and more is not None
    assert 0.0 <= less <= more <= 1.0
    assert coverage_at(1.0, confidences, right) == 1.0
    assert coverage_at(first, confidences, right) == coverage_at(first, confidences[::-1], right[::-1])
    assert less in {0.0, *(point.coverage for point in risk_coverage(confidences, right))}


def test_brier_by_hand() -> None:
    assert brier([0.9, 0.6, 0.2], [True, False, False]) == pytest.approx((0.01 + 0.36 + 0.04) / 3)
    assert brier([1.0, 0.0], [True, False]) == 0.0
    assert brier([1.0, 0.0], [False, True]) == 1.0
    assert brier([0.5, 0.5], [False, True]) == 0.25
    assert brier([], []) is None


@given(CASES)
def test_brier_is_a_share_in_any_order(cases: list[tuple[float, bool]]) -> None:
    confidences, right = parts(cases)
    score = brier(confidences, right)
    assert score is not None
    assert 0.0 <= score <= 1.0
    assert brier(confidences[::-1], right[::-1]) == pytest.approx(score)


@pytest.mark.parametrize("seed", SEEDS)
def test_brier_is_that_of_scikit_learn(seed: int) -> None:
    confidences, right = drawn(seed, 50)
    assert brier(confidences, right) == pytest.approx(brier_score_loss(right, confidences))


def test_bins_by_hand() -> None:
    confidences = [0.1, 0.9, 0.3, 0.8, 0.6]
    right = [False, True, True, False, True]
    # Five in two bins: the middle one goes up.
    low, high = calibration_bins(confidences, right, bins=2)
    assert low == Bin(low=0.1, high=0.3, mean_confidence=0.2, accuracy=0.5, count=2)
    assert (high.low, high.high, high.accuracy, high.count) == (0.6, 0.9, 2 / 3, 3)
    assert high.mean_confidence == pytest.approx(2.3 / 3)
    assert low.gap == pytest.approx(-0.3)
    assert calibration_bins([], []) == []


def test_equal_confidences_share_a_bin() -> None:
    found = calibration_bins([0.2] * 7 + [0.9] * 3, [True] * 10, bins=5)
    assert [(one.low, one.high, one.count) for one in found] == [(0.2, 0.2, 7), (0.9, 0.9, 3)]


@given(CASES, st.integers(1, 12))
def test_bins_hold_each_case_once_and_do_not_overlap(cases: list[tuple[float, bool]], bins: int) -> None:
    confidences, right = parts(cases)
    found = calibration_bins(confidences, right, bins)
    assert len(found) <= bins
    assert sum(one.count for one in found) == len(cases)
    assert sum(one.count * one.accuracy for one in found) == pytest.approx(sum(right))
    assert sum(one.count * one.mean_confidence for one in found) == pytest.approx(sum(confidences))
    for before, after in itertools.pairwise(found):
        assert before.high < after.low
    turned = calibration_bins(confidences[::-1], right[::-1], bins)
    assert [(one.low, one.high, one.accuracy, one.count) for one in turned] == [
        (one.low, one.high, one.accuracy, one.count) for one in found
    ]


@given(st.integers(1, 60), st.integers(1, 12))
def test_bins_are_of_equal_size_where_nothing_ties(count: int, bins: int) -> None:
    sizes = [one.count for one in calibration_bins([place / count for place in range(count)], [True] * count, bins)]
    assert len(sizes) == min(bins, count)
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_bins_and_plain_calibration_error_are_those_of_scikit_learn(seed: int) -> None:
    # Nothing ties and each bin holds ten, where all definitions of equal mass agree.
    confidences, right = drawn(seed, 100, decimals=15)
    accuracies, stated = calibration_curve(right, confidences, n_bins=10, strategy="quantile")
    found = calibration_bins(confidences, right)
    assert [one.accuracy for one in found] == pytest.approx(accuracies.tolist())
    assert [one.mean_confidence for one in found] == pytest.approx(stated.tolist())
    assert plain_calibration_error(confidences, right) == pytest.approx(np.abs(accuracies - stated).mean())


def test_calibration_errors_by_hand() -> None:
    # Two bins of four: 0.25 stated and half right, 0.75 stated and all right. Gaps of a quarter each.
    confidences = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]
    right = [True, False, True, False, True, True, True, True]
    assert plain_calibration_error(confidences, right, bins=2) == pytest.approx(0.25)
    # (1/16 - (1/4) / 3 + 1/16 - 0) / 2 = 1/48.
    assert calibration_error(confidences, right, bins=2) == pytest.approx((1 / 48) ** 0.5)
    # Gaps no larger than chance makes them are none.
    assert calibration_error([0.4, 0.6], [True, False], bins=1) == 0.0
    # Two wrong ones have no variance; of one it is unknown.
    assert calibration_error([0.9, 0.9], [False, False]) == pytest.approx(0.9)
    assert calibration_error([0.4], [True]) == 0.0
    assert plain_calibration_error([0.4], [True]) == pytest.approx(0.6)
    assert calibration_error([], []) is plain_calibration_error([], []) is None


def test_certain_and_wrong_is_the_worst() -> None:
    assert calibration_error([1.0] * 5, [False] * 5) == plain_calibration_error([1.0] * 5, [False] * 5) == 1.0
    assert calibration_error([1.0] * 5, [True] * 5) == plain_calibration_error([1.0] * 5, [True] * 5) == 0.0


@given(CASES, st.integers(1, 12))
def test_calibration_errors_are_shares_in_any_order(cases: list[tuple[float, bool]], bins: int) -> None:
    confidences, right = parts(cases)
    for error in (calibration_error, plain_calibration_error):
        found = error(confidences, right, bins)
        assert found is not None
        assert 0.0 <= found <= 1.0 + 1e-12
        assert error(confidences[::-1], right[::-1], bins) == pytest.approx(found, abs=1e-7)


def test_debiasing_takes_away_what_chance_adds() -> None:
    # A perfect confidence on 100 cases, many times: the plain error is far from 0, the debiased square is not.
    chance = np.random.default_rng(7)
    plain, squares = [], []
    for _ in range(300):
        confidences = chance.random(100)
        right = chance.random(100) < confidences
        plain.append(plain_calibration_error(confidences, right) or 0.0)
        bins = calibration_bins(confidences, right)
        squares.append(mean(one.gap**2 - one.accuracy * (1 - one.accuracy) / (one.count - 1) for one in bins))
    assert mean(plain) > 0.08
    assert abs(mean(squares)) < 0.002


@pytest.mark.parametrize(
    "measure", [auroc, risk_coverage, aurc, brier, calibration_bins, calibration_error, plain_calibration_error]
)
def test_each_case_has_one_confidence(measure: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="2 confidences for 3 cases"):
        measure([0.1, 0.2], [True, False, True])


def test_an_interval_of_the_calibration_error_holds_what_is_true() -> None:
    # A confidence that is off by a tenth everywhere, and one that is perfect.
    chance = np.random.default_rng(11)
    held, widths = 0, []
    for _ in range(40):
        confidences = chance.uniform(0.2, 0.8, 400)
        right = chance.random(400) < confidences - 0.1
        draws = resamples([str(number) for number in range(400)], times=200)
        again = partial(redrawn_calibration_error, confidences, right)
        ends = interval(again, draws)
        assert ends is not None
        held += ends[0] <= 0.1 <= ends[1]
        widths.append(ends[1] - ends[0])
    assert held >= 34
    assert mean(widths) < 0.15


def test_drawn_again_every_case_once_is_debiased_twice() -> None:
    confidences, right = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9], [True, False, True, False, True, True, True, True]
    found = redrawn_calibration_error(confidences, right, np.arange(8), bins=2)
    # (1/16 - 2 (1/4) / 3 + 1/16 - 0) / 2 is below 0.
    assert found == 0.0
    assert redrawn_calibration_error([0.9, 0.9], [False, False], np.array([0, 1])) == pytest.approx(0.9)
    assert redrawn_calibration_error([0.9], [True], np.array([], dtype=np.intp)) is None
