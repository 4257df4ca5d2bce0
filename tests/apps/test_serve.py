"""The app as it is served: its settings, its gate, and what of it can be reached without the token."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from apps import serve
from common.access import grant

ROOT = Path(serve.__file__).resolve().parents[1]
TOKEN = secrets.token_urlsafe(32)
HTML = {"Accept": "text/html"}
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
STREAMLITS = (
    *("/", "/energy", "/energy?job=20240116-000000-00000001", "/index.html", "/_stcore/host-config"),
    *("/_stcore/metrics", "/_stcore/upload_file/a/b", "/media/abc.csv", "/component/x/index.html"),
    *("/_stcore/bidi-components/x/y.js", "/_stcore/agent/openapi.json", "/app/static/input.csv"),
    *("/auth/login", "/oauth2callback", "/_stcore/script-health-check", "/static/js/index.js"),
    *("/_stcore/health/", "//_stcore/health", "/_stcore/../_stcore/health", "/_stcore/health%2f..%2f"),
)


@dataclass
class Served:
    port: int
    log: Path
    cookie: str = ""

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str):
        """One request, with the cookie when there is one; its answer with all of the body read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Host": f"127.0.0.1:{self.port}", **({"Cookie": self.cookie} if self.cookie else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        if answer.status != 101:
            answer.content = answer.read()
        connection.close()
        return answer

    def give(self, token: str, target: str = "/"):
        return self.ask(
            "/login",
            "POST",
            urlencode({"token": token, "target": target}),
            Content_Type="application/x-www-form-urlencoded",
        )


def start(folder: Path, *arguments: str, **variables: str) -> tuple[subprocess.Popen, Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PILOTS_")}
    environment |= {"PILOTS_HOME": str(folder), **variables}
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(
            [*serve.command(port), *arguments], env=environment, stdout=log, stderr=log, cwd=ROOT
        )
    served = Served(port, folder / "server.log")
    for _ in range(300):
        try:
            if served.ask("/_stcore/health").status == 200:
                break
        except OSError:
            time.sleep(0.1)
    return started, served


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Served]:
    """The app with a token, for all addresses of this machine and under one further name."""
    folder = tmp_path_factory.mktemp("guarded")
    started, served = start(
        folder, "--address", "0.0.0.0", "--host-name", "pilots.example", PILOTS_TOKEN=TOKEN
    )
    yield served
    started.terminate()
    assert started.wait(20) == 143
    assert TOKEN not in served.log.read_text()


@pytest.fixture(scope="module")
def inside(guarded) -> Served:
    """The same app for a visitor who has given the token."""
    answer = guarded.give(TOKEN)
    cookie = answer.getheader("set-cookie").partition(";")[0]
    return Served(guarded.port, guarded.log, cookie)


@pytest.fixture(scope="module")
def open_app(tmp_path_factory) -> Iterator[Served]:
    """The app as it starts without any setting."""
    started, served = start(tmp_path_factory.mktemp("open"))
    yield served
    started.terminate()
    started.wait(20)


def test_the_command_says_only_what_differs():
    plain = [sys.executable, "-m", "apps.serve", "--port", "8765"]
    assert serve.command(8765) == plain
    assert serve.command(8765, "::1", ["a.example"]) == [
        *plain,
        *("--address", "::1", "--host-name", "a.example"),
    ]


