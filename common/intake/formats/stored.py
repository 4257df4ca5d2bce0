"""A variable of a grid as it is stored, and how names and what is said of it are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_CHUNK_BYTES = 256 << 20
"""Most that one piece of a variable may unpack to."""
MAX_TEXTS = 2_000_000
_ATTRS, _TEXT, _LIST = 200, 500, 16


@dataclass(frozen=True)
class Stored:
    """A variable as it is stored: names of its dimensions, its values, and what is said of them."""

    dims: tuple[str, ...]
    values: np.ndarray[Any, Any]
    attrs: dict[str, Any]


def shown(name: str) -> str:
    """A name for messages and facts: printable and not endless."""
    plain = "".join(c if c.isprintable() else "?" for c in name)
    return plain if len(plain) <= 80 else plain[:79] + "…"


def text(value: Any) -> str:
    """An attribute as text, not endless."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value)[:_TEXT]


def plain_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that are text or numbers, fit for JSON; the rest is left out."""
    found: dict[str, Any] = {}
    for name, value in list(attrs.items())[:_ATTRS]:
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist() if value.size <= _LIST else None  # noqa: PLW2901 -- the same value, plainer
        if isinstance(value, str | bytes):
            found[shown(str(name))] = text(value)
        elif isinstance(value, bool | int | float) or (
            isinstance(value, list) and len(value) <= _LIST and all(isinstance(n, int | float) for n in value)
        ):
            found[shown(str(name))] = value
    return found
