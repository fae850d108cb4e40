"""What can go wrong with documents, indexes and weights, each said with what to do next.

FootnotedError
├── DocumentError          a file that can't be read as text
├── IndexFailure
│   ├── IndexMissing       nothing is indexed at that path
│   ├── IndexMismatch      made with another embedding model or splitter
│   └── IndexBroken        the catalog itself can't be read
└── WeightsError
    ├── WeightsCorrupt     a model file is not the one whose SHA-256 is known
    ├── WeightsUnavailable no source could deliver a model file
    └── WeightsNotStored   the cache folder is full or can't be written
"""


class FootnotedError(Exception):
    """The root of everything Footnoted raises on purpose. Its text is meant for the user."""


class DocumentError(FootnotedError):
    """A file that can't be read as text.

    Attributes:
        source: The file as the user named it.
        reason: Why it can't be read, in words.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class IndexFailure(FootnotedError):
    """Something is wrong with an index as a whole."""


class IndexMissing(IndexFailure):
    """Nothing is indexed at that path."""


class IndexMismatch(IndexFailure):
    """The index was made with another embedding model or splitter."""


class IndexBroken(IndexFailure):
    """The catalog can't be read."""


class WeightsError(FootnotedError):
    """A model file can't be had."""


class WeightsCorrupt(WeightsError):
    """A model file is not the one whose SHA-256 is known."""


class WeightsUnavailable(WeightsError):
    """No source could deliver a model file."""


class WeightsNotStored(WeightsError):
    """The cache folder is full or can't be written."""
