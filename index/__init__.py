"""Documents in, ranked passages out. Knows nothing of questions, answers or language models that write."""

from typing import TYPE_CHECKING, Any

from index.types import (
    AddReport,
    CheckReport,
    Document,
    FileReport,
    Heading,
    Hit,
    Passage,
    Progress,
    Sentence,
    Span,
    State,
)

if TYPE_CHECKING:
    from index.core import Index

__all__ = [
    "AddReport",
    "CheckReport",
    "Document",
    "FileReport",
    "Heading",
    "Hit",
    "Index",
    "Passage",
    "Progress",
    "Sentence",
    "Span",
    "State",
]


def __getattr__(name: str) -> Any:
    # Index brings NumPy and SQLite with it, which those who only want the values should not wait for.
    if name == "Index":
        from index.core import Index  # noqa: PLC0415

        return Index
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
