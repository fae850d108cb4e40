"""Files that are written whole or not at all, however the process ends. Only the user can read them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import CollectionError


def write(path: Path, text: str) -> None:
    """Write a file in the place of what it was; its folder is made if it isn't there.

    Raises:
        OSError: It can't be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Say where it was that files couldn't be changed.

    Raises:
        CollectionError: They couldn't.
    """
    try:
        yield
    except OSError as error:
        raise CollectionError(f"files can't be kept in {path}: {error}") from error
