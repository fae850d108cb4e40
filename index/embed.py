"""The embedded MiniLM, as a LlamaIndex embedding. Importing this costs seconds: only ``core`` does, when it must."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr
from tokenizers import Tokenizer

from index import weights

DIMENSIONS = 384
_BATCH = 8  # small batches win on a CPU: 41 passages a second against 28 at 64
_TOKENS = 256  # what the model was trained to read


class MiniLM(BaseEmbedding):
    """all-MiniLM-L6-v2 in int8 on ONNX Runtime: 384 dimensions, unit length. Safe to share between threads."""

    _session: onnxruntime.InferenceSession = PrivateAttr()
    _tokenizer: Tokenizer = PrivateAttr()

    def __init__(self, model: Path | None = None, tokenizer: Path | None = None, **fields: Any) -> None:
        """Load the model.

        Args:
            model: The ONNX file; the known one, fetched on first use, when None.
            tokenizer: Its ``tokenizer.json``, likewise.
            **fields: Those of ``BaseEmbedding``.
        """
        # LlamaIndex hands over this many texts at once, to be sorted by length before they are cut into batches.
        super().__init__(**{"model_name": "all-MiniLM-L6-v2-int8", "embed_batch_size": 256, **fields})
        self._tokenizer = Tokenizer.from_file(str(tokenizer or weights.get("minilm-tokenizer")))
        self._tokenizer.enable_truncation(_TOKENS)
        self._tokenizer.enable_padding()
        onnxruntime.disable_telemetry_events()
        self._session = onnxruntime.InferenceSession(
            str(model or weights.get("minilm")), providers=["CPUExecutionProvider"]
        )

    @classmethod
    def class_name(cls) -> str:
        """Name the class for LlamaIndex."""
        return "MiniLM"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed texts.

        Args:
            texts: Any strings; what is beyond 256 tokens is not read.

        Returns:
            An array of shape (len(texts), 384), each row of length 1.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for first in range(0, len(texts), _BATCH):
            batch = by_length[first : first + _BATCH]
            vectors[batch] = self._pooled([texts[number] for number in batch])
        return vectors

    def _pooled(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Run the model and average its token vectors over the tokens that are no padding."""
        encodings = self._tokenizer.encode_batch(texts)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        inputs = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        named = {one.name: inputs[one.name] for one in self._session.get_inputs()}
        tokens = np.asarray(self._session.run(None, named)[0], dtype=np.float32)
        means = (tokens * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(value) for value in row] for row in self.encode(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)
