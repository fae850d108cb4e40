"""Judges: LlamaIndex's evaluators, asked through our ``Model``. Optional, for a judge is a model and errs like one.

A judge that fails, or whose reply holds no verdict, leaves the answer unscored, which is not zero: LlamaIndex itself
counts every reply without a "yes" as a failing answer. Knows nothing of who answered.
"""

import asyncio
import re
from collections.abc import Callable, Sequence

from llama_index.core.evaluation import (
    BaseEvaluator,
    CorrectnessEvaluator,
    EvaluationResult,
    FaithfulnessEvaluator,
    RelevancyEvaluator,
)

from assistant.ground import strip_markers
from assistant.llm import Model
from eval.llama import ModelLLM
from eval.outcome import Reply, Verdict
from eval.suite import Case

WORST, BEST = 1.0, 5.0

# A verdict begins the reply or stands in capitals, as it is asked for. Any other "no" is a word like others.
_VERDICT = re.compile(r"^\W*(?i:(?:the |my )?answer(?: is)?\W+)?(?P<first>(?i:yes|no))\b|\b(?P<capitals>YES|NO)\b")
_SCORE = re.compile(r"\W*(?:score\W*)?(\d+(?:\.\d+)?)(?:\s*/\s*5(?:\.0)?)?\W*", re.IGNORECASE)


class Judges:
    """LlamaIndex's judges of faithfulness, relevancy and correctness, with its own prompts.

    Args:
        model: Who judges.
    """

    def __init__(self, model: Model) -> None:
        llm = ModelLLM(model)
        self._faithfulness = FaithfulnessEvaluator(llm=llm)
        self._relevancy = RelevancyEvaluator(llm=llm)
        self._correctness = CorrectnessEvaluator(llm=llm, parser_function=_scored)

    def verdicts(self, case: Case, reply: Reply, contexts: Sequence[str]) -> dict[str, Verdict]:
        """Judge an answer. Not to be called from within an event loop.

        Args:
            case: What was asked.
            reply: What was answered.
            contexts: The words that the answer rests on.

        Returns:
            By judge: ``faithfulness`` and ``relevancy``, each 0 or 1, and ``correctness``, where the case has a
            reference answer, 1–5 scaled to 0–1. Nothing where nothing was answered.
        """
        if not reply.answered:
            return {}
        # A footnote to no source has no words.
        words = [one for one in contexts if one]
        return asyncio.run(self._verdicts(case, strip_markers(reply.text), words))

    async def _verdicts(self, case: Case, response: str, contexts: Sequence[str]) -> dict[str, Verdict]:
        query = _question(case)
        found = {
            "faithfulness": await _judged(self._faithfulness, _yes, query, response, contexts=contexts),
            "relevancy": await _judged(self._relevancy, _yes, query, response, contexts=contexts),
        }
        if case.answerable and case.answers:
            reference = " / ".join(case.answers)
            found["correctness"] = await _judged(self._correctness, _share, query, response, reference=reference)
        return found


async def _judged(
    judge: BaseEvaluator,
    read: Callable[[EvaluationResult], float | None],
    query: str,
    response: str,
    **given: Sequence[str],
) -> Verdict:
    if not all(given.values()):
        return Verdict(value=None, reason="there is nothing to judge it by")
    try:
        result = await judge.aevaluate(query=query, response=response, **given)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with a judge, the answer was not at fault
        return Verdict(value=None, reason=f"{type(error).__name__}: {error}")
    said = (result.feedback or "").strip()
    value = read(result)
    return Verdict(value=value, reason=said if value is not None else f"the judge's reply has no verdict: {said!r}")


def _yes(result: EvaluationResult) -> float | None:
    verdict = _VERDICT.search(result.feedback or "")
    return None if verdict is None else float(verdict[verdict.lastgroup or 0].lower() == "yes")


def _share(result: EvaluationResult) -> float | None:
    return None if result.score is None else (result.score - WORST) / (BEST - WORST)


def _scored(said: str) -> tuple[float | None, str]:
    """The score in the first line of a reply, if one stands there; LlamaIndex's own parser fails on one line alone."""
    first = said.strip().partition("\n")[0]
    score = _SCORE.fullmatch(first)
    if score is None or not WORST <= float(score[1]) <= BEST:
        return None, said
    return float(score[1]), said


def _question(case: Case) -> str:
    """What was asked; where it needs its history to be understood, with that."""
    if not case.history:
        return case.question
    return "\n".join(f"{role}: {text}" for role, text in (*case.history, ("user", case.question)))
