"""The one way to write a file that is kept: a temporary name, the disk itself, then the name it shall have.

What stood under that name is there, whole, until the new one is. Everything the suite keeps goes through
here, files one by one and folders through `common.store.folders`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import StoreError
from common.store.unfinished import unfinished

BLOCK_BYTES = 1 << 20
_STAMP_DIGITS = 16
_STAMP = re.compile(r"-([0-9a-f]{16})\.")
_REFUSES_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""What some file systems of networks answer when a folder shall be synced."""


@contextmanager
def refusal(what: str, where: Path) -> Iterator[None]:
    """Turn what the file system refuses (full disk, read-only, no folder) into one line for the user."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or (os.strerror(error.errno) if error.errno else str(error).splitlines()[0])
        raise StoreError(
            f"{what} ({reason})",
            where=str(where),
            mend="choose a folder with free space that you may write to; what stood there is untouched",
        ) from error


def sync(path: Path) -> None:
    """Make sure a file or folder is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _REFUSES_SYNC or not path.is_dir():
            raise
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, so that a power cut does not take them back."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def write_whole(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """Write a file whole or not at all; what stood there before stays when it fails.

    Args:
        path: the file; its folder must be there.
        content: text is written as UTF-8.
        durable: bring it to the disk before it gets its name. Leave that out only for what nobody misses
            after a power cut.

    Raises:
        OSError: it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with unfinished(path) as fresh:
        with fresh.open("wb") as handle:
            handle.write(data)
            handle.flush()
            if durable:
                os.fsync(handle.fileno())
        fresh.replace(path)
    if durable:
        sync(path.parent)


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all; what stood there before stays when it fails.

    Args:
        path: the file; its folder is made when it is not there.
        content: text is written as UTF-8.

    Raises:
        StoreError: it cannot be written.
    """
    with refusal("it cannot be written", path):
        make_folder(path.parent)
        write_whole(path, content)


def sha256(path: Path) -> str:
    """Hash of a file, as 64 hex digits."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def stamped(name: str, content: bytes) -> str:
    """A file's name with part of the content's sha256 in it, for single files without a manifest."""
    stem, dot, ending = name.partition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:_STAMP_DIGITS]}{dot}{ending}"


def is_as_stamped(path: Path) -> bool:
    """Whether a file holds what its name says; one without such a stamp passes."""
    found = _STAMP.search(path.name)
    return found is None or sha256(path).startswith(found[1])
