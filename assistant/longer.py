"""Requests for more than a sentence, such as "Tell me about the trip", and what they are to be about. Pure."""

import re
from collections.abc import Iterator

from index.split import sentences

_TEXTS = (
    r"(?:document|article|text|file|page|report|paper|manual|handbook|policy|book|study|agreement|contract|letter|story|"
    r"note|minute|e-?mail|chapter|section|passage|instruction|lease|guide|rule|term|law|notice|memo|plan|proposal|review)s?"
)
_THE = r"(?:the|this|that|these|those|your|my|our|an?)"
_A_TEXT = rf"(?:(?:{_THE} )?(?:\w+ ){{0,2}}{_TEXTS}|this|that|it)"
_LEAD = (
    r"^\W*"
    r"(?:(?:please|now|then|and|but|also|so|ok|okay|well|hi|hello|hey|thanks|thank you|(?:can|could|would) you)\W+)*"
)
# What there is of something, or of all.
_SUMMARY = re.compile(
    _LEAD + r"(?:(?:summari[sz]e|sum up"
    r"|(?:tell(?: me| us)?|say) (?:(?:more|all|something|everything|a bit|a little) )?about"
    r"|(?:(?:give|write|show|make)(?: me| us)? |i(?:['’]d| would) like |i (?:want|need) )?"
    r"(?:(?:an?|the) )?(?:(?:short|brief|quick|concise|general) )?(?:summary|overview|gist|main points|key points)"
    r"(?: (?:of|about|on|in))?"
    r"|what are the (?:main|key)"
    rf"|what (?:do|does) (?:{_A_TEXT}|they) say (?:about|on)"
    r"|what (?:is|was|are|were) (?:said about|written about))\b"
    rf"|what(?:['’]s| is| are)\b(?= {_A_TEXT} (?:all )?about\W*$)"
    rf"|what(?:['’]s| is) in\b(?= {_A_TEXT}\W*$))",
    re.IGNORECASE,
)
# Several things, or something at length. Nobody wants a list who asks for a list price.
_ITEMS = re.compile(
    _LEAD + r"(?:list(?! price\b)|enumerate|outline(?! planning\b)|compare|contrast(?! ratio\b)|describe|explain"
    r"|(?:give|write|show|make)(?: me| us)? (?:(?:an?|the) )?(?:\w+ )?(?:outline|list|comparison)(?: (?:of|about|on))?"
    r"|(?:name|give)(?: me| us)? (?:all|some|two|three|four|five|six)"
    r"|(?:what|which) are (?:all|the (?:different|two|three)))\b"
    r"|\bdifferences? between\b",
    re.IGNORECASE,
)
# How it is to be done, and not of what.
_MANNER = re.compile(
    r"\b(?:please|thanks|thank you|for (?:me|us)|briefly|shortly|quickly|in (?:short|brief|detail|full)"
    r"|in (?:a few|\w+) (?:short |simple )?(?:sentences?|words|points|lines|paragraphs?))$",
    re.IGNORECASE,
)
_EDGES = " .,:;?!-"
# Of such words alone it is not said what is to be told, nor of which document.
_NO_SUBJECT = frozenset(
    """
    a about all an attached both complete content contents document documents each entire every everything file files
    full in it key main my of page pages pdf point points text texts article articles that the these thing things this
    those uploaded whole your
    """.split()
)
_NAMES_TEXT = re.compile(r"\b(?:documents?|articles?|texts?|files?|pages?|pdf|contents?|everything)\b", re.IGNORECASE)


def asked(question: str) -> bool:
    """Whether a question, or its last sentence, asks for more than a sentence."""
    return any(_requests(question))


def subject(question: str) -> str:
    """What such a request is about; "" where it doesn't say, as in "Summarise the article", and where there is none."""
    rest = next((rest for _, rest in _requests(question)), "")
    return "" if _says_nothing(rest) else rest


def whole(question: str) -> bool:
    """Whether a question asks for all that a document says, without saying which."""
    summary, rest = next(_requests(question), (False, ""))
    return _says_nothing(rest) and (summary or _NAMES_TEXT.search(rest) is not None)


def _requests(question: str) -> Iterator[tuple[bool, str]]:
    """The request in a question: whether it is for a summary, and what it is to be about."""
    spans = sentences(question)
    last = question[spans[-1].start : spans[-1].end] if spans else ""
    for text in dict.fromkeys((last, question)):
        line = _without_manner(text)
        for pattern in (_SUMMARY, _ITEMS):
            if match := pattern.search(line):
                rest = line[match.end() :].strip(_EDGES)
                # "What is the manual about?" ends where others begin.
                yield (
                    pattern is _SUMMARY,
                    rest.removesuffix(" about") if match[0].lower().endswith(("is", "’s", "'s", "are")) else rest,
                )


def _without_manner(text: str) -> str:
    line = " ".join(text.split()).rstrip(_EDGES)
    while match := _MANNER.search(line):
        line = line[: match.start()].rstrip(_EDGES)
    return line


def _says_nothing(rest: str) -> bool:
    return _NO_SUBJECT.issuperset(re.findall(r"\w+", rest.casefold()))
