"""What ``check`` proves, and what ``repair`` mends."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import tantivy

from index import Index
from index.lexical import _new_schema
from tests.index_fakes import WordHash, model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "cats.txt").write_text("Cats purr. They sleep all day long.", "utf-8")
    (tmp_path / "files" / "dogs.txt").write_text("Dogs bark. They guard the house.", "utf-8")
    return tmp_path / "files"


@pytest.fixture
def embedding() -> WordHash:
    return model()


@pytest.fixture
def path(tmp_path: Path, folder: Path, embedding: WordHash) -> Path:
    with Index.open(tmp_path / "ix", embedding) as ix:
        ix.add([folder])
    embedding.texts.clear()
    return tmp_path / "ix"


@pytest.fixture
def ix(path: Path, embedding: WordHash) -> Iterator[Index]:
    with Index.open(path, embedding) as opened:
        yield opened


def sql(statement: str) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        with closing(sqlite3.connect(path / "catalog.sqlite3")) as db:
            db.execute(statement)
            db.commit()

    return act


def forge_tantivy(path: Path) -> None:
    """Put others in the place of the passages, as many as there were."""
    index = tantivy.Index(_new_schema(), path=str(path / "tantivy"))
    writer = index.writer(15_000_000, 1)
    writer.delete_all_documents()
    for id_ in ("forged", "forged too"):
        writer.add_document(tantivy.Document(id=[id_], document_id=["x"], title=["x"], around=["cats"]))
    writer.commit()
    writer.wait_merging_threads()


def test_a_sound_index_has_no_faults(ix: Index) -> None:
    report = ix.check()
    assert report.ok
    assert (report.documents, report.passages, report.waiting) == (2, 2, 0)
    assert (report.problems, report.unseen, report.changed, report.missing) == ((), (), (), ())


def test_files_are_compared_byte_for_byte(ix: Index, folder: Path) -> None:
    cats = folder / "cats.txt"
    stat = cats.stat()
    cats.write_text(cats.read_text("utf-8").replace("purr", "hiss"), "utf-8")
    os.utime(cats, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (folder / "dogs.txt").unlink()
    report = ix.check()
    assert (report.changed, report.missing) == (("cats.txt",), ("dogs.txt",))
    assert report.ok


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (sql("update passages set start = start + 1 where text like 'Cats%'"), "passages that are not what it says"),
        (sql("update passages set text = 'Forged.' where text like 'Cats%'"), "passages that are not what it says"),
        (sql("delete from passages where text like 'Cats%'"), "passages that are not what it says"),
        (sql("update documents set text = replace(text, 'Cats', 'Bats')"), "has another text than was stored"),
        (sql("delete from sources where source = 'cats.txt'"), "has no name"),
        (sql("update vectors set vector = (select vector from vectors order by number desc)"), "other vectors than"),
        (forge_tantivy, "tantivy has too many"),
    ],
    ids=["offset", "text", "no passages", "document", "no source", "vector", "tantivy"],
)
def test_faults_are_found_and_mended(
    path: Path, embedding: WordHash, damage: Callable[[Path], None], fault: str
) -> None:
    with Index.open(path, embedding) as ix:
        ix.search("cats")
    damage(path)
    with Index.open(path, embedding) as ix:
        report = ix.check()
        assert not report.ok
        assert fault in " ".join(report.problems)
        repaired = ix.repair()
        assert repaired.problems == ()
        assert ix.check().problems == ()
        for document in ix.documents():
            assert all(document.text[one.start : one.end] == one.text for one in ix.passages(document.id))
    kept = {"cats.txt", "dogs.txt"} if "no name" not in fault else {"dogs.txt"}
    with Index.open(path, embedding) as ix:
        assert set(ix.sources()) == kept
        assert {hit.passage.text[:4] for hit in ix.search("cats purr dogs bark")} == {
            name[:4].capitalize() for name in kept
        }
    # Only a text that had to be read again may be embedded again.
    assert len(embedding.texts) <= 2


def test_a_damaged_text_whose_file_is_gone_stays_a_fault(path: Path, folder: Path, embedding: WordHash) -> None:
    sql("update documents set text = replace(text, 'Cats', 'Bats')")(path)
    (folder / "cats.txt").unlink()
    with Index.open(path, embedding) as ix:
        assert any("another text" in problem for problem in ix.repair().problems)


def test_a_cache_that_another_process_uses_is_said_to_be_unseen(path: Path, embedding: WordHash) -> None:
    with Index.open(path, embedding) as holder, Index.open(path, embedding) as other:
        holder.search("cats")
        report = other.check()
        assert report.ok
        assert "Chroma is just used or changed by another process" in report.unseen[0]


def test_what_another_process_uses_is_left_to_it_and_the_rest_is_mended(path: Path, embedding: WordHash) -> None:
    with Index.open(path, embedding) as holder, Index.open(path, embedding) as other:
        holder.search("cats")
        sql("update passages set start = start + 1 where text like 'Cats%'")(path)
        forge_tantivy(path)
        report = other.repair()
        assert report.problems == ()
        assert other.search("cats", by="lexical")[0].passage.source == "cats.txt"


def test_a_text_damaged_to_nothing_is_a_fault(path: Path, folder: Path, embedding: WordHash) -> None:
    sql("update documents set text = '' where text like 'Cats%'")(path)
    (folder / "cats.txt").unlink()
    with Index.open(path, embedding) as ix:
        assert any(problem.startswith("cats.txt has") for problem in ix.repair().problems)


def test_an_index_of_another_model_is_remade_on_request_only(path: Path, folder: Path) -> None:
    other = model("another", dimensions=32)
    shutil.rmtree(folder)
    with Index.open(path, other, remake=True) as ix:
        assert other.texts == []
        assert ix.state().embedded == 0
        assert ix.search("cats")[0].passage.source == "cats.txt"
        ix.embed()
        assert len(other.texts) == 2
        assert ix.state().embedded == 2
        assert ix.search("cats purr", by="vectors")[0].passage.source == "cats.txt"
        assert ix.check().problems == ()
    with Index.open(path, other, remake=True) as ix:
        assert ix.state().embedded == 2
