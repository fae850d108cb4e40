"""Many processes on one index, some of them killed: what is found is true, what is stored is found, nothing is lost."""

import logging
import multiprocessing
import os
import random
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from index import Document, Index
from index.errors import DocumentError
from tests.index_fakes import model

SECONDS = float(os.environ.get("STRESS_SECONDS", "60"))
"""How long they work; more finds rarer faults."""

FOUND_WITHIN_SECONDS = 1.0
# A machine that is busy is slow now and then, not wrong.
PATIENCE_SECONDS = 10.0
# What was said to be stored must have time to be found before it is changed again.
UNTOUCHED_SECONDS = 3.0
SEARCHERS, FILES = 4, 25
WORDS = ("cats", "purr", "dogs", "bark", "owls", "hoot", "bees", "hum")

# Imports take longer than work; those who are started after a kill are forked from one that has them.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["chromadb", "index.core", "index.embed", "tests.index_fakes"])


class Alarm(logging.Handler):
    """Only Chroma, which writes in place, may have to be made again, after a kill."""

    def __init__(self, main: Connection) -> None:
        super().__init__(logging.WARNING)
        self._main = main

    def emit(self, record: logging.LogRecord) -> None:
        if "left half written" not in record.getMessage():
            self._main.send(("failed", record.getMessage()))


def told(work: Callable[[Index, random.Random, Connection], None], path: Path, seed: int, main: Connection) -> None:
    """Do some work in a process of its own, and tell what goes wrong."""
    logging.getLogger("index").addHandler(Alarm(main))
    try:
        with Index.open(path, model()) as ix:
            work(ix, random.Random(seed), main)
        main.send(("ended", ""))
    except BaseException:
        main.send(("failed", traceback.format_exc()))
        raise


@dataclass
class Writer:
    """Changes files of a folder, and says which word each new text can be found by once it is stored."""

    folder: Path

    def __call__(self, ix: Index, chance: random.Random, main: Connection) -> None:
        changed = dict.fromkeys(self.folder.iterdir(), time.monotonic())
        ix.add([self.folder])
        while not main.poll():
            file = self.folder / f"{chance.randrange(FILES)}.txt"
            if time.monotonic() - changed.get(file, -UNTOUCHED_SECONDS) < UNTOUCHED_SECONDS:
                time.sleep(0.01)
                continue
            changed[file] = time.monotonic()
            token = self._change(ix, file, chance)
            ix.add([self.folder], wait=chance.random() < 0.5)
            main.send(("stored", token))

    def _change(self, ix: Index, file: Path, chance: random.Random) -> str:
        if file.exists() and chance.random() < 0.3:
            file.unlink()
            if chance.random() < 0.5:
                self._remove(ix, file)
            return ""
        # Now and then both write the same.
        token = f"token{chance.getrandbits(60):x}" if chance.random() < 0.9 else f"common{chance.randrange(5)}"
        size = 1 + len(token) % 3
        parts = (" ".join([token, *chance.choices(WORDS, k=80 if token[0] == "t" else 0)]) for _ in range(size))
        file.write_text("\n\n".join(f"It says {part}." for part in parts), "utf-8")
        return token

    def _remove(self, ix: Index, file: Path) -> None:
        for document in ix.documents():
            if document.metadata["path"] == str(file):
                ix.remove(document.source)


def search(ix: Index, chance: random.Random, main: Connection) -> None:
    """Search for anything, and at once for what is asked for, until told to end."""
    while True:
        if main.poll(0.01):
            token = main.recv()
            if token is None:
                return
            main.send(("found", seconds_until_found(ix, token)))
        query = " ".join(chance.choices(WORDS, k=3))
        for hit in ix.search(query, k=20, by=chance.choice(("both", "lexical", "vectors"))):
            assert_true(ix, hit.passage.document_id, hit.passage)
        if chance.random() < 0.05:
            problems = ix.check().problems
            assert problems == (), problems


def seconds_until_found(ix: Index, token: str) -> float:
    start = time.monotonic()
    while not any(token in hit.passage.text for hit in ix.search(token, k=3, by="lexical")):
        assert time.monotonic() - start < PATIENCE_SECONDS, f"{token} is not found: {ix.state()}"
        time.sleep(0.005)
    return time.monotonic() - start


