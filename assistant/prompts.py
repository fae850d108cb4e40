"""Every prompt, named. Text only: nothing here calls a model.

Documents and questions are data. They are delimited, and in the prompt's copy (never in the document) what a model
would take for one of its control tokens or for the end of the delimiter begins with another character.
"""

import re
from collections.abc import Sequence

from assistant.types import Evidence, Turn

VERSION = "2026-11-23.1"

NOT_STATED = "Not stated."

# One call both answers and refuses: the probability of "Not" as the first token ranks questions that the seed article
# doesn't answer above those that it does with AUROC .98, against .93 for "[0]" as a pointer to no sentence, and the
# answers are right in .89 of the cases against .64 when the model must point before it has found the words.
ANSWER = f"""\
You answer questions from a document. Use only what the document states. Reply with one short sentence that repeats \
the words of the document. When the document does not state the answer, reply "{NOT_STATED}"

<document>
[1] Anna Berg opened the Oslo bakery in 1987. It sells forty kinds of bread.
</document>
Question: When was the bakery opened?
The bakery was opened in 1987.
Question: How old is Anna Berg?
{NOT_STATED}"""

# With one example and no cue the 1.5B model answered two of ten follow-ups instead of rewriting them; so, none.
STANDALONE = """\
Rewrite the last question so that it can be understood without the conversation. Replace words such as he, it, there \
or that by what they stand for. Keep everything else. Never answer it: reply with the question only.

Conversation:
User: Who opened the bakery in Oslo?
Assistant: Anna Berg opened it in 1987.
Last question: And how old is she?
Rewritten question: How old is Anna Berg?

Conversation:
User: Who is the mayor of Oslo?
Assistant: The mayor is Anna Berg.
Last question: And of Bergen?
Rewritten question: Who is the mayor of Bergen?"""

# What opens a tag or a control token of any chat template: <|im_end|>, </s>, <start_of_turn>, <think>, [INST], and our
# own </document>. Comparisons such as "x < 5" are left alone.
_CONTROL = re.compile(r"<(?=[a-z_|｜<]|\s*/\s*[a-z])|\[(?=/?[a-z_]{3,}\])", re.IGNORECASE)
_HARMLESS = "‹"


def inert(text: str) -> str:
    """The text as a prompt may carry it: with control tokens and our own delimiters broken, without lone surrogates."""
    return _CONTROL.sub(_HARMLESS, text).encode("utf-8", "replace").decode("utf-8")


def evidence_block(evidence: Sequence[Evidence]) -> str:
    """The passages as the model reads them, numbered and delimited."""
    lines = (f"[{item.number}] {inert(item.text)}" for item in evidence)
    return "\n".join(["<document>", *lines, "</document>"])


def question_block(question: str) -> str:
    """A question as the model reads it, on one line."""
    return f"Question: {inert(' '.join(question.split()))}"


def conversation_block(history: Sequence[Turn], question: str) -> str:
    """The turns of a conversation and the question that follows them, a line each."""
    lines = (f"{turn.role.capitalize()}: {inert(' '.join(turn.text.split()))}" for turn in history)
    last = f"Last question: {inert(' '.join(question.split()))}"
    return "\n".join(["Conversation:", *lines, last, "Rewritten question:"])
