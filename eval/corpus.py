"""A suite's corpus as an index, made once and kept in the user's cache folder."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from eval.suite import Suite
from index import Index, Progress, weights
from index.core import FORMAT
from index.types import Document

logger = logging.getLogger(__name__)


def open_index(suite: Suite, progress: Callable[[Progress], None] | None = None) -> Index:
    """Open the index of a suite's corpus, made where there is none; another corpus or splitter has another folder.

    Args:
        suite: Whose documents are indexed.
        progress: Told how far that has come.
    """
    index = Index.open(folder(suite))
    report = index.add_documents(map(_apart, suite.documents.values()), progress)
    for file in report.failed:
        logger.warning("left out of %s: %s: %s", suite.name, file.source, file.reason)
    return index


def _apart(document: Document) -> Document:
    """The document with a hash of its name too: gold names one of two files of the same content, which are one else."""
    digest = hashlib.sha256(f"{document.source}\n{document.sha256}".encode()).hexdigest()
    return replace(document, sha256=digest)


def folder(suite: Suite) -> Path:
    """Where what is made of a suite's corpus is kept."""
    return weights.cache_folder() / "suites" / f"{suite.name}-{suite.corpus_hash[:16]}-{FORMAT}"
