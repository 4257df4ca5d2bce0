"""Where the app may listen, and which logins hold."""

from __future__ import annotations

import secrets
import socket
import sys
import types
from pathlib import Path

import pytest

from common import access, login
from common.access import grant
from common.errors import MissingExtraError, PilotError

GOOD = secrets.token_urlsafe(32)
TOML = """
[auth]
redirect_uri = "https://pilots.hospital.example/oauth2callback"
cookie_secret = "{secret}"
client_id = "pilots"
client_secret = "s"
server_metadata_url = "https://login.hospital.example/.well-known/openid-configuration"
[pilots]
users = ["*@Hospital.example"]
"""


@pytest.fixture(autouse=True)
def nothing_set_up(tmp_path, monkeypatch):
    monkeypatch.delenv("PILOTS_TOKEN", raising=False)
    monkeypatch.delenv("PILOTS_SECRETS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def installed(monkeypatch):
    """The login's libraries, as far as looking for them goes."""
    monkeypatch.setattr(login.util, "find_spec", lambda name: types.SimpleNamespace(name=name))


@pytest.fixture
def secrets_file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "pilots.toml"
    path.write_text(TOML.format(secret=GOOD))
    path.chmod(0o600)
    monkeypatch.setenv("PILOTS_SECRETS", str(path))
    return path


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_login(address):
    found = grant(address)
    assert found.is_local
    assert found.login is None
    assert found.ip in {"127.0.0.1", "127.8.9.1", "::1"}
    assert {"127.0.0.1", "localhost"} <= set(found.hosts)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "0", "::", "192.168.1.5", "10.0.0.1", "fe80::1", "::ffff:10.0.0.1", "2001:db8::1"]
)
def test_what_others_reach_is_refused_without_a_login(address):
    with pytest.raises(PilotError, match="no login is set up") as caught:
        grant(address)
    assert "PILOTS_TOKEN" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_what_it_resolves_to(monkeypatch):
    monkeypatch.setattr(
        access.socket,
        "getaddrinfo",
        lambda *a, **k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))],
    )
    with pytest.raises(PilotError, match="no login is set up"):
        grant("localhost")
    monkeypatch.setenv("PILOTS_TOKEN", GOOD)
    assert grant("pilots-server").ip == "192.0.2.7"


@pytest.mark.parametrize("address", ["", " ", "256.1.1.1.1", "unix:///tmp/x", "http://127.0.0.1", "a" * 300])
def test_what_is_no_address_is_one_sentence(address, monkeypatch):
    monkeypatch.setenv("PILOTS_TOKEN", GOOD)
    with pytest.raises(PilotError, match="there is no address"):
        grant(address)


def test_with_a_token_the_hosts_follow_the_address(monkeypatch):
    monkeypatch.setenv("PILOTS_TOKEN", GOOD)
    assert set(grant("192.168.1.5").hosts) == {"127.0.0.1", "localhost", "::1", "192.168.1.5"}
    everywhere = set(grant("0.0.0.0").hosts)
    assert socket.gethostname().lower() in everywhere
    assert "evil.example" not in everywhere
    behind = grant("127.0.0.1", ["Pilots.Example.org"])
    assert behind.public == ("pilots.example.org",)
    assert "pilots.example.org" in behind.hosts


@pytest.mark.parametrize("name", ["https://a.example", "a.example:443", "*", "", "a/b", "*.example"])
def test_a_host_name_is_a_bare_name(name):
    with pytest.raises(PilotError, match="no host name"):
        grant("127.0.0.1", [name])


@pytest.mark.parametrize("token", ["", "   ", "short", "a" * 64, "abc" * 20, secrets.token_urlsafe(32)[:31]])
def test_a_weak_token_is_refused_with_a_way_to_make_one(token, monkeypatch):
    monkeypatch.setenv("PILOTS_TOKEN", token)
    with pytest.raises(PilotError, match="token_urlsafe") as caught:
        grant()
    assert not token.strip() or token.strip() not in str(caught.value)


def test_only_the_digest_of_a_token_is_kept(monkeypatch):
    monkeypatch.setenv("PILOTS_TOKEN", GOOD)
    found = grant("0.0.0.0")
    assert isinstance(found.login, login.Token)
    assert GOOD not in repr(found)


def test_openid_connect_is_read_from_its_own_file(secrets_file, installed):
    found = grant("0.0.0.0")
    assert found.login == login.Oidc(
        secrets_file, ("default",), ("*@hospital.example",), "pilots.hospital.example"
    )
    assert found.public == ("pilots.hospital.example",)


def test_streamlits_usual_place_counts_when_it_holds_a_login(tmp_path, installed):
    folder = tmp_path / ".streamlit"
    folder.mkdir()
    (folder / "secrets.toml").write_text("[database]\nuser = 'x'\n")
    assert grant().login is None
    (folder / "secrets.toml").write_text(TOML.format(secret=GOOD))
    assert isinstance(grant().login, login.Oidc)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (GOOD, "short", "cookie_secret"),
        ("https://pilots", "http://pilots", "unencrypted"),
        ("/oauth2callback", "/", "redirect_uri"),
        ('client_secret = "s"', "", "client_secret"),
        ("[pilots]", "[others]", "who may enter"),
        ('"*@Hospital.example"', "", "who may enter"),
        ("[auth]", "[login]", "without an \\[auth\\]"),
        ("[auth]", "[auth", "no valid TOML"),
    ],
)
def test_a_login_that_would_not_hold_is_refused(old, new, said, secrets_file, installed):
    secrets_file.write_text(secrets_file.read_text().replace(old, new))
    with pytest.raises(PilotError, match=said) as caught:
        grant()
    assert GOOD not in str(caught.value)


def test_a_file_that_anyone_may_write_or_that_is_missing_is_refused(secrets_file, installed):
    secrets_file.chmod(0o666)
    with pytest.raises(PilotError, match="anyone may write"):
        grant()
    secrets_file.unlink()
    with pytest.raises(PilotError, match="cannot be read"):
        grant()


def test_two_logins_at_once_are_refused(secrets_file, installed, monkeypatch):
    monkeypatch.setenv("PILOTS_TOKEN", GOOD)
    with pytest.raises(PilotError, match="two logins"):
        grant()


def test_missing_libraries_are_named_with_their_extra(secrets_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "authlib", None)
    monkeypatch.setattr(login.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"sector-pilots\[login\]"):
        grant()
