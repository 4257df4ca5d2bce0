"""What the app and a training run do on the network, as the kernel saw it (strace): nothing beyond loopback.

`app_connects` starts the app, opens its pages in a real Chromium, uploads a file, lets a foreign site knock
at its websocket, and counts what the app and its children sent to other machines or opened to them.
`training_listeners` does that for a training run of two processes. Chromium's own connections are not the
app's and are not traced; unix sockets and netlink are no network. A question to a name server counts even on
loopback, since a local resolver passes it on.

    python benchmarks/reliability_network.py [--forecast] [--json]

Keys: `connects`, `listeners`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from apps.serve import command

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
CALLS = "connect,sendto,sendmsg,sendmmsg,bind,listen"
STRACE = ("strace", "-f", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none")
CALL = re.compile(r"^(?P<task>\d+)\s+(?P<call>connect|sendto|sendmsg|sendmmsg|bind|listen)\((?P<handle>\d+)")
TARGET = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((?P<port>\d+)\)"
    r".*?(?:inet_addr\(\"(?P<v4>[^\"]+)\"\)|inet_pton\(AF_INET6, \"(?P<v6>[^\"]+)\")"
)
NAME_SERVICE = 53
UP_S, STEP_MS = 120, 120_000


class CannotTraceError(RuntimeError):
    """strace is missing, or this machine does not let it look."""


def read(trace: str) -> tuple[list[str], list[str]]:
    """What strace wrote, reduced to what goes beyond this machine.

    Args:
        trace: output of `strace -f` for CALLS.

    Returns:
        Targets of what was sent or connected elsewhere, and addresses at which others could connect.
    """
    sent: list[str] = []
    listening: list[str] = []
    bound: dict[tuple[str, str], str] = {}
    for line in trace.splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        key = (found["task"], found["handle"])
        if found["call"] == "listen":
            # A socket that listens without having been bound does so on all addresses. It may have been
            # bound by another thread, whose number strace shows instead of the process's.
            same = [ip for (_, handle), ip in bound.items() if handle == found["handle"]]
            ip = bound.get(key, same[-1] if same else "0.0.0.0")
            if ip and not _is_loopback(ip):
                listening.append(ip)
        elif found["call"] == "bind":
            targets = list(TARGET.finditer(line))
            bound[key] = (targets[0]["v4"] or targets[0]["v6"]) if targets else ""
        else:
            for target in TARGET.finditer(line):
                ip = target["v4"] or target["v6"]
                if not _is_loopback(ip) or int(target["port"]) == NAME_SERVICE:
                    sent.append(f"{ip} port {target['port']}")
    return sent, listening


def _is_loopback(ip: str) -> bool:
    found = ipaddress.ip_address(ip)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


@contextlib.contextmanager
def traced(arguments: list[str], trace: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen]:
    """A command under strace, with all its children; it is stopped at the end.

    Raises:
        CannotTraceError: strace is missing or not allowed.
    """
    if not shutil.which("strace"):
        raise CannotTraceError("strace is not installed; on Debian: apt-get install strace")
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        raise CannotTraceError("this machine does not let strace trace processes")
    log = trace.with_suffix(".log").open("wb")
    started = subprocess.Popen(
        [*STRACE, "-o", str(trace), *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=log,
        stderr=log,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            for child in psutil.Process(started.pid).children():
                child.terminate()
        started.wait(60)
        log.close()


def app_connects(forecast: bool = False) -> tuple[int, int]:
    """Start the app, use it and knock at it.

    Args:
        forecast: also forecast the uploaded file, which takes a minute.

    Returns:
        Connects beyond this machine, and listeners that other machines could reach.

    Raises:
        CannotTraceError: strace is missing or not allowed.
    """
    with tempfile.TemporaryDirectory(prefix="pilots-network-") as folder:
        trace = Path(folder) / "app.strace"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PILOTS_")}
        port = _free_port()
        with traced(command(port), trace, environment | {"PILOTS_HOME": folder}):
            _wait_until_up(port)
            _visit(f"http://127.0.0.1:{port}", forecast)
            _knock(port)
        return _counted(trace, needs=f"htons({port})")


def training_listeners() -> int:
    """Train a small network in two processes; how many of their listeners other machines could reach.

    Raises:
        CannotTraceError: strace is missing or not allowed.
    """
    with tempfile.TemporaryDirectory(prefix="pilots-network-") as folder:
        trace = Path(folder) / "training.strace"
        arguments = [sys.executable, str(Path(__file__).resolve()), "--train-in", folder]
        with traced(arguments, trace, os.environ | {"OMP_NUM_THREADS": "1"}) as started:
            if started.wait(300):
                raise RuntimeError(trace.with_suffix(".log").read_text()[-2000:])
        return _counted(trace, needs="listen(")[1]


def _counted(trace: Path, needs: str) -> tuple[int, int]:
    text = trace.read_text(errors="replace")
    if needs not in text:  # an empty trace must not read as a clean one
        raise RuntimeError(f"the trace does not hold '{needs}', so it did not see what it should")
    sent, listening = read(text)
    for line in sorted({*(f"sent to {s}" for s in sent), *(f"listens on {ip}" for ip in listening)}):
        print(line, file=sys.stderr)
    return len(sent), len(listening)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ask(port: int, path: str, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _wait_until_up(port: int) -> None:
    until = time.monotonic() + UP_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if _ask(port, "/_stcore/health", {}) == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the app did not start")


def _csv() -> bytes:
    import numpy as np
    import pandas as pd

    local = pd.date_range("2024-02-01", periods=70 * 24, freq="h")
    load = 480 + 180 * np.sin(local.hour / 24 * 2 * np.pi)
    rows = [f"{at:%Y-%m-%d %H:%M},{kw:.1f}" for at, kw in zip(local, load, strict=True)]
    return "\n".join(["time,load (kW)", *rows]).encode()


def _visit(url: str, forecast: bool) -> None:
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=quiet)
        page = browser.new_page(locale="en-GB")
        page.set_default_timeout(STEP_MS)
        page.goto(url)
        page.get_by_role("button", name="Open").wait_for()
        page.goto(f"{url}/about")
        page.get_by_text("core", exact=False).first.wait_for()
        page.goto(f"{url}/energy")
        page.locator("input[type=file]").set_input_files(
            {"name": "load.csv", "mimeType": "text/csv", "buffer": _csv()}
        )
        start = page.get_by_role("button", name="Forecast", exact=True)
        start.wait_for()
        if forecast:
            start.click()
            page.get_by_role("heading", name=re.compile("^Peak of")).wait_for()
        browser.close()


def _knock(port: int) -> None:
    """As a page of a foreign site, and a site whose name was pointed at this machine, would."""
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    for strange in ({"Origin": "http://foreign.example"}, {"Host": "foreign.example"}):
        for path, headers in (("/_stcore/stream", upgrade), ("/_stcore/host-config", {})):
            if _ask(port, path, headers | strange) != 403:
                raise RuntimeError(f"{strange} was let in to {path}")


def make_task(settings: Mapping[str, Any]) -> Any:
    """A task as small as one can be."""
    import torch
    from torch import nn

    from common.training.task import Arrays, Task

    x = torch.arange(200.0).reshape(100, 2) / 200
    return Task(
        "network",
        model=lambda: nn.Linear(2, 1),
        train=Arrays(x, x.sum(dim=1, keepdim=True)),
        loss=lambda model, batch: nn.functional.mse_loss(model(batch[0]), batch[1]),
        data={"rows": 100},
    )


def _train(folder: Path) -> None:
    from common.training.launch import train

    settings = {"task": {}, "fit": {"epochs": 3, "batch_size": 10}}
    train("reliability_network:make_task", settings, pilot="network", runs=folder, processes=2)


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--forecast", action="store_true", help="forecast the uploaded file too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--train-in", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train_in:
        _train(options.train_in)
        return 0
    connects, listeners = app_connects(options.forecast)
    found = {"connects": connects, "listeners": listeners + training_listeners()}
    if options.json:
        print(json.dumps(found))
    else:
        print(f"connects beyond this machine (app)              {found['connects']}")
        print(f"listeners others can reach (app and training)   {found['listeners']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
