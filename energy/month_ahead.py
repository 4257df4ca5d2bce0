"""The load of the next weeks to months as a distribution, the weather being unknown: beyond a week ahead.

Beyond some days no weather forecast helps, so the load is forecast for many paths that the temperature may
take (`energy.scenarios`), each through the same regression on temperature and calendar
(`energy.series_response`), and the past errors of that regression are added to each (Hong and Fan 2016,
"Probabilistic electric load forecasting: a tutorial review"). The quantiles are those of all these loads.

It works by the hour; within the hour finer steps get their usual shape but no noise of their own. Without
temperature, or with less than a year of history, the calendar alone is the model. Growth and new habits are
in the distribution only as far as they were among the errors of the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError
from common.pilot import Progress, silent
from energy.arrays import as_forecast
from energy.data import Load
from energy.hourly import HOUR, YEAR_H, days_of, hourly, within_hour
from energy.predictive import QUANTILES
from energy.scenarios import paths
from energy.series_response import SeriesResponse
from energy.temperature_model import WARM_UP_H

Floats = NDArray[np.float64]

FEWEST_DAYS = 56


@dataclass
class MonthAhead:
    """Probabilistic load weeks and months ahead over paths of the weather; a `Forecaster`.

    Args:
        levels: of the quantiles, in (0, 1), ascending.
        threads: of the linear algebra, whose matrices are small; 0: as many as it takes by itself.
        seed: nothing is drawn at random, so it changes nothing; all forecasters have one.
        progress: is told how far fitting is.
    """

    levels: Sequence[float] = QUANTILES
    threads: int = 1
    seed: int = 1
    progress: Progress = silent
    name: str = "month-ahead"
    weather: str = "measured"
    _responses: dict[str, SeriesResponse] = field(default_factory=dict, init=False, repr=False)
    _shapes: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)
    _stations: list[str] = field(default_factory=list, init=False, repr=False)

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn from the intervals that start before `until` (UTC).

        Raises:
            DataError: there are less than eight weeks of history, or less than four known ones of a series.
        """
        past = hourly(load, until)
        n = len(past.load_kw)
        if n < FEWEST_DAYS * 24:
            raise DataError(
                f"there are {n / 24:.0f} days of history and {FEWEST_DAYS} are needed for a month ahead",
                where="load",
                mend="bring a longer history, best several years of it",
            )
        known = np.isfinite(past.load_kw).sum(axis=0)
        if known.min() < FEWEST_DAYS * 24 / 2:
            raise DataError(
                "fewer than four weeks of its load are known",
                where=f"series {load.series[int(known.argmin())]}",
                mend="leave this series out, or bring a longer history",
            )
        days = days_of(past.start, n, load)
        self._stations = past.stations if n >= YEAR_H else []
        stations = past.temperature[:, : len(self._stations)]
        self._responses, self._shapes = {}, {}
        with self._limited():
            for i, name in enumerate(load.series):
                self.progress(i / len(load.series), f"learning {name}")
                response = SeriesResponse.learn(past.load_kw[:, i], stations, days)
                self._responses[name] = response
                self._shapes[name] = within_hour(load, name, until, response.relative)
        self.progress(1.0, "learned")

    def predict(self, load: Load, origins: NDArray[np.datetime64], horizon: int) -> xr.DataArray:
        """Forecast from each origin (UTC), from what starts before it.

        Returns:
            `load_kw` in kW, shape (origin, step, series, quantile), ascending along the quantiles.

        Raises:
            DataError: not fitted, an unknown series, or too little load or weather before an origin.
        """
        if not self._responses:
            raise DataError("the month-ahead model is not fitted", mend="fit it before it forecasts")
        unknown = [name for name in load.series if name not in self._responses]
        if unknown:
            raise DataError(
                "it was not fitted to this series", where=f"series {unknown[0]}", mend="fit it anew"
            )
        origins = np.asarray(origins, dtype="datetime64[ns]")
        quantiles = np.empty((len(origins), horizon, len(load.series), len(self.levels)))
        with self._limited():
            for i, origin in enumerate(origins):
                quantiles[i] = self._from(load, origin, horizon)
        return as_forecast(quantiles, origins, load.series, self.levels)

    def _from(self, load: Load, origin: np.datetime64, horizon: int) -> Floats:
        """Quantiles in kW from one origin, shape (step, series, quantile)."""
        past = hourly(load, origin)
        begin = len(past.load_kw)
        missing = [name for name in self._stations if name not in past.stations]
        if missing or begin < max(WARM_UP_H, FEWEST_DAYS * 12):
            raise DataError(
                f"{missing[0] if missing else 'the load'} is not known well enough before an origin",
                where="origins",
                mend="bring more of the past, or choose later origins",
            )
        steps = origin + np.arange(horizon) * load.step
        place = ((steps - past.start) // HOUR).astype(np.int64) - begin
        part = ((steps - steps.astype("datetime64[h]")) // load.step).astype(np.int64)
        hours = int(place[-1]) + 1
        days = days_of(past.start, begin + hours, load)
        stations = past.temperature[:, [past.stations.index(name) for name in self._stations]]
        out = np.empty((horizon, len(load.series), len(self.levels)))
        for i, name in enumerate(load.series):
            response = self._responses[name]
            temperature = response.temperature(stations)
            ahead = None if temperature is None else paths(temperature, days, begin, hours)
            by_hour_kw = response.distribution_kw(
                past.load_kw[:, i],
                temperature,
                ahead,
                days=days,
                hours=hours,
                levels=np.asarray(self.levels, float),
            )
            shape = self._shapes[name][days.hour[begin + place], part][:, None]
            out[:, i] = by_hour_kw[place] * shape if response.relative else by_hour_kw[place] + shape
        return out

    def _limited(self) -> AbstractContextManager[Any]:
        if not self.threads:
            return nullcontext()
        from threadpoolctl import threadpool_limits

        return threadpool_limits(self.threads)
