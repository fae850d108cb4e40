"""One reader's conversation, which several events of the page may change at once. Knows nothing of the page."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.types import Event, Turn
from assistant.web.conversation import Conversation, Waiting


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

    Safe between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._conversation = Conversation()
        self._task: Task | None = None

    def __deepcopy__(self, memo: Mapping[int, Any]) -> "Session":
        # Gradio copies what it is given for each reader.
        return Session()

    @property
    def conversation(self) -> Conversation:
        """What has been asked and told so far."""
        return self._conversation

    def ask(self, question: str) -> bool:
        """Add a question, unless it is empty or another is still open; whether it was added."""
        with self._lock:
            if not question.strip() or self._conversation.open:
                return False
            self._conversation = self._conversation.asked(question)
            return True

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
            self._conversation, self._task = self._conversation.stopped(), None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._conversation, self._task = Conversation(), None

    def _change(self, task: Task, change: Callable[[Conversation], Conversation]) -> bool:
        with self._lock:
            if task is not self._task:
                return False
            self._conversation = change(self._conversation)
            if not self._conversation.open:
                self._task = None
            return True
