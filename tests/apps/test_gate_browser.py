"""The gate in a real browser: the token, a page behind it, an upload, and a server started without it."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps import serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]

ROOT = Path(serve.__file__).resolve().parents[1]
TOKEN = secrets.token_urlsafe(32)
SECRET = b"time,load (kW)\n2024-01-01 00:00,4711\n"


@contextmanager
def running(arguments: list[str], port: int, folder: Path, **variables: str) -> Iterator[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PILOTS_")}
    environment |= {"PILOTS_HOME": str(folder), **variables}
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(arguments, env=environment, cwd=ROOT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield url
    finally:
        started.terminate()
        started.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    with running(serve.command(port, "0.0.0.0"), port, folder, PILOTS_TOKEN=TOKEN) as url:
        yield url
    assert TOKEN not in (folder / "server.log").read_text()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


def enter(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()


def test_the_token_opens_the_page_that_was_asked_for(page, guarded):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda opened: asked.append(opened.url))
    page.goto(f"{guarded}/energy?lang=nl")
    expect(page.get_by_role("heading", name="Energievoorspelling")).to_have_count(0)
    assert not any("/_stcore/" in url for url in asked)
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    time.sleep(1.1)
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Energievoorspelling")).to_be_visible(timeout=30_000)
    assert page.url.startswith(f"{guarded}/energy")
    expect(page.get_by_text("gaan hier ook naar andere computers")).to_be_visible()
    assert any(url.startswith("ws://") for url in asked)
    assert not any(TOKEN in url for url in asked)
    page.get_by_text("Uitloggen").click()
    expect(page.get_by_label("Access token")).to_be_visible()
    page.goto(f"{guarded}/energy")
    expect(page.get_by_label("Access token")).to_be_visible()


def test_an_upload_is_given_back_to_nobody(page, guarded):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    enter(page, f"{guarded}/energy?lang=en")
    chooser = page.locator("input[type=file]")
    chooser.wait_for(state="attached", timeout=30_000)
    chooser.set_input_files({"name": "load.csv", "mimeType": "text/csv", "buffer": SECRET})
    expect(page.get_by_role("button", name="Choose other data")).to_be_visible(timeout=60_000)
    assert len(sent) == 1
    assert "/_stcore/upload_file/" in sent[0]
    file_id = sent[0].rpartition("/")[2]
    paths = ("/media/", "/app/static/", "/static/", "/component/", "/")
    for url in (sent[0], *(f"{guarded}{path}{file_id}{end}" for path in paths for end in ("", ".csv"))):
        answer = page.request.get(url)  # with the cookie of who sent it
        assert b"4711" not in answer.body(), url
        assert page.request.get(url, headers={"Cookie": ""}).status in {401, 405}
    stranger = urllib.request.Request(sent[0], data=SECRET, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(stranger, timeout=10)
    assert caught.value.code == 401


def test_a_page_breaks_no_rule_that_the_gate_gave_the_browser(page, guarded):
    said = []
    page.on("console", lambda message: said.append(message.text))
    enter(page, f"{guarded}/?lang=en")
    expect(page.get_by_role("button", name="Open")).to_be_visible(timeout=30_000)
    page.goto(f"{guarded}/energy?lang=en")
    expect(page.get_by_role("button", name="Use the sample")).to_be_visible(timeout=30_000)
    assert not [text for text in said if "Content Security Policy" in text]
    reached = page.evaluate("fetch('http://192.0.2.1/').then(() => 'sent', () => 'refused')")
    assert reached == "refused"
    assert any(re.search("connect-src|Content Security Policy", text) for text in said)


def test_without_its_gate_the_app_shows_nothing(page, tmp_path):
    port = free_port()
    plain = [sys.executable, "-m", "streamlit", "run", str(serve.MAIN), "--server.port", str(port)]
    with running(plain, port, tmp_path, PYTHONPATH=str(ROOT)) as url:
        for path in ("/", "/start", "/energy", "/about"):
            page.goto(url + path)
            expect(page.get_by_text("does not run without its gate")).to_be_visible(timeout=30_000)
            assert len(page.locator("[data-testid=stMain]").inner_text()) < 100
