"""Reading load and weather from a table into the one typed object of the pilot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from common.dialect import Stated
from common.errors import DataError
from common.intake import PARQUET, take
from common.tables import read_table
from energy import checks, clock
from energy.columns import assign, check_unit
from energy.data import Load
from energy.measured import weather_on
from energy.reader import Reader
from energy.validation import Finding, ValidationReport
from energy.vintages import read_vintages


def read(
    path: Path | str,
    *,
    timezone: str,
    country: str,
    unit: str | None,
    label: str,
    vintages: Path | str | None,
    time_column: str | None,
    load_columns: Sequence[str] | None,
    weather_columns: Sequence[str] | None,
    id_column: str | None,
    path_column: str | None,
    stated: Stated | None,
) -> Load:
    """As `energy.data.read_load`, which says what the arguments mean."""
    check_unit(unit)
    clock.zone_of(timezone)
    if label not in ("start", "end"):
        raise DataError(f"'{label[:20]}' says not what a time stamps", mend="choose start or end")
    if country and re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?", country) is None:
        raise DataError("this is no code of a country", mend="use one such as NL or AU-VIC, or none")
    table = read_table(take(path), stated or Stated())
    roles, findings = assign(
        table,
        unit=unit,
        time_column=time_column,
        load_columns=load_columns,
        weather_columns=weather_columns,
        id_column=id_column,
        path_column=path_column,
    )
    findings[:0] = [Finding("", "sheets", note, "read so") for note in table.notes]
    if table.dialect.kind != PARQUET:
        findings.insert(0, Finding("", "format", table.dialect.words, "read so"))
    reader = Reader(table, roles, findings)
    reader.place_times(timezone, label)
    load_kw = reader.load_kw()
    per_day = round(24 / reader.grid.hours)
    findings += checks.clean(load_kw, reader.names, per_day, reader.row_of)
    weather, found = weather_on(
        reader.grid, table, roles.weather, ids=reader.ids, named=weather_columns is not None
    )
    findings += found
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load_kw), **{n: (("time",), v) for n, v in weather.items()}},
        coords={"time": reader.grid.time, "series": reader.names},
    )
    ds["time"].attrs["timezone"] = "UTC"
    issued = None
    if vintages is not None:
        issued, found = read_vintages(vintages, timezone=timezone, names=list(weather))
        findings += found
    return Load(ds, timezone, country.upper(), issued, reader.paths(), ValidationReport(tuple(findings)))
