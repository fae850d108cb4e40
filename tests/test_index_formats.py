"""Files of every format into what a user can read, with headings and pages where the format has them."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from index.core import Index
from index.errors import DocumentError
from index.formats import table
from index.formats.content import Block, Unreadable, clean, compose, paged
from index.formats.markup import blocks, parse_html
from index.formats.plain import canonical, read_markdown
from index.load import MEDIA_TYPES, load
from index.split import passages
from index.types import Document
from tests import index_files as files
from tests.index_fakes import model


def loaded(folder: Path, name: str, data: bytes | None = None) -> Document:
    file = folder / name
    file.write_bytes(files.GOOD[name] if data is None else data)
    return load(file)


def headings(document: Document) -> list[tuple[str, int]]:
    return [(document.text[heading.start : heading.end], heading.level) for heading in document.headings]


@pytest.mark.parametrize(
    ("name", "title", "text", "found"),
    [
        ("page.html", "My & page", files.HTML_TEXT, [("Head line", 1), ("Laid out", 2)]),
        ("old.htm", "old", "Only a paragraph.", []),
        ("paper.pdf", "A paper", "One line\nand more.\n\nLast.", [("Last.", 1)]),
        ("report.docx", "Annual report", files.WORD, [("The year", 1), ("Outlook", 2)]),
        ("deck.pptx", "Slide one", files.SLIDES, [("Slide one", 1), ("Slide three", 1)]),
        ("book.xlsx", "book", files.WORKBOOK, [("People", 1), ("Figures", 1)]),
        ("rows.csv", "rows", "name: ann; city: Köln", []),
        ("rows.tsv", "rows", "name: bob; city: Rome", []),
        ("novel.epub", "The Mill", files.EPUB, [("One", 1), ("Two", 2)]),
        ("letter.eml", "Größe of the mill", files.MAIL, [("Größe of the mill", 1)]),
    ],
)
def test_what_a_file_says(tmp_path: Path, name: str, title: str, text: str, found: list[tuple[str, int]]) -> None:
    document = loaded(tmp_path, name)
    assert document.text == text
    assert document.title == title
    assert headings(document) == found
    assert document.media_type == MEDIA_TYPES[document.source[document.source.rindex(".") :]]


def test_every_format_has_a_good_file() -> None:
    assert {Path(name).suffix for name in files.GOOD} == set(MEDIA_TYPES) - {".text", ".markdown"}


@pytest.mark.parametrize("name", files.GOOD)
def test_passages_slice_back_and_know_their_headings_and_pages(tmp_path: Path, name: str) -> None:
    document = loaded(tmp_path, name)
    cut = passages(document)
    assert "".join("".join(one.text.split()) for one in cut) == "".join(document.text.split())
    for one in cut:
        assert document.text[one.start : one.end] == one.text
        assert (one.page is None) == (not document.pages)
    above = {words for one in cut for words in one.headings}
    starts = {heading.start for heading in document.headings if heading.start < cut[-1].end}
    assert above == {words for words, _ in headings(document)[: len(starts)]}


def test_pages_cover_the_text_and_those_without_words_are_named(tmp_path: Path) -> None:
    document = loaded(tmp_path, "paper.pdf")
    assert [document.text[page.start : page.end] for page in document.pages] == ["One line\nand more.\n\n", "", "Last."]
    assert document.metadata["pages without text"] == "2"
    assert [one.page for one in passages(document)] == [1, 3]


def test_a_slide_is_a_page(tmp_path: Path) -> None:
    document = loaded(tmp_path, "deck.pptx")
    assert [document.text[page.start : page.end].split("\n")[0] for page in document.pages] == [
        "Slide one", "", "Slide three",
    ]  # fmt: skip


def test_charts_and_groups_are_read(tmp_path: Path) -> None:
    text = loaded(tmp_path, "a.pptx", files.charted()).text
    assert text == "In a group\n\nThe year\n\nSales: North: 5; South: 7.5"


def test_hidden_sheets_are_named_and_not_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, "book.xlsx").metadata["hidden sheets"] == "Secret"


def test_a_broken_word_is_joined_where_it_stands_whole_elsewhere(tmp_path: Path) -> None:
    text = "This is an exam-\nple and a well-\nknown thing, odd-\nball too.\nAn example that is well-known."
    assert loaded(tmp_path, "a.pdf", files.pdf([text])).text == (
        "This is an example and a well-known thing, odd-\nball too.\nAn example that is well-known."
    )


def test_thousands_of_pages_are_read(tmp_path: Path) -> None:
    document = loaded(tmp_path, "a.pdf", files.pdf([f"Page {number}" for number in range(1, 2001)]))
    page = document.pages[1233]
    assert document.text[page.start : page.end].strip() == "Page 1234"


@pytest.mark.parametrize("name", ["word/document2.xml", "word/real.bin", "word/media/a.png", "document.xml"])
def test_the_document_is_the_one_that_is_named(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(files.word())) as made:
        members = {member: made.read(member) for member in made.namelist()}
    document = members["word/document.xml"]
    decoy = document.replace(b"Net sales", b"Other words")
    for holder in ("_rels/.rels", "[Content_Types].xml"):
        members[holder] = members[holder].replace(b"word/document.xml", name.encode())
    relations = members.pop("word/_rels/document.xml.rels")
    beside = f"{Path(name).parent.as_posix()}/_rels/{Path(name).name}.rels".removeprefix("./")
    for others in ({}, {"word/document.xml": decoy}):
        data = files.archive({**members, name: document, beside: relations, **others})
        assert loaded(tmp_path, "a.docx", data).text == files.WORD


def test_strict_documents_are_read_alike(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(files.word())) as made:
        members = {member: made.read(member) for member in made.namelist()}
    usual, strict = b"http://schemas.openxmlformats.org", b"http://purl.oclc.org/ooxml"
    for name in ("_rels/.rels", "word/document.xml", "word/styles.xml", "word/numbering.xml"):
        for kind in (b"/officeDocument/2006/", b"/wordprocessingml/2006/"):
            members[name] = members[name].replace(usual + kind, strict + kind.replace(b"2006/", b""))
    assert loaded(tmp_path, "a.docx", files.archive(members)).text == files.WORD


def test_a_mail_of_html_alone_is_rendered(tmp_path: Path) -> None:
    assert "\n\nDear Jörg,\n\nit is 12 m.\n\nAttachments" in loaded(tmp_path, "a.eml", files.mail(html_only=True)).text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("name,city\nann,Bonn\n\nbob,\n", ["name: ann; city: Bonn", "name: bob"]),
        ("a;b\n1,5;2\n", ["a: 1,5; b: 2"]),
        ("1,2\n3,4\n", ["1; 2", "3; 4"]),
        ("Region,2019,2020\nNorth,5,6\n", ["Region: North; 2019: 5; 2020: 6"]),
        ("Ann,1980\nBob,1990\n", ["Ann; 1980", "Bob; 1990"]),
        ('q,a\n"two\nlines","x"\n', ["q: two lines; a: x"]),
        ("one\ntwo\n", ["one", "two"]),
        ("a,,c\n1,2,3,4\n", ["a: 1; 2; c: 3; 4"]),
        ("only,one\n", ["only; one"]),
    ],
)
def test_rows_can_be_understood_alone(tmp_path: Path, text: str, lines: list[str]) -> None:
    assert loaded(tmp_path, "a.csv", text.encode()).text.split("\n\n") == lines


def test_a_whole_document_in_a_cell_is_read(tmp_path: Path) -> None:
    assert len(loaded(tmp_path, "a.tsv", b"a\t" + b"x" * 200_000).text) == 200_003


def test_a_table_that_is_too_large_is_not_cut_short(tmp_path: Path) -> None:
    data = b",".join([b"1"] * 1000) + b"\n"
    with pytest.raises(DocumentError, match=r"a\.csv: has more than 2,000,000 cells; split it"):
        loaded(tmp_path, "a.csv", data * (table.MAX_CELLS // 1000 + 1))


def test_a_table_that_its_names_make_too_long_says_so(tmp_path: Path) -> None:
    names = ",".join(f"{'name' * 20} {number}" for number in range(1000))
    with pytest.raises(DocumentError, match="has more than 50,000,000 characters where each row names its columns"):
        loaded(tmp_path, "a.csv", (names + "\n" + (",".join(["1"] * 1000) + "\n") * 1000).encode())


def test_a_small_file_of_endless_text_says_so() -> None:
    with pytest.raises(Unreadable, match="has more than 50,000,000 characters of text as it is read: split it"):
        compose(Block("word " * 1000) for _ in range(20_000))


def test_a_chapter_that_is_listed_twice_is_read_once(tmp_path: Path) -> None:
    twice = files.PACKAGE.replace("<spine>", '<spine><itemref idref="a"/>')
    assert loaded(tmp_path, "a.epub", files.epub({"OPS/book.opf": twice})).text == files.EPUB


@pytest.mark.parametrize(
    ("text", "found", "title"),
    [
        ("# One\n\n```\n# no\n```\n\nTwo *words*\n===\n\n> ## Three ##\n", ["One", "Two *words*", "Three"], "One"),
        ("---\ntitle: 'A page'\ntags: x\n---\n\n## Two\n", ["Two"], "A page"),
        ('---\ntitle: "It\'s"  \n---\n# No\n', ["No"], "It's"),
        ("---\ntitle:\n---\n# Yes\n", ["Yes"], "Yes"),
        ("## a `code` [link](http://x)\n", ["a `code` [link](http://x)"], "a code link"),
        ("#hashtag\n\n    # code\n\n# \n", [], None),
        ("two\nlines\n---\n", ["two\nlines"], "two lines"),
        ("a\n\n   #   spaced   #\n# again", ["spaced", "again"], "spaced"),
    ],
)
def test_headings_of_markdown(text: str, found: list[str], title: str | None) -> None:
    content = read_markdown(text.encode())
    assert content.text == text
    assert [text[heading.start : heading.end] for heading in content.headings] == found
    assert content.title == title


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        (
            "<td>nav<td><h1>Title</h1><p>First.</p><h2>Part</h2><p>Second.</p>",
            ["nav", "Title", "First.", "Part", "Second."],
        ),
        ("<td>nav<td><p>First.</p><p>Second.</p>", ["nav", "First.", "Second."]),
        ("<td>a<td>b<tr><td>1<td><p>x</p><p>y</p><tr><td>2<td>z", ["a | b", "1 | x y", "2 | z"]),
        ("<th>a<th><h3>b</h3><tr><td>1<td><p>x</p><p>y</p>", ["a | b", "1 | x y"]),
    ],
)
def test_tables_that_place_things_are_told_from_those_of_rows(html: str, lines: list[str]) -> None:
    assert [block.text for block in blocks(parse_html(f"<table><tr>{html}</table>"))] == lines


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<del>10</del> 8 <s>9</s>", "8 9"),
        ("<math><mn>1</mn><mfrac><mn>1</mn><mn>2</mn></mfrac><mn>3</mn></math>.", "1 1/2 3."),
        ("<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>, or", "1/2, or"),
        ("<math><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi></mfrac></math>", "(a+1)/b"),
        ("<math><mfrac><mn>1</mn><mrow><mn>2</mn><mi>b</mi></mrow></mfrac></math>", "1/(2b)"),
        ("<math><msup><mn>10</mn><mn>6</mn></msup></math>", "10⁶"),
        ("<math><msup><mi>x</mi><mrow><mi>k</mi><mo>+</mo><mn>1</mn></mrow></msup></math>", "x^(k+1)"),
        ("<math><msup><mi>x</mi><mi>k</mi></msup></math>", "x^k"),
    ],
)
def test_numbers_stay_what_they_are(html: str, text: str) -> None:
    assert [block.text for block in blocks(parse_html(f"<p>{html}"))] == [text]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Это русский текст. Москва является столицей России.", "koi8-r"),
        ("Это русский текст. Москва является столицей России.", "cp1251"),
        ("Это русский текст. Москва является столицей России.", "utf-16-be"),
        ("これは日本語の文章です。東京は日本の首都であり、人口が多い。", "shift_jis"),
        ("これは日本語の文章です。東京 は日本の首都であり、人口が多い。", "utf-16-le"),
        ("北京是中华人民共和国的首都，人口众多。" * 20, "gb18030"),
        ("El niño pequeño comió piñas mañana en España, según mamá.", "cp1252"),
        ("Le garçon a été très étonné par cette façon d'écrire à l'élève.", "cp1252"),
    ],
)
def test_encodings_without_a_mark_are_told(text: str, encoding: str) -> None:
    assert canonical(text.encode(encoding)) == text


@given(st.text(max_size=80), st.integers(0, 2), st.booleans())
def test_clean_text_is_storable_and_cleaning_it_again_changes_nothing(text: str, level: int, tight: bool) -> None:
    assert clean(clean(text)) == clean(text)
    whole = compose([Block(text, level, tight), Block(text, 1), Block("end")])
    whole.text.encode("utf-8")
    assert "\r" not in whole.text
    for heading in whole.headings:
        assert heading.start == 0 or whole.text[heading.start - 1] == "\n"
        assert "\n" not in whole.text[heading.start : heading.end]


@given(st.lists(st.lists(st.text("a \n", max_size=3), max_size=3), max_size=5))
def test_pages_follow_each_other_without_a_gap(pages: list[list[str]]) -> None:
    whole = paged([[Block(text) for text in page] for page in pages])
    assert len(whole.pages) == len(pages)
    assert "".join(whole.text[page.start : page.end] for page in whole.pages) == whole.text


TAGS = (
    "<p> </p> <ul> <li> </ul> <ol> <table> <tr> <td> </td> </tr> </table> <pre> </pre> <h1> </h1> <br> <sup> </sup> "
    "<div hidden> </div> <b> </b> word 2 &amp; &#0; &lt;"
)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(TAGS.split()), max_size=30))
def test_no_web_page_breaks_the_reader(parts: list[str]) -> None:
    whole = compose(blocks(parse_html("<body>" + " ".join(parts))))
    for heading in whole.headings:
        assert whole.text[heading.start : heading.end].strip()


class Shouting(BaseReader):
    """Reads a file of lines as a document a line."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[LlamaDocument]:
        lines = file.read_text("utf-8").splitlines()
        if lines == ["fail"]:
            raise RuntimeError("no such line")
        return [LlamaDocument(text=line.upper(), metadata={"line": n, "kind": "shout"}) for n, line in enumerate(lines)]


