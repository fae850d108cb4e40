"""Files that can't be read: each is named with the reason and what to do, none stops another, none fills the memory."""

import base64
import contextlib
import io
import os
import socket
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.core import Index
from index.errors import DocumentError
from index.formats import archive, pdf, plain
from index.formats.content import Content, Unreadable
from index.formats.core import FORMATS, read
from index.load import load
from tests import index_files as files
from tests.index_fakes import model

TOO_MUCH = "is made to fill the memory or too complex to be read: print it to a new PDF, or split it"
DRAWING = zlib.compress(b"BT (word) Tj ET\n" * 500_000)
SLOW = zlib.compress(b"q Q " * 250_000)
LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a bomb is found in a second."""
    monkeypatch.setattr(pdf, "MEGABYTES", 400)


def changed(data: bytes, member: str, content: str | bytes) -> bytes:
    """The same archive with another member in place of one, or beside the others."""
    with zipfile.ZipFile(io.BytesIO(data)) as was:
        kept = {name: was.read(name) for name in was.namelist()}
    return files.archive({**kept, member: content})


def encrypted(data: bytes) -> bytes:
    """The same archive with the mark of a password at its first member."""
    there = data.index(b"PK\x01\x02") + 8
    return data[:there] + struct.pack("<H", 1) + data[there + 2 :]


def lying(data: bytes) -> bytes:
    """The same archive, whose first member says that it is a gigabyte."""
    there = data.index(b"PK\x01\x02") + 24
    return data[:there] + struct.pack("<I", 2**30) + data[there + 4 :]


def wide_sheet() -> bytes:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("Wide")
    for _ in range(130):
        sheet.append([*([None] * 16_000), 1])
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


DRM = (
    '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
    '<e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e:EncryptedData></encryption>'
)
BAD = {
    "nothing.txt": (b"", "is empty"),
    "nothing.pdf": (b"", "is empty"),
    "nothing.docx": (b"", "is empty"),
    "pdf.txt": (files.pdf(["Words."]), "is a PDF by its content; let its name end with .pdf"),
    "binary.md": (b"\x7fELF\x02\0\0\1", "looks like a binary file"),
    "only-script.html": (b"<script>x</script>", "has no text that can be read"),
    "deep.html": (b"<div>" * 5000 + b"word", "is nested too deeply to be read: open it in a browser"),
    "binary.html": (b"\x7fELF\x02\1\1\0\0", "looks like a binary file, not a web page"),
    "scan.pdf": (files.pdf([None, None]), "has no text layer: .*; run it through OCR first, such as ocrmypdf"),
    "locked.pdf": (files.pdf(["Words."], encrypted=True), "is protected by a password: open it, take"),
    "cut.pdf": (files.pdf(["Words."])[:60], "is damaged, cut short or not a PDF: get a whole copy"),
    "bomb.pdf": (files.pdf_drawing(DRAWING), TOO_MUCH),
    "page.pdf": (b"<!DOCTYPE html><p>Words.", "is a web page by its content; let its name end with .html"),
    "pdf.docx": (files.pdf(["Words."]), "is a PDF by its content; let its name end with .pdf"),
    "old.docx": (files.ole("WordDocument"), "is of the format of Office 97.*: open it and save it as .docx"),
    "locked.docx": (files.ole("EncryptionInfo", "EncryptedPackage"), "is protected by a password: open it, take"),
    "sheet.docx": (files.workbook(), "is an Excel workbook by its content; let its name end with .xlsx"),
    "some.docx": (files.archive({"a.txt": "word"}), "is not a Word document: it has no word/document.xml"),
    "text.docx": (b"words", "is damaged or not a Word document: open it in its program and save it again"),
    "cut.docx": (files.word()[:-500], "is damaged or cut short: get a whole copy"),
    "broken.docx": (changed(files.word(), "word/document.xml", "<w:document>"), "can't be read as a Word document"),
    "laughs.docx": (changed(files.word(), "word/document.xml", LAUGHS + "<l>&b;</l>"), "defines XML entities"),
    "laughs16.docx": (
        changed(files.word(), "word/document.xml", (LAUGHS + "<l>&b;</l>").encode("utf-16")),
        "defines XML entities",
    ),
    "deep.docx": (
        changed(files.word(), "word/document.xml", "<a>" * 100_000 + "</a>" * 100_000),
        "can't be read as a Word document",
    ),
    "bomb.docx": (
        changed(files.word(), "word/media/a.bin", bytes(20 * 2**20)),
        r"made to fill the memory \(word/media/a.bin is packed to less than a 250th\)",
    ),
    "long.docx": (
        files.archive({"word/document.xml": bytes(33 * 2**20)}, zipfile.ZIP_STORED),
        "has 33 MB of markup; up to 32 MB are read: split it",
    ),
    "parts.docx": (
        files.archive({"word/document.xml": b" " * (17 * 2**20), "word/media/a.png": b"\n" * (17 * 2**20)}, 0),
        "has 34 MB of markup; up to 32 MB are read: split it",
    ),
    "laughs2.docx": (changed(files.word(), "word/media/a.png", LAUGHS + "<l>&b;</l>"), "defines XML entities"),
    "lying.docx": (lying(files.word()), "made to fill the memory"),
    "locked2.docx": (encrypted(files.word()), "is protected by a password"),
    "unusual.docx": (
        files.archive({"word/document.xml": "<a/>"}, zipfile.ZIP_LZMA),
        "is packed in an unusual way: open it in its program and save it again",
    ),
    "locked.pptx": (files.ole("EncryptedPackage"), "is protected by a password"),
    "cut.pptx": (files.slides()[:-500], "is damaged or cut short"),
    "empty.pptx": (changed(files.slides(), "ppt/presentation.xml", "<p/>"), "can't be read as a presentation"),
    "locked.xlsx": (files.ole("EncryptedPackage"), "is protected by a password"),
    "laughs.xlsx": (changed(files.workbook(), "xl/sharedStrings.xml", LAUGHS + "<l>&b;</l>"), "defines XML entities"),
    "wide.xlsx": (wide_sheet(), "has more than 2,000,000 cells in a sheet; split it"),
    "styles.xlsx": (
        files.archive({"xl/workbook.xml": "<a/>", "xl/styles.xml": bytes(33 * 2**20)}, zipfile.ZIP_STORED),
        "has more than 32 MB beside its sheets: save these as .csv",
    ),
    "word.xlsx": (files.word(), "is a Word document by its content; let its name end with .docx"),
    "binary.csv": (b"a\0b", "looks like a binary file"),
    "drm.epub": (files.epub({"META-INF/encryption.xml": DRM}), r"is protected against copying \(DRM\)"),
    "lacking.epub": (files.epub({"OPS/book.opf": files.PACKAGE.replace("one.", "no.")}), "lacks its chapter OPS/no"),
    "laughs.epub": (files.epub({"OPS/one.xhtml": LAUGHS + "<p>&b;</p>"}), "defines XML entities"),
    "no-package.epub": (files.epub({"META-INF/container.xml": "<a/>"}), "can't be read as a book"),
    "crowd.eml": (
        b"From: a\nTo: " + b"a@b.c, " * 10_000 + b"\n\nWords.",
        "has a header of more than 50,000 characters, To: shorten it",
    ),
    "parts.eml": (b"From: a\n\n" + b"\n--a" * 50_001, "has more than 50,000 parts, as no mail has: if it is text"),
    "text.eml": (b"Dear Anna,\n\nno headers.", "is not a mail: .* let its name end with .txt"),
}
"""A file that can't be read, and why."""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_its_reason(tmp_path: Path, name: str) -> None:
    data, reason = BAD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DocumentError, match=reason) as raised:
        load(tmp_path / name, f"folder/{name}")
    assert raised.value.source == f"folder/{name}"
    assert str(tmp_path) not in raised.value.reason


