"""Load series and what is known of the weather: the typed object that the whole pilot works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

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
