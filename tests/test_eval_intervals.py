"""Intervals and paired tests, by hand, by their properties, and against SciPy."""

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from eval.intervals import exact_interval, interval, p_value, ratio_interval, resamples, swaps

CLUSTERS = st.lists(st.sampled_from("abcdef"), min_size=2, max_size=20).filter(lambda names: len(set(names)) > 1)


def grouped(seed: int, groups: int, size: int) -> tuple[NDArray[np.float64], list[str]]:
    """Values around 0, of which those of a cluster have much in common."""
    chance = np.random.default_rng(seed)
    values = np.repeat(chance.normal(size=groups), size) + 0.3 * chance.normal(size=groups * size)
    return values, [f"c{place // size}" for place in range(groups * size)]


def mean_interval(
    values: NDArray[np.float64], clusters: Sequence[str], times: int = 2000, seed: int = 0
) -> tuple[float, float] | None:
    there = ~np.isnan(values)
    return ratio_interval(np.where(there, values, 0.0), there.astype(np.float64), clusters, times, seed)


def share(values: NDArray[np.float64], drawn: NDArray[np.intp]) -> float | None:
    kept = values[drawn][~np.isnan(values[drawn])]
    return float(kept.mean()) if len(kept) else None


@given(CLUSTERS, st.integers(0, 99))
def test_clusters_are_drawn_whole_and_as_many_as_there_are(clusters: list[str], seed: int) -> None:
    names = sorted(set(clusters))
    for drawn in resamples(clusters, 20, seed):
        counts = np.bincount(drawn, minlength=len(clusters))
        times = {name: {int(counts[place]) for place, one in enumerate(clusters) if one == name} for name in names}
        assert all(len(found) == 1 for found in times.values())
        assert sum(found.pop() for found in times.values()) == len(names)


def test_draws_by_hand() -> None:
    # Two clusters: twice the one, twice the other, or (half of the time) each once.
    drawn = [tuple(sorted(one.tolist())) for one in resamples(["b", "a", "b"], 4000)]
    assert set(drawn) == {(1, 1), (0, 1, 2), (0, 0, 2, 2)}
    assert drawn.count((0, 1, 2)) / 4000 == pytest.approx(0.5, abs=0.03)
    assert drawn.count((1, 1)) / 4000 == pytest.approx(0.25, abs=0.03)


def test_equal_seeds_draw_equally_and_others_differently() -> None:
    clusters = list("aabbccdd")
    first, again, other = (resamples(clusters, 50, seed) for seed in (3, 3, 4))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))
    assert len(resamples(clusters)) == len(swaps(clusters)) == 2000
    assert not np.array_equal(swaps(clusters, 50, 3), swaps(clusters, 50, 4))


@given(CLUSTERS, st.randoms(use_true_random=False))
def test_the_order_of_cases_does_not_count(clusters: list[str], chance: random.Random) -> None:
    order = list(range(len(clusters)))
    chance.shuffle(order)
    turned = [clusters[place] for place in order]
    for one, other in zip(resamples(clusters, 10), resamples(turned, 10), strict=True):
        assert sorted(one.tolist()) == sorted(order[place] for place in other)
    for first, second in zip(swaps(clusters, 10), swaps(turned, 10), strict=True):
        assert [bool(first[place]) for place in order] == second.tolist()
    values = np.arange(len(clusters), dtype=np.float64)
    assert mean_interval(values[order], turned, 50) == pytest.approx(mean_interval(values, clusters, 50))


def test_an_interval_holds_the_middle_ninety_five_percent() -> None:
    draws = [np.array([place], dtype=np.intp) for place in range(1001)]
    assert interval(lambda drawn: float(drawn[0]), draws) == pytest.approx((25.0, 975.0))


def test_draws_without_a_figure_are_left_out_and_too_many_of_them_leave_none() -> None:
    draws = [np.array([place], dtype=np.intp) for place in range(10)]
    assert interval(lambda drawn: 1.0 if drawn[0] < 5 else None, draws) == (1.0, 1.0)
    assert interval(lambda drawn: 1.0 if drawn[0] < 4 else None, draws) is None
    assert interval(lambda drawn: 1.0, []) is None


