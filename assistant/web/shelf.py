"""The collections that a page can ask: index folders, each with an Assistant of its own. Knows nothing of the page."""

import hashlib
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.core import Assistant, shipped_index
from assistant.errors import CollectionError
from assistant.web.holdings import Library
from assistant.web.uploads import RESERVED
from index import Index
from index.errors import FootnotedError

log = logging.getLogger(__name__)

SHIPPED = "The shipped article"
MINE = "My documents"
MOST_CHARACTERS = 60
_INDEX = ".footnoted"
_NOT_NAME = re.compile(r"[^\w\-]+")
# What every file system takes for a folder's name.
_NAME = re.compile(r"[^\W_][\w \-]*")


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are asked together.

    Attributes:
        name: What the reader calls them.
        assistant: Who answers from them.
        library: What there is.
        own: Whether documents can be added and removed: those that ship stay as they are.
        gold: The folder of the suite of cases that readers have judged.
        questions: The file of the questions to begin with.
    """

    name: str
    assistant: Assistant
    library: Library
    own: bool
    gold: Path
    questions: Path

    @property
    def place(self) -> str:
        """By what it is known: its index's folder, or that it ships, for then its folder is another in each version."""
        return str(self.assistant.index.path) if self.own else SHIPPED


class Shelf:
    """The collection that the page was opened with, and those that readers have made. Safe between threads.

    Args:
        first: Who answers from the former.
        folder: Where the others are kept, each in a folder of its own, and beside them what readers have judged.
        opener: Opens the index in a folder, which is made if it isn't there.
    """

    def __init__(self, first: Assistant, folder: Path, opener: Callable[[Path], Index]) -> None:
        self._folder = folder / "collections"
        self._gold = folder / "gold"
        self._questions = folder / "questions"
        self._opener = opener
        self._lock = threading.Lock()
        self.first = self._collection(_name(first.index.path), first)
        self._opened = {self.first.place: self.first}

    def names(self) -> dict[str, str]:
        """The name of each collection by its place; that which the page was opened with is the first."""
        made = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        others = {str(path): path.name for path in made if path.is_dir() and _NAME.fullmatch(path.name)}
        return {self.first.place: self.first.name} | others

    def at(self, place: str) -> Collection:
        """The collection of that place; where there is none any more, or it can't be opened, the first."""
        with self._lock:
            if place not in self._opened and place in self.names():
                try:
                    self._open(Path(place))
                except FootnotedError as error:
                    log.warning("%s", error)
            return self._opened.get(place, self.first)

    def make(self, name: str) -> Collection:
        """A new collection, without documents; where there is one of that name already, that one.

        Raises:
            CollectionError: That is no name for one.
        """
        name = " ".join(name.split())
        if not _NAME.fullmatch(name) or len(name) > MOST_CHARACTERS or RESERVED.fullmatch(name):
            raise CollectionError(
                f"{name!r} is no name for a collection; use letters, digits, spaces and hyphens, at most "
                f"{MOST_CHARACTERS} of them, beginning with a letter or a digit"
            )
        path = self._folder / name
        with self._lock:
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise CollectionError(f"no collection can be made at {path}: {error}") from error
            return self._open(path)

    def own(self, place: str) -> Collection:
        """The collection of that place; where nothing can be added to it, one of the reader's own."""
        there = self.at(place)
        return there if there.own else self.make(MINE)

    def close(self) -> None:
        """Release what was opened here; the first is its opener's."""
        with self._lock:
            for collection in self._opened.values():
                if collection is not self.first:
                    collection.assistant.index.close()

    def _open(self, path: Path) -> Collection:
        if str(path) not in self._opened:
            first = self.first.assistant
            opened = Assistant(self._opener(path), first.model, first.settings)
            self._opened[str(path)] = self._collection(path.name, opened)
        return self._opened[str(path)]

    def _collection(self, name: str, assistant: Assistant) -> Collection:
        index = assistant.index
        # Of the same name there may be several, in several folders.
        told_apart = hashlib.sha256(str(index.path).encode()).hexdigest()[:8]
        known = f"{_NOT_NAME.sub(' ', name).strip()}-{told_apart}"
        return Collection(
            name,
            assistant,
            Library(index),
            own=not _ships(index.path),
            gold=self._gold / known,
            questions=self._questions / f"{known}.json",
        )


def _ships(path: Path) -> bool:
    return path.resolve() == shipped_index().resolve()


def _name(path: Path) -> str:
    """What to call the index in a folder: what the folder is called, or the one that it stands in."""
    if _ships(path):
        return SHIPPED
    return path.parent.name if path.name == _INDEX else path.name
