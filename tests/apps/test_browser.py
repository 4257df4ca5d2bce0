"""The whole energy page in a real browser: sample, Dutch file, faults, jobs, and that nothing leaves."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps.serve import command
from apps.ui.format import energy as in_kwh
from apps.ui.format import power

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

CHROMIUM = "/usr/bin/chromium"
# What Chromium does on its own account (updates, safe browsing) is no affair of the app's; the rest is.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
RUN_MS = 240_000


@dataclass
class Server:
    url: str
    home: Path
    process: psutil.Process
    remote: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Note every connection of the server and its children that ends outside this machine."""
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                found = process.net_connections(kind="inet")
            except psutil.Error:
                continue
            for connection in found:
                if connection.raddr and not connection.raddr.ip.startswith(("127.", "::1")):
                    self.remote.add(f"{connection.raddr.ip}:{connection.raddr.port}")

    def job(self) -> tuple[dict, Path]:
        """The newest job and its output folder."""
        folder = max((self.home / "jobs").glob("2*"))
        return json.loads((folder / "job.json").read_text()), folder / "out"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    home, port = tmp_path_factory.mktemp("home"), free_port()
    environment = os.environ | {"PILOTS_HOME": str(home)}
    with (home / "server.log").open("wb") as log:
        started = subprocess.Popen(command(port), env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield Server(url, home, psutil.Process(started.pid))
    finally:
        started.terminate()
        started.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """Every address that any page of this module asked for."""
    return set()


@pytest.fixture
def page(browser, server, asked) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000},
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
        accept_downloads=True,
    )
    context.route(re.compile(r"^(?!http://127\.0\.0\.1[:/]|data:|blob:)"), lambda route: route.abort())
    opened = context.new_page()
    opened.on("request", lambda request: asked.add(request.url))
    opened.on("websocket", lambda socket: asked.add(socket.url))
    yield opened
    server.look()
    context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    folder = Path(os.environ.get("PILOTS_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shoot(page: Page, folder: Path, name: str) -> None:
    """Take the page in both widths and themes; fails when it is wider than its window."""
    for width in (1440, 820):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 1000})
            page.wait_for_timeout(700)
            main = page.locator("[data-testid=stMain]")
            assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1, f"{name} is too wide at {width}"
            height = int(main.evaluate("e => e.scrollHeight"))
            page.set_viewport_size({"width": width, "height": min(max(height, 1000), 5000)})
            page.wait_for_timeout(500)
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 1000})


def metric(page: Page, label: str) -> str:
    box = page.locator("[data-testid=stMetric]", has=page.get_by_text(label, exact=True))
    return box.locator("[data-testid=stMetricValue]").inner_text().strip()


def wait_for_result(page: Page, server: Server, words: str) -> None:
    """Wait for the result, looking at the server's connections all the while."""
    until = time.monotonic() + RUN_MS / 1000
    while not page.get_by_role("heading", name=re.compile(words)).count():
        server.look()
        failed = page.locator("[data-testid=stAlert]", has_text=re.compile("stopped|gestopt"))
        assert not failed.count(), failed.first.inner_text()
        assert time.monotonic() < until, "no result in time"
        page.wait_for_timeout(250)


def dutch_csv(days: int = 70) -> bytes:
    """A feeder of 300 to 800 kW as a Dutch export: semicolons, decimal commas, local time, cp1252."""
    local = pd.date_range("2024-02-01", periods=days * 96, freq="15min", tz="Europe/Amsterdam")
    hour = local.hour + local.minute / 60
    rng = np.random.default_rng(7)
    warm = 8 + 6 * np.sin((hour - 9) / 24 * 2 * np.pi) + np.repeat(rng.normal(0, 3, days), 96)
    load = 480 + 180 * np.exp(-(((hour - 18.5) / 2.5) ** 2)) + 90 * (local.dayofweek < 5) - 9 * (warm - 8)
    load = load + rng.normal(0, 12, len(local))
    rows = [
        f"{at:%d-%m-%Y %H:%M};{kw:.1f};{c:.1f}".replace(".", ",")
        for at, kw, c in zip(local, load, warm, strict=True)
    ]
    return "\r\n".join(["Datum;Verbruik (kW);Temperatuur (°C)", *rows]).encode("cp1252")


