"""Chroma on a server: the same answers as from a folder, and none lost when it goes, comes back empty or is another."""

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.settings import Settings
from index import Index
from index.errors import IndexFailure
from tests.chroma_server import ChromaServer, free_port
from tests.fakes import ScriptedLLM, document
from tests.index_fakes import WordHash, model

COUNT = 30


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A server that nobody harms."""
    with ChromaServer(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    """A server of the test's own."""
    with ChromaServer(tmp_path / "server") as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.vectors.server._RETRY_SECONDS", 0.0)


@pytest.fixture
def embedding() -> WordHash:
    return model()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "files", "cats")


def write(folder: Path, topic: str) -> Path:
    folder.mkdir()
    for number in range(COUNT):
        text = f"Number{number} is about {topic}, and about word{number * 7} and word{number * 11}."
        (folder / f"{topic}{number}.txt").write_text(text, "utf-8")
    return folder


def found(ix: Index, topic: str = "cats") -> list[list[tuple[str, str, float]]]:
    """What a search by vectors finds, by id and with scores; Chroma orders those that are equally near as it likes."""
    questions = [f"what is number{number} of {topic}" for number in range(0, COUNT, 7)]
    return [
        sorted(
            (hit.passage.source, hit.passage.id, round(hit.scores["vectors"], 3))
            for hit in ix.search(question, k=COUNT, by="vectors")
        )
        for question in questions
    ]


def collection(path: Path) -> str:
    with Index.open(path, model()) as ix:
        return f"footnoted-{ix._catalog.id}"


def test_a_server_answers_as_a_folder_does(
    tmp_path: Path, folder: Path, embedding: WordHash, shared: ChromaServer
) -> None:
    with (
        Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as ix,
        Index.open(tmp_path / "own", embedding) as own,
    ):
        ix.add([folder])
        own.add([folder])
        assert found(ix) == found(own)
        assert sum(map(len, found(ix))) == COUNT * 5
        assert ix.state().fault is None
        assert ix.check().problems == ()
        assert ix.check().unseen == ()
    assert not (tmp_path / "ix" / "chroma").exists()
    assert COUNT in shared.counts().values()


