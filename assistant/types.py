"""The values that an answer is made of, and the events that announce it.

Frozen, and free of any model, store or page. Offsets are Unicode code points of the document's text, end exclusive.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from index.types import Document, Hit, Passage, Sentence

Role = Literal["user", "assistant"]
Kind = Literal["answer", "rebuttal", "refusal", "clarification", "chat"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation, oldest first in a history."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage as the model reads it: numbered, and perhaps not all of its sentences.

    Attributes:
        number: How the prompt names it, from 1.
        passage: Where it stands.
        sentences: Those of the passage's sentences that are read, an unbroken run, as spans of the document.
    """

    number: int
    passage: Passage
    sentences: tuple[Sentence, ...]

    @staticmethod
    def of(passages: Iterable[Passage]) -> "tuple[Evidence, ...]":
        """Passages all of whose sentences are read, numbered in this order."""
        return tuple(Evidence(number, passage, passage.sentences) for number, passage in enumerate(passages, start=1))

    @property
    def text(self) -> str:
        """What is read, with the white space of the document between its sentences."""
        return self._slice(self.sentences[0].start, self.sentences[-1].end)

    def words(self, sentence: Sentence) -> str:
        """The text of one sentence of this passage."""
        return self._slice(sentence.start, sentence.end)

    def _slice(self, start: int, end: int) -> str:
        return self.passage.text[start - self.passage.start : end - self.passage.start]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says, before it writes, to whether the passages state the answer.

    Attributes:
        stated: Whether it says yes; None where it says neither yes nor no.
        probability: The probability, 0–1, of that yes against no; None where the endpoint reports no log-probabilities.
        baseline: The same for a question that has nothing to do with the passages; None likewise.
    """

    stated: bool | None
    probability: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model wrote, before any of it is believed.

    Attributes:
        text: The words, without the white space around them.
        verdict: Whether the passages state the answer, as the model has it.
        logprob: The mean log-probability of its pieces, mostly tokens; None where the endpoint reports none.
    """

    text: str
    verdict: Verdict
    logprob: float | None = None


@dataclass(frozen=True, slots=True, init=False)
class Citation:
    """A footnote: the exact words that carry a claim, and where they stand.

    It can only be cut from a passage, so ``document.text[citation.start : citation.end] == citation.quote`` holds
    whatever a model says.
    """

    marker: int
    document_id: str
    document_sha256: str
    source: str
    quote: str
    start: int
    end: int
    page: int | None

    @classmethod
    def cut(cls, passage: Passage, start: int, end: int, marker: int = 1) -> Self:
        """Cite ``document.text[start:end]``, which must lie within the passage.

        Args:
            passage: The passage that holds the words.
            start: Offset in the document.
            end: Offset in the document, exclusive.
            marker: The footnote's number, from 1.

        Raises:
            ValueError: The range is empty or leaves the passage.
        """
        if not passage.start <= start < end <= passage.end:
            raise ValueError(f"{start}:{end} is not a range within the passage {passage.start}:{passage.end}")
        values: dict[str, Any] = {
            "marker": marker,
            "document_id": passage.document_id,
            "document_sha256": passage.document_sha256,
            "source": passage.source,
            "quote": passage.text[start - passage.start : end - passage.start],
            "start": start,
            "end": end,
            "page": passage.page_at(start),
        }
        citation = cls.__new__(cls)
        for name, value in values.items():
            object.__setattr__(citation, name, value)
        return citation

    def verify(self, document: Document) -> bool:
        """Whether the quote still stands, byte for byte, where the citation says, in an unchanged document."""
        return (
            document.id == self.document_id
            and document.sha256 == self.document_sha256
            and document.text[self.start : self.end] == self.quote
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and what carries it.

    Attributes:
        text: The sentence, without markers.
        markers: The footnotes that carry it, in the order of their numbers; never empty in an answer.
        support: How much of its content stands in the cited words, 0–1.
        confidence: The probability, 0–1, that it answers the question rightly.
        features: What that was computed from, by name, as ``assistant/decide.py`` has them.
    """

    text: str
    markers: tuple[int, ...]
    support: float
    confidence: float
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost.

    Attributes:
        model: The model's name.
        prompt_tokens: Tokens read, over all calls.
        cached_tokens: How many of those it had read before, where the endpoint counts them.
        completion_tokens: Tokens written, over all calls.
        calls: How often the model was called.
    """

    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """What both cost together."""
        return Usage(
            self.model,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.calls + other.calls,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The settled result of a question: an answer with its footnotes, or a refusal with its reason.

    Attributes:
        question: What was asked.
        query: The question as it was read: made to stand alone where it needed that. A search weighs it, and what was
            asked before, beside the question as it was asked.
        text: The words for the reader, with ``[1]`` markers.
        kind: What sort of reply this is.
        answered: True only where ``kind`` is ``answer``.
        confidence: The probability, 0–1, that the answer is right.
        reason: Why it was refused, else None.
        citations: The footnotes in the order of their markers.
        hits: What retrieval found, best first.
        claims: The sentences of the answer, each with its markers.
        usage: Tokens and calls.
        timings: Seconds by stage, and ``total``; ``first_word`` is the time to the first word that stays.
    """

    question: str
    query: str
    text: str
    kind: Kind
    confidence: float
    reason: str | None = None
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    claims: tuple[Claim, ...] = ()
    usage: Usage = Usage(model="")
    timings: Mapping[str, float] = field(default_factory=dict)
    answered: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answered", self.kind == "answer")


@dataclass(frozen=True, slots=True)
class Found:
    """The passages are found; the model starts to read.

    Attributes:
        query: The question as it will be read, see ``Answer``.
        hits: What was found, best first.
    """

    query: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the answer stands. It is never withdrawn.

    Attributes:
        text: The sentence with its markers, to be appended to what was said before, separated by a space.
        claim: The claim behind it.
        citations: The footnotes that are new with this sentence.
    """

    text: str
    claim: Claim
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Working:
    """Nothing to show yet, but work goes on: a moment at which a consumer may stop.

    Attributes:
        stage: Such as ``condense``, ``search``, ``read``.
    """

    stage: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The last event of a stream: the whole Answer."""

    answer: Answer


Event = Found | Said | Working | Settled
