"""Login at an OpenID Connect provider: a small real one on this machine, its keys, codes and signatures."""

from __future__ import annotations

import http.cookiejar
import json
import os
import secrets
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from apps import serve
from apps.gate.oidc import OidcLogin
from common.login import Oidc

pytest.importorskip("authlib")
pytest.importorskip("httpx")

ROOT = Path(serve.__file__).resolve().parents[1]


@dataclass
class Provider:
    """Logs everyone in as `person`."""

    person: dict = field(default_factory=dict)
    url: str = ""
    codes: dict = field(default_factory=dict)


def answer_for(provider: Provider, key) -> type[BaseHTTPRequestHandler]:
    from joserfc import jwt

    class Answer(BaseHTTPRequestHandler):
        def send(self, body: dict, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            at, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
            if at.path == "/authorize":
                code = secrets.token_urlsafe(8)
                provider.codes[code] = query["nonce"][0]
                back = f"{query['redirect_uri'][0]}?code={code}&state={query['state'][0]}"
                self.send({}, 302, Location=back)
            elif at.path == "/keys":
                self.send({"keys": [key.as_dict(private=False)]})
            else:
                ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                self.send(
                    {"issuer": provider.url} | {name: f"{provider.url}/{end}" for name, end in ends.items()}
                )

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            now = int(time.time())
            claims = {"iss": provider.url, "aud": "pilots", "iat": now, "exp": now + 60, "sub": "1"}
            claims |= {"nonce": provider.codes.pop(form["code"][0])} | provider.person
            token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
            self.send({"access_token": "a", "token_type": "Bearer", "id_token": token})

        def log_message(self, *words: object) -> None:
            pass

    return Answer


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    from joserfc.jwk import RSAKey

    made = Provider()
    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answer_for(made, key))
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()


@pytest.fixture(scope="module")
def app(provider, tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("oidc")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "secrets.toml"
    secret.write_text(
        f"""
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{secrets.token_urlsafe(32)}"
client_id = "pilots"
client_secret = "s"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"
[pilots]
users = ["*@hospital.example"]
"""
    )
    secret.chmod(0o600)
    environment = {k: v for k, v in os.environ.items() if k != "PILOTS_TOKEN"}
    environment |= {"PILOTS_HOME": str(folder), "PILOTS_SECRETS": str(secret)}
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(serve.command(port), env=environment, cwd=ROOT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5)
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    yield url
    started.terminate()
    started.wait(20)


class Visitor:
    """A browser as far as cookies and redirects go."""

    def __init__(self, app: str) -> None:
        self.app = app
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, text and last address."""
        asked = urllib.request.Request(self.app + path, headers={"Accept": "text/html"})
        try:
            with self._opener.open(asked, timeout=20) as answer:
                return answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.url


def test_a_listed_person_gets_in_and_out(app, provider):
    provider.person = {"email": "Jan@hospital.example", "email_verified": True}
    visitor = Visitor(app)
    status, page, _ = visitor.get("/")
    assert status == 401
    assert 'href="/login/default"' in page
    assert visitor.get("/media/a.csv")[0] == 401
    status, page, at = visitor.get("/login/default")
    assert (status, at) == (200, f"{app}/")
    assert "<noscript>" in page  # Streamlit's own page
    assert visitor.get("/_stcore/host-config")[0] == 200
    visitor.get("/logout")
    assert visitor.get("/")[0] == 401


@pytest.mark.parametrize(
    "person",
    [
        {"email": "jan@elsewhere.example"},
        {"email": "jan@hospital.example.evil.example"},
        {"email": "jan@hospital.example", "email_verified": False},
        {},
    ],
)
def test_others_do_not_get_in_though_the_provider_knows_them(app, provider, person):
    provider.person = person
    visitor = Visitor(app)
    status, page, _ = visitor.get("/login/default")
    assert status == 403
    assert "no access" in page
    assert "/auth/logout" in page
    assert visitor.get("/_stcore/host-config")[0] == 403


@pytest.mark.parametrize("path", ["/login/other", "/login/default/x", "/auth/loginx", "/oauth2callback/x"])
def test_only_the_logins_own_paths_are_open(app, path):
    status, page, _ = Visitor(app).get(path)
    assert status == 401
    assert "<noscript>" not in page


def test_a_cookie_of_another_signature_is_none(app):
    import itsdangerous

    value = itsdangerous.URLSafeTimedSerializer("another secret", salt="_streamlit_user").dumps(
        json.dumps({"is_logged_in": True, "email": "jan@hospital.example"})
    )
    for cookie in (value, "", "x", "%ff", '{"is_logged_in": true}'):
        asked = urllib.request.Request(f"{app}/", headers={"Cookie": f"_streamlit_user={cookie}"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(asked, timeout=20)
        assert caught.value.code == 401


def test_who_is_listed():
    login = OidcLogin(Oidc(Path("x"), ("default",), ("*@a.example", "jan@b.example"), "a.example"))
    assert login.lists({"is_logged_in": True, "email": "X@A.example"})
    assert login.lists({"is_logged_in": True, "email": "jan@b.example"})
    for email in ("piet@b.example", "jan@b.example.c", "", "a.example"):
        assert not login.lists({"is_logged_in": True, "email": email})
    assert not login.lists({"email": "jan@b.example"})
