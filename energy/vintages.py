"""Weather forecasts as they were issued: what could be known of the weather at each moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import DataError
from common.intake import take
from common.tables import Table, read_table
from energy import clock
from energy.columns import words_of
from energy.validation import Finding
from energy.weather_columns import distinct, named, weather_of

_ISSUED = (
    *(
        "issued at",
        "issued",
        "issue time",
        "issued utc",
        "run",
        "run time",
        "reference time",
        "init time",
    ),
    *(
        "uitgegeven",
        "uitgegeven op",
        "uitgifte",
        "forecast time",
        "forecast origin",
        "origin",
        "made at",
    ),
)
_VALID = (
    *("valid at", "valid", "valid time", "valid utc", "geldig", "geldig op", "geldig voor", "target time"),
    *("time", "tijd", "tijdstip", "timestamp", "datetime"),
)


def read_vintages(
    path: Path | str, *, timezone: str, names: Sequence[str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read weather forecasts with the time they were issued.

    Args:
        path: CSV or Parquet with columns issued_at, valid_at and weather.
        timezone: zone of times that carry no offset.
        names: weather variables of the load; where it has none, all that the file holds are kept.

    Returns:
        Columns issued_at, valid_at (UTC, datetime64[ns] without zone mark), and the weather, in order; and
        what was found.

    Raises:
        IntakeError: the file cannot be taken in.
        DataError: a column is missing, or no weather is the load's own.
    """
    table = read_table(take(path))
    issued = _column(table, _ISSUED, "issued_at")
    valid = _column(table, _VALID, "valid_at")
    seen = [weather_of(n, table.units.get(n, "")) for n in table.names if n not in (issued, valid)]
    rest = [n for n in table.names if n not in (issued, valid) and n in names]
    found = distinct([w for w in seen if w] + [named(n) for n in rest if weather_of(n) is None])
    kept = [w for w in found if not names or w.variable in names]
    if not kept:
        wanted = ", ".join(names[:10]) or "temperature_c"
        raise DataError(
            "it holds none of the load's weather", where=table.name, mend=f"bring columns for {wanted}"
        )
    findings = [
        Finding(w.column, "unused column", "the load has no such weather", "left out")
        for w in found
        if w not in kept
    ]
    frame = pd.DataFrame(
        {"issued_at": _utc(table, issued, timezone), "valid_at": _utc(table, valid, timezone)}
    )
    step_hours = (
        float(clock.usual_step(frame["valid_at"].to_numpy()) / np.timedelta64(3600 * 10**9, "ns")) or 1.0
    )
    for column in kept:
        factor = column.factor / (step_hours if column.per_hour else 1.0)
        frame[column.variable] = table.numbers(column.column) * factor + column.offset
    return _in_order(frame, table, findings), findings


def _column(table: Table, wanted: Sequence[str], name: str) -> str:
    for word in wanted:
        for column in table.names:
            if words_of(column) == word:
                return column
    raise DataError(
        f"there is no column '{name}'",
        where=table.name,
        mend="bring the columns issued_at and valid_at beside the weather",
    )


def _utc(table: Table, name: str, timezone: str) -> NDArray[np.datetime64]:
    times = table.times(name)
    if len(times.bad):
        at = int(times.bad[0])
        raise DataError("this is no time", where=table.at(name, at), mend="write 2024-02-01 13:30Z or alike")
    if times.utc:
        return clock.to_utc(times, clock.zone_of(timezone), table.rows)[0]
    # Forecasts overlap, so the order of rows does not tell the repeated hour apart: the first is taken.
    wall = pd.DatetimeIndex(times.values)
    first = wall.tz_localize(
        clock.zone_of(timezone), ambiguous=np.ones(len(wall), dtype=bool), nonexistent="NaT"
    )
    values = first.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]")
    return np.where(times.codes >= 0, values[times.codes], np.datetime64("NaT", "ns"))


def _in_order(frame: pd.DataFrame, table: Table, findings: list[Finding]) -> pd.DataFrame:
    bad = frame[["issued_at", "valid_at"]].isna().any(axis=1).to_numpy()
    late = (frame["valid_at"] < frame["issued_at"]).to_numpy() & ~bad
    for mask, what in ((bad, "without both times"), (late, "valid before they were issued")):
        if mask.any():
            count, row = int(mask.sum()), int(table.rows[int(mask.argmax())])
            noun = "row" if count == 1 else "rows"
            findings.append(
                Finding("vintages", "vintage", f"{count:,} {noun} {what}", "left out", row, count)
            )
    kept = frame[~(bad | late)]
    if kept.empty:
        raise DataError("no row is a forecast", where=table.name, mend="check issued_at and valid_at")
    again = kept.duplicated(["issued_at", "valid_at"], keep="last").to_numpy()
    if again.any():
        count, row = int(again.sum()), int(table.rows[~(bad | late)][int(again.argmax())])
        what = f"{count:,} forecasts given more than once"
        findings.append(Finding("vintages", "duplicate", what, "the last one kept", row, count))
    return kept[~again].sort_values(["issued_at", "valid_at"], kind="stable").reset_index(drop=True)
