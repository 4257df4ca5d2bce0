"""Models and runs on disk: written whole or not at all, and nothing is opened whose hash does not match.

A stored folder ends with `manifest.json`: the size and sha256 of every other file in it. It is written last,
the folder gets its name last of all, so a folder under its own name is complete. The manifest guards against
damage and half-written files; it is no signature, so whoever can write the folder can also write a manifest.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import StoreError

MANIFEST, CARD = "manifest.json", "card.json"
PREVIOUS = ".previous"
PARTIAL = ".partial-"
BLOCK_BYTES = 1 << 20
CARD_FACTS = ("name", "pilot", "created_utc", "metrics", "data", "licence", "intended_use", "limits")
"""Facts that every model card has, unknown ones as "not stated"."""

_log = logging.getLogger(__name__)


@contextmanager
def refusal(what: str, where: Path) -> Iterator[None]:
    """Turn what the file system refuses (full disk, read-only, no folder) into one line for the user."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{what} ({error.strerror or error})",
            where=str(where),
            mend="choose a folder with free space that you may write to; what stood there is untouched",
        ) from error


def sync(path: Path) -> None:
    """Make sure a file or folder is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all; what stood there before stays when it fails.

    Args:
        path: the file; its folder is made when it is not there.
        content: text is written as UTF-8.

    Raises:
        StoreError: it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    fresh = path.with_name(f"{PARTIAL}{secrets.token_hex(4)}-{path.name}")
    with refusal("it cannot be written", path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        sync(path.parent)


def sha256(path: Path) -> str:
    """Hash of a file, as 64 hex digits."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise StoreError("it holds a link or something else that is no file", where=str(path))
        if path.is_file() and path != folder / MANIFEST:
            found[path.relative_to(folder).as_posix()] = path
    return found


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
    manifest.write_text(json.dumps({"files": entries}, indent=1, sort_keys=True), encoding="utf-8")
    sync(manifest)
    for inner in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        sync(inner)


def verify(folder: Path) -> Path:
    """Check every file of a sealed folder against its manifest, before anything in it is parsed.

    Raises:
        StoreError: a file is missing, is too many, or does not match; or there is no manifest.
    """
    mend = "make it anew, or take back a copy"
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        entries = {str(n): (int(e["bytes"]), str(e["sha256"])) for n, e in stored["files"].items()}
    except FileNotFoundError as error:
        raise StoreError("there is nothing complete here", where=str(folder), mend=mend) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError("the manifest cannot be read", where=str(folder), mend=mend) from error
    found = _files(folder)
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


def publish(fresh: Path, folder: Path) -> None:
    """Give a sealed folder its name; what had that name becomes `<name>.previous`.

    Raises:
        OSError: it cannot be renamed; what had the name still has it, or is the previous one.
    """
    if folder.exists():
        previous = folder.with_name(folder.name + PREVIOUS)
        # A damaged folder must not push out a good previous one.
        if previous.exists() and not _good(folder):
            shutil.rmtree(folder)
        else:
            shutil.rmtree(previous, ignore_errors=True)
            folder.replace(previous)
    fresh.replace(folder)
    sync(folder.parent)


def _good(folder: Path) -> bool:
    try:
        verify(folder)
    except StoreError:
        return False
    return True


def save_model(folder: Path, write: Callable[[Path], None], card: Mapping[str, Any]) -> Path:
    """Store a model: what `write` puts into a folder, a model card, and the manifest, whole or not at all.

    A model that was stored there before stays beside it as `<name>.previous`.

    Args:
        folder: where it shall be.
        write: writes the model's files (safetensors, LightGBM text, JSON) into the folder it is given.
        card: facts about the model; see CARD_FACTS. `created_utc` is filled in.

    Raises:
        StoreError: it cannot be written; what stood there is untouched.
    """
    with refusal("the model cannot be stored", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = folder.with_name(f"{PARTIAL}{secrets.token_hex(4)}-{folder.name}")
        fresh.mkdir()
        try:
            write(fresh)
            facts: dict[str, Any] = dict.fromkeys(CARD_FACTS, "not stated")
            facts |= {"created_utc": datetime.now(UTC).isoformat(timespec="seconds"), "metrics": {}}
            text = json.dumps(facts | dict(card), indent=2, ensure_ascii=False, default=str)
            (fresh / CARD).write_text(text, encoding="utf-8")
            seal(fresh)
            publish(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    return folder


def open_model(folder: Path) -> Path:
    """A stored model's folder, once every file in it has been checked.

    A damaged or missing model gives way, with a warning in the log, to the one that stood there before it.

    Raises:
        StoreError: neither is there and whole.
    """
    try:
        return verify(folder)
    except StoreError as error:
        previous = folder.with_name(folder.name + PREVIOUS)
        if not _good(previous):
            raise
        _log.warning("%s The model stored before it is used instead.", error)
        return previous


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model that `open_model` gave.

    Raises:
        StoreError: there is no readable card.
    """
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError("there is no readable model card", where=str(folder)) from error
    return card


def models(root: Path) -> list[Path]:
    """Folders of the models stored directly in `root`, oldest first; they are not checked."""
    if not root.is_dir():
        return []
    found = []
    for folder in root.iterdir():
        if (folder / MANIFEST).is_file() and not folder.name.startswith("."):
            try:
                found.append((str(read_card(folder).get("created_utc", "")), folder.name, folder))
            except StoreError:
                found.append(("", folder.name, folder))
    return [folder for _, _, folder in sorted(found)]


def latest(root: Path) -> Path:
    """The newest model in `root` that is whole; damaged newer ones are passed over with a warning.

    Raises:
        StoreError: there is none.
    """
    for folder in reversed(models(root)):
        try:
            return verify(folder)
        except StoreError as error:
            _log.warning("%s The model before it is used instead.", error)
    raise StoreError("there is no whole model here", where=str(root), mend="train one")
