"""Remove what takes space and serves nobody: unfinished things whose process is gone, and damaged ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import StoreError
from common.store.folders import PREVIOUS, discard
from common.store.locking import held, writing
from common.store.manifest import MANIFEST, is_whole
from common.store.survey import SET_ASIDE
from common.store.unfinished import remove, seized, target_name

_LOCK = re.compile(r"\.(.+)\.lock", re.S)


@dataclass(frozen=True)
class Leftover:
    """Something that may go.

    Attributes:
        path: where it is.
        why: what it is, in a few words.
        size_bytes: what it takes.
        removed: whether it is gone.
    """

    path: Path
    why: str
    size_bytes: int
    removed: bool = False


def leftovers(root: Path, *, previous: bool = False) -> Iterator[Leftover]:
    """What may go below a folder: unfinished, set aside, or stored before and of no use.

    Args:
        root: the folder.
        previous: also whole models and results that were stored before ones that are whole.

    Raises:
        StoreError: there is no such folder.
    """
    if not root.is_dir():
        raise StoreError("there is no such folder", where=str(root), mend="check the name")
    for here, folders, files in os.walk(root):
        found = []
        for name in sorted([*folders, *files]):
            path = Path(here) / name
            if not path.is_symlink() and (why := _why(path, previous)):
                found.append(name)
                yield Leftover(path, why, _size_bytes(path))
        folders[:] = sorted(n for n in folders if n not in found and not target_name(Path(n)))


def clean(root: Path, *, previous: bool = False) -> list[Leftover]:
    """Remove what `leftovers` finds, as far as the disk lets us.

    Raises:
        StoreError: there is no such folder.
    """
    return [
        replace(one, removed=_removed(one.path, previous)) for one in list(leftovers(root, previous=previous))
    ]


def _why(path: Path, previous: bool) -> str:
    """Why a file or folder may go; "": it may not."""
    if target_name(path):
        return "unfinished, its process is gone" if _is_nobodys(path) else ""
    if match := _LOCK.fullmatch(path.name):
        target = path.with_name(match[1])
        ours = any((t / MANIFEST).exists() for t in (target, target.with_name(target.name + PREVIOUS)))
        empty = path.is_file() and not path.stat().st_size
        return "lock of a process that is gone" if ours and empty and _is_nobodys(path) else ""
    if SET_ASIDE.fullmatch(path.name) and path.is_dir():
        return "a checkpoint set aside as damaged"
    # Without a manifest it is none of ours, whatever it is called.
    if path.name.endswith(PREVIOUS) and (path / MANIFEST).exists():
        if not is_whole(path):
            return "stored before, and damaged"
        if previous and is_whole(path.with_name(path.name.removesuffix(PREVIOUS))):
            return "stored before one that is whole"
    return ""


def _is_nobodys(path: Path) -> bool:
    with seized(path) as free:
        return free


def _removed(path: Path, previous: bool) -> bool:
    """Remove it if it still may go, now that nobody else can touch it."""
    with suppress(OSError, StoreError):
        if path.name.endswith(PREVIOUS) and not target_name(path):
            with writing(path.with_name(path.name.removesuffix(PREVIOUS))), held(path, alone=True):
                if _why(path, previous):
                    discard(path)
        else:
            with seized(path) as free:
                if free:
                    remove(path)
    return not os.path.lexists(path)


def _size_bytes(path: Path) -> int:
    found = [path, *(Path(here) / name for here, _, files in os.walk(path) for name in files)]
    total = 0
    for one in found:
        with suppress(OSError):
            total += one.lstat().st_size if one.is_file() else 0
    return total
