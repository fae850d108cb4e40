"""What the embedded model can be taught beside its weights, and the words that turn it on.

An adapter is an activated LoRA (Greenewald et al. 2025) in a GGUF file: it changes how a model reads from those words
on, and nothing in a prompt without them. What was read before them is the same with it and without, so that one call
can use it after another that didn't, and reads only its question.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from assistant import prompts

SUITE = "answerability-train"
"""What ``scripts/train.py`` trains an adapter on, so that nothing may be fitted or reported on that with one."""
SHIPPED = Path(str(files("assistant") / "stated.gguf"))
"""The one that ships, for the embedded default. It is at work where ``FOOTNOTED_ADAPTER`` names it."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter.

    Attributes:
        path: The GGUF file.
        words: What ends a prompt that it is for.
    """

    path: Path
    words: str = prompts.CHECK
