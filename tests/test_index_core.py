"""The index as its users see it: real SQLite, Chroma and tantivy; only the embedding is a small one."""

import dataclasses
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import index
from index import Index, Progress
from index.errors import DocumentError, IndexBroken, IndexFailure, IndexMismatch, IndexMissing
from tests.fakes import document
from tests.index_fakes import WordHash, model

CATS = "Cats\n\nCats sleep most of the day. A cat purrs when it is content."
DOGS = "Dogs\n\nDogs bark at strangers. A dog wags its tail when it is glad."


@pytest.fixture(autouse=True)
def _all_is_well(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A cache that had to be made again would hide a fault of levelling; the log tells."""
    with caplog.at_level(logging.INFO, logger="index"):
        yield
    assert [record.message for record in caplog.get_records("call") if record.name.startswith("index")] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "cats.txt").write_text(CATS, "utf-8")
    (files / "dogs.txt").write_text(DOGS, "utf-8")
    return files


@pytest.fixture
def embedding() -> WordHash:
    return model()


@pytest.fixture
def ix(tmp_path: Path, embedding: WordHash) -> Iterator[Index]:
    with Index.open(tmp_path / "ix", embedding) as opened:
        yield opened


def sources(ix: Index) -> list[tuple[str, ...]]:
    return [document.sources for document in ix.documents()]


def best(ix: Index, query: str) -> str:
    return ix.search(query)[0].passage.source


def test_files_go_in_and_passages_come_out(ix: Index, folder: Path) -> None:
    report = ix.add([folder])
    assert [(file.source, file.status, file.passages) for file in report.files] == [
        ("cats.txt", "added", 1),
        ("dogs.txt", "added", 1),
    ]
    hit = ix.search("Is it that a cat purrs when it is content?")[0]
    assert hit.passage.source == "cats.txt"
    assert hit.passage.title == "Cats"
    assert hit.ranks == {"vectors": 1, "lexical": 1}
    assert -1 <= hit.scores["vectors"] <= 1
    assert hit.scores["lexical"] > 0
    document = ix.document(hit.passage.document_id)
    assert document.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert hit.passage.document_sha256 == document.sha256
    assert ix.passages(document.id) == [hit.passage]
    assert document.metadata["path"] == str(folder / "cats.txt")


def test_what_is_unchanged_is_not_embedded_again(ix: Index, folder: Path, embedding: WordHash) -> None:
    ix.add([folder])
    before = list(embedding.texts)
    os.utime(folder / "cats.txt")
    report = ix.add([folder])
    assert [file.status for file in report.files] == ["unchanged", "unchanged"]
    assert embedding.texts == before


def test_what_has_changed_replaces_the_whole_document_under_its_old_id(ix: Index, folder: Path) -> None:
    ix.add([folder])
    before = next(document for document in ix.documents() if document.source == "cats.txt")
    fingerprint = ix.fingerprint
    (folder / "cats.txt").write_text("Parrots\n\nParrots talk.", "utf-8")
    report = ix.add([folder])
    assert [file.source for file in report.updated] == ["cats.txt"]
    assert ix.document(before.id).text == "Parrots\n\nParrots talk."
    assert best(ix, "talking parrots") == "cats.txt"
    assert not [hit for hit in ix.search("cat purrs content") if "purr" in hit.passage.text]
    assert ix.fingerprint != fingerprint


def test_changing_back_and_forth_leaves_what_was_there_first(ix: Index, folder: Path) -> None:
    ix.add([folder])
    fingerprint, hits = ix.fingerprint, ix.search("a cat purrs")
    for text in ("Parrots talk.", CATS):
        (folder / "cats.txt").write_text(text, "utf-8")
        ix.add([folder])
        ix.search("parrots")
    assert ix.fingerprint == fingerprint
    assert [hit.passage for hit in ix.search("a cat purrs")] == [hit.passage for hit in hits]


def test_one_bad_file_stops_nothing_and_keeps_its_old_version(ix: Index, folder: Path) -> None:
    ix.add([folder])
    (folder / "cats.txt").write_bytes(b"\0\1\2")
    (folder / "pets.txt").write_text("Pets are kept at home.", "utf-8")
    report = ix.add([folder, folder / "gone.txt", folder / "a.pdf"])
    assert [(file.source, file.reason) for file in report.failed] == [
        ("cats.txt", "looks like a binary file, not text"),
        ("gone.txt", "can't be read: No such file or directory"),
        ("a.pdf", "can't be read: No such file or directory"),
    ]
    assert [file.source for file in report.added] == ["pets.txt"]
    assert best(ix, "cat purrs") == "cats.txt"


def test_the_same_content_under_two_names_is_one_document(ix: Index, folder: Path, embedding: WordHash) -> None:
    shutil.copy(folder / "cats.txt", folder / "felines.txt")
    ix.add([folder])
    assert sources(ix) == [("cats.txt", "felines.txt"), ("dogs.txt",)]
    assert len(embedding.texts) == 2
    ix.remove("cats.txt")
    assert best(ix, "cat purrs") == "felines.txt"
    ix.remove("felines.txt")
    assert sources(ix) == [("dogs.txt",)]


def test_a_copy_that_changes_becomes_a_document_of_its_own(ix: Index, folder: Path) -> None:
    shutil.copy(folder / "cats.txt", folder / "felines.txt")
    ix.add([folder])
    (folder / "cats.txt").write_text("Lions roar at night.", "utf-8")
    ix.add([folder])
    assert sources(ix) == [("cats.txt",), ("dogs.txt",), ("felines.txt",)]
    assert best(ix, "lions roar") == "cats.txt"
    assert best(ix, "cat purrs") == "felines.txt"


def test_files_that_are_gone_from_a_folder_are_forgotten(ix: Index, folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.txt"
    alone.write_text("Owls hoot.", "utf-8")
    shutil.copy(folder / "cats.txt", folder / "felines.txt")
    ix.add([folder, alone])
    alone.unlink()
    (folder / "cats.txt").unlink()
    (folder / "dogs.txt").rename(folder / "hounds.txt")
    report = ix.add([folder])
    assert [(file.source, file.status) for file in report.files] == [
        ("felines.txt", "unchanged"),
        ("hounds.txt", "added"),
        ("cats.txt", "removed"),
        ("dogs.txt", "removed"),
    ]
    assert sources(ix) == [("alone.txt",), ("felines.txt",), ("hounds.txt",)]
    assert ix.check().missing == ("alone.txt",)
    (hit,) = [hit for hit in ix.search("cat purrs content") if "purrs" in hit.passage.text]
    assert hit.passage.source == "felines.txt"


def test_a_folder_in_which_nothing_is_left_may_be_a_drive_that_is_not_there(ix: Index, folder: Path) -> None:
    ix.add([folder])
    for file in list(folder.iterdir()):
        file.unlink()
    report = ix.add([folder])
    assert (len(report.failed), report.removed) == (1, ())
    assert len(sources(ix)) == 2


def test_a_file_of_the_same_size_and_time_is_not_read(ix: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ix.add([folder])

    def read(*_: object) -> None:
        raise AssertionError("a file was read")

    monkeypatch.setattr("index.load.load", read)
    assert [file.status for file in ix.add([folder]).files] == ["unchanged", "unchanged"]


def test_a_file_keeps_its_name_however_it_is_added_again(ix: Index, folder: Path) -> None:
    ix.add([folder / "cats.txt"])
    ix.add([folder])
    ix.add([folder.parent])
    assert sources(ix) == [("cats.txt",), ("dogs.txt",)]


def test_a_name_that_is_taken_is_made_longer(ix: Index, folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "cats.txt").write_text("Big cats hunt.", "utf-8")
    ix.add([folder, other])
    assert sources(ix) == [("cats.txt",), ("dogs.txt",), ("other/cats.txt",)]


def test_a_file_that_was_moved_keeps_its_name(ix: Index, folder: Path) -> None:
    ix.add([folder])
    moved = folder.rename(folder.parent / "moved")
    report = ix.add([moved])
    assert len(report.unchanged) == 2
    assert ix.documents()[0].metadata["path"] == str(moved / "cats.txt")


def test_removing_forgets_and_what_is_not_there_is_said(ix: Index, folder: Path) -> None:
    ix.add([folder])
    ix.search("cat")
    document_id = ix.search("cat purrs")[0].passage.document_id
    ix.remove("cats.txt")
    assert {hit.passage.source for hit in ix.search("cat purrs")} == {"dogs.txt"}
    with pytest.raises(DocumentError, match=r"cats\.txt: is not in the index"):
        ix.remove("cats.txt")
    with pytest.raises(DocumentError):
        ix.document(document_id)
    with pytest.raises(DocumentError):
        ix.passages(document_id)


def test_a_search_can_be_confined(ix: Index, folder: Path) -> None:
    ix.add([folder])
    dogs = next(document.id for document in ix.documents() if document.source == "dogs.txt")
    for where in ({"source": "dogs.txt"}, {"document_id": [dogs]}, {"source": ["dogs.txt", "no.txt"]}):
        assert [hit.passage.source for hit in ix.search("a cat purrs", where=where)] == ["dogs.txt"]
    assert ix.search("a cat", where={"source": "no.txt"}) == []
    with pytest.raises(ValueError, match="colour"):
        ix.search("a cat", where={"colour": "grey"})


def test_k_bounds_the_hits_and_the_best_stay_first(ix: Index, tmp_path: Path) -> None:
    many = tmp_path / "many.txt"
    many.write_text("\n\n".join(f"Paragraph {n} speaks of topic{n} at length. " * 12 for n in range(120)), "utf-8")
    ix.add(many)
    hits = ix.search("What does it say of topic77?", k=100)
    assert len(hits) == 100
    assert "topic77" in hits[0].passage.text
    assert [hit.passage for hit in ix.search("What does it say of topic77?", k=3)] == [hit.passage for hit in hits[:3]]
    with pytest.raises(ValueError, match="k must be"):
        ix.search("a", k=0)


def test_a_search_can_go_by_words_or_by_vectors_alone(ix: Index, folder: Path) -> None:
    ix.add(folder)
    query = ix.passages(ix.documents()[0].id)[0].text
    for by in ("lexical", "vectors"):
        hits = ix.search(query, by=by)
        assert hits
        assert all(set(hit.scores) == {by} for hit in hits)
        assert [hit.ranks[by] for hit in hits] == list(range(1, len(hits) + 1))
    assert set(ix.search(query)[0].scores) == {"lexical", "vectors"}


def test_texts_that_came_from_no_file_are_documents_too(ix: Index, embedding: WordHash) -> None:
    texts = [document("Cats purr when content.", "cats"), document("Dogs bark at strangers.", "dogs")]
    assert [file.source for file in ix.add_documents(texts).added] == ["cats", "dogs"]
    assert ix.search("Dogs bark")[0].passage.source == "dogs"
    asked = len(embedding.texts)
    report = ix.add_documents([*texts, document("Cats purr.", "cats")])
    assert ([file.source for file in report.unchanged], [file.source for file in report.updated]) == (
        ["cats", "dogs"],
        ["cats"],
    )
    assert len(embedding.texts) == asked + 1
    assert (ix.check().missing, ix.check().changed, ix.check().ok) == ((), (), True)


def test_a_text_without_words_is_named_and_stops_nothing(ix: Index) -> None:
    report = ix.add_documents([document("", "none"), document(" \n", "blank"), document("Cats purr.", "cats")])
    assert [(file.source, file.reason) for file in report.failed] == [("none", "is empty"), ("blank", "is empty")]
    assert [file.source for file in report.added] == ["cats"]


def test_a_passage_is_embedded_under_its_title(ix: Index, embedding: WordHash) -> None:
    text = "She opened it in 1987."
    ix.add_documents([dataclasses.replace(document(text, "a"), title="Oslo bakery"), document(text + " Yes.", "b")])
    assert set(embedding.texts) == {f"Oslo bakery\n{text}", f"b\n{text} Yes."}
    assert ix.search("the Oslo bakery", by="vectors")[0].passage.source == "a"
    assert ix.passages("a")[0].text == text


def test_words_that_only_ask_find_nothing_unless_there_are_no_others(ix: Index) -> None:
    ix.add_documents([document("Will what was be what is?", "asks"), document("Rust eats iron.", "rust")])
    assert [hit.passage.source for hit in ix.search("What is it that will eat iron?", by="lexical")] == ["rust"]
    assert [hit.passage.source for hit in ix.search("What was what?", by="lexical")] == ["asks"]


def test_nothing_is_found_in_nothing(ix: Index, folder: Path) -> None:
    assert ix.search("cat") == []
    ix.add([folder])
    assert ix.search(" \n") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.text(st.one_of(st.characters(), st.sampled_from('"\\():^~*?+-![]{}/ANDORTO\ud800')), min_size=1))
@example("a cat\ud800 purrs")
@example('text:"cat AND (')
def test_any_question_is_fine(ix: Index, folder: Path, query: str) -> None:
    if not ix.passage_count:
        ix.add([folder])
    hits = ix.search(query)
    assert len(hits) == (2 if query.strip() else 0)


def test_a_file_whose_name_is_no_text_is_named_as_far_as_it_can_be(ix: Index, folder: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff\xfename.txt")).write_text("Owls hoot.", "utf-8")
    except OSError:
        pytest.skip("this file system wants names to be text")
    for status in ("added", "unchanged"):
        report = ix.add([folder])
        assert not report.failed
        assert [file.status for file in report.files if file.source.startswith("bad")] == [status]
    assert ix.search("owls")[0].passage.source == "bad\ufffd\ufffdname.txt"


def test_a_tilde_is_the_home_folder(ix: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert len(ix.add(["~/files"]).added) == 2


def test_a_folder_that_cant_be_looked_into_is_not_forgotten(ix: Index, folder: Path) -> None:
    (folder / "closed").mkdir()
    (folder / "closed" / "owls.txt").write_text("Owls hoot.", "utf-8")
    ix.add([folder])
    (folder / "closed").chmod(0)
    try:
        if os.access(folder / "closed", os.R_OK):
            pytest.skip("root may look into everything")
        assert not ix.add([folder]).removed
    finally:
        (folder / "closed").chmod(0o700)


def test_the_formats_that_were_passed_over_are_told(ix: Index, folder: Path) -> None:
    for name in ("a.odt", "b.odt", "c.RTF", "README", ".hidden.odt"):
        (folder / name).write_text("text", "utf-8")
    report = ix.add([folder])
    assert report.skipped == 5
    assert report.unknown[0] == ".odt"
    assert set(report.unknown[1:]) == {".rtf", ""}


def test_closing_while_others_search_lets_go_of_everything(ix: Index, folder: Path) -> None:
    ix.add([folder])
    with ThreadPoolExecutor(4) as pool:
        searching = [pool.submit(lambda: [ix.search("cat") for _ in range(200)]) for _ in range(4)]
        ix.search("cat")
        ix.close()
        assert all(isinstance(one.exception(), IndexFailure | None) for one in searching)
    lock = FileLock(ix.path / "chroma.lock", timeout=0)
    lock.acquire()
    lock.release()


def test_progress_tells_of_every_file(ix: Index, folder: Path) -> None:
    told: list[Progress] = []
    (folder / "bad.txt").write_bytes(b"")
    ix.add([folder], progress=told.append)
    assert [one.done for one in told if one.source == "bad.txt"] == [0, 1]
    assert told[-2:] == [Progress("dogs.txt", 3, 3), Progress("", 3, 3, embedded=2, waiting=0)]
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_an_index_can_be_closed_and_opened_again(tmp_path: Path, folder: Path, embedding: WordHash) -> None:
    with Index.open(tmp_path / "ix", embedding) as first:
        first.add([folder])
        hits, fingerprint = first.search("a cat purrs"), first.fingerprint
    first.close()
    with pytest.raises(IndexFailure, match="is closed"):
        first.search("cat")
    with Index.open(tmp_path / "ix", embedding, must_exist=True) as again:
        assert [hit.passage for hit in again.search("a cat purrs")] == [hit.passage for hit in hits]
        assert again.fingerprint == fingerprint
        assert again.passage_count == 2


def test_the_fingerprint_is_of_the_documents_alone(tmp_path: Path, folder: Path, embedding: WordHash) -> None:
    found = []
    for name in ("one", "two"):
        with Index.open(tmp_path / name, embedding) as ix:
            ix.add([folder])
            found.append(ix.fingerprint)
    assert found[0] == found[1]


def test_an_index_that_must_exist_and_does_not(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"no index at .*none; make one with: footnoted index FILES --index"):
        Index.open(tmp_path / "none", must_exist=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("other", [model("another"), None])
def test_another_model_does_not_fit(tmp_path: Path, other: WordHash | None, embedding: WordHash) -> None:
    Index.open(tmp_path / "ix", embedding).close()
    with pytest.raises(IndexMismatch, match="made with embedding model word-hash, not"):
        Index.open(tmp_path / "ix", other)


def test_a_model_of_other_dimensions_does_not_fit(tmp_path: Path, folder: Path) -> None:
    with Index.open(tmp_path / "ix", model(dimensions=64)) as ix:
        ix.add([folder / "cats.txt"])
    with (
        Index.open(tmp_path / "ix", model(dimensions=32)) as ix,
        pytest.raises(IndexMismatch, match="64 dimensions and the embedding model makes 32"),
    ):
        ix.add([folder / "dogs.txt"])


def test_another_splitter_or_schema_does_not_fit(tmp_path: Path, embedding: WordHash) -> None:
    for name in ("splitter", "schema"):
        Index.open(tmp_path / name, embedding).close()
        db = sqlite3.connect(tmp_path / name / "catalog.sqlite3")
        db.execute("update meta set value = 'older' where key = ?", (name,))
        db.commit()
        db.close()
        with pytest.raises(IndexMismatch, match=f"made with {name} older"):
            Index.open(tmp_path / name, embedding)


def test_a_catalog_that_is_none_is_said(tmp_path: Path, embedding: WordHash) -> None:
    (tmp_path / "catalog.sqlite3").write_bytes(b"no database at all, " * 100)
    with pytest.raises(IndexBroken, match=r"is not a catalog, or damaged .*delete the folder"):
        Index.open(tmp_path, embedding)


def test_a_file_where_the_folder_should_be_is_said(tmp_path: Path, embedding: WordHash) -> None:
    (tmp_path / "ix").write_text("a file", "utf-8")
    with pytest.raises(IndexFailure, match="no index can be made"):
        Index.open(tmp_path / "ix", embedding)


def test_check_finds_nothing_wrong_and_tells_of_files_that_changed(ix: Index, folder: Path) -> None:
    ix.add([folder])
    assert ix.check() == index.CheckReport(documents=2, passages=2)
    (folder / "cats.txt").write_text("Changed.", "utf-8")
    (folder / "dogs.txt").unlink()
    report = ix.check()
    assert (report.changed, report.missing, report.ok) == (("cats.txt",), ("dogs.txt",), True)


def test_the_door_is_small_and_opens_fast() -> None:
    assert sorted(index.__all__) == [
        "AddReport",
        "CheckReport",
        "Document",
        "FileReport",
        "Heading",
        "Hit",
        "Index",
        "Passage",
        "Progress",
        "Sentence",
        "Span",
        "State",
    ]
    assert all(getattr(index, name).__module__.startswith("index.") for name in index.__all__)
    with pytest.raises(AttributeError):
        _ = index.Nothing
    heavy = "chromadb", "llama_index", "onnxruntime", "numpy", "tantivy"
    code = f"import sys, index; from index import Passage; print([n for n in {heavy} if n in sys.modules])"
    light = f"import sys; from index import Index; print([n for n in {heavy[:3]} if n in sys.modules])"
    for program in (code, light):
        assert (
            subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
        )
