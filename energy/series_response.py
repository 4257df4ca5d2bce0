"""What one series answers to weather and calendar, and how wrong that was: a part of `energy.month_ahead`.

The answer is the mean of two regressions (`energy.temperature_model`): one of five years with the recent ones
weighing more, one of the last three years. Its errors are measured with the weather known, over blocks of 30
days that came after what it had learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from energy.hourly import YEAR_H, Days
from energy.temperature_model import WARM_UP_H, LoadRegression, station_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCKS, BLOCK_H = 24, 30 * 24
"""Past blocks that the regressions are tested on, and their length."""
RECENT_H, CARRIED = 14 * 24, 0.35
"""Of the mean error of the last two weeks about a third comes back over the next month."""
ERRORS = 15
"""Equally likely errors that are kept for every hour of the day."""
INFLATION = 1.3
"""Errors over hours that were learned from are that much too small; only where no block can be held out."""
LOWEST = 0.05
"""Loads under this share of the usual one are taken as that, where errors are relative."""


@dataclass
class SeriesResponse:
    """One series' load as a function of temperature and calendar, with the errors of that.

    Attributes:
        unit_kw: the load is learned in this unit.
        relative: the regressions know the logarithm of that, so that errors are shares of the load.
        weights: of the stations, shape (station,); empty without temperature.
        errors: shape (local hour, ERRORS), ascending, in the unit that is learned.
    """

    unit_kw: float
    relative: bool
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    errors: Floats = field(default_factory=lambda: np.zeros((24, ERRORS)))
    _regressions: list[LoadRegression] = field(default_factory=list)

    @classmethod
    def learn(cls, load_kw: Floats, stations: Floats, days: Days) -> SeriesResponse:
        """Learn from hourly loads (hour,), NaN where unknown, and temperatures (hour, station)."""
        known = load_kw[np.isfinite(load_kw)]
        low, middle = np.quantile(known, [0.01, 0.5])
        # Relative errors suit a feeder; a meter that falls to nothing or exports has no logarithm.
        relative = bool(low > 0.2 * middle > 0)
        own = cls(float(middle if relative else max(np.abs(known).mean(), 1e-9)), relative)
        target, n = own._target(load_kw), len(load_kw)
        if stations.shape[1] and _span(target, n) >= YEAR_H:
            search = LoadRegression(years=4, half_life_years=2, trend=_span(target, n) >= 2 * YEAR_H)
            own.weights = station_weights(target, stations, days, n, search)
        temperature = own.temperature(stations)
        missed, rows = _tested(target, temperature, days)
        own._regressions, inside = _fitted(target, temperature, days, n)
        if not len(rows):
            rows = np.flatnonzero(np.isfinite(inside))
            missed = INFLATION * inside[rows]
        for hour in range(24):
            near = np.isin((days.hour[rows] - hour) % 24, (0, 1, 23))
            own.errors[hour] = np.quantile(missed[near], (np.arange(ERRORS) + 0.5) / ERRORS)
        return own

    def temperature(self, stations: Floats) -> Floats | None:
        """The temperature that counts for this series, shape (hour,); None where it has none."""
        return stations @ self.weights if len(self.weights) else None

    def distribution_kw(
        self,
        load_kw: Floats,
        temperature: Floats | None,
        paths: Floats | None,
        *,
        days: Days,
        hours: int,
        levels: Floats,
    ) -> Floats:
        """Quantiles of the load in the hours after the past ones, shape (hour, level), kW.

        Args:
            load_kw: of the past, shape (hour,).
            temperature: of the same hours.
            paths: of the temperature after them, shape (path, hour).
            days: calendar of both.
            hours: to be forecast.
            levels: of the quantiles, ascending.
        """
        begin = len(load_kw)
        target = _answer(
            self._regressions, self._target(load_kw), temperature, paths, days=days, begin=begin, hours=hours
        )
        both = target.T[:, :, None] + self.errors[days.hour[begin : begin + hours]][:, None, :]
        quantiles = np.quantile(both.reshape(hours, -1), levels, axis=1).T
        return self.unit_kw * (np.exp(quantiles) if self.relative else quantiles)

    def _target(self, load_kw: Floats) -> Floats:
        scaled = load_kw / self.unit_kw
        return np.log(np.maximum(scaled, LOWEST)) if self.relative else scaled


def _span(target: Floats, last: int) -> int:
    """Hours from the first known value to `last`; negative where there is none before it."""
    known = np.isfinite(target)
    return last - int(known.argmax()) if known.any() else -1


def _fitted(
    target: Floats, temperature: Floats | None, days: Days, last: int
) -> tuple[list[LoadRegression], Floats]:
    """The regressions, by how much history there is before `last`, and what they missed on it, (last,)."""
    span = _span(target, last)
    waves = 3 if span >= 2 * YEAR_H else 2 if span >= YEAR_H else 0
    trend = span >= 2 * YEAR_H
    regressions = [
        LoadRegression(years=5, half_life_years=1, waves=waves, trend=trend),
        LoadRegression(years=3, waves=waves, trend=trend),
    ]
    missed = [r.fit(target, temperature, days, last) for r in regressions]
    return regressions, np.mean(missed, axis=0)


def _answer(
    regressions: list[LoadRegression],
    target: Floats,
    temperature: Floats | None,
    paths: Floats | None,
    *,
    days: Days,
    begin: int,
    hours: int,
) -> Floats:
    """Mean of the regressions from `begin` on, with a part of what they missed lately: (path, hour).

    Of the target and the temperature only what lies before `begin` is read.
    """
    recent = min(RECENT_H, begin - WARM_UP_H) if temperature is not None else RECENT_H
    lately, ahead = None, None
    if temperature is not None and paths is not None:
        lately = temperature[None, begin - recent - WARM_UP_H : begin]
        warm_up = np.broadcast_to(temperature[begin - WARM_UP_H : begin], (len(paths), WARM_UP_H))
        ahead = np.concatenate([warm_up, paths], axis=1)
    total = np.zeros((1, 1))
    for regression in regressions:
        missed = target[begin - recent : begin] - regression.predict(lately, days, begin - recent, recent)[0]
        known = missed[np.isfinite(missed)]
        level = CARRIED * float(known.mean()) * len(known) / recent if len(known) else 0.0
        total = total + regression.predict(ahead, days, begin, hours) + level
    return np.asarray(total / len(regressions))


def _tested(target: Floats, temperature: Floats | None, days: Days) -> tuple[Floats, Ints]:
    """Errors with the weather known, over blocks that were not learned from, and the hours they belong to."""
    last = len(target)
    least, block = (YEAR_H, BLOCK_H) if _span(target, last) >= YEAR_H + BLOCK_H else (28 * 24, 7 * 24)
    missed, rows = [np.zeros(0)], [np.zeros(0, np.int64)]
    for begin in range(last - block, last - BLOCKS * BLOCK_H - 1, -block):
        if _span(target, begin) < least or np.isfinite(target[:begin]).sum() < least / 2:
            break
        regressions, _ = _fitted(target, temperature, days, begin)
        path = None if temperature is None else temperature[None, begin : begin + block]
        here = np.arange(begin, begin + block)
        off = (
            target[here]
            - _answer(regressions, target, temperature, path, days=days, begin=begin, hours=block)[0]
        )
        missed.append(off[np.isfinite(off)])
        rows.append(here[np.isfinite(off)])
    return np.concatenate(missed), np.concatenate(rows)
