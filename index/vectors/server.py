"""Chroma on a server, by its address. Any number of processes and indexes may use it, each index a collection."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from filelock import FileLock

from index.catalog import Catalog
from index.errors import FootnotedError, IndexFailure
from index.turn import turn
from index.vectors.collection import Passages

if TYPE_CHECKING:
    from chromadb.api.client import Client

logger = logging.getLogger(__name__)

# Nobody should wait at each search for a server that is down, nor long for one that is up again.
_RETRY_SECONDS = 5.0
_TURN_SECONDS = 1.0
# One that is well says so at once. It may take longer to take in a thousand vectors.
_GREETING_SECONDS = 2.0
_REPLY_SECONDS = 30.0
_PORTS = {"http": 80, "https": 443}
T = TypeVar("T")


class Server:
    """One index's vectors on the server.

    Attributes:
        fault: Why it can't be used just now, in a sentence; None where it can.
        behind: Whether it was found to be further behind the catalog than it was allowed to be.
    """

    def __init__(self, url: str, lock: Path, catalog: Catalog, stopped: Callable[[], bool]) -> None:
        """Ask for nothing yet.

        Args:
            url: Such as ``http://localhost:8000``.
            lock: A file; whoever holds it brings the collection level.
            catalog: The truth.
            stopped: Asked now and then whether to leave off taking in what has changed.

        Raises:
            IndexFailure: The address makes no sense.
        """
        self._host, self._port, self._ssl = _address(url)
        self.fault: str | None = None
        self.behind = False
        self._url = url
        self._catalog = catalog
        self._stopped = stopped
        self._name = f"footnoted-{catalog.id}"
        self._lock = FileLock(lock, timeout=_TURN_SECONDS, thread_local=False)
        self._client: Client | None = None
        self._passages: Passages | None = None
        self._not_before = 0.0
        self._to_delete = False

    def use(self, act: Callable[[Passages], T], most_behind: int | None = None) -> T | None:
        """Act on the vectors, level with the catalog; None where the server can't be used or is too far behind.

        Args:
            act: What to do.
            most_behind: How many changes may have to be taken in before; any number when None.
        """
        if self.fault is not None and time.monotonic() < self._not_before:
            return None
        # Twice, because the collection, or the server's whole folder, may have been deleted since.
        for attempt in range(2):
            try:
                passages = self._opened()
                self.behind = most_behind is not None and passages.behind() > most_behind
                level = None if self.behind else self._levelled(passages)
                found = None if level is None else act(level)
            except FootnotedError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the catalog has the vectors too
                self._shut()
                if isinstance(error, LookupError):
                    logger.warning("the collection at %s is made again from the catalog: %s", self._url, error)
                    self._to_delete = True
                if attempt:
                    self._fail(error)
            else:
                self.fault = None
                return found
        return None

    def rebuild(self) -> None:
        """Make the collection again from the catalog.

        Raises:
            IndexFailure: The server can't be used.
        """
        self._not_before = 0.0
        self._shut()
        self._to_delete = True
        self.use(lambda _: None)
        if self.fault is not None:
            raise IndexFailure(self.fault)

    def close(self) -> None:
        """Let go of the server."""
        self._shut()

    def _opened(self) -> Passages:
        if self._passages is None:
            client = self._client = self._client or self._connect()
            if self._to_delete:
                self._delete(client)
            self._passages = Passages(client, self._name, self._catalog)
        return self._passages

    def _connect(self) -> "Client":
        self._greet()
        import chromadb  # noqa: PLC0415 - takes a second, which only a search should pay
        from chromadb.config import Settings  # noqa: PLC0415

        settings = Settings(anonymized_telemetry=False)
        # The declared type is that of every kind of client; only some can be closed.
        client = cast("Client", chromadb.HttpClient(self._host, self._port, self._ssl, settings=settings))
        for session in _sessions(client):
            session.timeout = httpx.Timeout(_REPLY_SECONDS)
        return client

    def _greet(self) -> None:
        """Ask whether there is a Chroma at all, since its client doesn't say what is wrong, and may wait for ever.

        Raises:
            Exception: There is none.
        """
        scheme = "https" if self._ssl else "http"
        reply = httpx.get(f"{scheme}://{self._host}:{self._port}/api/v2/heartbeat", timeout=_GREETING_SECONDS)
        if "nanosecond heartbeat" not in reply.text:
            raise ConnectionError("what answers there is no Chroma server")

    def _delete(self, client: "Client") -> None:
        from chromadb.errors import NotFoundError  # noqa: PLC0415

        with suppress(NotFoundError):
            client.delete_collection(self._name)
        self._to_delete = False

    def _shut(self) -> None:
        client, self._client, self._passages = self._client, None, None
        if client is not None:
            client.close()
            for session in _sessions(client):
                session.close()

    def _levelled(self, passages: Passages) -> Passages | None:
        """The passages, level with the catalog; None while another process is bringing them so."""
        if passages.is_level():
            return passages
        # One that is behind another would bring back what that one has just deleted.
        with turn(self._lock) as ours:
            if not ours:
                return None
            self._passages = None
            passages = self._opened()
            passages.level(self._stopped)
            return passages

    def _fail(self, error: Exception) -> None:
        said = " ".join(str(error).split()) or type(error).__name__
        if self.fault is None:
            logger.warning("Chroma at %s can't be used just now: %s", self._url, said)
        self.fault = (
            f"Chroma at {self._url} can't be used ({said}): start it, or open the index without it; meanwhile the "
            "catalog's vectors are compared one by one"
        )
        self._not_before = time.monotonic() + _RETRY_SECONDS


def _sessions(client: "Client") -> list[httpx.Client]:
    """Its connections, which are not public. It waits on them for ever, and leaves them open when it is closed."""
    whole = cast("Any", client)
    return [whole._server._session, whole._admin_client._server._session]


def _address(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise IndexFailure(f"{url!r} is not the address of a Chroma server; it looks like http://localhost:8000")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, _PORTS[parts.scheme] if port is None else port, parts.scheme == "https"
