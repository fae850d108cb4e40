"""Cutting words out of documents."""

from hypothesis import given
from hypothesis import strategies as st

from eval.deletion import cut, left
from index import split
from index.types import Span
from tests.fakes import document

BAKERY = document("Anna Berg opened the bakery in 1987. It sells bread. It closes at noon.")


@st.composite
def shortened(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(st.text("ab. \n", max_size=60))
    marks = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return text, [Span(start, end) for start, end in zip(marks[::2], marks[1::2], strict=False)]


@given(shortened())
def test_what_is_not_cut_stays(given_: tuple[str, list[Span]]) -> None:
    text, spans = given_
    gone = {place for start, end in spans for place in range(start, end)}
    assert cut(document(text), spans).text == "".join(
        character for place, character in enumerate(text) if place not in gone
    )


def test_a_shortened_document_is_another_one() -> None:
    shorter = cut(BAKERY, [Span(0, 36)])
    assert shorter.text == " It sells bread. It closes at noon."
    assert shorter.sha256 != BAKERY.sha256
    assert shorter.source == BAKERY.source


def test_only_what_was_read_is_left() -> None:
    long = document("\n\n".join(f"Paragraph {number}. " + "word " * 100 for number in range(10)))
    passages = split.passages(long)
    read = Span(passages[4].start, passages[4].end)
    sentence = passages[4].sentences[0]
    rest = left(long, [Span(*sentence)], read)
    assert len(rest) == 1
    assert rest[0].text in passages[4].text
    assert long.text[sentence.start : sentence.end] not in rest[0].text


def test_nothing_is_left_of_what_was_cut_whole() -> None:
    whole = Span(0, len(BAKERY.text))
    assert left(BAKERY, [whole], whole) == ()
