"""Rankings of documents, by hand, by their properties, and against trec_eval."""

import math
import random

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.measures.ranking import fold, ndcg, recall, reciprocal_rank

NAMES = [f"{letter}.txt" for letter in "abcdefghij"]
RANKED = st.lists(st.sampled_from(NAMES), unique=True)
RELEVANT = st.sets(st.sampled_from(NAMES), min_size=1)
K = st.integers(1, 12)


def test_passages_fold_to_their_documents_at_the_best_rank() -> None:
    assert fold(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
    assert fold([]) == []


@given(st.lists(st.sampled_from(NAMES)))
def test_folding_keeps_each_document_once_and_is_done_after_once(sources: list[str]) -> None:
    folded = fold(sources)
    assert set(folded) == set(sources)
    assert fold(folded) == folded
    assert [sources.index(name) for name in folded] == sorted(sources.index(name) for name in folded)


@pytest.mark.parametrize(("k", "expected"), [(1, 0.0), (2, 1 / 3), (3, 1 / 3), (4, 2 / 3), (9, 2 / 3)])
def test_recall_is_the_share_found_by_k(k: int, expected: float) -> None:
    assert recall(["x", "a", "y", "b"], ["a", "b", "c"], k) == expected


@pytest.mark.parametrize(
    ("ranked", "expected"), [(["a", "b"], 1.0), (["x", "b", "a"], 0.5), (["x", "y", "z", "a"], 0.25), (["x"], 0.0)]
)
def test_the_reciprocal_rank_is_that_of_the_first_relevant_one(ranked: list[str], expected: float) -> None:
    assert reciprocal_rank(ranked, {"a", "b"}) == expected


def test_ndcg_by_hand() -> None:
    # Relevant at ranks 2 and 4 of 4, three relevant in all: (1/log2 3 + 1/log2 5) / (1 + 1/log2 3 + 1/log2 4).
    gained = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg(["x", "a", "y", "b"], ["a", "b", "c"], 10) == pytest.approx(gained / ideal)
    assert ndcg(["x", "a", "y", "b"], ["a", "b", "c"], 10) == pytest.approx(0.4981892)
    # Cut at 2, the perfect ranking is cut there too.
    assert ndcg(["x", "a", "y", "b"], ["a", "b", "c"], 2) == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


@given(RELEVANT, K)
def test_a_perfect_ranking_is_perfect_and_none_is_worthless(relevant: set[str], k: int) -> None:
    perfect = sorted(relevant)
    assert recall(perfect, relevant, len(perfect)) == 1.0
    assert reciprocal_rank(perfect, relevant) == 1.0
    assert ndcg(perfect, relevant, k) == 1.0
    for nothing in ([], ["elsewhere.txt"]):
        assert recall(nothing, relevant, k) == ndcg(nothing, relevant, k) == reciprocal_rank(nothing, relevant) == 0.0


@given(RANKED, RELEVANT, K)
def test_figures_are_shares_and_recall_grows_with_k(ranked: list[str], relevant: set[str], k: int) -> None:
    assert 0.0 <= recall(ranked, relevant, k) <= recall(ranked, relevant, k + 1) <= 1.0
    assert 0.0 <= ndcg(ranked, relevant, k) <= 1.0
    assert 0.0 <= reciprocal_rank(ranked, relevant) <= 1.0


@given(RANKED.filter(lambda names: len(names) > 1), RELEVANT, K, st.data())
def test_a_relevant_document_further_up_never_costs(
    ranked: list[str], relevant: set[str], k: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(ranked) - 1))
    if ranked[place] not in relevant or ranked[place - 1] in relevant:
        return
    raised = [*ranked]
    raised[place - 1 : place + 1] = reversed(ranked[place - 1 : place + 1])
    assert recall(raised, relevant, k) >= recall(ranked, relevant, k)
    assert ndcg(raised, relevant, k) >= ndcg(ranked, relevant, k)
    assert reciprocal_rank(raised, relevant) >= reciprocal_rank(ranked, relevant)


@pytest.mark.parametrize("seed", range(50))
def test_figures_are_those_of_trec_eval(seed: int) -> None:
    chance = random.Random(seed)
    ranked = chance.sample(NAMES, chance.randint(1, len(NAMES)))
    relevant = set(chance.sample(NAMES, chance.randint(1, len(NAMES))))
    evaluator = pytrec_eval.RelevanceEvaluator(
        {"case": {name: int(name in relevant) for name in NAMES}}, {"recall.1,3,5", "ndcg_cut.1,3,5", "recip_rank"}
    )
    trusted = evaluator.evaluate({"case": {name: 1 / rank for rank, name in enumerate(ranked, start=1)}})["case"]
    assert reciprocal_rank(ranked, relevant) == pytest.approx(trusted["recip_rank"])
    for k in (1, 3, 5):
        assert recall(ranked, relevant, k) == pytest.approx(trusted[f"recall_{k}"])
        assert ndcg(ranked, relevant, k) == pytest.approx(trusted[f"ndcg_cut_{k}"])


def test_what_can_not_be_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="no document is relevant"):
        recall(["a"], [], 5)
    with pytest.raises(ValueError, match="no document is relevant"):
        reciprocal_rank(["a"], [])
    with pytest.raises(ValueError, match="twice"):
        ndcg(["a", "a"], ["a"], 5)
    with pytest.raises(ValueError, match="k is 1 or more"):
        recall(["a"], ["a"], 0)
