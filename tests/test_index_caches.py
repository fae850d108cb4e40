"""Chroma and tantivy are caches: whatever befalls them, the answers stay, and nothing is embedded twice."""

import json
import logging
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from index import Hit, Index
from tests.index_fakes import WordHash, model

TOPICS = ("cats purr", "dogs bark", "cows moo", "bees hum", "owls hoot")


def write(folder: Path, says: str, parts: int = 12) -> None:
    folder.mkdir()
    for topic in TOPICS:
        # Words at random, since passages that are equally near would come in any order.
        chance = random.Random(topic)
        filler = [" ".join(f"word{chance.randrange(900)}" for _ in range(50)) for _ in range(parts)]
        text = "\n\n".join(f"{says} in part {n} that {topic}. {words}." for n, words in enumerate(filler))
        (folder / f"{topic.split()[0]}.txt").write_text(text, "utf-8")


@pytest.fixture
def embedding() -> WordHash:
    return model()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "files", "This text says")
    return tmp_path / "files"


@pytest.fixture
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A cache that had to be made again would hide a fault of levelling; the log tells."""
    with caplog.at_level(logging.INFO, logger="index"):
        yield
    assert remade(caplog) == set()


@pytest.fixture
def path(tmp_path: Path, folder: Path, embedding: WordHash) -> Path:
    """An index that was used and closed; the embedding has forgotten what it embedded."""
    with Index.open(tmp_path / "ix", embedding) as ix:
        ix.add([folder])
        ix.search("cats")
    embedding.texts.clear()
    return tmp_path / "ix"


def remade(caplog: pytest.LogCaptureFixture) -> set[str]:
    """The caches of which the log says that they had to be made again."""
    return {r.name for r in caplog.get_records("call") if "made again" in r.message and r.levelno == logging.WARNING}


def answers(ix: Index, k: int = 10) -> list[list[tuple[str, dict[str, float]]]]:
    def told(hits: list[Hit]) -> list[tuple[str, dict[str, float]]]:
        return [(hit.passage.id, {name: round(score, 3) for name, score in hit.scores.items()}) for hit in hits]

    return [told(ix.search(f"which part says that {topic}", k=k)) for topic in TOPICS]


def near(ix: Index) -> list[list[tuple[str, float]]]:
    """The vectors' part of the answers; tantivy counts deleted words until it merges its segments."""
    return [
        sorted((id_, scores["vectors"]) for id_, scores in answer if "vectors" in scores)
        for answer in answers(ix, k=60)
    ]


def assert_as_good(ix: Index, exact: Index) -> None:
    """Chroma's graph is approximate, and another one each time it is made: it finds nearly what there is to find."""
    for found, there in zip(near(ix), near(exact), strict=True):
        assert len(set(found) & set(there)) >= 0.9 * len(there)


def is_held(path: Path) -> bool:
    lock = FileLock(path / "chroma.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def put_a_file_there(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder", "utf-8")


