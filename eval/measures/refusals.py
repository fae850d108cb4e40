"""How well a system knows what can't be answered. Knows flags only: what a refusal says does not count."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refusing as a decision, with refusal as the positive class. Shares are 0–1, None where they are 0 / 0.

    Attributes:
        precision: The share of the refused that can't be answered; None where nothing was refused.
        recall: The share of what can't be answered that was refused; None where all can.
        f1: Their harmonic mean; None only where nothing was refused and all can be answered.
        false_refusals: The share of what can be answered that was refused all the same; None where nothing can.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    false_refusals: float | None


def refusals(refused: Sequence[bool], answerable: Sequence[bool]) -> Refusals:
    """Score refusals: precision, recall and F1 (van Rijsbergen 1979) as SQuAD 2.0's reports have them for "no answer".

    F1 is counted as 2TP / (2TP + FP + FN), which is the harmonic mean wherever that is defined.

    Args:
        refused: By case, whether it was refused: the system's own flag.
        answerable: By case, whether it can be answered. Without any case, every figure is None.

    Raises:
        ValueError: There are more of one than of the other.
    """
    cases = list(zip(refused, answerable, strict=True))
    refusable = sum(not can for _, can in cases)
    given = sum(did for did, _ in cases)
    rightly = sum(did and not can for did, can in cases)
    return Refusals(
        precision=_share(rightly, given),
        recall=_share(rightly, refusable),
        f1=_share(2 * rightly, given + refusable),
        false_refusals=_share(given - rightly, len(cases) - refusable),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
