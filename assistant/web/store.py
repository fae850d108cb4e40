"""Conversations on disk, in one SQLite file of the user's. Knows nothing of the page, nor of how they are shown."""

import json
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_dir

from assistant.errors import StoreError
from assistant.web import stored
from assistant.web.conversation import Conversation, Exchange
from assistant.web.readers import LOCAL
from assistant.web.uploads import KEPT_SECONDS

log = logging.getLogger(__name__)

FOLDER_VARIABLE = "FOOTNOTED_DATA"
TITLE_CHARACTERS = 60
# How long to wait for another process that is writing.
_BUSY_SECONDS = 10.0

_SCHEMA = """
create table if not exists conversations (
    id text primary key, place text not null, reader text not null, title text not null,
    changed real not null, deleted real, asked text not null default '[]'
);
create table if not exists exchanges (
    conversation text not null references conversations (id) on delete cascade,
    number integer not null, body text not null, primary key (conversation, number)
);
create index if not exists by_reader on conversations (place, reader, changed);
"""


def folder() -> Path:
    """The folder in which Footnoted keeps what only the user can make; it may not exist yet."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser().absolute() if named else Path(user_data_dir("footnoted", appauthor=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation as a list shows it.

    Attributes:
        id: Names it; nobody can guess it.
        title: Its first question, or what the reader has called it.
        changed: When its last exchange began or ended, in seconds since 1970.
    """

    id: str
    title: str
    changed: float


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose conversations, and about which documents.

    Attributes:
        place: Which collection.
        reader: Who reads, as ``readers`` has it.
    """

    place: str
    reader: str = LOCAL


class Store:
    """The conversations of all readers. Safe between threads and processes.

    Args:
        path: The file, made if it isn't there.

    Raises:
        StoreError: The file can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made by us before SQLite makes it, so that others on the machine never can read it.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma foreign_keys = on")
            # What is deleted for good is overwritten.
            self._db.execute("pragma secure_delete = on")
            self._db.executescript(_SCHEMA)
            self._add_column("asked", "text not null default '[]'")
            self._db.execute("delete from conversations where deleted < ?", (time.time() - KEPT_SECONDS,))

    def begin(self, owner: Owner, title: str, asked: Collection[str] = ()) -> str:
        """Begin a conversation, and name it.

        Args:
            owner: Whose it is, and about which documents.
            title: Its first question.
            asked: The ids of the documents that are asked alone; empty for all.
        """
        chat = secrets.token_urlsafe(12)
        with self._told():
            self._db.execute(
                "insert into conversations (id, place, reader, title, changed, asked) values (?, ?, ?, ?, ?, ?)",
                (chat, owner.place, owner.reader, _titled(title), time.time(), json.dumps(sorted(asked))),
            )
        return chat

    def save(self, chat: str, exchange: Exchange) -> None:
        """Write an exchange down, in the place of what was written of it before."""
        with self._told(), self._transaction():
            self._db.execute(
                "insert or replace into exchanges values (?, ?, ?)", (chat, exchange.number, stored.dumps(exchange))
            )
            self._db.execute("update conversations set changed = ? where id = ?", (time.time(), chat))

    def place(self, chat: str, reader: str) -> str | None:
        """What a reader's conversation is about; None where they have none of that name."""
        with self._told():
            found = self._db.execute(
                "select place from conversations where id = ? and reader = ? and deleted is null", (chat, reader)
            ).fetchone()
        return None if found is None else str(found[0])

    def load(self, chat: str, owner: Owner) -> Conversation | None:
        """A conversation; None where its owner has none of that name."""
        with self._told():
            rows = self._db.execute(
                "select number, body from exchanges where conversation = ? and exists (select 1 from conversations "
                "where id = ? and place = ? and reader = ? and deleted is null) order by number",
                (chat, chat, owner.place, owner.reader),
            ).fetchall()
        return Conversation(tuple(_exchange(number, body) for number, body in rows)) if rows else None

    def asked(self, chat: str, owner: Owner) -> frozenset[str]:
        """The ids of the documents that a conversation asks alone; empty for all."""
        with self._told():
            row = self._db.execute(
                "select asked from conversations where id = ? and place = ? and reader = ?",
                (chat, owner.place, owner.reader),
            ).fetchone()
        return frozenset(map(str, json.loads(row[0]))) if row else frozenset()

    def entries(self, owner: Owner) -> tuple[Entry, ...]:
        """An owner's conversations, the newest first."""
        return self._entries(owner, "deleted is null order by changed desc, rowid desc")

    def deleted(self, owner: Owner) -> tuple[Entry, ...]:
        """Those that were deleted and can be had back, the last deleted first."""
        return self._entries(owner, "deleted is not null order by deleted desc, rowid desc")

    def rename(self, chat: str, owner: Owner, title: str) -> None:
        """Call a conversation something else; an empty title changes nothing."""
        if title.strip():
            self._change(chat, owner, "title", _titled(title))

    def delete(self, chat: str, owner: Owner) -> None:
        """Take a conversation off the list; ``restore`` brings it back."""
        self._change(chat, owner, "deleted", time.time())

    def restore(self, chat: str, owner: Owner) -> None:
        """Bring a conversation back that was deleted."""
        self._change(chat, owner, "deleted", None)

    def confine(self, chat: str, owner: Owner, asked: Collection[str]) -> None:
        """Note which documents a conversation asks alone, by their ids; none for all."""
        self._change(chat, owner, "asked", json.dumps(sorted(asked)))

    def forget(self, owner: Owner) -> None:
        """Delete for good what an owner has deleted."""
        mine = "delete from conversations where place = ? and reader = ? and deleted is not null"
        self._erase(mine, owner.place, owner.reader)

    def forget_place(self, place: str) -> None:
        """Delete for good all conversations about a collection."""
        self._erase("delete from conversations where place = ?", place)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _erase(self, statement: str, *values: str) -> None:
        with self._told():
            self._db.execute(statement, values)
            # What was written is in the log of changes, too.
            self._db.execute("pragma wal_checkpoint(truncate)")

    def _entries(self, owner: Owner, which: str) -> tuple[Entry, ...]:
        with self._told():
            rows = self._db.execute(
                f"select id, title, changed from conversations where place = ? and reader = ? and {which}",  # noqa: S608 (ours)
                (owner.place, owner.reader),
            ).fetchall()
        return tuple(Entry(*row) for row in rows)

    def _add_column(self, name: str, kind: str) -> None:
        """Add what a file that an earlier version made doesn't have; another process may do so at the same time."""
        known = {row[1] for row in self._db.execute("pragma table_info(conversations)")}
        if name not in known:
            with suppress(sqlite3.OperationalError):
                self._db.execute(f"alter table conversations add column {name} {kind}")

    def _change(self, chat: str, owner: Owner, column: str, value: str | float | None) -> None:
        with self._told():
            self._db.execute(
                f"update conversations set {column} = ? where id = ? and place = ? and reader = ?",  # noqa: S608 (ours)
                (value, chat, owner.place, owner.reader),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with closing(self._db.cursor()) as cursor:
            cursor.execute("begin immediate")
            try:
                yield
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError, UnicodeError) as error:
            raise StoreError(
                f"conversations can't be kept in {self._path}: {error}. Is the disk full, or the file not ours? Move "
                f"it away, or name another folder with {FOLDER_VARIABLE}"
            ) from error


def _exchange(number: int, body: str) -> Exchange:
    try:
        return stored.loads(number, body)
    except stored.Unreadable as error:
        log.warning("exchange %s: %s", number, error)
        return Exchange(number, "?", failure="What was kept of this question can't be read any more.")


def _titled(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"
