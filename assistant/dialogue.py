"""What is said in a conversation without being a question to the documents, and what is said back. Pure.

Only what is nothing else is taken for small talk: a question that could be about the documents always goes to them.
"""

import re
from collections.abc import Sequence
from typing import Literal

from assistant.types import Kind, Turn
from assistant.words import words

NAMED = 3
"""How many titles a reply names."""

Aside = Literal["greeting", "thanks", "capabilities", "vague"]

_GREETING = re.compile(r"(hi|hello|hey|hiya|greetings|good (morning|afternoon|evening|day))( (there|all|everyone))?")
_THANKS = re.compile(
    r"((ok(ay)?|great|good|nice|cool|perfect|super|got it) )?(thanks|thank you|thx|cheers)( (a lot|so much|very much))?"
    r"|ok(ay)?|great|nice|cool|perfect|got it|(good)?bye|good ?night|see you"
)
_CAPABILITIES = re.compile(
    r"help|(please )?help me|who are you|what are you|what is this|how (do|does) (you|this|it) work"
    r"|what can (i|we|you) (ask|do|answer)( (you|me|here|for me|about))*"
    r"|(what|which) questions can (i|we|you) (ask|answer)( you)?|how can you help( me)?"
    r"|what (do you know|are you able to do|is your purpose)( about)?"
    r"|(what|which) (documents|files|texts|sources) (do you (have|know)|are (there|here|indexed|loaded))"
    r"|what (is|are) (in )?(the|these|those|your|my) (documents?|files?|texts?|corpus)( about)?"
)
_PATTERNS: dict[Aside, re.Pattern[str]] = {"greeting": _GREETING, "thanks": _THANKS, "capabilities": _CAPABILITIES}
# What asks for more of something without saying of what.
_EMPTY = frozenset(
    "tell more say explain elaborate continue mean details detail please go on anything something everything".split()
)


def aside(question: str, history: Sequence[Turn]) -> Aside | None:
    """What the user says that no document is asked for; None where it is a question to them.

    Args:
        question: As it was asked.
        history: The turns before it; with them "Why?" says enough.
    """
    said = " ".join(re.sub(r"[^\w']+", " ", question.casefold().replace("'s", " is").replace("’s", " is")).split())
    for kind, pattern in _PATTERNS.items():
        if pattern.fullmatch(said):
            return kind
    # Words of other scripts than ours are content that we may not know as such.
    if not history and said.isascii() and all(word.text.casefold() in _EMPTY for word in words(question)):
        return "vague"
    return None


def reply(said: Aside, titles: Sequence[str], documents: int) -> tuple[Kind, str]:
    """What is said back, and what kind of reply that is.

    Args:
        said: What the user said.
        titles: Of some of the documents, to name as examples.
        documents: How many there are.
    """
    match said:
        case "greeting":
            return "chat", f"Hello. {_about(titles, documents)}"
        case "thanks":
            return "chat", "You're welcome. Ask on whenever you like."
        case "capabilities":
            return "chat", _about(titles, documents)
        case "vague":
            return "clarification", f"What is it that you would like to know? {_about(titles, documents)}"


def _about(titles: Sequence[str], documents: int) -> str:
    if not documents:
        return "There are no documents to answer from yet: add some, then ask what they say."
    named = [f"“{title}”" for title in titles[:NAMED]]
    rest = documents - len(named)
    if rest:
        named.append(f"{rest:,} other{'' if rest == 1 else 's'}")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    what = "this document" if documents == 1 else f"{documents:,} documents"
    return (
        f"Ask me what {what} say{'s' if documents == 1 else ''}: {listed}. Each sentence of an answer carries a "
        "footnote to the words it came from, and where nothing answers the question, I say so."
    )
