"""Readers of LlamaIndex, for formats that only their users know."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.formats.content import Block, Content, compose

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader


def read(path: Path, reader: "BaseReader") -> Content:
    """Read a file with a reader: its documents or nodes in order, parted by blank lines, and what they say of it."""
    documents = reader.load_data(path)
    metadata = _metadata(documents)
    return compose((Block(document.get_content()) for document in documents), metadata.get("title"), metadata)


def _metadata(documents: Sequence[Any]) -> dict[str, str]:
    """Every key with each of its values once; ``path`` is the index's own."""
    values: dict[str, dict[str, None]] = {}
    for document in documents:
        for key, value in document.metadata.items():
            values.setdefault(str(key), {})[str(value)] = None
    return {key: ", ".join(found) for key, found in values.items()}
