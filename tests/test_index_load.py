"""Files into documents: what the user can read, whatever the bytes."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import load as loading
from index.errors import DocumentError
from index.load import canonical, find, load

READABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), min_size=1).filter(
    str.strip
)


@given(READABLE, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_comes_back_as_it_was_written(text: str, encoding: str) -> None:
    assert canonical(text.encode(encoding), "x") == text


@given(st.text("aé\r\n", min_size=1).filter(str.strip))
def test_every_kind_of_line_end_becomes_one(text: str) -> None:
    assert canonical(text.encode(), "x").split("\n") == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_reason(data: bytes) -> None:
    try:
        text = canonical(data, "x")
    except DocumentError as error:
        assert error.reason
    else:
        assert text.strip()
        assert text.encode("utf-8")
        assert "\0" not in text
        assert "\r" not in text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve “quote”".encode("cp1252"), "naïve “quote”"),
        (b"caf\xe9 \x81", "café \x81"),
        ("plain words".encode("utf-16-le"), "plain words"),
        ("plain words".encode("utf-16-be"), "plain words"),
        ("\ufeff\ufeffword".encode(), "word"),
    ],
)
def test_other_encodings_are_recognised(data: bytes, text: str) -> None:
    assert canonical(data, "x") == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "is a picture by its content"),
        (b"word\0word", "looks like a binary file"),
        (b"\xff\xfeabc", "is not valid UTF-16"),
        (b"\xef\xbb\xbf\xff", "is not valid UTF-8"),
    ],
)
def test_what_is_no_text_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        canonical(data, "x")


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.txt", "The headline\n\nThe story.", "The headline"),
        ("a.txt", "\n\nThe headline \n \nThe story.", "The headline"),
        ("a.txt", "The story begins\nand goes on.", "a"),
        ("a.txt", "Only one line", "a"),
        ("a.txt", "x" * 130 + "\n\nThe story.", "a"),
        ("b.md", "Intro.\n\n## The *title* ##\n\nText.", "The title"),
        ("b.md", "The title\n=========\nText.", "The title"),
        ("b.md", "No heading here.\n\nNone.", "b"),
        ("b.md", "#hashtag is none", "b"),
    ],
)
def test_titles(tmp_path: Path, name: str, text: str, title: str) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    assert load(file).title == title


def test_a_document_tells_where_it_came_from(tmp_path: Path) -> None:
    file = tmp_path / "Notes.MD"
    file.write_bytes(b"# Notes\r\nText.")
    document = load(file, "folder/Notes.MD")
    assert document.sources == ("folder/Notes.MD",)
    assert document.media_type == "text/markdown"
    assert document.sha256 == hashlib.sha256(b"# Notes\r\nText.").hexdigest()
    assert document.text == "# Notes\nText."
    assert document.metadata == {"path": str(file)}
    assert load(file).id != document.id == load(file, "folder/Notes.MD").id


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"\.txt, \.text, \.md, \.markdown, .*\.eml$"):
        load(tmp_path / "a.doc")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.txt: can't be read: No such file"):
        load(tmp_path / "gone.txt")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    with file.open("wb") as handle:
        handle.truncate(loading.MAX_BYTES + 1)
    with pytest.raises(DocumentError, match="is 50 MB; files up to 50 MB are read"):
        load(file)


def test_find_goes_through_folders_in_order_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    for name in ["b.md", "a.txt", "sub/c.txt", "image.png", ".hidden.txt", ".git/d.txt", "ix/e.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Words.", "utf-8")
    found = find([tmp_path, tmp_path / "a.txt", tmp_path / "image.png"], leave_out=tmp_path / "ix")
    assert [file.names[0] for file in found.files] == ["a.txt", "b.md", "sub/c.txt", "image.png"]
    assert found.skipped == 3
    assert found.failures == ()


def test_a_folder_with_nothing_to_read_is_a_failure(tmp_path: Path) -> None:
    found = find([tmp_path])
    (failure,) = found.failures
    assert failure.source == str(tmp_path)
    assert failure.reason.startswith("no file in this folder can be read; what was indexed from it stays")
    assert failure.reason.endswith(f"what can: {', '.join(loading.MEDIA_TYPES)}")


def test_a_name_that_is_no_unicode_is_made_printable(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(raw)).write_bytes(b"Words.")
    names = find([tmp_path]).files[0].names
    assert names[0] == "caf\ufffd.txt"
    assert load(os.fsdecode(raw), names[0]).text == "Words."
