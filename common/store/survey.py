"""Look at everything that is kept below a folder, and say of each whether it is whole.

Sealed folders (models, checkpoints, results) are held against their manifest. A run's record and settings, a
job's state and single tables have none: they are written whole or not at all, and here they are read once, so
that damage shows only where it keeps them from being read.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common.errors import StoreError
from common.store.files import is_as_stamped
from common.store.folders import PREVIOUS, previous_of
from common.store.locking import held
from common.store.manifest import MANIFEST, is_whole, verify
from common.store.models import CARD
from common.store.unfinished import PARTIAL

Kind = Literal["model", "checkpoint", "result", "run", "job", "table"]
SET_ASIDE = re.compile(r"damaged-[0-9a-f]{4}-step-\d+")
"""Checkpoints that a resumed run found damaged."""
UPLOADS, BROUGHT = "uploads", "in"
"""What users brought: at the top of what is kept for a user, and in a job."""
RESULT, RECORD, CONFIG, JOB = "result.json", "record.json", "config.toml", "job.json"
MENDS: dict[Kind, str] = {
    "model": "train it anew, or take back a copy",
    "checkpoint": "resume the run, which goes on from the one before it",
    "result": "run it again",
    "run": "take back a copy, or start a new run",
    "job": "start it again",
    "table": "make it anew, or take back a copy",
}


@dataclass(frozen=True)
class Looked:
    """One kept thing.

    Attributes:
        kind: what it is.
        path: where it is.
        what: what is wrong with it, as a clause; "": nothing.
        mend: what to do about that.
    """

    kind: Kind
    path: Path
    what: str = ""
    mend: str = ""


def survey(root: Path) -> Iterator[Looked]:
    """Check everything that is kept below a folder, in the order of the paths.

    Raises:
        StoreError: there is no such folder.
    """
    if not root.is_dir():
        raise StoreError("there is no such folder", where=str(root), mend="check the name")
    for here, folders, files in os.walk(root):
        folder = Path(here)
        folders.sort()
        if kind := _sealed(folder):
            folders.clear()
            yield from _look_at_sealed(kind, folder)
            continue
        yield from _gone(folder, folders)
        if JOB in files:
            yield _read("job", folder / JOB)
        if RECORD in files or CONFIG in files:
            yield from (_read("run", folder / name) for name in (RECORD, CONFIG) if name in files)
        yield from (_read("table", folder / name) for name in sorted(files) if _is_table(name))
        brought = {BROUGHT} if JOB in files else {UPLOADS} if folder == root else set()
        folders[:] = [n for n in folders if n not in brought and not is_leftover(n)]


def is_leftover(name: str) -> bool:
    """Whether a folder of this name is unfinished or set aside."""
    return name.startswith(PARTIAL) or bool(SET_ASIDE.fullmatch(name))


def _sealed(folder: Path) -> Kind | None:
    """What a folder was sealed as, by its files or, where those are gone, by its name."""
    name = folder.name.removesuffix(PREVIOUS)
    if re.fullmatch(r"step-\d{8}", name) and folder.parent.name == "checkpoints":
        return "checkpoint"
    in_run = (folder.parent / RECORD).exists()
    if (folder / CARD).exists() or (name == "model" and in_run):
        return "model"
    if (folder / RESULT).exists():
        return "result"
    if (folder / MANIFEST).exists():
        return "result" if name == "result" else "model"
    return None


def _look_at_sealed(kind: Kind, folder: Path) -> Iterator[Looked]:
    try:
        with held(folder):
            verify(folder)
    except StoreError as error:
        if not folder.exists():
            return  # replaced or removed meanwhile
        yield Looked(kind, folder, error.what, _mend(kind, folder))
    else:
        yield Looked(kind, folder)


def _gone(parent: Path, names: list[str]) -> Iterator[Looked]:
    """Stored folders of which only the one before is there: a process was ended between two renames."""
    for name in names:
        folder = parent / name.removesuffix(PREVIOUS)
        if name.endswith(PREVIOUS) and not folder.exists() and (kind := _sealed(parent / name)):
            yield Looked(kind, folder, "there is nothing complete here", _mend(kind, folder))


def _mend(kind: Kind, folder: Path) -> str:
    if folder.name.endswith(PREVIOUS):
        return "pilots store gc removes it"
    fallback = "the one stored before it is used instead; " if is_whole(previous_of(folder)) else ""
    return fallback + MENDS[kind]


def _is_table(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _read(kind: Kind, path: Path) -> Looked:
    """Read a single file once."""
    try:
        if not is_as_stamped(path):
            return Looked(kind, path, "it is not what was stored", MENDS[kind])
        if path.suffix == ".parquet":
            _read_table(path)
        elif path.suffix == ".toml":
            tomllib.loads(path.read_text(encoding="utf-8"))
        elif not isinstance(json.loads(path.read_bytes()), dict):
            raise ValueError("no object")
    except FileNotFoundError:
        return Looked(kind, path)  # removed meanwhile
    except (OSError, ValueError, RecursionError):
        return Looked(kind, path, "it cannot be read", MENDS[kind])
    return Looked(kind, path)


def _read_table(path: Path) -> None:
    """Read all of a Parquet file, a part at a time.

    Raises:
        ValueError: it is damaged.
    """
    from pyarrow import ArrowException, parquet

    with path.open("rb") as file:
        try:
            for _ in parquet.ParquetFile(file).iter_batches():
                pass
        except ArrowException as error:
            raise ValueError("damaged") from error
