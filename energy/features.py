"""What the trees see of one interval to be forecast: calendar, load before the origin, and the weather.

A row is one (origin, step, series). Of the load, and of measured weather, nothing at or after the origin is
ever read: what is not known then is unknown (NaN), which the trees have their own branch for. Loads are in
units of each series' own spread around its own mean, so that one model serves small and large meters.
The names of the features are such that `energy.explain.driver_of` knows each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import DataError, MissingExtraError
from energy.data import Load

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAREST = 3
"""Days of the same kind whose mean at the same local time is the anchor."""
LOOK_BACK_DAYS = 28
WEATHER_BACK_DAYS = 8
TRAILING_H = (3, 6, 12, 24, 48, 72)
WORKING, SATURDAY, SUNDAY = 0, 1, 2


@dataclass(frozen=True)
class Table:
    """Features of all rows, in the order (origin, step, series).

    Attributes:
        names: of the features, in column order.
        values: shape (row, feature), column-ordered.
        anchor: what the trees' target is counted from, shape (row,), scaled load.
        shape: number of origins, steps, series.
        weather: names of the weather variables that features stem from.
    """

    names: list[str]
    values: Floats
    anchor: Floats
    shape: tuple[int, int, int]
    weather: tuple[str, ...]


def holidays_of(years: range, country: str) -> NDArray[np.datetime64]:
    """Public holidays as days, ascending; none for country "".

    Args:
        years: that are asked for.
        country: ISO 3166 code with an optional subdivision ("AU-VIC").

    Raises:
        DataError: no holidays are known for it.
        MissingExtraError: the library of holidays is not installed.
    """
    if not country:
        return np.array([], "datetime64[D]")
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError("holidays", "energy") from error
    code, _, part = country.partition("-")
    try:
        days = holidays.country_holidays(code, subdiv=part or None, years=years)
    except (NotImplementedError, KeyError) as error:
        raise DataError(
            f"no public holidays are known for '{country}'", mend="give a country code such as NL or AU-VIC"
        ) from error
    return np.array(sorted(days.keys()), "datetime64[D]")


class Calendar:
    """Local calendar of a regular run of UTC times.

    Attributes:
        hour: local hour of the day with its fraction, shape (time,).
        shift: local time minus UTC in steps, shape (time,).
        kind: WORKING, SATURDAY or SUNDAY (also public holidays), shape (time,).
        columns: features by name, each of shape (time,).
    """

    def __init__(self, time: NDArray[np.datetime64], step: np.timedelta64, load: Load) -> None:
        """Take starts of intervals (UTC), the step between them, and the zone and country of a load."""
        local = pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(load.timezone)
        naive = local.tz_localize(None)
        self.shift = np.round((naive.values - time) / step).astype(np.int64)
        day = naive.values.astype("datetime64[D]")
        free = holidays_of(range(local[0].year - 1, local[-1].year + 2), load.country)
        weekday = local.dayofweek.to_numpy()
        is_free = np.isin(day, free)
        before, after = np.isin(day + 1, free), np.isin(day - 1, free)
        self.kind = np.where(is_free | (weekday == 6), SUNDAY, np.where(weekday == 5, SATURDAY, WORKING))
        self.hour = (local.hour + local.minute / 60).to_numpy().astype(np.float32)
        # Days from Christmas: the weeks around it stand still, and no holiday says so.
        year = local.year.to_numpy()
        christmas = (
            [pd.DatetimeIndex([f"{y}-12-25" for y in year + d]).values for d in (-1, 0)] if len(year) else []
        )
        since, until = ((day - c.astype("datetime64[D]")).astype(np.int64) for c in christmas)
        around = np.where(np.abs(since) < np.abs(until), since, until)
        bridge = (self.kind == WORKING) & ((after & (weekday == 4)) | (before & (weekday == 0)))
        self.columns: dict[str, NDArray[np.generic]] = {
            "hour": self.hour,
            "day_of_week": weekday,
            "day_of_year": local.dayofyear.to_numpy(),
            "day_of_week_kind": self.kind,
            "days_from_year_end": np.clip(around, -30, 35),
        }
        if len(free):
            self.columns |= {
                "holiday": is_free,
                "holiday_tomorrow": before,
                "holiday_yesterday": after,
                "holiday_bridge": bridge,
                "holiday_week_before": np.isin(day - 7, free),
            }


class _Known:
    """Values on a grid, read at positions, but only where these lie before the row's origin."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        known = np.isfinite(values)
        zero = np.zeros((1, *values.shape[1:]))
        self.sums = np.concatenate([zero, np.cumsum(np.where(known, values, 0), axis=0, dtype=np.float64)])
        self.counts = np.concatenate([zero, np.cumsum(known, axis=0)])

    def at(self, places: Ints, origins: Ints) -> Floats:
        there = (places >= 0) & (places < origins) & (places < len(self.values))
        found = self.values[np.clip(places, 0, len(self.values) - 1)]
        return np.where(there[..., None], found, np.float32(np.nan))

    def mean(self, begin: Ints, end: Ints, origins: Ints) -> Floats:
        """Mean of what is known in [begin, end), cut at the origin."""
        end = np.clip(np.minimum(end, origins), 0, len(self.values))
        begin = np.clip(begin, 0, end)
        count = self.counts[end] - self.counts[begin]
        with np.errstate(invalid="ignore", divide="ignore"):
            return ((self.sums[end] - self.sums[begin]) / np.where(count > 0, count, np.nan)).astype(
                np.float32
            )


