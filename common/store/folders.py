"""Stored folders: written whole or not at all, the one before kept beside, and nothing opened unchecked.

A folder is filled under a temporary name, sealed, and gets its name last of all: what has a name is complete.
The one that had the name becomes `<name>.previous`, and stands in when the new one is damaged later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from common.errors import StoreError
from common.store.files import make_folder, sync
from common.store.locking import held, writing
from common.store.manifest import MANIFEST, is_whole, seal, verify
from common.store.unfinished import new_name, remove, unfinished

PREVIOUS = ".previous"

_log = logging.getLogger(__name__)


def save_folder(folder: Path, write: Callable[[Path], None]) -> Path:
    """Store what `write` puts into a folder, whole or not at all.

    Args:
        folder: where it shall be; what was stored there becomes `<name>.previous`.
        write: writes the files into the folder it is given.

    Raises:
        OSError: it cannot be written; what stood there is untouched.
        StoreError: something else stands there, or another process holds it.
    """
    make_folder(folder.parent)
    with unfinished(folder, folder=True) as fresh:
        write(fresh)
        seal(fresh)
        with writing(folder):
            publish(fresh, folder)
    return folder


def publish(fresh: Path, folder: Path) -> None:
    """Give a sealed folder its name; what had that name becomes `<name>.previous`.

    Call it within `writing(folder)`. It waits for readers of the old one.

    Raises:
        OSError: it cannot be renamed; what had the name still has it.
        StoreError: something that was not stored by us stands there, or a reader does not end.
    """
    previous = previous_of(folder)
    _must_be_ours(folder)
    _must_be_ours(previous)
    with ExitStack() as alone:
        for path in (folder, previous):
            alone.enter_context(held(path, alone=True))
        try:
            if folder.exists() and previous.exists() and not is_whole(folder):
                discard(folder)  # a damaged one must not push out a good previous one
            elif folder.exists():
                discard(previous)
                folder.replace(previous)
            fresh.replace(folder)
        except BaseException:
            if not folder.exists() and previous.exists():
                previous.replace(folder)
            raise
    sync(folder.parent)


@contextmanager
def reading(folder: Path) -> Iterator[Path]:
    """A stored folder, every file checked, that stays as it is within the block.

    A damaged or missing one gives way, with a warning in the log, to the one that stood there before it.
    Storing under the same name within the block would wait for itself.

    Raises:
        StoreError: neither is there and whole, or a writer does not end.
    """
    with ExitStack() as block:
        block.enter_context(held(folder))
        try:
            found = verify(folder)
        except StoreError as error:
            found = previous_of(folder)
            block.enter_context(held(found))
            if not is_whole(found):
                raise
            _log.warning("%s What was stored before it is used instead.", error)
        yield found


def previous_of(folder: Path) -> Path:
    """Where the one is that stood there before."""
    return folder.with_name(folder.name + PREVIOUS)


def discard(folder: Path) -> None:
    """Remove a folder so that nobody finds half of it under its name."""
    if folder.exists():
        # Named after what is stored here, so that the next writer clears it if this process is ended now.
        name = folder.name.removesuffix(PREVIOUS)
        gone = folder.replace(new_name(folder.with_name(name)))
        remove(gone)


def _must_be_ours(folder: Path) -> None:
    # Storing replaces what stands there: a user's own folder of that name must not go.
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        ours = False
    else:
        ours = not folder.exists() or (folder / MANIFEST).exists() or not any(folder.iterdir())
    if not ours:
        raise StoreError(
            "something that was not stored by the suite is there",
            where=str(folder),
            mend="name another folder",
        )
