"""Collections, and files that readers bring: what is taken, what isn't and why, and that nothing is lost."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant import core, llm
from assistant.core import Assistant
from assistant.errors import CollectionError
from assistant.settings import Settings
from assistant.types import Settled, Turn
from assistant.web import gold, lists, shelf, uploads
from assistant.web.conversation import Exchange
from assistant.web.gold import Mark
from assistant.web.lists import News
from assistant.web.shelf import Shelf
from assistant.web.store import Entry
from assistant.web.uploads import Refused, Taken
from eval import suite
from index import Index, Progress
from index.errors import DocumentError
from index.types import Listed, Span
from tests import index_fakes
from tests.fakes import ScriptedLLM
from tests.test_web_conversation import OPENED, answer, refusal
from tests.test_web_render import HOSTILE, Parsed, shown

BAKERY = "Anna Berg opened the bakery in 1987."
Bring = Callable[..., list[Path]]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path / "notes" / ".footnoted", index_fakes.model()) as opened:
        yield opened


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Puts files where a page would put what it is sent."""

    def put(**contents: str) -> list[Path]:
        folder = tmp_path / "temporary"
        folder.mkdir(exist_ok=True)
        for name, text in contents.items():
            (folder / name.replace("_", ".")).write_text(text, "utf-8")
        return [folder / name.replace("_", ".") for name in contents]

    return put


@pytest.fixture
def forgotten() -> list[str]:
    """The places of collections that were deleted for good."""
    return []


@pytest.fixture
def shelved(index: Index, forgotten: list[str], tmp_path: Path) -> Iterator[Shelf]:
    first = Assistant(index, llm.wrap(ScriptedLLM()), Settings())
    with closing(Shelf(first, tmp_path, opener, forgotten.append)) as made:
        yield made


def opener(path: Path) -> Index:
    return Index.open(path, index_fakes.model())


def taken(index: Index, files: list[Path]) -> Taken:
    *progress, last = uploads.take(index, files)
    assert all(isinstance(one, Progress) for one in progress)
    assert isinstance(last, Taken)
    return last


def sources(index: Index) -> list[str]:
    return [one.source for one in index.listing()]


def test_files_are_copied_read_and_gone_from_where_they_came(index: Index, bring: Bring) -> None:
    files = bring(bakery_md=BAKERY, mill_txt="The mill was sold in 1983.")
    last = taken(index, files)
    assert [one.source for one in last.report.added] == ["bakery.md", "mill.txt"]
    assert last.refused == ()
    index.embed()
    assert [(one.source, one.path, one.size, one.passages, one.embedded) for one in index.listing()] == [
        ("bakery.md", str(index.path / "uploads" / "bakery.md"), 36, 1, 1),
        ("mill.txt", str(index.path / "uploads" / "mill.txt"), 26, 1, 1),
    ]
    assert not any(path.exists() for path in files)
    assert stat.S_IMODE((index.path / "uploads").stat().st_mode) == 0o700
    assert [hit.passage.text for hit in index.search("bakery", 1)] == [BAKERY]


def test_a_file_of_the_same_name_is_its_new_version(index: Index, bring: Bring) -> None:
    taken(index, bring(bakery_md=BAKERY))
    last = taken(index, bring(bakery_md="The bakery was closed in 2001."))
    assert [one.source for one in last.report.updated] == ["bakery.md"]
    assert sources(index) == ["bakery.md"]


def test_what_cannot_be_read_is_named_with_the_reason_and_stops_no_other(
    index: Index, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 40)
    files = bring(tool_exe="MZ", bakery_md=BAKERY, empty_txt="", large_txt="x" * 41)
    last = taken(index, files)
    assert [one.source for one in last.report.added] == ["bakery.md"]
    assert [one.name for one in last.refused] == ["tool.exe", "large.txt"]
    told = lists.news(last)
    assert told.said == "1 added."
    assert [one.name for one in told.refused] == ["tool.exe", "large.txt", "empty.txt"]
    assert all(one.reason for one in told.refused)
    assert not any(path.exists() for path in files)


def test_only_so_many_are_taken_at_once(index: Index, bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 1)
    last = taken(index, bring(bakery_md=BAKERY, mill_txt="The mill."))
    assert sources(index) == ["bakery.md"]
    assert last.refused == (Refused("mill.txt", "more than 1 files at once"),)


