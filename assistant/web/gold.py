"""Answers that a reader has judged, as gold cases of a suite that ``footnoted eval`` runs. See docs/suites.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from assistant.errors import CollectionError
from assistant.types import Turn
from assistant.web import whole
from assistant.web.conversation import Exchange
from index import Index
from index.types import Document, Span

CHANGED = "words that this answer cites are no longer in the documents; ask again, then keep what is answered now"
NOTHING_MARKED = "mark the right words in the source first, then keep them"

Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of a document that a reader has marked.

    Attributes:
        document: Where they stand.
        span: Where in it.
        words: What the reader saw there.
    """

    document: Document
    span: Span
    words: str


def marked(name: str, history: Sequence[Turn], exchange: Exchange, mark: Mark) -> Case:
    """The case whose answer is the words that a reader has marked.

    Args:
        name: Its id, unique in the suite.
        history: The turns before the question.
        exchange: What was asked.
        mark: The words.

    Raises:
        CollectionError: Nothing is marked, or the document has changed since it was shown.
    """
    document, start, end = mark.document, max(0, mark.span.start), max(0, mark.span.end)
    words = document.text[start:end]
    if words.split() != mark.words.split():
        raise CollectionError("the document has changed since it was shown; open it again, and mark the words there")
    begin = start + len(words) - len(words.lstrip())
    quote = words.strip()
    if not quote:
        raise CollectionError(NOTHING_MARKED)
    evidence = {"source": document.source, "start": begin, "end": begin + len(quote), "quote": quote}
    return _case(name, history, exchange, answers=[" ".join(quote.split())], evidence=[evidence])


def found_right(name: str, history: Sequence[Turn], exchange: Exchange) -> Case:
    """The case whose gold is what was answered, or that it was refused."""
    answer = exchange.answer
    if answer is None or not answer.answered:
        return not_there(name, history, exchange)
    evidence = [
        {"source": one.source, "start": one.start, "end": one.end, "quote": one.quote} for one in answer.citations
    ]
    return _case(name, history, exchange, answers=[claim.text for claim in answer.claims], evidence=evidence)


def not_there(name: str, history: Sequence[Turn], exchange: Exchange) -> Case:
    """The case whose gold is that the documents don't say."""
    return _case(name, history, exchange, answers=[], evidence=[])


def keep(folder: Path, collection: str, index: Index, case: Case) -> int:
    """Write a case into the suite in a folder, in the place of one with its id, with the documents as they are now.

    Earlier cases follow their words to where those stand now. One whose words are gone is put aside, in
    ``stale.jsonl``: no answer could be right by it.

    Returns:
        How many were put aside.

    Raises:
        CollectionError: The suite can't be written, or what the case is about is no longer in the documents.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "suite.lock"):
            cases = [one for one in _cases(folder / "cases.jsonl") if one.get("id") != case["id"]]
            _write(folder / "suite.json", [{"name": collection, "source": "Judged on the page"}])
            # A document that was removed since is still what an earlier case is about.
            corpus = {one["source"]: one for one in _cases(folder / "corpus.jsonl")}
            corpus |= {document.source: _row(document) for document in index.documents()}
            new = _followed(case, corpus)
            if new is None:
                raise CollectionError(CHANGED)
            followed = [(one, _followed(one, corpus)) for one in cases]
            stale = [one for one, now in followed if now is None]
            if stale:
                _write(folder / "stale.jsonl", [*_cases(folder / "stale.jsonl"), *stale])
            _write(folder / "corpus.jsonl", corpus.values())
            _write(folder / "cases.jsonl", [*(now for _, now in followed if now), new])
            return len(stale)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CollectionError(f"the case can't be kept in {folder}: {error}") from error


def _case(name: str, history: Sequence[Turn], exchange: Exchange, *, answers: list[str], evidence: list[Any]) -> Case:
    return {
        "id": name,
        "question": exchange.question,
        "history": [[turn.role, turn.text] for turn in history],
        "answerable": bool(evidence),
        "answers": answers,
        "evidence": evidence,
        "relevant": sorted({one["source"] for one in evidence}),
    }


def _followed(case: Case, corpus: Mapping[str, Mapping[str, str]]) -> Case | None:
    """A case with its evidence where the words stand in the documents; None where they don't, or stand twice."""
    evidence = []
    for one in case["evidence"]:
        text, quote = corpus.get(one["source"], {}).get("text", ""), one["quote"]
        start = one["start"] if text[one["start"] : one["end"]] == quote else text.find(quote)
        if start < 0 or (start != one["start"] and text.count(quote) > 1):
            return None
        evidence.append(one | {"start": start, "end": start + len(quote)})
    return case | {"evidence": evidence}


def _row(document: Document) -> dict[str, str]:
    return {"source": document.source, "title": document.title, "text": document.text}


def _cases(path: Path) -> list[Case]:
    # Not splitlines, which cuts at characters that JSON has within its strings.
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line] if path.exists() else []


def _write(path: Path, rows: Iterable[object]) -> None:
    whole.write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
