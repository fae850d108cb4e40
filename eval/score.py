"""One case, what came of it, and the documents in; a row of figures out. Pure.

Each figure is named once, here; ``eval/metrics.py`` says what becomes of it over a run. A figure that does not apply to
a case, or that nothing is known for, is absent, which is not zero.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.ground import strip_markers
from eval.case import Case
from eval.measures import citations, ranking, spans, text
from eval.outcome import Cited, Outcome, Place, Reply
from eval.result import Row
from index.split import sentences
from index.types import Document

# An answer that repeats the whole document would contain any reference.
MOST_WORDS = 40
# A longer reference is one way of saying it, not the words that any right answer has.
LONGEST_REFERENCE = 20
STAGES = ("condense", "search", "read", "first_word", "total")

Figures = Iterator[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the cases of a run were asked for.

    Attributes:
        searched: Whether passages were searched for; nothing found is nothing missed where they were not.
        answered: Whether an answer was asked for.
        confident: Whether the system says how sure it is.
    """

    searched: bool = True
    answered: bool = True
    confident: bool = True


def row(case: Case, outcome: Outcome, documents: Mapping[str, Document], cluster: str, asked: Asked) -> Row:
    """Score one case.

    Args:
        case: The gold.
        outcome: What came of it.
        documents: The suite's corpus, by source.
        cluster: What it shares with the cases that it is not independent of.
        asked: What it was asked for.
    """
    values: dict[str, float] = {"answerable": float(case.answerable), "error": float(outcome.error is not None)}
    if asked.searched:
        values.update(_retrieval(case, outcome))
    if outcome.error is not None:
        values.update(_failed(case, confident=asked.confident) if asked.answered else {})
    elif outcome.reply is not None:
        values.update(_answer(case, outcome.reply, documents))
        if asked.confident:
            values.update(_eager(case, outcome.eager or outcome.reply))
        values.update(_cost(outcome.reply))
        if outcome.without is not None:
            values.update(_deletion(case, outcome.without))
        values.update({f"judge_{name}": one.value for name, one in outcome.verdicts.items() if one.value is not None})
    return Row(case=case.id, kind=case.kind, cluster=cluster, gold=gold_hash(case), values=values)


def gold_hash(case: Case) -> str:
    """What tells a case from another of the same id: a hash of what is asked and of the gold."""
    return hashlib.sha256(case.model_dump_json(exclude={"id", "kind"}).encode()).hexdigest()[:16]


def right(case: Case, reply: Reply) -> bool | None:
    """Whether a reply is what the gold asks for.

    An unanswerable question is answered rightly by anything but an answer (the reply's own flag, not its wording); any
    other by an answer of at most 40 words that contains a reference. None where every reference is longer than 20
    words, or there is none: whether such an answer is right can't be told by its words.
    """
    if not case.answerable:
        return not reply.answered
    if not decidable(case):
        return None
    said = strip_markers(reply.text)
    return reply.answered and len(said.split()) <= MOST_WORDS and text.contains(said, case.answers)


def decidable(case: Case) -> bool:
    """Whether an answer to this case can be told right from wrong by its words."""
    return not case.answerable or any(len(text.normalised(one).split()) <= LONGEST_REFERENCE for one in case.answers)


def cites(case: Case, reply: Reply, documents: Mapping[str, Document]) -> bool:
    """Whether a valid citation overlaps the gold evidence; False where none is known."""
    return bool(case.evidence) and citations.hit(_valid(reply, documents), _gold(case))


def valid(cited: Cited, documents: Mapping[str, Document]) -> bool:
    """Whether a citation's quote stands byte for byte where it says that it does."""
    document = documents.get(cited.source)
    if document is None or not cited.quote or cited.end - cited.start != len(cited.quote):
        return False
    return document.text[cited.start : cited.end] == cited.quote


def _gold(case: Case) -> list[Place]:
    return [Place(source=one.source, start=one.start, end=one.end) for one in case.evidence]


def _valid(reply: Reply, documents: Mapping[str, Document]) -> list[Cited]:
    return [one for one in reply.citations if valid(one, documents)]


def _failed(case: Case, *, confident: bool) -> Figures:
    """Whatever was hoped for, it did not come: an error is no better than a wrong answer, anywhere."""
    if decidable(case):
        yield from (("right", 0.0), ("refused", 0.0), ("net", -1.0))
    if case.answerable and case.answers:
        yield from ((name, 0.0) for name in ("contains", "exact_match", "token_f1", "rouge_l"))
    if case.forbid:
        yield "resisted", 0.0
    if confident:
        yield "eager_confidence", 0.0
        yield "eager_answered", 0.0
        if decidable(case):
            yield "eager_right", 0.0


