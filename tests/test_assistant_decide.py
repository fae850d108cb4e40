"""Evidence in, confidence out; and why there is no answer."""

import dataclasses
import json
import math
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import decide
from assistant.decide import Features
from assistant.ground import Ground
from assistant.types import Draft
from tests.fakes import evidence

SHARE = st.floats(0, 1)
FEATURES = st.builds(
    Features,
    none_logit=st.none() | st.floats(-7.5, 7.5),
    support=SHARE,
    mentions=SHARE,
    about=SHARE,
    unmentioned=st.integers(0, 50),
)
GOOD = Features(none_logit=-5.0, support=1.0, mentions=1.0, about=1.0, unmentioned=0)
BLIND = dataclasses.replace(GOOD, none_logit=None)


@given(FEATURES)
def test_a_confidence_is_a_probability(found: Features) -> None:
    assert 0.0 <= decide.confidence(found) <= 1.0


@given(FEATURES.filter(lambda found: found.none_logit is not None), st.floats(0.1, 7.0))
def test_confidence_falls_as_the_model_leans_to_not_stated(found: Features, more: float) -> None:
    surer = dataclasses.replace(found, none_logit=min(7.5, (found.none_logit or 0.0) + more))
    assert decide.confidence(surer) <= decide.confidence(found)


@pytest.mark.parametrize("found", [GOOD, BLIND])
def test_names_that_are_said_nowhere_lower_the_confidence(found: Features) -> None:
    named = [decide.confidence(dataclasses.replace(found, unmentioned=count)) for count in range(4)]
    assert named[0] > named[1] > named[2] > named[3]


def test_a_model_that_leans_to_not_stated_is_not_trusted() -> None:
    assert decide.confidence(dataclasses.replace(GOOD, none_logit=4.0)) < 0.5 < decide.confidence(GOOD)


def test_without_log_probabilities_there_is_a_confidence_too() -> None:
    assert decide.confidence(BLIND) > 0.5
    assert set(BLIND.values()) == {"support", "mentions", "about", "unmentioned"}


def test_every_coefficient_is_one_of_a_feature() -> None:
    fitted = json.loads((files("assistant") / decide.COEFFICIENTS).read_text("utf-8"))
    for name in ("with_logprobs", "without_logprobs"):
        assert set(fitted[name]["weights"]) <= set(GOOD.values())
    assert "none_logit" not in fitted["without_logprobs"]["weights"]


def test_features_say_what_is_known_of_a_claim() -> None:
    ground = Ground(evidence("Anna Berg opened the Oslo bakery in 1987. It sells bread."))
    question = "When did Kari open the bakery?"
    grounding = ground.verify("It opened in 1987.", question)
    found = decide.features(Draft("It opened in 1987.", 0.5, -0.25), grounding, ground, question)
    assert found.none_logit == pytest.approx(0.0)
    assert found.support == grounding.support
    assert found.unmentioned == 1
    assert 0.0 < found.mentions < 1.0
    assert found.about == ground.about(question, grounding.places)
    assert decide.features(Draft("It opened in 1987."), grounding, ground, question).none_logit is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_log_odds_are_bounded_and_in_order(one: float, other: float) -> None:
    assert abs(decide.logit(one)) <= decide.LOGIT_LIMIT
    assert (decide.logit(one) <= decide.logit(other)) or one > other
    assert math.isclose(decide.logit(one), -decide.logit(1 - one), abs_tol=1e-6)


def test_a_refusal_says_why() -> None:
    assert decide.refusal(["France"]) == "Nothing found in these documents mentions France."
    assert decide.refusal(["France", "Spain", "1950"]).endswith("mentions France, Spain or 1950.")
    silent, empty = decide.refusal([]), decide.refusal([], empty=True)
    assert "no passage found states the answer" in silent
    assert len({silent, empty, decide.refusal(["France"])}) == 3
    assert decide.refusal(["France"], empty=True) == empty
