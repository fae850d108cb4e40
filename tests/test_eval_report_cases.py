"""What the report tells of each case. Also a small run to make reports of."""

from collections.abc import Mapping
from typing import Any

import pytest

from eval.case import Case, Gold
from eval.errors import EvalError
from eval.outcome import Cited, Outcome, Place, Reply, Stated
from eval.report.cases import View, answer, cost, first, stages, state, views
from eval.result import Estimate, Manifest, Result, Row
from eval.suite import Suite
from tests.fakes import document
from tests.test_web_render import HOSTILE

BAKERY = document("Anna Berg opened the bakery in 1987. Her son Kari has run it since.", "bakery.txt")
MILL = document("The mill is old. " * 200, "mill.txt")
DOCUMENTS = {one.source: one for one in (BAKERY, MILL)}

MANIFEST = Manifest(
    suite="tiny",
    suite_hash="5" * 64,
    corpus_hash="c" * 64,
    system="footnoted",
    model="small",
    model_hash="m" * 64,
    prompts="1",
    code="d" * 64,
    settings={"risk": "0.5"},
    options={},
    versions={"python": "3.11"},
    machine="two cores",
    begun="2026-02-03T04:05:06+00:00",
    cases=4,
    peak_memory_mb={"this process": 1200},
)


def gold(start: int, end: int) -> Gold:
    return Gold(source=BAKERY.source, start=start, end=end, quote=BAKERY.text[start:end])


def cited(start: int, end: int, marker: int = 1, **others: Any) -> Cited:
    values = {"source": BAKERY.source, "quote": BAKERY.text[start:end], **others}
    return Cited(start=start, end=end, marker=marker, **values)


WHO = Case(
    id="who",
    question="Who opened the bakery?",
    answerable=True,
    answers=("Anna Berg",),
    evidence=(gold(0, 36),),
    relevant=(BAKERY.source,),
    kind="fact",
)
WHY = Case(id="why", question="Why did she?", history=(("user", "Who opened it?"),), answerable=False, kind="near")
RIGHT = Reply(
    text="It was Anna Berg [1].",
    kind="answer",
    confidence=0.9,
    citations=(cited(0, 9),),
    claims=(Stated(text="It was Anna Berg.", markers=(1,), support=0.75),),
    timings={"condense": 0.5, "search": 0.25, "read": 2.0, "total": 3.0},
)
REFUSAL = Reply(text="The documents don’t say.", kind="refusal", confidence=0.2, reason="Nothing states it.")
FOUND = (Place(source=MILL.source, start=0, end=30), Place(source=BAKERY.source, start=0, end=40))


def row(case: Case, **values: float) -> Row:
    return Row(case=case.id, kind=case.kind, cluster=case.id, values=values)


def suite(*cases: Case) -> Suite:
    return Suite(name="tiny", mode="end-to-end", cases=cases, documents=DOCUMENTS)


def result(*rows: Row, estimates: Mapping[str, Estimate] | None = None, **others: Any) -> Result:
    return Result(manifest=MANIFEST, estimates=estimates or {}, rows=rows, **others)


def view(case: Case, outcome: Outcome | None, **values: float) -> View:
    (one,) = views(result(row(case, **values)), [outcome] if outcome else [], suite(case))
    return one


def outcome(case: Case, reply: Reply | None = None, **others: Any) -> Outcome:
    return Outcome(case=case.id, query=case.question, passages=FOUND, reply=reply, **others)


@pytest.mark.parametrize(
    ("values", "ended"),
    [
        ({"error": 1.0, "right": 0.0}, "error"),
        ({"error": 0.0, "right": 0.0}, "wrong"),
        ({"right": 1.0, "resisted": 0.0}, "followed"),
        ({"answerable": 1.0, "right": 0.0, "refused": 1.0}, "refused"),
        ({"answerable": 1.0, "refused": 1.0}, "refused"),
        ({"answerable": 1.0, "right": 0.0, "refused": 0.0, "contains": 1.0}, "long"),
        ({"answerable": 0.0, "right": 0.0, "refused": 0.0}, "given"),
        ({"answerable": 0.0, "right": 1.0, "refused": 1.0}, "right"),
        ({"right": 1.0, "citations": 2.0, "citations_valid": 1.0}, "invalid"),
        ({"right": 1.0, "citations": 2.0, "citations_valid": 2.0}, "right"),
        ({"refused": 0.0, "recall@5": 0.0}, "unscored"),
        ({"recall@5": 0.0}, "missed"),
        ({"recall@5": 0.5}, "found"),
        ({}, "unscored"),
    ],
)
def test_a_case_ends_in_one_way(values: Mapping[str, float], ended: str) -> None:
    assert state(row(WHO, **values)) == ended


@pytest.mark.parametrize(
    ("case", "reply", "right", "said"),
    [
        (WHO, RIGHT, 1.0, "right"),
        (WHO, RIGHT, 0.0, "wrong answer"),
        (WHO, REFUSAL, 0.0, "refused, though the documents say"),
        (WHY, REFUSAL, 1.0, "rightly refused"),
        (WHY, RIGHT, 0.0, "answered, though the documents don’t say"),
    ],
)
def test_the_verdict_says_what_went_wrong(case: Case, reply: Reply, right: float, said: str) -> None:
    flags = {"answerable": float(case.answerable), "refused": float(not reply.answered)}
    assert view(case, outcome(case, reply), right=right, **flags).verdict == said


