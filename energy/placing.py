"""Readings onto the grid: what occurs twice becomes one, and all of it is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from energy.validation import Finding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def place(values: Floats, keys: Ints, size: int, rows: Ints, field: str) -> tuple[Floats, list[Finding]]:
    """Put rows of values at their places.

    Args:
        values: shape (readings, columns).
        keys: shape (readings,), place of each reading, -1 where it has none.
        size: number of places.
        rows: row of each reading in the file.
        field: what it is about, for the findings.

    Returns:
        shape (size, columns), NaN where nothing was put; several at one place give their mean.
    """
    out = np.full((size, values.shape[1]), np.nan)
    used = np.flatnonzero(keys >= 0)
    out[keys[used]] = values[used]
    counts = np.bincount(keys[used], minlength=size)
    if not (counts > 1).any():
        return out, []
    again = used[counts[keys[used]] > 1]
    groups = pd.DataFrame(values[again]).groupby(keys[again], sort=True)
    places = np.unique(keys[again])
    out[places] = groups.mean().to_numpy()
    apart = ((groups.max() - groups.min()) > 0).any(axis=1).to_numpy()
    findings = []
    for differ, words, done in (
        (False, "given more than once with the same values", "kept once"),
        (True, "given more than once with different values", "replaced by their mean"),
    ):
        chosen = np.isin(keys[again], places[apart == differ])
        number = int((apart == differ).sum())
        if number:
            noun = "time" if number == 1 else "times"
            row = _first_repeat(keys[again][chosen], rows[again][chosen])
            findings.append(Finding(field, "duplicate", f"{number:,} {noun} {words}", done, row, number))
    return out, findings


def _first_repeat(keys: Ints, rows: Ints) -> int:
    """Row of the first reading whose place was taken before."""
    return int(rows[pd.Series(keys).duplicated().to_numpy()][0])
