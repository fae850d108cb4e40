"""Verify claims against their evidence and cut the citations that carry them. Pure: no model, no store, no clock.

The model is never asked where its words come from: small ones point at the wrong sentence more often than not. Each
claim is aligned with the sentences that were read, and stands only when they say what it says.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant import asks
from assistant.types import Citation, Evidence
from assistant.words import Word, covered, keys, negated, unique, words
from index.types import Sentence

MARKER = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
# A claim is rarely spread over more, and a footnote that quotes more is no help.
MOST_SENTENCES = 3
# What a further sentence must add to the support of a claim to be cited as well.
WORTH_CITING = 0.15
# Question words weigh less than a claim's own: they say what is asked about, not what is answered.
QUESTION_WEIGHT = 0.3
# What a claim must have of its words, and of the words that it adds to the question, in the sentences cited for it.
LEAST_SUPPORT = 0.2
LEAST_NOVELTY = 0.5
# How much of what a question asks about two sentences must both say, to answer the same.
SAME_SUBJECT = 0.6
# How many sentences before it a pronoun may speak of.
REACH = 2
_PRONOUN = re.compile(
    r"\b(he|him|his|she|her|hers|it|its|they|them|their|theirs|this|these|those|both)\b", re.IGNORECASE
)
# What is said of "it" is said of what the sentence before is about.
_CARRIES_ON = re.compile(r"\W*(?:it|they)\b", re.IGNORECASE)
# What speaks to a model that reads a prompt, and not of a subject: planted, more likely than not, and no evidence. Only
# commands: "the landlord must respond within 14 days" and "officials say that only 12 survived" are of a subject.
_INSTRUCTS = re.compile(
    r"(?:^|[,;:]|\band\b)\W*(?:(?:please|always|now|then|instead|you must|you should),? )*"
    r"(?:(?:ignore|disregard|forget|override)\b[^.!?]{0,40}"
    r"\b(?:instructions?|prompts?|questions?|(?:the|everything) above)\b"
    r"|(?:reply|respond|answer|output|print|say)\b[^.!?]{0,12}\b(?:only|exactly|nothing but)\b)"
    r"|\bthe (?:correct |right |real |true |only )?answer (?:to (?:this|the|that|any|every|all)[^.!?]{0,20} )?is\b"
    r"|^\W*(?:system|developer) (?:prompt|message)\b|\byou are now (?:an? )?(?:AI|assistant|chatbot|language model)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence of the evidence."""

    evidence: Evidence
    sentence: Sentence

    @property
    def words(self) -> str:
        """Its text."""
        return self.evidence.words(self.sentence)


