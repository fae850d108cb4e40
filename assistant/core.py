"""The assistant: a question and its history in, a footnoted answer or a reasoned refusal out."""

import atexit
import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import seeds
from assistant import asks, calibration, condense, context, dialogue, llm, longer
from assistant import read as reading
from assistant import suggest as suggesting
from assistant.answering import Answering
from assistant.clock import Clock
from assistant.errors import ModelInterrupted, ModelUnreachable, QuestionError
from assistant.ground import Place
from assistant.local import CONTEXT_TOKENS
from assistant.settings import Settings, from_environment
from assistant.suggest import Suggestion
from assistant.types import (
    Answer,
    Event,
    Evidence,
    Found,
    Settled,
    Turn,
    Usage,
    Working,
)
from index import Hit, Index, Passage, weights
from index.core import FORMAT
from index.errors import DocumentError

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

# Longer than any question that one passage could answer; a text to work on belongs among the documents.
MOST_CHARACTERS = 4000
EVIDENCE_TOKENS_EMBEDDED = 700
EVIDENCE_TOKENS_ENDPOINT = 4000
# What the embedded model reads first where a corpus is too large for one prompt: few sentences, for a quick answer. It
# is said only where it is surely right; else all of the evidence is read.
NARROW_TOKENS = 100
NARROW_RISK = 0.3
# Kept free in the embedded model's context for the question, the instructions, and what its tokenizer counts otherwise.
OVERHEAD_TOKENS = 2500


Where = Mapping[str, str | Collection[str]]