def test_the_settings_hold_against_files_and_variables(tmp_path):
    hostile = """
[server]
address = "0.0.0.0"
enableStaticServing = true
enableAgentApi = true
enableCORS = false
enableXsrfProtection = false
allowedHosts = ["*"]
corsAllowedOrigins = ["http://evil.example"]
maxUploadSize = 9999
[browser]
gatherUsageStats = true
[client]
showErrorDetails = "full"
showErrorLinks = true
[secrets]
files = ["/nowhere/secrets.toml"]
"""
    for folder in (tmp_path / ".streamlit", tmp_path / "home" / ".streamlit"):
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(hostile)
    code = """
import json
from apps import serve
from common.access import grant
serve.configure(grant(), 8765)
from streamlit import config
names = [flag.replace("_", ".", 1) for flag in serve.flags(grant(), 8765)]
print(json.dumps({name: config.get_option(name) for name in names}))
"""
    variables = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true"}
    environment = os.environ | variables | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    wanted = {flag.replace("_", ".", 1): value for flag, value in serve.flags(grant(), 8765).items()}
    assert found == wanted
    assert found["server.address"] == "127.0.0.1"
    assert found["server.allowedHosts"] == ["127.0.0.1", "localhost", "::1"]
    assert found["server.enableStaticServing"] is found["browser.gatherUsageStats"] is False
    assert found["server.enableCORS"] is found["server.enableXsrfProtection"] is True
    assert found["client.showErrorDetails"] == "none"
    assert found["client.showErrorLinks"] == "false"
    assert found["secrets.files"] == []


def test_flags_and_config_file_agree():
    import tomllib

    config = tomllib.loads((Path(serve.__file__).parent / ".streamlit" / "config.toml").read_text())
    for flag, value in serve.FLAGS.items():
        section, name = flag.split("_")
        if name in config.get(section, {}):
            assert str(config[section][name]).lower() == str(value).lower(), flag