def test_the_sample_from_the_start_page_to_a_download(page, server, pictures, tmp_path):
    page.goto(server.url)
    expect(page.get_by_role("heading", name="From your own files to a decision")).to_be_visible()
    shoot(page, pictures, "start")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("button", name="Use the sample")).to_be_visible()
    shoot(page, pictures, "choose")
    page.get_by_role("button", name="Use the sample").click()
    expect(page.get_by_role("button", name="Forecast", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("17,520 readings")).to_be_visible()
    shoot(page, pictures, "check")
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    page.reload()  # the job's id is in the link
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=20_000)
    page.screenshot(path=pictures / "running.png")
    wait_for_result(page, server, "^Peak of")
    job, out = server.job()
    assert job["state"] == "done"
    assert re.search(r"[?&]job=" + out.parent.name, page.url)

    forecast = pd.read_parquet(out / "result" / "tables" / "forecast.parquet")
    accuracy = pd.read_parquet(out / "result" / "tables" / "accuracy.parquet")
    hours = (forecast["valid_from_utc"].iloc[1] - forecast["valid_from_utc"].iloc[0]) / pd.Timedelta(hours=1)
    assert len(forecast) * hours == 48
    assert metric(page, "Peak") == power(float(forecast["q50_kw"].max()), "en")
    assert metric(page, "Energy") == in_kwh(float(forecast["q50_kw"].sum()) * hours, "en")
    assert metric(page, "Typical error") == power(float(accuracy["mae_kw"].iloc[0]), "en")
    shoot(page, pictures, "result")
    for tab, name in (("How good is it?", "accuracy"), ("What drives it?", "drivers")):
        page.get_by_role("tab", name=tab).click()
        shoot(page, pictures, name)

    with page.expect_download() as download:
        page.get_by_role("button", name="Forecast (CSV)").click()
    download.value.save_as(tmp_path / "forecast.csv")
    taken = (tmp_path / "forecast.csv").read_bytes()
    assert taken == (out / "forecast.csv").read_bytes()
    table = pd.read_csv(io.BytesIO(taken), comment="#")
    assert len(table) == len(forecast)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    download.value.save_as(tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text()
    assert "<html" in report.lower()
    assert not re.search(r"(src|href)=[\"']https?://", report)


def test_a_dutch_file_in_dutch(page, server, pictures):
    page.goto(f"{server.url}/energy?lang=nl")
    expect(page.get_by_role("heading", name="Energievoorspelling")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "verbruik wijk 7.csv", "mimeType": "text/csv", "buffer": dutch_csv()}
    )
    expect(page.get_by_role("button", name="Voorspel", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("15 min", exact=True)).to_be_visible()
    expect(page.get_by_text("6.720 metingen").or_(page.get_by_text("6.716 metingen"))).to_be_visible()
    page.get_by_role("radio", name="24 uur").click()
    limit = page.get_by_role("spinbutton", name="Gecontracteerd vermogen")
    limit.fill("650")
    limit.press("Enter")
    shoot(page, pictures, "check-nl")
    page.get_by_role("button", name="Voorspel", exact=True).click()
    wait_for_result(page, server, "^Piek van")
    job, out = server.job()
    forecast = pd.read_parquet(out / "result" / "tables" / "forecast.parquet")
    alarms = pd.read_parquet(out / "result" / "tables" / "alarms.parquet")
    assert len(forecast) == 96
    assert set(alarms["limit_kw"]) == {650.0}
    assert metric(page, "Piek") == power(float(forecast["q50_kw"].max()), "nl")
    assert metric(page, "Energie") == in_kwh(float(forecast["q50_kw"].sum()) / 4, "nl")
    peak = forecast["valid_from_local"][forecast["q50_kw"].idxmax()]
    assert 17 <= peak.hour <= 20  # in Dutch local time, where the evening peak was put
    assert 550 < forecast["q50_kw"].max() < 850
    shoot(page, pictures, "result-nl")
    log = (server.home / "server.log").read_text() + (out.parent / "log.txt").read_text()
    assert "wijk 7" not in log + json.dumps(job)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
        ("empty.csv", b""),
        ("words.csv", b"name;colour\nAnna;red\nBert;blue\n"),
        ("broken.parquet", b"PAR1 this is no parquet file PAR1"),
        (
            "script.csv",
            b"place,kWh\n<script>document.title='RAN'</script>,1\n<img src=x onerror=alert(1)>,2\n",
        ),
        ("links.csv", b"<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>"),
    ],
)
def test_a_bad_file_is_one_sentence_and_the_page_lives_on(page, server, name, content):
    page.goto(f"{server.url}/energy")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    alert = page.locator("[data-testid=stAlert]")
    expect(alert).to_have_count(1, timeout=30_000)
    assert "Traceback" not in page.content()
    assert "went wrong" not in alert.inner_text()
    said = [line for line in alert.inner_text().splitlines() if line]
    assert said[0] == "error"  # the icon's name
    assert len(said) == 2
    page.get_by_role("button", name="Choose other data").click()
    expect(page.get_by_role("button", name="Use the sample")).to_be_visible()


