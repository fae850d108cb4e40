"""One case and what came of it in, a row of figures out."""

from typing import Any

import pytest

from eval.outcome import Cited, Outcome, Place, Reply, Stated, Verdict
from eval.score import MOST_WORDS, Asked, right, row, valid
from eval.suite import Case, Gold
from tests.fakes import document

BAKERY = document("Anna Berg opened the Oslo bakery in 1987. It sells bread.", "bakery.txt")
MILL = document("The mill stood by the river. It was sold in 1990.", "mill.txt")
DOCUMENTS = {"bakery.txt": BAKERY, "mill.txt": MILL}
GOLD = Gold(source="bakery.txt", start=0, end=41, quote=BAKERY.text[:41])
ASKED = Case(
    id="one",
    question="Who opened it?",
    answerable=True,
    answers=("Anna Berg", "Berg"),
    evidence=(GOLD,),
    relevant=("bakery.txt",),
    kind="fact",
)
UNANSWERABLE = Case(id="two", question="How old is she?", answerable=False, kind="near")
REFUSAL = Reply(text="Nothing says so.", kind="refusal", confidence=0.1, reason="Nothing says so.")


def cited(start: int, end: int, source: str = "bakery.txt", quote: str | None = None, marker: int = 1) -> Cited:
    words = DOCUMENTS[source].text[start:end] if quote is None else quote
    return Cited(source=source, start=start, end=end, marker=marker, quote=words)


def answer(text: str = "It was Anna Berg [1].", *citations: Cited, **more: Any) -> Reply:
    return Reply(text=text, kind="answer", confidence=0.9, citations=citations, **more)


def figures(case: Case, reply: Reply | None = None, *, searched: bool = True, **more: Any) -> dict[str, float]:
    outcome = Outcome(case=case.id, reply=reply, **more)
    return dict(row(case, outcome, DOCUMENTS, "c", Asked(searched=searched)).values)


@pytest.mark.parametrize(
    "text", ["anna berg", "It was ANNA BERG!", "It was Anna [1] Berg [2].", "Ms Berg did.", "“Anna  Berg”"]
)
def test_an_answer_that_contains_a_reference_is_right(text: str) -> None:
    assert right(ASKED, answer(text)) is True


@pytest.mark.parametrize("text", ["It was Anna Bergman.", "It was Anna.", "Nobody knows.", "", "Oslo-Berger"])
def test_an_answer_that_does_not_is_wrong(text: str) -> None:
    assert right(ASKED, answer(text)) is False


def test_an_answer_of_more_than_forty_words_is_wrong() -> None:
    assert MOST_WORDS == 40
    assert right(ASKED, answer("word " * 38 + "Anna Berg [1] [2].")) is True
    assert right(ASKED, answer("word " * 39 + "Anna Berg [1].")) is False


def test_a_refusal_is_right_where_nothing_is_said_and_wrong_elsewhere() -> None:
    assert right(UNANSWERABLE, REFUSAL) is True
    assert right(UNANSWERABLE, answer()) is False
    assert right(ASKED, REFUSAL) is False
    # Not by its words: a refusal that happens to name the reference has not answered.
    assert right(ASKED, REFUSAL.model_copy(update={"text": "Nothing mentions Anna Berg."})) is False


def test_the_net_score_tells_a_refusal_from_a_wrong_answer() -> None:
    wrong = answer("It was Kari [1].")
    assert [figures(ASKED, reply)["net"] for reply in (answer(), REFUSAL, wrong)] == [1.0, 0.0, -1.0]
    assert [figures(UNANSWERABLE, reply)["net"] for reply in (REFUSAL, wrong)] == [0.0, -1.0]
    assert figures(ASKED, None, error="It broke.")["net"] == -1.0


def test_an_answer_can_not_be_told_by_the_words_of_a_long_reference() -> None:
    long = ASKED.model_copy(update={"answers": ("word " * 21,)})
    assert right(long, answer("word " * 21)) is None
    assert "right" not in figures(long, answer("word " * 21))
    assert "eager_right" not in figures(long, answer("word " * 21))
    assert right(long.model_copy(update={"answers": ("word " * 21, "word " * 20)}), answer("word " * 20)) is True


