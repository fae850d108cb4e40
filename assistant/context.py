"""Which passages the model reads, in which order, within a budget of tokens."""

import importlib.util
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.types import Evidence
from index.types import Hit, Passage

if TYPE_CHECKING:
    import tiktoken

# "[12] " and the line break, which the budget pays for as well.
LINE_TOKENS = 5


def fit(hits: Sequence[Hit], budget: int) -> tuple[Evidence, ...]:
    """The best passages whose tokens fit, numbered in the order in which their documents have them.

    The order is that of the documents and not that of the ranks, so that the same passages always make the same
    prompt and a model that has read them need not read them again.

    Args:
        hits: What retrieval found, best first.
        budget: Tokens (``o200k_base``), numbering included. The best passage is read even when it alone is larger.
    """
    chosen: list[Passage] = []
    spent = 0
    for hit in hits:
        cost = tokens(hit.passage.text) + LINE_TOKENS
        if chosen and spent + cost > budget:
            continue
        chosen.append(hit.passage)
        spent += cost
    chosen.sort(key=lambda passage: (passage.source, passage.document_id, passage.start))
    return tuple(Evidence(number, passage, passage.sentences) for number, passage in enumerate(chosen, start=1))


def tokens(text: str) -> int:
    """How many tokens the text has, by ``o200k_base``; other models' counts differ by some per cent."""
    return len(_encoding().encode(text, disallowed_special=()))


@lru_cache(maxsize=1)
def _encoding() -> "tiktoken.Encoding":
    # tiktoken fetches its vocabulary from the network unless it finds it here; llama-index ships it.
    package = importlib.util.find_spec("llama_index.core")
    if package is not None and package.origin is not None:
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(Path(package.origin).parent / "_static" / "tiktoken_cache"))
    import tiktoken  # noqa: PLC0415 - after the folder is set

    return tiktoken.get_encoding("o200k_base")
