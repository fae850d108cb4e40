"""Answers that a reader has judged, as gold cases of a suite that ``footnoted eval`` runs. See docs/suites.md."""

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assistant.errors import CollectionError
from assistant.types import Turn
from assistant.web.conversation import Exchange
from index import Index
from index.types import Document, Span

NOTHING_MARKED = "mark the right words in the source first, then keep them"

Case = dict[str, Any]


def marked(name: str, history: Sequence[Turn], exchange: Exchange, document: Document, span: Span) -> Case:
    """The case whose answer is the words that a reader has marked.

    Args:
        name: Its id, unique in the suite.
        history: The turns before the question.
        exchange: What was asked.
        document: Where the words stand.
        span: Where in it.

    Raises:
        CollectionError: Nothing is marked.
    """
    start, end = max(0, span.start), max(0, span.end)
    words = document.text[start:end]
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


def keep(folder: Path, collection: str, index: Index, case: Case) -> None:
    """Write a case into the suite in a folder, in the place of one with its id, with the documents as they are now.

    Raises:
        CollectionError: The suite can't be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cases = [one for one in _cases(folder / "cases.jsonl") if one.get("id") != case["id"]]
        _write(folder / "suite.json", [{"name": collection, "source": "Judged on the page"}])
        _write(folder / "corpus.jsonl", (_row(document) for document in index.documents()))
        _write(folder / "cases.jsonl", [*cases, case])
    except (OSError, ValueError) as error:
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


def _row(document: Document) -> dict[str, str]:
    return {"source": document.source, "title": document.title, "text": document.text}


def _cases(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line] if path.exists() else []


def _write(path: Path, rows: Iterable[object]) -> None:
    """Rows as lines of JSON, the file whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(name).replace(path)
