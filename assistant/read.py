"""Question and passages in, a draft out: one streamed model call. Believes nothing of what the model writes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant import prompts
from assistant.llm import Message, Model
from assistant.types import Draft, Evidence, Usage


@dataclass(frozen=True, slots=True)
class Progress:
    """The draft so far.

    Attributes:
        draft: What is written.
        final: Whether that is all of it.
        prompt_tokens: Tokens read; 0 until the end.
        completion_tokens: Tokens written; 0 until the end.
    """

    draft: Draft
    final: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def added_to(self, usage: Usage) -> Usage:
        """The usage with this call added, once it is complete."""
        if not self.final:
            return usage
        return replace(
            usage,
            prompt_tokens=usage.prompt_tokens + self.prompt_tokens,
            completion_tokens=usage.completion_tokens + self.completion_tokens,
            calls=usage.calls + 1,
        )


def prompt(question: str, evidence: Sequence[Evidence]) -> tuple[Message, ...]:
    """The messages of the answering call. All of it but the question is the same for the same evidence."""
    return (
        Message("system", prompts.ANSWER),
        Message("user", f"{prompts.evidence_block(evidence)}\n{prompts.question_block(question)}"),
    )


def draft(model: Model, question: str, evidence: Sequence[Evidence], max_tokens: int) -> Iterator[Progress]:
    """Let the model answer, yielding the draft as it grows.

    Raises:
        ModelError: The model can't be reached, refuses, or stops half-way.
    """
    text, none, logprobs = "", None, list[float]()
    so_far, read, written = Draft(""), 0, 0
    for delta in model.stream(prompt(question, evidence), max_tokens):
        if none is None and delta.alternatives and delta.text.strip():
            none = none_probability(delta.alternatives)
        if delta.logprob is not None:
            logprobs.append(delta.logprob)
        text += delta.text
        so_far = Draft(text.strip(), none, sum(logprobs) / len(logprobs) if logprobs else None)
        read, written = max(read, delta.prompt_tokens), max(written, delta.completion_tokens)
        yield Progress(so_far)
    yield Progress(so_far, final=True, prompt_tokens=read, completion_tokens=written)


def none_probability(alternatives: Mapping[str, float]) -> float:
    """The probability, 0–1, that the reply begins with "Not stated".

    Args:
        alternatives: Log-probability by token at the first token of the reply.
    """
    first = prompts.NOT_STATED.split()[0]
    return min(1.0, sum(math.exp(logprob) for token, logprob in alternatives.items() if token.strip() == first))


def declines(sentence: str) -> bool:
    """Whether a sentence of a draft is the reply that the prompt asks for, or ends in it, as small models have it."""
    said, declined = sentence.casefold().rstrip(". "), prompts.NOT_STATED.casefold().rstrip(".")
    return said.startswith(declined) or said.endswith(declined)