def test_one_cluster_has_no_interval() -> None:
    values = np.array([0.0, 1.0, 1.0])
    assert resamples(["a", "a", "a"]) == resamples([]) == []
    assert mean_interval(values, ["a", "a", "a"]) is None
    assert mean_interval(np.array([]), []) is None
    # Nor where all but one have no value.
    assert mean_interval(np.array([0.0, 1.0, np.nan]), ["a", "a", "b"]) is None
    assert mean_interval(values, ["a", "a", "b"]) is not None


@given(CLUSTERS, st.integers(0, 99), st.data())
def test_the_fast_way_of_means_is_the_general_one(clusters: list[str], seed: int, data: st.DataObject) -> None:
    figures = st.one_of(st.floats(0, 1), st.just(np.nan))
    values = np.array(data.draw(st.lists(figures, min_size=len(clusters), max_size=len(clusters))), dtype=np.float64)
    there = np.flatnonzero(~np.isnan(values)).tolist()
    kept, names = values[there], [clusters[place] for place in there]
    general = interval(lambda drawn: share(kept, drawn), resamples(names, 60, seed))
    assert mean_interval(values, clusters, 60, seed) == (general and pytest.approx(general))


@given(CLUSTERS, st.integers(1, 60), st.integers(0, 99), st.data())
def test_the_fast_way_of_ratios_is_the_general_one(
    clusters: list[str], times: int, seed: int, data: st.DataObject
) -> None:
    counts = st.lists(st.integers(0, 2), min_size=len(clusters), max_size=len(clusters))
    above, below = (np.array(data.draw(counts), dtype=np.float64) for _ in range(2))
    there = np.flatnonzero((above > 0) | (below > 0)).tolist()
    over, under = above[there], below[there]

    def ratio(drawn: NDArray[np.intp]) -> float | None:
        return float(over[drawn].sum() / under[drawn].sum()) if under[drawn].any() else None

    general = interval(ratio, resamples([clusters[place] for place in there], times, seed))
    assert ratio_interval(above, below, clusters, times, seed) == (general and pytest.approx(general))