def test_readers_of_llamaindex_read_what_nothing_here_does(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.SHOUT").write_text("one dog\ntwo cats", "utf-8")
    (tmp_path / "docs" / "b.shout").write_text("fail", "utf-8")
    (tmp_path / "docs" / "c.rtf").write_text("skipped", "utf-8")
    with Index.open(tmp_path / "ix", model(), readers={".Shout": Shouting()}) as ix:
        report = ix.add([tmp_path / "docs"])
        (document,) = ix.documents()
    assert document.text == "ONE DOG\n\nTWO CATS"
    assert {**document.metadata, "path": ""} == {"line": "0, 1", "kind": "shout", "path": ""}
    assert report.skipped == 1
    (failed,) = report.failed
    assert failed.source == "b.shout"
    assert "can't be read as .shout by Shouting (RuntimeError: no such line)" in str(failed.reason)


def test_a_reader_comes_before_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word", "utf-8")
    assert load(tmp_path / "a.txt", readers={".txt": Shouting()}).text == "WORD"


def test_readers_are_named_by_suffixes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not by 'rtf'"):
        Index.open(tmp_path / "ix", model(), readers={"rtf": Shouting()})


def test_importing_the_formats_imports_no_parser() -> None:
    parsers = {"lxml", "pptx", "openpyxl", "mammoth", "pypdfium2", "markdown_it", "charset_normalizer", "llama_index"}
    code = "import sys, index.load; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert parsers & set(imported) == set()