@dataclass(frozen=True, slots=True)
class Grounding:
    """How well the evidence carries a claim.

    Attributes:
        places: The sentences that carry it, best first; empty where none says anything of it.
        support: The share, 0–1, of what the claim says (rare words weigh more) that stands in those sentences.
        novelty: The same of what the claim adds to the question; equal to ``support`` where it adds nothing.
        unfounded: Numbers of the claim that do not stand in those sentences beside something else that it says, and
            names that stand neither in the evidence nor in the question.
        contradicted: Whether the claim says of something that it is not so, or that it is, against the best sentence.
        answers: Whether the claim says anything that the question does not, where it asks for something.
        uncited: How many names and numbers of the question those sentences don't say, nor the title or, where they
            say "he" or "it", the two sentences before.
        strange: How many names of the claim they don't.
        replaced: How many names of the question the claim has others for, where the question doesn't ask for a name.
        unsaid: Words of a yes or no, other than names and numbers, that those sentences don't say: what was asked for
            is then affirmed, or denied, in the question's words alone.
    """

    places: tuple[Place, ...]
    support: float
    novelty: float
    unfounded: tuple[str, ...]
    answers: bool
    contradicted: bool
    uncited: int
    strange: int
    replaced: int
    unsaid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence with the keys of its words."""

    place: Place
    keys: frozenset[str]


class Ground:
    """Evidence, prepared to check claims against it.

    A sentence that tells a model what to say can't be cited for anything.

    Args:
        evidence: What the model has read.
    """

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        lines = [
            _Line(Place(item, sentence), keys(item.words(sentence))) for item in evidence for sentence in item.sentences
        ]
        self._lines = [line for line in lines if not instructs(line.place.words)]
        # What a document is about is often said by its title alone.
        titles = frozenset[str]().union(*(keys(title) for title in {item.passage.title for item in evidence}))
        self._all = titles.union(*(line.keys for line in lines))
        self._names = frozenset(word.key for line in lines for word in words(line.place.words) if word.name)

    def verify(self, claim: str, question: str) -> Grounding:
        """Find what carries a claim that answers the question.

        Args:
            claim: One sentence; markers in it are ignored.
            question: The question it answers.
        """
        denies, claim = asks.polarity(strip_markers(claim))
        said, weights = self._weighed(claim)
        asked = keys(question)
        named = [word for word in unique(words(question)) if _is_specific(word)]
        added = [word for word in said if not covered(word, asked)]
        scores = {word.key: weights[word.key] * (1.0 if word in added else QUESTION_WEIGHT) for word in said}
        places = self._align(said, scores, question)
        found = frozenset[str]().union(*(line.keys for line in places))
        support = _share(said, weights, found)
        meant = self._spoken_of(places)
        repeated = keys(claim)
        gone = [word for word in named if word.name and not covered(word, repeated)]
        other = [word for word in added if word.name]
        return Grounding(
            places=tuple(line.place for line in places),
            support=support,
            novelty=_share(added, weights, found) if added else support,
            unfounded=tuple(word.text for word in said if self._unfounded(word, said, asked, places)),
            # "No, it was not sold but let" may well be carried by words that don't say "not".
            contradicted=bool(places) and (denies != "No" or not added) and denied(claim, places[0].place),
            answers=bool(added) or asks.kind(question) == "yes-no" or not asks.asking_word(question),
            uncited=sum(not covered(word, meant) for word in named),
            strange=sum(not covered(word, meant) for word in said if self._is_name(word, named)),
            replaced=0 if _asks_for_names(question) else min(len(gone), len(other)),
            unsaid=tuple(word.text for word in said if not _is_specific(word) and not covered(word, meant))
            if asks.kind(question) == "yes-no"
            else (),
        )

    def rival(self, claim: str, grounding: Grounding, question: str) -> Place | None:
        """A sentence of another document that answers the question otherwise than a claim; None where there is none.

        Otherwise means with another number of the same things, or another name, in a sentence that says the same for
        the rest, or for a number all that the question is about: whoever is shown two sources that differ should see
        at once that they do.
        """
        asked, cited = keys(question), grounding.places[0]
        answers = [word for word in unique(words(claim)) if _is_specific(word) and not covered(word, asked)]
        for line in self._lines:
            if not answers or line.place.evidence.passage.document_id == cited.evidence.passage.document_id:
                continue
            other = line.place.words
            if other.rstrip().endswith("?") or negated(other) or negated(cited.words):
                continue
            if self._differ(cited, line.place, question, answers):
                return line.place
        return None

    def nearest(self, question: str, least: float = SAME_SUBJECT) -> Place | None:
        """The sentence that says most of what a question asks about, and more; None where none says that much of it."""
        shares = self.shares(question)
        asked = keys(question)
        telling = [place for place in shares if _tells(place.words, asked)]
        place = max(telling, key=lambda one: shares[one], default=None)
        return place if place is not None and shares[place] >= least else None

    def shares(self, question: str) -> dict[Place, float]:
        """The share, 0–1, of the question's content that each sentence says; rare words weigh more."""
        asked, weights = self._weighed(question)
        return {line.place: _share(asked, weights, line.keys) for line in self._lines}

    def unmentioned(self, question: str) -> tuple[str, ...]:
        """Names and numbers of the question that the evidence says nowhere; ``South Korea`` is one."""
        found: list[str] = []
        for word in unique(words(question)):
            if _is_specific(word) and not covered(word, self._all):
                if found and f"{found[-1]} {word.text}" in question:
                    found[-1] = f"{found[-1]} {word.text}"
                else:
                    found.append(word.text)
        return tuple(found)

    def _differ(self, cited: Place, rival: Place, question: str, answers: Sequence[Word]) -> bool:
        """Whether two sentences say the same but for the answer to a question."""
        one, other = cited.words, rival.words
        present, there = keys(one), keys(other)
        new = [word for word in unique(words(other)) if not covered(word, present | keys(question))]
        agree = any(covered(answer, there) for answer in answers)
        rest = [word for word in unique(words(one)) if not word.number]
        alike = all(covered(word, there) for word in rest if not _is_capital(word))
        if new and not agree and not any(answer.number for answer in answers):
            return alike and all(map(_is_capital, new)) and " ".join(word.text for word in new) in other
        numbers = [answer for answer in answers if answer.number and not covered(answer, there)]
        others = [word for word in new if word.number]
        if not numbers or len(others) != 1:
            return False
        # "12 rooms" and "14 rooms", but not "1987, people".
        counted = _counted(numbers[0], one) & _counted(others[0], other)
        if alike and len(new) == 1 and not agree:
            return bool(counted)
        # "will be held on 12 July" and "takes place on 19 July", of the same thing in the same place.
        about = unique(words(question))
        both = (present | self._carried(cited, question)) & (there | self._carried(rival, question))
        names = [word for word in (*rest, *new) if word.name]
        same = len(about) > 1 and all(covered(word, both) for word in (*about, *names))
        return same and any(map(keys, counted))

    def _carried(self, place: Place, question: str) -> frozenset[str]:
        """What a sentence that begins with "It" has from the one before, where that begins with what is asked about."""
        if not _CARRIES_ON.match(place.words):
            return frozenset()
        passage = place.evidence.passage.id
        same = [line for line in self._lines if line.place.evidence.passage.id == passage]
        before = [line for line in same if line.place.sentence.end <= place.sentence.start]
        last = max(before, key=lambda line: line.place.sentence.end, default=None)
        first = words(last.place.words)[:1] if last else ()
        return last.keys if last and first and covered(first[0], keys(question)) else frozenset()

    def _is_name(self, word: Word, named: Sequence[Word]) -> bool:
        """Whether a word is a name, also where it begins a sentence and is known from elsewhere to be one."""
        return word.name or (word.text[0].isupper() and word.key in self._names | {one.key for one in named})

    def _spoken_of(self, places: Sequence[_Line]) -> frozenset[str]:
        """What sentences say, with the names of the title, and of the sentences before one that says "he" or "it"."""
        meant = frozenset[str]()
        for line in places:
            passage = line.place.evidence.passage
            meant |= line.keys | keys(passage.title)
            if _PRONOUN.search(line.place.words):
                at = self._lines.index(line)
                before = self._lines[max(0, at - REACH) : at]
                same = (one for one in before if one.place.evidence.passage.document_id == passage.document_id)
                meant = meant.union(*(one.keys for one in same))
        return meant

    def _unfounded(self, word: Word, said: Sequence[Word], asked: frozenset[str], places: Sequence[_Line]) -> bool:
        """A number must be cited beside something else that the claim says; a name may come from the question."""
        # So may "two" of "the two allies", which counts what is known; a figure may be a false premise.
        if word.number and word.text.isalpha() and covered(word, asked):
            return False
        if word.number:
            others = [other for other in said if not other.number]
            cited = [line for line in places if covered(word, line.keys)]
            return not any(not others or any(covered(other, line.keys) for other in others) for line in cited)
        return word.name and not covered(word, self._all | asked)

    def _align(self, said: Sequence[Word], scores: Mapping[str, float], question: str) -> list[_Line]:
        """The sentences that together cover the claim best, taken greedily, in the order of what they add."""
        asked, about = self._weighed(question)
        chosen: list[_Line] = []
        have = frozenset[str]()
        while len(chosen) < MOST_SENTENCES:
            rest = [line for line in self._lines if line not in chosen]
            if not rest:
                break
            base = _share(said, scores, have)
            # Between sentences that cover a claim equally, the one about the question carries it.
            best = max(
                rest,
                key=lambda line: (
                    round(_share(said, scores, have | line.keys) + 0.1 * _share(asked, about, line.keys), 6),
                    -line.place.sentence.start,
                ),
            )
            gain = _share(said, scores, have | best.keys) - base
            if gain <= (WORTH_CITING if chosen else 0.0):
                break
            chosen.append(best)
            have |= best.keys
        return self._with_numbers(chosen, said)

    def _with_numbers(self, chosen: list[_Line], said: Sequence[Word]) -> list[_Line]:
        """A number is cited however little of the claim it is."""
        for word in said:
            if word.number and chosen and not any(covered(word, line.keys) for line in chosen):
                chosen += [line for line in self._lines if covered(word, line.keys)][:1]
        return chosen

    def _weighed(self, text: str) -> tuple[Sequence[Word], Mapping[str, float]]:
        """The content words of a text, and what each counts for."""
        found = unique(words(text))
        return found, {word.key: self._rarity(word) for word in found}

    def _rarity(self, word: Word) -> float:
        """Inverse document frequency over the sentences read: what stands in every sentence tells little."""
        count = sum(covered(word, line.keys) for line in self._lines)
        return math.log(1.0 + (len(self._lines) + 1) / (count + 0.5))