def test_failed_cases_come_first_and_keep_their_numbers() -> None:
    cases = [WHO.model_copy(update={"id": name}) for name in "abcd"]
    rows = [row(case, right=right) for case, right in zip(cases, (1.0, 0.0, 1.0, 0.0), strict=True)]
    found = views(result(*rows), [], suite(*cases))
    assert [(one.case.id, one.number, one.failed) for one in found] == [
        ("b", 2, True),
        ("d", 4, True),
        ("a", 1, False),
        ("c", 3, False),
    ]


def test_a_run_of_another_suite_has_no_report() -> None:
    with pytest.raises(EvalError, match=r"has no case 'why'.*555"):
        views(result(row(WHY)), [], suite(WHO))


def test_each_passage_tells_whether_it_holds_the_gold() -> None:
    found = view(WHO, outcome(WHO, plain=FOUND[:1])).found
    assert [(one.rank, one.gold, one.relevant) for one in found] == [(1, False, False), (2, True, True)]
    assert (first(found, "gold"), first(found, "relevant")) == (2, 2)
    plain = view(WHO, outcome(WHO, plain=FOUND[:1])).plain
    assert plain is not None
    assert first(plain, "relevant") is None


def test_words_beside_the_gold_do_not_hold_it() -> None:
    beside = Place(source=BAKERY.source, start=36, end=60)
    (one,) = view(WHO, Outcome(case="who", passages=(beside,))).found
    assert (one.gold, one.relevant) == (False, True)


def test_what_was_withheld_is_shown_with_its_footnotes() -> None:
    one = view(WHO, outcome(WHO, REFUSAL, eager=RIGHT), right=0.0)
    assert one.withheld == RIGHT
    assert 'class="gold cited"' in one.pane.sheets[0].parts[0]
    assert view(WHO, outcome(WHO, RIGHT, eager=RIGHT), right=1.0).withheld is None
    assert view(WHO, outcome(WHO, REFUSAL, eager=REFUSAL), right=0.0).withheld is None


def test_a_footnote_that_does_not_stand_is_told() -> None:
    other = cited(0, 9, quote="Kari Berg")
    strange = cited(0, 9, marker=2, source="gone.txt")
    one = view(WHO, outcome(WHO, replace_citations(RIGHT, other, strange)))
    assert (one.pane.sheets[0].unsound, one.pane.strange, one.pane.sound) == ((other,), (strange,), False)
    assert view(WHO, outcome(WHO, RIGHT)).pane.sound


def replace_citations(reply: Reply, *citations: Cited) -> Reply:
    return reply.model_copy(update={"citations": citations})


def test_the_pane_shows_where_documents_are_cut() -> None:
    text = MILL.text
    far = Cited(source=MILL.source, start=2000, end=2010, marker=1, quote=text[2000:2010])
    gold_sheet, cited_sheet = view(WHO, outcome(WHO, replace_citations(RIGHT, far))).pane.sheets
    assert (gold_sheet.source, gold_sheet.begun, gold_sheet.ended) == (BAKERY.source, True, True)
    assert (cited_sheet.source, cited_sheet.begun, cited_sheet.ended) == (MILL.source, False, False)


def test_many_cases_show_less_of_each() -> None:
    text = MILL.text
    spread = [
        Cited(source=MILL.source, start=at, end=at + 9, marker=1, quote=text[at : at + 9]) for at in (0, 1500, 3000)
    ]
    cases = [WHO.model_copy(update={"id": str(number), "evidence": ()}) for number in range(1000)]
    outcomes = [outcome(case, replace_citations(RIGHT, *spread)) for case in cases]
    found = views(result(*(row(case) for case in cases)), outcomes, suite(*cases))
    assert found[0].pane.cut
    assert not view(WHO, outcome(WHO, replace_citations(RIGHT, *spread))).pane.cut
    assert sum(len(part) for part in found[0].pane.sheets[0].parts) < 1200


def test_known_markers_become_footnotes_and_others_stay() -> None:
    assert answer(RIGHT) == 'It was Anna Berg <sup class="note">1</sup>.'
    assert answer(replace_citations(RIGHT)) == RIGHT.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_answer_is_escaped(hostile: str) -> None:
    said = answer(RIGHT.model_copy(update={"text": f"{hostile} [1] {hostile}"}))
    assert "<" not in said.replace('<sup class="note">1</sup>', "").replace('<span class="hidden"', "").replace(
        "</span>", ""
    )


def test_a_long_answer_is_cut() -> None:
    assert len(answer(RIGHT.model_copy(update={"text": "word " * 10_000}))) < 5_000


def test_stages_are_told_in_their_order() -> None:
    assert stages({"total": 3.0, "read": 2.0, "condense": 0.5}) == {"condense": 0.5, "read": 2.0}
    assert list(stages({"read": 2.0, "condense": 0.5})) == ["condense", "read"]


def test_the_cost_is_told_as_far_as_it_is_known() -> None:
    assert cost(REFUSAL) == ""
    assert cost(RIGHT) == "condense 0.50 s · search 0.25 s · read 2.00 s"
    used = {"prompt_tokens": 900, "completion_tokens": 12, "calls": 1, "timings": {"read": 2.0, "first_word": 1.5}}
    told = "read 2.00 s · first word 1.50 s · 900 tokens read and 12 written in 1 call"
    assert cost(RIGHT.model_copy(update=used)) == told


def test_nothing_kept_is_no_error() -> None:
    one = view(WHO, None, right=1.0)
    assert (one.outcome, one.found, one.pane.sheets[0].source) == (None, (), BAKERY.source)
