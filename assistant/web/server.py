"""Run the page: which of Gradio's switches are thrown, and why. Nothing that the page does leaves the machine."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import SettingsError
from assistant.web.line import Line
from assistant.web.store import Store, folder
from assistant.web.uploads import MOST_BYTES
from index import Index

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.middleware import Middleware

    from assistant.core import Assistant

log = logging.getLogger(__name__)

# Read while Gradio is imported, so that even its import reports nothing. The last keeps it from computing, with every
# event, statistics for the monitoring that is off.
_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
}
LOOPBACK = ("127.0.0.1", "localhost")
# The embedded model reads one question at a time; two would both take longer. An endpoint can do several.
EMBEDDED_AT_ONCE = 1
ENDPOINT_AT_ONCE = 8
_SESSIONS = 500
_PORTS = range(7860, 7960)


@contextmanager
def running(
    assistant: "Assistant",
    *,
    host: str,
    port: int | None,
    open_browser: bool,
    opener: Callable[[Path], Index] | None = None,
) -> Iterator[str]:
    """Serve the page in threads of its own for as long as the block runs.

    Args:
        assistant: Who answers.
        host: The interface to listen on.
        port: None takes the first that is free.
        open_browser: Whether to open the address in the user's browser.
        opener: Opens the index of a collection that readers make; None is the embedded MiniLM.

    Yields:
        The page's address.

    Raises:
        SettingsError: The port can't be had.
    """
    _prepare()
    from assistant.web import page  # noqa: PLC0415 - Gradio must find its environment prepared
    from assistant.web.shelf import Shelf  # noqa: PLC0415
    from assistant.web.theme import theme  # noqa: PLC0415

    free = _free_port(host, port)
    with (
        closing(Store(folder() / "conversations.sqlite3")) as store,
        closing(Shelf(assistant, folder(), opener or _opener(assistant), store.forget_place)) as shelf,
        as_file(files("assistant.web") / "icon.svg") as icon,
    ):
        line = Line(EMBEDDED_AT_ONCE if assistant.model.embedded else ENDPOINT_AT_ONCE)
        blocks = page.build(shelf, store, line, alone=host in LOOPBACK)
        try:
            _, address, _ = blocks.queue(max_size=64).launch(
                server_name=host,
                server_port=free,
                inbrowser=open_browser,
                theme=theme(),
                css=(files("assistant.web") / "page.css").read_text("utf-8"),
                favicon_path=icon,
                prevent_thread_lock=True,
                quiet=True,
                auth=_logins(assistant.settings.login),
                share=False,
                # Each visit has a session, with all that was found for its answers; they are on disk, too.
                state_session_capacity=_SESSIONS,
                footer_links=[],
                run_history=False,
                enable_monitoring=False,
                mcp_server=False,
                pwa=False,
                ssr_mode=False,
                max_file_size=MOST_BYTES,
                app_kwargs={"middleware": _guards(host)},
                show_error=False,
            )
        except OSError as error:
            raise SettingsError("the page did not start within 5 s; is the machine very busy? Try again") from error
        threading.Thread(target=_warm, args=(assistant, line.open), daemon=True).start()
        try:
            yield address
        finally:
            blocks.close(verbose=False)


def _warm(assistant: "Assistant", done: threading.Event) -> None:
    """Have the model read what it can before the first question, which waits for that and says so."""
    try:
        assistant.warm()
    except Exception as error:  # noqa: BLE001 (the first question will tell; or the page has been closed meanwhile)
        log.info("the model could not be prepared: %s", error)
    finally:
        done.set()


def _logins(login: "SecretStr | None") -> list[tuple[str, str]] | None:
    """The names and passwords that the setting gives."""
    if login is None:
        return None
    pairs = [part.strip().partition(":")[::2] for part in login.get_secret_value().split(",")]
    if not all(name and password for name, password in pairs):
        raise SettingsError("FOOTNOTED_LOGIN should be name:password, several separated by commas")
    return pairs


def _opener(assistant: "Assistant") -> Callable[[Path], Index]:
    return partial(Index.open, chroma_url=assistant.settings.chroma_url)


def _prepare() -> None:
    os.environ.update(_ENVIRONMENT)
    # Gradio asks its own address whether it is up, which a proxy of the user's can't answer.
    for name in ("NO_PROXY", "no_proxy"):
        known = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join([*known, *(host for host in LOOPBACK if host not in known)])


def _guards(host: str) -> list["Middleware"]:
    """On this machine only, answer to its own names only: a site that points its name here could read the documents.

    Where others may read, each has conversations of their own.
    """
    from starlette.middleware import Middleware  # noqa: PLC0415 - comes with Gradio
    from starlette.middleware.trustedhost import TrustedHostMiddleware  # noqa: PLC0415

    from assistant.web.readers import ToldApart  # noqa: PLC0415

    if host in LOOPBACK:
        return [Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))]
    return [Middleware(ToldApart)]


def _free_port(host: str, port: int | None) -> int:
    """The port named, or the first that is free.

    Asked here rather than of Gradio, which can't tell a port that is taken from a machine that is slow.
    """
    for candidate in _PORTS if port is None else [port]:
        with suppress(OSError), socket.create_server((host, candidate)):
            return candidate
    if port is None:
        raise SettingsError(f"no port from {_PORTS[0]} to {_PORTS[-1]} is free at {host}; name another with --port")
    raise SettingsError(f"port {port} can't be had at {host}, another program may have it; name another with --port")
