"""The process from which reader children are forked: it has imported what they need and read nothing yet.

It runs as `python -m common.intake.zygote HANDLE MODULE...`, takes requests from a socket, forks a child for
each, ends it when its time is over, and says how it ended. multiprocessing's forkserver is not used: it
imports the caller's main module in each child and takes its orders by pickle. When the socket closes, all
children end.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from common.errors import PilotError
from common.intake import sandbox

REQUEST_BYTES = 1 << 16
HANDLES = 3
"""With a request come: what was brought, where the parcel goes, and a pipe on which the end is told."""
_TICK_S = 0.5


@dataclass
class _Child:
    pipe: int
    until: float
    late: bool = False


def answer(pipe: int, **words: Any) -> None:
    """Tell the caller how it went; a caller who left does not matter."""
    with suppress(OSError):
        os.write(pipe, json.dumps(words).encode())


def serve(channel: socket.socket, modules: Sequence[str]) -> None:
    """Import the modules, then serve requests until the socket closes."""
    for module in modules:
        with suppress(ImportError):  # the reader itself says which extra is missing
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a child's collector then leaves what is shared alone
    packages = tuple(dict.fromkeys(module.partition(".")[0] for module in ("common", *modules)))
    sandbox.readable(packages)
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    children: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(_TICK_S if children else None):
                if key.fileobj is channel:
                    if not _begin(channel, packages, children):
                        _end_all(children)
                        return
                else:
                    with suppress(BlockingIOError):
                        os.read(wake, 512)
            _look_after(children)


def _begin(channel: socket.socket, packages: tuple[str, ...], children: dict[int, _Child]) -> bool:
    """Take one request and fork; False when the caller is gone."""
    request, ancillary, _, _ = channel.recvmsg(REQUEST_BYTES, socket.CMSG_SPACE(HANDLES * 4))
    if not request:
        return False
    handles = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            handles.frombytes(data[: len(data) - len(data) % handles.itemsize])
    brought, result, pipe = handles
    order = json.loads(request)
    child = os.fork()
    if not child:
        channel.close()
        _work(order, packages, brought, result)
    os.close(brought)
    os.close(result)
    children[child] = _Child(pipe, time.monotonic() + order["wall_s"])
    return True


def _look_after(children: dict[int, _Child]) -> None:
    while children:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            break
        if child := children.pop(pid, None):
            answer(child.pipe, code=os.waitstatus_to_exitcode(status), late=child.late)
            os.close(child.pipe)
    for pid, child in children.items():
        if not child.late and time.monotonic() > child.until:
            child.late = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _end_all(children: dict[int, _Child]) -> None:
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _work(order: dict[str, Any], packages: tuple[str, ...], brought: int, result: int) -> None:
    """The child: shut in, read, hand back, and never return."""
    from common.intake import parcel, source

    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        module, _, name = order["reader"].partition(":")
        read = getattr(importlib.import_module(module), name)
        with os.fdopen(result, "wb", buffering=1 << 20) as file:
            try:
                sandbox.limit(order["memory_bytes"], order["cpu_s"], order["result_bytes"])
                sandbox.enclose(packages)
                upload = source.Source(order["name"], order["kind"], brought)
                parcel.write(read(upload, **order["options"]), file, upload.view)
                code = 0
            except BaseException as error:
                file.seek(0)
                file.truncate()
                file.write(json.dumps(_told(error, order["name"])).encode())
                code = 2
    finally:
        os._exit(code)


def _told(error: BaseException, name: str) -> dict[str, Any]:
    """An error as the caller gets it: its own words only where they are the suite's."""
    if isinstance(error, PilotError):
        where = error.where or name
        return {"kind": type(error).__name__, "what": error.what, "where": where, "mend": error.mend}
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return {"fault": type(error).__name__, "memory": _is_memory(error), "frames": frames[-20:]}


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "bad_alloc" in str(error) or "llocat" in str(error)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's affair
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
