"""Whatever a text is made of, what is cut from it are its own words at their own place; and so they come back."""

import hashlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from index import Index
from index.load import canonical
from index.split import MAX_CHARS, passages, sentences
from index.types import Document, Heading, Span
from tests.index_fakes import model

# What texts are made of that are not plain English: each piece is one that some part could trip over.
PIECES = (
    *("\r\n", "\r", "\n", "\n\n", "\t", " ", "\u00a0", "\u2003", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"),
    *("\x01", "\x1b[31m", "\x7f", "\u200b", "\u200d", "\ufeff", "\u202e", "\ufffd"),
    *("שלום עולם. ", "مرحبا بالعالم؟ ", "漢字。", "「はい」！", "ไทยไม่เว้นวรรค", "ελληνικά· "),
    *("👩‍👩‍👧‍👦", "🏳️‍🌈", "🇯🇵", "e\u0301", "a\u0300\u0301\u0302\u0303", "नमस्ते। "),
    *("Dr. No. ", "He said “no.” ", "(e.g. this) ", "1. ", "- ", "# ", "| a | b |", "https://a.example/b?c=d#e "),
    *("A sentence. ", "word ", "x" * 700, "...", "?!", "<b>", "\\", "'", '"', "<|im_end|>"),
)
MIXED = st.lists(st.sampled_from(PIECES), max_size=120).map("".join)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
TEXT = st.one_of(MIXED, ANY, st.builds(str.__add__, MIXED, ANY))
LINE = 1_000_000


def document(
    text: str, source: str = "d.txt", pages: tuple[Span, ...] = (), headings: tuple[Heading, ...] = ()
) -> Document:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(digest[:16], (source,), "Title", text, "text/plain", digest, pages, {}, headings)


def assert_cut(whole: Document, max_chars: int = MAX_CHARS) -> None:
    """Every passage and sentence is the text's own, in order, and no word is lost or there twice."""
    text, position = whole.text, 0
    for passage in passages(whole, max_chars):
        assert not text[position : passage.start].strip()
        assert position <= passage.start < passage.end
        assert passage.text == text[passage.start : passage.end]
        assert len(passage.text) <= max_chars
        position = passage.start
        for start, end in passage.sentences:
            assert not text[position:start].strip()
            assert start < end
            assert text[start:end] == text[start:end].strip()
            position = end
        assert position == passage.end
    assert not text[position:].strip()


@given(TEXT)
@example("A\r\nB\rC")
@example("\u00a0\u2028\x85")
def test_passages_of_any_text_are_its_own_words_each_once(text: str) -> None:
    assert_cut(document(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, st.integers(1, 40))
def test_so_are_those_of_a_long_text_that_is_looked_at_in_stretches(
    monkeypatch: pytest.MonkeyPatch, text: str, stretch: int
) -> None:
    monkeypatch.setattr("index.split._STRETCH", stretch)
    assert_cut(document(text))
    assert_cut(document(text), 17)


def test_stretches_find_the_sentences_that_the_whole_has(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(
        f"Dr. Smith Jr. said so {n} times, e.g. at 5 p.m. on No. {n}. He “left.” Did he?" for n in range(99)
    )
    whole = sentences(text[:4000])
    monkeypatch.setattr("index.split._STRETCH", 200)
    assert sentences(text[:4000]) == whole
    assert len(whole) > 100


@given(TEXT, st.data())
def test_pages_and_headings_are_those_of_the_place(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(1, max(1, len(text))), max_size=4)) | {len(text)})
    pages = tuple(Span(start, end) for start, end in zip([0, *ends], ends, strict=False))
    words = [Span(*one) for one in sentences(text)]
    chosen = data.draw(st.lists(st.sampled_from(words), unique=True, max_size=4)) if words else []
    headings = tuple(Heading(*one, data.draw(st.integers(1, 3))) for one in sorted(chosen))
    whole = document(text, pages=pages, headings=headings)
    for passage in passages(whole):
        assert passage.page is not None
        assert pages[passage.page - 1].start <= passage.start
        assert passage.start < pages[passage.page - 1].end or passage.page == len(pages)
        if any(passage.start <= one.start < passage.end for one in headings):
            # Those with which it begins count too, and here any sentence may be called a heading.
            continue
        before = [one for one in headings if one.start <= passage.start]
        assert (passage.headings == ()) == (before == [])
        if before:
            assert passage.headings[-1] == text[before[-1].start : before[-1].end]


@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "word ",
        "A sentence. ",
        "漢字仮名交じり文は日本語の文章です。",
        "שלום עולם. ",
        "👩‍👩‍👧‍👦",
        "e\u0301",
        "a\u00a0",
        "ab\u2028",
    ],
    ids=["no space", "no full stop", "English", "Japanese", "Hebrew", "emoji", "accents", "no-break", "separators"],
)
def test_a_line_of_a_million_characters_is_cut_in_no_time(unit: str) -> None:
    whole = document((unit * (LINE // len(unit) + 1))[:LINE])
    start = time.process_time()
    found = passages(whole)
    assert time.process_time() - start < 2
    assert len(found) >= LINE // MAX_CHARS
    assert_cut(whole)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, min_size=1, max_size=4, unique=True))
def test_what_an_index_gives_back_is_what_was_put_in(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    given_ = [document(text, f"{number}.txt") for number, text in enumerate(texts)]
    with Index.open(tmp_path_factory.mktemp("any") / "ix", model()) as ix:
        report = ix.add_documents(given_)
        assert [file.status for file in report.files] == [
            "added" if text.strip() and "\0" not in text else "failed" for text in texts
        ]
        assert {one.source: one.text for one in ix.documents()} == {
            one.source: one.text for one in given_ if one.text.strip() and "\0" not in one.text
        }
        for one in ix.documents():
            assert ix.passages(one.id) == [*passages(one)]
            assert all(one.text[passage.start : passage.end] == passage.text for passage in ix.passages(one.id))
        assert ix.check().problems == ()
        for hit in ix.search("a word of any text", k=1000):
            whole = ix.document(hit.passage.document_id).text
            assert whole[hit.passage.start : hit.passage.end] == hit.passage.text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT)
@example(text="no line end")
@example(text="One\r\ntwo\rthree\r\n")
def test_so_it_is_through_a_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("file")
    file = folder / "any.txt"
    data = text.encode()
    file.write_bytes(data)
    with Index.open(folder / "ix", model()) as ix:
        report = ix.add(file)
        if report.added:
            (whole,) = ix.documents()
            assert whole.text == canonical(data, "any.txt")
            assert "\r" not in whole.text
            assert all(whole.text[one.start : one.end] == one.text for one in ix.passages(whole.id))
            assert ix.check().problems == ()
        else:
            assert report.failed[0].reason


def test_a_text_with_half_a_character_is_refused_with_a_reason(tmp_path: Path) -> None:
    good = document("Cats purr.", "good.txt")
    bad = [
        document("Cats \ud800 purr.", "text"),
        Document("title", ("title",), "\udc80", "Cats.", "text/plain", "1"),
        Document("metadata", ("metadata",), "Title", "Cats.", "text/plain", "2", metadata={"by": "\udfff"}),
        Document("source", ("source", "\udcff.txt"), "Title", "Cats.", "text/plain", "3"),
    ]
    with Index.open(tmp_path / "ix", model()) as ix:
        report = ix.add_documents([*bad, good])
        assert [file.source for file in report.failed] == ["text", "title", "metadata", "source"]
        assert {file.reason for file in report.failed} == {
            "holds half a character (a lone surrogate), which is no text"
        }
        assert list(ix.sources()) == ["good.txt"]
        assert ix.search("cats \udcff purr")[0].passage.text == "Cats purr."


def test_a_text_with_a_zero_byte_is_refused_as_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"Cats \0 purr.")
    with Index.open(tmp_path / "ix", model()) as ix:
        reports = (*ix.add_documents([document("Cats \0 purr.")]).files, *ix.add(tmp_path / "file.txt").files)
        assert [(file.status, file.reason) for file in reports] == [
            ("failed", "looks like a binary file, not text")
        ] * 2
        assert ix.check().problems == ()
