"""Whether a confidence tells right from wrong, and whether it means what it says. Knows neither questions nor answers.

Cases with equal confidence can't be told apart by it, so no figure depends on the order in which cases are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# Arrays as well as lists: intervals draw cases from arrays thousands of times.
Numbers: TypeAlias = Sequence[float] | NDArray[np.float64]
Flags: TypeAlias = Sequence[bool] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of accepting every case of at least some confidence.

    Attributes:
        coverage: The share of cases accepted, above 0 and up to 1.
        risk: The share of the accepted that are wrong, 0–1.
        confidence: The least that is accepted.
    """

    coverage: float
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of similar confidence.

    Attributes:
        low: The lowest confidence among them.
        high: The highest.
        mean_confidence: How often they should be right, 0–1.
        accuracy: How often they are, 0–1.
        count: How many there are, at least 1.
    """

    low: float
    high: float
    mean_confidence: float
    accuracy: float
    count: int

    @property
    def gap(self) -> float:
        """How much more confident than right they are, -1…1."""
        return self.mean_confidence - self.accuracy


@dataclass(frozen=True, slots=True)
class _Ties:
    """Cases by confidence, the most confident first: for each confidence how many there are, and how many wrong."""

    confidences: NDArray[np.float64]
    counts: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @property
    def accepted(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts)

    @property
    def risks(self) -> NDArray[np.float64]:
        return np.cumsum(self.wrong) / self.accepted


def auroc(scores: Numbers, positive: Flags) -> float | None:
    """The probability that a positive case scores higher than a negative one; ties count half.

    The area under the ROC curve (Hanley & McNeil 1982), from midranks (Mann–Whitney).

    Args:
        scores: By case.
        positive: By case.

    Returns:
        0–1, 0.5 for scores that say nothing; None where no case is positive, or none negative.
    """
    values, outcomes = _arrays(scores, positive)
    positives = int(outcomes.sum())
    negatives = len(outcomes) - positives
    if not positives or not negatives:
        return None
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    midranks = np.cumsum(counts) - (counts - 1) / 2
    above = float(midranks[group] @ outcomes) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def risk_coverage(confidences: Numbers, right: Flags) -> list[Point]:
    """The risk-coverage curve: cases are accepted by falling confidence, those of equal confidence together.

    Selective risk is the share of the accepted that are wrong (El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017).

    Args:
        confidences: By case.
        right: By case, whether what was said, or would have been, is right.

    Returns:
        A point for each confidence, by rising coverage; none for no cases.
    """
    ties = _ties(confidences, right)
    return [
        Point(coverage=int(accepted) / len(right), risk=float(risk), confidence=float(confidence))
        for accepted, risk, confidence in zip(ties.accepted, ties.risks, ties.confidences, strict=True)
    ]


def aurc(confidences: Numbers, right: Flags) -> float | None:
    """The area under the risk-coverage curve: the mean selective risk over the n coverages 1/n … 1.

    As Geifman, Uziel & El-Yaniv 2019 have it. Where confidences are equal, what is expected if they were accepted in
    random order.

    Args:
        confidences: By case.
        right: By case.

    Returns:
        0–1, lower is better; 0 only where all is right. None for no cases.
    """
    if not len(right):
        return None
    ties = _ties(confidences, right)
    expected = np.cumsum(np.repeat(ties.wrong / ties.counts, ties.counts))
    return float(np.mean(expected / np.arange(1, len(expected) + 1)))


def coverage_at(risk: float, confidences: Numbers, right: Flags) -> float | None:
    """The largest share of cases that one confidence can accept at no more than some selective risk.

    Found on the same cases, so a little better than the threshold would do on others (Geifman & El-Yaniv 2017 bound
    that; here only the interval tells).

    Args:
        risk: How many of the accepted may be wrong, 0–1.
        confidences: By case; those that are equal are accepted together or not at all.
        right: By case.

    Returns:
        0–1; 0 where even the most confident are wrong too often. None for no cases.
    """
    if not len(right):
        return None
    ties = _ties(confidences, right)
    return max((int(count) for count in ties.accepted[ties.risks <= risk]), default=0) / len(right)


def brier(confidences: Numbers, right: Flags) -> float | None:
    """The mean squared difference of confidence and outcome, 0 or 1 (Brier 1950, in its form for one probability).

    Args:
        confidences: By case, 0–1.
        right: By case.

    Returns:
        0–1, lower is better; 0.25 for a confidence of 0.5 throughout. None for no cases.
    """
    if not len(right):
        return None
    stated, outcomes = _arrays(confidences, right)
    return float(np.mean((stated - outcomes) ** 2))


def calibration_bins(confidences: Numbers, right: Flags, bins: int = 10) -> list[Bin]:
    """The cases in bins of as equal a size as can be, by rising confidence: a reliability diagram.

    Equal confidences share a bin, the one in which the middle of them falls, so that sizes differ where there are many
    and a bin that is left without cases is not there.

    Args:
        confidences: By case, 0–1.
        right: By case.
        bins: How many at most, from 1.

    Returns:
        The bins; none for no cases.
    """
    stated, outcomes = _arrays(confidences, right)
    places = _places(stated, bins)
    return [_bin(stated[places == place], outcomes[places == place]) for place in np.unique(places)]


def calibration_error(confidences: Numbers, right: Flags, bins: int = 10) -> float | None:
    """The root mean square gap between confidence and accuracy, without what chance alone would give.

    The debiased ℓ2 estimator of Kumar, Liang & Ma 2019 ("Verified Uncertainty Calibration"): the squared gap of each
    bin less the variance p(1 - p) / (count - 1) of its accuracy p, weighted by count; a sum below 0 counts as 0, then
    the square root. A bin of one case, whose variance is unknown, adds nothing, as in their library. Bins hide gaps
    that cancel out within them, so this is a lower bound in expectation.

    Args:
        confidences: By case, 0–1.
        right: By case.
        bins: How many bins of equal mass, from 1.

    Returns:
        0–1, lower is better; None for no cases.
    """
    if not len(right):
        return None
    squares = sum(
        one.count * (one.gap**2 - one.accuracy * (1 - one.accuracy) / (one.count - 1))
        for one in calibration_bins(confidences, right, bins)
        if one.count > 1
    )
    return float(max(0.0, squares / len(right)) ** 0.5)


def redrawn_calibration_error(
    confidences: Numbers, right: Flags, positions: NDArray[np.intp], bins: int = 10
) -> float | None:
    """``calibration_error`` of cases that were drawn again, for its interval.

    The bins are those of the cases themselves. Chance is in what was drawn twice over, once in the cases and once in
    the drawing, so that twice as much is taken off (as a bootstrap of a debiased square asks, Efron & Tibshirani 1993,
    chapter 10).

    Args:
        confidences: By case, 0–1.
        right: By case.
        positions: Of the cases that were drawn.
        bins: How many bins of equal mass, from 1.

    Returns:
        0–1; None where nothing was drawn.
    """
    stated, outcomes = _arrays(confidences, right)
    places = _places(stated, bins)
    squares = 0.0
    for place in np.unique(places):
        drawn = positions[places[positions] == place]
        if len(drawn) > 1:
            gap, accuracy = np.mean(stated[drawn] - outcomes[drawn]), np.mean(outcomes[places == place])
            squares += len(drawn) * (gap**2 - 2 * accuracy * (1 - accuracy) / (len(drawn) - 1))
    return float(max(0.0, squares / len(positions)) ** 0.5) if len(positions) else None


def plain_calibration_error(confidences: Numbers, right: Flags, bins: int = 10) -> float | None:
    """The mean absolute gap between confidence and accuracy over bins of equal mass (ECE, Naeini et al. 2015).

    Known everywhere, but too high on few cases: even a perfect confidence has gaps by chance.

    Args:
        confidences: By case, 0–1.
        right: By case.
        bins: How many, from 1.

    Returns:
        0–1, lower is better; None for no cases.
    """
    if not len(right):
        return None
    return sum(one.count * abs(one.gap) for one in calibration_bins(confidences, right, bins)) / len(right)


def _places(stated: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """By case, its bin: of equal mass, equal confidences together."""
    _, group, counts = np.unique(stated, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - counts / 2
    return np.asarray(np.floor(bins * middles / max(1, len(stated)))[group])


def _arrays(confidences: Numbers, right: Flags) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stated, outcomes = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if len(stated) != len(outcomes):
        raise ValueError(f"{len(stated)} confidences for {len(outcomes)} cases: each case has one")
    return stated, outcomes


def _ties(confidences: Numbers, right: Flags) -> _Ties:
    stated, outcomes = _arrays(confidences, right)
    found, group, counts = np.unique(-stated, return_inverse=True, return_counts=True)
    wrong = np.bincount(group, weights=1 - outcomes, minlength=len(found)).astype(np.int64)
    return _Ties(confidences=-found, counts=counts.astype(np.int64), wrong=wrong)


def _bin(stated: NDArray[np.float64], outcomes: NDArray[np.float64]) -> Bin:
    return Bin(
        low=float(stated.min()),
        high=float(stated.max()),
        mean_confidence=float(stated.mean()),
        accuracy=float(outcomes.mean()),
        count=len(stated),
    )
