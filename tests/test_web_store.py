"""Exchanges as JSON and back, conversations on disk, and what a session keeps of them."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import StoreError
from assistant.types import Found, Settled, Usage
from assistant.web import stored
from assistant.web.conversation import Conversation, Exchange
from assistant.web.readers import NOBODY, reader
from assistant.web.session import Session
from assistant.web.store import TITLE_CHARACTERS, Owner, Store, folder
from tests.test_web_conversation import HITS, OPENED, SELLS, answer, refusal

OWNER, ANNA = Owner("index"), Owner("index", "anna")
ANSWERED = replace(
    Exchange(1, "Who?", hits=HITS).told(
        Settled(answer(OPENED, SELLS, usage=Usage("small", 10, 5, 3, 2), timings={"total": 1.5}))
    ),
    liked=True,
)
REFUSED = Exchange(2, "What?", hits=HITS).told(Settled(refusal()))
FAILED = Exchange(3, "Why?", failure="no model")
STOPPED = Exchange(4, "When?").told(Found("When?", HITS)).told(OPENED)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "kept" / "conversations.sqlite3")) as opened:
        yield opened


@pytest.mark.parametrize("exchange", [ANSWERED, REFUSED, FAILED])
def test_an_exchange_comes_back_whole(exchange: Exchange) -> None:
    assert stored.loads(exchange.number, stored.dumps(exchange)) == exchange


def test_what_was_open_comes_back_as_stopped_with_what_was_said() -> None:
    back = stored.loads(4, stored.dumps(STOPPED))
    assert back == replace(STOPPED, stopped=True, stage="")
    assert back.cited == STOPPED.cited != ()


@pytest.mark.parametrize(
    ("field", "value"), [("quote", "Nobody opened it."), ("end", 35), ("source", "x"), ("start", 999)]
)
def test_a_footnote_that_somebody_changed_is_not_read(field: str, value: object) -> None:
    written = json.loads(stored.dumps(ANSWERED))
    written["answer"]["citations"][0][field] = value
    with pytest.raises(stored.Unreadable, match="footnote 1"):
        stored.loads(1, json.dumps(written))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"question": 1, "hits": 2}'])
def test_what_is_no_exchange_is_said_so(text: str) -> None:
    with pytest.raises(stored.Unreadable):
        stored.loads(1, text)


def test_conversations_are_kept_by_reader_and_index(store: Store) -> None:
    chat = store.begin(ANNA, "Who?")
    store.save(chat, ANSWERED)
    store.save(chat, REFUSED)
    assert store.load(chat, ANNA) == Conversation((ANSWERED, REFUSED))
    assert store.load(chat, replace(ANNA, reader="nils")) is None
    assert store.load("another", ANNA) is None
    assert store.entries(replace(ANNA, reader="nils")) == ()
    elsewhere = replace(ANNA, place="another index")
    assert store.entries(elsewhere) == ()
    assert store.load(chat, elsewhere) is None
    assert store.place(chat, "anna") == "index"
    assert store.place(chat, "nils") is None


def test_the_newest_conversation_is_the_first(store: Store) -> None:
    first, second = store.begin(OWNER, "Who?"), store.begin(OWNER, "What?")
    assert [entry.title for entry in store.entries(OWNER)] == ["What?", "Who?"]
    store.save(first, ANSWERED)
    assert [entry.id for entry in store.entries(OWNER)] == [first, second]


def test_an_exchange_takes_the_place_of_what_was_written_of_it(store: Store) -> None:
    chat = store.begin(OWNER, "Who?")
    store.save(chat, Exchange(1, "Who?"))
    store.save(chat, ANSWERED)
    assert store.load(chat, OWNER) == Conversation((ANSWERED,))


def test_a_conversation_is_renamed_deleted_and_had_back(store: Store) -> None:
    chat = store.begin(OWNER, "Who?")
    store.save(chat, ANSWERED)
    store.rename(chat, OWNER, "  The\nbakery ")
    store.rename(chat, OWNER, " ")
    store.rename(chat, replace(OWNER, reader="another"), "Mine")
    assert [entry.title for entry in store.entries(OWNER)] == ["The bakery"]
    store.delete(chat, replace(OWNER, reader="another"))
    assert store.entries(OWNER) != ()
    store.delete(chat, OWNER)
    assert store.entries(OWNER) == ()
    assert store.load(chat, OWNER) is None
    store.restore(chat, OWNER)
    assert store.load(chat, OWNER) == Conversation((ANSWERED,))


def test_a_long_question_is_a_short_title(store: Store) -> None:
    store.begin(OWNER, "Who " * 100)
    (entry,) = store.entries(OWNER)
    assert len(entry.title) <= TITLE_CHARACTERS
    assert entry.title.endswith("…")


def test_what_was_deleted_long_ago_is_gone_for_good(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    with closing(Store(path)) as store:
        chat = store.begin(OWNER, "Who?")
        store.save(chat, ANSWERED)
        store.delete(chat, OWNER)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update conversations set deleted = deleted - 40 * 86400")
    with closing(Store(path)) as store:
        store.restore(chat, OWNER)
        assert store.entries(OWNER) == ()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("select count(*) from exchanges").fetchone() == (0,)


def test_an_exchange_that_cannot_be_read_leaves_the_others(store: Store, tmp_path: Path) -> None:
    chat = store.begin(OWNER, "Who?")
    store.save(chat, ANSWERED)
    store.save(chat, REFUSED)
    with closing(sqlite3.connect(tmp_path / "kept" / "conversations.sqlite3")) as db, db:
        db.execute("update exchanges set body = '{' where number = 1")
    found = store.load(chat, OWNER)
    assert found is not None
    first, second = found.exchanges
    assert "can't be read" in (first.failure or "")
    assert second == REFUSED


def test_nobody_else_can_read_the_file(store: Store, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "kept" / "conversations.sqlite3").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_a_file_that_is_something_else_is_said_so_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite3"
    path.write_text("This is a letter to my bank. " * 50, "utf-8")
    with pytest.raises(StoreError, match=r"conversations\.sqlite3: .*FOOTNOTED_DATA"):
        Store(path)
    assert path.read_text("utf-8").startswith("This is a letter")


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOOTNOTED_DATA", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.delenv("FOOTNOTED_DATA")
    assert folder().name == "footnoted"


def test_a_session_keeps_a_question_at_once_and_its_answer_when_it_settles(store: Store) -> None:
    session = Session(store, OWNER)
    assert session.ask("Who?")
    assert session.chat is not None
    kept = store.load(session.chat, OWNER)
    assert kept is not None
    assert kept.exchanges[0].stopped, "a process that is killed now has still kept the question"
    task = session.take()
    assert task is not None
    session.tell(task, Found("Who?", HITS))
    session.tell(task, Settled(answer(OPENED)))
    assert store.load(session.chat, OWNER) == session.conversation
    assert session.title == "Who?"


def test_a_session_goes_on_with_what_is_kept(store: Store) -> None:
    first = asked(Session(store, OWNER))
    session = Session(store, OWNER)
    assert not session.open("another")
    assert first.chat is not None
    assert session.open(first.chat)
    assert session.conversation == first.conversation
    assert session.chat == first.chat


def test_a_stopped_question_and_an_opinion_are_kept(store: Store) -> None:
    session = asked(Session(store, OWNER))
    session.like(1, liked=False)
    session.ask("What?")
    session.stop()
    assert session.chat is not None
    kept = store.load(session.chat, OWNER)
    assert kept is not None
    assert [(one.liked, one.stopped) for one in kept.exchanges] == [(False, False), (None, True)]


def test_a_question_that_is_taken_back_is_kept_until_another_stands_in_its_place(store: Store) -> None:
    session = asked(Session(store, OWNER))
    before = session.conversation
    assert session.again() == "Who?"
    assert session.conversation == Conversation()
    assert session.again() is None
    assert session.chat is not None
    assert store.load(session.chat, OWNER) == before
    session.ask("Who opened it?")
    kept = store.load(session.chat, OWNER)
    assert kept is not None
    assert [one.question for one in kept.exchanges] == ["Who opened it?"]


def test_an_open_question_is_not_taken_back(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    assert session.again() is None


def test_two_tabs_of_one_conversation_overwrite_nothing(store: Store) -> None:
    one = asked(Session(store, OWNER))
    assert one.chat is not None
    other = Session(store, OWNER)
    other.open(one.chat)
    asked(one, "What?")
    other.ask("Why?")
    kept = store.load(one.chat, OWNER)
    assert kept is not None
    assert [exchange.question for exchange in kept.exchanges] == ["Who?", "What?", "Why?"]


def test_a_session_deletes_and_has_it_back(store: Store) -> None:
    session = asked(Session(store, OWNER))
    before = session.conversation
    deleted = session.delete()
    assert deleted is not None
    assert (session.conversation, session.chat, session.entries()) == (Conversation(), None, ())
    assert session.restore(deleted)
    assert session.conversation == before


def test_each_sentence_is_kept_as_it_comes_and_an_answer_that_is_left_is_stopped(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    task = session.take()
    assert task is not None
    session.tell(task, Found("Who?", HITS))
    session.tell(task, OPENED)
    assert session.chat is not None
    kept = store.load(session.chat, OWNER)
    assert kept is not None
    assert kept.exchanges[0].said == (OPENED,)
    session.leave(task)
    assert not session.conversation.open
    assert not session.tell(task, SELLS)


def test_what_could_not_be_written_is_written_with_what_comes_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = asked(Session(store, OWNER))
    with monkeypatch.context() as broken:
        broken.setattr(Store, "save", fails)
        asked(session, "What?")
        assert "full" in (session.fault or "")
    asked(session, "Why?")
    assert session.fault is None
    assert session.chat is not None
    kept = store.load(session.chat, OWNER)
    assert kept is not None
    assert [(one.number, one.question) for one in kept.exchanges] == [(1, "Who?"), (2, "What?"), (3, "Why?")]


def fails(*_: object) -> None:
    raise StoreError("full")


def test_a_conversation_that_was_deleted_in_another_tab_goes_on_as_a_new_one(store: Store) -> None:
    session = asked(Session(store, OWNER))
    assert session.chat is not None
    store.delete(session.chat, OWNER)
    asked(session, "What?")
    (entry,) = store.entries(OWNER)
    kept = store.load(entry.id, OWNER)
    assert kept is not None
    assert [one.question for one in kept.exchanges] == ["Who?", "What?"]


def test_of_whom_nobody_knows_nothing_is_kept(store: Store) -> None:
    session = asked(Session(store, Owner("index", NOBODY)))
    assert (session.chat, session.entries()) == (None, ())
    assert session.conversation.last is not None
    assert session.conversation.last.answer is not None


def test_a_question_that_no_file_can_hold_is_asked_and_kept(store: Store) -> None:
    session = asked(Session(store, OWNER), "Who\ud800?")
    assert session.fault is None
    assert session.chat is not None


def test_readers_are_known_by_login_browser_or_machine() -> None:
    cookie = "x" * 32
    assert reader("anna", cookie, alone=False) == "login:anna"
    assert reader(None, cookie, alone=False) == f"cookie:{cookie}"
    assert reader(None, cookie, alone=True) == reader(None, None, alone=True) == "local"
    for wrong in (None, "", "anna", "login:anna", "x" * 100):
        assert reader(None, wrong, alone=False) != reader(None, wrong, alone=False)


def test_a_store_that_fails_costs_what_is_kept_and_not_the_answer(store: Store) -> None:
    session = Session(store, OWNER)
    store.close()
    asked(session)
    assert session.conversation.last is not None
    assert session.conversation.last.answer is not None
    assert "can't be kept" in (session.fault or "")


def asked(session: Session, question: str = "Who?") -> Session:
    """After a question and its answer."""
    assert session.ask(question)
    task = session.take()
    assert task is not None
    session.tell(task, Found(question, HITS))
    session.tell(task, Settled(answer(OPENED)))
    return session


def test_a_session_that_moves_begins_anew_and_finds_its_way_back(store: Store) -> None:
    session = asked(Session(store, OWNER))
    before, chat = session.conversation, session.chat
    assert chat is not None
    session.move("another index")
    assert (session.conversation, session.chat, session.entries()) == (Conversation(), None, ())
    assert not session.open(chat)
    assert session.place_of(chat) == "index"
    session.move("index")
    assert session.open(chat)
    assert session.conversation == before


def test_what_was_deleted_is_listed_and_can_be_deleted_for_good(store: Store) -> None:
    chats = [store.begin(ANNA, question) for question in ("Who?", "When?")]
    for chat in chats:
        store.save(chat, ANSWERED)
        store.delete(chat, ANNA)
    assert [entry.id for entry in store.deleted(ANNA)] == chats[::-1]
    assert store.entries(ANNA) == store.deleted(OWNER) == ()
    store.forget(OWNER)
    store.restore(chats[0], ANNA)
    store.forget(ANNA)
    assert store.deleted(ANNA) == ()
    assert store.load(chats[0], ANNA) == Conversation((ANSWERED,))
    store.restore(chats[1], ANNA)
    assert store.load(chats[1], ANNA) is None


def test_all_conversations_about_a_collection_are_deleted_for_good(store: Store) -> None:
    mine, other = (store.begin(owner, "Who?") for owner in (ANNA, Owner("other", "anna")))
    store.save(mine, ANSWERED)
    store.forget_place("index")
    assert store.entries(ANNA) == ()
    assert store.load(mine, ANNA) is None
    assert [entry.id for entry in store.entries(Owner("other", "anna"))] == [other]


def test_which_documents_are_asked_is_kept_with_the_conversation(store: Store) -> None:
    session = Session(store, ANNA)
    session.confine("d1")
    session.ask("Who?")
    session.confine("d2")
    other = Session(store, ANNA)
    assert session.chat is not None
    assert other.open(session.chat)
    assert other.only == {"d1", "d2"}
    other.ask_all()
    session.clear()
    assert session.open(other.chat or "")
    assert session.only == frozenset()


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "create table conversations (id text primary key, place text not null, reader text not null, "
            "title text not null, changed real not null, deleted real)"
        )
        db.execute("insert into conversations values ('c', 'index', 'anna', 'Who?', 1.0, null)")
    for _ in range(2):
        with closing(Store(path)) as store:
            assert [entry.id for entry in store.entries(ANNA)] == ["c"]
            assert store.asked("c", ANNA) == frozenset()
