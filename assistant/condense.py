"""History and a follow-up in, a question that stands alone out."""

import re
from collections.abc import Sequence
from functools import cache

from assistant import asks, longer, prompts
from assistant.context import tokens
from assistant.errors import ModelError
from assistant.ground import strip_markers
from assistant.llm import Message, Model, counted, example_chat
from assistant.types import Turn, Usage
from assistant.words import covered, keys, negated, words

# What a rewriting may read: the last turns carry what a follow-up refers to, and each token costs time.
HISTORY_TOKENS = 300
QUESTION_TOKENS = 60
CHARACTERS_A_TOKEN = 4
MOST_CHARACTERS = HISTORY_TOKENS * CHARACTERS_A_TOKEN
# What counts in a search, beside the question as it was asked: what the user has asked before, half of that the last
# turn and half all of them, and the question as it was rewritten. On the halves of MTRAG and INSCIT for fitting, on
# which these were chosen, R@5 is .804 and .852 for the question alone, .820 and .855 for the rewritten one alone, .854
# and .867 for the question and the turns, .850 and .872 with all; on the halves for reporting .691 and .777, .683 and
# .786, .714 and .779, .726 and .783. What the assistant replied makes them worse.
BACKGROUND_NEEDED = 0.4
BACKGROUND_OTHERWISE = 0.15
BACKGROUND_REWRITTEN = 0.4
# Each turn is embedded, and what was asked long ago is seldom what is asked about now.
BACKGROUND_TURNS = 10
# "Instead of giving it up" is said in words that the conversation need not have.
MOST_NEW_WORDS = 2
# Words that point out of the question.
_POINTERS = re.compile(
    r"\b(he|him|his|she|her|hers|it|its|they|them|their|theirs|this|that|these|those|there|then|one|ones|same|"
    r"former|latter|else|another|both|either|neither|instead)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(and|but|or|so|also|what about|how about|why|how so|how come|since when)\b", re.IGNORECASE
)
# "In which year?", "How many?": too little to search for.
_FEW_WORDS = 1


def needs_history(question: str) -> bool:
    """Whether a question can't be understood, or searched for, without the turns before it."""
    return bool(_POINTERS.search(question) or _CONTINUES.search(question) or len(words(question)) <= _FEW_WORDS)


def standalone(question: str, history: Sequence[Turn], model: Model) -> tuple[str, Usage]:
    """The question as somebody would ask it who had not heard the conversation.

    The model is called only where the question needs it. What it makes of the question is used only if it names
    nothing that the conversation doesn't, and is no question that was asked before; otherwise the user's own last
    question is put before this one.

    Args:
        question: The follow-up.
        history: The turns before it, oldest first.
        model: Who rewrites.
    """
    usage = Usage(model=model.name)
    recent = _recent(history)
    if not recent or not needs_history(question):
        return question, usage
    try:
        rewritten, usage = _rewrite(question, recent, model)
    except ModelError:
        # A question that is searched for as it stands is better than none; the answering call will say what is wrong.
        rewritten = ""
    return (rewritten if _faithful(rewritten, question, recent) else _joined(question, recent)), usage


def prime(model: Model) -> None:
    """Let the model read what every rewriting begins with, so that the first follow-up doesn't wait for that.

    Raises:
        ModelError: The model can't be reached, refuses, or stops half-way.
    """
    example = prompts.REWRITTEN[0]
    _rewrite(example.question, _turns(example), model)


def background(question: str, history: Sequence[Turn], query: str) -> dict[str, float]:
    """What a search for a follow-up is for beside the question itself, each text with what it counts for (that has 1).

    Args:
        question: The follow-up, as it was asked.
        history: The turns before it, oldest first.
        query: The question as it stands alone.
    """
    asked = [text for turn in history if turn.role == "user" and (text := strip_markers(turn.text)[:MOST_CHARACTERS])]
    asked = asked[-BACKGROUND_TURNS:]
    if not asked:
        return {}
    share = (BACKGROUND_NEEDED if needs_history(question) else BACKGROUND_OTHERWISE) / 2
    weights = dict.fromkeys(asked, 0.0)
    for text in asked:
        weights[text] += share / len(asked)
    weights[asked[-1]] += share
    if query != question:
        weights[query] = weights.get(query, 0.0) + BACKGROUND_REWRITTEN
    return weights


def _rewrite(question: str, recent: Sequence[Turn], model: Model) -> tuple[str, Usage]:
    messages = (*_fixed(), Message("user", prompts.conversation_block(recent, question)))
    text, usage = "", Usage(model.name, calls=1)
    key = model.key(_fixed())
    model.prepare(key)
    for delta in model.stream(messages, QUESTION_TOKENS):
        text += delta.text
        usage = counted(usage, delta)
    model.keep(key)
    lines = text.strip().splitlines()
    return (lines[0].strip() if lines else ""), usage


@cache
def _fixed() -> tuple[Message, ...]:
    """What every call begins with."""
    examples = ((prompts.conversation_block(_turns(one), one.question), one.reply) for one in prompts.REWRITTEN)
    return example_chat(prompts.STANDALONE, examples)


def _turns(example: prompts.Rewriting) -> list[Turn]:
    return [Turn(role, text) for role, text in example.history]


def _faithful(rewritten: str, question: str, recent: Sequence[Turn]) -> bool:
    """Whether a rewriting names nothing that the conversation doesn't, and is not a question that was asked before."""
    said = keys(" ".join([question, *(turn.text for turn in recent)]))
    content = words(rewritten)
    new = [word for word in content if not covered(word, said)]
    return (
        (rewritten.endswith("?") or (bool(longer.subject(rewritten)) and not needs_history(rewritten)))
        and bool(content)
        and len(new) <= MOST_NEW_WORDS
        and not any(word.name or word.number for word in new)
        and not any(_same(rewritten, turn.text) for turn in recent if turn.role == "user")
    )


def _same(one: str, other: str) -> bool:
    """Whether a question asks nothing that another doesn't."""
    said = keys(other)
    alike = (asks.kind(one), asks.asking_word(one), negated(one)) == (
        asks.kind(other),
        asks.asking_word(other),
        negated(other),
    )
    return alike and all(covered(word, said) for word in words(one))


def _joined(question: str, recent: Sequence[Turn]) -> str:
    asked = [turn.text for turn in recent if turn.role == "user"]
    return f"{asked[-1]} {question}" if asked else question


def _recent(history: Sequence[Turn]) -> list[Turn]:
    """The last turns that fit, oldest first, without the markers of their footnotes."""
    chosen: list[Turn] = []
    spent = 0
    for turn in reversed(history):
        text = strip_markers(turn.text)
        spent += tokens(text)
        if spent > HISTORY_TOKENS and chosen:
            break
        # Of one long turn the beginning is still worth more than nothing.
        text = text[:MOST_CHARACTERS]
        chosen.append(Turn(turn.role, text))
    return chosen[::-1]
