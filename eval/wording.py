"""What a system that has no flags says in words: whether it refuses, which of its sources it cites. Pure.

A reply refuses where any of its sentences says that the sources don't say.
"""

import re

# [1], [1, 2], [1-3], and [Source 1] or (Source 1), which small models write. A year in brackets is none.
_ONE = r"(?:sources?\s*)?\d{1,3}"
_SOME = rf"{_ONE}(?:\s*(?:,|;|and|&|-|–)\s*{_ONE})*"
_MARKER = re.compile(rf"\[\s*{_SOME}\s*\]|\(\s*(?=sources?\b){_SOME}\s*\)", re.IGNORECASE)
_NAMED = re.compile(r"\bsources?\s+(\d{1,3})\b", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")

_SOURCES = r"(?:sources?|texts?|passages?|contexts?|articles?|documents?|information|materials?|excerpts?)"
_WHICH = r"(?:provided|given|above|available|and|or|\[?\d+\]?)"
_IN_SOURCES = rf"(?:in|from|by|with|within|among|based on|using) (?:\w+ ){{0,4}}?{_SOURCES}\b"
_SAY = (
    r"(?:mention|provide|specify|state|contain|include|give|say|indicate|discuss|address|explain|identify|reveal|"
    r"describe|cover|answer|tell|offer|disclose|name|have|help)s?"
)
_SAID = (
    r"(?:mentioned|provided|stated|specified|given|available|included|contained|discussed|described|indicated|"
    r"addressed|disclosed|identified|named|found|explained|known|clear|answered|present)"
)
_HELPFUL = r"(?:helpful|relevant|useful)"
_NOT = r"(?:\bnot|n't)"
_CANNOT = r"(?:cannot|can ?not|can't|could not|couldn't|unable to|not able to|not possible to|impossible to)"
_REFUSALS = (
    # The provided sources do not explicitly mention …; Source 1 and 2 don't say …
    rf"\b{_SOURCES}(?:,? {_WHICH})* do(?:es)?(?: not|n't)(?: \w+){{0,3}}? {_SAY}\b",
    # … is not stated anywhere in the given text; … is not specified.
    rf"{_NOT}(?: been)?(?: \w+ly)? {_SAID}(?: anywhere| directly)? {_IN_SOURCES}",
    rf"{_NOT}(?: been)?(?: \w+ly)? (?:mentioned|stated|specified|provided)(?:\s*\[[\w, ]+\])*\s*(?:[.;,!]|$)",
    # There is no specific information about …; the sources give no details
    r"\bno (?:\w+ ){0,2}?(?:information|mention)\b",
    rf"\bno (?:\w+ ){{0,2}}?(?:details?|reference|indication|answer)\b.*\b{_SOURCES}\b",
    rf"\b{_SOURCES}(?: provided| given| above)? (?:provide|give|contain|offer|include)s? no\b",
    # None of the sources are helpful
    rf"\bnone of (?:the|these|those|your) (?:\w+ )?{_SOURCES}(?: \w+){{0,2}}? (?:{_SAY}|{_HELPFUL})\b",
    rf"\b{_SOURCES}(?: \w+)? (?:are|is)(?: not|n't)(?: \w+)? {_HELPFUL}\b",
    r"\b(?:insufficient|(?:not|n't)(?: \w+)? (?:enough|sufficient)) (?:\w+ )?(?:information|context|details?)\b",
    # I cannot answer …; it is not possible to say …; … cannot be determined from the sources
    r"\b(?:cannot|can ?not|can't) (?:be )?answer",
    rf"\b(?:I|I'm|I am|it's|it is) (?:\w+ly )?{_CANNOT}\b",
    rf"\b{_CANNOT} be (?:\w+ly )?(?:determined|found|inferred|identified|confirmed) {_IN_SOURCES}",
    r"\bI (?:do not|don't) (?:know|have|see|find)\b",
    r"^\W*(?:unable to|I'm sorry|I am sorry|sorry|empty response)\b",
    # Nothing else than this, or nothing at all
    r"\A\W*(?:n/?a|none|unknown|not (?:found|stated|specified|mentioned|available|given|provided))?\W*\Z",
)
_REFUSES = re.compile("|".join(_REFUSALS), re.IGNORECASE | re.MULTILINE)


def refuses(text: str) -> bool:
    """Whether a reply says that the question can't be answered from the sources."""
    return _REFUSES.search(text.replace("’", "'")) is not None


def markers(text: str) -> tuple[int, ...]:
    """The numbers of the sources that a reply cites, each once, ascending."""
    return tuple(sorted(set[int]().union(*(_numbers(marker) for marker in _MARKER.findall(text)))))


def named(text: str) -> set[int]:
    """The numbers of the sources that a reply names in its sentences, as in "According to Source 1"."""
    return {int(number) for number in _NAMED.findall(text)}


def plain(text: str) -> str:
    """The reply with its markers as everybody writes them: ``[1]`` for ``[Source 1]``, ``[1][2]`` for ``[1 and 2]``."""
    return _MARKER.sub(lambda marker: "".join(f"[{number}]" for number in sorted(_numbers(marker[0]))), text)


def _numbers(marker: str) -> set[int]:
    ranges = [range(int(first), int(last) + 1) for first, last in _RANGE.findall(marker)]
    return {int(number) for number in re.findall(r"\d+", marker)}.union(*ranges)
