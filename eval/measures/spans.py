"""How well passages cover the gold ranges, in characters, and what can be done with ranges. Knows no text.

Ranges of different documents never overlap. A range that ends where it begins, or before, holds nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.outcome import Place


@dataclass(frozen=True, slots=True)
class SpanScore:
    """How passages and gold cover one another, each 0–1.

    Attributes:
        recall: The share of the gold that stands in a passage.
        precision: The share of what was found that is gold, counted once however often it was found.
        iou: What is both over what is either; a character that was found twice is two.
    """

    recall: float
    precision: float
    iou: float


def measure(found: Sequence[Place], gold: Sequence[Place]) -> SpanScore:
    """Score passages against the gold (Smith & Troynikov 2024, "Evaluating Chunking Strategies for Retrieval", Chroma).

    With C the characters that are gold and stand in a passage, each counted once: recall = C / |gold|, precision =
    C / Σ|passage|, IoU = C / (Σ|passage| + gold that stands in no passage). Passages that overlap so cost precision.

    Args:
        found: Where the passages stand; where there are none, all three are 0.
        gold: What should be found; ranges that overlap count once.

    Raises:
        ValueError: The gold holds no character.
    """
    wanted = size(gold)
    if not wanted:
        raise ValueError("there is no gold to be found, so nothing can be missed: leave the case out")
    read = sum(_length(place) for place in found)
    covered = overlap(found, gold)
    return SpanScore(
        recall=covered / wanted,
        precision=covered / read if read else 0.0,
        iou=covered / (read + wanted - covered),
    )


def within(found: Iterable[Place], characters: int = 4000) -> list[Place]:
    """The best passages that fit a budget; the one that no longer fits is cut, so that the budget is filled exactly.

    Systems with few large passages and with many small ones are so compared at the same amount of text.

    Args:
        found: Where the passages stand, best first.
        characters: The budget; a character that stands in two passages counts twice.

    Returns:
        As many as fit, best first; none for no passages or no budget.
    """
    kept: list[Place] = []
    for place in found:
        if characters <= 0:
            break
        length = min(_length(place), characters)
        kept.append(Place(source=place.source, start=place.start, end=place.start + length))
        characters -= length
    return kept


def union(places: Iterable[Place]) -> list[Place]:
    """The same characters, each in one range only; ranges that overlap or touch become one.

    Args:
        places: In any order.

    Returns:
        By source and start; none for none.
    """
    merged: list[Place] = []
    for place in sorted(filter(_length, places), key=lambda one: (one.source, one.start)):
        last = merged[-1] if merged else None
        if last is not None and last.source == place.source and place.start <= last.end:
            merged[-1] = Place(source=last.source, start=last.start, end=max(last.end, place.end))
        else:
            merged.append(Place(source=place.source, start=place.start, end=place.end))
    return merged


def size(places: Iterable[Place]) -> int:
    """How many characters stand in at least one of the ranges; 0 for none."""
    return sum(_length(place) for place in union(places))


def overlap(first: Sequence[Place], second: Sequence[Place]) -> int:
    """How many characters stand both in one of the first and in one of the second, each counted once; 0 for none."""
    return size(first) + size(second) - size([*first, *second])


def _length(place: Place) -> int:
    return max(0, place.end - place.start)
