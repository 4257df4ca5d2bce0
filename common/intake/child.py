"""Parse in a child: hand an upload to a reader behind the walls, and take back arrays, or one sentence."""

from __future__ import annotations

import array
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from common import errors, faults
from common.errors import IntakeError, PilotError
from common.intake import drivers, spool

if TYPE_CHECKING:
    from common.intake.parcel import Parcel

MEMORY_BYTES = 600 << 20
"""What a reader may use beyond its libraries, with eight times the size of what was brought on top."""
MEMORY_FACTOR = 8
CPU_S, BYTES_A_SECOND = 6, 4_000_000
RESULT_BYTES = 8 << 30
# GDAL and its kind read these when they are imported: no network, no plug-ins, no files beside the upload,
# no drivers that follow links to elsewhere.
ENVIRONMENT = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_SKIP": drivers.SKIPPED,
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_NUM_THREADS": "1",
    "GDAL_MAX_DATASET_POOL_SIZE": "8",
    "GDAL_CACHEMAX": "64",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "PROJ_NETWORK": "OFF",
    "HDF5_PLUGIN_PATH": "disable",
    "HDF5_USE_FILE_LOCKING": "FALSE",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
}
MOST_ZYGOTES = 4
"""Each holds some 80 MB of libraries; of more, the one that was used least lately ends."""
_KEPT = ("PATH", "PYTHONPATH", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHASHSEED")


class _Zygote:
    """A running zygote and the socket to it; one a set of modules."""

    def __init__(self, modules: Sequence[str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            environment = {k: v for k, v in os.environ.items() if k in _KEPT} | ENVIRONMENT
            command = [sys.executable, "-P", "-m", "common.intake.zygote", str(theirs.fileno()), *modules]
            # A session of its own: Ctrl-C at the terminal must not end it halfway.
            self.process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        self.channel = ours
        self.orders = 0

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def send(self, order: Mapping[str, Any], handles: Sequence[int]) -> None:
        packed = array.array("i", handles).tobytes()
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)]
        self.channel.sendmsg([json.dumps(order).encode()], ancillary)


_zygotes: dict[tuple[str, ...], _Zygote] = {}
_leaving: list[subprocess.Popen[bytes]] = []
_guard = threading.Lock()


def warm(reader: str, modules: Sequence[str]) -> None:
    """Start the process that this reader's children are forked from, without waiting for it."""
    _zygote(_imported(reader, modules))


def _imported(reader: str, modules: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([reader.partition(":")[0], *modules]))


def _zygote(modules: tuple[str, ...], orders: int = 0) -> _Zygote:
    """The zygote of these modules, started where there is none; it is busy with so many orders more."""
    with _guard:
        _leaving[:] = [process for process in _leaving if process.poll() is None]
        found = _zygotes.pop(modules, None)
        if found is None or not found.is_alive():
            found = _Zygote(modules)
        _zygotes[modules] = found  # the last used comes last
        found.orders += orders
        idle = [key for key, one in _zygotes.items() if not one.orders and one is not found]
        for key in idle[: max(len(_zygotes) - MOST_ZYGOTES, 0)]:
            gone = _zygotes.pop(key)
            gone.channel.close()  # then it ends by itself
            _leaving.append(gone.process)
        return found


def _forget_after_fork() -> None:
    # A forked copy of this process must not talk over its parent's sockets.
    global _guard  # noqa: PLW0603
    _zygotes.clear()
    _leaving.clear()
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)


@atexit.register
def _end() -> None:
    for found in _zygotes.values():
        found.channel.close()
    for found in _zygotes.values():
        with suppress(subprocess.TimeoutExpired):
            found.process.wait(1)


def parse(
    handle: int,
    reader: str,
    *,
    name: str,
    kind: str,
    words: str,
    size_bytes: int,
    modules: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Parcel:
    """Let a reader parse an upload in a child.

    Args:
        handle: of the sealed copy.
        reader: importable function, "package.module:function", called with a `Source` and the options.
        name: the upload's name, for messages.
        kind: what it is by its content.
        words: what to call it in messages ("GeoTIFF").
        size_bytes: its size, by which memory and time are measured out.
        modules: what the child finds imported already.
        options: keyword arguments of the reader, fit for JSON.

    Raises:
        PilotError: as the reader raised it; or an IntakeError where the reader failed, needed too much
            memory or time, or died.
    """
    seconds = CPU_S + size_bytes // BYTES_A_SECOND
    order = {
        "reader": reader,
        "name": name,
        "kind": kind,
        "options": dict(options or {}),
        "memory_bytes": MEMORY_BYTES + MEMORY_FACTOR * size_bytes,
        "cpu_s": seconds,
        "wall_s": seconds + 1 + seconds // 4,
        "result_bytes": RESULT_BYTES,
    }
    result = spool.fresh("parcel")
    try:
        told = _ask(_imported(reader, modules), order, handle, result)
        return _taken(told, result, handle, name, words)
    finally:
        os.close(result)


def _ask(modules: tuple[str, ...], order: Mapping[str, Any], handle: int, result: int) -> dict[str, Any]:
    """Send the order and wait for how it ended; once more where the zygote has gone."""
    for _ in range(2):
        found = _zygote(modules, 1)
        ours, theirs = os.pipe()
        try:
            try:
                found.send(order, [handle, result, theirs])
            finally:
                os.close(theirs)
            if told := _listen(ours, order["wall_s"] + 30):
                return told
        except OSError:
            pass  # its socket is closed
        finally:
            os.close(ours)
            with _guard:
                found.orders -= 1
        _replace(modules, found)
    return {"code": None, "late": False}


def _replace(modules: tuple[str, ...], gone: _Zygote) -> None:
    with _guard:
        if _zygotes.get(modules) is gone:
            gone.process.kill()
            gone.process.wait()
            gone.channel.close()
            del _zygotes[modules]


def _listen(pipe: int, timeout_s: float) -> dict[str, Any]:
    said = b""
    while select.select([pipe], [], [], timeout_s)[0]:
        block = os.read(pipe, 4096)
        if not block:
            break
        said += block
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


def _taken(told: Mapping[str, Any], result: int, handle: int, name: str, words: str) -> Parcel:
    """The parcel, or the error in the caller's own process."""
    from common.intake import parcel

    code = told["code"]
    if code == 0:
        with suppress(ValueError, KeyError):  # else it left without a word
            return parcel.read(result, handle)
    if code == 2 and (size := os.fstat(result).st_size) < 1 << 20:
        os.lseek(result, 0, os.SEEK_SET)
        raise _error(json.loads(os.read(result, size)), name, words)
    if code is None:
        raise IntakeError(f"the reader of {words} cannot be started", where=name, mend="run: pilots doctor")
    if told.get("late") or code == -signal.SIGXCPU:
        raise IntakeError(f"reading this {words} took too long", where=name, mend="bring a part of it")
    raise IntakeError(
        f"the reader gave up on this {words}, which is damaged or made to do harm",
        where=name,
        mend="export it anew from the program that made it",
    )


def _error(found: Mapping[str, Any], name: str, words: str) -> PilotError:
    if "fault" not in found:
        kind = getattr(errors, found["kind"], IntakeError)
        error: PilotError = kind(found["what"], where=found["where"], mend=found["mend"])
        return error
    if found["memory"]:
        return IntakeError(f"this {words} needs too much memory", where=name, mend="bring a part of it")
    fault = faults.note_told(found["fault"], found["frames"])
    return IntakeError(
        f"this {words} cannot be read, being damaged or of an unusual kind (id {fault})",
        where=name,
        mend="export it anew from the program that made it",
    )
