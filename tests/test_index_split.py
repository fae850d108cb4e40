"""Sentences and passages: every offset is a fact, and nothing is lost."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant import Citation
from index.split import MAX_CHARS, passages, sentences
from index.types import Document, Span

# Any string at all, and strings dense in what sentence splitting stumbles over.
HOT = st.text(
    alphabet=st.sampled_from("Ab. !?\n\t\r\"'()“”。é😀\u2028\u00a0\u200b\u0301\ufeff\x85#-*1|é"), max_size=200
)
TEXT = st.one_of(st.text(max_size=200), st.text(st.characters(categories=["Cs", "Zs", "Lu", "Po"])), HOT)


def document(text: str, pages: tuple[Span, ...] = ()) -> Document:
    return Document("d", ("d.txt",), "Title", text, "text/plain", "0" * 64, pages)


def told(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(TEXT)
@example("\tA\u2028.] \ud800. B")
@example("One line.\n- item\n\u00a0\n. J\u00a0.")
def test_sentences_cover_all_but_white_space_once_and_in_order(text: str) -> None:
    found = sentences(text)
    position = 0
    for start, end in found:
        assert not text[position:start].strip()
        assert start < end
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@given(TEXT, st.integers(1, 60))
def test_passages_cover_all_but_white_space_once_and_in_order(text: str, max_chars: int) -> None:
    whole = document(text)
    position = 0
    for passage in passages(whole, max_chars):
        assert not text[position : passage.start].strip()
        assert passage.text == text[passage.start : passage.end]
        assert 0 < len(passage.text) <= max_chars
        position = passage.end
    assert not text[position:].strip()


@given(TEXT, st.integers(1, 60))
def test_the_sentences_of_a_passage_span_it_exactly(text: str, max_chars: int) -> None:
    for passage in passages(document(text), max_chars):
        assert passage.sentences[0].start == passage.start
        assert passage.sentences[-1].end == passage.end
        for before, after in zip(passage.sentences, passage.sentences[1:], strict=False):
            assert before.end <= after.start


@given(HOT)
def test_a_passage_that_is_not_cut_has_the_sentences_of_the_text(text: str) -> None:
    found = tuple(sentence for passage in passages(document(text)) for sentence in passage.sentences)
    assert found == sentences(text)


@given(HOT, st.integers(1, 60))
def test_passage_ids_are_unique_and_stable(text: str, max_chars: int) -> None:
    ids = [passage.id for passage in passages(document(text), max_chars)]
    assert len(set(ids)) == len(ids)
    assert ids == [passage.id for passage in passages(document(text), max_chars)]


def test_an_id_depends_on_the_document_and_on_its_content() -> None:
    one = passages(document("Words."))[0].id
    other_document = Document("e", ("e",), "T", "Words.", "text/plain", "0" * 64)
    other_content = Document("d", ("d",), "T", "Words.", "text/plain", "1" * 64)
    assert len({one, passages(other_document)[0].id, passages(other_content)[0].id}) == 3


def test_offsets_are_code_points_after_emoji_and_accents() -> None:
    assert told("Héllo 😀 wörld. Next é one.") == ["Héllo 😀 wörld.", "Next é one."]


def test_abbreviations_and_initials_end_no_sentence_whatever_the_space() -> None:
    assert told("Dr. J.\u00a0Smith left. He slept.") == ["Dr. J.\u00a0Smith left.", "He slept."]


def test_a_wrapped_line_ends_no_sentence() -> None:
    text = "The two ministers met on Wednesday in\nTokyo to discuss the new guidelines. They\nagreed."
    assert told(text) == [
        "The two ministers met on Wednesday in\nTokyo to discuss the new guidelines.",
        "They\nagreed.",
    ]


def test_a_line_broken_where_the_next_word_would_have_fitted_ends_a_sentence() -> None:
    text = "Annual report\nThe year began with a loss and it ended with a gain."
    assert told(text) == ["Annual report", "The year began with a loss and it ended with a gain."]


def test_markdown_parts_headings_items_and_rows() -> None:
    text = "# 1. Rules\nBe kind. Be brief.\n\n- one thing\n- another\n  thing\n1. first. Second.\n| a | b |\n| c | d |"
    assert told(text) == [
        "# 1. Rules",
        "Be kind.",
        "Be brief.",
        "- one thing",
        "- another\n  thing",
        "1. first.",
        "Second.",
        "| a | b |",
        "| c | d |",
    ]


def test_a_year_at_the_start_of_a_wrapped_line_is_no_list_item() -> None:
    text = "These rules, which were last revised in\n1997. More follows here in this text."
    assert told(text)[0] == "These rules, which were last revised in\n1997."


def test_paragraphs_stay_together_and_passages_end_between_them() -> None:
    paragraph = "One sentence here. Another sentence there."
    text = "\n\n".join([paragraph] * 3)
    found = [passage.text for passage in passages(document(text), 100)]
    assert found == [f"{paragraph}\n\n{paragraph}", paragraph]


def test_a_heading_goes_with_what_follows_it() -> None:
    text = "Before the heading.\n\n# Heading\n\nAfter it."
    assert [passage.text for passage in passages(document(text))] == ["Before the heading.", "# Heading\n\nAfter it."]


def test_a_long_sentence_is_cut_at_white_space() -> None:
    found = passages(document("alpha beta gamma delta"), 11)
    assert [passage.text for passage in found] == ["alpha beta", "gamma delta"]


def test_a_word_longer_than_a_passage_is_cut_within() -> None:
    assert [passage.text for passage in passages(document("abcdefgh ij"), 4)] == ["abcd", "efgh", "ij"]


def test_no_room_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        passages(document("a"), 0)


def test_a_passage_knows_the_page_it_begins_on() -> None:
    text = "First page.\n\n" + "Second page, which is long. " * 10
    found = passages(document(text, (Span(0, 13), Span(13, len(text)))), 280)
    assert [passage.page for passage in found] == [1, 2]
    assert passages(document(text))[0].page is None


@pytest.mark.parametrize("unit", ["Word by word. He said.\n\n", "a ", "x", "\n", "He said.\n", '("'])
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = document(unit * (size // len(unit)))
        start = time.process_time()
        passages(text)
        return time.process_time() - start

    seconds(1000)
    small, large = min(seconds(50_000) for _ in range(3)), seconds(800_000)
    # Sixteen times the text; quadratic would be 256 times the time.
    assert large < 0.05 + 80 * small


def test_passages_are_about_as_long_as_they_may_be() -> None:
    text = "This is a sentence of some length. " * 200
    found = passages(document(text))
    assert max(len(passage.text) for passage in found) <= MAX_CHARS
    assert min(len(passage.text) for passage in found[:-1]) > MAX_CHARS - 40


def test_a_passage_that_runs_over_pages_knows_the_page_of_each_place() -> None:
    text = "First page. Second page. Fourth page."
    pages = (Span(0, 12), Span(12, 25), Span(25, 25), Span(25, 37))
    (passage,) = passages(document(text, pages))
    assert [passage.page_at(text.index(word)) for word in ("First", "Second", "Fourth", "page.")] == [1, 2, 4, 1]
    assert [Citation.cut(passage, one.start, one.end).page for one in passage.sentences] == [1, 2, 4]
