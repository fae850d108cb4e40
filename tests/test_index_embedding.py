"""Words at once, vectors when they come."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import PrivateAttr

from index import Index, Progress
from index.errors import IndexMismatch
from index.types import Document
from tests.index_fakes import WordHash, model


class Slow(WordHash):
    """Embeds nothing until it is let."""

    _let: threading.Event = PrivateAttr(default_factory=threading.Event)
    _asked: threading.Event = PrivateAttr(default_factory=threading.Event)

    @property
    def let(self) -> threading.Event:
        return self._let

    @property
    def asked(self) -> threading.Event:
        return self._asked

    def _get_text_embedding(self, text: str) -> list[float]:
        self._asked.set()
        assert self._let.wait(30)
        return super()._get_text_embedding(text)


def slow() -> Slow:
    return Slow(model_name="word-hash", dimensions=64)


def write(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"Topic{number} is spoken of here, in file {number}.", "utf-8")
    return folder


def embedded(ix: Index) -> None:
    """Wait until all is embedded."""
    ix.embed()


def test_what_is_read_is_found_by_its_words_before_it_is_embedded(tmp_path: Path) -> None:
    embedding = slow()
    with Index.open(tmp_path / "ix", embedding) as ix:
        report = ix.add([write(tmp_path / "files")], wait=False)
        assert len(report.added) == 3
        assert embedding.asked.wait(30)
        assert (ix.state().passages, ix.state().embedded) == (3, 0)
        hits = ix.search("topic1")
        assert [hit.passage.source for hit in hits] == ["1.txt"]
        assert set(hits[0].scores) == {"lexical"}
        embedding.let.set()
        embedded(ix)
        assert ix.state().embedded == 3
        assert set(ix.search("topic1")[0].scores) == {"lexical", "vectors"}
    assert len(embedding.texts) == 3


def test_another_process_finds_them_too_and_can_go_on_with_them(tmp_path: Path) -> None:
    stopped = slow()
    with Index.open(tmp_path / "ix", stopped) as ix:
        ix.add([write(tmp_path / "files", 100)], wait=False)
        stopped.asked.wait(30)
        stopped.let.set()
    other = model()
    with Index.open(tmp_path / "ix", other) as ix:
        assert ix.search("topic2")[0].passage.source == "2.txt"
        told: list[Progress] = []
        ix.embed(told.append)
        assert ix.state().embedded == 100
        assert told[-1].waiting == 0
        assert told[-1].embedded == len(other.texts)
    assert len(stopped.texts) + len(other.texts) == 100


def test_two_that_embed_at_once_share_the_work(tmp_path: Path) -> None:
    folder = write(tmp_path / "files", 200)
    first, second = model(), model()
    with Index.open(tmp_path / "ix", first) as one, Index.open(tmp_path / "ix", second) as two:
        one.add([folder], wait=False)
        two.add([folder])
        embedded(one)
        assert one.state().embedded == two.state().embedded == 200
    assert len(first.texts) + len(second.texts) == 200


def test_only_what_has_changed_in_a_file_is_embedded(tmp_path: Path) -> None:
    embedding = model()
    parts = [f"Part {number} says what it has to say. " * 14 for number in range(6)]
    with Index.open(tmp_path / "ix", embedding) as ix:
        for change, wanted in (("", 6), ("So it ends. ", 1), ("And so it ends. ", 1)):
            embedding.texts.clear()
            text = "\n\n".join([*parts[:3], change + parts[3], *parts[4:]])
            (tmp_path / "file.txt").write_text(text, "utf-8")
            ix.add(tmp_path / "file.txt")
            assert ix.state().embedded == 6
            assert ix.check().problems == ()
            assert len(embedding.texts) == wanted


def test_the_same_words_are_embedded_once_and_all_count_as_done(tmp_path: Path) -> None:
    embedding = model()
    told: list[Progress] = []
    same = [Document(str(n), (f"{n}.txt",), "Title", "The same words.", "text/plain", str(n)) for n in range(50)]
    with Index.open(tmp_path / "ix", embedding) as ix:
        ix.add_documents(same, told.append)
        assert ix.state().embedded == 50
        assert (told[-1].embedded, told[-1].waiting) == (50, 0)
        assert len(embedding.texts) == 1
        assert ix.check().problems == ()


def test_closing_ends_what_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    embedding = slow()
    ix = Index.open(tmp_path / "ix", embedding)
    ix.add([write(tmp_path / "files", 100)], wait=False)
    embedding.asked.wait(30)
    closing = threading.Thread(target=ix.close)
    closing.start()
    # The group at hand ends, and no other begins.
    while not ix._embedding._stop.is_set():
        time.sleep(0.01)
    embedding.let.set()
    closing.join(30)
    assert 0 < len(embedding.texts) < 100
    assert not any(thread.name.startswith("footnoted") for thread in threading.enumerate())
    with Index.open(tmp_path / "ix", model()) as again:
        assert again.state().passages == 100
        again.embed()
        assert again.check().problems == ()


class Failing(WordHash):
    def _get_text_embedding(self, text: str) -> list[float]:
        raise RuntimeError("no such luck")


@pytest.mark.parametrize("wait", [True, False])
def test_a_model_that_fails_loses_nothing(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    wait: bool,
) -> None:
    failing: Any = Failing(model_name="word-hash")
    with Index.open(tmp_path / "ix", failing) as ix:
        folder = write(tmp_path / "files")
        if wait:
            with pytest.raises(RuntimeError, match="no such luck"):
                ix.add([folder])
        else:
            ix.add([folder], wait=False)
            until = time.monotonic() + 30
            while "passages are found by their words alone" not in caplog.text:
                assert time.monotonic() < until
                time.sleep(0.01)
            assert "can't be embedded: no such luck" in str(ix.state().fault)
    with Index.open(tmp_path / "ix", model()) as ix:
        assert ix.state().passages == 3
        assert ix.search("topic0")[0].passage.source == "0.txt"


def test_what_is_added_while_the_last_is_embedded_is_embedded_too(tmp_path: Path) -> None:
    with Index.open(tmp_path / "ix", model()) as ix:
        for number in range(60):
            text = f"Text {number} speaks of topic{number}."
            ix.add_documents([Document(str(number), (str(number),), "", text, "text/plain", str(number))], wait=False)
        until = time.monotonic() + 30
        while ix.state().embedded < 60:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_who_has_it_open_while_it_is_remade_puts_nothing_of_the_old_model_in(tmp_path: Path) -> None:
    old = slow()
    with Index.open(tmp_path / "ix", old) as before:
        before.add([write(tmp_path / "files", 10)], wait=False)
        assert old.asked.wait(30)
        with Index.open(tmp_path / "ix", new := model("new", 32), remake=True) as after:
            old.let.set()
            after.embed()
            assert len(new.texts) == 10
            assert after.check().problems == ()
            assert after.search("topic3", by="vectors")[0].passage.source == "3.txt"
        with pytest.raises(IndexMismatch, match="remade by another process: open it again"):
            before.search("topic3")
        with pytest.raises(IndexMismatch, match="open it again"):
            before.add([tmp_path / "files"])
            before.remove("3.txt")
