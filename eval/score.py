"""Answers and gold in, scores out. Pure."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from assistant.ground import strip_markers
from assistant.types import Answer, Citation
from eval.suite import Case, Gold
from index.types import Document

# An answer that repeats the whole document would contain any reference.
MOST_WORDS = 40

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "’‘“”")


@dataclass(frozen=True, slots=True)
class Scored:
    """One case, asked and scored.

    Attributes:
        case: The gold.
        answer: What came; None where an error did.
        right: Whether it was answered rightly, or rightly refused.
        cited: Whether a citation overlaps the gold evidence; None where nothing was answered or no gold is given.
        invalid: How many citations don't stand byte for byte in their document.
        seconds: How long it took.
        first_word: Seconds to the first word that stays, None for a refusal.
        error: What went wrong, else None. An error is never right.
    """

    case: Case
    answer: Answer | None
    right: bool
    cited: bool | None
    invalid: int
    seconds: float
    first_word: float | None
    error: str | None = None

    @property
    def valid(self) -> bool:
        """Whether every citation stands."""
        return not self.invalid


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of a suite comes to; shares are 0–1, None where no case counts.

    Attributes:
        cases: How many were asked.
        answered_right: The share of the answerable cases that were answered rightly.
        refused_right: The share of the other cases that were refused.
        citations: How many citations there were.
        citations_valid: The share of citations that stand byte for byte in their document.
        citations_hit: The share of answers with known evidence of which a citation overlaps it.
        seconds: The median, in seconds.
        first_word: The median over answers of the time to the first word that stays, in seconds.
        errors: How many cases ended in an error.
    """

    cases: int
    answered_right: float | None
    refused_right: float | None
    citations: int
    citations_valid: float | None
    citations_hit: float | None
    seconds: float | None
    first_word: float | None
    errors: int


def score(case: Case, answer: Answer, documents: Mapping[str, Document], seconds: float) -> Scored:
    """Score one answer.

    Args:
        case: The gold.
        answer: What came.
        documents: The documents cited, by id.
        seconds: How long it took.
    """
    return Scored(
        case=case,
        answer=answer,
        right=_right(case, answer),
        cited=_overlaps(answer.citations, case.evidence) if answer.answered and case.evidence else None,
        invalid=sum(not valid(citation, documents) for citation in answer.citations),
        seconds=seconds,
        first_word=answer.timings.get("first_word"),
    )


def failed(case: Case, error: str, seconds: float) -> Scored:
    """A case that ended in an error."""
    return Scored(case, None, right=False, cited=None, invalid=0, seconds=seconds, first_word=None, error=error)


def contains(text: str, references: Iterable[str]) -> bool:
    """Whether a reference occurs in the text, both normalised as SQuAD's script does (Rajpurkar et al. 2016)."""
    said = f" {normalised(text)} "
    wanted = filter(None, map(normalised, references))
    return any(f" {one} " in said for one in wanted)


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and surplus white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def valid(citation: Citation, documents: Mapping[str, Document]) -> bool:
    """Whether a citation's quote stands byte for byte where it says."""
    document = documents.get(citation.document_id)
    return document is not None and citation.verify(document)


def summarise(scored: Sequence[Scored]) -> Summary:
    """What the cases come to together."""
    answers = [one.answer for one in scored if one.answer is not None]
    first_words = [one.first_word for one in scored if one.first_word is not None]
    citations = sum(len(answer.citations) for answer in answers)
    invalid = sum(one.invalid for one in scored)
    return Summary(
        cases=len(scored),
        answered_right=_share(one.right for one in scored if one.case.answerable),
        refused_right=_share(one.right for one in scored if not one.case.answerable),
        citations=citations,
        citations_valid=1.0 - invalid / citations if citations else None,
        citations_hit=_share(one.cited for one in scored if one.cited is not None),
        seconds=median(one.seconds for one in scored) if scored else None,
        first_word=median(first_words) if first_words else None,
        errors=sum(one.error is not None for one in scored),
    )


def _right(case: Case, answer: Answer) -> bool:
    if not case.answerable:
        return not answer.answered
    text = strip_markers(answer.text)
    return answer.answered and len(text.split()) <= MOST_WORDS and contains(text, case.answers)


def _overlaps(citations: Iterable[Citation], evidence: Sequence[Gold]) -> bool:
    return any(
        citation.source == gold.source and citation.start < gold.end and gold.start < citation.end
        for citation in citations
        for gold in evidence
    )


def _share(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
