"""Words of a text as grounding compares them: stems, numbers, names. Pure.

English inflection is folded by the Snowball stemmer; other languages are compared by their case-folded forms alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|\w+(?:[-'’]\w+)*|\w(?:\.\w)+\.?")
# "I've", "it's", "what'll": what stands before is a word by itself, and what follows says nothing.
_CONTRACTION = re.compile(r"(?<=\w)(?:['’](?:s|m|re|ve|ll|d)|n['’]t|['’])$", re.IGNORECASE)
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}")
# The names of two countries that are as often called otherwise; "Japan" and "Japanese" are told by their endings.
_ALIASES = {
    "US": re.compile(
        r"(?<!South )(?<!North )(?<!Latin )(?<!Central )\b(?:United States(?: of America)?|USA|America(?:ns?)?)\b"
    ),
    "UK": re.compile(r"\b(?:United Kingdom|(?:Great )?Britain|British|Britons?)\b"),
}
_SENTENCE_END = '.!?:\n"“'
# A name in another form: Japan and Japanese, China and Chinese, Australia and Australian, Iraq and Iraqi.
_NAME_ENDINGS = ("ese", "ian", "an", "n", "i")
_NAME_VOWELS = ("", "a", "y")
# What is left of a shorter word is too little to be a name: "man" is not of "Ma".
_SHORTEST_NAME = 4
_NEGATIONS = re.compile(r"\b(?:not|never|no|cannot|neither|nor|without)\b|n['’]t\b", re.IGNORECASE)
# "Us" is no plural of U.
_SHORTEST_PLURAL = 2
# How many words after a negation it may speak of: "did not, however, sell".
_NEGATION_REACH = 3

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_NUMBERS)} | {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000",
}  # fmt: skip

# Words that carry no content of their own: they neither support a claim nor need support.
STOPWORDS = frozenset(
    """
    a about above after again all also although am an and any anyone anything are around as at be became because become
    been before being below between both but by can could did do does doing done down during each either else ever
    every few for from further get gets give given gives go goes had has have having he her here hers herself him
    himself his how however i if in into is it its itself just kind know last let like made make makes making many may
    me might mine more most much must my myself near need neither new no nor not now of off often on once only or other
    our ours out over own per please rather said same say says see seem seems shall she should since so some such
    take tell than that the their theirs them themselves then there these they thing things this those though through
    thus to too toward towards under until up upon us used uses using very was way we well went were what when where
    whether which while who whom whose why will with within without would yes yet you your yours
    according answer article document documents mention mentioned mentions passage question state stated states text
    ca ok sha wo
    """.split()
) - {"states", "new", "last", "down", "under", "over", "without"}

# Past forms that the stemmer can't fold, after the verb they belong to.
_IRREGULAR = {
    form: verb
    for verb, *forms in (
        group.split()
        for group in """
        arise arose arisen|beat beaten|begin began begun|bind bound|break broke broken|bring brought|build built
        buy bought|catch caught|choose chose chosen|come came|deal dealt|draw drew drawn|drive drove driven
        eat ate eaten|fall fell fallen|feel felt|fight fought|find found|flee fled|fly flew flown
        forbid forbade forbidden
        forget forgot forgotten|freeze froze frozen|grow grew grown|hear heard|hide hid hidden|hold held|keep kept
        lay laid|lead led|leave left|lend lent|lose lost|mean meant|meet met|pay paid|ride rode ridden|ring rang rung
        rise rose risen|run ran|seek sought|sell sold|send sent|shake shook shaken|shoot shot|show shown|sing sang sung
        sink sank sunk|sleep slept|speak spoke spoken|spend spent|stand stood|steal stole stolen|strike struck
        swear swore sworn|swim swam swum|teach taught|tear tore torn|think thought|throw threw thrown
        understand understood|wear wore worn|win won|withdraw withdrew withdrawn|write wrote written
        man men|woman women|child children|person people|foot feet
        """.replace("\n", "|").split("|")
        if group.split()
    )
    for form in forms
}

_stemmer = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text.

    Attributes:
        text: As it stands there, without a genitive ending.
        keys: The forms by which it may be found in another text; the first is its own.
        number: Whether it is a number; its key is then the plain value.
        name: Whether it is written as a name, in capitals where no sentence begins.
    """

    text: str
    keys: tuple[str, ...]
    number: bool = False
    name: bool = False

    @property
    def key(self) -> str:
        """The form by which the word itself is known."""
        return self.keys[0]


def words(text: str) -> tuple[Word, ...]:
    """The content words of a text, in order."""
    return tuple(_words(_plain(text)))


