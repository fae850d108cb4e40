"""Citations against gold evidence, by hand and against sets of characters and sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from eval.measures.citations import PRF, characters, hit, sentences
from eval.outcome import Place
from index.types import Sentence, Span


def at(start: int, end: int, source: str = "a") -> Place:
    return Place(source=source, start=start, end=end)


# Sentences of ten characters with one between them: 0–10, 11–21, 22–32, 33–43.
SPANS = {source: [Sentence(start, start + 10) for start in range(0, 44, 11)] for source in "ab"}
PLACES = st.lists(st.builds(at, st.integers(0, 43), st.integers(0, 43), st.sampled_from("ab")), max_size=5)


def letters(places: list[Place]) -> set[tuple[str, int]]:
    return {(place.source, position) for place in places for position in range(place.start, place.end)}


def touched(places: list[Place]) -> list[bool]:
    found = letters(places)
    return [
        any((source, position) in found for position in range(span.start, span.end))
        for source, spans in SPANS.items()
        for span in spans
    ]


GOLD = PLACES.filter(lambda places: any(touched(places)))


@pytest.mark.parametrize(
    ("cited", "expected"),
    [([at(0, 11)], True), ([at(0, 10)], False), ([at(20, 30)], False), ([at(10, 20, "b")], False), ([], False)],
)
def test_a_hit_has_a_character_of_the_gold(cited: list[Place], expected: bool) -> None:
    assert hit(cited, [at(10, 20)]) is expected
    assert hit([at(50, 60), *cited], [at(10, 20)]) is expected


def test_characters_by_hand() -> None:
    # 0–20 and 15–30 cited, 10–50 gold: 20 of 30 are right, 20 of 40 are there.
    assert characters([at(0, 20), at(15, 30)], [at(10, 40), at(30, 50)]) == PRF(2 / 3, 1 / 2, 40 / 70)


def test_sentences_by_hand() -> None:
    # Gold: a few words of the second sentence, and of the third. Cited: the first two, whole.
    score = sentences([at(0, 10), at(11, 21)], [at(13, 15), at(22, 23)], SPANS)
    assert score == PRF(precision=1 / 2, recall=1 / 2, f1=1 / 2)
    # What is cited in another document is another sentence.
    assert sentences([at(11, 21, "b")], [at(13, 15)], SPANS) == PRF(0.0, 0.0, 0.0)
    # The space between two sentences is in neither.
    assert sentences([at(10, 11), at(11, 12)], [at(13, 15)], SPANS) == PRF(1.0, 1.0, 1.0)


def test_spans_need_not_be_sentences_of_ours() -> None:
    assert sentences([at(0, 3)], [at(2, 9)], {"a": [Span(0, 5), Span(5, 9)]}) == PRF(1.0, 0.5, 2 / 3)


@given(PLACES, GOLD)
def test_scores_are_those_of_the_sets(cited: list[Place], gold: list[Place]) -> None:
    said, wanted = letters(cited), letters(gold)
    assert hit(cited, gold) is bool(said & wanted)
    score = characters(cited, gold)
    assert score.precision == (len(said & wanted) / len(said) if said else 0.0)
    assert score.recall == len(said & wanted) / len(wanted)
    assert score.f1 == 2 * len(said & wanted) / (len(said) + len(wanted))


@given(PLACES, GOLD)
def test_sentence_scores_are_those_of_scikit_learn(cited: list[Place], gold: list[Place]) -> None:
    score = sentences(cited, gold, SPANS)
    trusted = precision_recall_fscore_support(touched(gold), touched(cited), average="binary", zero_division=0.0)
    assert (score.precision, score.recall, score.f1) == pytest.approx(trusted[:3])


@given(PLACES, GOLD)
def test_scores_are_shares_in_any_order_and_the_gold_itself_is_perfect(cited: list[Place], gold: list[Place]) -> None:
    for score in (characters(cited, gold), sentences(cited, gold, SPANS)):
        assert all(0.0 <= figure <= 1.0 for figure in (score.precision, score.recall, score.f1))
    assert characters(cited[::-1], gold[::-1]) == characters(cited, gold)
    assert sentences(cited[::-1], gold[::-1], SPANS) == sentences(cited, gold, SPANS)
    assert characters(gold, gold) == sentences(gold, gold, SPANS) == PRF(1.0, 1.0, 1.0)
    assert hit(gold, gold)


def test_nothing_cited_is_worth_nothing() -> None:
    assert characters([], [at(0, 5)]) == sentences([], [at(0, 5)], SPANS) == PRF(0.0, 0.0, 0.0)


def test_without_gold_there_is_no_score() -> None:
    with pytest.raises(ValueError, match="no evidence"):
        hit([at(0, 5)], [])
    with pytest.raises(ValueError, match="no evidence"):
        characters([at(0, 5)], [at(3, 3)])
    with pytest.raises(ValueError, match="no evidence"):
        sentences([at(0, 5)], [at(10, 11)], SPANS)
    with pytest.raises(KeyError, match="unheard"):
        sentences([at(0, 5, "unheard")], [at(0, 5)], SPANS)
