"""A backtest with a rolling origin: what would have been forecast, knowing only what was known then.

One origin a day (a week for horizons beyond a week), at the same time of day as the forecast to come. The
forecasters learn from what lies before the first origin and are then only asked; the weights of an ensemble
and the conformal shift use, at every origin, no truth from its own time or later. The first origins warm the
calibration up and are not scored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from common import calibration
from common.errors import DataError
from common.pilot import Progress, silent
from energy.arrays import truth_of
from energy.data import Load
from energy.model import Choice, Forecaster, learn
from energy.settings import LONGEST_DETAILED_H

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

WARM_UP_DAYS = 60
LEAST_SCORED = 3
SHARE_OF_HISTORY = 0.4
"""At most so much of the history is kept from the forecasters for the backtest."""
LEAST_LEARNED_DAYS = 28
"""At least so much of it is left to them."""
MOST_VALUES = 2e8
"""Values (origin, step, series, quantile) of a backtest, at most: 0.8 GB."""
WEIGHTS = np.linspace(0, 1, 11)
EVEN_ORIGINS = 7
"""The even weighting of an ensemble counts as much as so many past origins."""


@dataclass(frozen=True)
class Origins:
    """Where a backtest starts its forecasts.

    Attributes:
        times: origins, ascending, UTC without zone mark.
        warm_up: how many of the first are there for calibration alone.
    """

    times: NDArray[np.datetime64]
    warm_up: int

    @property
    def scored(self) -> int:
        """How many are scored."""
        return len(self.times) - self.warm_up


@dataclass(frozen=True)
class Backtest:
    """Forecasts of past origins.

    Attributes:
        origins: where they start.
        members: member's name -> its own forecast, dims (origin, step, series, quantile), kW.
        raw: their weighted mean, before calibration.
        forecast: the same after calibration.
        truth: what came true (origin, step, series), kW, NaN where unknown.
        seconds: time that fitting took.
    """

    origins: Origins
    members: Mapping[str, xr.DataArray]
    raw: xr.DataArray
    forecast: xr.DataArray
    truth: xr.DataArray
    seconds: float = 0.0

    def scored(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Forecast and truth of the origins that are scored."""
        since = slice(self.origins.warm_up, None)
        return self.forecast.isel(origin=since), self.truth.isel(origin=since)


def end_of(load: Load) -> np.datetime64:
    """Origin of the forecast to come: right after the last interval with a known load, UTC.

    Raises:
        DataError: no load is known at all.
    """
    known = np.flatnonzero(np.isfinite(load.ds["load_kw"].transpose("time", "series").values).any(axis=1))
    if not len(known):
        raise DataError("no value of the load is known", where="load", mend="name the load's column")
    return np.datetime64(load.ds["time"].values[known[-1]] + load.step, "ns")


