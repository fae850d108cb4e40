"""Import a BEIR folder: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``, for scoring retrieval.

It has no answers; a query that is judged is taken to be answerable.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, field_validator

from eval.case import Case
from eval.convert.made import Made, Options, gather, text_of
from eval.documents import Text
from eval.lines import Fault, Row, SuiteError, read_rows, told, twice

SPLIT = "test"
# The query's id, the document's and the score.
_COLUMNS = 3


class _Named(BaseModel):
    id: str = Field(alias="_id", min_length=1)
    text: str

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class _Document(_Named):
    title: str | None = None


class _Judged(NamedTuple):
    query: _Named
    relevant: tuple[str, ...]


def convert(path: Path, options: Options) -> Made:
    """Make an end-to-end suite of the queries that one split judges.

    Args:
        path: The folder.
        options: ``split`` is the file of judgements, ``test`` where it is None.

    Raises:
        SuiteError: A file is missing or wrong; the text names the lines.
    """
    judgements = _judgements(path / "qrels", options.split or SPLIT)
    queries = {row.id: row for row in _rows(path / "queries.jsonl", _Named)}
    texts = tuple(
        # Some documents are a title alone.
        Text(source=row.id, title=row.title or "", text=(row.text.strip() and row.text) or row.title or "")
        for row in _rows(path / "corpus.jsonl", _Document)
    )
    sources = {text.source for text in texts}
    judged = {
        name: _Judged(queries[name], tuple(source for source in relevant if source in sources))
        for name, relevant in judgements.items()
        if name in queries
    }
    kept = ((f"query {name}", one) for name, one in judged.items())
    cases = gather(path / "queries.jsonl", kept, _case)
    lost = sum(source not in sources for relevant in judgements.values() for source in relevant)
    left_out = len(judgements) - len(cases)
    remarks = [f"left out: {lost} judgements of documents that the corpus lacks"] if lost else []
    remarks += [f"left out: {left_out} queries without a text or without a relevant document"] if left_out else []
    return Made("end-to-end", cases, texts, remarks=tuple(remarks))


def _case(judged: _Judged) -> Case | None:
    if not judged.relevant:
        return None
    return Case(
        id=judged.query.id, question=judged.query.text, answerable=True, relevant=judged.relevant, kind="retrieval"
    )


def _rows(path: Path, kind: type[Row]) -> list[Row]:
    rows = read_rows(path, kind)
    named = [(line, row.id) for line, row in rows.good if isinstance(row, _Named)]
    if faults := sorted(rows.faults + twice(named, "_id")):
        raise SuiteError(told(path, faults))
    return [row for _, row in rows.good]


def _judgements(folder: Path, split: str) -> dict[str, list[str]]:
    """The relevant documents by query."""
    path = folder / f"{split}.tsv"
    if not path.is_file():
        there = ", ".join(sorted(one.stem for one in folder.glob("*.tsv")))
        raise SuiteError(f"there is no {path}; " + (f"name a split that is there: {there}" if there else "add it"))
    found: dict[str, list[str]] = {}
    faults: list[Fault] = []
    for line, cells in _cells(text_of(path)):
        try:
            query, document, score = cells
            relevant = float(score) > 0
        except ValueError:
            faults.append(Fault(line, f"should hold {_COLUMNS} cells, parted by tabs, the last a number"))
            continue
        sources = found.setdefault(query, [])
        if relevant and document not in sources:
            sources.append(document)
    if faults:
        raise SuiteError(told(path, faults))
    return found


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line, without the header that most such files have."""
    for number, line in enumerate(text.split("\n"), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if any(cells) and not (number == 1 and cells[-1].casefold() == "score"):
            yield number, cells