def instructs(sentence: str) -> bool:
    """Whether a sentence tells a model what to say. The ones of stories and manuals tell people other things."""
    return bool(_INSTRUCTS.search(sentence))


def stands(grounding: Grounding) -> bool:
    """Whether the evidence carries a claim."""
    return (
        bool(grounding.places)
        and grounding.answers
        and not grounding.unfounded
        and not grounding.contradicted
        and not grounding.unsaid
        and grounding.support >= LEAST_SUPPORT
        and grounding.novelty >= LEAST_NOVELTY
    )


def denied(said: str, place: Place) -> bool:
    """Whether a sentence says that something is not so which a text says or asks, or is so which the text denies."""
    both = {word.key for word in words(said)} & keys(place.words)
    return bool((negated(said) ^ negated(place.words)) & both)


def adds_what_is_said(grounding: Grounding) -> bool:
    """Whether all that a claim adds to the question is said by the evidence, though the claim may not stand."""
    sound = bool(grounding.places) and not grounding.unfounded and not grounding.contradicted
    return sound and grounding.answers and grounding.novelty == 1.0


def cite(places: Sequence[Place], known: Sequence[Citation]) -> tuple[tuple[int, ...], tuple[Citation, ...]]:
    """Footnotes for the places that carry a claim.

    Args:
        places: Sentences of the evidence, best first.
        known: The footnotes that the answer has already; words that are cited again keep their number.

    Returns:
        The markers, ascending, and the footnotes that are new.
    """
    numbers = {(citation.document_id, citation.start, citation.end): citation.marker for citation in known}
    new: list[Citation] = []
    markers: list[int] = []
    for place in places:
        passage, (start, end) = place.evidence.passage, place.sentence
        marker = numbers.get((passage.document_id, start, end))
        if marker is None:
            marker = len(known) + len(new) + 1
            new.append(Citation.cut(passage, start, end, marker))
        markers.append(marker)
    return tuple(sorted(markers)), tuple(new)


