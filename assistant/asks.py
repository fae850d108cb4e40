"""What kind of reply a question asks for, and whether a sentence is one. Pure.

The kinds are those that need another instruction, or whose reply shows by its words that it is none: who asks when is
not told by a sentence without a time. Li & Roth 2002 sort questions by the type of their answers likewise, more finely.
"""

import re
from collections.abc import Mapping
from typing import Literal

from assistant import longer
from assistant.words import covered, keys, unique, words
from index.split import sentences

Kind = Literal["several", "yes-no", "why", "number", "time", "name", "other"]

# What may stand before the words that ask: "And under the old rules, were guests …?"
_LEAD = r"^\W*(?:(?:and|but|so|then|also|ok|well)\b\W*)?(?:[^,?]{1,60}, )?"
# "Can you tell me who …?" and "Was it in May or in June?" ask for more.
_YES_NO = re.compile(
    _LEAD + r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|wo(?=n)|would|shall|should|may|might|must)"
    r"(?:n['’]t)?\b(?! (?:what|which|who|whom)\b)"
    r"(?! (?:I|you|we|anyone|someone) (?:happen to |please )?"
    r"(?:ask|tell|explain|say|show|give|know|list|describe|clarify|expand|provide|elaborate|define|be)\b)"
    r"(?!.*\bor\b)",
    re.IGNORECASE,
)
# The first of these words asks, and those after it are of clauses: "what did they use to tell how long it took?" Not so
# where it begins a clause itself: "When guests arrive, what must they sign?"
_ASKING = re.compile(r"\b(who|whom|whose|what|which|when|where|why|how)\b.*", re.IGNORECASE | re.DOTALL)
_CLAUSE = re.compile(
    r"^\W*(?:(?:when|where)\b|(?!(?:who|whom|whose|what|which|why|how)\b))[^,]*,\W+"
    r"(?:and |then |(?:by|to|from|with|for|of|in|on|at) )*(?=(?:who|whom|whose|what|which|when|where|why|how)\b)",
    re.IGNORECASE,
)
_KINDS: Mapping[Kind, str] = {
    "why": r"why\b|how come\b|what (?:(?:is|was|were|are) the )?reasons?\b",
    "time": r"when\b|how long ago\b|(?:what|which) (?:\w+ )?(?:year|date|day|month|week|century|decade|time)\b",
    "number": r"how (?:many|much|old|tall|high|long|far|often|fast|big|large|deep|wide|heavy|loud)\b"
    r"|(?:what|which)(?:['’]s| is| was| are| were)?(?: the)? (?:\w+ )?"
    r"(?:percentage|share|proportion|number|amount|price|cost|age|population|height|length|width|weight)\b",
    "name": r"(?:who|whom|whose)\b|what(?:['’]s| is| was| are| were) the names?\b",
}
_DAY = re.compile(r"(?:what|which) (?:\w+ )?(?:year|date)\b", re.IGNORECASE)
_LASTS = re.compile(r"how (?:long|often)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|when|whenever|after|before|during|while|until)\b", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_QUANTITIES = frozenset(
    """
    one once twice half halves quarter third dozen double triple single pair couple several none daily weekly monthly
    yearly hourly always never
    """.split()
)
_TIMES = keys(
    """
    January February March April in May, June July August September October November December Monday Tuesday Wednesday
    Thursday Friday Saturday Sunday year month week weekend day hour minute century decade spring summer autumn winter
    morning afternoon evening night noon midnight today yesterday tomorrow season birthday Christmas Easter
    """
)
# "No. 5 is open" says no such thing.
_POLARITY = re.compile(r"^\W*(yes|no)\b(?:[*\"”]*(?:\s*[,.:;!–—-]|\s*\n|\s*$)[\s*\"”]*+)(?!\d)", re.IGNORECASE)


def kind(question: str) -> Kind:
    """What a question asks for, in its last sentence if that asks; ``other`` where its words don't tell."""
    if longer.asked(question):
        return "several"
    if _YES_NO.search(_last(question)):
        return "yes-no"
    asked = _asked(question)
    return next((kind for kind, begin in _KINDS.items() if re.match(begin, asked, re.IGNORECASE)), "other")


def asking_word(question: str) -> str:
    """The word that asks, such as ``where``, in lower case; "" where there is none."""
    match = _ASKING.match(_asked(question))
    return match[1].lower() if match else ""


def fits(question: str, claim: str) -> bool:
    """Whether a claim says something of the kind that the question asks for; True where any words may be that."""
    asked, asked_for = keys(question), kind(question)
    added = [word for word in unique(words(claim)) if not covered(word, asked)]
    figures = any(map(_FIGURE.fullmatch, keys(claim) - asked))
    time = any(key in _TIMES for word in added for key in keys(word.text) | set(word.keys))
    match asked_for:
        case "number":
            some = not _QUANTITIES.isdisjoint(claim.casefold().replace(".", " ").replace(",", " ").split())
            return figures or some or (time and _LASTS.match(_asked(question)) is not None)
        case "time":
            return figures or ((time or _CONDITION.search(claim) is not None) and not _DAY.match(_asked(question)))
        case "name":
            # Where a sentence begins, a name can't be told from any other word.
            return any(word.text[0].isupper() for word in added)
        case _:
            return bool(added) or asked_for == "yes-no"


def polarity(sentence: str) -> tuple[str, str]:
    """The ``Yes`` or ``No`` that a sentence begins with, or nothing, and the rest of it."""
    match = _POLARITY.match(sentence)
    return ("", sentence) if match is None else (match[1].capitalize(), sentence[match.end() :])


def _last(question: str) -> str:
    spans = sentences(question)
    return question[spans[-1].start : spans[-1].end] if spans else ""


def _asked(question: str) -> str:
    """The question from the word that asks on; "" where there is none."""
    for text in (_last(question), question):
        if match := _ASKING.search(_CLAUSE.sub("", text, count=1)):
            return match.group()
    return ""
