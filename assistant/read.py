"""Question and passages in, a draft out: whether they state the answer, then the answer. Believes nothing of either."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean

from assistant import asks, longer, prompts
from assistant.llm import Message, Model, counted
from assistant.types import Draft, Evidence, Usage, Verdict
from index.split import sentences

# What an answer to each kind of question is asked for with; to any other, with prompts.ANSWER.
INSTRUCTIONS: Mapping[asks.Kind, str] = {
    "several": prompts.ANSWER_SEVERAL,
    "yes-no": prompts.ANSWER_YES_NO,
    "why": prompts.ANSWER_WHY,
}
# "Yes" or "No", and the full stop that some models can't do without.
VERDICT_TOKENS = 2
_SAYS = r"(state|say|mention|specify|give|contain|provide|indicate|include|answer|tell|explain|describe)"
_DECLINES = re.compile(
    rf"^(I('m| am) sorry\b|sorry,? (but|I|the|there)\b"
    rf"|I (don't|don’t|do not|can't|can’t|cannot) (know|answer|say|tell)\b"
    rf"|(the|this|these)( given| provided)? (document|passage|text|article|evidence|context)s?( provided| given)? "
    rf"(does|do|did)(n't|n’t| not) {_SAYS}\b|there is no (information|mention|answer)\b"
    rf"|no (answer|information)\b[^.]* (is|was) (given|stated|provided|mentioned)"
    rf"|not (stated|mentioned|specified|given)\b)"
    r"|\bnot (stated|mentioned|specified|given)( in the (document|passage|text|article))?\W*$",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?…][\"'”’)\]]*$")
_YES_OR_NO = re.compile(r"^\W*(?:answer\W*)?(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Progress:
    """The draft so far.

    Attributes:
        draft: What is written.
        final: Whether that is all of it.
        usage: What it has cost; None until the end.
    """

    draft: Draft
    final: bool = False
    usage: Usage | None = None


def prompt(question: str, evidence: Sequence[Evidence], asked: str) -> tuple[Message, ...]:
    """The messages of a call. All before the question is the same for the same evidence, all before that always."""
    return (*_fixed(), Message("user", f"{prompts.evidence_block(evidence)}\n{_asked(question, asked)}"))


def draft(
    model: Model, question: str, evidence: Sequence[Evidence], max_tokens: int, baseline: float | None = None
) -> Iterator[Progress]:
    """Ask the model whether the evidence states the answer, then let it answer, yielding the draft as it grows.

    It answers whatever it said: how sure it was decides later what that is worth.

    Args:
        model: Who is asked.
        question: The question, standing alone.
        evidence: What is read.
        max_tokens: How long the answer may get.
        baseline: What is known of how ready the model is to say yes of this evidence; None asks it, unless the model
            has an adapter, with which that adds little.

    Raises:
        ModelError: The model can't be reached, refuses, or stops half-way.
    """
    verdict, cost = _verdict(model, whether(question, evidence), evidence)
    # A moment at which a consumer may stop.
    yield Progress(Draft("", verdict))
    if verdict.probability is not None and model.adapter is None:
        if baseline is None:
            other, more = _verdict(model, prompts.UNRELATED, evidence)
            baseline, cost = other.probability, cost + more
        verdict = replace(verdict, baseline=baseline)
    asked = INSTRUCTIONS.get(asks.kind(question), prompts.ANSWER)
    text, usage = "", Usage(model.name, calls=1)
    logprobs: list[float] = []
    written = Draft("", verdict)
    for delta in model.stream(prompt(question, evidence, asked), max_tokens):
        text += delta.text
        usage = counted(usage, delta)
        if delta.logprob is not None and delta.text:
            logprobs.append(delta.logprob)
        written = Draft(text.strip(), verdict, fmean(logprobs) if logprobs else None)
        yield Progress(written)
    if usage.completion_tokens >= max_tokens:
        written = replace(written, text=_complete(written.text))
    yield Progress(written, final=True, usage=cost + usage)


def baseline(model: Model, evidence: Sequence[Evidence]) -> float | None:
    """How ready the model is to say of this evidence that it states an answer, 0–1; None if it reports no probability.

    Raises:
        ModelError: As ``draft`` does.
    """
    return _verdict(model, prompts.UNRELATED, evidence)[0].probability


@cache
def _fixed() -> tuple[Message, ...]:
    """What every call begins with."""
    talk = [Message("system", prompts.SYSTEM)]
    for document, examples in prompts.EXAMPLES.items():
        # The document once: the questions that follow are about it.
        before = prompts.document_block([document]) + "\n"
        for one in examples:
            talk.append(Message("user", before + _asked(one.question, one.asked)))
            talk.append(Message("assistant", one.reply))
            before = ""
    return tuple(talk)


def _asked(question: str, asked: str) -> str:
    return f"{prompts.question_block(question)}\n{asked}"


def whether(question: str, evidence: Sequence[Evidence]) -> str:
    """What is asked for a yes or no: the question, or whether there is anything to be said of what it is about."""
    if longer.whole(question) and evidence:
        return prompts.MENTIONED.format(subject=evidence[0].passage.title)
    subject = longer.subject(question)
    return prompts.MENTIONED.format(subject=subject) if subject else question


def _complete(text: str) -> str:
    """The text without the sentence in the middle of which it was cut off, if there are others."""
    spans = sentences(text)[:-1]
    return text if not spans or _ENDED.search(text) else text[: spans[-1].end]


def _verdict(model: Model, question: str, evidence: Sequence[Evidence]) -> tuple[Verdict, Usage]:
    text, stated, usage = "", None, Usage(model.name, calls=1)
    asked = model.adapter.words if model.adapter else prompts.STATED
    for delta in model.stream(prompt(question, evidence, asked), VERDICT_TOKENS):
        if stated is None and delta.alternatives and delta.text.strip():
            stated = yes_probability(delta.alternatives)
        text += delta.text
        usage = counted(usage, delta)
    said = _YES_OR_NO.match(text)
    return Verdict(None if said is None else said[1].casefold() == "yes", stated), usage


def probability(alternatives: Mapping[str, float], word: str) -> float:
    """The probability, 0–1, that the reply begins with a word.

    Args:
        alternatives: Log-probability by token at the first token of the reply.
        word: Such as "yes"; in capitals, or with white space around it, it is the same word.
    """
    said = (logprob for token, logprob in alternatives.items() if token.strip().casefold() == word)
    return min(1.0, sum(map(math.exp, said)))


def yes_probability(alternatives: Mapping[str, float]) -> float | None:
    """The probability, 0–1, of "Yes" against "No"; None where the reply begins with neither."""
    yes, no = probability(alternatives, "yes"), probability(alternatives, "no")
    return yes / (yes + no) if yes + no else None


def declines(sentence: str) -> bool:
    """Whether a sentence of a draft says that there is nothing to say, which is for us to decide."""
    return bool(_DECLINES.search(sentence))
