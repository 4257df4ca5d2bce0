"""Stored models: a sealed folder with the model's files and a card: what it is, for what, and its limits."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import StoreError
from common.store.files import refusal
from common.store.folders import PREVIOUS, reading, save_folder
from common.store.manifest import MANIFEST

CARD = "card.json"
CARD_FACTS = ("name", "pilot", "created_utc", "metrics", "data", "licence", "intended_use", "limits")
"""Facts that every model card has, unknown ones as "not stated"."""

_log = logging.getLogger(__name__)


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

    def write_all(fresh: Path) -> None:
        write(fresh)
        facts: dict[str, Any] = dict.fromkeys(CARD_FACTS, "not stated")
        facts |= {"created_utc": datetime.now(UTC).isoformat(timespec="seconds"), "metrics": {}}
        text = json.dumps(facts | dict(card), indent=2, ensure_ascii=False, default=str)
        (fresh / CARD).write_text(text, encoding="utf-8")

    with refusal("the model cannot be stored", folder):
        return save_folder(folder, write_all)


def open_model(folder: Path) -> Path:
    """A stored model's folder, once every file in it has been checked.

    A damaged or missing model gives way, with a warning in the log, to the one that stood there before it.
    Where another process may store under the same name meanwhile, read within `reading(folder)` instead.

    Raises:
        StoreError: neither is there and whole.
    """
    with reading(folder) as checked:
        return checked


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model that `open_model` gave.

    Raises:
        StoreError: there is no readable card.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError("there is no readable model card", where=str(folder)) from error
    if not isinstance(card, dict):
        raise StoreError("there is no readable model card", where=str(folder))
    return card


def models(root: Path) -> list[Path]:
    """Folders of the models stored directly in `root`, oldest first; they are not checked."""
    if not root.is_dir():
        return []
    found = []
    for folder in root.iterdir():
        kept_beside = folder.name.startswith(".") or folder.name.endswith(PREVIOUS)
        if (folder / MANIFEST).is_file() and not kept_beside:
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
            return open_model(folder)
        except StoreError as error:
            _log.warning("%s The model before it is used instead.", error)
    raise StoreError("there is no whole model here", where=str(root), mend="train one")
