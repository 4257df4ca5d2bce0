"""Start the app from the command line, alone or on a fresh forecast of the sample."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from importlib import util

from common import home, progress
from common.errors import MissingExtraError, PilotError

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 60
PORTS_TRIED = 20


def _free_port(wanted: int) -> int:
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise PilotError(
        f"no free port from {wanted} to {wanted + PORTS_TRIED}", mend="choose another with --port"
    )


def _wait_until_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310 -- loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def serve(port: int, open_browser: bool, page: str = "") -> int:
    """Start the app on loopback, open it, and stay until it is stopped with Ctrl-C.

    Args:
        port: wanted port; the next free one is taken, and said, when it is in use.
        open_browser: whether to open a browser window.
        page: path and query of the page to open ("energy?job=…").

    Raises:
        MissingExtraError: Streamlit is not installed.
        PilotError: no port is free, or the app does not start.
    """
    if util.find_spec("streamlit") is None:
        raise MissingExtraError("Streamlit", "apps")
    free = _free_port(port)
    if free != port:
        print(f"port {port} is in use; taking {free}", flush=True)
    url = f"http://{LOOPBACK}:{free}"
    server = subprocess.Popen([sys.executable, "-m", "apps.serve", "--port", str(free)])
    try:
        if not _wait_until_up(url, server):
            raise PilotError("the app did not start", mend="see the lines above, and run: pilots doctor")
        print(f"the app is open at {url}/{page}   (this machine only; Ctrl-C stops it)", flush=True)
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
