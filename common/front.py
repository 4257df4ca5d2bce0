"""Start the app from the command line, alone or on a fresh forecast of the sample."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from importlib import util

from common import home, progress
from common.access import LOOPBACK, Access, check_port, grant
from common.errors import MissingExtraError, PilotError

START_TIMEOUT_S = 60
PORTS_TRIED = 20


def _free_port(ip: str, wanted: int) -> int:
    last = min(wanted + PORTS_TRIED, 65536)
    for port in range(wanted, last):
        with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ip, port))
            except OSError:
                continue
            return port
    raise PilotError(
        f"no free port from {wanted} to {last - 1} on {ip}", mend="choose another with --port or --address"
    )


def _wait_until_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + START_TIMEOUT_S
    # Without the proxy that the environment may name: the answer is on this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and server.poll() is None:
        try:
            with direct.open(f"{url}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _open_words(access: Access, url: str) -> str:
    if access.is_local:
        login = ", after login" if access.login else ""
        return f"the app is open at {url}   (this machine only{login}; Ctrl-C stops it)"
    return (
        f"the app is open at {url} and to other machines, after login   (Ctrl-C stops it)\n"
        "what passes between them and this machine is not encrypted: put a proxy with TLS before it, "
        "see docs/operator.md"
    )


def serve(
    port: int, open_browser: bool, page: str = "", address: str = LOOPBACK, names: Sequence[str] = ()
) -> int:
    """Start the app, open it, and stay until it is stopped with Ctrl-C.

    Args:
        port: wanted port; the next free one is taken, and said, when it is in use.
        open_browser: whether to open a browser window.
        page: path and query of the page to open ("energy?job=…").
        address: address to listen on; one that other machines reach needs a login.
        names: further host names under which the app is called.

    Raises:
        MissingExtraError: Streamlit is not installed.
        PilotError: no port is free, others could reach the app without login, or it does not start.
    """
    check_port(port)
    access = grant(address, names)
    if util.find_spec("streamlit") is None:
        raise MissingExtraError("Streamlit", "apps")
    free = _free_port(access.ip, port)
    if free != port:
        print(f"port {port} is in use; taking {free}", flush=True)
    url = f"http://{access.reachable}:{free}"
    chosen = ["--address", address, *(part for name in names for part in ("--host-name", name))]
    server = subprocess.Popen([sys.executable, "-m", "apps.serve", "--port", str(free), *chosen])
    try:
        if not _wait_until_up(url, server):
            raise PilotError("the app did not start", mend="see the lines above, and run: pilots doctor")
        print(_open_words(access, f"{url}/{page}"), flush=True)
        if open_browser:
            webbrowser.open(f"{url}/{page}")
        return server.wait()
    except KeyboardInterrupt:
        print("\nthe app is stopped")
        return 0
    finally:
        server.terminate()
        server.wait(timeout=10)


def demo(port: int, open_browser: bool) -> int:
    """Forecast the energy pilot's sample as a job, print it, and open the app on that job.

    Raises:
        PilotError: the forecast failed.
    """
    from common.jobs import Jobs, pilot_command
    from common.results import read_result
    from common.terminal import show

    jobs = Jobs(home.folder() / "jobs")
    name = jobs.submit(pilot_command("energy", "--sample"), title="sample")
    try:
        with progress.on_terminal() as report:
            while not (job := jobs.get(name)).is_over:
                report(*job.progress())
                time.sleep(0.2)
    except KeyboardInterrupt:
        jobs.cancel(name)
        raise
    if job.state != "done":
        raise PilotError(job.message or "the forecast was stopped", mend="run: pilots doctor")
    show(read_result(job.out))
    return serve(port, open_browser, f"energy?job={name}")
