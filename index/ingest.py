"""Take files into the catalog: read, compare, cut, store. Knows nothing of embedding or searching."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from index import load, split
from index.catalog import Catalog
from index.embedding import words
from index.errors import DocumentError
from index.rows import Held, Origin
from index.types import Document, FileReport, Passage, Progress

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader


class Ingest:
    """One run over some files."""

    def __init__(
        self,
        catalog: Catalog,
        progress: Callable[[Progress], None] | None = None,
        readers: Mapping[str, "BaseReader"] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            catalog: Where documents go.
            progress: Told how far the run has come.
            readers: As ``load`` takes them.
        """
        self._catalog = catalog
        self._progress = progress
        self._readers = readers
        self._now = Progress("", 0, 0)

    def run_documents(self, documents: Sequence[Document]) -> list[FileReport]:
        """Take in documents that are texts already, each whole or not at all; there is no file to look at again."""
        reports = []
        self._now = dataclasses.replace(self._now, total=len(documents))
        for done, document in enumerate(documents, start=1):
            self._tell(source=document.source)
            try:
                _require_storable(document)
                reports.append(self._take_text(document))
            except DocumentError as error:
                reports.append(FileReport(document.source, "failed", error.reason))
            self._tell(done=done)
        return reports

    def run(self, files: Sequence[load.File]) -> list[FileReport]:
        """Take in the files, each whole or not at all; one that can't be read stops nothing."""
        reports = []
        self._now = dataclasses.replace(self._now, total=len(files))
        for done, file in enumerate(files, start=1):
            source, held = self._catalog.name(file.names[-1], file.names)
            self._tell(source=source)
            try:
                reports.append(self._take(file, source, held))
            except DocumentError as error:
                reports.append(FileReport(source, "failed", error.reason))
            self._tell(done=done)
        return reports

    def _take_text(self, document: Document) -> FileReport:
        held = self._catalog.held(document.source)
        report = self._take_in(document, held, Origin(document.source, "", 0, 0))
        return report or self._take_text(document)

    def _take(self, file: load.File, source: str, held: Held | None) -> FileReport:
        """Read one file, if it may have changed; nothing that is stored changes until all of it is ready."""
        origin = _origin(file, source)
        if held is not None and held.origin == origin:
            return FileReport(source, "unchanged")
        report = self._take_in(load.load(file.path, source, self._readers), held, origin)
        # Another process may have taken the name while this one was reading.
        return report or self._take(file, *self._catalog.name(file.names[-1], file.names))

    def _take_in(self, document: Document, held: Held | None, origin: Origin) -> FileReport | None:
        """Store what is new; None where another process has meanwhile changed what was held."""
        source = origin.source
        if held is not None and held.sha256 == document.sha256:
            if held.origin != origin and not self._catalog.attach(held.document_id, origin, held):
                return None
            return FileReport(source, "unchanged")
        stored = 0 if self._attach_to_twin(document, held, origin) else self._store(document, held, origin)
        return None if stored is None else FileReport(source, "added" if held is None else "updated", passages=stored)

    def _attach_to_twin(self, document: Document, held: Held | None, origin: Origin) -> bool:
        """Let the source mean a document that has the same content already, if there is one."""
        twin = self._catalog.document_with(document.sha256, document.media_type)
        return twin is not None and self._catalog.attach(twin, origin, held)

    def _store(self, document: Document, held: Held | None, origin: Origin) -> int | None:
        document = dataclasses.replace(document, id=self._id(document, held))
        passages, said = cut(document)
        return len(passages) if self._catalog.put(document, passages, said, origin, held) else None

    def _id(self, document: Document, held: Held | None) -> str:
        """Keep the id of what the source meant before; make one where that has other sources too, or is nothing."""
        if held is not None and not held.shared:
            return held.document_id
        if self._catalog.document(document.id) is None:
            return document.id
        return hashlib.sha256(f"{document.source}\n{document.sha256}".encode()).hexdigest()[:16]

    def _tell(self, **changed: str | int) -> None:
        self._now = dataclasses.replace(self._now, **changed)  # type: ignore[arg-type]
        if self._progress is not None:
            self._progress(self._now)


def cut(document: Document) -> tuple[Sequence[Passage], Sequence[str]]:
    """The passages of a document, and the words that each is embedded from."""
    passages = split.passages(document)
    return passages, [words(passage) for passage in passages]


def _require_storable(document: Document) -> None:
    """Refuse what no file could have said, and what the catalog could not give back as it was.

    Raises:
        DocumentError: The document is such.
    """
    said = (document.text, document.title, document.id, document.sha256, document.media_type, *document.sources)
    told = (word for pair in document.metadata.items() for word in pair)
    if not all(map(load.is_unicode, (*said, *told))):
        raise DocumentError(document.source, "holds half a character (a lone surrogate), which is no text")
    load.require_text(document.text, document.source)


def _origin(file: load.File, source: str) -> Origin:
    # Before it is read: should it change meanwhile, it counts as changed afterwards.
    try:
        stat = file.path.stat()
    except OSError as error:
        raise DocumentError(source, f"can't be read: {error.strerror}") from error
    return Origin(source, file.names[-1], stat.st_size, stat.st_mtime_ns)