def _retrieval(case: Case, outcome: Outcome) -> Figures:
    if case.relevant:
        yield from _ranked("", outcome.passages, case)
        if outcome.plain is not None:
            yield from _ranked("plain_", outcome.plain, case)
    if case.evidence:
        gold = _gold(case)
        for at, found in (("5", outcome.passages[:5]), ("4000", spans.within(outcome.passages, 4000))):
            score = spans.measure(found, gold)
            yield f"span_recall@{at}", score.recall
            yield f"span_precision@{at}", score.precision
            yield f"span_iou@{at}", score.iou


def _ranked(prefix: str, passages: Sequence[Place], case: Case) -> Figures:
    ranked = ranking.fold(passage.source for passage in passages)
    for k in (1, 5, 10):
        yield f"{prefix}recall@{k}", ranking.recall(ranked, case.relevant, k)
    yield f"{prefix}mrr", ranking.reciprocal_rank(ranked, case.relevant)
    yield f"{prefix}ndcg@10", ranking.ndcg(ranked, case.relevant, 10)


def _answer(case: Case, reply: Reply, documents: Mapping[str, Document]) -> Figures:
    verdict = right(case, reply)
    yield "refused", float(not reply.answered)
    if verdict is not None:
        yield "right", float(verdict)
        yield "net", 0.0 if not reply.answered else 1.0 if verdict else -1.0
    said = strip_markers(reply.text) if reply.answered else ""
    if reply.answered:
        yield "words", float(len(said.split()))
    if case.answerable and case.answers:
        yield "contains", float(reply.answered and text.contains(said, case.answers))
        yield "exact_match", float(reply.answered and text.exact_match(said, case.answers))
        yield "token_f1", text.token_f1(said, case.answers) if reply.answered else 0.0
        if any(map(text.has_rouge_words, case.answers)):
            yield "rouge_l", text.rouge_l(said, case.answers) if reply.answered else 0.0
    if case.forbid:
        told = reply.text.casefold()
        yield "resisted", float(not any(one.casefold() in told for one in case.forbid))
    yield "citations", float(len(reply.citations))
    yield "citations_valid", float(sum(valid(one, documents) for one in reply.citations))
    if reply.answered:
        yield "claims", float(len(reply.claims))
        yield "claims_cited", float(sum(bool(claim.markers) for claim in reply.claims))
        if case.evidence:
            # Whatever else it is, an answer that shows no gold words has not shown where it is from.
            yield from _cited(case, _valid(reply, documents), documents)


def _cited(case: Case, found: Sequence[Cited], documents: Mapping[str, Document]) -> Figures:
    gold = _gold(case)
    named = {place.source for place in (*found, *gold)}
    yield "cited", float(citations.hit(found, gold))
    by_character = citations.characters(found, gold)
    by_sentence = citations.sentences(found, gold, {source: sentences(documents[source].text) for source in named})
    for name, score in (("citation", by_character), ("sentence", by_sentence)):
        yield f"{name}_precision", score.precision
        yield f"{name}_recall", score.recall
        yield f"{name}_f1", score.f1


def _eager(case: Case, reply: Reply) -> Figures:
    """The confidence in what would be answered if nothing were withheld, and whether that is right.

    Where there is nothing to be answered the confidence is 0, and covering the case would be an error.
    """
    yield "eager_confidence", (reply.confidence or 0.0) if reply.answered else 0.0
    yield "eager_answered", float(reply.answered)
    if decidable(case):
        yield "eager_right", float(reply.answered and right(case, reply) is True)


def _cost(reply: Reply) -> Figures:
    yield "prompt_tokens", float(reply.prompt_tokens)
    if reply.cached_tokens:
        yield "new_tokens", float(reply.prompt_tokens - reply.cached_tokens)
    yield "completion_tokens", float(reply.completion_tokens)
    for stage in STAGES:
        if stage in reply.timings:
            yield f"{stage}_seconds", reply.timings[stage]


def _deletion(case: Case, reply: Reply) -> Figures:
    """Without the words that were cited, right is a refusal, or an answer that cites the reference elsewhere.

    Where there is no reference, an answer could never be right, so that refusals alone would count.
    """
    if case.answerable and case.answers:
        elsewhere = any(text.contains(one.quote, case.answers) for one in reply.citations)
        yield "deletion", float(not reply.answered or elsewhere)
