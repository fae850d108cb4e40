"""Asking a suite's cases, one after the other."""

from pathlib import Path

import pytest

from assistant import llm
from assistant.core import Assistant
from assistant.errors import ModelUnreachable
from assistant.settings import Settings
from eval.run import run
from eval.suite import Case, Suite, find, read
from index import Index
from tests.fakes import Breaks, ScriptedLLM, document

OPEN = Settings(threshold=0.0)


def over(article: Index, *replies: str | Breaks | Exception) -> Assistant:
    return Assistant(article, llm.wrap(ScriptedLLM(replies)), OPEN)


@pytest.fixture(scope="module")
def seeds() -> Suite:
    return read(find("seeds"))


def named(suite: Suite, *names: str) -> list[Case]:
    return [case for case in suite.cases if case.id in names]


def test_cases_are_asked_in_order_and_scored(article: Index, seeds: Suite) -> None:
    cases = named(seeds, "fact-01", "fact-05")
    replies = ("The foreign minister is Fumio Kishida.", "The rules were last revised in 2015.")
    first, second = run(seeds, cases, over(article, *replies))
    assert (first.case.id, first.right, first.cited, first.valid, first.error) == ("fact-01", True, True, True, None)
    assert first.answer is not None
    assert first.answer.answered
    assert first.seconds >= (first.first_word or 0.0) > 0.0
    assert (second.case.id, second.right, second.cited) == ("fact-05", False, None)


def test_a_case_is_asked_with_its_history(article: Index, seeds: Suite) -> None:
    (case,) = [case for case in seeds.cases if case.kind == "follow-up"][:1]
    writer = ScriptedLLM(["Not stated."] * 2)
    list(run(seeds, [case], Assistant(article, llm.wrap(writer), OPEN)))
    assert case.history[0][1] in writer.prompt(0) or case.history[0][1] in writer.prompt(-1)


def test_an_error_is_a_row_and_not_the_end(article: Index, seeds: Suite) -> None:
    cases = named(seeds, "fact-01", "fact-02")
    broken = ModelUnreachable("nothing answers")
    first, second = run(seeds, cases, over(article, broken, "The American Defence Secretary is Ashton Carter."))
    assert (first.right, first.error) == (False, "ModelUnreachable: nothing answers")
    assert (second.right, second.error) == (True, None)


def test_whatever_goes_wrong_is_a_row(article: Index, seeds: Suite) -> None:
    (one,) = run(seeds, named(seeds, "fact-01"), over(article, ZeroDivisionError("by zero")))
    assert (one.right, one.error) == (False, "ZeroDivisionError: by zero")


def test_in_supplied_mode_only_what_a_case_names_is_read(tmp_path: Path) -> None:
    cats, dogs = document("Cats purr when content.", "cats.txt"), document("Dogs bark at strangers.", "dogs.txt")
    case = Case(
        id="cats",
        question="When do cats purr?",
        answerable=True,
        answers=("content",),
        kind="fact",
        supplied=("cats.txt",),
    )
    suite = Suite(name="pets", mode="supplied", cases=(case,), documents={"cats.txt": cats, "dogs.txt": dogs})
    writer = ScriptedLLM(["Cats purr when content."])
    with Index.open(tmp_path) as empty:
        (one,) = run(suite, suite.cases, Assistant(empty, llm.wrap(writer), OPEN))
    assert (one.right, one.valid) == (True, True)
    assert "Cats purr" in writer.prompt()
    assert "Dogs bark" not in writer.prompt()
