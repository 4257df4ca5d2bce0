"""Load series and what is known of the weather: the typed object that the whole pilot works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from common.dialect import Stated
    from energy.validation import ValidationReport


@dataclass(frozen=True)
class Load:
    """Load of one or more meters on one regular UTC grid, with the weather beside it.

    Attributes:
        ds: dataset with
            `load_kw` (time, series): mean power over the interval in kW, NaN where unknown; negative
            where solar exports; and any number of weather variables (time,), measured values, named with
            their unit (`temperature_c`). `time` is the START of each interval, UTC without zone mark
            (datetime64[ns], `ds.time.attrs["timezone"] == "UTC"`), strictly regular. `series` holds ids.
        timezone: IANA zone of the meters' calendar (working days, holidays, local hours).
        country: ISO 3166 code for public holidays, with an optional subdivision ("AU-VIC", "NL"), or "".
        vintages: weather forecasts as they were issued, or None: columns `issued_at`, `valid_at` (UTC,
            zone-less datetime64[ns]) and the same weather names as in `ds`, measured in the same units.
        paths: series id -> place in the hierarchy ("region/station/feeder/meter"), empty when flat.
        report: what was found and done while reading.
    """

    ds: xr.Dataset
    timezone: str
    country: str = ""
    vintages: pd.DataFrame | None = None
    paths: dict[str, str] = field(default_factory=dict)
    report: ValidationReport | None = None

    @property
    def step(self) -> np.timedelta64:
        """Length of one interval (timedelta64[ns])."""
        time = self.ds["time"].values
        return np.timedelta64(time[1] - time[0], "ns")

    @property
    def steps_per_day(self) -> int:
        """Number of intervals in 24 hours."""
        return int(np.timedelta64(24 * 3600 * 10**9, "ns") / self.step)

    @property
    def series(self) -> list[str]:
        """Ids of the meters, in column order."""
        return [str(s) for s in self.ds["series"].values]

    @property
    def weather(self) -> list[str]:
        """Names of the weather variables in `ds`."""
        return [str(n) for n, v in self.ds.data_vars.items() if v.dims == ("time",)]


def read_load(
    path: Path | str,
    *,
    timezone: str = "Europe/Amsterdam",
    country: str = "NL",
    unit: str | None = None,
    label: str = "start",
    vintages: Path | str | None = None,
    time_column: str | None = None,
    load_columns: Sequence[str] | None = None,
    weather_columns: Sequence[str] | None = None,
    id_column: str | None = None,
    path_column: str | None = None,
    stated: Stated | None = None,
) -> Load:
    """Read load and weather from a file; what is not said is guessed, and each guess is a finding.

    Args:
        path: CSV in any dialect, an Excel workbook, or Parquet.
        timezone: IANA zone of times without an offset, and of the meters' calendar.
        country: whose public holidays: ISO 3166 with an optional subdivision, "" for none.
        unit: of the load columns: W, kW, MW, GW, or Wh, kWh, MWh, GWh per interval; None: as headers say.
        label: "start" or "end": what of its interval a time stamps.
        vintages: file with weather forecasts as issued: columns issued_at, valid_at and the weather.
        time_column: column of the time, or of the date where the clock stands in a column of its own.
        load_columns: columns of load, a series each; feed-in counts as negative load.
        weather_columns: columns of weather.
        id_column: column with the meter's id, where meters stand below each other.
        path_column: column with the meter's place ("region/station/feeder/meter").
        stated: how the file is written (separator, decimal mark, order of dates, …) where that is known.

    Returns:
        The load on one regular UTC grid with all that was found in `report`. Times with an offset are taken
        as they are; an hour that autumn repeats is told apart by the order of the rows. Rows in findings and
        errors are counted as an editor does, from 1 with the header; in Parquet from the first record.

    Raises:
        IntakeError: the file is missing, too large, damaged, or of another kind.
        DataError: its content makes no sense; the message names row and column and how to mend it.
    """
    from energy import reading

    return reading.read(
        path,
        timezone=timezone,
        country=country,
        unit=unit,
        label=label,
        vintages=vintages,
        time_column=time_column,
        load_columns=load_columns,
        weather_columns=weather_columns,
        id_column=id_column,
        path_column=path_column,
        stated=stated,
    )
