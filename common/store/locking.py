"""Who may touch a stored folder when: one writer at a time, and none while somebody reads.

Writers hold `.<name>.lock` beside the folder while they put a new one in its place. Readers hold the folder
itself, which leaves nothing behind and works on disks that cannot be written. The kernel lets go of both when
a process ends. Where a file system knows no locks, renames alone keep readers from seeing half.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import StoreError
from common.store.unfinished import is_open_as

LOCK_TIMEOUT_S = 30.0
COURTESY_S = 1.0
LOOK_EVERY_S = 0.005
WRITER, READER = "another process is writing there", "another process is reading there"


@contextmanager
def writing(target: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Keep other writers from a folder; it need not be there yet.

    Raises:
        StoreError: another process holds it for longer than `timeout_s` seconds.
        OSError: the lock cannot be made.
    """
    path, until = lock_of(target), time.monotonic() + timeout_s
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            _take(handle, fcntl.LOCK_EX, until, target, WRITER)
            if is_open_as(path, handle):
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the writer before removed it
    try:
        yield
    finally:
        # Removed while it is held: who waits for it finds that the name is gone, and makes a new one.
        with suppress(OSError):
            path.unlink()
        os.close(handle)


@contextmanager
def held(folder: Path, *, alone: bool = False, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Keep writers from moving a folder away while it is read; nothing happens where there is no folder.

    Args:
        folder: held itself; a writer that comes next waits.
        alone: keep readers out too.
        timeout_s: longest wait for the others.

    Raises:
        StoreError: others hold it for longer.
    """
    if not alone:
        _let_writers_first(folder)
    handle = _opened(folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, time.monotonic() + timeout_s)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def lock_of(target: Path) -> Path:
    """The file that writers of `target` hold."""
    return target.with_name(f".{target.name}.lock")


def _let_writers_first(folder: Path) -> None:
    """Wait a little for a writer that waits for readers: a crowd of them would never let it in."""
    try:
        handle = os.open(lock_of(folder), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return  # there is none
    try:
        with suppress(StoreError):
            _take(handle, fcntl.LOCK_SH, time.monotonic() + COURTESY_S, folder, WRITER)
    finally:
        os.close(handle)


def _opened(folder: Path, kind: int, until: float) -> int | None:
    while True:
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            _take(handle, kind, until, folder, WRITER if kind == fcntl.LOCK_SH else READER)
        except BaseException:
            os.close(handle)
            raise
        if is_open_as(folder, handle) or folder.is_symlink():
            return handle
        os.close(handle)  # a new one stands in its place


def _take(handle: int, kind: int, until: float, target: Path, other: str) -> None:
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise StoreError(other, where=str(target), mend="wait for it, or stop it") from error
        except OSError:
            return  # no locks on this file system
        time.sleep(LOOK_EVERY_S)
