"""Who reads: one person where only this machine can, else who logs in, else whose browser it is."""

import re
import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READER = "footnoted-reader"
LOCAL = "local"
NOBODY = ""
"""Who reads before that is known: nothing is kept for them, and they have nothing."""
_COOKIE = re.compile(r"[\w-]{20,64}")
_SECONDS = 400 * 86400


def reader(username: str | None, cookie: str | None, *, alone: bool) -> str:
    """By what a reader's conversations are known.

    Args:
        username: Who has logged in.
        cookie: What ``ToldApart`` gave the browser.
        alone: Whether only this machine can open the page.
    """
    if username:
        return f"login:{username}"
    if alone:
        return LOCAL
    # A browser that keeps no cookie is another reader each time.
    return f"cookie:{cookie if cookie and _COOKIE.fullmatch(cookie) else secrets.token_urlsafe(24)}"


class ToldApart:
    """Gives each browser a cookie that nobody can guess."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, with the cookie if the browser has none."""
        known = scope["type"] == "http" and HTTPConnection(scope).cookies.get(READER, "")
        if scope["type"] != "http" or _COOKIE.fullmatch(known or ""):
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", _cookie())
            await send(message)

        await self._app(scope, receive, with_cookie)


def _cookie() -> str:
    cookie: SimpleCookie = SimpleCookie({READER: secrets.token_urlsafe(24)})
    for name, value in {"path": "/", "max-age": _SECONDS, "httponly": True, "samesite": "Lax"}.items():
        cookie[READER][name] = value
    return cookie[READER].OutputString()
