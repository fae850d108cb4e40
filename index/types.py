"""The values that leave the index: documents, sentences, passages, hits.

Frozen, and free of any store, model or vendor. Every offset is a Unicode code point of ``Document.text`` (a Python
``str`` index), end exclusive.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Retrieval = Literal["both", "lexical", "vectors"]


class Span(NamedTuple):
    """A range of characters in a document's text: ``text[start:end]``."""

    start: int
    end: int


class Sentence(Span):
    """The span of one sentence, without the white space around it."""

    __slots__ = ()


class Heading(NamedTuple):
    """A heading: the span of its words, and its level from 1, the outermost."""

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Document:
    """One readable text, whatever file it came from.

    Attributes:
        id: Stable over changes of the content, unique within an index.
        sources: Every path or name the user knows it by, in the order in which they were added; never empty.
        title: The document's own title, else its file name without the suffix.
        text: The canonical text, which is what the user can read. All offsets refer to it.
        media_type: Such as ``text/plain`` or ``text/markdown``.
        sha256: SHA-256 of the file's bytes, in hex.
        pages: The span of each page in order, empty where the format has no pages.
        metadata: Whatever else the format tells.
        headings: Its headings in order, empty where the format has none.
    """

    id: str
    sources: tuple[str, ...]
    title: str
    text: str
    media_type: str
    sha256: str
    pages: tuple[Span, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    headings: tuple[Heading, ...] = ()

    @property
    def source(self) -> str:
        """The name by which the document was added first."""
        return self.sources[0]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document, the unit of retrieval.

    Always ``document.text[passage.start : passage.end] == passage.text``.

    Attributes:
        id: Unique within an index; it changes when the document's content does.
        document_id: The document it is cut from.
        document_sha256: That document's ``sha256`` when the passage was cut.
        source: The document's first source.
        title: The document's title.
        text: The words themselves.
        start: Where it begins in the document.
        end: Where it ends in the document, exclusive.
        sentences: Its sentences, as spans of the *document*.
        page: The page on which it begins, from 1, or None where the format has no pages.
        page_breaks: Where within it another page begins, as offsets of the *document*, in order.
        headings: The words of the headings that it stands under, the outermost first.
    """

    id: str
    document_id: str
    document_sha256: str
    source: str
    title: str
    text: str
    start: int
    end: int
    sentences: tuple[Sentence, ...]
    page: int | None = None
    page_breaks: tuple[int, ...] = ()
    headings: tuple[str, ...] = ()

    def page_at(self, position: int) -> int | None:
        """The page on which an offset of the document stands, which lies within this passage."""
        return None if self.page is None else self.page + bisect_right(self.page_breaks, position)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found.

    Attributes:
        passage: What was found.
        score: The fused score; higher is better, comparable only within one search.
        ranks: The rank from 1 by retriever (``vectors``, ``lexical``), absent where that retriever did not find it.
        scores: The raw score by retriever: cosine similarity in -1…1, BM25 from 0 up.
        duplicates: Passages that say nearly the same and were found less well, folded into this one.
    """

    passage: Passage
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    duplicates: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ``Index.add`` has come.

    Attributes:
        source: The file that is being read.
        done: Files finished so far. Once all are, their passages are found by their words, and embedded one by one.
        total: Files found.
        embedded: Passages embedded since the add began.
        waiting: Passages that have no vector yet, once all files are read.
    """

    source: str
    done: int
    total: int
    embedded: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    Attributes:
        source: The name by which the index knows the file, or would have known it.
        status: ``failed`` leaves what the index held under that name as it was.
        reason: Why it failed, else None.
        passages: How many passages were stored for it.
    """

    source: str
    status: Literal["added", "updated", "unchanged", "removed", "failed"]
    reason: str | None = None
    passages: int = 0


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an ``Index.add`` did.

    Attributes:
        files: One report a file, in the order in which they were read, then those that were forgotten.
        skipped: Files in folders that were passed over: hidden ones and those of other formats.
        unknown: The suffixes of those of other formats, the most frequent first; empty for a name without one.
    """

    files: tuple[FileReport, ...]
    skipped: int = 0
    unknown: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[FileReport, ...]:
        """The files that are new to the index."""
        return self._having("added")

    @property
    def updated(self) -> tuple[FileReport, ...]:
        """The files whose content had changed."""
        return self._having("updated")

    @property
    def unchanged(self) -> tuple[FileReport, ...]:
        """The files that the index held already, byte for byte."""
        return self._having("unchanged")

    @property
    def removed(self) -> tuple[FileReport, ...]:
        """The files that were gone from a folder that was added."""
        return self._having("removed")

    @property
    def failed(self) -> tuple[FileReport, ...]:
        """The files that could not be read, each with its reason."""
        return self._having("failed")

    def _having(self, status: str) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if file.status == status)


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list of them shows it.

    Attributes:
        id: The document.
        source: The name by which it was added first.
        path: The file it was read from; empty where it came as text.
        size: The size of that file in bytes.
        passages: How many passages it has.
        embedded: How many of them are found by their meaning too.
    """

    id: str
    source: str
    path: str
    size: int
    passages: int
    embedded: int


@dataclass(frozen=True, slots=True)
class State:
    """What an index holds just now, and what of it can be found in which way.

    Attributes:
        documents: How many documents it holds.
        passages: How many passages; all are found by their words.
        embedded: How many of them are found by their meaning too; the rest follow.
        generation: A number that every change makes greater, whichever process it was.
        fault: What works less well than it should, and what to do, in a sentence; None where all is well.
    """

    documents: int
    passages: int
    embedded: int
    generation: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What an ``Index.check`` found.

    Attributes:
        documents: How many documents the index holds.
        passages: How many passages.
        problems: What is wrong, one sentence each; ``repair`` mends it.
        waiting: How many passages have no vector yet; they are found by their words, and ``embed`` goes on with them.
        unseen: What could not be looked at, and why, one sentence each.
        changed: Sources whose file is no longer the one that was indexed.
        missing: Sources whose file is gone; the index still answers from them.
    """

    documents: int
    passages: int
    problems: tuple[str, ...] = ()
    waiting: int = 0
    unseen: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; changed and missing files are news, not faults."""
        return not self.problems
