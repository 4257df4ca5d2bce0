"""Attributes of features as Arrow columns of text, numbers or times, whatever they were mixed from."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

GEOMETRY = "geometry"
_MAX_NAME = 120
_NOTHING = type(None)


def column(values: Sequence[Any]) -> pa.Array:
    """Values as whole numbers, decimal numbers, yes or no, or text; what is mixed or nested becomes text."""
    import pyarrow as pa

    kinds = set(map(type, values)) - {_NOTHING}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        try:
            return pa.array(values, pa.int64())
        except (OverflowError, pa.ArrowException):
            pass  # a long number that names something keeps its digits as text
    elif kinds and kinds <= {int, float}:
        numbers = [None if value is None else _decimal(value) for value in values]
        return pa.array(numbers, pa.float64())
    return pa.array([_text(value) for value in values], pa.string())


def names(wanted: Sequence[str]) -> list[str]:
    """Names fit for a table: printable, not endless, each once, and none that is the geometry's own."""
    taken, found = {GEOMETRY}, []
    for name in wanted:
        plain = "".join(c if c.isprintable() else "?" for c in str(name))[:_MAX_NAME] or "column"
        free, number = plain, 1
        while free in taken:
            number += 1
            free = f"{plain}_{number}"
        taken.add(free)
        found.append(free)
    return found


def _decimal(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    # Half of a pair of UTF-16 can stand in JSON but not in UTF-8.
    return value.encode("utf-8", "replace").decode("utf-8")
