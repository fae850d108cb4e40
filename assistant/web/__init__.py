"""The page: ask in a browser, and see each answer's words where they stand.

Only this package knows Gradio, and nothing of it is imported before ``serve`` is called.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.core import Assistant

__all__ = ["serve"]


def serve(
    assistant: "Assistant",
    *,
    ready: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    until: threading.Event | None = None,
) -> None:
    """Serve the page until ``until`` is set or Ctrl-C is pressed. The Assistant stays open.

    Args:
        assistant: Who answers.
        ready: Told the page's address once it can be opened.
        host: The interface to listen on. Whoever can reach it can ask, read every document, add and remove some.
        port: None takes the first that is free from 7860 on.
        open_browser: Whether to open the address in the user's browser.
        until: Ends the serving.

    Raises:
        SettingsError: The port can't be had.
    """
    # Gradio takes 4 s to import, which only the page should pay.
    from assistant.web import server  # noqa: PLC0415

    until = until or threading.Event()
    with server.running(assistant, host=host, port=port, open_browser=open_browser) as address:
        ready(address)
        # Waiting in slices, because on Windows a bare wait can't be interrupted.
        while not until.is_set():
            time.sleep(0.2)
