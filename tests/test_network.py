"""Nothing goes out and nothing listens beyond this machine, as the kernel saw it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "benchmarks" / "reliability_network.py"
PLANTED = """
import socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    udp.connect(("192.0.2.1", 9))
except OSError:  # no route, as in a network namespace; the attempt counts
    pass
open_to_all = socket.create_server(("0.0.0.0", 0))
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname()).close()
unbound = socket.socket()
unbound.listen()
socket.socketpair()
"""


def by_path(path: Path):
    """A module that lies beside the packages."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def network():
    return by_path(PATH)


@pytest.fixture
def tracing(network, tmp_path):
    try:
        with network.traced(["true"], tmp_path / "probe.strace", os.environ):
            pass
    except network.CannotTraceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("line", "sent", "listening"),
    [
        (
            '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}, 16) = 0',
            1,
            0,
        ),
        (
            '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
            0,
            0,
        ),
        (
            '7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0',
            1,
            0,
        ),
        (
            "7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28 <unfinished ...>',
            1,
            0,
        ),
        (
            "7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
            0,
            0,
        ),
        ('7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', 0, 0),
        (
            '7 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("8.8.8.8")}',
            1,
            0,
        ),
        (
            '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
            "7 listen(3, 5) = 0",
            0,
            1,
        ),
        (
            '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0\n'
            "8 listen(3, 5) = 0",
            0,
            0,
        ),
        ('7 bind(3, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 110) = 0\n7 listen(3, 5) = 0', 0, 0),
        ("7 bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0", 0, 0),
        ("7 listen(9, 5) = 0", 0, 1),
    ],
)
def test_a_trace_is_read_right(network, line, sent, listening):
    found = network.read(line)
    assert (len(found[0]), len(found[1])) == (sent, listening)


def test_what_a_process_does_is_seen(network, tracing, tmp_path):
    trace = tmp_path / "planted.strace"
    with network.traced([sys.executable, "-c", PLANTED], trace, os.environ) as started:
        assert started.wait(30) == 0
    sent, listening = network.read(trace.read_text())
    assert sent == ["192.0.2.1 port 9"]
    assert listening == ["0.0.0.0", "0.0.0.0"]


def test_an_empty_trace_is_not_taken_for_a_clean_one(network, tmp_path):
    (tmp_path / "empty").write_text("")
    with pytest.raises(RuntimeError, match="did not see"):
        network._counted(tmp_path / "empty", needs="listen(")


def test_two_training_processes_listen_on_loopback_alone(network, tracing):
    assert network.training_listeners() == 0


@pytest.mark.browser
def test_the_app_connects_nowhere_and_listens_on_loopback_alone(network, tracing):
    assert network.app_connects() == (0, 0)


def test_the_tests_own_network_namespace_has_loopback_and_nothing_else():
    prefix = by_path(ROOT / "dev.py").cut_off()
    if not prefix:
        pytest.skip("this machine permits no network namespace")
    code = """
import socket
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname()).close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    udp.connect(("192.0.2.1", 9))
except OSError:
    print("cut off")
"""
    done = subprocess.run([*prefix, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "cut off"
    failed = subprocess.run([*prefix, sys.executable, "-c", "raise SystemExit(7)"], check=False)
    assert failed.returncode == 7