def strip_markers(text: str) -> str:
    """The text without ``[1]`` or ``[1, 2]``, which a model may write of its own accord."""
    return MARKER.sub("", text).strip()


def mark(claim: str, markers: Sequence[int]) -> str:
    """Put the markers of a claim before its final punctuation, as in ``Fumio Kishida [1].`` and no later."""
    notes = "".join(f"[{marker}]" for marker in markers)
    match = re.search(r"[.!?…]+[\"'”’)]*$", claim)
    if match is None:
        return f"{claim} {notes}"
    return f"{claim[: match.start()].rstrip()} {notes}{match.group()}"


def _asks_for_names(question: str) -> bool:
    """Whether an answer may have other names than the question: it asks for one, or the answer may leave some out."""
    return asks.kind(question) not in {"number", "why", "other"} or asks.asking_word(question) in {"where", "which"}


def _is_specific(word: Word) -> bool:
    return word.number or word.name


def _is_capital(word: Word) -> bool:
    """Whether a word is written as a name, or begins its sentence, where names can't be told from others."""
    return word.text[0].isupper()


def _counted(number: Word, text: str) -> frozenset[str]:
    """What stands right beside a number: what is counted, or "in" before a year."""
    found = re.search(rf"(\w+ )?(?<!\w){re.escape(number.text)}(?!\w)( [^\W\d]+)?", text)
    parts = [part.strip() for part in found.groups() if part] if found else []
    return frozenset(form for part in parts for form in (keys(part) or {part.casefold()}))


def _tells(sentence: str, asked: frozenset[str]) -> bool:
    """Whether a sentence says anything beyond the question; a heading or another question doesn't."""
    more = any(not covered(word, asked) for word in words(sentence))
    return more and not sentence.rstrip().endswith("?") and not sentence.lstrip().startswith("#")


def _share(chosen: Sequence[Word], weights: Mapping[str, float], present: frozenset[str]) -> float:
    total = sum(weights[word.key] for word in chosen)
    if not total:
        return 0.0
    return sum(weights[word.key] for word in chosen if covered(word, present)) / total
