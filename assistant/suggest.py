"""What may be asked of documents nobody knows yet: a sentence here and there, and the question that it answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from assistant import condense, dialogue, prompts
from assistant.ground import Place
from assistant.llm import Message, Model, example_chat
from assistant.types import Answer, Evidence
from index import Index
from index.errors import DocumentError

# A question that is offered has to fit on a button.
MOST_CHARACTERS = 90
QUESTION_TOKENS = 40
# Sentences that are tried for each question that is wanted: of many, no question comes that stands alone.
TRIES = 2
# Shorter, a sentence says little; longer, it says several things, and the question would be about any of them.
_FEWEST, _MOST = 30, 220
# What is told in a sentence that begins so is told of something that was said before.
_POINTS_BACK = re.compile(
    r"(it|its|he|his|she|her|they|their|we|our|i|you|your|this|these|those|that|such|there|here|then|thus|so|but|and|"
    r"or|also|both|however|if|when|in addition|for example)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!][\"'”’)]*$")
# A number, or a name within the sentence: something that can be asked for.
_TELLS = re.compile(r"\d|(?<=[\w,;] )[A-Z]")
_OF_TEXT = re.compile(r"\b(document|passage|sentence|text|article|paragraph|section|author)s?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that a document answers.

    Attributes:
        question: It stands alone.
        document_id: The document.
        document_sha256: That document's ``sha256`` when the question was made.
    """

    question: str
    document_id: str
    document_sha256: str


def told(index: Index, most: int) -> Iterator[Place]:
    """Sentences from all over the documents, of many rather than many of one.

    Args:
        index: The documents.
        most: How many at most.
    """
    few = _spread(list(dict.fromkeys(index.sources().values())), most)
    each = -(-most // max(1, len(few)))
    found = (one for part in range(each) for id_ in few for one in _telling(index, id_, part, each))
    return islice(found, most)


def worded(one: Place, model: Model) -> str:
    """The question that a sentence answers, as the model words it; any text, or none.

    Raises:
        ModelError: The model can't be reached, refuses, or stops half-way.
    """
    asked = Message("user", prompts.sentence_block(one.evidence.passage.title, one.words))
    return "".join(delta.text for delta in model.stream((*_fixed(), asked), QUESTION_TOKENS)).strip()


def can_be_asked(text: str) -> bool:
    """Whether it is one question that is understood by who has read nothing, and about what a text says."""
    return (
        text.endswith("?")
        and text.count("?") == 1
        and "\n" not in text
        and len(text) <= MOST_CHARACTERS
        and dialogue.aside(text, ()) is None
        and not condense.needs_history(text)
        and not _OF_TEXT.search(text)
    )


def found_again(answer: Answer, one: Place) -> bool:
    """Whether an answer cites the sentence that its question was made of."""
    return answer.answered and any(
        cited.document_id == one.evidence.passage.document_id
        and cited.start < one.sentence.end
        and one.sentence.start < cited.end
        for cited in answer.citations
    )


@cache
def _fixed() -> tuple[Message, ...]:
    """What every call begins with."""
    examples = ((prompts.sentence_block(title, sentence), question) for title, sentence, question in prompts.ASKED)
    return example_chat(prompts.ASK, examples)


def _telling(index: Index, document_id: str, part: int, parts: int) -> list[Place]:
    """The first sentence of a part of a document that tells something by itself; none where it has none."""
    try:
        passages = index.passages(document_id)
    except DocumentError:
        # Another process has removed it since.
        return []
    begin, end = part * len(passages) // parts, (part + 1) * len(passages) // parts
    places = (Place(item, sentence) for item in Evidence.of(passages[begin:end]) for sentence in item.sentences)
    return list(islice((one for one in places if _tells(" ".join(one.words.split()))), 1))


def _tells(sentence: str) -> bool:
    return (
        _FEWEST <= len(sentence) <= _MOST
        and bool(_ENDS.search(sentence) and _TELLS.search(sentence))
        and not _POINTS_BACK.match(sentence)
    )


def _spread(ids: list[str], most: int) -> list[str]:
    """So many of them, as far from each other as can be."""
    return [ids[at * len(ids) // most] for at in range(most)] if len(ids) > most else ids
