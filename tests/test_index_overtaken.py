"""What one process decides about a file holds only if no other has changed meanwhile what it rests on."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from llama_index.core.readers.base import BaseReader

from index import Index, load
from index.types import Document
from tests.index_fakes import model

Readers = Mapping[str, BaseReader] | None


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path / "ix", model()) as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path, one: Index) -> Iterator[Index]:
    with Index.open(one.path, model()) as opened:
        yield opened


@pytest.fixture
def while_reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen once, while the next file is being read."""

    def arrange(act: Callable[[], object]) -> None:
        read, acts = load.load, [act]

        def interrupted(path: Path, source: str | None = None, readers: Readers = None) -> Document:
            document = read(path, source, readers)
            if acts:
                acts.pop()()
            return document

        monkeypatch.setattr(load, "load", interrupted)

    return arrange


WhileReading = Callable[[Callable[[], object]], None]


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def texts(ix: Index) -> dict[str, str]:
    return {source: document.text for document in ix.documents() for source in document.sources}


def test_two_that_add_files_of_one_name_keep_both(
    tmp_path: Path, one: Index, other: Index, while_reading: WhileReading
) -> None:
    write(tmp_path / "a" / "readme.txt", "Cats purr.")
    write(tmp_path / "b" / "readme.txt", "Dogs bark.")
    while_reading(lambda: other.add([tmp_path / "b"]))
    report = one.add([tmp_path / "a"])
    assert [file.source for file in report.added] == ["a/readme.txt"]
    assert texts(one) == {"readme.txt": "Dogs bark.", "a/readme.txt": "Cats purr."}
    assert one.check().problems == ()


def test_a_document_that_gets_another_name_meanwhile_is_not_changed_under_it(
    tmp_path: Path, one: Index, other: Index, while_reading: WhileReading
) -> None:
    first = write(tmp_path / "first.txt", "Cats purr.")
    second = write(tmp_path / "second.txt", "Cats purr.")
    one.add(first)
    write(first, "Lions roar loudly.")
    while_reading(lambda: other.add(second))
    one.add(first)
    assert texts(one) == {"first.txt": "Lions roar loudly.", "second.txt": "Cats purr."}
    assert one.check().problems == ()


def test_a_document_that_is_removed_meanwhile_is_stored_again(
    tmp_path: Path, one: Index, other: Index, while_reading: WhileReading
) -> None:
    file = write(tmp_path / "cats.txt", "Cats purr.")
    one.add(file)
    # As when it was copied: other times, the same words.
    file.touch()
    while_reading(lambda: other.remove("cats.txt"))
    one.add(file)
    assert texts(one) == {"cats.txt": "Cats purr."}


def test_a_name_that_has_gone_to_another_file_is_not_forgotten(
    tmp_path: Path, one: Index, other: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = write(tmp_path / "a" / "readme.txt", "Cats purr.")
    write(tmp_path / "a" / "kept.txt", "Owls hoot.")
    write(tmp_path / "b" / "readme.txt", "Dogs bark.")
    one.add([tmp_path / "a"])
    gone.unlink()

    look = os.lstat

    def not_there(path: str) -> os.stat_result:
        if path == str(gone):
            monkeypatch.undo()
            other.add([tmp_path / "b"])
        return look(path)

    monkeypatch.setattr("os.lstat", not_there)
    report = one.add([tmp_path / "a"])
    assert report.removed == ()
    assert texts(one) == {"readme.txt": "Dogs bark.", "kept.txt": "Owls hoot."}
