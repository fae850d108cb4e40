"""The collections that a page can ask: index folders, each with an Assistant of its own. Knows nothing of the page."""

import hashlib
import logging
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.core import Assistant, shipped_index
from assistant.errors import CollectionError
from assistant.web import uploads, whole
from assistant.web.holdings import Library
from assistant.web.uploads import KEPT_SECONDS
from index import Index
from index.errors import FootnotedError

log = logging.getLogger(__name__)

SHIPPED = "The shipped article"
MINE = "My documents"
MOST_CHARACTERS = 60
_INDEX = ".footnoted"
_CALLED = "name.txt"
_NOT_NAME = re.compile(r"[^\w\-]+")
# What every file system takes for a folder's name.
_FOLDER = re.compile(r"[^\W_][\w \-]*")


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
        forgotten: Told the place of each collection that is deleted for good.
    """

    def __init__(
        self,
        first: Assistant,
        folder: Path,
        opener: Callable[[Path], Index],
        forgotten: Callable[[str], object] = lambda place: None,
    ) -> None:
        self._folder = folder / "collections"
        self._gold = folder / "gold"
        self._questions = folder / "questions"
        self._opener = opener
        self._forgotten = forgotten
        self._lock = threading.Lock()
        self.first = self._collection(_name(first.index.path), first)
        self._opened = {self.first.place: self.first}
        try:
            self.forget(KEPT_SECONDS)
        except FootnotedError as error:
            log.warning("%s", error)

    def names(self) -> dict[str, str]:
        """The name of each collection by its place; that which the page was opened with is the first."""
        return {self.first.place: self.first.name} | self._others()

    def deleted(self) -> dict[str, str]:
        """The same of those that were deleted and can be had back."""
        return {str(path): _called(path) for path in self._made() if _deleted(path).exists()}

    def can_change(self, place: str) -> bool:
        """Whether a collection can be renamed and deleted: those that readers have made can."""
        return place != self.first.place and self._is_there(place)

    def at(self, place: str) -> Collection:
        """The collection of that place; where there is none any more, or it can't be opened, the first."""
        with self._lock:
            if not self._is_there(place):
                return self.first
            if place not in self._opened:
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
        name = _named(name)
        with self._lock:
            there = next((Path(place) for place, called in self._others().items() if _same(called, name)), None)
            # What is known by a folder must not be known of another collection that is made once it is gone.
            path = there or self._folder / f"{_plain(name) or 'collection'}-{secrets.token_hex(4)}"
            if there is None:
                with whole.changing(path):
                    whole.write(path / _CALLED, name)
            return self._open(path)

    def rename(self, place: str, name: str) -> None:
        """Call a collection something else; its folder stays where it is.

        Raises:
            CollectionError: That is no name for one, or another's; or it can't be renamed.
        """
        name = _named(name)
        with self._lock:
            if not self.can_change(place):
                raise CollectionError("only collections that were made on this page can be renamed")
            if any(_same(called, name) for where, called in self._others().items() if where != place):
                raise CollectionError(f"there is another collection called {name}")
            with whole.changing(Path(place)):
                whole.write(Path(place) / _CALLED, name)
            if known := self._opened.get(place):
                self._opened[place] = replace(known, name=name)

    def delete(self, place: str) -> None:
        """Take a collection off the shelf; ``restore`` puts it back, for a month.

        Raises:
            CollectionError: It can't be deleted.
        """
        with self._lock:
            if not self.can_change(place):
                raise CollectionError("only collections that were made on this page can be deleted")
            with whole.changing(Path(place)):
                whole.write(_deleted(Path(place)), "")

    def restore(self, place: str) -> None:
        """Put a collection back that was deleted.

        Raises:
            CollectionError: It is not there any more, or another has its name by now.
        """
        with self._lock:
            name = self.deleted().get(place)
            if name is None:
                raise CollectionError("that collection is no longer there")
            if any(_same(called, name) for called in self._others().values()):
                raise CollectionError(f"there is another collection called {name} by now; rename that first")
            with whole.changing(Path(place)):
                _deleted(Path(place)).unlink(missing_ok=True)

    def forget(self, older: float = 0.0) -> None:
        """Delete for good what was deleted, or only what was so many seconds ago.

        Raises:
            CollectionError: It can't be.
        """
        with self._lock:
            for path in map(Path, self.deleted()):
                with whole.changing(path):
                    if time.time() - _deleted(path).stat().st_mtime >= older:
                        self._forget(path)
            with whole.changing(self._folder):
                # Begun by a process that has ended since.
                for path in self._folder.glob(".*/"):
                    shutil.rmtree(path)

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

    def _made(self) -> list[Path]:
        """The folders of those that readers have made."""
        folders = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        return [path for path in folders if path.is_dir() and _FOLDER.fullmatch(path.name)]

    def _others(self) -> dict[str, str]:
        return {str(path): _called(path) for path in self._made() if not _deleted(path).exists()}

    def _is_there(self, place: str) -> bool:
        # Asked by every page about once a second, so without a look at what they are called.
        if place == self.first.place:
            return True
        return place in map(str, self._made()) and not _deleted(Path(place)).exists()

    def _forget(self, path: Path) -> None:
        """Delete a collection for good, and all that is known of it."""
        if opened := self._opened.pop(str(path), None):
            opened.assistant.index.close()
        # Half deleted, it must not be taken for one that is there.
        gone = path.rename(path.with_name(f".{path.name}"))
        shutil.rmtree(gone)
        known = self._known(path)
        shutil.rmtree(self._gold / known, ignore_errors=True)
        (self._questions / f"{known}.json").unlink(missing_ok=True)
        self._forgotten(str(path))

    def _known(self, path: Path) -> str:
        """What files about the collection in a folder are called: of the same name there may be several."""
        told_apart = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        return f"{_NOT_NAME.sub(' ', _name(path)).strip()}-{told_apart}"

    def _open(self, path: Path) -> Collection:
        if str(path) not in self._opened:
            first = self.first.assistant
            opened = Assistant(self._opener(path), first.model, first.settings)
            self._opened[str(path)] = self._collection(_called(path), opened)
        return self._opened[str(path)]

    def _collection(self, name: str, assistant: Assistant) -> Collection:
        index = assistant.index
        if not _ships(index.path):
            with suppress(FootnotedError):
                uploads.forget(index, KEPT_SECONDS)
        known = self._known(index.path)
        return Collection(
            name,
            assistant,
            Library(index),
            own=not _ships(index.path),
            gold=self._gold / known,
            questions=self._questions / f"{known}.json",
        )


