"""Login with a token: a password field, then a cookie that only the browser's requests carry."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from apps.gate.page import token_form
from apps.gate.tickets import LIFE_S, Tickets
from apps.gate.tries import Tries
from apps.gate.words import say
from common.login import Token

LONGEST_FORM = 8192


class TokenLogin:
    """Asks every visitor for the token.

    Args:
        token: what must be given.
        port: the app's port, which goes into the cookie's name: cookies are shared between ports.
    """

    def __init__(self, token: Token, port: int) -> None:
        self.cookie = f"pilots_{port}"
        self.tickets = Tickets()
        self.tries = Tries()
        self._token = token

    def admits(self, visitor: HTTPConnection) -> bool:
        """Whether a request comes from who has given the token."""
        return self.tickets.holds(visitor.cookies.get(self.cookie))

    async def answer(self, request: Request) -> Response | None:
        """The answer where the gate itself is asked for, or must answer; None: the app answers."""
        path = request.url.path
        if path == "/logout":
            self.tickets.end(request.cookies.get(self.cookie))
            gone = RedirectResponse("/", 303)
            gone.delete_cookie(self.cookie, path="/", httponly=True, samesite="lax")
            return gone
        if path == "/login" and request.method == "POST":
            return await self._try(request)
        if self.admits(request):
            return RedirectResponse("/", 303) if path == "/login" else None
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return Response(status_code=401)
        return token_form(request.headers.get("accept-language", ""), _inside(_path(request)))

    async def _try(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        language = request.headers.get("accept-language", "")
        given, target = await _form(request)
        if wait_s := math.ceil(self.tries.wait_s(address)):
            # Also where the token is right: else the pause could be tried away.
            slow = token_form(language, target, say("wait", language, s=wait_s), 429)
            slow.headers["Retry-After"] = str(wait_s)
            return slow
        if not hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._token.sha256):
            self.tries.wrong(address)
            logging.getLogger(__name__).warning("wrong tokens given so far: %d", self.tries.wrong_in_all)
            return token_form(language, target, say("wrong", language))
        self.tries.right(address)
        entered = RedirectResponse(target, 303)
        entered.set_cookie(
            self.cookie,
            self.tickets.issue(),
            max_age=LIFE_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return entered


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _inside(target: str) -> str:
    """A path of this app, whatever was asked for: a second slash or a backslash would name another site."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\", "/login", "/logout"))
    return target if plain and target.isprintable() else "/"


async def _form(request: Request) -> tuple[str, str]:
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > LONGEST_FORM:
            return "", "/"
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5) if body.count(b"&") < 5 else {}
    return fields.get("token", [""])[0].strip(), _inside(fields.get("target", ["/"])[0])
