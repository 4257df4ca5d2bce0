"""SIGTERM and Ctrl-C as exceptions: neither lost on the way nor raised while something is tidied up."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_S = 0.01


def raise_on_terminate() -> None:
    """Let SIGTERM raise SystemExit(143), so that `finally` blocks remove what is half-written.

    Python drops an exception that is raised inside a finaliser or a weak reference's callback, and goes on
    as if nothing had been asked. Where that happens, the signal is sent again a moment later.
    """
    signal.signal(signal.SIGTERM, _stop)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _again


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _again(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, SystemExit | KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    number = signal.SIGTERM if isinstance(dropped.exc_value, SystemExit) else signal.SIGINT
    timer = threading.Timer(AGAIN_S, os.kill, (os.getpid(), number))
    timer.daemon = True
    timer.start()


@contextmanager
def put_off() -> Iterator[None]:
    """Put Ctrl-C and SIGTERM off until the block ends; in other threads than the main one none arrive."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def later(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {kind: signal.signal(kind, later) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler or signal.SIG_DFL)  # None: it was not set from Python
        if came:
            signal.raise_signal(came[0])
