"""Words of answers against words of references: SQuAD's rules by hand, ROUGE-L against the rouge-score package."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from eval.measures.text import contains, exact_match, has_rouge_words, normalised, rouge_l, token_f1

WORDS = st.lists(st.sampled_from("the a an Anna Berg Oslo 1987 bakery, opened.".split()), max_size=8).map(" ".join)
TEXT = st.one_of(WORDS, st.text(max_size=30))
REFERENCES = st.lists(TEXT, min_size=1, max_size=3)

# What SQuAD 2.0's script says of each: worked out by its rules, and compared with what it returns.
SQUAD: list[tuple[str, list[str], bool, float]] = [
    ("Denver Broncos", ["Denver Broncos"], True, 1.0),
    ("the  Denver Broncos!", ["denver broncos"], True, 1.0),
    ("Broncos", ["Denver Broncos"], False, 2 / 3),
    ("at Levi's Stadium in Santa Clara", ["Levi's Stadium"], False, 4 / 8),
    # Words count as often as they stand: "new" and "york" once each, of three and three.
    ("new new York", ["New York York"], False, 4 / 6),
    # The order of words counts for EM only.
    ("gold and black", ["gold", "black and gold"], False, 1.0),
    ("Santa Clara, California", ["Levi's Stadium", "Santa Clara California."], True, 1.0),
    # Punctuation goes before white space is looked at, so a hyphen joins.
    ("twenty-one", ["twenty one"], False, 0.0),
    ("10 a.m.", ["10 am"], True, 1.0),
    ("$1,000", ["1000"], True, 1.0),
    # Signs beyond ASCII are words like any other.
    ("50 €", ["50"], False, 2 / 3),
    ("Theatre", ["atre"], False, 0.0),
    ("An\u00a0apple", ["apple"], True, 1.0),
    # What can't be answered: only nothing is right, and an article is nothing.
    ("", [], True, 1.0),
    ("the", [], True, 1.0),
    ("1887", [], False, 0.0),
    ("1887", ["the", "."], False, 0.0),
    ("...", ["the"], True, 1.0),
    ("", ["1887"], False, 0.0),
    # A reference that comes to nothing is none where there are others.
    ("", ["the", "1887"], False, 0.0),
]


@pytest.mark.parametrize(("text", "references", "exact", "f1"), SQUAD)
def test_exact_match_and_f1_are_those_of_squad(text: str, references: list[str], exact: bool, f1: float) -> None:
    assert exact_match(text, references) is exact
    assert token_f1(text, references) == pytest.approx(f1)


def test_normalising_drops_case_punctuation_articles_and_white_space() -> None:
    assert normalised(" The Oslo-Bakery,\n a “Shop” of Anna’s! ") == "oslobakery shop of annas"
    assert normalised("A theatre and an anthem") == "theatre and anthem"
    assert normalised("") == normalised("The a. an?") == ""


@given(TEXT)
def test_what_is_normalised_has_no_surplus_white_space_and_no_article(text: str) -> None:
    words = normalised(text).split(" ")
    assert not {"a", "an", "the"} & set(words)
    assert words == [""] or all(words)


def test_a_text_contains_a_reference_in_whole_words() -> None:
    assert contains("It was ANNA [1] Berg!", ["Kari", "Anna Berg"]) is False
    assert contains("It was ANNA Berg!", ["Kari", "Anna Berg"]) is True
    assert contains("It has 47,000 members.", ["47,000"]) is True
    assert contains("It has 147,000 members.", ["47,000"]) is False
    assert contains("Anything.", []) is False
    assert contains("Anything.", ["the"]) is False


def test_scripts_without_spaces_and_marks_that_are_written_apart() -> None:
    assert contains("日本の首都は東京です。", ["東京"]) is True
    assert contains("日本の首都は京都です。", ["東京"]) is False
    assert contains("It is the cafe\u0301.", ["café"]) is True
    assert exact_match("cafe\u0301", ["café"]) is True
    assert not has_rouge_words("Москва")


@given(TEXT, TEXT, TEXT)
def test_a_text_contains_itself_between_others(text: str, before: str, after: str) -> None:
    assert contains(f"{before} {text} {after}", [text]) or not normalised(text)


@given(TEXT, REFERENCES)
def test_figures_agree_with_one_another(text: str, references: list[str]) -> None:
    f1 = token_f1(text, references)
    assert 0.0 <= f1 <= 1.0
    assert 0.0 <= rouge_l(text, references) <= 1.0
    assert f1 == token_f1(text, references[::-1])
    assert rouge_l(text, references) == rouge_l(text, references[::-1])
    if exact_match(text, references):
        assert f1 == 1.0
        assert contains(text, references) or not normalised(text)


@given(WORDS, WORDS)
def test_f1_takes_no_order_and_both_take_no_sides(first: str, second: str) -> None:
    turned = " ".join(reversed(first.split()))
    assert token_f1(turned, [second]) == token_f1(first, [second]) == token_f1(second, [first])
    assert rouge_l(first, [second]) == rouge_l(second, [first])


@given(TEXT, REFERENCES)
def test_repeating_a_reference_is_perfect(text: str, references: list[str]) -> None:
    assert exact_match(text, [text, *references]) or not normalised(text)
    assert token_f1(text, [text, *references]) == 1.0 or not normalised(text)
    assert token_f1("unheard", ["words", "of others"]) == rouge_l("unheard", ["words", "of others"]) == 0.0


def test_rouge_l_by_hand() -> None:
    # "police the gunman" of Lin 2004: the longest common subsequence of 4 and 4 words has 2.
    assert rouge_l("the gunman kill police", ["police killed the gunman"]) == 2 * 2 / 8
    assert rouge_l("police kill the gunman", ["police killed the gunman"]) == 2 * 3 / 8
    # Nothing but a–z and 0–9 makes words: "Anna", "s"; an article counts.
    assert rouge_l("Anna’s", ["anna s shop", "the shop"]) == 2 * 2 / 5
    assert rouge_l("", ["police"]) == rouge_l("police", [""]) == rouge_l("", [""]) == 0.0


def test_rouge_l_without_references_is_refused() -> None:
    with pytest.raises(ValueError, match="no reference"):
        rouge_l("police", [])


TRUSTED = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


@given(TEXT, REFERENCES)
def test_rouge_l_is_that_of_the_package(text: str, references: list[str]) -> None:
    assert rouge_l(text, references) == pytest.approx(TRUSTED.score_multi(references, text)["rougeL"].fmeasure)


@pytest.mark.parametrize("seed", range(20))
def test_rouge_l_of_long_texts_is_that_of_the_package(seed: int) -> None:
    chance = random.Random(seed)
    text, *references = (" ".join(chance.choices("abcdefgh", k=chance.randint(1, 80))) for _ in range(3))
    assert rouge_l(text, references) == pytest.approx(TRUSTED.score_multi(references, text)["rougeL"].fmeasure)
