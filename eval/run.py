"""Ask a suite's cases and score what comes."""

import time
from collections.abc import Callable, Iterator, Sequence

from assistant.core import Assistant
from assistant.types import Answer
from eval.score import Scored, failed, score
from eval.suite import Case, Suite
from index import split
from index.types import Document


def run(suite: Suite, cases: Sequence[Case], assistant: Assistant) -> Iterator[Scored]:
    """Ask the cases one after the other, in order.

    Args:
        suite: Where they come from.
        cases: Those of them that are asked.
        assistant: Over the suite's corpus; in ``supplied`` mode its documents don't matter.
    """
    supplied = suite.mode == "supplied"
    documents = suite.documents.values() if supplied else assistant.index.documents()
    by_id = {document.id: document for document in documents}
    ask: Callable[[Case], Answer] = (
        (lambda case: _read(assistant, case, suite.documents))
        if supplied
        else (lambda case: assistant.ask(case.question, case.turns()))
    )
    for case in cases:
        begun = time.perf_counter()
        try:
            answer = ask(case)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other cases are worth having
            yield failed(case, f"{type(error).__name__}: {error}", time.perf_counter() - begun)
        else:
            yield score(case, answer, by_id, time.perf_counter() - begun)


def _read(assistant: Assistant, case: Case, documents: dict[str, Document]) -> Answer:
    passages = [passage for source in case.supplied for passage in split.passages(documents[source])]
    return assistant.read(case.question, passages)
