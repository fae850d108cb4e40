"""Answers and gold in, scores out."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Answer, Citation
from eval.score import MOST_WORDS, Scored, contains, failed, normalised, score, summarise, valid
from eval.suite import Case, Gold
from index import split
from index.types import Document
from tests.fakes import document

BAKERY = document("Anna Berg opened the Oslo bakery in 1987. It sells bread.", "bakery.txt")
DOCUMENTS = {BAKERY.id: BAKERY}
ASKED = Case(id="one", question="Who opened it?", answerable=True, answers=("Anna Berg", "Berg"), kind="fact")
UNANSWERABLE = Case(id="two", question="How old is she?", answerable=False, kind="near")
GOLD = Gold(source="bakery.txt", start=0, end=41, quote="Anna Berg opened the Oslo bakery in 1987.")


def cut(start: int, end: int, of: Document = BAKERY) -> Citation:
    return Citation.cut(split.passages(of)[0], start, end)


def answer(text: str = "It was Anna Berg [1].", *citations: Citation) -> Answer:
    return Answer("q", "q", text, "answer", 0.9, citations=citations, timings={"first_word": 0.5, "total": 1.0})


REFUSAL = Answer("q", "q", "Nothing says so.", "refusal", 0.1, "Nothing says so.")


def right(case: Case, given_: Answer) -> bool:
    return score(case, given_, DOCUMENTS, 1.0).right


@pytest.mark.parametrize(
    "text", ["anna berg", "It was ANNA BERG!", "It was Anna [1] Berg [2].", "Ms Berg did.", "“Anna  Berg”"]
)
def test_an_answer_that_contains_a_reference_is_right(text: str) -> None:
    assert right(ASKED, answer(text))


@pytest.mark.parametrize("text", ["It was Anna Bergman.", "It was Anna.", "Nobody knows.", "", "Oslo-Berger"])
def test_an_answer_that_does_not_is_wrong(text: str) -> None:
    assert not right(ASKED, answer(text))


def test_an_answer_of_more_than_forty_words_is_wrong() -> None:
    assert MOST_WORDS == 40
    assert right(ASKED, answer("word " * 38 + "Anna Berg [1] [2]."))
    assert not right(ASKED, answer("word " * 39 + "Anna Berg [1]."))


def test_a_refusal_is_right_where_nothing_is_said_and_wrong_elsewhere() -> None:
    assert right(UNANSWERABLE, REFUSAL)
    assert not right(UNANSWERABLE, answer())
    assert not right(ASKED, REFUSAL)
    # Not by its words: a refusal that happens to name the reference has not answered.
    assert not right(ASKED, dataclasses.replace(REFUSAL, text="Nothing mentions Anna Berg."))


def test_articles_case_and_punctuation_do_not_count() -> None:
    assert normalised("The Oslo-Bakery, a “Shop”!") == "oslobakery shop"
    assert contains("It has 47,000 members.", ["47,000"])
    assert not contains("It has 147,000 members.", ["47,000"])
    assert not contains("", ["the"])


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_text_contains_itself_between_others(text: str, before: str, after: str) -> None:
    assert contains(f"{before} {text} {after}", [text]) or not normalised(text)


@pytest.mark.parametrize(("span", "cited"), [((0, 9), True), ((40, 41), True), ((42, 57), False), ((0, 57), True)])
def test_a_citation_hits_the_gold_where_it_overlaps(span: tuple[int, int], cited: bool) -> None:
    case = ASKED.model_copy(update={"evidence": (GOLD,)})
    assert score(case, answer("It was Anna Berg [1].", cut(*span)), DOCUMENTS, 1.0).cited is cited


def test_a_citation_of_another_document_does_not_hit() -> None:
    other = document(BAKERY.text, "other.txt")
    case = ASKED.model_copy(update={"evidence": (GOLD,)})
    assert score(case, answer("Anna Berg [1].", cut(0, 9, other)), DOCUMENTS, 1.0).cited is False


def test_what_can_not_be_hit_is_not_scored() -> None:
    case = ASKED.model_copy(update={"evidence": (GOLD,)})
    assert score(ASKED, answer("Anna Berg [1].", cut(0, 9)), DOCUMENTS, 1.0).cited is None
    assert score(case, REFUSAL, DOCUMENTS, 1.0).cited is None


def test_a_citation_is_valid_where_it_stands() -> None:
    changed = document(BAKERY.text.replace("Anna", "Kari"), "bakery.txt")
    assert valid(cut(0, 9), DOCUMENTS)
    assert not valid(cut(0, 9), {BAKERY.id: changed})
    assert not valid(cut(0, 9), {})
    assert not score(ASKED, answer("Anna Berg [1].", cut(0, 9)), {BAKERY.id: changed}, 1.0).valid


def test_an_error_is_wrong_even_where_a_refusal_is_right() -> None:
    one = failed(UNANSWERABLE, "nothing answers", 2.0)
    assert (one.right, one.error, one.answer, one.seconds) == (False, "nothing answers", None, 2.0)
    assert summarise([one]).refused_right == 0.0
    assert summarise([one]).errors == 1


def test_a_summary_counts_each_case_where_it_belongs() -> None:
    case = ASKED.model_copy(update={"evidence": (GOLD,)})
    scored = [
        score(case, answer("It was Anna Berg [1].", cut(0, 9)), DOCUMENTS, 1.0),
        score(case, answer("It was Kari [1].", cut(42, 57)), DOCUMENTS, 2.0),
        score(case, REFUSAL, DOCUMENTS, 3.0),
        score(UNANSWERABLE, REFUSAL, DOCUMENTS, 4.0),
        failed(case, "nothing answers", 5.0),
    ]
    summary = summarise(scored)
    assert (summary.cases, summary.errors) == (5, 1)
    assert summary.answered_right == 0.25
    assert summary.refused_right == 1.0
    assert (summary.citations, summary.citations_valid) == (2, 1.0)
    assert summary.citations_hit == 0.5
    assert (summary.seconds, summary.first_word) == (3.0, 0.5)


def test_each_invalid_citation_counts_and_no_other() -> None:
    gone = cut(0, 9, document("Anna Berg left.", "gone.txt"))
    summary = summarise([score(ASKED, answer("Anna Berg [1][2].", cut(0, 9), gone), DOCUMENTS, 1.0)])
    assert (summary.citations, summary.citations_valid) == (2, 0.5)


def test_what_no_case_counts_for_is_not_zero() -> None:
    nothing = summarise([])
    assert dataclasses.asdict(nothing) == {
        "cases": 0,
        "answered_right": None,
        "refused_right": None,
        "citations": 0,
        "citations_valid": None,
        "citations_hit": None,
        "seconds": None,
        "first_word": None,
        "errors": 0,
    }


@given(st.lists(st.booleans(), min_size=1))
def test_shares_are_shares(outcomes: list[bool]) -> None:
    summary = summarise([Scored(ASKED, REFUSAL, outcome, None, 0, 1.0, None) for outcome in outcomes])
    assert summary.answered_right == sum(outcomes) / len(outcomes)
