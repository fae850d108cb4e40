"""Seconds by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Measures one question, from when it is made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done in the block."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = time.perf_counter() - begun

    def mark(self, name: str) -> None:
        """Note a moment, the first time it comes."""
        self._seconds.setdefault(name, time.perf_counter() - self._begun)

    def timings(self) -> dict[str, float]:
        """Seconds by stage and moment, with ``total`` up to now."""
        self.mark("total")
        return {name: round(seconds, 4) for name, seconds in self._seconds.items()}
