"""How far a fetch has come, as those who show it are told."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch has come.

    Attributes:
        name: Which model file.
        done_bytes: What has arrived; never falls while the source stays the same.
        total_bytes: What will have arrived in the end. May exceed the file's size: a wheel can carry more than it.
        source: Who delivers: ``the hub``, ``the package registry`` or ``another process``.
    """

    name: str
    done_bytes: int
    total_bytes: int
    source: str


Report = Callable[[Progress], None]
