"""Fusion: an order that depends on the scores and on nothing else."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import search
from index.search import Fused

SCORES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.floats(-1e6, 1e6), max_size=30)
FOUND = st.fixed_dictionaries({"vectors": SCORES, "lexical": SCORES})
Found = dict[str, dict[str, float]]
WEIGHTS = {"vectors": 1.0, "lexical": 0.02, "sure": 1.0, "other": 1.0}


def fuse(found: Found, rest: dict[str, float] | None = None) -> list[Fused]:
    return search.fuse(found, WEIGHTS, rest)


@given(FOUND)
def test_every_candidate_comes_once_and_the_best_first(found: Found) -> None:
    fused = fuse(found)
    ids = [one.id for one in fused]
    assert sorted(ids) == sorted({*found["vectors"], *found["lexical"]})
    scores = [round(one.score, 6) for one in fused]
    assert scores == sorted(scores, reverse=True)


@given(FOUND, st.randoms())
def test_the_order_in_which_scores_come_does_not_matter(found: Found, random: Random) -> None:
    shuffled: Found = {}
    for name in reversed(found):
        items = list(found[name].items())
        random.shuffle(items)
        shuffled[name] = dict(items)
    assert [(one.id, one.score) for one in fuse(shuffled)] == [(one.id, one.score) for one in fuse(found)]


@given(FOUND)
def test_a_score_is_the_weighted_sum_of_what_the_retrievers_say(found: Found) -> None:
    for one in fuse(found):
        said = [scores.get(one.id, min(scores.values())) * WEIGHTS[name] for name, scores in found.items() if scores]
        assert math.isclose(one.score, sum(said), rel_tol=1e-9, abs_tol=1e-6)


@given(FOUND)
def test_ranks_and_scores_are_those_of_the_retrievers(found: Found) -> None:
    for one in fuse(found):
        assert dict(one.scores) == {name: scores[one.id] for name, scores in found.items() if one.id in scores}
        assert set(one.ranks) == set(one.scores)
        for name, rank in one.ranks.items():
            better = sum(score > found[name][one.id] for score in found[name].values())
            assert better < rank <= len(found[name])


def test_what_one_retriever_missed_counts_as_its_worst() -> None:
    fused = fuse({"vectors": {"a": 0.9, "b": 0.1}, "lexical": {"c": 5.0, "b": 1.0}})
    scores = {one.id: one.score for one in fused}
    assert scores == {"a": 0.92, "b": pytest.approx(0.12), "c": 0.2}


def test_ties_go_to_the_better_single_rank_and_then_to_the_id() -> None:
    assert [one.id for one in fuse({"vectors": {"b": 1.0, "a": 1.0}})] == ["a", "b"]
    # One better by .02 with its vector, the other by one point with its words.
    found = {"vectors": {"z": 0.52, "y": 0.5}, "lexical": {"x": 2.0, "y": 1.0}}
    assert [one.id for one in fuse(found)] == ["x", "z", "y"]


def test_how_much_better_the_best_is_counts_which_ranks_would_throw_away() -> None:
    clearly, barely = (9.0, 2.0, 1.9), (3.1, 3.0, 1.0)
    vectors, lexical = ("a", "b", "c"), ("b", "a", "c")
    for sure, other in ((vectors, lexical), (lexical, vectors)):
        found = {"sure": dict(zip(sure, clearly, strict=True)), "other": dict(zip(other, barely, strict=True))}
        assert fuse(found)[0].id == sure[0]


def test_the_only_one_with_the_word_beats_those_without_it() -> None:
    vectors = {"a": 0.51, "b": 0.50, "c": 0.49, "d": 0.10}
    assert fuse({"vectors": vectors, "lexical": {"c": 7.0}})[0].id == "a"
    assert fuse({"vectors": vectors, "lexical": {"c": 7.0}}, rest={"lexical": 0.0})[0].id == "c"


@given(FOUND)
def test_the_rest_matters_only_where_something_was_not_found(found: Found) -> None:
    positive = {name: {id_: abs(score) + 1 for id_, score in scores.items()} for name, scores in found.items()}
    everywhere = {
        name: {**dict.fromkeys(positive["vectors"] | positive["lexical"], 1.0), **positive[name]} for name in positive
    }
    assert fuse(everywhere, rest={"lexical": 0.0}) == fuse(everywhere)


def test_what_differs_by_rounding_is_equal() -> None:
    assert [one.id for one in fuse({"vectors": {"b": 0.70000001, "a": 0.7}, "lexical": {"a": 5.0, "b": 4.0}})] == [
        "a",
        "b",
    ]
    assert [one.id for one in fuse({"vectors": {"b": 0.70000001, "a": 0.7}})] == ["b", "a"]


def test_a_retriever_counts_for_what_it_is_given() -> None:
    found = {"vectors": {"a": 0.9, "b": 0.5}, "lexical": {"b": 10.0, "a": 1.0}}
    assert search.fuse(found, {"vectors": 1.0, "lexical": 0.01})[0].id == "a"
    assert search.fuse(found, {"vectors": 1.0, "lexical": 0.1})[0].id == "b"


def test_nothing_found_is_nothing_ranked() -> None:
    assert fuse({"vectors": {}, "lexical": {}}) == []
