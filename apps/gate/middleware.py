"""Every request and every websocket passes here first: the name it calls, where it comes from, the login.

The name (Host) is checked because a hostile site can let its own name point at 127.0.0.1 and so reach the app
through the browser of who visits it; the origin because a page of another site may otherwise open a
websocket here. Streamlit checks both for its websocket alone, and would allow any port of this machine.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.gate.oidc import OidcLogin
from apps.gate.token import TokenLogin
from common.access import Access
from common.login import Oidc, Token

ALIVE: Final = "/_stcore/health"
"""Open to all: it says "ok", which a proxy and `pilots app` wait for."""
REFUSED: Final = 1008
HEADERS: Final = {
    # The browser itself then refuses what a page, a chart or a component would fetch from elsewhere. Charts
    # (Vega) make functions from text, and Streamlit has styles and workers in the page.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A link holds the id of a job. Not "no-referrer": browsers then send forms with the origin "null".
    "Referrer-Policy": "same-origin",
}


class Gate:
    """An ASGI middleware around the whole app.

    Args:
        app: what answers those who may enter.
        access: names, addresses and login.
        login: who may enter; None: everyone whom the address lets in.
    """

    def __init__(self, app: ASGIApp, *, access: Access, login: TokenLogin | OidcLogin | None) -> None:
        self._app, self._access, self._login = app, access, login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, answer or refuse."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        visitor = HTTPConnection(scope)
        if scope["type"] == "websocket":
            if self._is_foreign(visitor) or not (self._login is None or self._login.admits(visitor)):
                await receive()
                await send({"type": "websocket.close", "code": REFUSED})
            else:
                await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        answer = await self._answer(Request(scope, receive))
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        if self._is_foreign(request):
            return PlainTextResponse("This app does not answer under that name or for that site.", 403)
        if self._login is None or (request.url.path == ALIVE and request.method in {"GET", "HEAD"}):
            return None
        return await self._login.answer(request)

    def _is_foreign(self, visitor: HTTPConnection) -> bool:
        hosts = visitor.headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in self._access.hosts:
            return True
        origins = visitor.headers.getlist("origin")
        if not origins:
            return False
        # A proxy may call the app by another name than people do; the latter is then one of the public ones.
        site = urlsplit(origins[0]).netloc.lower()
        same = site == hosts[0].strip().lower()
        return len(origins) != 1 or not (same or _name(site) in self._access.public)


def login_for(access: Access, port: int) -> TokenLogin | OidcLogin | None:
    """What asks for the login that is set up; None where there is none.

    Args:
        access: the app's access.
        port: the app's port.
    """
    if isinstance(access.login, Token):
        return TokenLogin(access.login, port)
    if isinstance(access.login, Oidc):
        return OidcLogin(access.login)
    return None


def _name(host: str) -> str | None:
    """The bare name of a Host header in small letters; None where it is malformed."""
    try:
        found = urlsplit(f"//{host.strip()}")
        _ = found.port
    except ValueError:
        return None
    if found.username is not None or found.path or found.query or found.fragment or not found.hostname:
        return None
    return found.hostname.lower().rstrip(".")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return wrapped
