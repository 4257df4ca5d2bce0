"""Flags in the measured history: values far from usual, flat lines, shifts of the level, missing days.

What is usual is learned from the series itself: the median of the same hour of the week in the nine weeks
around it, plus what the temperature adds to that (least squares on hinges, by part of the day, with far-off
points left out). How far a value may be off is set by a tail fitted to the bulk of the deviations, so that
clean data raise few false flags and many bad values do not hide one another. At the default of 1 in 10,000
clean synthetic years had 1 to 5 of 10,000 hours flagged with normal noise and 5 to 8 with heavy-tailed noise
(Student's t, 4 degrees of freedom), as the seasons are not all alike. This looks back with all of the
history: it judges data that were measured, and never feeds a forecast or a backtest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from energy.data import Load
from energy.features import holidays_of
from energy.predictive import Floats

FALSE_RATE = 1e-4
NEIGHBOUR_WEEKS = 4
LEAST_WEEKS = 4
FLAT_HOURS = 3.0
SHIFT_DAYS = 14
SHIFT_SHARE = 0.1
COLUMNS = ["series", "valid_from_utc", "until_utc", "load_kw", "expected_kw", "kind", "score"]


@dataclass(frozen=True)
class Grid:
    """Where each interval stands in its local calendar.

    Attributes:
        at: starts of the intervals, UTC, zone-aware.
        week, slot: number of the local week and of the interval in it, shape (time,).
        day: number of the local day, shape (time,).
        holiday: whether that day is a public holiday, shape (time,); its slots are a Sunday's.
        per_day: intervals in 24 hours.
    """

    at: pd.DatetimeIndex
    week: np.ndarray
    slot: np.ndarray
    day: np.ndarray
    holiday: np.ndarray
    per_day: int


def _grid(load: Load) -> Grid:
    at = pd.DatetimeIndex(load.ds["time"].values).tz_localize("UTC")
    wall = at.tz_convert(load.timezone).tz_localize(None)
    monday = wall[0].normalize() - pd.Timedelta(days=int(wall[0].weekday()))
    since = (wall - monday).to_numpy()
    day = (since // np.timedelta64(1, "D")).astype(int)
    per_day = load.steps_per_day
    slot = (since // load.step).astype(int) % (7 * per_day)
    free = holidays_of(range(wall[0].year, wall[-1].year + 1), load.country)
    holiday = np.isin(wall.to_numpy().astype("datetime64[D]"), free)
    slot = np.where(holiday, 6 * per_day + slot % per_day, slot)
    return Grid(at=at, week=day // 7, slot=slot, day=day, holiday=holiday, per_day=per_day)


def _usual(values: Floats, grid: Grid) -> Floats:
    """Median of the same hour of the week over the weeks around, shape (time,)."""
    weeks = int(grid.week.max()) + 1
    table = np.full((weeks + 2 * NEIGHBOUR_WEEKS, int(grid.slot.max()) + 1), np.nan)
    own = ~grid.holiday
    table[grid.week[own] + NEIGHBOUR_WEEKS, grid.slot[own]] = values[own]
    windows = np.lib.stride_tricks.sliding_window_view(table, 2 * NEIGHBOUR_WEEKS + 1, axis=0)
    empty = np.isnan(windows).all(axis=-1)
    medians = np.nanmedian(np.where(empty[..., None], 0.0, windows), axis=-1)
    return np.asarray(np.where(empty, np.nan, medians)[grid.week, grid.slot])


def _weather_columns(temperature: Floats, grid: Grid) -> Floats:
    """Temperature other than usual, now and over the last day, on hinges and by part of the day."""
    day_mean = pd.Series(temperature).rolling(grid.per_day, min_periods=grid.per_day // 2).mean().to_numpy()
    knots = np.nanquantile(temperature, [0.1, 0.3, 0.5, 0.7, 0.9])
    parts = [temperature, *(np.maximum(temperature - k, 0) for k in knots), day_mean]
    parts += [np.maximum(day_mean - k, 0) for k in knots]
    away = np.stack([part - _usual(part, grid) for part in parts], axis=1)
    quarter = (grid.slot % grid.per_day) * 6 // grid.per_day
    by_quarter = away[:, :, None] * (quarter[:, None] == np.arange(6))[:, None, :]
    return np.asarray(by_quarter.reshape(len(away), -1))


def _weather_effect(residual: Floats, columns: Floats) -> Floats:
    """What a temperature other than usual adds, in kW, shape (time,); 0 where it is unknown."""
    known = np.isfinite(columns).all(axis=1) & np.isfinite(residual)
    if known.sum() < 10 * columns.shape[1]:
        return np.zeros(len(residual))
    ridge = 1e-3 * np.nanvar(columns[known], axis=0).mean() * known.sum() * np.eye(columns.shape[1])
    effect, use = np.zeros(len(residual)), known
    for _ in range(3):
        x, y = columns[use], residual[use]
        weights = np.linalg.solve(x.T @ x + ridge, x.T @ y)
        effect = np.where(known, np.nan_to_num(columns) @ weights, 0.0)
        off = np.abs(residual - effect)
        use = known & (off < 6 * 1.4826 * np.median(off[known]))
    return np.asarray(effect)


def _widths(residual: Floats, grid: Grid, false_rate: float) -> Floats:
    """How far off a value may be, in kW, shape (time,): spread by time of day times the tail's threshold."""
    hour = (grid.slot % grid.per_day) * 24 // grid.per_day
    off = np.abs(residual)
    overall = float(np.nanmedian(off))
    spread = pd.Series(off).groupby(hour).median().reindex(range(24)).fillna(overall).to_numpy()
    spread = np.maximum(spread, max(0.2 * overall, 1e-9))[hour]
    inner, outer = np.nanquantile(off / spread, [0.9, 0.99])
    return np.asarray(spread * (inner + (outer - inner) / np.log(10) * np.log(0.1 / false_rate)))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and past-the-last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


