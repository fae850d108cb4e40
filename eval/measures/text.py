"""How well an answer's words agree with the references. Knows words only, not what they mean.

The words are SQuAD's for exact match and F1 (Rajpurkar et al. 2016, 2018), ROUGE's for ROUGE-L (Lin 2004). Markers of
footnotes are to be taken out before.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# SQuAD's script knows the quotation marks of ASCII only; its own data have no others.
_PUNCTUATION = str.maketrans("", "", string.punctuation + "’‘“”")
# Han, kana, Thai, Lao, Burmese and Khmer have no spaces between words.
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_ROUGE_TOKEN = re.compile(r"[a-z0-9]+")


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and surplus white space, as SQuAD's script does; "" for "".

    Beyond that script, typographic quotation marks are punctuation too, and letters with marks are composed (NFC).
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join(_ARTICLES.sub(" ", composed.lower().translate(_PUNCTUATION)).split())


def contains(text: str, references: Iterable[str]) -> bool:
    """Whether a reference occurs in the text, in whole words, both normalised; anywhere, in scripts without spaces.

    An answer that repeats the whole document contains any reference: to be read beside the answers' mean length.

    Args:
        text: The answer.
        references: Any of them will do; those that normalise to nothing are passed over, so none are in no text.
    """
    said = f" {normalised(text)} "
    wanted = filter(None, map(normalised, references))
    return any((one if _SPACELESS.search(one) else f" {one} ") in said for one in wanted)


def exact_match(text: str, references: Iterable[str]) -> bool:
    """Whether the text is one of the references, both normalised (EM, Rajpurkar et al. 2016).

    Args:
        text: The answer.
        references: Any of them will do. Where none normalises to anything, only a text that does not either is a
            match: SQuAD 2.0's rule for what can't be answered (Rajpurkar et al. 2018).
    """
    return normalised(text) in _references(references)


def token_f1(text: str, references: Iterable[str]) -> float:
    """The harmonic mean of precision and recall of the text's words, as multisets (Rajpurkar et al. 2016).

    Args:
        text: The answer.
        references: The one that agrees best counts. Where none normalises to anything, 1 for a text that does not
            either and 0 for any other: SQuAD 2.0's rule for what can't be answered (Rajpurkar et al. 2018).

    Returns:
        0–1.
    """
    said = normalised(text).split()
    return max(_bag_f1(said, one.split()) for one in _references(references))


def has_rouge_words(text: str) -> bool:
    """Whether ROUGE sees anything in a text; its words are those of English."""
    return bool(_rouge_tokens(text))


def rouge_l(text: str, references: Iterable[str]) -> float:
    """The F-measure (β = 1) of the longest common subsequence of words (ROUGE-L of sentences, Lin 2004).

    Words are runs of a–z and 0–9 in lower case, not stemmed, as the rouge-score package has them. The whole text is
    one sequence.

    Args:
        text: The answer.
        references: The one that agrees best counts.

    Returns:
        0–1; 0 where the text or every reference has no word.

    Raises:
        ValueError: There is no reference.
    """
    listed = list(references)
    if not listed:
        raise ValueError("there is no reference to compare with: leave the case out")
    said = _rouge_tokens(text)
    return max(_subsequence_f1(said, _rouge_tokens(one)) for one in listed)


def _references(references: Iterable[str]) -> list[str]:
    return list(filter(None, map(normalised, references))) or [""]


def _bag_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    return _f1(sum((Counter(said) & Counter(wanted)).values()), len(said), len(wanted))


def _subsequence_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    return _f1(_common(said, wanted), len(said), len(wanted)) if said and wanted else 0.0


def _f1(shared: int, said: int, wanted: int) -> float:
    # Equal to 2PR / (P + R), and defined where both are 0.
    return 2 * shared / (said + wanted)


def _rouge_tokens(text: str) -> list[str]:
    return _ROUGE_TOKEN.findall(text.lower())


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, by rows of the usual table."""
    row = [0] * (len(second) + 1)
    for word in first:
        above, row = row, [0]
        for column, other in enumerate(second, start=1):
            row.append(above[column - 1] + 1 if word == other else max(above[column], row[-1]))
    return row[-1]