def test_opening_again_sends_nothing_again(
    tmp_path: Path, folder: Path, embedding: WordHash, shared: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as ix:
        ix.add([folder])
        before = found(ix)
    # It would be noticed only if something were levelled.
    ours = next(one["id"] for one in shared.ask("get") if one["name"] == collection(tmp_path / "ix"))
    shared.ask("post", f"/{ours}/delete", ids=[before[0][0][1]])
    with Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as ix, caplog.at_level(logging.INFO, "index"):
        # The catalog's vectors make up for it, check tells, and repair mends.
        assert found(ix) == before
        assert ix.check().problems == ("Chroma lacks 1 passages",)
        assert ix.repair().problems == ()
        assert found(ix) == before
    assert [record for record in caplog.records if record.name.startswith("index")] == []
    assert len(embedding.texts) == COUNT


def test_two_indexes_on_one_server_do_not_see_each_other(
    tmp_path: Path, embedding: WordHash, shared: ChromaServer
) -> None:
    with (
        Index.open(tmp_path / "one", embedding, chroma_url=shared.url) as one,
        Index.open(tmp_path / "two", embedding, chroma_url=shared.url) as two,
    ):
        one.add([write(tmp_path / "cats", "cats")])
        two.add([write(tmp_path / "dogs", "dogs")])
        for ix, topic in ((one, "cats"), (two, "dogs")):
            hits = ix.search("number3 is about cats and dogs", k=100)
            assert {hit.passage.source for hit in hits} == {f"{topic}{number}.txt" for number in range(COUNT)}
            assert ix.check().problems == ()


def test_two_that_share_an_index_on_a_server_see_each_other_write(
    tmp_path: Path, folder: Path, embedding: WordHash, shared: ChromaServer
) -> None:
    with (
        Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as one,
        Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as two,
    ):
        one.add([folder])
        assert found(two) == found(one)
        for writer, reader, words in ((two, one, "Lions roar"), (one, two, "Frogs croak")):
            (folder / "new.txt").write_text(f"{words}.", "utf-8")
            writer.add([folder])
            assert reader.search(words, by="vectors")[0].passage.text == f"{words}."
            assert found(one) == found(two)
        two.remove("new.txt")
        assert "new.txt" not in {hit.passage.source for hit in one.search("Frogs croak", k=100)}
        assert one.check().problems == two.check().problems == ()


PROGRAM = """
import sys
from index import Index
from tests.index_fakes import model
with Index.open(sys.argv[1], model(), chroma_url=sys.argv[2]) as ix:
    for line in sys.stdin:
        ix.add([sys.argv[3]])
        print(ix.search(line.strip(), by="vectors")[0].passage.text, flush=True)
"""


def test_another_process_on_the_same_server_sees_and_is_seen(
    tmp_path: Path, folder: Path, embedding: WordHash, shared: ChromaServer
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "ix"), shared.url, str(folder)]
    with (
        Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as ix,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        ix.add([folder])
        for words in ("Lions roar.", "Frogs croak."):
            (folder / "new.txt").write_text(words, "utf-8")
            process.stdin.write(f"{words}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{words}\n"
            assert ix.search(words, by="vectors")[0].passage.text == words
        process.stdin.close()
        assert process.wait(30) == 0
        assert ix.check().problems == ()


def test_while_the_server_is_down_all_is_found_and_said_and_added(
    tmp_path: Path, folder: Path, embedding: WordHash, server: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Index.open(tmp_path / "ix", embedding, chroma_url=server.url) as ix:
        ix.add([folder])
        before = found(ix)
        server.kill()
        assert found(ix) == before
        assert ix.search("number3", by="lexical")[0].passage.source == "cats3.txt"
        hit = ix.search("number3")[0]
        assert hit.passage.source == "cats3.txt"
        assert set(hit.scores) == {"lexical", "vectors"}

        fault = ix.state().fault
        assert fault is not None
        assert server.url in fault
        assert "start it" in fault
        assert [r.levelname for r in caplog.records if server.url in r.message] == ["WARNING"]
        assert ix.check().problems == (fault,)

        (folder / "new.txt").write_text("Lions roar.", "utf-8")
        assert len(ix.add([folder]).added) == 1
        assert ix.search("lions roar", by="vectors")[0].passage.text == "Lions roar."
        with pytest.raises(IndexFailure, match="start it"):
            ix.rebuild()

        server.start()
        assert ix.search("lions roar", by="vectors")[0].passage.text == "Lions roar."
        assert ix.state().fault is None
        assert ix.check().problems == ()
        assert list(server.counts().values()) == [COUNT + 1]
    assert len(embedding.texts) == COUNT + 1


def test_an_index_opens_while_the_server_is_down(tmp_path: Path, folder: Path, embedding: WordHash) -> None:
    server = ChromaServer(tmp_path / "server")
    with Index.open(tmp_path / "ix", embedding, chroma_url=server.url) as ix:
        ix.add([folder])
        assert ix.search("number3")[0].passage.source == "cats3.txt"
        assert ix.state().fault is not None
        with server:
            assert ix.search("number3")[0].passage.source == "cats3.txt"
            assert ix.state().fault is None
            assert list(server.counts().values()) == [COUNT]
    assert len(embedding.texts) == COUNT


def test_a_server_that_is_down_is_not_asked_at_each_search(
    tmp_path: Path, folder: Path, embedding: WordHash, server: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.server._RETRY_SECONDS", 600.0)
    with Index.open(tmp_path / "ix", embedding, chroma_url=server.url) as ix:
        ix.add([folder])
        server.kill()
        ix.search("number3")
        server.start()
        ix.search("number3")
        assert ix.state().fault is not None
        # Who asks for it on purpose need not wait.
        ix.rebuild()
        assert ix.state().fault is None


def test_a_server_whose_data_are_gone_gets_them_again(
    tmp_path: Path, folder: Path, embedding: WordHash, server: ChromaServer
) -> None:
    with Index.open(tmp_path / "ix", embedding, chroma_url=server.url) as ix:
        ix.add([folder])
        before = found(ix)
        server.kill()
        shutil.rmtree(server.folder)
        server.start()
        assert found(ix) == before
        assert ix.state().fault is None
        assert ix.check().problems == ()
        assert list(server.counts().values()) == [COUNT]
        ix.rebuild()
        assert found(ix) == before
        assert list(server.counts().values()) == [COUNT]
    assert len(embedding.texts) == COUNT


@pytest.mark.parametrize("metadata", [None, {"catalog": "another", "generation": 1}])
def test_a_collection_that_is_not_ours_is_made_again(
    tmp_path: Path, folder: Path, embedding: WordHash, shared: ChromaServer, metadata: dict[str, str | int] | None
) -> None:
    with Index.open(tmp_path / "ix", embedding) as ix:
        ix.add([folder])
        before = found(ix)
    shared.ask("post", name=collection(tmp_path / "ix"), metadata=metadata)
    with Index.open(tmp_path / "ix", embedding, chroma_url=shared.url) as ix:
        assert found(ix) == before
        assert ix.check().problems == ()
        assert ix.state().fault is None


def test_a_server_that_says_nothing_holds_nobody_up_for_long(
    tmp_path: Path, folder: Path, embedding: WordHash, server: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.server._RETRY_SECONDS", 600.0)
    monkeypatch.setattr("index.vectors.server._REPLY_SECONDS", 0.5)
    monkeypatch.setattr("index.vectors.server._GREETING_SECONDS", 0.5)
    with Index.open(tmp_path / "ix", embedding, chroma_url=server.url) as ix:
        ix.add([folder])
        before = found(ix)
        server.freeze()
        assert found(ix) == before
        assert "timed out" in str(ix.state().fault)


class _Other(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>Welcome</h1>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_what_is_no_chroma_server_is_said_to_be_none(tmp_path: Path, folder: Path, embedding: WordHash) -> None:
    with HTTPServer(("127.0.0.1", free_port()), _Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        with Index.open(tmp_path / "ix", embedding, chroma_url=url) as ix:
            ix.add([folder])
            assert ix.search("number3")[0].passage.source == "cats3.txt"
            assert "what answers there is no Chroma server" in str(ix.state().fault)
            assert url in str(ix.state().fault)
        other.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://localhost", "http://", "http://host:port", "http://[::1", "http://h:99999"]
)
def test_an_address_that_makes_no_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(IndexFailure, match="is not the address of a Chroma server; it looks like http://localhost"):
        Index.open(tmp_path / "ix", model(), chroma_url=url)


def test_an_assistant_asks_the_server_that_the_settings_name(
    tmp_path: Path, folder: Path, embedding: WordHash, server: ChromaServer
) -> None:
    with Index.open(tmp_path / "ix", embedding) as ix:
        ix.add([folder])
    settings = Settings(chroma_url=server.url)
    with Assistant.open(tmp_path / "ix", ScriptedLLM(), embedding, settings) as assistant:
        assert assistant.index.search("number3")[0].passage.source == "cats3.txt"
    assert list(server.counts().values()) == [COUNT]


def test_who_searches_without_the_server_is_not_in_its_way(tmp_path: Path, shared: ChromaServer) -> None:
    path = tmp_path / "ix"
    with Index.open(path, model()) as without, Index.open(path, model(), chroma_url=shared.url) as ix:
        without.add_documents([document("Cats purr.", "cats")])
        assert without.search("cats")
        ix.add_documents([document("Dogs bark.", "dogs")])
        assert {hit.passage.source for hit in ix.search("cats dogs", by="vectors")} == {"cats", "dogs"}
        assert ix.state().fault is None


def test_an_index_remade_with_other_dimensions_has_a_collection_of_its_own(
    tmp_path: Path, shared: ChromaServer
) -> None:
    with Index.open(tmp_path / "ix", model(), chroma_url=shared.url) as ix:
        ix.add_documents([document("Cats purr.", "cats")])
        assert ix.search("cats")
    with Index.open(tmp_path / "ix", model("other", 32), remake=True, chroma_url=shared.url) as ix:
        ix.embed()
        assert ix.search("cats", by="vectors")
        assert ix.state().fault is None
        assert ix.check().problems == ()
