"""One model file's places in the cache folder, and what is known of the bytes there. Fetches nothing."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from platformdirs import user_cache_dir

from index.weights.table import Weights

CACHE_VARIABLE = "FOOTNOTED_CACHE"
"""The environment variable that names another cache folder."""

OWN_VARIABLE = "FOOTNOTED_MODELS_DIR"
"""The environment variable that names a folder with model files of the user's own, under their known names."""

BY_HAND = "placed by hand"
"""The source of a right file that nobody is known to have delivered."""

_ABANDONED = 7 * 24 * 3600.0
"""Seconds after which a fetch that nobody went on with is swept away."""


def cache_folder() -> Path:
    """The folder in which Footnoted keeps what it can make or fetch again; it may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser().absolute() if named else Path(user_cache_dir("footnoted", appauthor=False))


@dataclass(frozen=True, slots=True)
class Record:
    """That a file was verified. To hash the largest takes seconds, so it is done once for each state of the file.

    Attributes:
        path: Which file.
        sha256: What its bytes were found to be.
        size: Its size in bytes at the time.
        mtime_ns: When it had last been changed at the time.
        source: Who delivered it, in words.
    """

    path: str
    sha256: str
    size: int
    mtime_ns: int
    source: str

    @classmethod
    def of(cls, file: Path, path: Path, weights: Weights, source: str) -> Self:
        """Record that ``file``, which is or will be at ``path``, was verified just now."""
        state = file.stat()
        return cls(str(path), weights.sha256, state.st_size, state.st_mtime_ns, source)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one model file lives.

    Attributes:
        weights: Which file.
        path: Where it is, or would be.
        record: Where it is written down that it was verified.
    """

    weights: Weights
    path: Path
    record: Path

    def source(self) -> str | None:
        """Who delivered the file, where it was verified before and is unchanged since; reads no model bytes."""
        with suppress(OSError, ValueError, TypeError):
            record = Record(**json.loads(self.record.read_text(encoding="utf-8")))
            if record == Record.of(self.path, self.path, self.weights, record.source):
                return record.source
        return None

    def verified(self, source: str) -> bool:
        """Whether the right file is there, hashing it where it wasn't verified before.

        Args:
            source: Whom to name as its source then.
        """
        if self.source() is not None:
            return True
        if not self.path.is_file() or mismatch(self.path, self.weights):
            return False
        with suppress(OSError):  # a cache folder that can only be read still serves what it holds
            self._note(Record.of(self.path, self.path, self.weights, source))
        return True

    def keep(self, file: Path, source: str) -> None:
        """Move a verified file into place: at every instant the place is empty or holds the whole file."""
        with file.open("rb+") as arrived:
            os.fsync(arrived.fileno())
        self._note(Record.of(file, self.path, self.weights, source))  # renaming changes neither size nor mtime
        file.replace(self.path)
        shutil.rmtree(self.staging, ignore_errors=True)

    def _note(self, record: Record) -> None:
        self.record.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.record.with_name(f"{self.record.name}.{os.getpid()}")
        fresh.write_text(json.dumps(asdict(record)), encoding="utf-8")
        fresh.replace(self.record)

    @property
    def staging(self) -> Path:
        """The folder in which the file arrives, named by its content: half of another release's file is no start."""
        return self.record.parent / ".staging" / self.weights.sha256[:16]

    @property
    def lock(self) -> Path:
        """The file that whoever fetches holds locked."""
        return self.staging.with_suffix(".lock")

    def sweep(self) -> None:
        """Remove what fetches of other files left half done a week ago or more."""
        for folder in self.staging.parent.glob("*/"):
            if folder != self.staging and time.time() - _newest(folder) > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def cached(weights: Weights) -> Slot:
    """Where the cache keeps a model file."""
    models = cache_folder() / "models"
    return Slot(weights, models / weights.file, models / f"{weights.file}.verified")


def users_own(weights: Weights, folder: Path) -> Slot:
    """Where a folder of the user's has a model file. Nothing is written there; the record is kept in the cache."""
    return Slot(weights, folder / weights.file, cache_folder() / "models" / f"{weights.file}.own.verified")


def mismatch(path: Path, weights: Weights) -> str | None:
    """What is wrong with a file's bytes, in words; None when it is the known file."""
    size = path.stat().st_size
    if size != weights.size:
        return f"{size} bytes instead of {weights.size}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return None if found == weights.sha256 else f"SHA-256 {found} instead of {weights.sha256}"


def bytes_in(folder: Path) -> int:
    """The size of all files in a folder, while others write and delete there."""
    return sum(state.st_size for state in _states(folder))


def _newest(folder: Path) -> float:
    return max((state.st_mtime for state in _states(folder)), default=folder.stat().st_mtime)


def _states(folder: Path) -> Iterator[os.stat_result]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                yield (Path(place) / name).stat()
