"""The values that leave the index: documents, sentences, passages, hits.

Frozen, and free of any store, model or vendor. Every offset is a Unicode code point of ``Document.text`` (a Python
``str`` index), end exclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """A range of characters in a document's text: ``text[start:end]``."""

    start: int
    end: int


class Sentence(Span):
    """The span of one sentence, without the white space around it."""

    __slots__ = ()


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
    """

    id: str
    sources: tuple[str, ...]
    title: str
    text: str
    media_type: str
    sha256: str
    pages: tuple[Span, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found.

    Attributes:
        passage: What was found.
        score: The fused score; higher is better, comparable only within one search.
        ranks: The rank from 1 by retriever (``vectors``, ``lexical``), absent where that retriever did not find it.
        scores: The raw score by retriever: cosine similarity in -1…1, BM25 from 0 up.
    """

    passage: Passage
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