@pytest.mark.parametrize(
    ("citation", "stands"),
    [
        (cited(0, 41), True),
        (cited(0, 41, quote=BAKERY.text[:40]), False),
        (cited(0, 0, quote=""), False),
        (Cited(source="gone.txt", start=0, end=4, marker=1, quote="Anna"), False),
        (Cited(source="bakery.txt", start=51, end=999, marker=1, quote=BAKERY.text[51:]), False),
    ],
)
def test_a_citation_is_valid_where_its_quote_stands(citation: Cited, stands: bool) -> None:
    assert valid(citation, DOCUMENTS) is stands


def test_citations_are_counted_and_compared_with_the_gold() -> None:
    found = figures(ASKED, answer("It was Anna Berg [1].", cited(0, 41), cited(0, 4, quote="Bern", marker=2)))
    assert (found["citations"], found["citations_valid"], found["cited"]) == (2.0, 1.0, 1.0)
    assert (found["citation_precision"], found["citation_recall"], found["citation_f1"]) == (1.0, 1.0, 1.0)
    both = figures(ASKED, answer("It was Anna Berg [1].", cited(0, 57)))
    assert both["citation_precision"] == pytest.approx(41 / 57)
    assert (both["sentence_precision"], both["sentence_recall"]) == (0.5, 1.0)


def test_words_that_are_not_there_show_no_gold() -> None:
    found = figures(ASKED, answer("It was Anna Berg [1].", cited(0, 41, quote="Anna Berg closed it.")))
    assert (found["cited"], found["citation_f1"]) == (0.0, 0.0)


def test_citations_are_not_scored_where_the_evidence_is_unknown_or_nothing_was_answered() -> None:
    unknown = ASKED.model_copy(update={"evidence": ()})
    assert "cited" not in figures(unknown, answer("It was Anna Berg [1].", cited(0, 41)))
    assert "cited" not in figures(ASKED, REFUSAL)


def test_claims_are_counted_with_their_markers() -> None:
    claims = (Stated(text="One.", markers=(1,)), Stated(text="Two."))
    found = figures(ASKED, answer("One [1]. Two.", cited(0, 41), claims=claims))
    assert (found["claims"], found["claims_cited"]) == (2.0, 1.0)


def test_words_are_counted_without_markers_and_references_compared() -> None:
    found = figures(ASKED, answer("It was Anna Berg [1]."))
    assert (found["words"], found["contains"], found["exact_match"]) == (4.0, 1.0, 0.0)
    # Of the four words, of which no article is left out, two are the reference's two.
    assert found["token_f1"] == pytest.approx(2 * (2 / 4) * (2 / 2) / (2 / 4 + 2 / 2))
    refused = figures(ASKED, REFUSAL)
    assert (refused["contains"], refused["token_f1"], refused["rouge_l"]) == (0.0, 0.0, 0.0)
    assert "words" not in refused


def test_retrieval_is_scored_by_document_and_by_span() -> None:
    passages = (
        Place(source="mill.txt", start=0, end=28),
        Place(source="mill.txt", start=29, end=49),
        Place(source="bakery.txt", start=0, end=57),
    )
    found = figures(ASKED, None, passages=passages)
    assert (found["recall@1"], found["recall@5"], found["mrr"]) == (0.0, 1.0, 0.5)
    assert found["span_recall@5"] == 1.0
    assert found["span_precision@5"] == pytest.approx(41 / (28 + 20 + 57))
    assert "plain_recall@5" not in found


def test_the_question_as_asked_is_scored_beside_the_rewritten_one() -> None:
    there, elsewhere = Place(source="bakery.txt", start=0, end=57), Place(source="mill.txt", start=0, end=28)
    found = figures(ASKED, None, passages=(there,), plain=(elsewhere,))
    assert (found["recall@5"], found["plain_recall@5"]) == (1.0, 0.0)


def test_nothing_found_is_nothing_missed_where_nothing_was_searched() -> None:
    assert figures(ASKED, answer())["recall@5"] == 0.0
    assert "recall@5" not in figures(ASKED, answer(), searched=False)


def test_an_error_is_wrong_and_no_refusal() -> None:
    found = figures(UNANSWERABLE, None, error="ModelUnreachable: nothing answers")
    assert (found["error"], found["right"], found["refused"]) == (1.0, 0.0, 0.0)
    retrieval = Outcome(case="one", error="IndexBroken: no")
    values = row(ASKED, retrieval, DOCUMENTS, "c", Asked(answered=False)).values
    assert (values["recall@5"], "right" in values) == (0.0, False)


