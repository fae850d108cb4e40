"""A line of readers before one model: who is next, and how many are before each. Knows nothing of questions."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Line:
    """Lets a number of readers through at a time, in the order in which they came. Safe between threads.

    Args:
        at_once: How many.

    Attributes:
        open: Set once the model is ready for them.
    """

    def __init__(self, at_once: int) -> None:
        self.open = threading.Event()
        self._at_once = at_once
        self._lock = threading.Lock()
        self._tickets: list[object] = []
        self._left = time.monotonic()

    @contextmanager
    def joined(self) -> Iterator[Callable[[], int]]:
        """Stand in the line, until the block is left.

        Yields:
            What tells how many must leave before it is one's turn; 0 when it is, and then for good.
        """
        ticket = object()
        with self._lock:
            self._tickets.append(ticket)
        try:
            yield lambda: self._before(ticket)
        finally:
            with self._lock:
                self._tickets.remove(ticket)
                self._left = time.monotonic()

    def quiet(self, seconds: float) -> bool:
        """Whether nobody stands there, nor has for so long."""
        with self._lock:
            return not self._tickets and time.monotonic() - self._left >= seconds

    def _before(self, ticket: object) -> int:
        with self._lock:
            return max(0, self._tickets.index(ticket) - self._at_once + 1)
