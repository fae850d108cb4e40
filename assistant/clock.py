"""Seconds by stage."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Clock:
    """Measures one question, from when it is made.

    Args:
        now: Tells the time in seconds, from any moment on.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._begun = now()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done in the block; another time adds to what there is."""
        begun = self._now()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + self._now() - begun

    def mark(self, name: str) -> None:
        """Note a moment, the first time it comes."""
        self._seconds.setdefault(name, self._now() - self._begun)

    def timings(self) -> dict[str, float]:
        """Seconds by stage and moment, with ``total`` up to now."""
        self.mark("total")
        return {name: round(seconds, 4) for name, seconds in self._seconds.items()}
