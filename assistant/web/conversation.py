"""What one reader has asked and been told so far. Pure values: no model, no page, no HTML."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

from assistant.ground import Ground
from assistant.types import Answer, Citation, Event, Evidence, Found, Said, Settled, Turn, Working
from index.types import Hit, Passage

NEAREST = 3
"""How many passages a refusal offers."""
REFUSALS = ("refusal", "rebuttal")
"""The kinds of replies that say that the documents don't."""
WARMING = "warm"
"""The stage in which the model starts, and reads what all questions have in common."""
ASIDES = ("chat", "clarification")
"""The kinds of replies for which no document was asked."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Other questions must be answered first.

    Attributes:
        before: How many of them there are.
    """

    before: int


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a document that the page can show.

    Attributes:
        key: Names the place on the page: ``a2-1`` is footnote 1 of the second exchange, ``p2-1`` its nearest passage.
        label: What the page calls it: the footnote's number, or the passage's rank.
        start: Offset in the document.
        end: Offset in the document, exclusive.
        quote: The words.
        document_id: The document they stand in.
        document_sha256: That document's ``sha256`` when they were found.
        source: The document's name.
        page: The page, from 1, or None.
    """

    key: str
    label: int
    start: int
    end: int
    quote: str
    document_id: str
    document_sha256: str
    source: str
    page: int | None

    @property
    def cited(self) -> bool:
        """Whether an answer rests on these words; else they are only near the question."""
        return self.key.startswith("a")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what has become of it.

    Attributes:
        number: From 1, in the order asked.
        question: As the reader wrote it.
        stage: What is being done; empty before anything is.
        before: How many questions must be answered first.
        hits: What was found, best first.
        said: The sentences that stand so far.
        answer: The settled answer.
        failure: Why there is none, and what to do.
        stopped: Whether the reader stopped it.
        liked: Whether the reader found the answer right; None where they haven't said.
        gold: Whether it is kept as a gold case.
    """

    number: int
    question: str
    stage: str = ""
    before: int = 0
    hits: tuple[Hit, ...] = ()
    said: tuple[Said, ...] = ()
    answer: Answer | None = None
    failure: str | None = None
    stopped: bool = False
    liked: bool | None = None
    gold: bool = False

    @property
    def open(self) -> bool:
        """Whether there is more to come."""
        return self.answer is None and self.failure is None and not self.stopped

    @property
    def places(self) -> tuple[Place, ...]:
        """The footnotes so far; before anything is said, the nearest passages too; for a refusal, their sentences."""
        if self.answer is None:
            notes = [_footnote(self.number, citation) for one in self.said for citation in one.citations]
            found = self.hits[:NEAREST] if self.open and not self.said else ()
            near = [(hit.passage, hit.passage.start, hit.passage.end) for hit in found]
        else:
            notes = [_footnote(self.number, citation) for citation in self.answer.citations]
            found = self.hits[:NEAREST] if self.answer.kind in REFUSALS else ()
            near = [(hit.passage, *_nearest(hit.passage, self.answer.query)) for hit in found]
        return (*notes, *(_near(self.number, rank, *one) for rank, one in enumerate(near, start=1)))

    @property
    def cited(self) -> tuple[Place, ...]:
        """The places that the answer rests on."""
        return tuple(place for place in self.places if place.cited)

    def told(self, event: Event | Waiting) -> Self:
        """The exchange after an event of the stream, or of the wait for it."""
        match event:
            case Waiting(before):
                return replace(self, before=before)
            case Working(stage):
                return replace(self, stage=stage, before=0)
            case Found(_, hits):
                return replace(self, hits=hits)
            case Said():
                return replace(self, said=(*self.said, event))
            case Settled(answer):
                return replace(self, answer=answer, hits=answer.hits)

    def turns(self) -> tuple[Turn, ...]:
        """The exchange as history for the questions that follow; nothing where nothing was said."""
        text = self.answer.text if self.answer else " ".join(said.text for said in self.said)
        return (Turn("user", self.question), Turn("assistant", text)) if text else ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges of one reader, oldest first. Every method returns a new conversation."""

    exchanges: tuple[Exchange, ...] = ()

    @property
    def last(self) -> Exchange | None:
        """The newest exchange."""
        return self.exchanges[-1] if self.exchanges else None

    @property
    def open(self) -> bool:
        """Whether a question is still being answered."""
        return self.last is not None and self.last.open

    def asked(self, question: str) -> Self:
        """With a new question."""
        number = self.last.number + 1 if self.last else 1
        return replace(self, exchanges=(*self.exchanges, Exchange(number, question)))

    def told(self, event: Event | Waiting) -> Self:
        """With an event for the newest question."""
        return self._with(self.exchanges[-1].told(event))

    def failed(self, why: str) -> Self:
        """With the newest question given up, and why."""
        return self._with(replace(self.exchanges[-1], failure=why))

    def stopped(self) -> Self:
        """With the newest question stopped, if it is still open."""
        return self._with(replace(self.exchanges[-1], stopped=True)) if self.open else self

    def without_last(self) -> Self:
        """As it was before the newest question."""
        return replace(self, exchanges=self.exchanges[:-1])

    def liked(self, number: int, liked: bool | None) -> Self:
        """With what the reader thinks of one answer."""
        return self._changed(number, liked=liked)

    def at(self, number: int) -> Exchange | None:
        """The exchange of that number."""
        return next((one for one in self.exchanges if one.number == number), None)

    def before(self, number: int) -> list[Turn]:
        """The turns before an exchange."""
        return [turn for exchange in self.exchanges if exchange.number < number for turn in exchange.turns()]

    def kept_as_gold(self, number: int) -> Self:
        """With one exchange kept as a gold case."""
        return self._changed(number, gold=True)

    def history(self) -> list[Turn]:
        """The turns before the newest question."""
        return self.before(self.last.number) if self.last else []

    def find(self, key: str) -> tuple[Exchange, Place] | None:
        """The place of that key, and the exchange it belongs to."""
        pairs = ((exchange, place) for exchange in self.exchanges for place in exchange.places)
        return next((pair for pair in pairs if pair[1].key == key), None)

    def _changed(self, number: int, **fields: Any) -> Self:
        exchanges = tuple(replace(one, **fields) if one.number == number else one for one in self.exchanges)
        return replace(self, exchanges=exchanges)

    def _with(self, last: Exchange) -> Self:
        return replace(self, exchanges=(*self.exchanges[:-1], last))


def _footnote(number: int, citation: Citation) -> Place:
    return Place(
        key=f"a{number}-{citation.marker}",
        label=citation.marker,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        document_id=citation.document_id,
        document_sha256=citation.document_sha256,
        source=citation.source,
        page=citation.page,
    )


# Each redrawing of a long conversation asks for those of all its refusals.
@lru_cache(maxsize=1024)
def _nearest(passage: Passage, question: str) -> tuple[int, int]:
    """Where the sentence of a passage begins and ends that says most of a question; the passage where none says any."""
    place = Ground(Evidence.of([passage])).nearest(question, least=0.01)
    return (place.sentence.start, place.sentence.end) if place else (passage.start, passage.end)


def _near(number: int, rank: int, passage: Passage, start: int, end: int) -> Place:
    return Place(
        key=f"p{number}-{rank}",
        label=rank,
        start=start,
        end=end,
        quote=passage.text[start - passage.start : end - passage.start],
        document_id=passage.document_id,
        document_sha256=passage.document_sha256,
        source=passage.source,
        page=passage.page_at(start),
    )
