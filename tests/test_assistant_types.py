"""The values of an answer: a citation is a fact, and bad states can't be spelt."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Answer, Citation, Evidence, Kind, Turn
from index import split
from index.types import Passage, Sentence
from tests.fakes import document

TEXT = st.text(min_size=1, max_size=300).filter(str.strip)
KINDS: tuple[Kind, ...] = ("answer", "rebuttal", "refusal", "clarification", "chat")


def passage(text: str) -> Passage:
    return split.passages(document(text))[0]


def test_a_citation_has_no_constructor_but_cut() -> None:
    with pytest.raises(TypeError):
        Citation(1, "d.txt", "0" * 64, "d.txt", "made up", 0, 7, None)  # type: ignore[call-arg]


@given(TEXT, st.data())
def test_a_quote_is_what_stands_in_the_document(text: str, data: st.DataObject) -> None:
    whole = document(text)
    for one in split.passages(whole):
        start = data.draw(st.integers(one.start, one.end - 1))
        end = data.draw(st.integers(start + 1, one.end))
        citation = Citation.cut(one, start, end)
        assert whole.text[citation.start : citation.end] == citation.quote
        assert citation.verify(whole)


@given(st.integers(-5, 30), st.integers(-5, 30))
def test_a_range_that_leaves_the_passage_or_is_empty_cites_nothing(start: int, end: int) -> None:
    inside = passage("One. Two. Three.")
    if 0 <= start < end <= 16:
        assert Citation.cut(inside, start, end).quote == "One. Two. Three."[start:end]
    else:
        with pytest.raises(ValueError, match="within the passage"):
            Citation.cut(inside, start, end)


def test_a_citation_carries_what_the_passage_says_of_itself() -> None:
    one = dataclasses.replace(passage("One. Two."), page=7)
    citation = Citation.cut(one, 5, 9, marker=3)
    assert (citation.marker, citation.quote, citation.page) == (3, "Two.", 7)
    assert (citation.document_id, citation.document_sha256) == (one.document_id, one.document_sha256)
    assert citation.source == "d.txt"


def test_a_citation_of_a_document_that_has_changed_is_not_verified() -> None:
    whole = document("Cats sleep. Dogs bark.")
    citation = Citation.cut(split.passages(whole)[0], 12, 22)
    assert citation.verify(whole)
    assert not citation.verify(document("Cats sleep. Dogs bite."))
    assert not citation.verify(dataclasses.replace(whole, text="Cats sleep. Dogs bite."))
    # Elsewhere in the document, the words are the same: it is still another document.
    assert not citation.verify(document("Cats sleep. Dogs bark. Birds sing."))
    assert not citation.verify(dataclasses.replace(whole, id="other"))


def test_citations_can_be_compared_and_replaced_by_nothing() -> None:
    one = passage("One. Two.")
    assert Citation.cut(one, 0, 4) == Citation.cut(one, 0, 4) != Citation.cut(one, 5, 9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Citation.cut(one, 0, 4).quote = "made up"  # type: ignore[misc]
    with pytest.raises(TypeError):
        dataclasses.replace(Citation.cut(one, 0, 4), quote="made up")


@pytest.mark.parametrize("kind", KINDS)
def test_only_an_answer_is_answered(kind: Kind) -> None:
    assert Answer("q", "q", "t", kind, 0.5).answered is (kind == "answer")
    with pytest.raises(TypeError):
        Answer("q", "q", "t", kind, 0.5, answered=True)  # type: ignore[call-arg]


def test_an_answer_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Answer("q", "q", "t", "answer", 0.5).text = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Turn("user", "Who?").text = "other"  # type: ignore[misc]


def test_evidence_reads_the_sentences_it_is_given_with_the_space_between_them() -> None:
    one = passage("One.\n\nTwo. Three. Four.")
    part = Evidence(1, one, one.sentences[1:3])
    assert part.text == "Two. Three."
    assert Evidence(1, one, one.sentences).text == "One.\n\nTwo. Three. Four."
    assert part.words(Sentence(11, 17)) == "Three."