def garble(pattern: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        files = [file for file in folder.glob(pattern) if file.is_file()] if pattern else [folder]
        assert files
        for file in files:
            file.write_bytes(b"garbage " * 500)

    return act


def cut_short(pattern: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        files = [file for file in folder.glob(pattern) if file.is_file() and file.stat().st_size]
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return act


def delete_file(pattern: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        files = [file for file in folder.glob(pattern) if file.is_file()]
        assert files
        for file in files:
            file.unlink()

    return act


def turn_over(pattern: str) -> Callable[[Path], None]:
    """Change some bytes in the middle, which no size tells."""

    def act(folder: Path) -> None:
        files = [file for file in folder.glob(pattern) if file.is_file() and file.stat().st_size]
        assert files
        for file in files:
            data = bytearray(file.read_bytes())
            middle = len(data) // 2
            data[middle : middle + 64] = bytes(255 - byte for byte in data[middle : middle + 64])
            file.write_bytes(data)

    return act


def put_a_folder_there(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()
    (file / "inside").touch()


def link_to_itself(file: Path) -> None:
    """As good as unwritable, for the superuser too."""
    file.unlink(missing_ok=True)
    file.symlink_to(file)


def break_the_seal(folder: Path) -> None:
    """As a kill leaves it while Chroma writes."""
    folder.with_suffix(".seal").unlink()


def delete_the_graph(folder: Path) -> None:
    graphs = [inside for inside in folder.iterdir() if inside.is_dir()]
    assert graphs
    for graph in graphs:
        shutil.rmtree(graph)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of more than the 1,000 passages from which on Chroma writes its graph to files."""
    path = tmp_path_factory.mktemp("large")
    write(path / "files", "This text says", parts=240)
    with Index.open(path / "ix", model()) as ix:
        ix.add([path / "files"])
    return path / "ix"


@pytest.mark.parametrize(
    "damage",
    [
        put_a_file_there,
        garble("chroma.sqlite3"),
        garble("*/*.bin"),
        cut_short("chroma.sqlite3"),
        cut_short("*/data_level0.bin"),
        delete_the_graph,
        break_the_seal,
    ],
)
def test_a_damaged_chroma_is_made_again_and_spoken_of(
    tmp_path: Path, large: Path, embedding: WordHash, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ix"
    shutil.copytree(large, path)
    damage(path / "chroma")
    with Index.open(path, embedding) as ix, Index.open(path, embedding) as exact:
        assert_as_good(ix, exact)
        assert is_held(path)
    assert remade(caplog) == {"index.vectors.folder"}
    assert embedding.texts == []
    caplog.clear()
    with Index.open(path, embedding) as ix, Index.open(path, embedding) as exact:
        assert_as_good(ix, exact)
    assert remade(caplog) == set()


@pytest.mark.usefixtures("silent")
def test_a_large_chroma_is_believed_after_every_change(tmp_path: Path, embedding: WordHash) -> None:
    folder = tmp_path / "files"
    write(folder, "This text says", parts=240)
    for change in range(5):
        with Index.open(tmp_path / "ix", embedding) as ix:
            file = folder / f"{TOPICS[change].split()[0]}.txt"
            file.write_text(file.read_text("utf-8").replace("This text", f"Change{change}"), "utf-8")
            ix.add([folder])
        with Index.open(tmp_path / "ix", embedding) as ix:
            assert file.name in {hit.passage.source for hit in ix.search(f"Change{change} says", k=1000, by="vectors")}
            assert ix.search(f"Change{change} says", by="lexical")[0].passage.source == file.name


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("cache", ["chroma", "tantivy"])
def test_a_cache_that_is_gone_is_made_again(path: Path, embedding: WordHash, cache: str) -> None:
    with Index.open(path, embedding) as ix:
        before = answers(ix)
    shutil.rmtree(path / cache)
    with Index.open(path, embedding) as ix:
        assert answers(ix) == before
    assert any((path / cache).iterdir())
    assert embedding.texts == []


def test_a_chroma_deleted_while_open_is_made_again(path: Path, folder: Path, embedding: WordHash) -> None:
    with Index.open(path, embedding) as ix:
        answers(ix)
        shutil.rmtree(path / "chroma")
        (folder / "cats.txt").write_text("Lions roar.", "utf-8")
        ix.add([folder])
        assert ix.search("lions roar")[0].passage.text == "Lions roar."
    assert (path / "chroma" / "chroma.sqlite3").is_file()
    assert embedding.texts == ["cats\nLions roar."]


@pytest.mark.parametrize(
    "damage",
    [
        put_a_file_there,
        garble("meta.json"),
        garble("*.term"),
        garble("*.store"),
        cut_short("*.idx"),
        cut_short("meta.json"),
        delete_file("meta.json"),
        delete_file("*.store"),
        # These two come to light only when something is found.
        delete_file("*.pos"),
        turn_over("*.store"),
    ],
)
def test_a_damaged_tantivy_is_made_again_and_spoken_of(
    path: Path, embedding: WordHash, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    with Index.open(path, embedding) as ix:
        before = answers(ix)
    damage(path / "tantivy")
    with Index.open(path, embedding) as ix:
        assert answers(ix) == before
    assert remade(caplog) == {"index.lexical"}
    assert embedding.texts == []


@pytest.mark.parametrize("damage", [delete_file("*.pos"), turn_over("*.store")], ids=["positions", "stored fields"])
def test_a_damaged_tantivy_is_told_by_a_check(path: Path, embedding: WordHash, damage: Callable[[Path], None]) -> None:
    damage(path / "tantivy")
    with Index.open(path, embedding) as ix:
        ix.repair()
        assert ix.check().ok
        assert len(ix.search("This text says", k=100, by="lexical")) == 60
    assert embedding.texts == []


@pytest.mark.parametrize(
    "name", ["chroma/chroma.sqlite3", "chroma.seal", "tantivy/meta.json", "tantivy/footnoted.json"]
)
@pytest.mark.parametrize("damage", [garble(""), put_a_folder_there, link_to_itself], ids=["garbage", "folder", "link"])
def test_whatever_stands_in_place_of_a_cache_file_the_answers_stay(
    path: Path, embedding: WordHash, name: str, damage: Callable[[Path], None]
) -> None:
    with Index.open(path, embedding) as ix:
        before = answers(ix)
    damage(path / name)
    for _ in range(2):
        with Index.open(path, embedding) as ix:
            assert answers(ix) == before
            report = ix.check()
            assert (report.problems, report.unseen) == ((), ())
            assert ix.state().fault is None
    assert embedding.texts == []


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("name", ["chroma.lock", "tantivy.lock", "embedding.lock"])
@pytest.mark.parametrize("damage", [put_a_folder_there, link_to_itself])
def test_a_lock_that_can_not_be_taken_keeps_nobody_from_adding_and_finding(
    path: Path, folder: Path, embedding: WordHash, name: str, damage: Callable[[Path], None]
) -> None:
    with Index.open(path, embedding) as ix:
        before = answers(ix)
    damage(path / name)
    with Index.open(path, embedding) as ix:
        assert answers(ix) == before
        assert embedding.texts == []
        (folder / "new.txt").write_text("Lions roar.", "utf-8")
        ix.add([folder])
        assert ix.search("lions roar", by="vectors")[0].passage.text == "Lions roar."
        assert ix.check().ok
    assert embedding.texts == ["new\nLions roar."]


@pytest.mark.parametrize("cache", ["chroma", "tantivy"])
def test_a_cache_of_another_catalog_is_not_believed(
    tmp_path: Path, path: Path, embedding: WordHash, cache: str
) -> None:
    with Index.open(path, embedding) as ix:
        expected = answers(ix)
    # As many passages and generations, so that only the catalog's identity tells them apart.
    write(tmp_path / "others", "The other text says")
    with Index.open(tmp_path / "other", embedding) as ix:
        ix.add([tmp_path / "others"])
        ix.search("cats")
    shutil.rmtree(path / cache)
    shutil.copytree(tmp_path / "other" / cache, path / cache)
    with Index.open(path, embedding) as ix:
        assert answers(ix) == expected


@pytest.mark.usefixtures("silent")
def test_changes_taken_in_but_not_recorded_are_taken_in_once(path: Path, embedding: WordHash) -> None:
    with Index.open(path, embedding) as ix:
        before = near(ix)
    # As a crash leaves it between tantivy's commit and the record of it.
    record = path / "tantivy" / "footnoted.json"
    state = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps({**state, "generation": state["generation"] - 2}), "utf-8")
    with Index.open(path, embedding) as ix:
        assert near(ix) == before
        assert len(ix.search("This text says", k=1000)) == 60
    assert json.loads(record.read_text("utf-8")) == state


@pytest.mark.usefixtures("silent")
def test_rebuilding_embeds_nothing_and_changes_nothing(path: Path, embedding: WordHash) -> None:
    with Index.open(path, embedding) as ix:
        before = answers(ix)
        marks = [path / "chroma" / "mark", path / "tantivy" / "mark"]
        for mark in marks:
            mark.touch()
        ix.rebuild()
        assert not any(mark.exists() for mark in marks)
        assert answers(ix) == before
    assert embedding.texts == []


@pytest.mark.usefixtures("silent")
def test_the_lock_is_taken_by_use_and_released_by_closing_in_any_thread(path: Path, embedding: WordHash) -> None:
    ix = Index.open(path, embedding)
    assert not is_held(path)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ix.search, "cats").result()
    assert is_held(path)
    ix.close()
    assert not is_held(path)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("holder_reads", [True, False])
def test_what_went_and_came_back_between_two_searches_is_there_once(
    path: Path, folder: Path, embedding: WordHash, holder_reads: bool
) -> None:
    cats = (folder / "cats.txt").read_text("utf-8")
    with (
        Index.open(path, embedding) as holder,
        Index.open(path, embedding) as other,
        Index.open(path, embedding) as writer,
    ):
        holder.search("cats")
        reader = holder if holder_reads else other
        expected = near(reader)
        for text in ("Lions roar.", cats):
            (folder / "cats.txt").write_text(text, "utf-8")
            writer.add([folder])
        # As many as there are: one that came twice would keep another out.
        assert len([hit for hit in reader.search("sum", k=writer.passage_count) if "vectors" in hit.ranks]) == 60
        assert near(reader) == expected


@pytest.mark.usefixtures("silent")
def test_two_indexes_on_one_folder_agree_and_see_each_other_write(
    path: Path, folder: Path, embedding: WordHash
) -> None:
    with Index.open(path, embedding) as one, Index.open(path, embedding) as two:
        assert answers(one) == answers(two)
        for writer, reader, words in ((two, one, "Lions roar"), (one, two, "Frogs croak")):
            (folder / "new.txt").write_text(f"{words}.", "utf-8")
            writer.add([folder])
            assert reader.search(words)[0].passage.text == f"{words}."
            assert answers(one) == answers(two)
        two.remove("new.txt")
        assert "new.txt" not in {hit.passage.source for hit in one.search("Frogs croak", k=100)}
        assert answers(one) == answers(two)


PROGRAM = """
import sys
from index import Index
from tests.index_fakes import model
with Index.open(sys.argv[1], model()) as ix:
    found = [[hit.passage.id for hit in ix.search(line.strip())] for line in {questions!r}]
    print(found, flush=True)
    sys.stdin.readline()
    print([[hit.passage.text for hit in ix.search(line.strip(), k=1)] for line in {questions!r}], flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process(path: Path, questions: list[str]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM.format(questions=questions), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.usefixtures("silent")
def test_a_second_process_finds_the_same_and_what_either_writes(path: Path, folder: Path, embedding: WordHash) -> None:
    questions = ["which part says that cats purr", "lions roar"]
    with another_process(path, questions) as first:
        theirs = hear(first)
        with Index.open(path, embedding) as ix:
            assert is_held(path)
            assert str([[hit.passage.id for hit in ix.search(question)] for question in questions]) == theirs
            (folder / "new.txt").write_text("Lions roar.", "utf-8")
            ix.add([folder])
            assert ix.search("lions roar")[0].passage.text == "Lions roar."
            say(first)
            assert "['Lions roar.']" in hear(first)
            with pytest.raises(Exception, match="another process is searching"):
                ix.rebuild()


@pytest.mark.usefixtures("silent")
def test_the_lock_of_a_killed_process_is_free(path: Path, embedding: WordHash) -> None:
    with another_process(path, ["cats"]) as process:
        hear(process)
        assert is_held(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Index.open(path, embedding) as ix:
        assert ix.search("cats")
        assert is_held(path)


@pytest.mark.usefixtures("silent")
def test_an_index_is_shared_by_threads(path: Path, folder: Path, embedding: WordHash) -> None:
    def work(number: int) -> bool:
        if number % 4 == 0:
            file = folder / f"new{number}.txt"
            file.write_text(f"Number{number} is new.", "utf-8")
            ix.add([file])
            return f"new{number}.txt" in {hit.passage.source for hit in ix.search(f"number{number}", k=100)}
        return ix.search("which part says that cats purr", k=1)[0].passage.source == "cats.txt"

    with Index.open(path, embedding) as ix, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == [True] * 40
    assert len(embedding.texts) == 10