def assert_true(ix: Index, document_id: str, passage: Any) -> None:
    """A passage is what its document says, unless that has changed since."""
    try:
        document = ix.document(document_id)
    except DocumentError:
        return
    if document.sha256 == passage.document_sha256:
        assert document.text[passage.start : passage.end] == passage.text


@dataclass
class Crew:
    """The processes that are at work, each with the line to it."""

    path: Path
    chance: random.Random
    lines: dict[Connection, tuple[BaseProcess, Callable[..., None]]] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def start(self, work: Callable[..., None]) -> None:
        ours, theirs = FORKS.Pipe()
        process = FORKS.Process(target=told, args=(work, self.path, self.chance.getrandbits(30), theirs))
        process.start()
        theirs.close()
        self.lines[ours] = (process, work)

    def of(self, work: Callable[[Any], bool]) -> list[Connection]:
        return [line for line, (_, its) in self.lines.items() if work(its)]

    def replace(self, line: Connection) -> None:
        """Kill one, and let another go on with its work."""
        process, work = self.lines.pop(line)
        process.kill()
        process.join()
        line.close()
        self.heard["killed"] += 1
        self.start(work)

    def listen(self, seconds: float) -> None:
        """Hand on what was stored to those who search, until so much time has gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for line in wait([*self.lines], left):
                assert isinstance(line, Connection)
                kind, said = line.recv()
                assert kind != "failed", said
                self.heard[kind] += 1
                if kind == "stored" and said:
                    self.chance.choice(self.of(is_search)).send(said)
                if kind == "found":
                    self.seconds.append(said)

    def end(self) -> None:
        for line, (process, _) in self.lines.items():
            line.send(None)
            while (last := line.recv())[0] != "ended":
                assert last[0] != "failed", last[1]
            process.join()
            line.close()
        self.lines.clear()


def is_search(work: object) -> bool:
    return work is search


@contextmanager
def crew(path: Path, chance: random.Random) -> Iterator[Crew]:
    with ExitStack() as stack:
        all_ = Crew(path, chance)
        yield all_
        for process, _ in all_.lines.values():
            stack.callback(process.join)
            stack.callback(process.kill)


def texts(documents: list[Document]) -> Counter[str]:
    return Counter(document.text for document in documents for _ in document.sources)


def test_two_write_and_four_search_while_some_are_killed(tmp_path: Path) -> None:
    chance = random.Random(SECONDS)
    # Of the same name, so that names have to be told apart as well.
    folders = [tmp_path / name / "files" for name in ("one", "two")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "kept.txt").write_text(f"This is always in {folder}.", "utf-8")
    with crew(tmp_path / "ix", chance) as all_:
        for folder in folders:
            all_.start(Writer(folder))
        for _ in range(SEARCHERS):
            all_.start(search)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            all_.listen(chance.uniform(0.5, 2.5))
            killed = is_search if chance.random() < 0.75 else lambda work: not is_search(work)
            all_.replace(chance.choice(all_.of(killed)))
        all_.listen(1)
        all_.end()
        seconds = sorted(all_.seconds)
        print(all_.heard, f"found after {seconds[-1]:.3f} s at most")  # noqa: T201 - to look at when it fails
        assert seconds[int(len(seconds) * 0.95)] < FOUND_WITHIN_SECONDS
        assert all_.heard["stored"] > SECONDS / 2
        assert all_.heard["found"] > SECONDS / 4
        assert all_.heard["killed"] > SECONDS / 5
    with Index.open(tmp_path / "ix", model()) as ix:
        on_disk = Counter(file.read_text("utf-8") for folder in folders for file in folder.iterdir())
        assert texts(ix.documents()) == on_disk
        ix.embed()
        report = ix.check()
        assert (report.problems, report.unseen, report.waiting, report.changed, report.missing) == ((), (), 0, (), ())
        assert not ix.add(folders).added


def test_a_catalog_that_others_open_at_the_same_moment_is_waited_for(tmp_path: Path) -> None:
    # SQLite refuses one of two that switch to a write-ahead log at once, without waiting.
    code = (
        "import sys, pathlib\nfrom index.catalog import Catalog\nsys.stdin.readline()\n"
        "for _ in range(20):\n    Catalog(pathlib.Path(sys.argv[1]), {'made': 'so'}).close()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "catalog.sqlite3")]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("\n")
        opener.stdin.flush()
    told = [opener.communicate(timeout=120)[1] for opener in openers]
    assert told == [""] * 5