def test_a_ratio_by_hand() -> None:
    # Precision: cases that were not refused (0 / 0) are as good as not there.
    above, below = np.array([1.0, 0.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    found = ratio_interval(above, below, list("abcde"))
    assert found == ratio_interval(above[below > 0], below[below > 0], list("abd")) == (0.0, 1.0)
    assert ratio_interval(np.zeros(3), np.zeros(3), list("abc")) is None
    assert ratio_interval(np.ones(3), np.zeros(3), list("abc")) is None


def test_a_ratio_that_most_draws_lack_has_no_interval_either() -> None:
    # Of three draws most have no denominator in some, and few in others.
    above, below = np.ones(6), np.array([1.0, 0, 0, 0, 0, 0])
    found = set()
    for seed in range(30):
        having = sum(bool(below[drawn].any()) for drawn in resamples(list("abcdef"), 3, seed))
        assert (ratio_interval(above, below, list("abcdef"), 3, seed) is None) is (having < 2)
        found.add(having)
    assert found >= {1, 2}


@given(CLUSTERS)
def test_a_mean_interval_lies_among_the_values(clusters: list[str]) -> None:
    values = np.arange(len(clusters), dtype=np.float64)
    found = mean_interval(values, clusters, 100)
    assert found is not None
    assert 0.0 <= found[0] <= found[1] <= values.max()
    same = mean_interval(np.full(len(clusters), 0.7), clusters, 100)
    assert same == pytest.approx((0.7, 0.7))


@pytest.mark.parametrize("seed", range(5))
def test_an_interval_of_independent_cases_is_that_of_scipy(seed: int) -> None:
    values = np.random.default_rng(seed).random(120)
    found = mean_interval(values, [str(place) for place in range(120)], 8000)
    trusted = stats.bootstrap((values,), np.mean, n_resamples=8000, method="percentile", rng=seed).confidence_interval
    assert found == pytest.approx(tuple(trusted), abs=0.006)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_interval_of_a_share_of_all_or_none_is_exact(count: int) -> None:
    for right in (0, count):
        trusted = stats.binomtest(right, count).proportion_ci(0.95, method="exact")
        assert exact_interval(right / count, count) == pytest.approx(tuple(trusted))
    assert exact_interval(1.0, 1) == pytest.approx((0.025, 1.0))


def test_intervals_hold_the_truth_as_often_as_they_say_and_only_with_clusters() -> None:
    held = naive = 0
    for seed in range(200):
        values, clusters = grouped(seed, groups=40, size=5)
        found = mean_interval(values, clusters, 400, seed)
        apart = mean_interval(values, [str(place) for place in range(len(values))], 400, seed)
        assert found is not None
        assert apart is not None
        held += found[0] <= 0 <= found[1]
        naive += apart[0] <= 0 <= apart[1]
    assert 0.90 <= held / 200 <= 0.99
    assert naive / 200 < 0.75


@given(CLUSTERS, st.integers(0, 99))
def test_a_cluster_is_swapped_as_a_whole(clusters: list[str], seed: int) -> None:
    for swapped in swaps(clusters, 20, seed):
        assert len({(name, bool(swap)) for name, swap in zip(clusters, swapped, strict=True)}) == len(set(clusters))


def test_coins_are_fair() -> None:
    tossed = np.array(swaps(list("abcde"), 4000))
    assert tossed.dtype == np.bool_
    assert tossed.mean(axis=0) == pytest.approx(0.5, abs=0.04)
    assert swaps([], 3)[0].tolist() == []


def test_a_p_value_by_hand() -> None:
    # Two of four are as large, in either direction, and the observed one itself.
    assert p_value(2.0, [1.0, -2.0, 3.0, 0.0]) == 3 / 5
    assert p_value(-2.0, [1.0, -2.0, 3.0, 0.0]) == 3 / 5
    assert p_value(5.0, [0.0] * 99) == 1 / 100
    assert p_value(0.0, [0.0, 1.0]) == 1.0
    assert p_value(2.0, []) == 1.0
    # The same three terms in another order are not another difference.
    assert 0.3 + 0.2 + 0.1 < 0.1 + 0.2 + 0.3
    assert p_value(0.1 + 0.2 + 0.3, [0.3 + 0.2 + 0.1]) == 1.0


@given(st.floats(-10, 10), st.lists(st.floats(-10, 10)))
def test_a_p_value_is_never_nought_and_takes_neither_order_nor_sides(observed: float, differences: list[float]) -> None:
    found = p_value(observed, differences)
    assert 1 / (1 + len(differences)) <= found <= 1.0
    assert found == p_value(-observed, differences[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_a_p_value_comes_near_that_of_all_swaps(seed: int) -> None:
    chance = np.random.default_rng(seed)
    clusters = list("aabbccddeeffgg")
    differences = np.round(chance.normal(0.4, 1.0, len(clusters)), 1)
    sums = [differences[2 * place : 2 * place + 2].sum() for place in range(7)]
    every = [sum(np.where(signs, sums, np.negative(sums))) for signs in itertools.product([True, False], repeat=7)]
    exact = np.mean([abs(one) >= abs(sum(sums)) - 1e-9 for one in every])
    tossed = [float(np.where(swap, -differences, differences).sum()) for swap in swaps(clusters, 8000, seed)]
    assert p_value(float(differences.sum()), tossed) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_a_p_value_of_independent_pairs_is_that_of_scipy(seed: int) -> None:
    chance = np.random.default_rng(seed)
    before, now = chance.random(12), chance.random(12) + 0.15
    trusted = stats.permutation_test(
        (now, before), lambda first, second: np.mean(first - second), permutation_type="samples", vectorized=False
    ).pvalue
    differences = now - before
    tossed = [float(np.where(swap, -differences, differences).mean()) for swap in swaps(list("abcdefghijkl"), 8000)]
    assert p_value(float(differences.mean()), tossed) == pytest.approx(trusted, abs=0.02)
