from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from common.signals import put_off


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_signal_waits_for_the_end_of_the_block():
    steps = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: steps.append("signal"))
    try:
        with put_off():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            steps.append("block")
        assert steps == ["block", "signal"]
        assert signal.getsignal(signal.SIGTERM) is not before
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_in_the_block_comes_after_it():
    done = []

    def work() -> None:
        with put_off():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]


def test_sigterm_that_python_dropped_in_a_finaliser_still_ends_the_program():
    code = """
import os, signal, time
from common.signals import raise_on_terminate
raise_on_terminate()
class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
try:
    Finalised()
    time.sleep(20)
finally:
    print("tidied up", flush=True)
"""
    done = run(code)
    assert done.returncode == 143
    assert done.stdout == "tidied up\n"
    assert "Exception ignored" not in done.stderr


def test_other_dropped_exceptions_are_still_shown():
    done = run(
        "from common.signals import raise_on_terminate\nraise_on_terminate()\n"
        "class Bad:\n    def __del__(self): raise ValueError('odd')\nBad()\n"
    )
    assert done.returncode == 0
    assert "ValueError: odd" in done.stderr