Event = tuple[int, int, str, float]
"""First and past-the-last interval, kind, score."""


def _far_off(values: Floats, expected: Floats, width: Floats) -> list[Event]:
    ratio = np.nan_to_num((values - expected) / width)
    high = [(a, b, "unusually high", float(ratio[a:b].max())) for a, b in _runs(ratio > 1)]
    return high + [(a, b, "unusually low", float(-ratio[a:b].min())) for a, b in _runs(ratio < -1)]


def _flat_lines(values: Floats, grid: Grid) -> list[Event]:
    """Runs of one value, longer than 3 hours and well beyond the longest run that a usual day has."""
    tiny = 1e-9 * max(1.0, float(np.nanmax(np.abs(values), initial=0.0)))
    runs = [(a, b + 1) for a, b in _runs(np.abs(np.diff(values)) <= tiny)]
    longest = np.ones(int(grid.day.max()) + 1)
    for a, b in runs:
        longest[grid.day[a]] = max(longest[grid.day[a]], b - a)
    usual = float(np.quantile(longest, 0.75))
    least = max(FLAT_HOURS * grid.per_day / 24, 1.5 * usual, 3)
    return [(a, b, "flat line", (b - a) / least) for a, b in runs if b - a > least]


def _level_shifts(rest: Floats, size_kw: float, grid: Grid) -> list[Event]:
    """Days on which the level changes at once and stays, after weekday and weather are taken out.

    Args:
        rest: load less the weather's effect, kW, shape (time,).
        size_kw: what the load is like, for the smallest shift worth a flag (a tenth of it).
        grid: the local calendar.
    """
    working = pd.Series(np.where(grid.holiday, np.nan, rest))
    days = working.groupby(grid.day).mean().reindex(range(int(grid.day.max()) + 1))
    days = days - days.groupby(days.index % 7).transform("median")
    before = days.rolling(SHIFT_DAYS, min_periods=SHIFT_DAYS // 2).median().shift(1)
    after = days[::-1].rolling(SHIFT_DAYS, min_periods=SHIFT_DAYS // 2).median()[::-1]
    near = days[::-1].rolling(3, min_periods=2).median()[::-1]
    near_before = days.rolling(3, min_periods=2).median().shift(1)
    change, at_once = after - before, near - near_before
    noise = 1.4826 * float((change - change.median()).abs().median())
    least = max(4 * noise, SHIFT_SHARE * size_kw)
    score = (change.abs() / least).where((at_once * np.sign(change)) > 0.6 * change.abs(), 0.0).fillna(0.0)
    events = []
    while score.max() > 1:
        day = int(np.argmax(score.to_numpy()))
        first = int(np.searchsorted(grid.day, day))
        events.append((first, first + grid.per_day, "level shift", float(score.max())))
        score.loc[day - SHIFT_DAYS : day + SHIFT_DAYS] = 0.0
    return events


def _missing_days(values: Floats, grid: Grid) -> list[Event]:
    """Neighbouring local days of which more than half is missing."""
    missing = pd.Series(np.isnan(values)).groupby(grid.day).mean() > 0.5
    flags = missing.reindex(range(int(grid.day.max()) + 1), fill_value=False).to_numpy()
    events = []
    for a, b in _runs(flags):
        first, last = int(np.searchsorted(grid.day, a)), int(np.searchsorted(grid.day, b))
        events.append((first, last, "missing day", float(b - a)))
    return events


def _of_series(values: Floats, weather: Floats | None, grid: Grid, false_rate: float) -> pd.DataFrame:
    events = _missing_days(values, grid)
    expected = np.full(len(values), np.nan)
    if np.isfinite(values).any():
        flat = _flat_lines(values, grid)
        events += flat
        usable = values.copy()
        for a, b, *_ in flat:
            usable[a:b] = np.nan
        if np.isfinite(usable).sum() >= LEAST_WEEKS * 7 * grid.per_day:
            usual = _usual(usable, grid)
            effect = np.zeros(len(values))
            if weather is not None:
                effect = _weather_effect(usable - usual, weather)
            expected = usual + effect
            events += _far_off(usable, expected, _widths(usable - expected, grid, false_rate))
            events += _level_shifts(usable - effect, float(np.nanmedian(np.abs(usable))), grid)
    step = grid.at[1] - grid.at[0]
    rows = []
    for a, b, kind, score in sorted(events):
        span = slice(a, b)
        seen, usual_kw = values[span], expected[span]
        rows.append(
            {
                "valid_from_utc": grid.at[a],
                "until_utc": grid.at[min(b, len(values)) - 1] + step,
                "load_kw": float(np.nanmean(seen)) if np.isfinite(seen).any() else np.nan,
                "expected_kw": float(np.nanmean(usual_kw)) if np.isfinite(usual_kw).any() else np.nan,
                "kind": kind,
                "score": score,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS[1:])


def find_anomalies(load: Load, false_rate: float = FALSE_RATE) -> pd.DataFrame:
    """What in the measured history deserves a look.

    Args:
        load: the history; `temperature_c` is used where it is there. With less than four weeks of values
            only flat lines and missing days are looked for.
        false_rate: false flags wanted an interval on clean data, for values far from usual.

    Returns:
        One row an event, by series and time: series, valid_from_utc, until_utc (exclusive), load_kw and
        expected_kw (means over the event, NaN where unknown), kind ("unusually high", "unusually low", "flat
        line", "level shift", "missing day"), score (multiples of what is just flagged; for missing days their
        number). A level shift is told by its first day.
    """
    grid = _grid(load)
    weather = None
    if "temperature_c" in load.weather:
        temperature = load.ds["temperature_c"].to_numpy().astype(np.float64)
        if np.isfinite(temperature).any():
            weather = _weather_columns(temperature, grid)
    loads = load.ds["load_kw"].transpose("time", "series").to_numpy().astype(np.float64)
    parts = []
    for number, name in enumerate(load.series):
        found = _of_series(loads[:, number], weather, grid, false_rate)
        found.insert(0, "series", name)
        parts.append(found)
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(filled, ignore_index=True)