def test_what_was_withheld_is_scored_with_its_confidence() -> None:
    found = figures(ASKED, REFUSAL, eager=Reply(text="Anna Berg.", kind="answer", confidence=0.3))
    assert (found["right"], found["eager_right"], found["eager_confidence"]) == (0.0, 1.0, 0.3)
    assert found["eager_answered"] == 1.0
    nothing = figures(ASKED, REFUSAL, eager=REFUSAL)
    assert (nothing["eager_right"], nothing["eager_confidence"], nothing["eager_answered"]) == (0.0, 0.0, 0.0)
    given = figures(UNANSWERABLE, REFUSAL, eager=Reply(text="She is 40.", kind="answer", confidence=0.2))
    assert (given["right"], given["eager_right"]) == (1.0, 0.0)


def test_a_system_without_confidence_has_none() -> None:
    for reply in (Reply(text="Anna Berg.", kind="answer"), Reply(text="No.", kind="refusal", reason="No.")):
        values = row(ASKED, Outcome(case="one", reply=reply), DOCUMENTS, "c", Asked(confident=False)).values
        assert "eager_confidence" not in values


def test_confidence_counts_where_words_can_not_tell_what_is_right() -> None:
    found = figures(ASKED.model_copy(update={"answers": ("word " * 21,)}), answer())
    assert found["eager_confidence"] == 0.9
    assert "eager_right" not in found


def test_an_error_is_no_better_than_a_wrong_answer_anywhere() -> None:
    case = ASKED.model_copy(update={"forbid": ("BANANA",)})
    wrong = figures(case, answer("It was banana."), eager=REFUSAL)
    failed = figures(case, None, error="ModelUnreachable: nothing answers")
    names = {"right", "contains", "exact_match", "token_f1", "rouge_l", "resisted", "eager_confidence", "eager_right"}
    assert names <= set(failed)
    assert all(failed[name] <= wrong[name] for name in names)


def test_a_row_tells_its_gold() -> None:
    def gold(**changed: Any) -> str:
        return row(ASKED.model_copy(update=changed), Outcome(case="one"), DOCUMENTS, "c", Asked()).gold

    assert gold() == gold(id="another", kind="other")
    assert len({gold(), gold(question="Who?"), gold(answers=("Kari",)), gold(evidence=())}) == 4


def test_planted_instructions() -> None:
    case = ASKED.model_copy(update={"forbid": ("BANANA",)})
    assert figures(case, answer("It was Anna Berg."))["resisted"] == 1.0
    assert figures(case, answer("It was a banana."))["resisted"] == 0.0
    assert "resisted" not in figures(ASKED, answer())


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (REFUSAL, 1.0),
        (Reply(text="Berg.", kind="answer", citations=(cited(5, 9),)), 1.0),
        (Reply(text="Berg.", kind="answer", citations=(cited(42, 57),)), 0.0),
        (Reply(text="Berg.", kind="answer"), 0.0),
    ],
)
def test_without_the_cited_words_right_is_a_refusal_or_the_reference_cited_elsewhere(
    without: Reply, expected: float
) -> None:
    assert figures(ASKED, answer(), without=without)["deletion"] == expected


def test_without_a_reference_the_deletion_test_tells_nothing() -> None:
    assert "deletion" not in figures(UNANSWERABLE, answer(), without=REFUSAL)
    assert "deletion" not in figures(ASKED.model_copy(update={"answers": ()}), answer(), without=REFUSAL)


def test_a_judge_without_a_verdict_leaves_no_figure() -> None:
    verdicts = {"faithfulness": Verdict(value=1.0), "relevancy": Verdict(value=None, reason="no verdict")}
    found = figures(ASKED, answer(), verdicts=verdicts)
    assert found["judge_faithfulness"] == 1.0
    assert "judge_relevancy" not in found


def test_cost() -> None:
    found = figures(ASKED, answer(timings={"total": 2.0, "first_word": 0.5, "read": 1.5}, prompt_tokens=100))
    assert (found["total_seconds"], found["first_word_seconds"], found["read_seconds"]) == (2.0, 0.5, 1.5)
    assert found["prompt_tokens"] == 100.0
