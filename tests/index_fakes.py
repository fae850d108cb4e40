"""An embedding model that needs no weights: a bag of hashed words, so that texts sharing words are near each other."""

import hashlib
import re

from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr


class WordHash(BaseEmbedding):
    """Deterministic in every process. ``texts`` are all the texts it was asked to embed."""

    dimensions: int = 64
    _texts: list[str] = PrivateAttr(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return self._texts

    def _get_text_embedding(self, text: str) -> list[float]:
        self._texts.append(text)
        return self._vector(text)

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for word in re.findall(r"\w+", text.lower()):
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % self.dimensions] += 1.0
        return vector


def model(name: str = "word-hash", dimensions: int = 64) -> WordHash:
    return WordHash(model_name=name, dimensions=dimensions)
