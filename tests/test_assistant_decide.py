"""Evidence in, confidence out; and why there is no answer."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import calibration, decide
from assistant.calibration import Logistic
from assistant.decide import Features
from assistant.ground import Ground
from assistant.types import Draft, Verdict
from tests.fakes import evidence

SHARE = st.floats(0, 1)
FEATURES = st.builds(
    Features,
    stated=st.sampled_from([0.0, 1.0]),
    stated_logit=st.none() | st.floats(-7.5, 7.5),
    baseline_logit=st.none() | st.floats(-7.5, 7.5),
    support=SHARE,
    unmentioned=st.integers(0, 50),
    uncited=st.integers(0, 50),
    strange=st.integers(0, 50),
    replaced=st.integers(0, 50),
    fits=st.booleans(),
    yes_no=st.booleans(),
    draft_logprob=st.none() | st.floats(-20, 0),
)
GOOD = Features(
    stated=1.0,
    stated_logit=3.0,
    baseline_logit=0.0,
    support=1.0,
    unmentioned=0,
    uncited=0,
    strange=0,
    replaced=0,
    fits=True,
    yes_no=False,
    draft_logprob=-0.1,
)
SHIPPED = calibration.of("")


def confidence(found: Features) -> float:
    return decide.confidence(found, SHIPPED)


BLIND = dataclasses.replace(GOOD, stated_logit=None, baseline_logit=None, draft_logprob=None)


@given(FEATURES)
def test_a_confidence_is_a_probability(found: Features) -> None:
    assert 0.0 <= confidence(found) <= 1.0


@given(FEATURES.filter(lambda found: found.stated_logit is not None), st.floats(0.1, 7.0))
def test_confidence_rises_as_the_model_leans_to_stated(found: Features, more: float) -> None:
    surer = dataclasses.replace(found, stated_logit=min(7.5, (found.stated_logit or 0.0) + more))
    assert confidence(surer) >= confidence(found)


def test_a_model_that_says_yes_to_anything_is_less_trusted() -> None:
    assert confidence(dataclasses.replace(GOOD, baseline_logit=3.0)) < confidence(GOOD)


@pytest.mark.parametrize("found", [GOOD, BLIND])
def test_a_model_that_says_no_is_less_trusted(found: Features) -> None:
    says_no = dataclasses.replace(found, stated=0.0, stated_logit=None if found.stated_logit is None else -3.0)
    assert confidence(says_no) < confidence(found)


@pytest.mark.parametrize("found", [GOOD, BLIND])
def test_names_that_are_said_nowhere_lower_the_confidence(found: Features) -> None:
    # What is said nowhere is not said by the cited sentences either.
    named = [confidence(dataclasses.replace(found, unmentioned=count, uncited=count)) for count in range(4)]
    assert named[0] > named[1] > named[2] > named[3]


@pytest.mark.parametrize("found", [GOOD, BLIND])
def test_what_is_not_of_the_kind_that_is_asked_for_is_less_trusted(found: Features) -> None:
    assert confidence(dataclasses.replace(found, fits=False)) < confidence(found)


@pytest.mark.parametrize("found", [GOOD, BLIND])
def test_names_that_are_not_those_of_the_question_lower_the_confidence(found: Features) -> None:
    assert confidence(dataclasses.replace(found, uncited=1, replaced=1)) < confidence(found)


def test_a_model_that_leans_to_no_is_not_trusted() -> None:
    assert confidence(dataclasses.replace(GOOD, stated_logit=-4.0)) < 0.5 < confidence(GOOD)


def test_a_draft_without_a_log_probability_is_taken_for_one_like_others() -> None:
    sure, unsure, unknown = (dataclasses.replace(GOOD, draft_logprob=value) for value in (-0.01, -1.0, None))
    assert confidence(unsure) < confidence(unknown) < confidence(sure)


def test_without_log_probabilities_there_is_a_confidence_too() -> None:
    assert confidence(BLIND) > 0.5
    unknown = {"stated_logit", "baseline_logit", "draft_logprob"}
    assert set(BLIND.values()) == {field.name for field in dataclasses.fields(Features)} - unknown


def test_a_model_that_was_fitted_without_a_baseline_needs_none() -> None:
    weights = {"stated_logit": 1.0}
    taught = SHIPPED.model_copy(update={"with_logprobs": Logistic(intercept=0.0, weights=weights)})
    alone = dataclasses.replace(GOOD, baseline_logit=None)
    assert decide.confidence(alone, taught) == pytest.approx(1 / (1 + math.exp(-3.0)))
    assert decide.confidence(BLIND, taught) == confidence(BLIND)


def test_every_coefficient_is_one_of_a_feature() -> None:
    assert set(SHIPPED.with_logprobs.weights) <= set(GOOD.values())
    assert set(SHIPPED.without_logprobs.weights) <= set(BLIND.values())


def test_features_say_what_is_known_of_a_claim() -> None:
    ground = Ground(evidence("Anna Berg opened the Oslo bakery in 1987. It sells bread."))
    question = "When did Kari open the bakery?"
    grounding = ground.verify("It opened in 1987.", question)
    found = decide.features(
        Draft("It opened in 1987.", Verdict(True, 0.5, 0.2), -0.25), "It opened in 1987.", grounding, ground, question
    )
    assert found.stated == 1.0
    assert found.stated_logit == pytest.approx(0.0)
    assert found.baseline_logit == pytest.approx(math.log(0.25))
    assert found.support == grounding.support
    assert found.unmentioned == 1
    assert (found.uncited, found.strange, found.replaced) == (1, 0, 0)
    assert (found.fits, found.yes_no, found.draft_logprob) == (True, False, -0.25)
    blind = decide.features(
        Draft("It opened in 1987.", Verdict(False)), "It opened in 1987.", grounding, ground, question
    )
    assert (blind.stated, blind.stated_logit) == (0.0, None)


@given(st.floats(0, 1), st.floats(0, 1))
def test_log_odds_are_bounded_and_in_order(one: float, other: float) -> None:
    assert abs(decide.logit(one)) <= decide.LOGIT_LIMIT
    assert (decide.logit(one) <= decide.logit(other)) or one > other
    assert math.isclose(decide.logit(one), -decide.logit(1 - one), abs_tol=1e-6)


def test_a_refusal_says_why() -> None:
    assert decide.refusal(["France"]) == "Nothing found in these documents mentions France."
    assert decide.refusal(["France", "Spain", "1950"]).endswith("mentions France, Spain or 1950.")
    silent, empty = decide.refusal([]), decide.refusal([], empty=True)
    assert "No answer to this was found" in silent
    assert len({silent, empty, decide.refusal(["France"])}) == 3
    assert decide.refusal(["France"], empty=True) == empty
    assert decide.refusal([], unsure=True) == "These documents don't clearly answer this."
