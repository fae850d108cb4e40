"""Questions asked of a document that is not theirs."""

import pytest

from eval.case import Case, Gold
from eval.suite import Suite, SuiteError, half
from eval.twins import with_twins
from tests.fakes import document

TEXTS = {f"d{number}.txt": f"The number of this document is {number}." for number in range(12)}


def case(number: int, *, answerable: bool = True) -> Case:
    gold = Gold(source=f"d{number}.txt", start=31, end=31 + len(str(number)), quote=str(number))
    return Case(
        id=f"c{number}",
        question="What is the number?",
        answerable=answerable,
        answers=(str(number),),
        kind="number",
        supplied=(f"d{number}.txt",),
        evidence=(gold,) if answerable else (),
    )


def suite(*cases: Case, mode: str = "supplied") -> Suite:
    documents = {source: document(text, source) for source, text in TEXTS.items()}
    return Suite(name="numbers", mode=mode, cases=cases, documents=documents)  # type: ignore[arg-type]


def test_a_twin_asks_the_same_of_a_document_beside_it_that_has_no_answer() -> None:
    twinned = with_twins(suite(case(5)), 2)
    (original,) = [one for one in twinned.cases if one.id == "c5"]
    twins = [one for one in twinned.cases if one.id != "c5"]
    assert original == case(5)
    assert len(twins) == len({one.supplied for one in twins}) == 2
    for twin in twins:
        assert (twin.question, twin.kind, twin.answerable) == ("What is the number?", "twin", False)
        assert (twin.answers, twin.evidence, twin.relevant) == ((), (), ())
        assert twin.id == f"c5/{twin.supplied[0]}"
        assert "5" not in TEXTS[twin.supplied[0]]
        assert half(twin) == half(case(5))


def test_all_that_is_asked_of_one_document_follows_one_another() -> None:
    twinned = with_twins(suite(case(7), case(2), case(5, answerable=False)), 3)
    read = [one.supplied[0] for one in twinned.cases]
    assert len([one for place, one in enumerate(read) if place == 0 or read[place - 1] != one]) == len(set(read))
    assert not [one.id for one in twinned.cases if one.id.startswith("c5/")]
    assert len({one.id for one in twinned.cases}) == len(twinned.cases)


def test_a_document_that_holds_the_answer_is_no_twin() -> None:
    same = suite(case(5)).model_copy(update={"documents": {s: document("It is 5.", s) for s in TEXTS}})
    assert with_twins(same, 6).cases == (case(5),)


def test_what_is_searched_has_no_twins() -> None:
    with pytest.raises(SuiteError, match="numbers is searched"):
        with_twins(suite(case(1), mode="end-to-end"), 1)
