"""A private copy of what was brought, in memory, that nobody can change once it was checked."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable

_BLOCK = 1 << 24
# fcntl's names for these came with Python 3.13 on some systems.
_ADD_SEALS, _SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x8


def fresh(label: str) -> int:
    """A nameless file in memory (Linux), or on disk where there is none; the caller closes the handle."""
    if sys.platform == "linux":
        return os.memfd_create(label, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def seal(handle: int) -> None:
    """Let nobody write to a file of `fresh` any more, this process included (Linux)."""
    if sys.platform == "linux":
        fcntl.fcntl(handle, _ADD_SEALS, _SEALS)


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write all of it; one call may write less."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def fill(handle: int, source: int, limit_bytes: int, too_large: Callable[[], Exception]) -> int:
    """Copy an open file into the spool, at most so much of it; its size in bytes.

    Raises:
        Exception: what `too_large` makes, when there is more than the limit.
    """
    size = 0
    if sys.platform == "linux":  # within the kernel, which is a third faster
        while count := os.sendfile(handle, source, size, min(_BLOCK, limit_bytes + 1 - size)):
            size += count
            if size > limit_bytes:
                raise too_large()
        return size
    while block := os.read(source, _BLOCK):
        size += len(block)
        if size > limit_bytes:
            raise too_large()
        write_all(handle, block)
    return size


def sha256(handle: int) -> str:
    """Hash of a spooled file, as hexadecimal digits."""
    digest, at = hashlib.sha256(), 0
    while block := os.pread(handle, _BLOCK, at):
        digest.update(block)
        at += len(block)
    return digest.hexdigest()