def _plain(text: str) -> str:
    """The text with initials, and what has several names, in one form: ``US`` for ``U.S.``, ``American`` and others."""
    text = _INITIALS.sub(lambda match: match.group().replace(".", ""), text)
    for name, aliases in _ALIASES.items():
        text = aliases.sub(name, text)
    return text


def keys(text: str) -> frozenset[str]:
    """Every form under which a word of the text may be looked up: stems, parts of compounds, initials of names."""
    found = {form for word in words(text) for form in _forms(word)}
    return frozenset(found | set(_acronyms(text)))


def covered(word: Word, present: frozenset[str]) -> bool:
    """Whether a text with these keys says the word, in whatever inflection."""
    if any(key in present for key in word.keys):
        return True
    parts = _parts(word.text)
    if len(parts) > 1 and all(part in present for part in parts):
        return True
    return word.name and any(_same_name(word.text.casefold(), other) for other in present)


def negated(text: str) -> frozenset[str]:
    """The keys of the words that the text says are not so: each negation's next content word."""
    found: set[str] = set()
    for match in _NEGATIONS.finditer(text):
        following = " ".join(text[match.end() :].split()[:_NEGATION_REACH])
        found.update(word.key for word in words(following)[:1])
    return frozenset(found)


def _words(text: str) -> Iterator[Word]:
    for match in _WORD.finditer(text):
        raw = match.group()
        bare = _CONTRACTION.sub("", raw)
        if _is_number(bare):
            yield Word(bare, (_number(bare),), number=True)
        # "Is it OK?" names nobody.
        elif bare.isupper() and len(bare) > 1 and bare != "OK":
            yield Word(bare, (f"={bare}", _stem(bare)), name=True)
        elif len(bare) > 1 and (bare.casefold() not in STOPWORDS or _is_month(text, bare, match.start())):
            name = bare[0].isupper() and not _begins_sentence(text, match.start())
            # "One" is as often a pronoun as a number.
            number = bare.casefold() in _NUMBER_WORDS and bare.casefold() != "one"
            yield Word(bare, _keys(bare), number=number, name=name and not number)


def _keys(bare: str) -> tuple[str, ...]:
    # "PCs" are more than one PC.
    plural = bare[-1] == "s" and len(bare) > _SHORTEST_PLURAL and bare[:-1].isupper()
    joined = _stem((bare[:-1] if plural else bare).replace("-", ""))
    number = _NUMBER_WORDS.get(bare.casefold())
    return (joined, number) if number else (joined,)


def _forms(word: Word) -> Iterator[str]:
    yield from word.keys
    yield from _parts(word.text)
    if word.name:
        yield word.text.casefold()


def _parts(text: str) -> list[str]:
    return [_NUMBER_WORDS.get(part.casefold(), _stem(part)) for part in re.split(r"[-'’]", text) if len(part) > 1]


def _acronyms(text: str) -> Iterator[str]:
    """``=US`` for "The United States", so that "US" is found there.

    Not the other way round: a text that says "PM" would then say any name with these initials.
    """
    for run in re.findall(r"\b[A-Z]\w+(?:[ -](?:of |and |the )?[A-Z]\w+)+", text):
        names = [part for part in re.split(r"[ -]", run) if part[0].isupper() and part.casefold() not in STOPWORDS]
        yield "=" + "".join(name[0] for name in names)


def _same_name(name: str, other: str) -> bool:
    return name in _derived(other) or other in _derived(name)


@lru_cache(maxsize=65_536)
def _derived(name: str) -> frozenset[str]:
    """The names that an adjective or the name of a people may come from."""
    stems = (name.removesuffix(ending) for ending in _NAME_ENDINGS if name.endswith(ending))
    return frozenset(stem + vowel for stem in stems for vowel in _NAME_VOWELS if len(stem) >= _SHORTEST_NAME)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t([")
    return not before or before[-1] in _SENTENCE_END


def _is_month(text: str, bare: str, start: int) -> bool:
    """Whether this is the month of May, and not that one may."""
    beside = re.search(r"(?:\b(?:in|of|by|since|until|from|early|late|on|last|next|this|to|and)|\d)\W+$", text[:start])
    return bare == "May" and (beside is not None or re.match(r"\W+\d", text[start + len(bare) :]) is not None)


def _is_number(text: str) -> bool:
    return text[0].isdigit() and not any(character.isalpha() for character in text)


def _number(text: str) -> str:
    return text.replace(",", "").lstrip("0") or "0"


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    folded = word.casefold()
    return str(_stemmer.stemWord(_IRREGULAR.get(folded, folded)))


def unique(found: Iterable[Word]) -> tuple[Word, ...]:
    """The words without repetitions, in order of their first occurrence."""
    seen: dict[str, Word] = {}
    for word in found:
        seen.setdefault(word.key, word)
    return tuple(seen.values())