def test_a_copy_that_fails_is_said_so(index: Index, bring: Bring) -> None:
    (index.path / "uploads" / "bakery.md").mkdir(parents=True)
    with pytest.raises(CollectionError, match=r"bakery\.md can't be copied to"):
        taken(index, bring(bakery_md=BAKERY))
    assert [path.name for path in (index.path / "uploads").iterdir()] == ["bakery.md"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\a.md", "a.md"),
        ("a\0b\n.md", "a_b_.md"),
        ('<b>"x".md', "_b__x_.md"),
        ("..", "document"),
        ("", "document"),
        ("ä" * 300 + ".pdf", "ä" * 98 + ".pdf"),
        ("notes.md", "notes.md"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.md", "_com1.md"),
    ],
)
def test_a_name_leads_nowhere_else(name: str, kept: str) -> None:
    assert uploads.safe(name) == kept
    assert len(os.fsencode(uploads.safe(name))) <= 200


def test_what_was_removed_can_be_had_back(index: Index, bring: Bring) -> None:
    taken(index, bring(bakery_md=BAKERY))
    path = uploads.remove(index, "bakery.md")
    assert sources(index) == []
    assert path is not None
    assert path.parent.parent == index.path / "removed"
    *_, last = uploads.bring_back(index, path)
    assert isinstance(last, Taken)
    assert sources(index) == ["bakery.md"]
    assert (index.path / "uploads" / "bakery.md").read_text("utf-8") == BAKERY


def test_a_file_of_the_readers_own_stays_where_it_is(index: Index, tmp_path: Path) -> None:
    file = tmp_path / "bakery.md"
    file.write_text(BAKERY, "utf-8")
    index.add(file)
    path = uploads.remove(index, "bakery.md")
    assert path == file
    assert file.exists()
    list(uploads.bring_back(index, path))
    assert sources(index) == ["bakery.md"]


def test_one_that_was_removed_takes_nobodys_place(index: Index, bring: Bring) -> None:
    taken(index, bring(bakery_md=BAKERY))
    first = uploads.remove(index, "bakery.md")
    taken(index, bring(bakery_md="The bakery was closed in 2001."))
    assert first is not None
    with pytest.raises(CollectionError, match=r"there is another bakery\.md by now"):
        list(uploads.bring_back(index, first))
    second = uploads.remove(index, "bakery.md")
    assert second is not None
    assert first.read_text("utf-8") == BAKERY
    list(uploads.bring_back(index, second))
    assert sources(index) == ["bakery.md"]


