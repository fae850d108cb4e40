"""Get a model file, wherever it comes from; tell which are there. Knows no wheel, no hash and no network itself."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from index.errors import WeightsCorrupt, WeightsNotStored, WeightsUnavailable
from index.weights.cache import BY_HAND, CACHE_VARIABLE, OWN_VARIABLE, Slot, cached, mismatch, users_own
from index.weights.progress import Report
from index.weights.table import KNOWN, Weights

_YOURS = "your folder"
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


@dataclass(frozen=True, slots=True)
class WeightStatus:
    """One model file, as it stands on this machine.

    Attributes:
        name: How the code and the user call it.
        purpose: What it does, in words.
        size: In bytes.
        licence: The SPDX identifier of its licence.
        present: Whether a file is at the path.
        verified: Whether that file was verified and is unchanged since. One that is present and not verified is
            hashed when it is first used.
        path: Where it is, or would be.
        source: Who delivered it, in words, or None while it isn't verified.
    """

    name: str
    purpose: str
    size: int
    licence: str
    present: bool
    verified: bool
    path: Path
    source: str | None


def get(name: str, progress: Report | None = None) -> Path:
    """Give the path of a known model file, fetching it on first use.

    Args:
        name: A name in ``KNOWN``, such as ``minilm``.
        progress: Told several times a second how far a fetch has come.

    Returns:
        A file whose SHA-256 is the known one.

    Raises:
        WeightsUnavailable: No such name, or no source could deliver it.
        WeightsCorrupt: The file in the user's own folder is another one.
        WeightsNotStored: The cache folder is full or can't be written.
    """
    if name not in KNOWN:
        raise WeightsUnavailable(f"no model is called {name!r}; there are {', '.join(KNOWN)}")
    return obtain(KNOWN[name], progress)


def obtain(weights: Weights, progress: Report | None = None, free_bytes: Callable[[Path], int] | None = None) -> Path:
    """Give the path of a model file, as ``get`` does, for an entry of any table.

    Args:
        weights: Which file.
        progress: Told several times a second how far a fetch has come.
        free_bytes: How much room a folder has; the disk is asked where it is None.

    Returns:
        A file whose SHA-256 is the one in the entry.

    Raises:
        WeightsError: As in ``get``.
    """
    if own := _users_own(weights):
        return own
    slot = cached(weights)
    with _storing(slot):
        if slot.verified(BY_HAND):
            return slot.path
        # Nearly every start finds the file. The imports of a fetch take longer than all others here together.
        from index.weights.fetch import fetch_alone  # noqa: PLC0415

        fetch_alone(slot, progress, free_bytes)
    return slot.path


def listing() -> list[WeightStatus]:
    """How every known model file stands on this machine. Reads no model bytes and changes nothing."""
    return [_status(weights) for weights in KNOWN.values()]


def _status(weights: Weights) -> WeightStatus:
    slot = _own_slot(weights) or cached(weights)
    source = slot.source()
    return WeightStatus(
        name=weights.name,
        purpose=weights.purpose,
        size=weights.size,
        licence=weights.licence,
        present=slot.path.is_file(),
        verified=source is not None,
        path=slot.path,
        source=source,
    )


def _own_slot(weights: Weights) -> Slot | None:
    """The file in the user's own folder, right or wrong; None where the user has none."""
    named = os.environ.get(OWN_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise WeightsUnavailable(f"{OWN_VARIABLE} names {folder}, which is not a folder; correct or unset it")
    slot = users_own(weights, folder)
    return slot if slot.path.is_file() else None


def _users_own(weights: Weights) -> Path | None:
    """The file in the user's own folder, verified; None where the user has none."""
    slot = _own_slot(weights)
    if slot is None:
        return None
    try:
        right = slot.verified(_YOURS)
    except OSError as error:
        raise WeightsUnavailable(f"{slot.path} can't be read: {error.strerror}") from error
    if not right:
        raise WeightsCorrupt(
            f"{slot.path} is not the known {weights.name}: {mismatch(slot.path, weights)}. "
            f"Put the right file there, or take this one away and a copy is fetched."
        )
    return slot.path


@contextmanager
def _storing(slot: Slot) -> Iterator[None]:
    """Translate what a folder can refuse."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise WeightsNotStored(
            f"{slot.weights.name} can't be kept in {slot.path.parent}: {error.strerror}. "
            f"Make that folder writable, or let {CACHE_VARIABLE} name another."
        ) from error
