"""Whether what is cited is what carries the answer. Knows ranges only, not what the words there say.

Precision asks whether the citations are to the point, recall whether they are complete, as in ALCE (Gao et al. 2023,
"Enabling Large Language Models to Generate Text with Citations"). ALCE asks a model whether the cited text entails the
claim; here a citation is right where it overlaps gold evidence that people marked, which needs no model, and which
holds another passage that says the same for wrong. Citing a whole document has full recall, and citing its first
sentences is often right by chance: never to be shown without the scores of the answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from eval.measures.spans import overlap, size
from eval.outcome import Place
from index.types import Span


@dataclass(frozen=True, slots=True)
class PRF:
    """Precision, recall and their harmonic mean (van Rijsbergen 1979), each 0–1.

    Attributes:
        precision: The share of what is cited that is gold; 0 where nothing is cited, as in ALCE's script.
        recall: The share of the gold that is cited.
        f1: 2PR / (P + R); 0 where both are.
    """

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, shared: int, cited: int, gold: int) -> Self:
        """Figures from counts: what is both, what is cited, what is gold (not 0)."""
        return cls(shared / cited if cited else 0.0, shared / gold, 2 * shared / (cited + gold))


def hit(cited: Sequence[Place], gold: Sequence[Place]) -> bool:
    """Whether a citation has at least one character of the gold; False where nothing is cited.

    Its mean over cases is the hit rate, the mildest measure: further citations, however wrong, don't count.

    Raises:
        ValueError: The gold holds no character.
    """
    _check(size(gold))
    return overlap(cited, gold) > 0


def characters(cited: Sequence[Place], gold: Sequence[Place]) -> PRF:
    """Precision, recall and F1 over characters; a character that is cited or marked twice counts once.

    Args:
        cited: Where the quotes stand; where there are none, all three are 0.
        gold: The evidence.

    Raises:
        ValueError: The gold holds no character.
    """
    wanted = size(gold)
    _check(wanted)
    return PRF.of(overlap(cited, gold), size(cited), wanted)


def sentences(cited: Sequence[Place], gold: Sequence[Place], spans_by_source: Mapping[str, Sequence[Span]]) -> PRF:
    """Precision, recall and F1 over sentences; one counts as cited, or as gold, where a character of it is.

    Fairer than characters where the gold marks a few words and a system cites whole sentences.

    Args:
        cited: Where the quotes stand; where there are none, all three are 0.
        gold: The evidence.
        spans_by_source: The sentences of every document that is cited or has gold.

    Raises:
        ValueError: The gold touches no sentence.
        KeyError: The sentences of a document are not given.
    """
    wanted = _touched(gold, spans_by_source)
    _check(len(wanted))
    said = _touched(cited, spans_by_source)
    return PRF.of(len(said & wanted), len(said), len(wanted))


def _touched(places: Sequence[Place], spans_by_source: Mapping[str, Sequence[Span]]) -> set[tuple[str, Span]]:
    return {
        (place.source, span)
        for place in places
        for span in spans_by_source[place.source]
        if max(place.start, span.start) < min(place.end, span.end)
    }


def _check(gold: int) -> None:
    if not gold:
        raise ValueError("no evidence is marked, which means unknown, not none: leave the case out")
