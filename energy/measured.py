"""Measured weather onto the grid, in the units of the variables' names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.tables import Table
from energy import placing
from energy.grid import Grid
from energy.validation import Finding
from energy.weather_columns import Weather

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_HOTTEST_C = 60.0


def weather_on(
    grid: Grid, table: Table, columns: Sequence[Weather], *, ids: Ints | None, named: bool
) -> tuple[dict[str, Floats], list[Finding]]:
    """Weather on the grid, name -> shape (time,), and what was found.

    Args:
        grid: on which the readings stand.
        table: with the columns.
        columns: which they are.
        ids: meter of each reading; then the weather is repeated for each and their mean is taken.
        named: whether the user named the columns: then an empty one is an error.

    Raises:
        DataError: a column holds words, or a named one nothing.
    """
    out: dict[str, Floats] = {}
    findings: list[Finding] = []
    for column in columns:
        values = table.numbers(column.column)
        if not np.isfinite(values).any():
            if named:
                raise DataError(
                    f"the weather column '{column.column}' is empty",
                    where=table.name,
                    mend="fill it or do not name it",
                )
            findings.append(Finding(column.column, "empty column", "there is no number at all", "left out"))
            continue
        out[column.variable], found = _placed(grid, table, column, values, ids)
        findings += found
    return out, findings


def _placed(
    grid: Grid, table: Table, column: Weather, values: Floats, ids: Ints | None
) -> tuple[Floats, list[Finding]]:
    field, found = column.column, []
    values = values * (column.factor / (grid.hours if column.per_hour else 1.0)) + column.offset
    if column.converted:
        done = f"turned into {column.variable}"
        found.append(Finding(field, "unit", "the weather is in another unit", done))
    if ids is None:
        # Repeated times were told with the load.
        kept = placing.place(values[:, None], grid.position, len(grid.time), table.rows, "")[0][:, 0]
    else:
        kept, apart = _mean(grid, values)
        if apart:
            found.append(Finding(field, "weather", "it differs between meters", "their mean is used"))
    missing = int(np.isnan(kept).sum())
    if missing:
        noun = "time has" if missing == 1 else "times have"
        found.append(
            Finding(field, "missing weather", f"{missing:,} {noun} no value", "left empty", count=missing)
        )
    known = np.abs(kept[np.isfinite(kept)])
    if column.variable.startswith("temperature") and len(known) and known.max() > _HOTTEST_C:
        found.append(
            Finding(
                field,
                "weather",
                f"{known.max():.0f} °C is no temperature of the air",
                "kept; name the unit, such as (°F), in the header",
            )
        )
    return kept, found


def _mean(grid: Grid, values: Floats) -> tuple[Floats, bool]:
    """Mean of all meters at each time, and whether they differ."""
    used = (grid.position >= 0) & np.isfinite(values)
    where, size = grid.position[used], len(grid.time)
    count = np.bincount(where, minlength=size)
    total = np.bincount(where, weights=values[used], minlength=size)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    if not used.any():
        return mean, False
    reach = 1e-6 * max(1.0, float(np.abs(values[used]).max()))
    return mean, bool(np.abs(values[used] - mean[where]).max() > reach)
