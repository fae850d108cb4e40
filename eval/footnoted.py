"""Footnoted itself as a system that is evaluated."""

from collections.abc import Iterable, Sequence

from assistant import condense
from assistant.core import Assistant
from assistant.settings import Settings
from assistant.types import Answer
from eval.deletion import left
from eval.outcome import Outcome, Place, Reply
from eval.replies import KeptModel
from eval.suite import Case, Suite
from index import Index, Passage, Span, split

# Recall is counted over documents, of which several passages may be found.
PASSAGES = 50


class Footnoted:
    """The assistant, asked the cases of a suite.

    Args:
        suite: Where the cases come from.
        index: The suite's corpus, indexed.
        model: Who writes.
        settings: As the assistant has them.
        supplied: Whether each case is answered from the documents that it names, and nothing is searched.
        deletion: Whether each question that was answered is asked again without the words that were cited.
    """

    name = "footnoted"

    def __init__(
        self,
        suite: Suite,
        index: Index,
        model: KeptModel,
        settings: Settings,
        *,
        supplied: bool = False,
        deletion: bool = False,
    ) -> None:
        self._suite = suite
        self._model = model
        self._supplied = supplied
        self._deletion = deletion
        self.assistant = Assistant(index, model, settings, now=model.now)
        # Its prompts are the same, so it costs no second call of the model.
        self._eager = Assistant(index, model.keeping(), settings.model_copy(update={"risk": 1.0}))

    def retrieve(self, case: Case) -> Outcome:
        """Search as for an answer, and stop there."""
        with self._model.honest():
            return self._found(case, self._query(case))

    def answer(self, case: Case) -> Outcome:
        """Ask, and ask again as the options say."""
        with self._model.honest():
            return self._answered(case)

    def close(self) -> None:
        """Release the index and the model."""
        self.assistant.close()

    def _answered(self, case: Case) -> Outcome:
        if self._supplied:
            documents = [self._suite.documents[source] for source in supplied_sources(case)]
            passages = [passage for document in documents for passage in split.passages(document)]
            query = self._query(case)
            answer = self.assistant.read(query, passages)
            eager = self._eager.read(query, passages)
            outcome = Outcome(case=case.id, query=query)
        else:
            answer = self.assistant.ask(case.question, case.turns())
            eager = self._eager.ask(case.question, case.turns())
            outcome = self._found(case, answer.query)
        without = self._without(answer) if self._deletion and answer.answered else None
        return outcome.model_copy(
            update={
                "reply": Reply.of(answer),
                "eager": Reply.of(eager),
                "without": None if without is None else Reply.of(without),
            }
        )

    def _query(self, case: Case) -> str:
        """The question, made to stand alone where it needs that."""
        return condense.standalone(case.question, case.turns(), self._model)[0]

    def _found(self, case: Case, query: str) -> Outcome:
        return Outcome(
            case=case.id,
            query=query,
            passages=self._search(case, query),
            plain=self._search(case.model_copy(update={"history": ()}), case.question) if case.history else None,
        )

    def _search(self, case: Case, query: str) -> tuple[Place, ...]:
        hits = self.assistant.find(case.question, case.turns(), query, PASSAGES)
        # Gold names one of several documents that say the same, and it may be one that was folded.
        return tuple(Place.of(passage) for hit in hits for passage in (hit.passage, *hit.duplicates))

    def _without(self, answer: Answer) -> Answer:
        """Ask again of what was read, in the same order of rank, once what was cited is cut out of it."""
        read = {one.passage.id for one in self.assistant.evidence(answer.hits)}
        passages: dict[str, Passage] = {}
        for passage in (hit.passage for hit in answer.hits if hit.passage.id in read):
            cited = _spans((one.start, one.end) for one in answer.citations if one.source == passage.source)
            rest = left(self._suite.documents[passage.source], cited, Span(passage.start, passage.end))
            passages |= {one.id: one for one in rest if one.id not in passages}
        return self.assistant.read(answer.query, list(passages.values()))


def supplied_sources(case: Case) -> Sequence[str]:
    """The documents that a case is answered from where nothing is searched: those it names for that, or its gold."""
    return case.supplied or case.relevant or tuple(dict.fromkeys(gold.source for gold in case.evidence))


def _spans(ranges: Iterable[tuple[int, int]]) -> list[Span]:
    return [Span(start, end) for start, end in sorted(set(ranges))]
