"""An index: files in, ranked passages out. The one place that knows the order in which things happen."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from index import check, load, rows, search, split
from index.catalog import TOLD_BY, Catalog, Vectors
from index.embedding import Embedding
from index.errors import DocumentError, IndexFailure, IndexMissing
from index.ingest import Ingest, cut
from index.lexical import Lexical
from index.rows import Origin
from index.types import AddReport, CheckReport, Document, FileReport, Hit, Listed, Passage, Progress, Retrieval, State
from index.vectors import NearestVectors
from index.vectors.exact import spread, unit

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.readers.base import BaseReader

DEFAULT_MODEL = "all-MiniLM-L6-v2-int8"
"""The name of the embedded model, as recorded in every index made with it."""

FORMAT = f"{split.VERSION}-{rows.VERSION}"
"""Changes when an index of the same documents would be another one; for those who keep indexes in a cache."""

_CATALOG = "catalog.sqlite3"
_CANDIDATES = 50
# Chosen on public suites, see docs/index.md: anything from .02 to .025 is as good.
_WORDS = 0.0225
# Other models' cosines may lie closer together or further apart: those of pairs of passages deviate by .136 with the
# embedded one (the mean of six public corpora).
_WORDS_BY_SPREAD = _WORDS / 0.136
_SAMPLE, _FEWEST = 256, 20
_LEVELLED_AFTER = 1000

StrPath = str | os.PathLike[str]


class Index:
    """A folder that holds documents and finds passages in them.

    Safe to share between threads; any number of processes may open the same folder. Close it when done, or use it in a
    ``with`` statement.

    Attributes:
        path: The folder, absolute.
    """

    def __init__(
        self,
        path: Path,
        catalog: Catalog,
        embed_model: "BaseEmbedding | None",
        *,
        reranker: "BaseNodePostprocessor | None" = None,
        chroma_url: str | None = None,
        readers: Mapping[str, "BaseReader"] | None = None,
    ) -> None:
        """Put together what ``open`` opened; use that."""
        self._reranker = reranker
        self.path = path
        self._readers = load.by_suffix(readers or {})
        self._catalog = catalog
        self._embed_model = embed_model
        self._name = _name(embed_model)
        self._words: float | None = None
        self._embedding = Embedding(catalog, self._embed, path / "embedding.lock")
        self._vectors = NearestVectors(path / "chroma", catalog, chroma_url)
        self._lexical = Lexical(path / "tantivy", catalog)

    @classmethod
    def open(
        cls,
        path: StrPath,
        embed_model: "BaseEmbedding | None" = None,
        *,
        must_exist: bool = False,
        remake: bool = False,
        reranker: "BaseNodePostprocessor | None" = None,
        chroma_url: str | None = None,
        readers: Mapping[str, "BaseReader"] | None = None,
    ) -> Self:
        """Open an index, or make an empty one where there is none.

        Args:
            path: Its folder.
            embed_model: What turns text into vectors; the embedded MiniLM, loaded on first use, when None.
            must_exist: Whether to raise instead of making one.
            remake: Whether to cut its documents anew, and to forget their vectors, where it was made with another
                embedding model or splitter; ``embed`` makes them again.
            reranker: Orders anew what a search has found; any of LlamaIndex's.
            chroma_url: A Chroma server that holds the vectors, such as ``http://localhost:8000``, in place of a Chroma
                in the index's own folder.
            readers: LlamaIndex readers by the suffix of the files that they read, such as ``.rtf``. Files that were
                read before are read with another one when they change.

        Raises:
            IndexMissing: There is none, and there must be.
            IndexMismatch: It was made with another embedding model or splitter, and is not to be remade.
            IndexBroken: There is something else in its place.
        """
        folder = Path(path).absolute()
        if must_exist and not (folder / _CATALOG).is_file():
            raise IndexMissing(f"no index at {path}; make one with: footnoted index FILES --index {path}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexFailure(f"no index can be made at {path}: {error.strerror}") from error
        made_with = {"embedding model": _name(embed_model), "splitter": split.VERSION}
        catalog = Catalog(folder / _CATALOG, made_with, cut if remake else None)
        try:
            return cls(folder, catalog, embed_model, reranker=reranker, chroma_url=chroma_url, readers=readers)
        except BaseException:
            catalog.close()
            raise

    def close(self) -> None:
        """Release everything; what was added stays. Closing twice does no harm.

        What is embedded in the background stops, and goes on at the next ``add`` or ``embed``.
        """
        self._embedding.close()
        self._vectors.close()
        self._lexical.close()
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def fingerprint(self) -> str:
        """A hash of all that is indexed, in hex: equal for equal documents, however often the index was made."""
        return hashlib.sha256(repr(self._catalog.hashes()).encode()).hexdigest()

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        return self._catalog.passage_count()

    def state(self) -> State:
        """What there is just now; another process may be adding to it."""
        return State(
            documents=self._catalog.document_count(),
            passages=self._catalog.passage_count(),
            embedded=self._catalog.vector_count(),
            generation=self._catalog.change(),
            fault=self._vectors.fault or self._lexical.fault or self._embedding.fault,
        )

    def add(
        self,
        paths: Iterable[StrPath] | StrPath,
        progress: Callable[[Progress], None] | None = None,
        *,
        wait: bool = True,
    ) -> AddReport:
        """Read files, and folders at any depth, into the index, and forget those that are gone from these folders.

        Passages are found by their words as soon as their file is read, by any process; then they are embedded.

        A file of the same size and time of change is not read, one that is the same byte for byte not embedded. A file
        in a folder is known by its path within that folder, one named by itself by its file name; where that name means
        another file already, by a longer one. Each file is stored whole or not at all, whenever this ends. From a
        folder in which nothing can be read nothing is forgotten: it may be a drive that is not there.

        Args:
            paths: Files and folders.
            progress: Told at every file and every few passages how far this has come.
            wait: Whether to return when all is embedded, or as soon as all is read and embed in the background.

        Returns:
            What became of each file. One that can't be read is reported as failed and stops nothing.

        Raises:
            IndexMismatch: The embedding model makes vectors of other dimensions than there are.
            WeightsError: The embedded model's weights can't be had. What was read stays, found by its words.
        """
        named = [paths] if isinstance(paths, str | os.PathLike) else paths
        found = load.find(named, leave_out=self.path, among=load.suffixes(self._readers))
        failed = [FileReport(failure.source, "failed", failure.reason) for failure in found.failures]
        reports = Ingest(self._catalog, progress, self._readers).run(found.files)
        gone = [origin.source for origin in self._gone(found) if self._catalog.remove(origin.source, origin.path)]
        removed = [FileReport(source, "removed") for source in gone]
        self._finish(len(reports), progress, wait=wait)
        return AddReport((*failed, *reports, *removed), found.skipped, found.unknown)

    def add_documents(
        self, documents: Iterable[Document], progress: Callable[[Progress], None] | None = None, *, wait: bool = True
    ) -> AddReport:
        """Take in documents that are texts already, under their own sources; those it holds already cost nothing.

        Args:
            documents: Each with a ``sha256`` that changes when its text does.
            progress: As in ``add``.
            wait: As in ``add``.
        """
        reports = Ingest(self._catalog, progress).run_documents(list(documents))
        self._finish(len(reports), progress, wait=wait)
        return AddReport(tuple(reports))

    def embed(self, progress: Callable[[Progress], None] | None = None, *, wait: bool = True) -> None:
        """Give vectors to passages that have none yet, because an ``add`` did not wait or was stopped.

        Args:
            progress: Told every few passages how far this has come.
            wait: Whether to return when that is done, or at once and do it in the background.
        """
        self._finish(0, progress, wait=wait)

    def remove(self, source: str) -> None:
        """Forget a source, and its document unless it has other sources.

        Raises:
            DocumentError: There is no such source.
        """
        if not self._catalog.remove(source):
            raise DocumentError(source, "is not in the index")

    def search(
        self,
        query: str,
        k: int = 10,
        where: Mapping[str, str | Collection[str]] | None = None,
        by: Retrieval = "both",
        *,
        background: Mapping[str, float] | None = None,
    ) -> list[Hit]:
        """Find the passages that answer a query best, by meaning and by words.

        Args:
            query: A question or some words, in any characters.
            k: How many passages at most, from 1.
            where: Only documents of these: ``source``, ``path``, ``document_id``, ``media_type`` or any key of their
                metadata, each with one value or several.
            by: By their vectors and their words, or by one of these alone.
            background: Other texts, such as what was asked before, each with what it counts for beside the query, whose
                weight is 1: a passage's score is the weighted sum of its scores for each (historical query expansion,
                after Lin et al. 2021).

        Returns:
            The best first, each with those that say nearly the same; none where the query is blank or nothing is
            indexed.

        Raises:
            ValueError: ``k`` is less than 1, no document has one of the keys of ``where``, or a weight is below 0.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        among = self.among(where)
        query = _encodable(query)
        texts = _weighed(query, background or {})
        if not query.strip() or self._catalog.is_empty() or among == set():
            return []
        # Both stores compare directions only; a sum of cosines is the cosine with the sum of vectors times its length.
        direction, length = (None, 0.0) if by == "lexical" else self._embed_weighed(texts)
        candidates = max(_CANDIDATES, k)
        while True:
            found: dict[str, dict[str, float]] = {}
            if direction is not None:
                nearest = self._vectors.search(direction, candidates, among)
                found["vectors"] = {id_: score * length for id_, score in nearest.items()}
            if by != "vectors":
                found["lexical"] = self._lexical.search(texts, candidates, among)
            hits = search.fold(self._reranked(query, self._fused(found, candidates)), k)
            # Where most candidates say the same, there may be others behind them.
            if len(hits) >= k or all(len(scores) < candidates for scores in found.values()):
                return hits
            candidates *= 4

    def _fused(self, found: Mapping[str, Mapping[str, float]], candidates: int) -> list[Hit]:
        """What the retrievers found as one ranking."""
        # All that share a word were found, so what was not found shares none.
        rest = {"lexical": 0.0} if len(found.get("lexical", ())) < candidates else None
        fused = search.fuse(found, {"vectors": 1.0, "lexical": self._weight_of_words()}, rest)
        passages = self._catalog.passages_by_id([one.id for one in fused])
        # A passage that another process has deleted since may still be in a cache.
        return [Hit(passages[one.id], one.score, one.ranks, one.scores) for one in fused if one.id in passages]

    def neighbours(self, passage: Passage, before: int = 1, after: int = 1) -> list[Passage]:
        """The passages around one in its document, itself among them, in order.

        Args:
            passage: Of this index; of a document that has changed since there are none.
            before: How many before it at most.
            after: How many after it at most.
        """
        all_ = self._catalog.passages(passage.document_id)
        place = next((number for number, one in enumerate(all_) if one.id == passage.id), None)
        return [] if place is None else all_[max(0, place - before) : place + after + 1]

    def documents(self) -> list[Document]:
        """All documents, in the order of their sources."""
        return self._catalog.documents()

    def listing(self) -> list[Listed]:
        """Every document with its size and its passages, without its text, in the order of their sources."""
        return self._catalog.listing()

    def sources(self) -> dict[str, str]:
        """The id of each document by its first source, in the order of these; quicker than reading the documents."""
        return self._catalog.sources()

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of every document's file by the document's id."""
        return dict(self._catalog.hashes())

    def document(self, document_id: str) -> Document:
        """One document.

        Raises:
            DocumentError: There is none of that id.
        """
        document = self._catalog.document(document_id)
        if document is None:
            raise DocumentError(document_id, "no document of this id is in the index")
        return document

    def among(self, where: Mapping[str, str | Collection[str]] | None) -> set[str] | None:
        """The ids of the documents that a search is confined to, None for all.

        Args:
            where: As ``search`` takes it.

        Raises:
            ValueError: No document has one of the keys.
        """
        if not where:
            return None
        if others := where.keys() - set(TOLD_BY):
            known = (*TOLD_BY, *self._catalog.metadata_keys())
            for key in others - set(known):
                raise ValueError(f"no document can be told by {key!r}; what they can be told by: {', '.join(known)}")
        wanted = {key: [value] if isinstance(value, str) else list(value) for key, value in where.items()}
        return set.intersection(*(self._catalog.documents_with(key, values) for key, values in wanted.items()))

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of one document, in order.

        Raises:
            DocumentError: There is none of that id.
        """
        return self._catalog.passages(document_id) or self._catalog.passages(self.document(document_id).id)

    def check(self) -> CheckReport:
        """Prove that the index is sound, or say in what it isn't; and which files have changed since they were added.

        Compares every passage with its document, every document with its hash, both caches with the catalog, and every
        file with the hash that it had: it reads them all.
        """
        return check.examine(self._catalog, self._vectors, self._lexical)

    def repair(self, progress: Callable[[Progress], None] | None = None) -> CheckReport:
        """Mend what ``check`` finds: make caches again, cut documents anew, read damaged ones again, embed the rest.

        Args:
            progress: As in ``add``.

        Returns:
            What is still wrong.
        """
        again = check.mend(self._catalog)
        Ingest(self._catalog, progress, self._readers).run([load.File(path, (str(path),)) for path in again])
        # One that another process uses can't be looked at, and is that one's to mend.
        for cache in (self._lexical, self._vectors):
            if cache.problems():
                cache.rebuild()
        self._finish(len(again), progress, wait=True)
        return self.check()

    def rebuild(self) -> None:
        """Make what is derived from the catalog again, without embedding anything.

        Raises:
            IndexFailure: Another process is searching with it.
        """
        self._vectors.rebuild()
        self._lexical.rebuild()

    def _gone(self, found: load.Found) -> list[Origin]:
        """The sources that were files of these folders and are there no more."""
        if not found.folders:
            return []
        there = {file.names[-1] for file in found.files}
        return [
            origin
            for origin in self._catalog.origins()
            if origin.path
            and origin.path not in there
            and any(folder in Path(origin.path).parents for folder in found.folders)
            and _is_gone(origin.path)
        ]

    def _finish(self, files: int, progress: Callable[[Progress], None] | None, *, wait: bool) -> None:
        """Make what was read findable: at once by its words, and by its meaning as soon as it is embedded."""
        self._lexical.level()
        if not wait:
            self._embedding.start()
            return
        before = levelled = self._catalog.vector_count()

        def tell() -> None:
            nonlocal levelled
            now = self._catalog.vector_count()
            if progress is not None:
                waiting = self._catalog.passage_count() - now
                progress(Progress("", files, files, max(0, now - before), max(0, waiting)))
            # As it goes, so that it does not all come at the end, when everything seems to be done.
            if now - levelled >= _LEVELLED_AFTER:
                levelled = now
                self._vectors.level()

        self._embedding.run(tell)
        self._vectors.level()

    def _weight_of_words(self) -> float:
        """What a point of BM25 counts for beside a cosine."""
        if self._name == DEFAULT_MODEL:
            return _WORDS
        if self._words is None:
            vectors = self._catalog.some_vectors(_SAMPLE)
            self._words = _WORDS_BY_SPREAD * spread(vectors) if len(vectors) >= _FEWEST else None
        return _WORDS if self._words is None else self._words

    def _reranked(self, query: str, hits: list[Hit]) -> list[Hit]:
        if self._reranker is None or not hits:
            return hits
        from index import nodes  # noqa: PLC0415 - takes seconds, which only those with a reranker should pay

        return nodes.reranked(query, hits, self._reranker)

    def _model(self) -> "BaseEmbedding":
        if self._embed_model is None:
            from index.embed import MiniLM  # noqa: PLC0415 - takes seconds, which only embedding should pay

            self._embed_model = MiniLM(model_name=DEFAULT_MODEL)
        return self._embed_model

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return unit(self._model().get_text_embedding_batch(list(texts)))

    def _embed_query(self, query: str) -> Vectors:
        vector: Vectors = unit([self._model().get_query_embedding(query)])[0]
        return vector

    def _embed_weighed(self, texts: Mapping[str, float]) -> tuple[Vectors, float]:
        """The direction of the weighted sum of the texts' vectors, each of length 1 before that, and its length."""
        total = np.sum([weight * self._embed_query(text) for text, weight in texts.items()], axis=0)
        direction: Vectors = unit([total])[0]
        return direction, float(np.linalg.norm(total))


def _weighed(query: str, background: Mapping[str, float]) -> dict[str, float]:
    """The texts that a search is for, each with its weight: those that say nothing or count for nothing left out."""
    if any(not weight >= 0 for weight in background.values()):
        raise ValueError(f"what a text counts for can't be below 0: {dict(background)}")
    texts = {query: 1.0}
    for text, weight in background.items():
        if text.strip() and weight:
            texts[_encodable(text)] = texts.get(_encodable(text), 0.0) + weight
    return texts


def _encodable(text: str) -> str:
    """The text without lone surrogates, which come from broken terminals; no tokenizer takes them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_gone(path: str) -> bool:
    """Whether there is no such file; one that can't be looked at may be there."""
    try:
        os.lstat(path)
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def _name(model: "BaseEmbedding | None") -> str:
    """Name a model, the embedded one when None; LlamaIndex calls those ``unknown`` that don't say."""
    if model is None:
        return DEFAULT_MODEL
    return model.model_name if model.model_name != "unknown" else type(model).__name__
