"""Files and folders that are being written, and what processes that are gone left of them.

Whoever writes one holds a kernel lock on it. The kernel lets go of that when the process ends, however it
ends: an unfinished thing that can be locked is nobody's, and may be removed. Process numbers would not tell,
as containers and machines that share a disk count their own.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.signals import put_off

PARTIAL = ".partial-"
_NAME = re.compile(re.escape(PARTIAL) + r"[0-9a-f]{4,16}-(.+)", re.S)
WITHOUT_LOCKS_S = 24 * 3600
"""On file systems that know no locks, what was not touched for so long counts as nobody's."""


@contextmanager
def unfinished(target: Path, *, folder: bool = False) -> Iterator[Path]:
    """A new file or folder beside `target`, for what shall get that name; leaving the block removes it.

    What others left unfinished for the same target is removed first, so that it takes no space from this.

    Args:
        target: the name it shall get, by a rename within the block.
        folder: whether a folder is wanted.

    Raises:
        OSError: it cannot be made.
    """
    made: tuple[Path, int] | None = None
    try:
        # A signal in the middle of this would leave what nobody knows of.
        with put_off():
            clear(target.parent, target.name)
            made = _made(target, folder)
        yield made[0]
    finally:
        with put_off():
            if made:
                remove(made[0])  # it has another name by now, if all went well
                os.close(made[1])


def new_name(target: Path) -> Path:
    """A name for something unfinished beside `target`."""
    return target.with_name(f"{PARTIAL}{secrets.token_hex(4)}-{target.name}")


def target_name(path: Path) -> str:
    """The name that something unfinished was to get; "" where this is nothing unfinished."""
    match = _NAME.fullmatch(path.name)
    return match[1] if match else ""


def clear(folder: Path, name: str = "") -> None:
    """Remove what processes that are gone left unfinished in a folder, as far as the disk lets us.

    Args:
        folder: looked at without the folders in it.
        name: only what was to get this name; "": all.
    """
    with suppress(OSError):
        for path in [p for p in folder.iterdir() if (meant := target_name(p)) and name in ("", meant)]:
            with seized(path) as free:
                if free:
                    remove(path)


@contextmanager
def seized(path: Path) -> Iterator[bool]:
    """Whether something unfinished is nobody's; it stays ours within the block."""
    try:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield False
            return
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        yield _free(path, handle)
    finally:
        os.close(handle)


def remove(path: Path) -> bool:
    """Remove a file or a whole folder, as far as the disk lets us; whether it is gone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return not os.path.lexists(path)


def is_open_as(path: Path, handle: int) -> bool:
    """Whether a name still stands for what is open, and not for a later thing of that name."""
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(handle))
    except OSError:
        return False


def _made(target: Path, folder: bool) -> tuple[Path, int]:
    while True:
        path = new_name(target)
        if folder:
            path.mkdir()
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        else:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # no locks on this file system
            fcntl.flock(handle, fcntl.LOCK_EX)
        if is_open_as(path, handle):
            return path, handle
        os.close(handle)  # taken for a leftover and removed in the moment before it was locked


def _free(path: Path, handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(handle).st_mtime > WITHOUT_LOCKS_S
    return is_open_as(path, handle)
