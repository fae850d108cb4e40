"""The index as the readers of one page see it, which another process may be changing. Knows nothing of the page."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from index import Index
from index.types import State

# More would be no list to choose from; a name that is typed is found among all of them.
MOST_CHOICES = 1000
# Readers who look within so many seconds see the same.
_SAME_SECONDS = 0.1
# How often to begin anew with passages that lack vectors. Where that fails, it is logged as often.
_AGAIN_SECONDS = 30

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What there was at one moment.

    Attributes:
        state: How much, and how much of it is embedded.
        sources: The first source of each document by its id, in the order of the sources.
    """

    state: State
    sources: Mapping[str, str]

    @property
    def first(self) -> str | None:
        """The id of the first document; None where there is none."""
        return next(iter(self.sources), None)

    def is_listed(self, document_id: str | None) -> bool:
        """Whether a document is among the choices whichever is on show."""
        return any(id_ == document_id for id_ in islice(self.sources, MOST_CHOICES))

    def choices(self, shown: str | None) -> Choices:
        """The source and the id of the first documents, and of the one on show wherever it stands."""
        listed = tuple((source, id_) for id_, source in islice(self.sources.items(), MOST_CHOICES))
        if shown is None or shown not in self.sources or self.is_listed(shown):
            return listed
        return (*listed, (self.sources[shown], shown))

    def find(self, chosen: str | None) -> str | None:
        """The document of this id, or else of this source; None where there is no such document any more."""
        if chosen in self.sources:
            return chosen
        return next((id_ for id_, source in self.sources.items() if source == chosen), None)


class Library:
    """Looks at an index for all readers of a page, and embeds what others have left. Safe between threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._look: Look | None = None
        self._looked = 0.0
        self._hashes: tuple[int, Mapping[str, str]] | None = None
        self._beginning = threading.Lock()
        self._begin_after = 0.0

    def look(self) -> Look:
        """What there is now."""
        with self._lock:
            if self._look is None or time.monotonic() - self._looked > _SAME_SECONDS:
                self._look = self._anew(self._look)
                self._looked = time.monotonic()
            return self._look

    def stands(self, document_id: str, sha256: str) -> bool:
        """Whether there is still such a document, unchanged."""
        generation = self.look().state.generation
        with self._lock:
            if self._hashes is None or self._hashes[0] != generation:
                self._hashes = generation, self._index.hashes()
            return self._hashes[1].get(document_id) == sha256

    def go_on(self) -> None:
        """Embed in the background what has no vector yet: the process that read it may have ended since."""
        state = self.look().state
        if state.embedded == state.passages or not self._beginning.acquire(blocking=False):
            return
        try:
            if time.monotonic() >= self._begin_after:
                self._begin_after = time.monotonic() + _AGAIN_SECONDS
                self._index.embed(wait=False)
        finally:
            self._beginning.release()

    def _anew(self, before: Look | None) -> Look:
        state = self._index.state()
        if before is not None and before.state == state:
            return before
        return Look(state, {id_: source for source, id_ in self._index.sources().items()})
