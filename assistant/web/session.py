"""One reader's conversation, which several events of the page may change at once. Knows nothing of the page."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from assistant.errors import StoreError
from assistant.llm import encodable
from assistant.types import Event, Turn
from assistant.web.conversation import Conversation, Exchange, Waiting
from assistant.web.readers import NOBODY
from assistant.web.store import Entry, Owner, Store

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A question that someone has begun to answer.

    Attributes:
        question: What is asked.
        history: The turns before it, oldest first.
    """

    question: str
    history: tuple[Turn, ...]


class Session:
    """Holds a conversation. Whoever answers a question that was stopped or forgotten can't change it any more.

    What is asked and answered is kept as it comes; a store that fails costs what is kept and not the answer. Safe
    between threads.

    Args:
        store: Where conversations are kept.
        owner: Whose they are, and about which documents.

    Attributes:
        removed: What the document that was removed last can be had back from.
    """

    def __init__(self, store: Store, owner: Owner) -> None:
        self._lock = threading.Lock()
        self._store = store
        self._owner = owner
        self._chat: str | None = None
        self._conversation = Conversation()
        self._task: Task | None = None
        self._fault: str | None = None
        self._taken_back = False
        self._only: frozenset[str] = frozenset()
        self._pending: set[int] = set()
        self.removed: Path | None = None

    def __deepcopy__(self, memo: Mapping[int, Any]) -> "Session":
        # Gradio copies what it is given for each reader.
        return Session(self._store, self._owner)

    @property
    def conversation(self) -> Conversation:
        """What has been asked and told so far."""
        return self._conversation

    @property
    def place(self) -> str:
        """Which collection is asked."""
        return self._owner.place

    @property
    def chat(self) -> str | None:
        """What the conversation is kept under; None before it has begun."""
        return self._chat

    @property
    def title(self) -> str | None:
        """What the conversation is called; None before it has begun."""
        return next((entry.title for entry in self.entries() if entry.id == self._chat), None)

    @property
    def fault(self) -> str | None:
        """Why what was asked last is not kept; None where it is."""
        return self._fault

    def enter(self, reader: str) -> None:
        """Say who reads."""
        with self._lock:
            self._owner = Owner(self._owner.place, reader)

    def move(self, place: str) -> None:
        """Ask another index from now on, in a new conversation."""
        with self._lock:
            if place == self._owner.place:
                return
            self._stop()
            self._forget()
            self._only = frozenset()
            self.removed = None
            self._owner = Owner(place, self._owner.reader)

    @property
    def only(self) -> frozenset[str]:
        """The ids of the documents that are asked; empty for all."""
        return self._only

    def confine(self, document_id: str) -> None:
        """Ask this document alone, or with others that are; or, where it is asked so already, no longer so."""
        with self._lock:
            self._only ^= {document_id}
            self._note_only()

    def ask_all(self) -> None:
        """Ask all documents again."""
        with self._lock:
            self._only = frozenset()
            self._note_only()

    def place_of(self, chat: str) -> str | None:
        """The collection that a conversation of this reader's is about; None where they have none of that name."""
        return self._read(lambda: self._store.place(chat, self._owner.reader), None)

    def entries(self) -> tuple[Entry, ...]:
        """The reader's conversations, the newest first."""
        return self._read(lambda: self._store.entries(self._owner), ())

    def deleted(self) -> tuple[Entry, ...]:
        """Those of them that were deleted and can be had back, the last deleted first."""
        return self._read(lambda: self._store.deleted(self._owner), ())

    def forget_deleted(self) -> None:
        """Delete those for good."""
        with self._lock, self._keeping():
            self._store.forget(self._owner)

    def open(self, chat: str) -> bool:
        """Go on with a conversation that is kept; False where the reader has none of that name."""
        with self._lock, self._keeping():
            found = self._store.load(chat, self._owner)
            if found is not None:
                self._stop()
                self._forget()
                self._chat, self._conversation = chat, found
                self._only = self._store.asked(chat, self._owner)
                return True
        return False

    def ask(self, question: str) -> bool:
        """Add a question, unless it is empty or another is still open; whether it was added."""
        with self._lock:
            if not question.strip() or self._conversation.open:
                return False
            self._catch_up()
            self._conversation = self._conversation.asked(encodable(question))
            self._keep(self._conversation.last)
            return True

    def again(self) -> str | None:
        """Take the newest question back, to be asked anew or in other words; None where there is none to take.

        What was answered is kept until another question stands in its place.
        """
        with self._lock:
            newest = self._conversation.last
            if newest is None or newest.open:
                return None
            self._conversation = self._conversation.without_last()
            self._taken_back = True
            return newest.question

    def like(self, number: int, liked: bool | None) -> None:
        """Note whether the reader finds an answer right."""
        with self._lock:
            self._conversation = self._conversation.liked(number, liked)
            self._keep(self._conversation.at(number))

    def keep_as_gold(self, number: int) -> None:
        """Note that an exchange is kept as a gold case."""
        with self._lock:
            self._conversation = self._conversation.kept_as_gold(number)
            self._keep(self._conversation.at(number))

    def take(self) -> Task | None:
        """Begin to answer the newest question, unless it is settled or someone has begun already."""
        with self._lock:
            newest = self._conversation.last
            if newest is None or not newest.open or self._task is not None:
                return None
            self._task = Task(newest.question, tuple(self._conversation.history()))
            return self._task

    def tell(self, task: Task, event: Event | Waiting) -> bool:
        """Add an event to the question of a task; False where that question is no longer to be answered."""
        return self._change(task, lambda conversation: conversation.told(event))

    def fail(self, task: Task, why: str) -> bool:
        """Give the question of a task up, and say why; False where it is no longer to be answered."""
        return self._change(task, lambda conversation: conversation.failed(why))

    def stop(self) -> None:
        """Stop what is open."""
        with self._lock:
            self._stop()

    def leave(self, task: Task) -> None:
        """Stop the question of a task, if it is still open: whoever answered it does so no longer."""
        with self._lock:
            if task is self._task:
                self._stop()

    def clear(self) -> None:
        """Begin a new conversation; the one before it stays where it is kept."""
        with self._lock:
            self._stop()
            self._forget()

    def rename(self, title: str) -> None:
        """Call the conversation something else."""
        with self._lock, self._keeping():
            if self._chat:
                self._store.rename(self._chat, self._owner, title)

    def delete(self) -> str | None:
        """Take the conversation off the list, and begin a new one; what ``restore`` brings it back by."""
        with self._lock:
            chat = self._chat
            self._stop()
            with self._keeping():
                if chat:
                    self._store.delete(chat, self._owner)
            self._forget()
            return chat

    def restore(self, chat: str) -> bool:
        """Bring back a conversation that was deleted, and go on with it; False where there is none."""
        with self._keeping():
            self._store.restore(chat, self._owner)
        return self.open(chat)

    def _note_only(self) -> None:
        with self._keeping():
            if self._chat:
                self._store.confine(self._chat, self._owner, self._only)

    def _stop(self) -> None:
        was_open = self._conversation.open
        self._conversation, self._task = self._conversation.stopped(), None
        if was_open:
            self._keep(self._conversation.last)

    def _forget(self) -> None:
        self._chat, self._conversation, self._taken_back = None, Conversation(), False
        self._pending.clear()

    def _catch_up(self) -> None:
        """Take over what was asked meanwhile in another tab, so that neither overwrites the other.

        A conversation that was deleted there goes on as a new one.
        """
        with self._keeping():
            found = self._store.load(self._chat, self._owner) if self._chat else None
            if self._chat and found is None:
                self._chat = None
                self._pending = {one.number for one in self._conversation.exchanges}
            elif found and not self._taken_back and _last(found) > _last(self._conversation):
                self._conversation = found
        self._taken_back = False

    def _change(self, task: Task, change: Callable[[Conversation], Conversation]) -> bool:
        with self._lock:
            if task is not self._task:
                return False
            before = self._conversation.last
            self._conversation = change(self._conversation)
            now = self._conversation.last
            if not self._conversation.open:
                self._task = None
            if not self._conversation.open or (before and now and before.said != now.said):
                self._keep(now)
            return True

    def _keep(self, exchange: Exchange | None) -> None:
        """Write an exchange down, with those that could not be written before."""
        if exchange is None or self._owner.reader == NOBODY:
            return
        self._pending.add(exchange.number)
        with self._keeping():
            first = self._conversation.exchanges[0]
            self._chat = self._chat or self._store.begin(self._owner, first.question, self._only)
            for number in sorted(self._pending):
                if one := self._conversation.at(number):
                    self._store.save(self._chat, one)
                self._pending.discard(number)
            self._fault = None

    @staticmethod
    def _read(read: Callable[[], T], otherwise: T) -> T:
        """What the store says, or something else where it fails."""
        try:
            return read()
        except StoreError as error:
            log.warning("%s", error)
            return otherwise

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            log.warning("%s", error)
            self._fault = str(error)


def _last(conversation: Conversation) -> int:
    return conversation.last.number if conversation.last else 0
