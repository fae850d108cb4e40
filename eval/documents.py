"""The documents that a suite is about: a file of texts, a folder of files, or what ships.

Knows nothing of cases.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from assistant.core import shipped_files
from eval.lines import SuiteError, read_rows, told, twice
from index import load
from index.errors import DocumentError
from index.types import Document

logger = logging.getLogger(__name__)

TEXTS = "corpus.jsonl"
FOLDER = "corpus"


class Text(BaseModel):
    """A line of ``corpus.jsonl``.

    Attributes:
        source: The document's name, unique in the suite.
        title: Its title.
        text: What it says; all offsets refer to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    title: str = ""
    text: str

    def document(self) -> Document:
        """The text as a document, whose hash changes when anything of it does."""
        row = json.dumps([self.source, self.title, self.text])
        return Document(
            id=self.source,
            sources=(self.source,),
            title=self.title,
            text=self.text,
            media_type="text/plain",
            sha256=hashlib.sha256(row.encode("utf-8")).hexdigest(),
        )


def of_suite(folder: Path, key: str | None, *, ships: bool) -> dict[str, Document]:
    """The documents of a suite, by source.

    Args:
        folder: The suite's folder.
        key: What its ``suite.json`` names as ``corpus``.
        ships: Whether the suite is one of those that ship, which may be about the shipped documents.

    Raises:
        SuiteError: It has none, more than one corpus, or one that can't be read.
    """
    own = [name for name in (TEXTS, FOLDER) if (folder / name).exists()]
    if len(own) + (key is not None) > 1:
        named = [*own, *(["the key 'corpus'"] if key is not None else [])]
        raise SuiteError(f"{folder} has more than one corpus: {' and '.join(named)}; keep one")
    if key is not None and not (folder / Path(key).expanduser()).exists():
        raise SuiteError(
            f"there are no documents at {folder / key}, which is where {folder / 'suite.json'} says they are: mend its "
            "'corpus', a path from that folder"
        )
    if key is not None:
        return of_path(folder / Path(key).expanduser(), leave_out=folder)
    if own == [TEXTS]:
        return _of_texts(folder / TEXTS)
    if own == [FOLDER]:
        return of_path(folder / FOLDER)
    if ships:
        return _by_source(load.load(path) for path in shipped_files())
    raise SuiteError(
        f"{folder} has no corpus; put the documents into {TEXTS} (source, title and text a line) or into a folder "
        f"{FOLDER}, or name their folder as 'corpus' in suite.json"
    )


def of_path(path: Path, leave_out: Path | None = None) -> dict[str, Document]:
    """The documents in a folder, at any depth, or of one file, named as an index of them would name them.

    Files that can't be read are left out, as an index leaves them out, and said so in the log.

    Args:
        path: The folder or file.
        leave_out: A folder inside it that is never looked into.

    Raises:
        SuiteError: It is not there, or nothing in it can be read.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - as index.load names files, whose links are not followed
    if not path.exists():
        raise SuiteError(f"there are no documents at {path}; name the folder that holds them")
    inside = leave_out and Path(os.path.abspath(leave_out))  # noqa: PTH100
    found = load.find([path], leave_out=inside if inside and path in inside.parents else None)
    documents: list[Document] = []
    faults = list(found.failures)
    for file in found.files:
        try:
            documents.append(load.load(file.path, file.names[0]))
        except DocumentError as error:
            faults.append(error)
    if not documents:
        raise SuiteError(told(path, list(map(str, faults))))
    for fault in faults:
        logger.warning("left out: %s", fault)
    return _by_source(documents)


def _of_texts(path: Path) -> dict[str, Document]:
    rows = read_rows(path, Text)
    if faults := sorted(rows.faults + twice(((line, row.source) for line, row in rows.good), "source")):
        raise SuiteError(told(path, faults))
    if not rows.good:
        raise SuiteError(f"{path}: is empty; it should hold a document a line, with source, title and text")
    return _by_source(row.document() for _, row in rows.good)


def _by_source(documents: Iterable[Document]) -> dict[str, Document]:
    return {document.source: document for document in documents}