@pytest.mark.parametrize(("first", "asked"), [("", True), ("serve.stay_inside()", False)])
def test_streamlit_cannot_look_up_its_address_outside(first, asked):
    code = f"""
import socket, urllib.request
from apps import serve
{first}
asked = []
def refuse(*args, **kwargs):
    asked.append(args)  # Streamlit swallows whatever is raised here
    raise OSError
socket.socket.connect = socket.getaddrinfo = refuse
from streamlit.web.server import server_util
assert not server_util.is_url_from_allowed_origins("http://evil.example")
assert server_util.is_url_from_allowed_origins("http://127.0.0.1:8501")
print(len(asked))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (int(done.stdout) > 0) is asked, "Streamlit without the change is the proof that this test can see"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_it_does_not_start_for_others_without_a_login(address):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PILOTS_")}
    done = subprocess.run(
        serve.command(8765, address), env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no login is set up" in done.stderr


@pytest.mark.parametrize("path", STREAMLITS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_nothing_is_reached_without_the_token(guarded, path, method):
    assert guarded.ask(path, method).status in {400, 401}
    forged = Served(guarded.port, guarded.log, f"pilots_{guarded.port}={secrets.token_urlsafe(32)}")
    assert forged.ask(path, method).status in {400, 401}


def test_a_person_is_asked_for_the_token_and_brought_to_the_page(guarded):
    asked = guarded.ask("/energy?job=7", **HTML)
    assert asked.status == 401
    page = asked.content.decode()
    assert 'type="password"' in page
    assert 'value="/energy?job=7"' in page
    assert not re.search(r"https?://|<script", page)
    given = guarded.give(TOKEN, "/energy?job=7")
    assert (given.status, given.getheader("location")) == (303, "/energy?job=7")
    said = given.getheader("set-cookie")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(said.split("; "))
    assert TOKEN not in said
    assert b"Toegangscode" in guarded.ask("/", **HTML, Accept_Language="nl-NL,nl;q=0.9").content


def test_with_the_token_the_app_answers(inside):
    assert inside.ask("/", **HTML).status == 200
    assert inside.ask("/_stcore/host-config").status == 200
    answer = inside.ask("/_stcore/stream", **HANDSHAKE, Origin=f"http://127.0.0.1:{inside.port}")
    assert answer.status == 101


def test_no_websocket_without_the_token_or_from_elsewhere(guarded, inside):
    own = f"http://127.0.0.1:{guarded.port}"
    assert guarded.ask("/_stcore/stream", **HANDSHAKE).status == 403
    assert guarded.ask("/_stcore/stream", **HANDSHAKE, Origin=own).status == 403
    for origin in ("http://evil.example", f"http://localhost:{guarded.port}", "http://127.0.0.1:1", "null"):
        assert inside.ask("/_stcore/stream", **HANDSHAKE, Origin=origin).status == 403
    assert inside.ask("/_stcore/stream", **HANDSHAKE, Host="evil.example").status == 403


def test_a_wrong_token_is_slowed_down_and_counted(guarded):
    assert guarded.give("wrong").status == 401
    again = guarded.give(TOKEN)
    assert again.status == 429
    assert int(again.getheader("retry-after")) >= 1
    time.sleep(1.1)
    assert guarded.give(TOKEN).status == 303
    assert "wrong tokens given so far: 1" in guarded.log.read_text()


@pytest.mark.parametrize("body", ["token=" + "x" * 100_000, "&" * 5000, "token=%ff%fe", "", "\0"])
def test_what_is_no_form_is_a_wrong_token(open_app, guarded, body):
    answer = guarded.ask("/login", "POST", body)
    assert answer.status in {401, 429}
    assert b"Traceback" not in answer.content


def test_logging_out_ends_the_ticket(guarded):
    for _ in range(80):  # a wrong token of another test may still be paused for
        given = guarded.give(TOKEN)
        if given.status == 303:
            break
        time.sleep(1)
    visitor = Served(guarded.port, guarded.log, given.getheader("set-cookie").partition(";")[0])
    assert visitor.ask("/").status == 200
    assert visitor.ask("/logout").status == 303
    assert visitor.ask("/").status == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "a@127.0.0.1", "127.0.0.1/x", "127.0.0.1:x", ""]
)
def test_under_a_foreign_name_nothing_answers(open_app, host):
    for path in ("/", "/_stcore/health", "/media/a.csv", "/_stcore/upload_file/a/b"):
        assert open_app.ask(path, Host=host).status in {400, 403}
    assert open_app.ask("/_stcore/stream", **HANDSHAKE, Host=host).status in {400, 403}


def test_known_names_and_the_proxys_name_answer(open_app, inside):
    for host in (f"localhost:{open_app.port}", "LOCALHOST", f"[::1]:{open_app.port}"):
        assert open_app.ask("/", Host=host).status == 200
    assert open_app.ask("/", Host="pilots.example").status == 403
    assert inside.ask("/", Host="pilots.example").status == 200
    proxied = inside.ask("/_stcore/stream", **HANDSHAKE, Origin="https://pilots.example")
    assert proxied.status == 101


def test_a_foreign_site_gets_nothing(open_app):
    for origin in ("http://evil.example", "null", "http://localhost:3000"):
        assert open_app.ask("/_stcore/host-config", Origin=origin).status == 403
        assert open_app.ask("/_stcore/stream", **HANDSHAKE, Origin=origin).status == 403


def test_every_answer_forbids_frames_and_requests_elsewhere(open_app, guarded):
    for answer in (open_app.ask("/"), open_app.ask("/nowhere.js"), guarded.ask("/"), guarded.ask("/login")):
        policy = answer.getheader("content-security-policy")
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert answer.getheader("x-content-type-options") == "nosniff"


def test_streamlits_own_doors_are_shut(open_app, tmp_path):
    (Path(open_app.log).parent / "static").mkdir(exist_ok=True)
    (Path(open_app.log).parent / "static" / "input.csv").write_text("secret")
    assert b"secret" not in open_app.ask("/app/static/input.csv").content
    assert open_app.ask("/_stcore/script-health-check").content.startswith(b"<!")  # the page, not the check
    assert open_app.ask("/_stcore/agent/interact", "POST", "{}").status in {400, 403, 404}
    assert json.loads(open_app.ask("/_stcore/host-config").content)["allowedOrigins"] == []
    page = open_app.ask("/").content.decode()
    assert not re.search(r"(src|href)=[\"']https?://", page)


def test_ctrl_c_ends_it_without_a_traceback(tmp_path):
    started, served = start(tmp_path)
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 130
    assert "Traceback" not in served.log.read_text()


def test_what_the_app_starts_does_not_know_the_token():
    code = """
import os, sys
from apps import serve
serve.serve = lambda access, port: print(access.login is not None, "PILOTS_TOKEN" in os.environ)
sys.argv = ["serve"]
sys.exit(serve.main())
"""
    environment = os.environ | {"PILOTS_TOKEN": TOKEN}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]
