"""Ranges of characters, by hand and against sets of characters."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures.spans import SpanScore, measure, overlap, size, union, within
from eval.outcome import Cited, Place


def at(start: int, end: int, source: str = "a") -> Place:
    return Place(source=source, start=start, end=end)


def letters(places: Sequence[Place]) -> set[tuple[str, int]]:
    return {(place.source, position) for place in places for position in range(place.start, place.end)}


PLACES = st.lists(st.builds(at, st.integers(0, 30), st.integers(0, 40), st.sampled_from("ab")), max_size=6)
GOLD = PLACES.filter(letters)


def test_a_score_by_hand() -> None:
    # Gold 10–30; passages 0–20 and 25–35: 15 of 20 characters found, 30 read, 5 of the gold in no passage.
    assert measure([at(0, 20), at(25, 35)], [at(10, 30)]) == SpanScore(recall=15 / 20, precision=15 / 30, iou=15 / 35)


def test_what_is_found_twice_counts_once_and_costs_twice() -> None:
    # The overlap of two passages is read twice: 20 + 20 characters for 10 of gold.
    score = measure([at(0, 20), at(10, 30)], [at(10, 20)])
    assert score == SpanScore(recall=1.0, precision=10 / 40, iou=10 / 40)


def test_gold_that_overlaps_is_one() -> None:
    assert measure([at(0, 10)], [at(0, 8), at(4, 10)]) == SpanScore(1.0, 1.0, 1.0)


def test_another_document_is_another_place() -> None:
    assert measure([at(0, 10, "b")], [at(0, 10)]) == SpanScore(0.0, 0.0, 0.0)


def test_nothing_found_is_worth_nothing_and_without_gold_there_is_no_score() -> None:
    assert measure([], [at(0, 10)]) == SpanScore(0.0, 0.0, 0.0)
    for gold in ([], [at(5, 5)], [at(9, 5)]):
        with pytest.raises(ValueError, match="no gold"):
            measure([at(0, 10)], gold)


@given(PLACES, GOLD)
def test_a_score_is_that_of_the_sets_of_characters(found: list[Place], gold: list[Place]) -> None:
    both = len(letters(found) & letters(gold))
    read = sum(len(letters([place])) for place in found)
    missed = len(letters(gold) - letters(found))
    score = measure(found, gold)
    assert score.recall == both / len(letters(gold))
    assert score.precision == (both / read if read else 0.0)
    assert score.iou == both / (read + missed)
    assert 0.0 <= score.iou <= min(score.recall, score.precision) <= 1.0


@given(PLACES, GOLD)
def test_the_order_of_passages_and_gold_does_not_count(found: list[Place], gold: list[Place]) -> None:
    assert measure(found[::-1], gold[::-1]) == measure(found, gold)


@given(GOLD)
def test_finding_the_gold_and_no_more_is_perfect(gold: list[Place]) -> None:
    assert measure(union(gold), gold) == SpanScore(1.0, 1.0, 1.0)


@given(PLACES)
def test_a_union_holds_the_same_characters_once_in_order(places: list[Place]) -> None:
    merged = union(places)
    assert letters(merged) == letters(places)
    assert size(places) == len(letters(places))
    for before, after in pairwise(merged):
        assert (before.source, before.end) < (after.source, after.start)
    assert union(merged) == merged == union(places[::-1])


def test_a_union_by_hand() -> None:
    assert union([at(5, 9), at(0, 3), at(3, 4), at(1, 2, "b"), at(8, 12), at(6, 7), at(4, 4)]) == [
        at(0, 4),
        at(5, 12),
        at(1, 2, "b"),
    ]
    assert union([]) == []
    # Whatever they were before, they are places now: a quote would no longer fit.
    assert union([Cited(source="a", start=0, end=2, marker=1, quote="ab")]) == [at(0, 2)]


@given(PLACES, PLACES)
def test_an_overlap_is_that_of_the_sets(first: list[Place], second: list[Place]) -> None:
    assert overlap(first, second) == len(letters(first) & letters(second)) == overlap(second, first)


def test_passages_fill_a_budget_and_the_last_is_cut() -> None:
    found = [at(0, 10), at(50, 70, "b"), at(100, 110)]
    assert within(found, 25) == [at(0, 10), at(50, 65, "b")]
    assert within(found, 30) == [at(0, 10), at(50, 70, "b")]
    assert within(found, 4) == [at(0, 4)]
    assert within(found, 0) == within([], 25) == []
    assert within([at(0, 3000), at(5000, 9000)]) == [at(0, 3000), at(5000, 6000)]


@given(PLACES, st.integers(0, 120))
def test_a_budget_is_filled_exactly_while_there_is_anything_to_fill_it(found: list[Place], characters: int) -> None:
    kept = within(found, characters)
    assert sum(place.end - place.start for place in kept) == min(characters, sum(len(letters([one])) for one in found))
    assert [(place.source, place.start) for place in kept] == [(one.source, one.start) for one in found][: len(kept)]
