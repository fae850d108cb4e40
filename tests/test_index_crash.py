"""Killed at any instant, each document is wholly there or wholly not, and the next run finishes the work."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from index import Index
from tests.index_fakes import model

PROGRAM = """
import sys
from index import Index
from tests.index_fakes import model
with Index.open(sys.argv[1], model()) as ix:
    ix.search("warm up")
    print("ready", flush=True)
    ix.add([sys.argv[2]], progress=lambda now: print(now.done, flush=True))
"""
FILES = 40


@pytest.fixture(autouse=True)
def _no_fault_was_healed(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A cache that had to be made again would hide a fault; only Chroma, which writes in place, may have to be."""
    with caplog.at_level(logging.INFO, logger="index"):
        yield
    told = [record.message for record in caplog.get_records("call") if record.name.startswith("index")]
    assert [message for message in told if "left half written" not in message] == []


def write(folder: Path, version: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        paragraphs = (f"File {number} version{version} paragraph {n}. " * 14 for n in range(1 + number % 7))
        (folder / f"{number:02}.txt").write_text("\n\n".join(paragraphs), "utf-8")


def add_and_kill(path: Path, folder: Path, after_files: int, then_seconds: float) -> None:
    command = [sys.executable, "-c", PROGRAM, str(path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for line in process.stdout:
            if int(line) >= after_files:
                break
        time.sleep(then_seconds)
        process.kill()


def assert_whole(ix: Index) -> None:
    assert ix.check().problems == ()
    for document in ix.documents():
        found = ix.passages(document.id)
        assert len(found) == 1 + int(document.source[:2]) % 7
        assert all(document.text[one.start : one.end] == one.text for one in found)
    hits = ix.search("version0 version1 version2 paragraph", k=1000)
    assert {hit.passage.id for hit in hits} == {p.id for document in ix.documents() for p in ix.passages(document.id)}


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_adding(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path, folder = tmp_path / "ix", tmp_path / "files"
    for version in range(2):
        write(folder, version)
        add_and_kill(path, folder, chance.randrange(FILES), chance.random() * 0.01)
        with Index.open(path, model()) as ix:
            assert_whole(ix)
    with Index.open(path, model()) as ix:
        report = ix.add([folder])
        assert_whole(ix)
        assert not report.failed
        assert len(ix.documents()) == FILES
        assert all("version1" in document.text for document in ix.documents())


def test_killed_while_bringing_the_caches_level(tmp_path: Path) -> None:
    path, folder = tmp_path / "ix", tmp_path / "files"
    for version in range(4):
        write(folder, version)
        add_and_kill(path, folder, FILES, 0.004 * version)
        with Index.open(path, model()) as ix:
            assert_whole(ix)
            assert len(ix.documents()) == FILES


# Each work is done by a fork, since importing takes longer than the rest of the test; what is killed is a process.
FORKS = """
import json, os, sys, time
import chromadb
import index.core, index.embed
from index import Index
from tests.index_fakes import WordHash

class Slow(WordHash):
    def _get_text_embedding(self, text):
        time.sleep(0.0005)
        return super()._get_text_embedding(text)

def add(ix, folder):
    ix.add([folder])

def add_then_embed(ix, folder):
    ix.add([folder], wait=False)
    ix.search("version")
    ix.embed()

def remove(ix, folder):
    for source in ix.sources():
        if source not in os.listdir(folder):
            ix.remove(source)
            ix.search("version")

def rebuild(ix, folder):
    ix.rebuild()

for line in sys.stdin:
    work, path, folder = json.loads(line)
    child = os.fork()
    if child == 0:
        with Index.open(path, Slow(model_name="word-hash")) as ix:
            ix.search("warm up")
            print(os.getpid(), flush=True)
            globals()[work](ix, folder)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
SECONDS = {"add": 0.35, "add_then_embed": 0.35, "remove": 0.12, "rebuild": 0.15}
"""How long each work takes, about."""


@pytest.fixture(scope="module")
def forks() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", FORKS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def kill_at_work(forks: "subprocess.Popen[str]", work: Sequence[str], seconds: float) -> bool:
    """Whether it had not ended yet."""
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write(json.dumps(work) + "\n")
    forks.stdin.flush()
    child = int(forks.stdout.readline())
    time.sleep(seconds)
    # What has ended is nobody else's process yet: its parent may have waited for it, and starts none before it is told.
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        assert forks.stdout.readline() == "0\n"
        return False
    return forks.stdout.readline() == f"{-signal.SIGKILL}\n"


def change(chance: random.Random, folder: Path, version: int, paragraphs: int) -> None:
    """Make some files anew, change some, delete some."""
    for number in range(FILES):
        file, roll = folder / f"{number:02}.txt", chance.random()
        if roll < 0.15 and version:
            file.unlink(missing_ok=True)
        elif roll < 0.7 or not version:
            parts = (
                f"File {number} version{version} paragraph {n}. " * 14 for n in range((1 + number % 7) * paragraphs)
            )
            file.write_text("\n\n".join(parts), "utf-8")


def on_disk(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in folder.iterdir()}


def texts(ix: Index) -> dict[str, str]:
    found = {document.source: document.text for document in ix.documents()}
    assert len(found) == ix.state().documents
    return found


def assert_sound(ix: Index) -> None:
    report = ix.check()
    assert (report.problems, report.unseen) == ((), ())
    every = {passage.id for document in ix.documents() for passage in ix.passages(document.id)}
    assert len(every) == ix.state().passages
    assert {hit.passage.id for hit in ix.search("version0 paragraph file", k=5000, by="lexical")} == every
    near = {hit.passage.id for hit in ix.search("version0 paragraph file", k=5000, by="vectors")}
    assert near <= every
    assert len(near) == ix.state().embedded == len(every) - report.waiting


@pytest.mark.parametrize(("seed", "kills", "paragraphs"), [(1, 12, 1), (2, 12, 1), (3, 6, 8)])
def test_killed_at_any_instant_of_any_work(
    tmp_path: Path, forks: "subprocess.Popen[str]", seed: int, kills: int, paragraphs: int
) -> None:
    """With more than 1,000 passages, which the last has, Chroma writes its graph to files."""
    chance = random.Random(seed)
    path, folder = tmp_path / "ix", tmp_path / "files"
    folder.mkdir()
    in_time = 0
    for version in range(kills):
        work = "add" if version == 0 else ("add", "add_then_embed", "rebuild", "remove")[version % 4]
        with Index.open(path, model()) as ix:
            before = texts(ix)
        change(chance, folder, version, paragraphs)
        after = {"rebuild": before, "remove": {k: v for k, v in before.items() if k in on_disk(folder)}}.get(
            work, on_disk(folder)
        )
        seconds = chance.uniform(0, SECONDS[work] * (paragraphs + 1) / 2)
        in_time += kill_at_work(forks, (work, str(path), str(folder)), seconds)
        with Index.open(path, model()) as ix:
            assert_sound(ix)
            now = texts(ix)
            assert all(now.get(name) in (before.get(name), after.get(name)) for name in {*before, *after, *now})
    # Else nothing was tried.
    assert in_time >= kills / 3
    with Index.open(path, model()) as ix:
        ix.add([folder])
        assert_sound(ix)
        assert texts(ix) == on_disk(folder)
        assert ix.state().embedded == ix.state().passages
