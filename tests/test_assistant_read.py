"""One call, streamed: the draft as it grows, and how sure the model was that there is nothing to say."""

import math

import pytest

from assistant import read
from assistant.llm import Delta
from assistant.types import Draft, Usage
from tests.fakes import DeltaModel, evidence

CATS = evidence("Cats sleep most of the day.")


def test_the_draft_grows_until_it_is_final() -> None:
    model = DeltaModel([Delta(" Cats"), Delta(" sleep."), Delta("", prompt_tokens=50, completion_tokens=3)])
    progress = list(read.draft(model, "What do cats do?", CATS, 20))
    assert [one.draft.text for one in progress] == ["Cats", "Cats sleep.", "Cats sleep.", "Cats sleep."]
    assert [one.final for one in progress] == [False, False, False, True]
    assert model.calls == [read.prompt("What do cats do?", CATS)]
    usage = Usage("deltas", 1, 1, 1)
    for one in progress:
        usage = one.added_to(usage)
    assert usage == Usage("deltas", 51, 4, 2)


def test_the_first_words_tell_how_likely_nothing_was() -> None:
    first = {"Not": math.log(0.25), " Not": math.log(0.125), "Cats": math.log(0.5), "Nothing": math.log(0.1)}
    deltas = [
        Delta("", alternatives={"Not": math.log(0.9)}),
        Delta("Cats", -0.7, first),
        Delta(" sleep.", -0.1, {"Not": 0.0}),
    ]
    *_, last = read.draft(DeltaModel(deltas), "What do cats do?", CATS, 20)
    assert last.draft.none_probability == pytest.approx(0.375)
    assert last.draft.mean_logprob == pytest.approx(-0.4)


def test_a_model_that_reports_no_probabilities_leaves_them_open() -> None:
    *_, last = read.draft(DeltaModel([Delta("Cats sleep.")]), "What do cats do?", CATS, 20)
    assert last.draft == Draft("Cats sleep.", None, None)


def test_a_model_that_writes_nothing_makes_an_empty_draft() -> None:
    (last,) = read.draft(DeltaModel([]), "What do cats do?", CATS, 20)
    assert last.final
    assert last.draft == Draft("")


def test_a_probability_is_at_most_one() -> None:
    assert read.none_probability({"Not": 0.0, "Not ": 0.0}) == 1.0
    assert read.none_probability({"The": 0.0}) == 0.0


@pytest.mark.parametrize(
    ("text", "declines"),
    [
        ("Not stated.", True),
        ("not stated", True),
        ("The age is not stated.", True),
        ("The age was not stated by Berg.", False),
        ("It states nothing.", False),
    ],
)
def test_a_draft_that_says_not_stated_declines(text: str, declines: bool) -> None:
    assert read.declines(text) is declines
