"""The gold words and the cited words of a document, marked."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.report.highlight import AROUND, Note, marked, windows, within
from eval.report.text import exact, readable
from index.types import Span
from tests.test_web_render import HOSTILE

texts = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE), st.text("<>&\"'/=ab \n\r\u202e", max_size=60))


class Shown(HTMLParser):
    """What a browser would show: each character with the marks that it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.characters: list[tuple[str, frozenset[str]]] = []
        self.notes: dict[int, list[int]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    @property
    def text(self) -> str:
        return "".join(character for character, _ in self.characters)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert (tag, *values) in {("mark", "class", "title"), ("b", "class", "data-marker"), SPAN}
        self._open.append(str(values["class"]) if tag == "mark" else "")
        if tag == "b":
            self.notes.setdefault(len(self.text), []).append(int(str(values["data-marker"])))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        marks = frozenset(" ".join(self._open).split())
        self.characters += [(character, marks) for character in data]

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_pi = unknown_decl = handle_comment


SPAN = ("span", "class", "data-name")


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, Span, list[Span], list[Note]]:
    text = draw(texts)
    points = st.integers(0, len(text))
    spans = st.tuples(points, points).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Span(*pair))
    some = st.lists(spans, max_size=4 if text else 0)
    window = Span(*sorted(draw(st.tuples(points, points))))
    return text, window, draw(some), [Note(marker, span) for marker, span in enumerate(draw(some), start=1)]


@given(marked_texts())
def test_marks_change_nothing_and_hold_exactly_their_words(case: tuple[str, Span, list[Span], list[Note]]) -> None:
    text, window, gold, cited = case
    shown = Shown(marked(text, window, gold, cited))
    assert shown.text == text[window.start : window.end].replace("\0", "\N{REPLACEMENT CHARACTER}")
    for place, (_, marks) in enumerate(shown.characters, start=window.start):
        assert ("gold" in marks) == any(start <= place < end for start, end in gold)
        assert ("cited" in marks) == any(note.span.start <= place < note.span.end for note in cited)
    numbered = sorted((place, marker) for place, markers in shown.notes.items() for marker in markers)
    begun = [note for note in cited if window.start <= note.span.start < window.end]
    assert numbered == sorted((note.span.start - window.start, note.marker) for note in begun)


def test_words_that_are_gold_and_cited_are_both() -> None:
    html = marked("one two three", Span(0, 13), [Span(0, 7)], [Note(1, Span(4, 13))])
    assert re.sub(' title="[^"]*"|<b .*?</b>', "", html) == (
        '<mark class="gold">one </mark><mark class="gold cited">two</mark><mark class="cited"> three</mark>'
    )


def test_a_word_that_is_cited_twice_has_both_numbers() -> None:
    html = marked("one", Span(0, 3), [], [Note(1, Span(0, 3)), Note(2, Span(0, 3))])
    assert re.findall('data-marker="(.)"', html) == ["1", "2"]
    assert html.count("<mark") == 1


@given(marked_texts(), st.integers(0, 12))
def test_windows_hold_every_span_and_never_touch(case: tuple[str, Span, list[Span], list[Note]], around: int) -> None:
    text, _, spans, _ = case
    found = windows(text, spans, around)
    assert found == sorted(found)
    assert all(first.end < second.start for first, second in pairwise(found))
    for start, end in spans:
        assert any(window.start <= start and end <= window.end for window in found)
    assert all(0 <= window.start < window.end <= len(text) for window in found)


def test_a_window_reaches_around_the_words_and_cuts_no_word() -> None:
    text = "abcdefghi " * 400
    (window,) = windows(text, [Span(2000, 2009)])
    assert window.start == 2000 - AROUND
    assert 2009 + AROUND - 10 < window.end <= 2009 + AROUND
    assert text[window.start : window.end].split() == ["abcdefghi"] * len(text[window.start : window.end].split())


def test_of_a_long_citation_both_ends_are_shown() -> None:
    text = "x" * 50_000
    first, last = windows(text, [Span(0, 50_000)])
    assert (first.start, last.end) == (0, 50_000)
    assert first.end - first.start < 1_000
    assert windows(text, [Span(60_000, 70_000)]) == []


def test_a_budget_is_kept() -> None:
    assert within([Span(0, 10), Span(20, 40), Span(50, 60)], 15) == [Span(0, 10), Span(20, 25)]
    assert within([Span(0, 10)], 0) == []


@pytest.mark.parametrize("hidden", ["\x1b", "\r", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\x85", "\u200b", "\0"])
def test_hidden_characters_are_named(hidden: str) -> None:
    name = f"U+{ord(hidden):04X}"
    assert readable(f"a{hidden}b") == f"a‹{name}›b"
    assert f'<span class="hidden" data-name="{name}">' in exact(f"a{hidden}b")


def test_what_can_be_seen_is_left_as_it_is() -> None:
    seen = "a\tb\nc “ß” 日本 👩\u200d🔬 می\u200cخواهم <b>"
    assert readable(seen) == seen
    assert exact(seen) == seen.replace("<", "&lt;").replace(">", "&gt;")


def test_what_html_can_not_carry_is_written_all_the_same() -> None:
    assert readable("\ud800") == "‹U+D800›"
    exact("a\ud800b").encode("utf-8")