class Features:
    """Features of one load; made once, asked for any origins.

    Args:
        load: with the past of all origins.
        horizon: longest horizon in steps that will be asked for.
        center_kw, spread_kw: of each series, shape (series,).
        weather: names of the weather variables that are read.
        yearly: tell the time of year; only useful where at least a year was learned from.
        meter: number of each series in training, NaN where it is new; None: it is not told.
    """

    def __init__(
        self,
        load: Load,
        horizon: int,
        center_kw: NDArray[np.floating],
        spread_kw: NDArray[np.floating],
        *,
        weather: Sequence[str],
        yearly: bool,
        meter: NDArray[np.floating] | None = None,
    ) -> None:
        self.weather, self.yearly, self.meter = weather, yearly, meter
        self.load, self.horizon, self.per_day = load, horizon, load.steps_per_day
        known = load.ds["time"].values
        extra = known[-1] + np.arange(1, horizon + 1) * load.step
        self.calendar = Calendar(np.concatenate([known, extra]), load.step, load)
        load_kw = load.ds["load_kw"].transpose("time", "series").values
        self.scaled = ((load_kw - center_kw) / spread_kw).astype(np.float32)
        self.past = _Known(self.scaled)

    def table(self, origins: Ints, steps: Ints, foreseen: dict[str, Floats]) -> Table:
        """Features of all series at some steps after some origins.

        Args:
            origins: positions of the origins in the load's time.
            steps: steps after the origin, from 0.
            foreseen: weather that is known or forecast for steps 0 to horizon - 1, by name, shape
                (origin, horizon); a weather variable that is missing here is read before the origin only.
        """
        start = np.repeat(origins[:, None], len(steps), axis=1)
        ahead = np.broadcast_to(steps, start.shape)
        shape = (len(origins), len(steps), self.scaled.shape[1])
        columns = self._calendar_columns(start + ahead, ahead)
        loads, anchor, near = self._load_columns(start, ahead)
        columns |= loads
        if self.meter is not None:
            columns["level_of_meter"] = np.broadcast_to(self.meter, shape)
        for name in self.weather:
            columns |= self._weather_columns(name, origins, steps, foreseen.get(name), near)
        values = np.empty((int(np.prod(shape)), len(columns)), np.float32, order="F")
        for j, column in enumerate(columns.values()):
            wide = column if column.ndim == 3 else column[..., None]
            values[:, j] = np.broadcast_to(wide, shape).ravel()
        return Table(list(columns), values, anchor.ravel(), shape, tuple(self.weather))

    def _calendar_columns(self, place: Ints, ahead: Ints) -> dict[str, Floats]:
        columns = {name: column[place].astype(np.float32) for name, column in self.calendar.columns.items()}
        if not self.yearly:
            del columns["day_of_year"], columns["days_from_year_end"]
        return columns | {"step": ahead.astype(np.float32)}

    def _same_time(self, place: Ints, start: Ints, days: Ints) -> Ints:
        """Position of the same local time so many days before; of the same UTC time where that is unknown."""
        plain = place - days * self.per_day
        local = plain + self.calendar.shift[place] - self.calendar.shift[np.maximum(plain, 0)]
        return np.where(local < start, local, plain)

    def _load_columns(self, start: Ints, ahead: Ints) -> tuple[dict[str, Floats], Floats, list[Ints]]:
        """Columns of the past load, the anchor, and the positions of the days that it is the mean of."""
        place, day, past = start + ahead, self.per_day, self.past
        hour = max(1, day // 24)
        first_day, first_week = ahead // day + 1, ahead // (7 * day) + 1
        back = {
            "day": first_day,
            "2_days": first_day + 1,
            "week": 7 * first_week,
            "2_weeks": 7 * first_week + 7,
        }
        places = {name: self._same_time(place, start, days) for name, days in back.items()}
        found = {name: past.at(where, start) for name, where in places.items()}
        columns = {f"load_{name}_before": values for name, values in found.items()}
        columns["load_around_day_before"] = past.mean(places["day"] - hour, places["day"] + hour + 1, start)
        columns["load_around_week_before"] = past.mean(
            places["week"] - hour, places["week"] + hour + 1, start
        )
        near, mean_kind = self._same_kind(place, start, first_day)
        weeks = np.stack(
            [past.at(self._same_time(place, start, 7 * (first_week + i)), start) for i in range(4)]
        )
        columns["load_same_kind"] = mean_kind
        columns["load_4_weeks_mean"] = _mean(weeks)
        recent = {f"{h}h": past.mean(start - h * hour, start, start) for h in (1, 3, 24)}
        columns |= {f"load_last_{name}": values for name, values in recent.items()}
        for h in (1, 3, 6, 24, 48):
            week_ago = past.mean(start - h * hour - 7 * day, start - 7 * day, start)
            columns[f"load_last_{h}h_less_week_before"] = past.mean(start - h * hour, start, start) - week_ago
            if h < 24:
                day_ago = past.mean(start - h * hour - day, start - day, start)
                columns[f"load_last_{h}h_less_day_before"] = (
                    past.mean(start - h * hour, start, start) - day_ago
                )
        columns["load_level_7d_mean"] = past.mean(start - 7 * day, start, start)
        columns["load_level_less_month"] = columns["load_level_7d_mean"] - past.mean(
            start - 28 * day, start, start
        )
        anchor = np.where(np.isfinite(mean_kind), mean_kind, columns["load_4_weeks_mean"])
        level = past.mean(start - LOOK_BACK_DAYS * day, start, start)
        for other in (found["day"], level, np.zeros_like(anchor)):
            anchor = np.where(np.isfinite(anchor), anchor, other)
        for name in (
            "load_day_before",
            "load_week_before",
            "load_around_day_before",
            "load_around_week_before",
        ):
            columns[f"{name}_less_anchor"] = columns[name] - anchor
        return columns, anchor, near

    def _same_kind(self, place: Ints, start: Ints, first_day: Ints) -> tuple[list[Ints], Floats]:
        """The latest days of the same kind: their positions (-1 where there is none), their mean load."""
        kind = self.calendar.kind[place]
        near = [np.full(place.shape, -1) for _ in range(NEAREST)]
        found = np.zeros(place.shape, np.int64)
        for days in range(LOOK_BACK_DAYS):
            where = self._same_time(place, start, first_day + days)
            fits = (where >= 0) & (self.calendar.kind[np.maximum(where, 0)] == kind) & (found < NEAREST)
            for i in range(NEAREST):
                near[i] = np.where(fits & (found == i), where, near[i])
            found += fits
        return near, _mean(np.stack([self.past.at(where, start) for where in near]))

    def _weather_columns(
        self, name: str, origins: Ints, steps: Ints, ahead: Floats | None, near: list[Ints]
    ) -> dict[str, Floats]:
        day, hour = self.per_day, max(1, self.per_day // 24)
        back = WEATHER_BACK_DAYS * day
        measured = self.load.ds[name].values.astype(np.float32)
        places = origins[:, None] + np.arange(-back, 0)
        before = np.where(places >= 0, measured[np.maximum(places, 0)], np.float32(np.nan))
        known = self.load.ds[name].values.astype(np.float32)[:, None]
        start = np.repeat(origins[:, None], len(steps), axis=1)
        ago = _Known(np.ascontiguousarray(before.T))
        last = {
            h: ago.mean(np.array(back - h * hour), np.array(back), np.array(back)) for h in (3, 24, 48, 72)
        }
        day_before = ago.mean(np.array(back - 2 * day), np.array(back - day), np.array(back))
        spread = (len(origins), len(steps))
        wide = {f"{name}_last_{h}h": np.broadcast_to(v[:, None], spread) for h, v in last.items()}
        wide[f"{name}_last_day_change"] = np.broadcast_to((last[24] - day_before)[:, None], spread)
        with np.errstate(all="ignore"):
            lately = before[:, -day:]
            wide[f"{name}_last_max"] = np.broadcast_to(np.fmax.reduce(lately, axis=1)[:, None], spread)
            wide[f"{name}_last_min"] = np.broadcast_to(np.fmin.reduce(lately, axis=1)[:, None], spread)
        whole = _Known(known)
        first_day = steps // day + 1
        wide[f"{name}_day_before"] = whole.at(start + steps - first_day * day, start)[..., 0]
        wide[f"{name}_same_kind"] = _mean(np.stack([whole.at(w, start)[..., 0] for w in near]))
        kind_24h = np.stack(
            [whole.mean(w - day + 1, w + 1, start)[..., 0] * np.where(w >= 0, 1, np.nan) for w in near]
        )
        wide[f"{name}_same_kind_24h"] = _mean(kind_24h)
        if ahead is None:
            return {k: np.asarray(v, np.float32) for k, v in wide.items()}
        path = np.concatenate([before, ahead[:, : self.horizon]], axis=1)
        along = _Known(np.ascontiguousarray(path.T))
        everything = np.array(path.shape[1])
        at = back + steps

        def mean(begin: Ints, end: Ints) -> Floats:
            return along.mean(begin, end, everything).T

        now = path[:, at]
        wide[name] = now
        for h in TRAILING_H:
            wide[f"{name}_mean_{h}h"] = mean(at + 1 - h * hour, at + 1)
        wide[f"{name}_next_3h"] = mean(at, at + 3 * hour)
        wide[f"{name}_around_24h"] = mean(at - 12 * hour, at + 12 * hour)
        wide[f"{name}_max_24h"] = _rolling(path, day, np.fmax)[:, at]
        wide[f"{name}_min_24h"] = _rolling(path, day, np.fmin)[:, at]
        wide[f"{name}_less_same_kind"] = now - wide[f"{name}_same_kind"]
        wide[f"{name}_24h_less_same_kind"] = wide[f"{name}_mean_24h"] - wide[f"{name}_same_kind_24h"]
        wide[f"{name}_less_day_before"] = now - wide[f"{name}_day_before"]
        return {k: np.asarray(v, np.float32) for k, v in wide.items()}


def _mean(values: Floats) -> Floats:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        total = np.where(known, values, 0).sum(axis=0) / np.where(count > 0, count, np.nan)
    return np.asarray(total, np.float32)


def _rolling(path: Floats, width: int, of: np.ufunc) -> Floats:
    """Highest or lowest of the last `width` values along the second axis, by doubling."""
    out, covered = path.copy(), 1
    while covered < width:
        by = min(covered, width - covered)
        out[:, by:] = of(out[:, by:], out[:, :-by])
        covered += by
    return out


def center_and_spread(load_kw: NDArray[np.floating]) -> tuple[Wide, Wide]:
    """Mean and standard deviation of each series in kW; the latter 1 where it is 0; NaN where unknown."""
    known = np.isfinite(load_kw)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        center = np.where(known, load_kw, 0).sum(axis=0) / np.where(count > 0, count, np.nan)
        spread = np.sqrt(np.where(known, load_kw - center, 0) ** 2).astype(float)
        spread = np.sqrt((spread**2).sum(axis=0) / np.where(count > 0, count, np.nan))
    return center.astype(float), np.where(spread == 0, 1.0, spread)
