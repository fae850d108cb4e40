"""Assistants that are broken on purpose are told apart from each other, and from a good one, by their scores."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.compare import compare
from eval.core import Options, scored
from eval.outcome import Cited, Outcome, Place, Reply, Stated
from eval.result import Manifest, Result
from eval.run import Journal, run
from eval.suite import Case, Suite, find, read
from index.split import sentences
from index.types import Document

Answerer = Callable[[Case, Document], Reply]

ABOUT = Manifest(
    suite="seeds",
    suite_hash="",
    corpus_hash="",
    system="fake",
    model="none",
    model_hash="",
    prompts="",
    code="",
    settings={},
    options={},
    versions={},
    machine="",
    begun="2026-01-01T00:00:00+00:00",
    cases=0,
)


class Fake:
    """A system that answers by a function."""

    name = "fake"

    def __init__(self, suite: Suite, answer: Answerer) -> None:
        (self._document,) = suite.documents.values()
        self._answer = answer

    def retrieve(self, case: Case) -> Outcome:
        place = Place(source=self._document.source, start=0, end=len(self._document.text))
        return Outcome(case=case.id, query=case.question, passages=(place,))

    def answer(self, case: Case) -> Outcome:
        return self.retrieve(case).model_copy(update={"reply": self._answer(case, self._document)})

    def close(self) -> None:
        """Nothing is held."""


def said(text: str, confidence: float, *places: tuple[Document, int, int]) -> Reply:
    cited = tuple(
        Cited(source=document.source, start=start, end=end, marker=marker, quote=document.text[start:end])
        for marker, (document, start, end) in enumerate(places, start=1)
    )
    markers = tuple(one.marker for one in cited)
    return Reply(
        text=text, kind="answer", confidence=confidence, citations=cited, claims=(Stated(text=text, markers=markers),)
    )


def good(case: Case, document: Document) -> Reply:
    if not case.answerable:
        return Reply(text="Not said.", kind="refusal", confidence=0.1, reason="Not said.")
    return said(f"It is {case.answers[0]}.", 0.9, *((document, one.start, one.end) for one in case.evidence))


def cites_wrong_spans(case: Case, document: Document) -> Reply:
    reply = good(case, document)
    end = max((one.end for one in case.evidence), default=0)
    start = next((one.start for one in sentences(document.text) if one.start >= end), 0)
    return said(reply.text, 0.9, (document, start, start + 40)) if reply.answered else reply


def forges_quotes(case: Case, document: Document) -> Reply:
    reply = good(case, document)
    forged = tuple(one.model_copy(update={"quote": f"{one.quote}!"}) for one in reply.citations)
    return reply.model_copy(update={"citations": forged})


def always_answers(case: Case, document: Document) -> Reply:
    return good(case, document) if case.answerable else said("It is Paris.", 0.9, (document, 0, 49))


def always_refuses(case: Case, document: Document) -> Reply:
    return Reply(text="Not said.", kind="refusal", confidence=0.1, reason="Not said.")


def copies_two_sentences(case: Case, document: Document) -> Reply:
    first, second, *_ = sentences(document.text)[1:]
    return said(document.text[first.start : second.end], 0.5, (document, first.start, second.end))


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read(find("seeds"))


@pytest.fixture(scope="module")
def results(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder: Path = tmp_path_factory.mktemp("runs")
    answerers = (good, cites_wrong_spans, forges_quotes, always_answers, always_refuses, copies_two_sentences)
    return {
        answer.__name__: scored(
            suite,
            list(run(Fake(suite, answer), suite.cases, Journal(folder / f"{answer.__name__}.jsonl"))),
            ABOUT,
            Options(),
        )
        for answer in answerers
    }


def value(results: dict[str, Result], system: str, metric: str) -> float | None:
    estimate = results[system].estimates.get(metric)
    return None if estimate is None else estimate.value


def test_a_good_one_has_full_marks(results: dict[str, Result]) -> None:
    for metric in ("answered_right", "refused_right", "citation_validity", "citation_hit", "citation_f1", "refusal_f1"):
        assert value(results, "good", metric) == 1.0, metric
    assert (value(results, "good", "aurc") or 0.0) < 0.25
    assert value(results, "good", "false_refusals") == 0.0
    assert value(results, "good", "auroc") == 1.0


def test_wrong_spans_cost_the_citations_and_nothing_else(results: dict[str, Result]) -> None:
    assert value(results, "cites_wrong_spans", "answered_right") == 1.0
    assert value(results, "cites_wrong_spans", "citation_validity") == 1.0
    assert (value(results, "cites_wrong_spans", "citation_hit") or 0.0) < 0.1
    assert (value(results, "cites_wrong_spans", "citation_f1") or 0.0) < 0.1


def test_forged_quotes_are_found(results: dict[str, Result]) -> None:
    assert value(results, "forges_quotes", "citation_validity") == 0.0
    assert value(results, "forges_quotes", "citation_hit") == 0.0
    assert value(results, "forges_quotes", "answered_right") == 1.0


def test_answering_always_costs_the_refusals(results: dict[str, Result]) -> None:
    assert value(results, "always_answers", "answered_right") == 1.0
    assert value(results, "always_answers", "refused_right") == 0.0
    assert value(results, "always_answers", "refusal_recall") == 0.0
    assert value(results, "always_answers", "auroc") == 0.5
    # 40 are right and 31 wrong.
    assert value(results, "always_answers", "net_score") == pytest.approx(9 / 71)
    assert value(results, "always_answers", "coverage@5") == 0.0


def test_refusing_always_costs_the_answers(results: dict[str, Result]) -> None:
    assert value(results, "always_refuses", "answered_right") == 0.0
    assert value(results, "always_refuses", "refused_right") == 1.0
    assert value(results, "always_refuses", "false_refusals") == 1.0
    assert value(results, "always_refuses", "citation_hit") is None
    assert value(results, "always_refuses", "aurc") == 1.0
    assert value(results, "always_refuses", "net_score") == 0.0


def test_copying_is_valid_and_wrong(results: dict[str, Result]) -> None:
    assert value(results, "copies_two_sentences", "citation_validity") == 1.0
    assert (value(results, "copies_two_sentences", "answered_right") or 0.0) < 0.25
    assert value(results, "copies_two_sentences", "refused_right") == 0.0
    assert (value(results, "copies_two_sentences", "citation_f1") or 0.0) < 0.5


def test_the_comparison_says_which_is_worse_and_at_what(results: dict[str, Result]) -> None:
    names = ("answered_right", "refused_right", "citation_validity", "citation_hit")
    verdicts = {
        system: {one.metric: one.verdict for one in compare(results[system].rows, results["good"].rows, names)}
        for system in ("cites_wrong_spans", "always_answers", "copies_two_sentences", "good")
    }
    same = "no difference shown"
    assert verdicts["good"] == dict.fromkeys(names, same)
    assert verdicts["cites_wrong_spans"] == {**dict.fromkeys(names, same), "citation_hit": "worse"}
    assert verdicts["always_answers"] == {**dict.fromkeys(names, same), "refused_right": "worse"}
    assert verdicts["copies_two_sentences"]["answered_right"] == "worse"
    better = compare(results["good"].rows, results["copies_two_sentences"].rows, names)
    assert {one.metric: one.verdict for one in better}["answered_right"] == "better"
    assert all(one.p < 0.05 for one in better if one.verdict == "better")
