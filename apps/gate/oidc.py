"""Login at an OpenID Connect provider, by Streamlit's own routes and signed cookie.

Streamlit offers `st.login` on a page, to a session that has begun. Here the same routes (`/auth/login`,
`/oauth2callback`) are asked for before any session begins, so that who is not logged in reaches nothing else.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from apps.gate.page import provider_links
from apps.gate.tickets import LIFE_S
from common.login import Oidc

ROUTES = ("/auth/login", "/auth/logout", "/oauth2callback")


class OidcLogin:
    """Admits those whom a provider has logged in and whose e-mail address is listed.

    Args:
        oidc: the providers and who may enter.
    """

    def __init__(self, oidc: Oidc) -> None:
        self._oidc = oidc

    def admits(self, visitor: HTTPConnection) -> bool:
        """Whether a request carries Streamlit's signed cookie of a listed person."""
        return self.lists(_person(visitor))

    def lists(self, person: Mapping[str, Any]) -> bool:
        """Whether a person is logged in and may enter."""
        email = str(person.get("email") or "").lower()
        # Some providers let people name an address that they have not shown to be theirs.
        if person.get("is_logged_in") is not True or not email or person.get("email_verified") is False:
            return False
        return any(fnmatch.fnmatchcase(email, pattern) for pattern in self._oidc.users)

    async def answer(self, request: Request) -> Response | None:
        """The answer where the gate itself is asked for, or must answer; None: the app answers."""
        path = request.url.path
        if path == "/logout":
            return RedirectResponse("/auth/logout", 303)
        if path in ROUTES or self.admits(request):
            return None
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return Response(status_code=401)
        provider = path.removeprefix("/login/")
        if path.startswith("/login/") and provider in self._oidc.providers:
            from streamlit.auth_util import encode_provider_token

            return RedirectResponse(f"/auth/login?provider={encode_provider_token(provider)}", 303)
        person = _person(request)
        stranger = str(person.get("email") or person.get("sub") or "?") if person.get("is_logged_in") else ""
        return provider_links(request.headers.get("accept-language", ""), self._oidc.providers, stranger)


def _person(visitor: HTTPConnection) -> dict[str, Any]:
    """What Streamlit's cookie says of a visitor; nothing where it has expired or is not signed by us."""
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    def one(name: str) -> bytes | None:
        raw = visitor.cookies.get(name)
        if raw is None:
            return None
        return decode_signed_value(
            get_cookie_secret(), name, raw.encode("latin-1", "replace"), max_age_days=LIFE_S / 86400
        )

    try:
        found = json.loads(get_cookie_with_chunks(one, USER_COOKIE_NAME) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