def test_good_files_are_added_and_bad_ones_named(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, data in files.GOOD.items():
        (folder / name).write_bytes(data)
    for name, (data, _) in BAD.items():
        (folder / f"bad-{name}").write_bytes(data)
    (folder / "bad-link.txt").symlink_to(folder / "gone.txt")
    (folder / "link.pdf").symlink_to(folder / "paper.pdf")
    (folder / "~$report.docx").write_bytes(b"\x04Anna")
    os.mkfifo(folder / "bad-pipe.pdf")
    with Index.open(tmp_path / "ix", model()) as ix:
        report = ix.add(folder)
        sources = {source for document in ix.documents() for source in document.sources}
        assert ix.search("mill bakery")
    assert sources == {*files.GOOD, "link.pdf"}
    failed = {one.source for one in report.files if one.status == "failed"}
    assert failed == {*(f"bad-{name}" for name in BAD), "bad-link.txt", "bad-pipe.pdf"}
    assert report.skipped == 1


def test_the_same_bytes_under_another_format_are_another_document(tmp_path: Path) -> None:
    for name in ("a.html", "a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"<p>Some words.</p>")
    with Index.open(tmp_path / "ix", model()) as ix:
        ix.add([tmp_path / "a.html", tmp_path / "a.txt", tmp_path / "b.txt"])
        texts = {document.text: document.sources for document in ix.documents()}
    assert texts["Some words."] == ("a.html",)
    assert "a.txt" in {source for text, sources in texts.items() if text != "Some words." for source in sources}


@pytest.mark.parametrize(
    ("packed", "filters", "more"),
    [
        (zlib.compress(DRAWING), b"[/Fl#61teDecode /FlateDecode]", b"null"),
        (base64.a85encode(DRAWING) + b"~>", b"[/ASCII85Decode /FlateDecode]", b"null"),
        (DRAWING, b"3 0 R", b"/FlateDecode"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="no other system keeps to a limit of memory")
def test_no_way_of_packing_fills_the_memory(packed: bytes, filters: bytes, more: bytes) -> None:
    with pytest.raises(Unreadable, match=TOO_MUCH):
        pdf.read(files.pdf_drawing(packed, filters, more))


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 1)
    with pytest.raises(Unreadable, match=r"too complex to be read in 1 seconds: print it"):
        pdf.read(files.pdf_drawing(SLOW, pages=1000))


def test_a_pdf_whose_process_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false" if Path("/bin/false").exists() else "/usr/bin/false")
    with pytest.raises(Unreadable, match=TOO_MUCH):
        pdf.read(files.pdf(["Words."] * 5000))


def test_the_process_of_a_pdf_ends_with_the_one_that_waits_for_it() -> None:
    slow = files.pdf_drawing(SLOW, pages=1000)
    for sent in (slow, slow[:100]):
        command = [sys.executable, str(pdf.SCRIPT), str(len(slow)), "2048", "600"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.communicate(sent, timeout=30)[0] == b""


def test_a_pdf_of_too_much_text_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "pdfium.py"
    script.write_text(pdf.SCRIPT.read_text("utf-8").replace("50_000_000", "11"), "utf-8")
    monkeypatch.setattr(pdf, "SCRIPT", script)
    assert pdf.read(files.pdf(["Words", "twice"])).text == "Words\n\ntwice"
    with pytest.raises(Unreadable, match="has more text than can be read: split it"):
        pdf.read(files.pdf(["Words", "thrice."]))


MB = 1_000_000


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".txt", "a" * MB),
        (".txt", " " * MB + "a"),
        (".md", "---\ntitle: a" + " " * MB + "b\n---\n"),
        (".md", "---\n" + "a:\n" * (MB // 3)),
        (".md", "# " + "*a_ " * (MB // 4)),
        (".md", "# " + "[" * MB),
        (".md", "# " + "![a](" * (MB // 5)),
        (".md", ">" * MB),
        (".csv", '"' * MB),
        (".csv", "1.,'" * (MB // 4) + "x,b\n1,2"),
        (".html", "<table><tr><th>b<th>" + "<p>a</p>" * (MB // 8)),
        (".html", "<table>" + "<table><tr><td>a</table>" * (MB // 24)),
        (".html", "<sup>" * 200 + "<b>a</b>" * (MB // 8)),
        (".html", "<p>" + " \n" * (MB // 2) + "a"),
        (".html", "<div style='display" + " " * MB + "x'>a"),
        (".html", "<" * MB),
        (".eml", "From: a\nTo: " + "a, " * (MB // 3) + "\n\nb"),
        (".eml", "Subject: " + "a " * (MB // 2) + "\n\nb"),
        (".eml", "From: a\nContent-Type: text/plain; " + "a=b; " * (MB // 5) + "\n\nb"),
        (".eml", "From: a\nContent-Type: multipart/mixed; boundary=a\n\n" + "--a\n\n" * (MB // 5)),
    ],
)
def test_no_megabyte_takes_the_square_of_its_length(suffix: str, text: str) -> None:
    """Two seconds of one processor, and some for a slow one; what grows with the square takes minutes."""
    data = text.encode()
    started = time.process_time()
    with contextlib.suppress(Unreadable):
        read(data, FORMATS[suffix])
    assert time.process_time() - started < 4


LINES = ["# A", "Text", "===", "---", "- item", "> q", "> ===", "```", "~~~", "<div>", "</div>", "[a]: b", "", "\tcode"]


@given(st.lists(st.sampled_from([*LINES, "1. x", "  ---", "* * *", "- # B", "Title  ", "   ==== "]), max_size=9))
def test_what_a_parser_need_not_look_for_is_not_there(lines: list[str]) -> None:
    text = "\n".join(["Begin", *lines])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_needless", lambda text: [])
        whole = plain.read_markdown(text.encode()).headings
    assert plain.read_markdown(text.encode()).headings == whole


def test_a_long_word_of_a_pdf_is_looked_through_once() -> None:
    data = files.pdf(["a" * 32_000] * 8).replace(b" 612 792]", b" 999999 792]")
    started = time.process_time()
    assert len(pdf.read(data).text) == 8 * 32_002 - 2
    assert time.process_time() - started < 2


def test_an_archive_of_too_many_members_is_not_opened() -> None:
    data = files.archive({f"{number}.txt": b"" for number in range(archive.MAX_MEMBERS + 1)})
    with pytest.raises(Unreadable, match="too many members"):
        archive.opened(data, "word/document.xml", 2**20)


def test_an_archive_within_an_archive_stays_closed(tmp_path: Path) -> None:
    inner = files.archive({"a.xml": bytes(20 * 2**20)})
    (tmp_path / "a.docx").write_bytes(changed(files.word(), "word/embeddings/inner.docx", inner))
    assert load(tmp_path / "a.docx").text == files.WORD


def test_nothing_is_fetched_and_nothing_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    external = '<!DOCTYPE html SYSTEM "http://192.0.2.1/x.dtd"><html><body><img src="http://192.0.2.1/"/><p>Words.</p>'
    (tmp_path / "a.html").write_text(external, "utf-8")
    (tmp_path / "a.epub").write_bytes(files.epub({"OPS/one.xhtml": external + "</body></html>"}))
    assert load(tmp_path / "a.html").text == "Words."
    assert load(tmp_path / "a.epub").text.startswith("Words.")
    for name, data in files.GOOD.items():
        (tmp_path / name).write_bytes(data)
        load(tmp_path / name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(files.pdf(["Words."]))
    file.chmod(0)
    with pytest.raises(DocumentError, match="can't be read: Permission denied"):
        load(file)


@pytest.mark.parametrize("name", [name for name in files.GOOD if not name.endswith((".txt", ".md"))])
@settings(max_examples=15, deadline=None)
@given(where=st.floats(0, 1), what=st.binary(max_size=8), cut=st.booleans())
def test_damage_gives_text_or_a_reason(name: str, where: float, what: bytes, cut: bool) -> None:
    data = files.GOOD[name]
    at = int(where * len(data))
    damaged = data[:at] + what + (b"" if cut else data[at + len(what) :])
    try:
        content = read(damaged, FORMATS[Path(name).suffix])
    except Unreadable as error:
        assert str(error)
    else:
        assert isinstance(content, Content)
        content.text.encode("utf-8")
