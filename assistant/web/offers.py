"""Questions to begin with, for each collection: made of its documents while nobody asks, and kept."""

import logging
import threading
from contextlib import closing
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.suggest import Suggestion
from assistant.types import Working
from assistant.web import whole
from assistant.web.line import Line
from assistant.web.shelf import Collection

log = logging.getLogger(__name__)

WANTED = 4
"""How many questions are offered."""
QUIET_SECONDS = 5.0
"""For so long nobody must have asked anything before the model is put to this."""
_ARTICLE = "1d277cccf9fc0d63ae95f600f236a0260f9617ed38839e538d7e438a2ea265da"
# Of the article that ships: the last is one that it doesn't answer, to show what comes of such.
_OF_ARTICLE = (
    "Who is Japan's foreign minister?",
    "How many US service personnel are stationed in Japan?",
    "What will the new guidelines improve?",
    "How old is Gen Nakatani?",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a reader who has asked nothing yet is offered.

    Attributes:
        questions: To begin with.
        making: Whether more are being made.
        can_be_made: Whether the reader may have some made: where that costs them money, nobody else decides it.
    """

    questions: tuple[str, ...] = ()
    making: bool = False
    can_be_made: bool = False


class _Kept(BaseModel):
    """What is known of a collection, as it is written down.

    Attributes:
        generation: Of the index when questions were made last; -1 before that.
        questions: Those that were made.
    """

    model_config = ConfigDict(frozen=True)

    generation: int = -1
    questions: tuple[Suggestion, ...] = ()


class Offers:
    """Makes and keeps questions to begin with. Safe between threads.

    Args:
        line: In which readers stand who wait for an answer; they come first.
        quiet_seconds: For how long nobody must have stood there.
    """

    def __init__(self, line: Line, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._line = line
        self._quiet_seconds = quiet_seconds
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._making: str | None = None

    def of(self, collection: Collection) -> Offer:
        """What is offered of a collection now."""
        if _is_article(collection):
            return Offer(_OF_ARTICLE)
        look = collection.library.look()
        with self._lock:
            kept, making = self._read(collection), self._making == collection.place
        standing = tuple(one.question for one in self._standing(collection, kept))
        untried = bool(look.sources) and look.state.generation != kept.generation
        costs = not collection.assistant.model.embedded
        return Offer(standing, making, can_be_made=costs and untried and not standing and not making)

    def make(self, collection: Collection, *, asked_for: bool = False) -> None:
        """Make more in the background, if there are too few, the documents have changed, and nobody waits.

        Args:
            collection: Of which.
            asked_for: Whether a reader wants it. Else only the embedded model does it, which costs nothing.
        """
        if _is_article(collection):
            return
        with self._lock:
            kept = self._read(collection)
            if self._making is not None or not (asked_for or self._due(collection, kept)):
                return
            self._making = collection.place
        threading.Thread(target=self._work, args=(collection, kept), daemon=True).start()

    def _due(self, collection: Collection, kept: _Kept) -> bool:
        state = collection.library.look().state
        return (
            collection.assistant.model.embedded
            and self._line.open.is_set()
            and self._line.quiet(self._quiet_seconds)
            and state.embedded == state.passages > 0
            and state.generation != kept.generation
            and len(self._standing(collection, kept)) < WANTED
        )

    def _work(self, collection: Collection, kept: _Kept) -> None:
        generation, found, done = kept.generation, list[Suggestion](), True
        try:
            # Before the documents are read: what changes while questions are made is found to have changed.
            generation = collection.library.look().state.generation
            found = self._standing(collection, kept)
            with closing(collection.assistant.suggest(WANTED - len(found))) as made:
                for one in made:
                    if isinstance(one, Working):
                        # With some to show, enough is done; without, it is begun again when it is quiet.
                        if not self._line.quiet(0.0):
                            done = bool(found)
                            break
                    elif one.question not in {other.question for other in found}:
                        found.append(one)
                        self._keep(collection, _Kept(generation=kept.generation, questions=tuple(found)))
        except Exception as error:  # noqa: BLE001 (the page has been closed, or the next question will tell)
            log.info("no questions could be made of %s: %s", collection.name, error)
            # A reader may have it tried again; by itself it would be for ever.
            done = collection.assistant.model.embedded
        finally:
            if done:
                self._keep(collection, _Kept(generation=generation, questions=tuple(found)))
            with self._lock:
                self._making = None

    def _standing(self, collection: Collection, kept: _Kept) -> list[Suggestion]:
        stands = collection.library.stands
        return [one for one in kept.questions if stands(one.document_id, one.document_sha256)][:WANTED]

    def _read(self, collection: Collection) -> _Kept:
        if collection.place not in self._kept:
            kept = _Kept()
            try:
                if collection.questions.exists():
                    kept = _Kept.model_validate_json(collection.questions.read_bytes())
            except (OSError, ValidationError) as error:
                log.info("%s can't be read, and is made anew: %s", collection.questions, error)
            self._kept[collection.place] = kept
        return self._kept[collection.place]

    def _keep(self, collection: Collection, kept: _Kept) -> None:
        with self._lock:
            self._kept[collection.place] = kept
        try:
            whole.write(collection.questions, kept.model_dump_json())
        except OSError as error:
            log.info("%s can't be written: %s", collection.questions, error)


def _is_article(collection: Collection) -> bool:
    first = collection.library.look().first
    return first is not None and collection.library.stands(first, _ARTICLE)
