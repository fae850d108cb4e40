"""Killed at any instant, each document is wholly there or wholly not, and the next run finishes the work."""

import logging
import random
import subprocess
import sys
import time
from collections.abc import Iterator
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