class Assistant:
    """Answers questions from one index.

    Safe to share between threads. Close it when done, or use it in a ``with`` statement.

    Args:
        index: The documents.
        model: Who writes.
        settings: What can be set.
        now: Tells the time in seconds for ``Answer.timings``; another one counts what a kept reply once took.
    """

    def __init__(
        self,
        index: Index,
        model: llm.Model,
        settings: Settings,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._now = now
        self.index = index
        self.model = model
        self.settings = settings
        self._calibration = calibration.of(model.name, model.taught(), settings.calibration)
        self._baseline: tuple[Sequence[Evidence], float | None] = (), None

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        llm: "LLM | None" = None,
        embed_model: "BaseEmbedding | None" = None,
        settings: Settings | None = None,
        progress: weights.Report | None = None,
        *,
        reranker: "BaseNodePostprocessor | None" = None,
    ) -> Self:
        """Open an index to ask it.

        Args:
            path: The index's folder.
            llm: Any LlamaIndex LLM; None takes the one that the settings name, by default the embedded one.
            embed_model: What the index was made with; None is the embedded MiniLM.
            settings: None takes them from the environment.
            progress: Told how far the fetching of weights has come.
            reranker: Orders anew what a search has found; any of LlamaIndex's.

        Raises:
            IndexMissing: Nothing is indexed there.
            IndexMismatch: The index was made with another embedding model.
            WeightsError: The embedded model's weights can't be had.
            SettingsError: A setting makes no sense.
        """
        # First the index: nobody should wait for weights to hear that there is none.
        settings = settings or from_environment()
        with ExitStack() as opened:
            found = Index.open(path, embed_model, must_exist=True, reranker=reranker, chroma_url=settings.chroma_url)
            index = opened.enter_context(found)
            assistant = cls(index, *_model(llm, settings, progress))
            opened.pop_all()
        return assistant

    def ask(self, question: str, history: Sequence[Turn] = (), *, where: Where | None = None) -> Answer:
        """Answer a question from the documents, or say that they don't.

        Args:
            question: At most 4,000 characters.
            history: The turns before it, oldest first.
            where: Only from documents of these, as ``Index.search`` takes it: ``{"source": ["a.md", "b.md"]}``.

        Returns:
            An answer each of whose sentences carries a footnote, or a refusal with its reason.

        Raises:
            QuestionError: The question is empty or too long.
            ValueError: No document can be told by one of the keys of ``where``.
            ModelError: The model can't be reached, refuses, or stops half-way.
        """
        return _settled(self.stream(question, history, where=where))

    def stream(self, question: str, history: Sequence[Turn] = (), *, where: Where | None = None) -> Iterator[Event]:
        """Answer like ``ask``, telling each step: what was found, each sentence once it stands, the settled Answer.

        Nothing that was said is withdrawn later. Closing the iterator ends the work.
        """
        clock = Clock(self._now)
        question = _checked(question)
        history = [Turn(turn.role, llm.encodable(turn.text)) for turn in history]
        if said := dialogue.aside(question, history):
            yield Settled(replace(self._aside(question, said), timings=clock.timings()))
            return
        yield Working("condense")
        with clock.stage("condense"):
            query, usage = condense.standalone(question, history, self.model)
        ids = self._documents(where) if longer.whole(query) else None
        if ids is not None and len(ids) != 1:
            yield Settled(replace(self._aside(question, "which"), usage=usage, timings=clock.timings()))
            return
        yield Working("search")
        with clock.stage("search"):
            hits = self._all_over(*ids) if ids else self.find(question, history, query, where=where)
        yield Found(query, hits)
        yield from self._answer(question, query, hits, usage, clock)

    def find(
        self,
        question: str,
        history: Sequence[Turn],
        query: str,
        count: int | None = None,
        *,
        where: Where | None = None,
    ) -> tuple[Hit, ...]:
        """Search for what an answer would be read from.

        Args:
            question: As it was asked.
            history: The turns before it, oldest first.
            query: The question as it stands alone.
            count: How many passages; None takes the setting.
            where: Only in documents of these, as ``Index.search`` takes it.
        """
        background = condense.background(question, history, query)
        count = count or self.settings.passages
        return tuple(self.index.search(question, count, where, by=self.settings.retrieval, background=background))

    def read(self, question: str, passages: Sequence[Passage]) -> Answer:
        """Answer from these passages alone, the most important first. Raises as ``ask`` does."""
        question = _checked(question)
        hits = _ranked(passages)
        return _settled(self._answer(question, question, hits, Usage(self.model.name), Clock(self._now), shared=False))

    def suggest(self, count: int = 4) -> Generator[Suggestion | Working]:
        """Questions that the documents answer, for who doesn't know yet what to ask.

        The model makes them of sentences from all over the documents. Each is searched for, and answered from the
        passage that was found; those that lead back to their sentence are told. Closing the iterator ends the work.

        Args:
            count: How many at most; there may be fewer, or none.

        Raises:
            ModelError: The model can't be reached, refuses, or stops half-way.
        """
        found = 0
        for one in suggesting.told(self.index, count * suggesting.TRIES):
            yield Working("suggest")
            question = suggesting.worded(one, self.model)
            yield Working("suggest")
            if not suggesting.can_be_asked(question) or not (yield from self._leads_back(question, one)):
                continue
            passage = one.evidence.passage
            yield Suggestion(question, passage.document_id, passage.document_sha256)
            found += 1
            if found == count:
                return

    def evidence(self, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        """What of these hits, best first, the model reads."""
        return context.fit(hits, self._budget())

    def warm(self) -> None:
        """Start the embedded model and let it read, before anybody asks, what it can: all documents if they are few."""
        if not self.model.embedded:
            return
        evidence = self._whole()
        key = self._ready(evidence)
        self._baseline = evidence, reading.baseline(self.model, evidence)
        if key:
            self.model.keep(key)
        condense.prime(self.model)

    def close(self) -> None:
        """Release the index. The embedded model's process stays for others until it is idle."""
        self.index.close()
        self.model.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _leads_back(self, question: str, one: Place) -> Generator[Working, None, bool]:
        """Whether a question finds the sentence that it was made of, and is answered by it."""
        hits = self.find(question, (), question, 1)
        if not hits or hits[0].passage.id != one.evidence.passage.id:
            return False
        for event in self._answer(question, question, hits, Usage(self.model.name), Clock(self._now), shared=False):
            yield Working("suggest")
            if isinstance(event, Settled):
                return suggesting.found_again(event.answer, one)
        return False

    def _documents(self, where: Where | None) -> tuple[str, ...]:
        """The ids of the documents that are asked."""
        among = self.index.among(where)
        return tuple(set(self.index.sources().values()) if among is None else among)

    def _all_over(self, document_id: str) -> tuple[Hit, ...]:
        """Passages from all over a document, as many as can be read: the request for all of it has no word to find."""
        try:
            passages = self.index.passages(document_id)
        except DocumentError:
            # Removed since.
            return ()
        count = len(self.evidence(_ranked(passages[: self.settings.passages])))
        return _ranked(passages[number * len(passages) // count] for number in range(count))

    def _aside(self, question: str, said: dialogue.Aside) -> Answer:
        """The reply to what no document is asked for."""
        sources = self.index.sources()
        named: list[str] = []
        for key in islice(sources.values(), dialogue.NAMED):
            # Another process may have removed it since.
            with suppress(DocumentError):
                named.append(self.index.document(key).title)
        kind, text = dialogue.reply(said, named, len(set(sources.values())))
        return Answer(question, question, text, kind, confidence=1.0, usage=Usage(self.model.name))

    def _answer(
        self, question: str, query: str, hits: tuple[Hit, ...], usage: Usage, clock: Clock, *, shared: bool = True
    ) -> Iterator[Event]:
        state = Answering(question, query, hits, self._calibration)
        evidence = self.evidence(hits)
        # What the prompts of all questions have in common.
        common = evidence if shared and len(evidence) >= self.index.passage_count else ()
        key = self._ready(common) if evidence else None
        for read, risk in self._readings(query, hits, evidence, narrow=shared and not common):
            state.read(read, risk)
            yield Working("read")
            with clock.stage("read"):
                for progress in self._drafts(query, read, state):
                    said = state.hear(progress.draft, final=progress.final)
                    if said:
                        clock.mark("first_word")
                    yield from said or (Working("read"),)
                    usage = usage + progress.usage if progress.usage else usage
            if state.claims:
                break
        if key:
            self.model.keep(key)
        yield Settled(replace(state.settle(), usage=usage, timings=clock.timings()))

    def _readings(
        self, query: str, hits: tuple[Hit, ...], evidence: tuple[Evidence, ...], *, narrow: bool
    ) -> Iterator[tuple[tuple[Evidence, ...], float]]:
        """What is read, one after the other until something is said, and at what risk it is said."""
        large = sum(context.tokens(item.text) for item in evidence) > NARROW_TOKENS
        # Of a summary's sentences each would have to be among those few.
        if narrow and large and self.model.embedded and asks.kind(query) != "several":
            few = context.narrow(hits, query, NARROW_TOKENS)
            if few:
                yield few, min(self.settings.risk, NARROW_RISK)
        if evidence:
            yield evidence, self.settings.risk

    def _drafts(self, query: str, evidence: Sequence[Evidence], state: Answering) -> Iterator[reading.Progress]:
        """The draft as it grows; begun again once if the model dies before anything was said."""
        try:
            yield from self._draft(query, evidence)
        except (ModelInterrupted, ModelUnreachable) as error:
            # An endpoint that can't be reached has been tried again by its client.
            if state.claims or (isinstance(error, ModelUnreachable) and not self.model.embedded):
                raise
            state.begin_again()
            yield from self._draft(query, evidence)

    def _draft(self, query: str, evidence: Sequence[Evidence]) -> Iterator[reading.Progress]:
        """The draft; what is learned of the evidence is remembered, for the next question may be asked of the same."""
        read, baseline = self._baseline
        known = baseline if read == evidence else None
        for progress in reading.draft(self.model, query, evidence, self.settings.answer_tokens, known):
            if progress.draft.verdict.baseline is not None:
                self._baseline = evidence, progress.draft.verdict.baseline
            yield progress

    def _ready(self, evidence: Sequence[Evidence]) -> str | None:
        """Prepare the embedded model for prompts that begin with this evidence; the key to keep what it reads under."""
        if not self.model.embedded:
            return None
        key = self.model.key(reading.prompt("", evidence, ""))
        self.model.prepare(key)
        return key

    def _whole(self) -> tuple[Evidence, ...]:
        """All passages, where they fit into one prompt."""
        if self.index.passage_count > self.settings.passages:
            return ()
        passages = (passage for document in self.index.documents() for passage in self.index.passages(document.id))
        evidence = self.evidence([Hit(passage, score=0.0) for passage in passages])
        return evidence if len(evidence) == self.index.passage_count else ()

    def _budget(self) -> int:
        if not self.model.embedded:
            return self.settings.evidence_tokens or EVIDENCE_TOKENS_ENDPOINT
        most = CONTEXT_TOKENS - self.settings.answer_tokens - OVERHEAD_TOKENS
        return max(0, min(self.settings.evidence_tokens or EVIDENCE_TOKENS_EMBEDDED, most))


_default: Assistant | None = None
_default_lock = threading.Lock()


def ask(question: str, history: Sequence[Turn] = ()) -> Answer:
    """Answer a question from the shipped corpus, with the models that the environment configures.

    The first call opens one Assistant for the process, which is closed at exit; the weights are fetched if this
    machine doesn't have them yet.

    Args:
        question: At most 4,000 characters.
        history: The turns before it, oldest first.

    Returns:
        An answer each of whose sentences carries a footnote, or a refusal with its reason.

    Raises:
        FootnotedError: As ``Assistant.open`` and ``Assistant.ask`` do.
    """
    return default_assistant().ask(question, history)


def default_assistant() -> Assistant:
    """The one Assistant behind ``ask``, made on first use."""
    global _default  # noqa: PLW0603 - the one cached default of the process
    with _default_lock:
        if _default is None:
            _default = open_shipped()
            atexit.register(_default.close)
        return _default


def open_shipped(
    settings: Settings | None = None, llm: "LLM | None" = None, progress: weights.Report | None = None
) -> Assistant:
    """An Assistant over the shipped corpus, whose index is made in the user's cache folder if it isn't there."""
    for name in weights.EMBEDDER:
        weights.get(name, progress)
    model, settings = _model(llm, settings, progress)
    index = Index.open(shipped_index())
    index.add(shipped_files())
    return Assistant(index, model, settings)


def shipped_files() -> list[Path]:
    """The documents that ship."""
    return sorted(seeds.PATH.glob("*.txt"))


def shipped_index() -> Path:
    """Where the index of the shipped corpus is kept: another corpus or splitter gets another folder."""
    digest = hashlib.sha256(FORMAT.encode())
    for path in shipped_files():
        digest.update(path.read_bytes())
    return weights.cache_folder() / "corpora" / f"seeds-{digest.hexdigest()[:16]}"


def _model(own: "LLM | None", settings: Settings | None, progress: weights.Report | None) -> tuple[llm.Model, Settings]:
    settings = settings or from_environment()
    return (llm.wrap(own) if own is not None else llm.choose(settings, progress)), settings


def _settled(events: Iterator[Event]) -> Answer:
    for event in events:
        if isinstance(event, Settled):
            return event.answer
    raise AssertionError("a stream ends with Settled")


def _ranked(passages: Iterable[Passage]) -> tuple[Hit, ...]:
    """Passages as hits, the most important first."""
    return tuple(Hit(passage, score=1.0 / rank) for rank, passage in enumerate(passages, start=1))


def _checked(question: str) -> str:
    if not question.strip():
        raise QuestionError("the question is empty; ask something")
    if len(question) > MOST_CHARACTERS:
        raise QuestionError(
            f"the question has {len(question):,} characters, of which {MOST_CHARACTERS:,} can be read; shorten it, or "
            "index the text as a document and ask about it"
        )
    return llm.encodable(question.strip())
