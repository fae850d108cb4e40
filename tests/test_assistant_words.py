"""Words as grounding compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.words import Word, covered, keys, unique, words


def says(text: str, word: str) -> bool:
    """Whether a text says what the last word of a sentence says."""
    return covered(words(f"It is about {word}")[-1], keys(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It has 47,000 members.", "47000"),
        ("It has 47000 members.", "47,000"),
        ("Three ministers met.", "3"),
        ("The 3 ministers met.", "three"),
        ("A three-day visit.", "three"),
        ("A three-day visit.", "3"),
        ("In 1997 it began.", "1997"),
        ("It rose by 2.50 per cent.", "2.50"),
    ],
)
def test_a_number_is_known_by_its_value(text: str, word: str) -> None:
    assert says(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It has 47,000 members.", "48,000"),
        ("It has 47,000 members.", "47"),
        ("In 1997 it began.", "1998"),
        ("Three ministers met.", "4"),
        ("It rose by 2.5 per cent.", "25"),
    ],
)
def test_another_number_is_another_number(text: str, word: str) -> None:
    assert not says(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("He came from Japan.", "Japanese"),
        ("The Japanese minister spoke.", "Japan"),
        ("It was China that won.", "Chinese"),
        ("They went to the United States.", "US"),
        ("The United States has an army.", "US"),
        ("The World Health Organisation met.", "WHO"),
        ("The U.S. army came.", "US"),
        ("The north-eastern town.", "north"),
    ],
)
def test_a_name_is_known_in_its_other_forms(text: str, word: str) -> None:
    assert says(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("He came from Australia.", "Austria"),
        ("He came from Austria.", "Australia"),
        ("He came from Iraq.", "Iran"),
        ("It was Niger that won.", "Nigeria's Lagos"),
        ("They went to the United Kingdom.", "US"),
        ("Tell us about it.", "US"),
        ("The PM spoke.", "Paul Meyer"),
        ("It was in Niger.", "Nigeria"),
        ("Maria came.", "the marine"),
        ("Harris came.", "Harrison"),
        ("It was in Georgia.", "George"),
    ],
)
def test_another_name_is_another_name(text: str, word: str) -> None:
    assert not says(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("They were meeting in Tokyo.", "met"),
        ("The rules were revised.", "revision's revising"),
        ("It was written down.", "writes"),
        ("She sold bread.", "selling"),
        ("The children sang.", "child"),
        ("He won the prize.", "winning"),
        ("They co-operate.", "cooperation"),
    ],
)
def test_inflection_is_folded(text: str, word: str) -> None:
    assert says(text, word)


def test_words_without_content_are_left_out() -> None:
    assert words("Who is it, and what was there?") == ()
    assert [word.text for word in words("The bakery is in Oslo.")] == ["bakery", "Oslo"]


def test_a_capital_makes_a_name_except_where_a_sentence_begins() -> None:
    found = {word.text: word.name for word in words("Bread rises. Anna bakes it, says Berg of NATO.")}
    assert found == {"Bread": False, "rises": False, "Anna": False, "bakes": False, "Berg": True, "NATO": True}


def test_what_is_ok_names_nobody() -> None:
    assert [word.text for word in words("Is it OK if the UN calls?")] == ["UN", "calls"]


def test_a_genitive_is_the_name_itself() -> None:
    assert [word.text for word in words("It is Japan's and Kishida’s")] == ["Japan", "Kishida"]


def test_unique_keeps_the_first_of_each() -> None:
    assert [word.text for word in unique(words("Dogs bark, the dog barked, cats sleep"))] == [
        "Dogs",
        "bark",
        "cats",
        "sleep",
    ]


@given(st.text(max_size=200))
def test_a_text_says_each_of_its_own_words(text: str) -> None:
    present = keys(text)
    for word in words(text):
        assert isinstance(word, Word)
        assert word.keys
        assert covered(word, present)


@pytest.mark.parametrize("name", ["US", "U.S.", "USA", "America", "American", "the United States"])
def test_a_country_is_found_under_each_of_its_names(name: str) -> None:
    assert all(covered(word, keys("Troops of the United States came.")) for word in words(f"the {name} there"))
    assert all(covered(word, keys(f"The {name} came.")) for word in words("the US there"))


def test_the_rest_of_a_continent_is_no_country() -> None:
    assert not covered(words("the US")[0], keys("They came from South America."))
