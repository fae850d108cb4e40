"""What is said in a conversation without being a question to the documents, and what is said back. Pure.

Only what is hardly anything else is taken for small talk: a question that could be about the documents goes to them.
"""

import re
from collections.abc import Sequence
from typing import Literal

from assistant import longer
from assistant.types import Kind, Turn

NAMED = 3
"""How many titles a reply names."""

Aside = Literal["greeting", "thanks", "capabilities", "which", "vague"]

_GREETING = re.compile(r"(hi|hello|hey|hiya|greetings|good (morning|afternoon|evening|day))( (there|all|everyone))?")
_THANKS = re.compile(
    r"((ok(ay)?|great|good|nice|cool|perfect|super|got it) )?(thanks|thank you|thx|cheers)( (a lot|so much|very much))?"
    r"|ok(ay)?|great|nice|cool|perfect|got it|(good)?bye|good ?night|see you"
)
_CAPABILITIES = re.compile(
    r"help|(please )?help me|who are you|what are you|how do you work"
    r"|what can (i|we|you) (ask|answer)( (you|me|here|about))*|what can (you|i) do( (for me|here))?"
    r"|(what|which) questions can (i|we|you) (ask|answer)( you)?|how can you help( me)?"
    r"|what (do you know|are you able to do|is your purpose)( about)?"
    r"|(what|which) (documents|files|texts|sources) (do you (have|know)|are (there|here|indexed|loaded))"
    r"|what are (these|those|your|my) (documents|files|texts)( about)?"
    r"|(list|show)( me)?( all)?( the| your| my)? (documents|files|texts|sources)( (you|we|i) have| there are| here)?"
)
# Of words like these alone no document can be asked anything; any other may be what the question is about.
_EMPTY = frozenset(
    """
    a about all also an and any anything are at be but can continue could details did do does else everything explain
    for from give go have he her him his how i in is it its know like me mean more my not now of on or please say she
    so some something tell that the their them then there these they this those to was we were what when where which
    who why will with would yes you
    """.split()
)


def aside(question: str, history: Sequence[Turn]) -> Aside | None:
    """What the user says that no document is asked for; None where it is a question to them.

    Args:
        question: As it was asked.
        history: The turns before it; after them "Why?" and "How does it work?" ask for more of the same.
    """
    said = " ".join(re.sub(r"[^\w']+", " ", question.casefold().replace("'s", " is").replace("’s", " is")).split())
    if _GREETING.fullmatch(said):
        return "greeting"
    if _THANKS.fullmatch(said):
        return "thanks"
    if _CAPABILITIES.fullmatch(said):
        return "capabilities"
    # "What is it about?" is about a document, if not of which.
    return "vague" if not history and _is_vague(question) and not longer.whole(question) else None


def _is_vague(question: str) -> bool:
    # "Who is Will?" has a name, "What is C++?" a sign; what is written in another script says what we can't tell.
    first, *rest = question.split()
    plain = [first.casefold(), *rest]
    return all(re.sub(r"^[\"'(]+|[.,;:!?\"')]+$", "", word) in {"", *_EMPTY} for word in plain)


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
            return "chat", "Glad to help. Ask on whenever you like."
        case "capabilities":
            return "chat", _about(titles, documents)
        case "which":
            which = "Which document do you mean? " if documents else ""
            return "clarification", f"{which}{_about(titles, documents)}"
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
