"""Load as a function of temperature and calendar, one ridge regression for every hour of the day.

Temperature now and smoothed over several half-lives (the recency effect: Wang, Liu and Hong 2016,
"Electric load forecasting with big data: recency effect") acts through lines that bend at seven knots, with
interactions with the season, working days and the trend, in the spirit of Hong's classic model (Hong, Pinson
and Fan 2014, "Global Energy Forecasting Competition 2012"). Where there are several stations their weighted
mean counts, whose weights `station_weights` finds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.signal import lfilter

from energy.hourly import YEAR_H, Days

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HALF_LIVES_H = (1, 3, 8, 24, 72)
KNOTS = np.linspace(0.06, 0.94, 7)
WARM_UP_H = 400
"""Hours of temperature before the first forecast hour: five half-lives of the slowest smoothing."""
PENALTY = 0.3
OUTLIER = 8.0
"""Hours further off than so many robust standard deviations (outages) are not learned from."""
ROUNDS = 3
"""Of the search for station weights."""


def smoothed(temperature: Floats) -> list[Floats]:
    """The temperature itself and its exponential means, each of the shape (..., hour) that went in."""
    out = [temperature]
    for half in HALF_LIVES_H:
        new = 1 - 0.5 ** (1 / half)
        state = (1 - new) * temperature[..., :1]
        out.append(lfilter([new], [1, new - 1], temperature, axis=-1, zi=state)[0])
    return out


@dataclass
class LoadRegression:
    """Regression of the load on one temperature and the calendar; its target is in any unit.

    Args:
        years: length of the history that is learned from.
        half_life_years: after which an hour counts half as much; 0: all count alike.
        waves: sines and cosines of the time of year.
        trend: whether there is one, linear in time.
    """

    years: float = 5.0
    half_life_years: float = 0.0
    waves: int = 3
    trend: bool = True
    _knots: list[Floats] = field(default_factory=list, init=False, repr=False)
    _hours: list[tuple[Floats, Floats, Floats, Floats]] = field(default_factory=list, init=False, repr=False)

    def fit(self, target: Floats, temperature: Floats | None, days: Days, last: int) -> Floats:
        """Learn from the hours before `last`; hours whose target is NaN are left out.

        Returns:
            What was missed in these hours, shape (last,), NaN before the years that count.
        """
        first = max(0, last - round(self.years * YEAR_H))
        missed = np.full(last, np.nan)
        series = [] if temperature is None else smoothed(temperature[:last])
        self._knots = [np.quantile(s[first:], KNOTS) for s in series]
        self._hours = []
        known = np.flatnonzero(np.isfinite(target[first:last])) + first
        weight = np.ones(last)
        if self.half_life_years:
            weight = 0.5 ** ((last - np.arange(last)) / YEAR_H / self.half_life_years)
        for hour in range(24):
            rows = known[days.hour[known] == hour]
            columns = self._columns([s[rows] for s in series], days, rows)
            off = np.zeros(len(rows))
            for _ in range(2):
                kept = np.abs(off) <= OUTLIER * 1.4826 * np.median(np.abs(off))
                fitted = _ridge(columns[kept], target[rows[kept]], weight[rows[kept]])
                off = target[rows] - _apply(columns, fitted)
                if (np.abs(off) <= OUTLIER * 1.4826 * np.median(np.abs(off))).all():
                    break
            self._hours.append(fitted)
            missed[rows] = off
        return missed

    def predict(self, paths: Floats | None, days: Days, begin: int, hours: int) -> Floats:
        """Load in the hours from `begin` on, for every path of the temperature.

        Args:
            paths: shape (path, WARM_UP_H + hours), the temperature from WARM_UP_H before `begin` on; None
                for a model without temperature.
            days: calendar that reaches to the last hour.
            begin: position of the first hour that is forecast.
            hours: number of hours.

        Returns:
            Shape (path, hour); one path without temperature.
        """
        series = [] if paths is None else [s[:, WARM_UP_H:] for s in smoothed(paths)]
        n_paths = 1 if paths is None else len(paths)
        out = np.empty((n_paths, hours))
        for hour in range(24):
            here = np.flatnonzero(days.hour[begin : begin + hours] == hour)
            rows = np.tile(here + begin, n_paths)
            columns = self._columns([s[:, here].ravel() for s in series], days, rows)
            out[:, here] = _apply(columns, self._hours[hour]).reshape(n_paths, len(here))
        return out

    def unexplained(self, table: Floats, temperature: Floats, days: Days, rows: Ints) -> Floats:
        """What the regression's columns cannot say of others, shape (len(rows), column) like `table`."""
        series = smoothed(temperature)
        out = np.empty_like(table)
        for hour in range(24):
            here = np.flatnonzero(days.hour[rows] == hour)
            columns = self._columns([s[rows[here]] for s in series], days, rows[here])
            out[here] = table[here] - _apply(columns, _ridge(columns, table[here], np.ones(len(here))))
        return out

    def _columns(self, series: list[Floats], days: Days, rows: Ints) -> Floats:
        """Design matrix (row, column); `series` are the smoothed temperatures of these rows."""
        ones, years, free = np.ones(len(rows)), days.years[rows], days.weekday[rows] >= 5
        columns = [ones, *days.harmonics(self.waves, rows)]
        columns += [(days.weekday[rows] == k).astype(float) for k in range(6)]
        columns += [flag[rows].astype(float) for flag in (days.holiday, days.after, days.before)]
        if self.trend:
            columns.append(years)
        for values, knots in zip(series, self._knots, strict=True):
            columns += [values, *(np.maximum(values - knot, 0) for knot in knots)]
        if series:
            now, lately = series[0], series[3]
            wave = days.harmonics(1, rows)
            columns += [values * w for values in (now, lately) for w in wave]
            columns += [np.maximum(lately - self._knots[3][k], 0) * w for k in (1, 3, 5) for w in wave]
            columns += [now * free, now**2 * free, now * lately, now**2 * lately, now * lately**2]
            if self.trend:
                columns += [now * years, now**2 * years]
        return np.stack(columns, axis=1)


