"""One process at a time, by a lock on a file. Knows nothing of what for."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)


@contextmanager
def turn(lock: FileLock, patience: float | None = None) -> Iterator[bool]:
    """Hold a lock.

    Args:
        lock: What is held. Where none can be had, on a drive that knows no locks, one
            goes on without: rather some work done twice than none.
        patience: Seconds to wait for it; as long as its own timeout says when None.

    Yields:
        Whether it is one's turn; if not, another process holds the lock.
    """
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        yield False
        return
    except (OSError, NotImplementedError) as error:
        logger.warning("%s can't be locked, so other processes may do the same work: %s", lock.lock_file, error)
    try:
        yield True
    finally:
        lock.release()
