"""Which login the app asks for: a token from the environment, or an OpenID Connect provider.

Who sets up neither gets none, and the app then serves this machine alone (see `common.access`). What is set
up but not safe is refused rather than repaired: a login that does not hold is worse than none.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common.errors import MissingExtraError, PilotError

TOKEN = "PILOTS_TOKEN"  # noqa: S105 -- the variable's name
SECRETS = "PILOTS_SECRETS"
SHORTEST = 32
"""Characters of a token, and of the secret that signs cookies."""
MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")


@dataclass(frozen=True)
class Token:
    """One token for all who may use the app; only its digest is kept."""

    sha256: bytes


@dataclass(frozen=True)
class Oidc:
    """Login at an OpenID Connect provider, through Streamlit's own routes.

    Args:
        secrets: the secrets.toml whose [auth] section names the providers.
        providers: their names; "default" for the one that stands in [auth] itself.
        users: patterns of e-mail addresses that may enter ("*@hospital.example").
        host: host name that people see, from `redirect_uri`.
    """

    secrets: Path
    providers: tuple[str, ...]
    users: tuple[str, ...]
    host: str


Login = Token | Oidc


def from_environment(environment: Mapping[str, str] | None = None) -> Login | None:
    """The login that is set up, or None.

    Args:
        environment: variables to read; None: the process's own. PILOTS_TOKEN holds a token, PILOTS_SECRETS
            the path of a secrets.toml; without either, Streamlit's usual ~/.streamlit/secrets.toml is looked
            at for an [auth] section.

    Raises:
        PilotError: two logins are set up, or one that would not hold.
        MissingExtraError: OpenID Connect is set up and its libraries are not installed.
    """
    found = os.environ if environment is None else environment
    if TOKEN in found and SECRETS in found:
        raise PilotError(
            "two logins are set up, a token and OpenID Connect", mend=f"unset {TOKEN} or {SECRETS}"
        )
    if TOKEN in found:
        return _token(found[TOKEN].strip())
    if SECRETS in found:
        path = Path(found[SECRETS]).expanduser()
        auth = _read(path)
        if "auth" not in auth:
            raise PilotError(f"{SECRETS} names a file without an [auth] section", mend="see docs/operator.md")
        return _oidc(path, auth)
    usual = Path.home() / ".streamlit" / "secrets.toml"
    if usual.is_file() and "auth" in (auth := _read(usual)):
        return _oidc(usual, auth)
    return None


def _token(token: str) -> Token:
    # Few different characters are a sign of a placeholder; 32 random ones have 20 or more.
    if len(token) < SHORTEST or len(set(token)) < SHORTEST // 4:
        raise PilotError(
            f"the token in {TOKEN} is too easy to guess: it needs {SHORTEST} random characters or more",
            mend=f"make one with: {MAKE_ONE}",
        )
    return Token(hashlib.sha256(token.encode()).digest())


def _read(path: Path) -> dict[str, Any]:
    try:
        if os.name == "posix" and path.stat().st_mode & stat.S_IWOTH:
            raise PilotError("anyone may write the file with the login's secrets", mend=f"chmod 600 {path}")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "it is unreadable").lower()
        raise PilotError(
            f"the file with the login's secrets cannot be read: {reason}",
            mend=f"check {SECRETS}",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's own words could quote a secret.
        raise PilotError(
            "the file with the login's secrets is no valid TOML", mend="see docs/operator.md"
        ) from error


def _oidc(path: Path, found: Mapping[str, Any]) -> Oidc:
    auth = found["auth"] if isinstance(found["auth"], dict) else {}
    if len(str(auth.get("cookie_secret", ""))) < SHORTEST:
        raise PilotError(
            f"[auth] needs a cookie_secret of {SHORTEST} characters or more",
            mend=f"make one with: {MAKE_ONE}",
        )
    redirect = urlsplit(str(auth.get("redirect_uri", "")))
    local = redirect.hostname in {"localhost", "127.0.0.1", "::1"}
    if (
        not redirect.hostname
        or redirect.path != "/oauth2callback"
        or redirect.scheme not in {"http", "https"}
    ):
        raise PilotError(
            "[auth] needs the app's own address as redirect_uri",
            mend="write https://NAME/oauth2callback",
        )
    if redirect.scheme == "http" and not local:
        raise PilotError(
            "redirect_uri begins with http://, which would send logins unencrypted", mend="use https://"
        )
    named = {name: part for name, part in auth.items() if isinstance(part, dict) and "client_id" in part}
    providers = ({"default": auth} if "client_id" in auth else {}) | named
    complete = [name for name, part in providers.items() if all(part.get(key) for key in PROVIDER_KEYS)]
    if not complete or len(complete) < len(providers):
        raise PilotError(f"[auth] is not complete: a provider needs {', '.join(PROVIDER_KEYS)}")
    return Oidc(path, tuple(complete), _users(found), redirect.hostname)


def _users(found: Mapping[str, Any]) -> tuple[str, ...]:
    part = found.get("pilots")
    users = part.get("users") if isinstance(part, dict) else None
    # At a public provider anyone has an account, so being logged in alone says nothing.
    if not isinstance(users, list) or not users or not all(isinstance(user, str) and user for user in users):
        raise PilotError(
            "the file with the login's secrets does not say who may enter",
            mend='add a section [pilots] with users = ["*@your-domain"]',
        )
    for library in ("authlib", "httpx"):
        if util.find_spec(library) is None:
            raise MissingExtraError({"authlib": "Authlib"}.get(library, library), "login")
    return tuple(user.strip().lower() for user in users)
