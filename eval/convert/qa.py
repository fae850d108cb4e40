"""Import a user's own pairs of questions and answers: CSV, TSV, JSON lines or a JSON list.

The columns are those of ``table.COLUMNS``; only the question's has to be there, and that of the answers or of
``answerable``. The documents are files of the user's, and stay where they are.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from eval.case import Case, Gold
from eval.convert.made import Made, Options, Wrong, gather, text_of
from eval.convert.table import Record, read_table
from eval.documents import of_path
from eval.lines import SuiteError
from eval.quotes import brief, spans
from index.types import Document

SEPARATOR = "|"
_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "agent": "assistant", "ai": "assistant"}
# As many documents as a message names.
_SOME = 3


def convert(path: Path, options: Options) -> Made:
    """Make an end-to-end suite over the user's documents.

    Args:
        path: The pairs.
        options: ``documents`` is the folder that they are about.

    Raises:
        SuiteError: There are no documents, or rows are wrong; each is named.
    """
    table = read_table(path, text_of(path))
    if not table.fields & {"answers", "answerable"}:
        there = ", ".join(map(repr, [*sorted(table.fields), *table.unused]))
        raise SuiteError(
            f"{path}: no column holds the answers; call one 'answer', or say yes or no in one called 'answerable'. "
            f"There are: {there}"
        )
    if options.documents is None:
        raise SuiteError(f"{path}: say which documents it asks about, with --documents FOLDER")
    documents = of_path(options.documents)
    records = ((record.place, record) for record in table.records)
    cases = gather(path, records, lambda record: _case(record, documents))
    remarks = [f"not used: {', '.join(map(repr, table.unused))}"] if table.unused else []
    # Some people leave out what they don't know, and others what nobody can.
    rows = ((record.place, record.values) for record in table.records)
    bare = [place for place, values in rows if not _said(values) and not _texts(values, "answers")]
    if bare:
        some = f"{', '.join(bare[:_SOME])}{', …' if len(bare) > _SOME else ''}"
        remarks.append(f"without an answer, and so taken for not answerable: {some}")
    return Made("end-to-end", cases, corpus=options.documents, remarks=tuple(remarks))


def _case(record: Record, documents: Mapping[str, Document]) -> Case:
    if record.surplus:
        raise Wrong("it has more cells than the header; put cells that hold the delimiter into quotes")
    values = record.values
    question = _one(values, "question")
    if not question:
        raise Wrong("the question is empty; write one or take the row out")
    answers = _texts(values, "answers", SEPARATOR)
    sources = [_named(name, documents) for name in _texts(values, "source", SEPARATOR)]
    evidence = _evidence(_texts(values, "evidence"), sources, documents)
    answerable = _answerable(values, answers)
    if evidence and not answers and not _said(values):
        raise Wrong("it has a quote and no answer; write the answer, or say yes or no in a column 'answerable'")
    return Case(
        # Not its line: another row above would make it another case, and runs before and after would not compare.
        id=_one(values, "id") or _digest(values),
        question=question,
        history=tuple(_history(values.get("history"))),
        answerable=answerable,
        answers=answers,
        evidence=evidence,
        relevant=tuple(dict.fromkeys([*sources, *(gold.source for gold in evidence)])),
        kind=_one(values, "kind") or ("answerable" if answerable else "unanswerable"),
    )


def _digest(values: Mapping[str, Any]) -> str:
    said = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _one(values: Mapping[str, Any], field: str) -> str:
    texts = _texts(values, field)
    if len(texts) > 1:
        raise Wrong(f"it has {len(texts)} of {field}; give one")
    return texts[0] if texts else ""


def _texts(values: Mapping[str, Any], field: str, separator: str | None = None) -> tuple[str, ...]:
    """What a field holds: a text, which may be several, or a list of texts; blank ones don't count."""
    value = values.get(field)
    if isinstance(value, list):
        pieces = value
    elif isinstance(value, str) and separator:
        pieces = value.split(separator)
    else:
        pieces = [] if value is None else [value]
    if any(isinstance(piece, bool) or not isinstance(piece, str | int | float) for piece in pieces):
        raise Wrong(f"{field} should be a text or a list of texts")
    return tuple(text for piece in pieces if (text := str(piece).strip()))


def _said(values: Mapping[str, Any]) -> str:
    """What the row says of being answerable, which may be nothing."""
    value = values.get("answerable")
    return "" if value is None else str(value).strip().casefold()


def _answerable(values: Mapping[str, Any], answers: Sequence[str]) -> bool:
    word = _said(values)
    if not word:
        return bool(answers)
    if word not in _YES | _NO:
        raise Wrong(f"answerable is {word!r}; say yes or no")
    return word in _YES


def _named(name: str, documents: Mapping[str, Document]) -> str:
    """The document that a name means: its path in the folder, else a file name, with or without its suffix."""
    if name in documents:
        return name
    path = PurePosixPath(name.replace("\\", "/").casefold())
    known = {source: PurePosixPath(source.casefold()) for source in documents}
    for alike in (
        [source for source, other in known.items() if other == path],
        [source for source, other in known.items() if other.name == path.name],
        [source for source, other in known.items() if other.stem == path.name],
    ):
        if len(alike) == 1:
            return alike[0]
        if alike:
            raise Wrong(f"{name} may be {' or '.join(alike[:_SOME])}; give the path in the folder")
    some = f"{', '.join(list(documents)[:_SOME])}{', …' if len(documents) > _SOME else ''}"
    raise Wrong(f"there is no document {name}; the folder has {some}")


def _evidence(quotes: Sequence[str], sources: Sequence[str], documents: Mapping[str, Document]) -> tuple[Gold, ...]:
    """Each quote where it stands: once in the documents that are named, or else once in all of them."""
    among = list(sources) or list(documents)
    where = " or ".join(sources) if sources else f"any of the {len(documents)} documents"
    found: list[Gold] = []
    missed: list[str] = []
    for quote in quotes:
        places = [(source, place) for source in among for place in spans(documents[source].text, quote)]
        if len(places) == 1:
            source, (start, end) = places[0]
            words = documents[source].text[start:end]
            found.append(Gold(source=source, start=start, end=end, quote=words))
        elif places:
            holders = list(dict.fromkeys(source for source, _ in places))
            more = "name the document" if len(holders) > 1 and not sources else "quote more words"
            some = f"{', '.join(holders[:_SOME])}{', …' if len(holders) > _SOME else ''}"
            missed.append(f"the quote {brief(quote)} stands {len(places)} times, in {some}; {more}")
        else:
            missed.append(f"the quote {brief(quote)} does not stand in {where}; copy the words as they are there")
    if missed:
        raise Wrong("; ".join(missed))
    return tuple(found)


def _history(value: Any) -> Iterator[tuple[Any, str]]:
    """The turns of a list of [role, text], or of objects with a role and a text."""
    if value in (None, "", []):
        return
    said = "history should be a list of [role, text], with the roles user and assistant, as JSON lines can hold it"
    if not isinstance(value, list):
        raise Wrong(said)
    for turn in value:
        if isinstance(turn, dict):
            pair = [turn.get("role", turn.get("speaker")), turn.get("content", turn.get("text"))]
        else:
            pair = turn if isinstance(turn, list) else []
        match pair:
            case [str(role), str(text)] if role.casefold() in _ROLES:
                yield _ROLES[role.casefold()], text
            case _:
                raise Wrong(said)