def test_markup_in_a_workbook_is_shown_as_text_and_never_runs(page, server, pictures):
    markup = "<img src=x onerror=document.title='RAN'>"
    book = openpyxl.Workbook()
    book.active.append(["tijd", f"{markup} kWh"])
    for at in pd.date_range("2024-03-01", periods=96, freq="h"):
        book.active.append([at.to_pydatetime(), float(at.hour)])
    held = io.BytesIO()
    book.save(held)
    page.goto(f"{server.url}/energy")
    page.locator("input[type=file]").set_input_files(
        {"name": "<b>meter</b>.xlsx", "mimeType": "application/octet-stream", "buffer": held.getvalue()}
    )
    expect(page.get_by_role("button", name="Forecast", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("96 readings")).to_be_visible()
    page.get_by_text("How the file was read").click()
    expect(page.get_by_text("Found in the file: Excel, sheet 'Sheet', header in row 1.")).to_be_visible()
    shoot(page, pictures, "check-workbook")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "RAN"


def test_a_job_can_be_followed_from_a_second_browser_and_cancelled(page, server, browser):
    page.goto(f"{server.url}/energy")
    page.get_by_role("button", name="Use the sample").click()
    page.get_by_role("button", name="Forecast", exact=True).click(timeout=60_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    second = browser.new_context().new_page()
    second.goto(page.url)
    second.get_by_role("button", name="Cancel").click(timeout=20_000)
    for seen in (page, second):
        expect(seen.get_by_text("This forecast was cancelled.")).to_be_visible(timeout=30_000)
    second.context.close()
    job, out = server.job()
    assert job["state"] == "cancelled"
    assert not psutil.pid_exists(job["pid"])
    assert not (out / "result").exists()


def test_no_request_left_this_machine(page, server, asked):
    page.goto(f"{server.url}/about")
    expect(page.get_by_role("heading", name="About this suite")).to_be_visible()
    expect(page.get_by_text("core", exact=False).first).to_be_visible(timeout=60_000)
    server.look()
    own = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    assert len(asked) > 20
    assert {url for url in asked if not url.startswith(own)} == set()
    assert server.remote == set()
    listening = {
        c.laddr.ip
        for process in (server.process, *server.process.children(recursive=True))
        for c in process.net_connections(kind="inet")
        if c.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_a_deep_link_on_a_fresh_server_has_the_whole_frame(page, server):
    page.goto(f"{server.url}/energy?lang=nl")
    expect(page.get_by_role("link", name="Start")).to_be_visible()
    expect(page.get_by_text("main", exact=True)).to_have_count(0)
