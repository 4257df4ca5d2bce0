"""The seal of a stored folder: size and sha256 of every file in it, in `manifest.json`, written last.

A manifest is spelt in one way only, so a byte of its own that was changed shows as well. It guards against
damage and half-written files; it is no signature, as whoever can write the folder can also write a manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.errors import StoreError
from common.store.files import sha256, sync

MANIFEST = "manifest.json"
MAX_BYTES = 4 << 20
"""Largest manifest that is read; some 20,000 files."""


def seal(folder: Path) -> None:
    """Write the manifest of a finished folder and bring all of it to the disk.

    Raises:
        OSError: it cannot be written.
        StoreError: the folder holds something that is no file.
    """
    entries = {}
    for name, path in _files(folder).items():
        entries[name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
        sync(path)
    manifest = folder / MANIFEST
    manifest.write_bytes(_spelt(entries))
    sync(manifest)
    for inner in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        sync(inner)


def verify(folder: Path) -> Path:
    """Check every file of a sealed folder against its manifest, before anything in it is parsed.

    Raises:
        StoreError: a file is missing, is too many, or does not match; or there is no manifest.
    """
    mend = "make it anew, or take back a copy"
    found = _files(folder)
    try:
        if (folder / MANIFEST).stat().st_size > MAX_BYTES:
            raise ValueError("too large for a manifest")
        entries = listed((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise StoreError("there is nothing complete here", where=str(folder), mend=mend) from error
    except (OSError, ValueError) as error:
        raise StoreError("the manifest cannot be read", where=str(folder), mend=mend) from error
    if missing := sorted(entries.keys() - found.keys()):
        raise StoreError(f"the file '{missing[0]}' is missing", where=str(folder), mend=mend)
    if extra := sorted(found.keys() - entries.keys()):
        raise StoreError(f"the file '{extra[0]}' does not belong here", where=str(folder), mend=mend)
    for name, (size_bytes, expected) in entries.items():
        try:
            fine = found[name].stat().st_size == size_bytes and sha256(found[name]) == expected
        except OSError as error:
            raise StoreError(f"'{name}' cannot be read", where=str(folder), mend=mend) from error
        if not fine:
            raise StoreError(f"'{name}' is not what was stored", where=str(folder), mend=mend)
    return folder


def is_whole(folder: Path) -> bool:
    """Whether a sealed folder is there and every file in it is what was stored."""
    try:
        verify(folder)
    except (StoreError, OSError):
        return False
    return True


def listed(content: bytes) -> dict[str, tuple[int, str]]:
    """What a manifest says: name -> size in bytes and sha256.

    Raises:
        ValueError: it is none, or not spelt as `seal` spells it.
    """
    try:
        files = json.loads(content)["files"]
        entries = {str(n): (int(e["bytes"]), str(e["sha256"])) for n, e in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no manifest") from error
    if content != _spelt({n: {"bytes": size, "sha256": digest} for n, (size, digest) in entries.items()}):
        raise ValueError("not as it was written")
    return entries


def _spelt(entries: Mapping[str, Mapping[str, Any]]) -> bytes:
    return json.dumps({"files": entries}, indent=1, sort_keys=True).encode()


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise StoreError("it holds a link or something else that is no file", where=str(path))
        if path.is_file() and path != folder / MANIFEST:
            found[path.relative_to(folder).as_posix()] = path
    return found