def _named(name: str) -> str:
    """A name as it is kept."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not _is_name(name):
        raise CollectionError(
            f"{name!r} is no name for a collection; it takes a letter or a digit, at most {MOST_CHARACTERS} "
            "characters, and none that can't be seen"
        )
    return name


def _is_name(name: str) -> bool:
    """Whether people can read it, and tell it from another."""
    # Joiners are unseen, but belong to the letters of some scripts.
    shown = name.translate(dict.fromkeys(map(ord, "\u200c\u200d")))
    return shown.isprintable() and any(map(str.isalnum, name)) and len(name) <= MOST_CHARACTERS


def _plain(name: str) -> str:
    """As much of a name as a folder may be called."""
    return _NOT_NAME.sub(" ", name).strip(" -_")


def _called(path: Path) -> str:
    """The name of the collection in a folder: that which it was given last, or first."""
    with suppress(OSError, UnicodeError):
        name = (path / _CALLED).read_text("utf-8")
        if _is_name(name):
            return name
    return path.name


def _same(one: str, other: str) -> bool:
    """Whether two names are one to people, and to some file systems."""
    return one.casefold() == other.casefold()


def _deleted(path: Path) -> Path:
    """The file that marks a folder's collection as deleted."""
    return path / "deleted.mark"


def _ships(path: Path) -> bool:
    return path.resolve() == shipped_index().resolve()


def _name(path: Path) -> str:
    """What to call the index in a folder: what the folder is called, or the one that it stands in."""
    if _ships(path):
        return SHIPPED
    return path.parent.name if path.name == _INDEX else path.name
