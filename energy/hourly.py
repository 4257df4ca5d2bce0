"""Load and temperature by the hour with the calendar beside them: what the month-ahead model works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import DataError
from energy.data import Load
from energy.features import holidays_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR = np.timedelta64(3600 * 10**9, "ns")
SHORT_GAP_H = 6
"""Gaps in the temperature up to so many hours are bridged by a straight line."""
YEAR_H = 8766


@dataclass(frozen=True)
class Days:
    """Local calendar of consecutive hours, each of shape (hour,).

    Attributes:
        hour: local hour of the day, 0 to 23.
        weekday: Monday 0; 6 on public holidays too.
        holiday, after, before: whether the day, the one before it or the one after it is a public holiday.
        season: angle of the time of year, 0 to 2π from 1 January.
        years: since 2000, UTC.
    """

    hour: Ints
    weekday: Ints
    holiday: NDArray[np.bool_]
    after: NDArray[np.bool_]
    before: NDArray[np.bool_]
    season: Floats
    years: Floats

    def harmonics(self, count: int, rows: slice | Ints = slice(None)) -> list[Floats]:
        """Sines and cosines of the time of year, from one to `count` waves a year."""
        angle = self.season[rows]
        return [wave(k * angle) for k in range(1, count + 1) for wave in (np.sin, np.cos)]


@dataclass(frozen=True)
class Hourly:
    """Hourly means on UTC hours, all of it from before one moment.

    Attributes:
        start: of the first hour, UTC.
        load_kw: shape (hour, series), kW; NaN unless the whole hour is known.
        temperature: shape (hour, station) without gaps, in the unit of the load's weather; no stations where
            none is known well enough.
        stations: their names.
    """

    start: np.datetime64
    load_kw: Floats
    temperature: Floats
    stations: list[str]


def days_of(start: np.datetime64, hours: int, load: Load) -> Days:
    """Calendar of so many hours from `start` (UTC), in the zone and country of a load."""
    time = start + np.arange(hours) * HOUR
    local = pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(load.timezone).tz_localize(None)
    day = local.values.astype("datetime64[D]")
    free = holidays_of(range(local[0].year - 1, local[-1].year + 2), load.country)
    holiday = np.isin(day, free)
    return Days(
        hour=local.hour.to_numpy().astype(np.int64),
        weekday=np.where(holiday, 6, local.dayofweek.to_numpy()).astype(np.int64),
        holiday=holiday,
        after=np.isin(day - 1, free),
        before=np.isin(day + 1, free),
        season=2 * np.pi * local.dayofyear.to_numpy() / 365.25,
        years=(time - np.datetime64("2000-01-01", "ns")) / (YEAR_H * HOUR),
    )


def hourly(load: Load, until: np.datetime64) -> Hourly:
    """Hourly means of what starts before `until`; an hour that is not over by then is left out.

    Stations are all weather variables whose name begins with "temperature". A longer gap in one is filled
    with what is usual at that hour and time of year; one that is unknown for over 30 % is left out.

    Raises:
        DataError: an hour is not a whole number of the load's steps.
    """
    step, time = load.step, load.ds["time"].values.astype("datetime64[ns]")
    per_hour, rest = divmod(HOUR, step)
    if rest != np.timedelta64(0, "ns") or per_hour < 1:
        raise DataError(
            f"the load is in steps of {step / HOUR:g} hours",
            where="load",
            mend="bring steps of 60, 30, 15 or 10 minutes",
        )
    start = time[0].astype("datetime64[h]").astype("datetime64[ns]")
    if start < time[0]:
        start = start + HOUR
    first = int((start - time[0]) / step)
    hours = int(min((until - start) // HOUR, (len(time) - first) // per_hour))
    kept = slice(first, first + max(hours, 0) * int(per_hour))

    def by_hour(values: Floats) -> Floats:
        return np.asarray(values[kept].reshape(max(hours, 0), int(per_hour), -1).mean(axis=1))

    load_kw = by_hour(load.ds["load_kw"].transpose("time", "series").values.astype(float))
    names = [name for name in load.weather if name.startswith("temperature")]
    known = [by_hour(load.ds[name].values.astype(float))[:, 0] for name in names]
    kept_names = [n for n, t in zip(names, known, strict=True) if hours and np.isfinite(t).mean() >= 0.7]
    days = days_of(start, max(hours, 1), load)
    filled = [_filled(t, days) for n, t in zip(names, known, strict=True) if n in kept_names]
    temperature = np.stack(filled, axis=1) if filled else np.zeros((max(hours, 0), 0))
    return Hourly(start, load_kw, temperature, kept_names)


def usual_at(values: Floats, days: Days, waves: int, last: int) -> Floats:
    """Seasonal mean at each local hour, shape (len(days.hour),), learned from the first `last` values."""
    columns = np.stack([np.ones(len(days.hour)), *days.harmonics(waves)], axis=1)
    out = np.empty(len(columns))
    known = np.flatnonzero(np.isfinite(values[:last]))
    for hour in range(24):
        here, rows = days.hour == hour, known[days.hour[known] == hour]
        # A little shrinkage keeps the waves in hand where less than a year is known.
        gram = columns[rows].T @ columns[rows] + np.diag([1e-9] + [0.5] * (2 * waves))
        out[here] = columns[here] @ np.linalg.solve(gram, columns[rows].T @ values[rows])
    return out


def _filled(values: Floats, days: Days) -> Floats:
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    bridged = pd.Series(values).interpolate(limit_area="inside").to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gaps, [False]]).astype(np.int8)))
    longer = np.zeros(len(values), bool)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        longer[begin:end] = end - begin > SHORT_GAP_H or begin == 0 or end == len(values)
    waves = 2 if len(values) >= YEAR_H else 0
    return np.where(longer, usual_at(values, days, waves, len(values)), bridged)


def within_hour(load: Load, series: str, until: np.datetime64, relative: bool) -> Floats:
    """Usual shape of a series' load inside the hour before `until`, (local hour, step within the hour).

    Relative: its mean is 1 and it multiplies the hour's load; else its mean is 0 kW and it is added.
    """
    per_hour = int(HOUR / load.step)
    if per_hour == 1:
        return np.full((24, 1), 1.0 if relative else 0.0)
    time = load.ds["time"].values
    time = time[time < until]
    load_kw = load.ds["load_kw"].sel(series=series).values[: len(time)]
    local = pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(load.timezone)
    part = ((time - time.astype("datetime64[h]")) // load.step).astype(np.int64)
    slot = pd.Series(load_kw).groupby(local.hour.to_numpy() * per_hour + part).mean()
    usual_kw = slot.reindex(range(24 * per_hour)).to_numpy().reshape(24, per_hour)
    mean_kw = usual_kw.mean(axis=1, keepdims=True)
    shape = usual_kw / mean_kw if relative else usual_kw - mean_kw
    return np.nan_to_num(shape, nan=1.0 if relative else 0.0)