def plan(load: Load, days: int, horizon: int, choice: Choice) -> Origins:
    """Origins of a backtest that the history can bear; none where it is too short.

    Args:
        load: the history.
        days: wanted length of the scored part, in days.
        horizon: steps.
        choice: of the forecasters: those that calibrate themselves need no origins to warm up, those that
            are trained already are tested on what came after.
    """
    calibrated = choice.calibrated
    end, per_day = end_of(load), load.steps_per_day
    day = per_day * load.step
    first = load.ds["time"].values[0]
    history = int((end - first) / day)
    every = 1 if horizon * 24 <= LONGEST_DETAILED_H * per_day else 7
    # A whole horizon of truth must lie after the last origin, so that every step is scored.
    least = -(-horizon // per_day)
    most = min(int(history * SHARE_OF_HISTORY), history - LEAST_LEARNED_DAYS) - least + 1
    if choice.trained_until is not None:
        most = int((end - choice.trained_until) / day) - least + 1
    per_origin = horizon * len(load.series) * 9
    most = max(min(most, int(MOST_VALUES / per_origin) * every), 0)
    scored = min(days if every == 1 else max(days, 91), most if calibrated else max(most // 2, 0))
    warm_up = 0 if calibrated else min(WARM_UP_DAYS, most - scored)
    if scored < LEAST_SCORED:
        return Origins(np.array([], dtype="datetime64[ns]"), 0)
    count = (scored + warm_up) // every
    back = least + np.arange(count)[::-1] * every
    times = end - back * day
    return Origins(times.astype("datetime64[ns]"), warm_up // every)


def run(
    load: Load,
    choice: Choice,
    origins: Origins,
    horizon: int,
    progress: Progress = silent,
) -> Backtest:
    """Fit on what lies before the first origin, forecast from all of them, weigh and calibrate.

    Raises:
        DataError: a forecaster cannot learn from this load.
    """
    seconds, members = 0.0, {}
    count = len(choice.members)
    for i, member in enumerate(choice.members):

        def part(fraction: float, words: str, before: int = i) -> None:
            progress((before + 0.8 * fraction) / count, words)

        if choice.trained_until is None:
            began = time.perf_counter()
            learn(member, load, origins.times[0], part, f"training for the backtest ({member.name})")
            seconds += time.perf_counter() - began
        progress((i + 0.8) / count, "forecasting past days")
        members[member.name] = member.predict(load, origins.times, horizon)
    truth = truth_of(load, origins.times, horizon)
    raw = blended(members, truth, load.step)
    forecast = raw if choice.calibrated else calibrated(raw, truth, load.step)
    return Backtest(origins, members, raw, forecast, truth, seconds)


def fresh(
    load: Load, members: Sequence[Forecaster], past: Backtest | None, choice: Choice, horizon: int
) -> xr.DataArray:
    """The forecast to come, weighed and calibrated by the whole backtest.

    Args:
        load: all that is known.
        members: fitted.
        past: the backtest; None: even weights and no calibration.
        choice: of the forecasters.
        horizon: steps.
    """
    origin = end_of(load)
    found = {m.name: m.predict(load, np.array([origin]), horizon) for m in members}
    if past is None:
        return _mean(list(found.values()), np.full(len(found), 1 / len(found)))
    weights = best_weights(list(past.members.values()), past.truth.values)
    raw = _mean(list(found.values()), weights)
    if choice.calibrated:
        return raw
    out = raw.copy()
    levels = raw["quantile"].values
    for i in range(raw.sizes["series"]):
        before = past.raw.isel(series=i).values
        seen = past.truth.isel(series=i).values
        out.values[0, :, i] = calibration.apply(before, seen, levels, raw.isel(origin=0, series=i).values)
    return out


def _known_from(
    origins: NDArray[np.datetime64], horizon: int, step: np.timedelta64
) -> NDArray[np.datetime64]:
    """When each step of each origin has been measured, shape (origin, step), UTC."""
    return origins[:, None] + (np.arange(horizon) + 1) * step


def calibrated(raw: xr.DataArray, truth: xr.DataArray, step: np.timedelta64) -> xr.DataArray:
    """Every origin's quantiles after a conformal shift by what was known before it."""
    begins = raw["origin"].values
    ends = _known_from(begins, raw.sizes["step"], step)
    ordered = raw.transpose("series", "origin", "step", "quantile")
    seen = truth.transpose("series", "origin", "step").values
    shifted = calibration.rolling(ordered.values, seen, raw["quantile"].values, begins, ends)
    return ordered.copy(data=shifted).transpose(*raw.dims)


def blended(members: Mapping[str, xr.DataArray], truth: xr.DataArray, step: np.timedelta64) -> xr.DataArray:
    """Weighted mean of the members' quantiles (Vincent 1912), every origin's weights from before it."""
    arrays = list(members.values())
    if len(arrays) == 1:
        return arrays[0]
    out = arrays[0].copy()
    begins = truth["origin"].values
    ends = _known_from(begins, truth.sizes["step"], step)
    for number, begin in enumerate(begins):
        known = np.where(ends[:number, :, None] <= begin, truth.values[:number], np.nan)
        weights = best_weights([a.isel(origin=slice(number)) for a in arrays], known)
        out.values[number] = sum(w * a.values[number] for w, a in zip(weights, arrays, strict=True))
    return out


def best_weights(past: Sequence[xr.DataArray], truth: Floats) -> Floats:
    """Weights of the members, shape (member,), sum 1, with the least pinball loss so far.

    Few past origins draw them towards even weights. Three and more members are weighed by the inverse of
    their loss, two by search.

    Args:
        past: earlier forecasts of each member.
        truth: shape (origin, step, series), NaN where unknown.
    """
    count = len(past)
    even = np.full(count, 1 / count)
    if count == 1 or not np.isfinite(truth).any():
        return even
    levels = past[0]["quantile"].values
    size = np.nanmean(np.abs(truth), axis=(0, 1))
    size = np.where(np.isfinite(size) & (size > 0), size, np.nan)

    def loss(values: Floats) -> float:
        return float(np.nanmean(calibration.pinball(values, truth, levels) / size))

    arrays = [np.asarray(a.transpose("origin", "step", "series", "quantile").values) for a in past]
    if count == 2:
        losses = [loss(w * arrays[0] + (1 - w) * arrays[1]) for w in WEIGHTS]
        first = float(WEIGHTS[int(np.argmin(losses))])
        best = np.array([first, 1 - first])
    else:
        inverse = np.array([1 / max(loss(a), 1e-12) for a in arrays])
        best = inverse / inverse.sum()
    origins = len(truth)
    return np.asarray((origins * best + EVEN_ORIGINS * even) / (origins + EVEN_ORIGINS))


def _mean(arrays: Sequence[xr.DataArray], weights: Floats) -> xr.DataArray:
    total = arrays[0] * weights[0]
    for array, weight in zip(arrays[1:], weights[1:], strict=True):
        total = total + array * weight
    return total.rename("load_kw").transpose("origin", "step", "series", "quantile")
