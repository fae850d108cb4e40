import copy
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.types import Settled, Turn, Working
from assistant.web.conversation import Conversation
from assistant.web.session import Session
from assistant.web.store import Owner, Store
from tests.test_web_conversation import OPENED, answer

OWNER = Owner("index")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "conversations.sqlite3")) as opened:
        yield opened


def test_one_question_at_a_time_and_no_empty_one(store: Store) -> None:
    session = Session(store, OWNER)
    assert not session.ask(" \n")
    assert session.ask("Who?")
    assert not session.ask("What?")
    assert [exchange.question for exchange in session.conversation.exchanges] == ["Who?"]


def test_a_question_is_answered_once(store: Store) -> None:
    session = Session(store, OWNER)
    assert session.take() is None
    session.ask("Who?")
    task = session.take()
    assert task is not None
    assert session.take() is None
    assert session.tell(task, Settled(answer(OPENED)))
    assert session.take() is None
    assert not session.conversation.open


def test_a_task_knows_what_was_said_before(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    first = session.take()
    assert first is not None
    session.tell(first, Settled(answer(OPENED)))
    session.ask("What?")
    task = session.take()
    assert task is not None
    assert task.question == "What?"
    assert task.history == (Turn("user", "Who?"), Turn("assistant", "Anna Berg opened it. [1]"))


def test_what_comes_after_a_stop_is_not_heard(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    task = session.take()
    assert task is not None
    assert session.tell(task, OPENED)
    session.stop()
    stopped = session.conversation
    assert stopped.last is not None
    assert stopped.last.said == (OPENED,)
    assert not session.tell(task, Working("read"))
    assert not session.fail(task, "no model")
    assert session.conversation == stopped


def test_what_comes_after_a_new_chat_is_not_heard(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    old = session.take()
    assert old is not None
    session.clear()
    assert session.conversation == Conversation()
    session.ask("Who?")
    new = session.take()
    assert new is not None
    assert not session.tell(old, OPENED)
    assert session.tell(new, OPENED)


def test_a_failure_is_told_and_another_question_may_follow(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    task = session.take()
    assert task is not None
    assert session.fail(task, "no model")
    last = session.conversation.last
    assert last is not None
    assert last.failure == "no model"
    assert session.ask("Who?")


def test_every_reader_has_a_session_of_their_own(store: Store) -> None:
    session = Session(store, OWNER)
    session.ask("Who?")
    assert copy.deepcopy(session).conversation == Conversation()
