"""Evidence features in, a calibrated confidence out: answer or refuse, and why. Pure: no model, no store, no clock."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant import asks
from assistant.calibration import Calibration
from assistant.ground import Ground, Grounding
from assistant.types import Draft

# Log-odds beyond this say nothing more: a probability of .0005 is as good as 0 for a model of this kind.
LOGIT_LIMIT = 7.5
# What a draft is taken to have where it reports none, though the verdict did: the median of those that were fitted on.
TYPICAL_LOGPROB = -0.14


@dataclass(frozen=True, slots=True)
class Features:
    """What the confidence in a claim is computed from.

    Attributes:
        stated: Whether the model says that the passages state the answer: 1 or 0, and .5 where it says neither.
        stated_logit: Log-odds of that, within ±7.5; None without log-probabilities.
        baseline_logit: The same for a question that has nothing to do with the passages: how ready the model is to say
            yes of just these, as Zhao et al. 2021 calibrate by an input without content; None likewise.
        support: The share of the claim that stands in the cited sentences, 0–1.
        unmentioned: How many names and numbers of the question the evidence says nowhere.
        uncited: How many of them the cited sentences don't say, nor what they speak of.
        strange: How many names of the claim they don't say either.
        replaced: How many names of the question the claim has others for, where it is not asked for a name.
        fits: Whether the claim says something of the kind that is asked for, such as a time where it is asked when.
        yes_no: Whether it is asked for yes or no.
        draft_logprob: The mean log-probability of the draft's tokens; None likewise.
    """

    stated: float
    stated_logit: float | None
    baseline_logit: float | None
    support: float
    unmentioned: int
    uncited: int
    strange: int
    replaced: int
    fits: bool
    yes_no: bool
    draft_logprob: float | None

    def values(self) -> Mapping[str, float]:
        """The features that are known, by name."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: float(value) for name, value in named.items() if value is not None}


def features(draft: Draft, claim: str, grounding: Grounding, ground: Ground, question: str) -> Features:
    """Describe a claim that stands, for ``confidence``."""
    stated, baseline = draft.verdict.probability, draft.verdict.baseline
    return Features(
        stated=0.5 if draft.verdict.stated is None else float(draft.verdict.stated),
        stated_logit=None if stated is None else logit(stated),
        baseline_logit=None if baseline is None else logit(baseline),
        support=grounding.support,
        unmentioned=len(ground.unmentioned(question)),
        uncited=grounding.uncited,
        strange=grounding.strange,
        replaced=grounding.replaced,
        fits=asks.fits(question, claim),
        yes_no=asks.kind(question) == "yes-no",
        draft_logprob=draft.logprob,
    )


def confidence(found: Features, calibration: Calibration) -> float:
    """The probability, 0–1, that a claim with these features answers the question rightly.

    A logistic model, of which there is a second set of coefficients for endpoints that report no log-probabilities.
    """
    values = {"draft_logprob": TYPICAL_LOGPROB, **found.values()}
    known = calibration.with_logprobs.weights.keys() <= values.keys()
    model = calibration.with_logprobs if known else calibration.without_logprobs
    score = model.intercept + sum(weight * values.get(name, 0.0) for name, weight in model.weights.items())
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, score))))


def refusal(unmentioned: Sequence[str], *, empty: bool = False, unsure: bool = False) -> str:
    """Why there is no answer, in a sentence for the reader.

    Args:
        unmentioned: Names and numbers of the question that the evidence says nowhere.
        empty: Whether there was nothing to read at all.
        unsure: Whether there was an answer, but too likely a wrong one.
    """
    if empty:
        return "Nothing in these documents has to do with this question."
    if unmentioned:
        return f"Nothing found in these documents mentions {_listed(unmentioned)}."
    if unsure:
        return "These documents don't clearly answer this."
    return "No answer to this was found in these documents."


def logit(probability: float) -> float:
    """Log-odds, within ±7.5."""
    bounded = min(max(probability, 1e-9), 1.0 - 1e-9)
    return max(-LOGIT_LIMIT, min(LOGIT_LIMIT, math.log(bounded / (1.0 - bounded))))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
