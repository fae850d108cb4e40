"""Readers who don't log in, told apart by a cookie: each has conversations of their own."""

import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READER = "footnoted-reader"
_SECONDS = 400 * 86400


class ToldApart:
    """Gives each browser a cookie that nobody can guess."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, with the cookie if the browser has none."""
        if scope["type"] != "http" or READER in HTTPConnection(scope).cookies:
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
