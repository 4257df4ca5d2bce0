"""Set-up in two commands, with the standard library alone.

`python3 dev.py demo` makes .venv, installs what the energy pilot and the app need, forecasts the embedded
sample in the terminal and opens the app on it. `python3 dev.py test` installs what the tests need and runs
all of them, cut off from every network where the machine permits that. Both can be run again at any time:
what is already there is not done twice.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
TORCH = "torch==2.13.0"
DEMO_EXTRAS = "energy,apps,sample"
TEST_EXTRAS = "energy,healthcare,agriculture,apps,login,sample,peers,dev"
CHROMIUM = Path("/usr/bin/chromium")
STRACE = Path("/usr/bin/strace")
MIN_FREE_GB = 4


def say(text: str) -> None:
    """Print one line of what is going on."""
    print(f"[dev] {text}", flush=True)


def stop(what: str, mend: str) -> None:
    """End with one clear line."""
    sys.exit(f"[dev] stopped: {what}\n[dev] to mend it: {mend}")


def watch(command: list[str], label: str) -> None:
    """Run a long command quietly: elapsed time and latest word on one line, the output on failure."""
    began = time.monotonic()
    lines: list[str] = []
    live = sys.stdout.isatty()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if live and line.startswith(
            ("Collecting", "Downloading", "  Downloading", "Installing", "Processing")
        ):
            word = " ".join(line.split()[:2])[:60]
            print(f"\r[dev] {label} {time.monotonic() - began:4.0f} s  {word:<60}", end="", flush=True)
    code = process.wait()
    if live:
        print("\r" + " " * 100 + "\r", end="")
    if code:
        print("".join(lines[-40:]))
        stop(
            f"'{' '.join(command[:6])} …' ended with exit code {code}",
            "read the lines above, then run this again",
        )
    say(f"{label} done in {time.monotonic() - began:.0f} s")


def make_venv() -> None:
    """Create .venv when there is none, or when its interpreter has gone."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- the one file that any Python may run
        stop(f"Python {sys.version.split()[0]} is too old", "run this with Python 3.11 or newer")
    if PYTHON.exists():
        return
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < MIN_FREE_GB:
        stop(f"only {free_gb:.1f} GB of disk are free", f"make at least {MIN_FREE_GB} GB free")
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode:
        stop("the virtual environment could not be made", "on Debian: apt-get install python3-venv")


def install(extras: str) -> None:
    """Install the suite with the given extras at the locked versions, unless that was done before."""
    make_venv()
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + extras.encode())
    stamp = VENV / f".installed-{extras.replace(',', '-')}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        say("everything is installed already")
        return
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(LOCK)]
    # torch goes first and by its exact version: taken along by another package, pip may choose a newer
    # build with several gigabytes of CUDA.
    watch([*pip, TORCH], "[1/2] PyTorch")
    watch([*pip, "-e", f".[{extras}]"], "[2/2] the suite and its libraries")
    stamp.write_text(wanted.hexdigest())


def install_programs() -> None:
    """Install Debian's Chromium, which the browser tests drive, and strace, which the network tests ask."""
    missing = [path for path in (CHROMIUM, STRACE) if not path.exists()]
    if not missing:
        return
    names = [path.name for path in missing]
    if not shutil.which("apt-get"):
        if CHROMIUM in missing:
            stop(f"the browser tests need {CHROMIUM}", "install Chromium with your system's package manager")
        say("strace is missing, so the tests that count connections will be skipped")
        return
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    watch([*root, "apt-get", "update", "-qq"], "apt-get update")
    watch([*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *names], " and ".join(names))


def loopback_up() -> None:
    """Bring up `lo`, which is down in a new network namespace; without iproute2, which may be missing."""
    import fcntl  # not on Windows

    get_flags, set_flags, up = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack_from("h", fcntl.ioctl(asked, get_flags, request), 16)[0]
        fcntl.ioctl(asked, set_flags, struct.pack("16sh22x", b"lo", flags | up))


def inside(command: list[str]) -> None:
    """Become a command in this network namespace, once loopback is up; without one, only try that."""
    loopback_up()
    if command:
        os.execvp(command[0], command)  # noqa: S606 -- a list, without a shell


def cut_off() -> list[str]:
    """What to put before a command so that it has no network but loopback; nothing where that is denied."""
    unshare = shutil.which("unshare")
    if unshare is None or sys.platform != "linux":
        return []
    for options in (["-n"],) if os.geteuid() == 0 else (["-n"], ["-rn"]):
        prefix = [unshare, *options, str(PYTHON), str(ROOT / "dev.py"), "inside", "--"]
        with contextlib.suppress(OSError):
            if not subprocess.run(prefix, cwd=ROOT, capture_output=True, check=False).returncode:
                return prefix
    return []


def demo(port: int, open_browser: bool) -> int:
    """Install, forecast the sample in the terminal, then open the app on that forecast."""
    install(DEMO_EXTRAS)
    say("forecasting the embedded sample: real half-hourly demand of Victoria (Australia), 2014")
    command = [str(BIN / "pilots"), "demo", "--port", str(port)]
    if not open_browser:
        command.append("--no-browser")
    return subprocess.call(command, cwd=ROOT)


def test(pytest_arguments: list[str]) -> int:
    """Install what the tests need, then run style, types, walls, fast tests and browser tests."""
    install(TEST_EXTRAS)
    install_programs()
    prefix = cut_off()
    say(
        "the tests run in a network namespace of their own: nothing but loopback"
        if prefix
        else "this machine permits no network namespace, so the tests run with the network that there is"
    )
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONHASHSEED": "0",
    }
    stages = [("pytest", [str(PYTHON), "-m", "pytest", *pytest_arguments])]
    if not pytest_arguments:
        stages = [
            ("style, types and walls (pre-commit)", [str(BIN / "pre-commit"), "run", "--all-files"]),
            ("fast tests", [str(PYTHON), "-m", "pytest", "-q", "-m", "not browser"]),
            ("browser tests", [str(PYTHON), "-m", "pytest", "-q", "-m", "browser"]),
        ]
    for label, command in stages:
        began = time.monotonic()
        say(f"running {label}")
        code = subprocess.call([*prefix, *command], cwd=ROOT, env=environment)
        if code:
            say(f"{label}: failed with exit code {code}")
            return code
        say(f"{label}: passed in {time.monotonic() - began:.0f} s")
    return 0


def main() -> int:
    """Read the command line and do what it says."""
    if sys.argv[1:3] == ["inside", "--"]:  # `dev.py test` calls itself so, in the namespace
        inside(sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="install, forecast the sample, open the app")
    demo_parser.add_argument(
        "--port", type=int, default=8501, help="port on 127.0.0.1 (default: %(default)s)"
    )
    demo_parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    test_parser = commands.add_parser("test", help="install what the tests need and run them all")
    test_parser.add_argument("pytest_arguments", nargs="*", help="run only pytest, with these arguments")
    options, rest = parser.parse_known_args()
    if options.command == "demo":
        if rest:
            parser.error(f"unknown arguments: {' '.join(rest)}")
        return demo(options.port, not options.no_browser)
    return test([*options.pytest_arguments, *rest])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\n[dev] stopped by you; run the same command to go on")
