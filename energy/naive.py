"""What repeats: the same local time a day or a week ago. The baseline that every forecast stands beside.

Take it where there is too little history for anything else; a forecast that does not beat it is not worth
its electricity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError
from energy.arrays import as_forecast
from energy.data import Load
from energy.predictive import QUANTILES

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

LONGEST_DAYS = 365
"""Errors of at most so many days before `until` give the quantiles."""


@dataclass
class SeasonalNaive:
    """The value at the same local time one season ago, the latest that is known at the origin.

    Where that one is missing the season before it stands in. Quantiles are the middle forecast plus those of
    the past errors at the same local hour.

    Args:
        season: "day" or "week".
    """

    season: Literal["day", "week"] = "week"
    weather: str = "none"
    _errors: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"seasonal naive ({self.season})"

    @property
    def days(self) -> int:
        """Length of the season."""
        return 7 if self.season == "week" else 1

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn how far off it usually is, from intervals that start before `until` (UTC).

        Raises:
            DataError: there are fewer than two seasons of history.
        """
        times = load.ds["time"].values
        kept = times[times < until]
        if len(kept) < 2 * self.days * load.steps_per_day:
            raise DataError(
                f"there are {len(kept) / load.steps_per_day:.1f} days of history",
                where="load",
                mend=f"bring at least {2 * self.days} days",
            )
        kept = kept[self.days * load.steps_per_day :][-LONGEST_DAYS * load.steps_per_day :]
        before = _ago(load, kept, np.full(len(kept), self.days), kept)
        truth = load.ds["load_kw"].transpose("time", "series").sel(time=kept).values
        by_hour = pd.DataFrame(truth - before).groupby(_hours(load, kept))
        levels = [by_hour.quantile(q).reindex(range(24)).ffill().bfill().to_numpy(float) for q in QUANTILES]
        spread = np.stack(levels, axis=-1)
        # The middle stays what was measured: only the spread is learned.
        spread = spread - spread[..., [QUANTILES.index(0.5)]]
        self._errors = {name: spread[:, i] for i, name in enumerate(load.series)}

    def predict(self, load: Load, origins: Times, horizon: int) -> xr.DataArray:
        """Forecast from each origin (UTC) from what was measured before it.

        Returns:
            `load_kw` (origin, step, series, quantile), kW; NaN where no season before is known.
        """
        origins = np.asarray(origins, dtype="datetime64[ns]")
        ahead = origins[:, None] + np.arange(horizon) * load.step
        steps = np.arange(horizon) // (self.days * load.steps_per_day) + 1
        back = np.broadcast_to(steps * self.days, ahead.shape)
        asked_at = np.broadcast_to(origins[:, None], ahead.shape)
        middle = _ago(load, ahead.ravel(), back.ravel(), asked_at.ravel())
        hours = _hours(load, ahead.ravel())
        spread = np.stack([self._errors[n][hours] for n in load.series], axis=1)
        values = (middle[..., None] + np.nan_to_num(spread)).reshape(
            len(origins), horizon, len(load.series), len(QUANTILES)
        )
        return as_forecast(values, origins, load.series, QUANTILES)


def _hours(load: Load, times: Times) -> NDArray[np.int64]:
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(load.timezone)
    return np.asarray(local.hour, dtype=np.int64)


def _ago(load: Load, times: Times, days: NDArray[np.int64], origins: Times) -> Floats:
    """Load at the same local time so many days before, or a season earlier, shape (time, series), kW.

    Nothing at or after its origin is read, which a clock change could otherwise bring within reach.
    """
    loads = load.ds["load_kw"].transpose("time", "series").values.astype(np.float64)
    grid = load.ds["time"].values
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(load.timezone).tz_localize(None)
    found = np.full((len(times), loads.shape[1]), np.nan)
    for further in (0, 1, 2):
        wall = local - pd.to_timedelta(days * (1 + further), unit="D")
        utc = wall.tz_localize(
            load.timezone, ambiguous=np.zeros(len(wall), bool), nonexistent="shift_forward"
        )
        at = utc.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[ns]")
        place = ((at - grid[0]) // load.step).astype(np.int64)
        known = (place >= 0) & (place < len(grid)) & (at < origins)
        values = np.where(known[:, None], loads[np.where(known, place, 0)], np.nan)
        found = np.where(np.isnan(found), values, found)
    return found