def _ridge(columns: Floats, target: Floats, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean and spread of the columns, slopes, intercept; the target has shape (row,) or (row, target)."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    scaled = (columns - mean) / spread
    level = np.asarray(np.average(target, axis=0, weights=weight))
    weighted = scaled * weight[:, None]
    gram = scaled.T @ weighted + PENALTY * np.eye(scaled.shape[1])
    return mean, spread, np.linalg.solve(gram, weighted.T @ (target - level)), level


def _apply(columns: Floats, fitted: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    mean, spread, slopes, level = fitted
    per_unit = (slopes.T / spread).T
    return np.asarray(columns @ per_unit + (level - mean @ per_unit))


def station_weights(target: Floats, stations: Floats, days: Days, last: int, model: LoadRegression) -> Floats:
    """Weights of stations, none negative and in sum 1, with which their mean explains the load best.

    Stations are commonly ranked one by one and the best averaged (Hong, Wang and White 2015, "Weather
    station selection for electric load forecasting"). Here all weights are found together, by Gauss-Newton
    steps with the regression projected out (Kaufman 1975, "A variable projection method for solving separable
    nonlinear least squares problems"): how far each station is from the mean, times what a degree changes
    at that hour, less what the regression could have said itself, is a column, and non-negative least
    squares on what the regression missed gives the weights.

    Args:
        target: load, shape (hour,).
        stations: temperatures, shape (hour, station).
        days: calendar.
        last: hours from it on are not looked at.
        model: the regression that is fitted on the way.
    """
    n = stations.shape[1]
    weights = np.full(n, 1 / n)
    if n == 1:
        return weights
    for _ in range(ROUNDS):
        mean = stations[:last] @ weights
        missed = model.fit(target, mean, days, last)
        first = max(WARM_UP_H, last - round(model.years * YEAR_H))
        rows = np.flatnonzero(np.isfinite(missed[first:])) + first
        path = mean[None, first - WARM_UP_H :] + np.array([[-0.5], [0.5]])
        colder, warmer = model.predict(path, days, first, last - first)
        apart = smoothed((stations[:last] - mean[:, None]).T)[2].T
        change = (warmer - colder)[rows - first, None] * apart[rows]
        table = model.unexplained(change, mean, days, rows)
        # One heavy row holds the sum at 1, so that only the mix of stations is free.
        heavy = 1e3 * table.std() + 1e-9
        new = nnls(np.vstack([table, np.full(n, heavy)]), np.append(missed[rows], heavy))[0]
        weights = new / new.sum()
    return weights
