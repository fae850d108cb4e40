"""An exchange as JSON and back, whole: what was asked, found and answered. Pure: no store, no page.

A footnote is never read from what was written down: it is cut anew from the passage in which it was found, so that a
file that somebody has changed can't make one that says what no passage does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.types import Answer, Citation, Claim, Said, Usage
from assistant.web.conversation import Exchange
from index.types import Hit, Passage

_HITS = TypeAdapter(tuple[Hit, ...])
_CLAIMS = TypeAdapter(tuple[Claim, ...])
_USAGE = TypeAdapter(Usage)
# What an Answer has beside values of its own.
_PLAIN = ("question", "query", "text", "kind", "confidence", "reason", "timings")


class Unreadable(ValueError):
    """What was written down of an exchange is not what was written."""


def dumps(exchange: Exchange) -> str:
    """The exchange as one line of JSON, with quotes and offsets."""
    answer = exchange.answer
    hits = answer.hits if answer else exchange.hits
    return json.dumps(
        {
            "question": exchange.question,
            "hits": [asdict(hit) for hit in hits],
            "said": [] if answer else [asdict(said) for said in exchange.said],
            "answer": answer and {name: value for name, value in asdict(answer).items() if name != "hits"},
            "failure": exchange.failure,
            "stopped": exchange.stopped,
            "liked": exchange.liked,
            "gold": exchange.gold,
        },
        ensure_ascii=False,
    )


def loads(number: int, text: str) -> Exchange:
    """The exchange that was written down as the so-manieth of its conversation; one that was open has been stopped.

    Raises:
        Unreadable: It is not what ``dumps`` writes.
    """
    try:
        written = json.loads(text)
        hits = _HITS.validate_python(written["hits"])
        passages = [passage for hit in hits for passage in (hit.passage, *hit.duplicates)]
        answer = _answer(written["answer"], hits, passages) if written["answer"] else None
        return Exchange(
            number=number,
            question=str(written["question"]),
            hits=hits,
            said=tuple(_said(one, passages) for one in written["said"]),
            answer=answer,
            failure=written["failure"],
            stopped=answer is None and written["failure"] is None,
            liked=written["liked"],
            gold=written["gold"],
        )
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise Unreadable(f"the exchange can't be read: {error}") from error


def _answer(written: Mapping[str, Any], hits: tuple[Hit, ...], passages: Sequence[Passage]) -> Answer:
    return Answer(
        **{name: written[name] for name in _PLAIN},
        citations=tuple(_cut(one, passages) for one in written["citations"]),
        hits=hits,
        claims=_CLAIMS.validate_python(written["claims"]),
        usage=_USAGE.validate_python(written["usage"]),
    )


def _said(written: Mapping[str, Any], passages: Sequence[Passage]) -> Said:
    (claim,) = _CLAIMS.validate_python([written["claim"]])
    return Said(written["text"], claim, tuple(_cut(one, passages) for one in written["citations"]))


def _cut(written: Mapping[str, Any], passages: Sequence[Passage]) -> Citation:
    names = [field.name for field in fields(Citation)]
    for passage in passages:
        if passage.document_id == written["document_id"] and passage.start <= written["start"] < passage.end:
            citation = Citation.cut(passage, written["start"], min(written["end"], passage.end), written["marker"])
            if all(getattr(citation, name) == written[name] for name in names):
                return citation
    raise ValueError(f"footnote {written['marker']} is in none of the passages")