def test_of_two_files_of_one_name_the_second_is_refused(index: Index, tmp_path: Path) -> None:
    files = [tmp_path / folder / "notes.md" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text(f"Notes of {file.parent.name}.", "utf-8")
    last = taken(index, files)
    assert [one.name for one in last.refused] == ["notes.md"]
    assert "another file of that name" in last.refused[0].reason
    assert [hit.passage.text for hit in index.search("notes", 5)] == ["Notes of a."]


def test_a_file_that_is_gone_is_named_and_a_copy_that_is_gone_can_still_be_removed(
    index: Index, tmp_path: Path
) -> None:
    assert [one.name for one in taken(index, [tmp_path / "gone.md"]).refused] == ["gone.md"]
    (tmp_path / "bakery.md").write_text(BAKERY, "utf-8")
    taken(index, [tmp_path / "bakery.md"])
    (index.path / "uploads" / "bakery.md").unlink()
    assert uploads.remove(index, "bakery.md") is None
    assert sources(index) == []


def test_a_document_that_is_not_there_cannot_be_removed(index: Index) -> None:
    with pytest.raises(DocumentError, match="not in the index"):
        uploads.remove(index, "bakery.md")


def test_a_collection_is_made_found_again_and_asked_with_the_same_model(shelved: Shelf, bring: Bring) -> None:
    made = shelved.make("  My   recipes ")
    assert (made.name, made.own) == ("My recipes", True)
    assert made.assistant.model is shelved.first.assistant.model
    taken(made.assistant.index, bring(bakery_md=BAKERY))
    assert shelved.make("My recipes") is made
    assert shelved.at(made.place) is made
    assert list(shelved.names().values()) == ["notes", "My recipes"]


def test_collections_are_there_after_a_restart(shelved: Shelf, tmp_path: Path, bring: Bring) -> None:
    place = shelved.make("Recipes").place
    taken(shelved.at(place).assistant.index, bring(bakery_md=BAKERY))
    shelved.close()
    with closing(Shelf(shelved.first.assistant, tmp_path, opener)) as again:
        assert place in again.names()
        assert sources(again.at(place).assistant.index) == ["bakery.md"]


def test_a_collection_that_cannot_be_opened_is_the_first_and_said_so(
    shelved: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "collections" / "Broken"
    broken.mkdir(parents=True)
    (broken / "catalog.sqlite3").write_text("This is a letter to my bank. " * 50, "utf-8")
    assert shelved.at(str(broken)) is shelved.first
    assert "Broken" in caplog.text


def test_a_place_that_is_none_is_the_first(shelved: Shelf, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for place in ("", "/", "..", str(tmp_path / "elsewhere"), str(tmp_path / "collections" / ".." / "elsewhere")):
        assert shelved.at(place) is shelved.first


@pytest.mark.parametrize("name", ["", " ", ".", "..", "-", "x" * 61, "a\0", "a\N{RIGHT-TO-LEFT OVERRIDE}b"])
def test_what_is_no_name_is_said_so(shelved: Shelf, tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectionError, match="is no name"):
        shelved.make(name)
    assert not (tmp_path / "collections").exists()


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", "-x", "CON", "Anna's papers, 2024", "¿Qué?", "می\u200cخواهم", *HOSTILE]
)
def test_a_name_is_kept_as_it_was_given_whatever_folders_may_be_called(
    shelved: Shelf, tmp_path: Path, name: str
) -> None:
    plain = " ".join("".join(char for char in name if char.isprintable() or char == "\u200c").split())[
        : shelf.MOST_CHARACTERS
    ]
    made = shelved.make(plain)
    assert made.name == plain
    assert [str(path) for path in (tmp_path / "collections").iterdir()] == [made.place]
    shelved.close()
    with closing(Shelf(shelved.first.assistant, tmp_path, opener)) as again:
        assert again.at(made.place).name == plain


def test_to_the_article_that_ships_nothing_is_added(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "shipped_index", lambda: index.path)
    with closing(Shelf(Assistant(index, llm.wrap(ScriptedLLM()), Settings()), tmp_path, opener)) as made:
        assert (made.first.name, made.first.own) == ("The shipped article", False)
        own = made.own(made.first.place)
        assert (own.name, own.own) == ("My documents", True)
        assert made.own(own.place) is own
    assert core.shipped_index() != index.path


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_shown_as_they_are(hostile: str) -> None:
    listed = [Listed("d", hostile, "", 5, 2, 1)]
    for html in (
        lists.documents(listed, own=True),
        lists.collections({"place": hostile}, "place", can_change=True),
        lists.collections({"place": "mine"}, "place", deleted={"other": hostile}),
        lists.chats([], None, [Entry("c", hostile, 0.0)]),
        lists.told(News(hostile)),
        lists.told(News("x", (Refused(hostile, "no"),))),
        lists.told(News("x", (Refused("no", hostile),))),
    ):
        assert shown(hostile) in Parsed(html).text
    assert Parsed(lists.told(News("x", removed=hostile))).text == "x Undo"


def test_judged_answers_are_a_suite_that_loads(index: Index, bring: Bring, tmp_path: Path) -> None:
    taken(index, bring(bakery_md=BAKERY))
    (listed,) = index.listing()
    document, folder = index.document(listed.id), tmp_path / "gold" / "notes"
    exchange = Exchange(2, "When did she open it?").told(Settled(answer(OPENED)))
    history = [Turn("user", "Who opened it?"), Turn("assistant", "Anna Berg.")]
    gold.keep(folder, "notes", index, gold.marked("c-2", history, exchange, Mark(document, Span(30, 36), " 1987.")))
    gold.keep(folder, "notes", index, gold.not_there("c-3", [], Exchange(3, "How old is she?")))
    gold.keep(folder, "notes", index, gold.found_right("c-4", [], Exchange(4, "Why?").told(Settled(refusal()))))
    loaded = suite.read(folder)
    first, second, third = loaded.cases
    assert (first.answerable, first.answers, first.history) == (
        True,
        ("1987.",),
        (("user", "Who opened it?"), ("assistant", "Anna Berg.")),
    )
    assert (first.evidence[0].start, first.evidence[0].end, first.relevant) == (31, 36, ("bakery.md",))
    assert not second.answerable
    assert not third.answerable
    gold.keep(folder, "notes", index, gold.marked("c-3", [], exchange, Mark(document, Span(0, 9), "Anna Berg")))
    assert [case.answers for case in suite.read(folder).cases] == [("1987.",), (), ("Anna Berg",)]


def test_words_that_have_changed_since_they_were_shown_are_not_kept(index: Index, bring: Bring) -> None:
    taken(index, bring(bakery_md=BAKERY))
    document = index.document(index.listing()[0].id)
    with pytest.raises(CollectionError, match="has changed since"):
        gold.marked("c", [], Exchange(1, "Who?"), Mark(document, Span(0, 9), "Nils Berg"))


def test_a_suite_outlives_what_it_is_about_and_odd_characters(index: Index, bring: Bring, tmp_path: Path) -> None:
    taken(index, bring(bakery_md=BAKERY))
    document, folder = index.document(index.listing()[0].id), tmp_path / "gold"
    odd = Exchange(1, "Who\u2028opened\x85it?")
    gold.keep(folder, "notes", index, gold.marked("c-1", [], odd, Mark(document, Span(0, 9), "Anna Berg")))
    uploads.remove(index, "bakery.md")
    gold.keep(folder, "notes", index, gold.not_there("c-2", [], Exchange(2, "Why?")))
    assert [case.id for case in suite.read(folder).cases] == ["c-1", "c-2"]


@pytest.mark.parametrize("span", [Span(0, 0), Span(9, 10), Span(50, 90), Span(5, 2), Span(-4, -1)])
def test_where_nothing_is_marked_nothing_is_kept(index: Index, bring: Bring, span: Span) -> None:
    taken(index, bring(bakery_md=BAKERY))
    document = index.document(index.listing()[0].id)
    with pytest.raises(CollectionError, match="mark the right words"):
        gold.marked("c", [], Exchange(1, "Who?"), Mark(document, span, ""))


def test_documents_are_listed_with_size_passages_and_state() -> None:
    listed = [Listed("a", "a.md", "/a.md", 1_234_567, 12, 3), Listed("b", "b.md", "", 0, 1, 1)]
    html = lists.documents(listed, own=False)
    text = Parsed(html).text
    assert "12 passages · 1 MB · by meaning 25%" in text
    assert "1 passage" in text
    assert "Remove" not in text
    assert "remove_document" in lists.documents(listed, own=True)
    assert "None yet" in lists.documents([], own=True)
    many = [Listed(str(n), f"{n}.md", "", 0, 1, 1) for n in range(lists.MOST_DOCUMENTS + 5)]
    assert "5 more." in lists.documents(many, own=True)


def test_gold_follows_its_words_and_is_put_aside_where_they_are_gone(
    index: Index, bring: Bring, tmp_path: Path
) -> None:
    taken(index, bring(bakery_md=BAKERY))
    document, folder = index.document(index.listing()[0].id), tmp_path / "gold"
    for number, span in enumerate([Span(0, 9), Span(14, 24)], start=1):
        mark = Mark(document, span, document.text[span.start : span.end])
        assert gold.keep(folder, "notes", index, gold.marked(f"c-{number}", [], Exchange(number, "Who?"), mark)) == 0
    taken(index, bring(bakery_md="It was Anna Berg who did so in 1987."))
    assert gold.keep(folder, "notes", index, gold.not_there("c-3", [], Exchange(3, "Why?"))) == 1
    first, last = suite.read(folder).cases
    assert (first.id, first.evidence[0].start, first.evidence[0].quote, last.id) == ("c-1", 7, "Anna Berg", "c-3")
    assert '"c-2"' in (folder / "stale.jsonl").read_text("utf-8")
    # Where the words stand twice nobody can say which of them were meant.
    taken(index, bring(bakery_md="So did Anna Berg. Anna Berg."))
    assert gold.keep(folder, "notes", index, gold.not_there("c-4", [], Exchange(4, "Why?"))) == 0
    taken(index, bring(bakery_md="Anna Berg, or: Anna Berg."))
    assert gold.keep(folder, "notes", index, gold.not_there("c-4", [], Exchange(4, "Why?"))) == 1
    assert [case.id for case in suite.read(folder).cases] == ["c-3", "c-4"]


def test_what_was_removed_is_listed_and_can_be_deleted_for_good(index: Index, bring: Bring) -> None:
    taken(index, bring(bakery_md=BAKERY, mill_txt="The mill was sold in 1983."))
    assert uploads.removed(index) == []
    first, second = (uploads.remove(index, name) for name in ("bakery.md", "mill.txt"))
    assert first is not None
    assert second is not None
    os.utime(first.parent, (1.0, 1.0))
    assert uploads.removed(index) == [second, first]
    uploads.forget(index, uploads.KEPT_SECONDS)
    assert uploads.removed(index) == [second]
    html = lists.documents([], (), [second], own=True)
    assert f'data-do="bring_back" data-removed="{second.parent.name}"' in html
    assert "Deleted (1)" in Parsed(html).text
    uploads.forget(index)
    assert uploads.removed(index) == []
    assert "Deleted" not in lists.documents([], own=True)


def test_a_collection_is_called_something_else(shelved: Shelf, tmp_path: Path) -> None:
    place = shelved.make("Recipes").place
    shelved.rename(place, "  Old   recipes ")
    assert shelved.names()[place] == shelved.at(place).name == "Old recipes"
    # Its folder is where it was, so another of the name that it had has another.
    other = shelved.make("Recipes")
    assert other.name == "Recipes"
    assert other.place != place
    assert shelved.make("recipes") is other
    gold_before = shelved.at(place).gold
    with pytest.raises(CollectionError, match="there is another collection called RECIPES"):
        shelved.rename(place, "RECIPES")
    with pytest.raises(CollectionError, match="is no name"):
        shelved.rename(place, "..")
    for where in (shelved.first.place, str(tmp_path / "elsewhere")):
        with pytest.raises(CollectionError, match="can be renamed"):
            shelved.rename(where, "Mine")
    with closing(Shelf(shelved.first.assistant, tmp_path, opener)) as again:
        assert again.names()[place] == "Old recipes"
        assert again.at(place).gold == gold_before


def test_a_collection_is_deleted_and_had_back(
    shelved: Shelf, forgotten: list[str], tmp_path: Path, bring: Bring
) -> None:
    place = shelved.make("Recipes").place
    taken(shelved.at(place).assistant.index, bring(bakery_md=BAKERY))
    assert shelved.can_change(place)
    shelved.delete(place)
    assert list(shelved.names().values()) == ["notes"]
    assert shelved.deleted() == {place: "Recipes"}
    assert shelved.at(place) is shelved.first
    shelved.restore(place)
    made = shelved.at(place)
    assert sources(made.assistant.index) == ["bakery.md"]
    with pytest.raises(CollectionError, match="no longer there"):
        shelved.restore(place)
    for known in (made.gold / "corpus.jsonl", made.questions):
        known.parent.mkdir(parents=True)
        known.write_text(BAKERY, "utf-8")
    shelved.delete(place)
    other = shelved.make("Recipes")
    with pytest.raises(CollectionError, match="another collection called Recipes"):
        shelved.restore(place)
    shelved.forget()
    assert not Path(place).exists()
    assert not made.gold.exists()
    assert not made.questions.exists()
    assert forgotten == [place]
    assert shelved.deleted() == {}
    assert shelved.names() == {shelved.first.place: "notes", other.place: "Recipes"}
    for where in (shelved.first.place, place, str(tmp_path / "elsewhere")):
        assert not shelved.can_change(where)
        with pytest.raises(CollectionError, match="can be deleted"):
            shelved.delete(where)


def test_what_was_deleted_a_month_ago_is_gone_after_a_restart(shelved: Shelf, tmp_path: Path) -> None:
    old, new = shelved.make("Old").place, shelved.make("New").place
    shelved.delete(old)
    shelved.delete(new)
    os.utime(Path(old) / "deleted.mark", (1.0, 1.0))
    shelved.close()
    with closing(Shelf(shelved.first.assistant, tmp_path, opener)) as again:
        assert again.deleted() == {new: "New"}
    assert not Path(old).exists()


def test_what_a_killed_process_left_half_deleted_is_no_collection(shelved: Shelf, tmp_path: Path) -> None:
    shelved.make("Recipes")
    half = tmp_path / "collections" / ".Old-1234"
    half.mkdir()
    assert list(shelved.names().values()) == ["notes", "Recipes"]
    shelved.forget()
    assert not half.exists()


def test_gold_of_what_is_no_longer_there_is_not_kept(index: Index, bring: Bring, tmp_path: Path) -> None:
    taken(index, bring(bakery_md=BAKERY, mill_txt="The mill was sold in 1983."))
    document = next(one for one in index.documents() if one.source == "bakery.md")
    case = gold.marked("c-1", [], Exchange(1, "Who?"), Mark(document, Span(0, 9), "Anna Berg"))
    uploads.remove(index, "bakery.md")
    with pytest.raises(CollectionError, match="no longer in the documents"):
        gold.keep(tmp_path / "gold", "notes", index, case)
    gold.keep(tmp_path / "gold", "notes", index, gold.not_there("c-2", [], Exchange(2, "Why?")))
    assert [one.id for one in suite.read(tmp_path / "gold").cases] == ["c-2"]
