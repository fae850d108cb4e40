"""What came of asking a case, as it is written down: a run that was stopped goes on from it, a report is made of it.

Everything here is read back from files, so it is checked (pydantic) and frozen. Offsets are Unicode code points of the
document's text, end exclusive.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from assistant.types import Answer, Kind
from index.types import Passage


class Written(BaseModel):
    """A value that stands in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Written):
    """A range of characters in a document: ``document.text[start:end]``.

    Attributes:
        source: The document's name in the suite.
        start: Where it begins.
        end: Where it ends, exclusive.
    """

    source: str
    start: int = Field(ge=0)
    end: int

    @classmethod
    def of(cls, passage: Passage) -> Self:
        """Where a passage stands."""
        return cls(source=passage.source, start=passage.start, end=passage.end)


class Cited(Place):
    """A footnote as it came: where it says that its quote stands.

    Attributes:
        marker: The footnote's number, from 1.
        quote: The words.
    """

    marker: int
    quote: str


class Stated(Written):
    """One sentence of an answer.

    Attributes:
        text: The sentence, without markers.
        markers: The footnotes that carry it.
        support: How much of it the system found in the cited words, 0–1; None where the system doesn't say.
        features: What its confidence was computed from, by name; none where the system doesn't say.
    """

    text: str
    markers: tuple[int, ...] = ()
    support: float | None = None
    features: Mapping[str, float] = Field(default_factory=dict)


class Reply(Written):
    """What a system answered.

    Attributes:
        text: The words for the reader, with markers.
        kind: What sort of reply it is.
        confidence: The probability, 0–1, that it is right; None where the system gives none.
        reason: Why it was refused, else None.
        citations: The footnotes in the order of their markers.
        claims: The sentences of the answer.
        model: The model's name.
        prompt_tokens: Tokens read, over all calls.
        cached_tokens: How many of those it had read before, where the endpoint counts them.
        completion_tokens: Tokens written, over all calls.
        calls: How often the model was called.
        timings: Seconds by stage, with ``total``, and ``first_word`` where a word stayed. Calls whose replies had been
            kept count with the seconds that they took when they were made.
    """

    text: str
    kind: Kind
    confidence: float | None = None
    reason: str | None = None
    citations: tuple[Cited, ...] = ()
    claims: tuple[Stated, ...] = ()
    model: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    timings: Mapping[str, float] = Field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether it answers the question: the system's own flag, never its wording."""
        return self.kind == "answer"

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Write an answer down."""
        return cls(
            text=answer.text,
            kind=answer.kind,
            confidence=answer.confidence,
            reason=answer.reason,
            citations=tuple(
                Cited(source=one.source, start=one.start, end=one.end, marker=one.marker, quote=one.quote)
                for one in answer.citations
            ),
            claims=tuple(
                Stated(text=one.text, markers=one.markers, support=one.support, features=dict(one.features))
                for one in answer.claims
            ),
            model=answer.usage.model,
            prompt_tokens=answer.usage.prompt_tokens,
            cached_tokens=answer.usage.cached_tokens,
            completion_tokens=answer.usage.completion_tokens,
            calls=answer.usage.calls,
            timings=dict(answer.timings),
        )


class Verdict(Written):
    """What a judge says of an answer.

    Attributes:
        value: 0–1, None where it gave no usable verdict: unscored, which is not zero.
        reason: Its words, or why there is no verdict.
    """

    value: float | None
    reason: str = ""


class Outcome(Written):
    """What came of one case.

    Attributes:
        case: The case's id.
        query: What was searched: the question, made to stand alone where it needed that.
        passages: Where the passages stand that were found, best first, up to 50; empty where nothing was searched.
        plain: The same for the question as it was asked, where the case has a history.
        reply: What was answered; None where only retrieval was asked for, or an error came.
        eager: What would have been answered had nothing been withheld for lack of confidence; None likewise, and for
            systems that can't be asked.
        without: What was answered once the cited sentences were cut out of the documents; None where not tried.
        verdicts: What judges say, by judge.
        error: What went wrong, else None.
        seconds: How long all of it took.
    """

    case: str
    query: str = ""
    passages: tuple[Place, ...] = ()
    plain: tuple[Place, ...] | None = None
    reply: Reply | None = None
    eager: Reply | None = None
    without: Reply | None = None
    verdicts: Mapping[str, Verdict] = Field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
