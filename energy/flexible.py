"""From forecast to decision: the cheapest or greenest hours for a load that can wait.

A car, a heat pump or a batch of computing needs so many kWh before a deadline. The plan is exact, whether the
load may stop and go, has a least power and a least run, or runs in one go (`energy.scheduling`). It is held
against "start at once" on every scenario of the price, so it says how sure the saving is. The power left
under the connection's limit comes from a quantile of the load forecast.

All times are UTC inside; local ones are written beside them for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError
from energy.scheduling import cheapest, in_one_go, in_parts, runs

Floats = NDArray[np.float64]
Moment = pd.Timestamp | str | np.datetime64
Unit = Literal["eur", "g"]


@dataclass(frozen=True)
class Flexible:
    """A load that can wait.

    Attributes:
        energy_kwh: what it needs before the deadline, at the meter.
        max_kw: most power that it takes.
        earliest, deadline: when it may start and must have ended; with a zone, or UTC.
        min_kw: least power while it is on; `max_kw` for a load that is on or off. It then stays so for a
            whole interval of the price or of the room, which may take it past `energy_kwh` a little.
        contiguous: runs in one go, at `max_kw` until the energy is in.
        min_run_h: least time that it stays on once started, in hours; needs a `min_kw`.
    """

    energy_kwh: float
    max_kw: float
    earliest: Moment
    deadline: Moment
    min_kw: float = 0.0
    contiguous: bool = False
    min_run_h: float = 0.0

    def __post_init__(self) -> None:
        if not (self.energy_kwh > 0 and self.max_kw > 0 and 0 <= self.min_kw <= self.max_kw):
            raise DataError(
                "energy and highest power must be above zero, the least power no higher than that",
                where="flexible load",
                mend="check energy_kwh, max_kw and min_kw",
            )
        if self.min_run_h > 0 and self.min_kw <= 0:
            raise DataError(
                "a least run means nothing without a least power", where="flexible load", mend="set min_kw"
            )

    @property
    def duration(self) -> pd.Timedelta:
        """Time that it needs at its highest power."""
        return pd.Timedelta(self.energy_kwh / self.max_kw, unit="h")


@dataclass(frozen=True)
class Plan:
    """When to run, what it costs, and how sure the saving is.

    Attributes:
        schedule: one row an interval: valid_from_utc, valid_until_utc, valid_from_local, power_kw (its mean),
            baseline_kw, price (EUR or g CO2 per kWh), room_kw (power under the limit, inf without one).
        cost, baseline_cost: EUR or g CO2 at the expected price.
        saving: baseline_cost - cost; never below zero.
        saving_p10, saving_p50, saving_p90: over the scenarios; `saving` where there are none.
        chance_of_saving: share of the scenarios in which the plan costs less; None where there are none.
        unit: "eur" or "g".
        baseline: the plain plan that it is held against, under the same limits.
        proven: False where the solver's time ran out before the plan was proven to be the best.
    """

    schedule: pd.DataFrame
    cost: float
    baseline_cost: float
    saving: float
    saving_p10: float
    saving_p50: float
    saving_p90: float
    chance_of_saving: float | None
    unit: Unit
    baseline: str = "start at once"
    proven: bool = True


@dataclass(frozen=True)
class Start:
    """When to start something that runs in one go at constant power.

    Attributes:
        start: UTC, aware.
        price: mean price over the run; price_at_once: the same when started at `earliest`.
    """

    start: pd.Timestamp
    price: float
    price_at_once: float


def room_kw(
    forecast: xr.DataArray, step: np.timedelta64, limit_kw: float, limit_chance: float = 0.9
) -> pd.Series:
    """Power left under a connection's limit, so that it holds with a chance of `limit_chance` per interval.

    Args:
        forecast: `load_kw` of one origin and one series, dims (step, quantile) and others of length one, kW,
            without the flexible load. The chance is as good as the forecast's calibration.
        step: length of one interval.
        limit_kw: capacity of the connection.
        limit_chance: between the forecast's lowest and highest level; straight lines between the levels.

    Returns:
        kW, at least 0, indexed by the start of the interval, UTC.

    Raises:
        DataError: several origins or series, or no such level.
    """
    levels, origin = forecast["quantile"].values, np.ravel(forecast["origin"].values)
    if forecast.size != forecast.sizes["step"] * len(levels):
        raise DataError(
            "it holds several origins or series", where="load forecast", mend="choose one of each"
        )
    if not levels.min() - 1e-9 <= limit_chance <= levels.max() + 1e-9:
        raise DataError(
            f"the forecast's levels run from {levels.min():.0%} to {levels.max():.0%}",
            where=f"a limit that holds with {limit_chance:.0%}",
            mend="choose a chance between them",
        )
    alone = forecast.squeeze([d for d in forecast.dims if d not in ("step", "quantile")])
    rows = alone.transpose("step", "quantile").values
    load_kw = np.array([np.interp(limit_chance, levels, row) for row in rows])
    index = pd.DatetimeIndex(origin[0] + forecast["step"].values * step, tz="UTC")
    return pd.Series(np.maximum(limit_kw - load_kw, 0), index=index, name="room_kw")


def plan(
    need: Flexible,
    price: pd.Series,
    timezone: str,
    *,
    room: pd.Series | None = None,
    scenarios: pd.DataFrame | None = None,
    unit: Unit = "eur",
) -> Plan:
    """The cheapest (or greenest) plan that keeps all limits.

    Args:
        need: the load.
        price: EUR per kWh, or g CO2 per kWh, expected; indexed by the start of each interval, regular, with
            a zone or UTC.
        timezone: IANA zone for the local times in the schedule.
        room: power left for it in kW (see `room_kw`), indexed likewise; None: no limit.
        scenarios: what the price may become, one column each, on the index of `price`; for example the
            expected price plus the forecast errors of earlier days.
        unit: of the cost.

    Raises:
        DataError: it cannot be done, and why; or price or room do not cover the time.
    """
    earliest, deadline = _utc(need.earliest), _utc(need.deadline)
    price = _regular(price, "price", earliest, deadline)
    edges = _edges(price, earliest, deadline)
    if room is not None:
        room = _regular(room, "room", earliest, deadline)
        edges = np.union1d(edges, _edges(room, earliest, deadline))
    starts, hours = edges[:-1], np.diff(edges) / np.timedelta64(1, "h")
    price_at = _at(price, starts)
    power_kw = np.full(len(starts), need.max_kw) if room is None else _at(room, starts)
    limit_kw = np.minimum(power_kw, need.max_kw)
    _fits(need, hours, limit_kw, room is not None)
    if need.contiguous:
        best, base = in_one_go(need, edges, price_at, limit_kw)
        proven = True
    else:
        best, base, proven = in_parts(need, hours, price_at, limit_kw)
    saved = float(price_at @ (base - best))
    spread, chance = np.array([saved]), None
    if scenarios is not None:
        paths = np.stack(
            [_at(_regular(scenarios[c], "scenarios", earliest, deadline), starts) for c in scenarios]
        )
        spread = paths @ (base - best)
        chance = float((spread > 1e-9).mean())
    low, middle, high = np.quantile(spread, (0.1, 0.5, 0.9))
    local = pd.DatetimeIndex(starts, tz="UTC").tz_convert(timezone)
    schedule = pd.DataFrame(
        {
            "valid_from_utc": pd.DatetimeIndex(starts, tz="UTC"),
            "valid_until_utc": pd.DatetimeIndex(edges[1:], tz="UTC"),
            "valid_from_local": local,
            "power_kw": best / hours,
            "baseline_kw": base / hours,
            "price": price_at,
            "room_kw": power_kw if room is not None else np.inf,
        }
    )
    return Plan(
        schedule,
        cost=float(price_at @ best),
        baseline_cost=float(price_at @ base),
        saving=saved,
        saving_p10=float(low),
        saving_p50=float(middle),
        saving_p90=float(high),
        chance_of_saving=chance,
        unit=unit,
        proven=proven,
    )


def best_start(duration: pd.Timedelta, price: pd.Series, earliest: Moment, deadline: Moment) -> Start:
    """When to start something that draws constant power and cannot be interrupted.

    Args:
        duration: how long it runs.
        price: per kWh (EUR or g CO2), indexed by the start of each interval, with a zone or UTC.
        earliest: when it may start; with a zone, or UTC.
        deadline: when it must have ended; with a zone, or UTC.

    Raises:
        DataError: it does not fit before the deadline, or the price does not cover the time.
    """
    hours = pd.Timedelta(duration) / pd.Timedelta("1h")
    need = Flexible(hours, 1.0, earliest, deadline, contiguous=True)
    first, last = _utc(earliest), _utc(deadline)
    price = _regular(price, "price", first, last)
    edges = _edges(price, first, last)
    length = np.diff(edges) / np.timedelta64(1, "h")
    _fits(need, length, np.ones(len(length)), limited=False)
    begins, costs = runs(edges, _at(price, edges[:-1]), hours)
    chosen = cheapest(costs)
    moment = pd.Timestamp(edges[0], tz="UTC") + pd.Timedelta(begins[chosen], unit="h").round("ms")
    return Start(moment, float(costs[chosen] / hours), float(costs[0] / hours))


def _utc(time: Moment) -> np.datetime64:
    stamp = pd.Timestamp(time)
    plain = stamp if stamp.tzinfo is None else stamp.tz_convert("UTC").tz_localize(None)
    return plain.as_unit("ns").to_datetime64()


def _regular(series: pd.Series, name: str, earliest: np.datetime64, deadline: np.datetime64) -> pd.Series:
    """The series with a zone-less UTC index, checked to be regular and known from earliest to deadline."""
    index = pd.DatetimeIndex(series.index)
    index = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    gaps = np.diff(index.values)
    if len(index) < 2 or (gaps != gaps[0]).any() or gaps[0] <= np.timedelta64(0):
        raise DataError("its times are not regular", where=name, mend="give one value an interval, in UTC")
    if earliest >= deadline:
        raise DataError("the deadline is not after the earliest start", where="flexible load")
    end = index.values[-1] + gaps[0]
    if index.values[0] > earliest or end < deadline:
        raise DataError(
            f"it is known from {index[0]:%Y-%m-%d %H:%M} to {pd.Timestamp(end):%Y-%m-%d %H:%M} UTC, not from "
            "the earliest start to the deadline",
            where=name,
            mend="bring a longer one or narrow the time",
        )
    known = pd.Series(series.to_numpy(dtype=float), index=index.astype("datetime64[ns]"))
    needed = known[(index.values + gaps[0] > earliest) & (index.values < deadline)]
    if not np.isfinite(needed).all():
        raise DataError("it has gaps before the deadline", where=name, mend="fill them")
    return known


def _edges(series: pd.Series, earliest: np.datetime64, deadline: np.datetime64) -> NDArray[np.datetime64]:
    inner = series.index.values
    return np.concatenate([[earliest], inner[(inner > earliest) & (inner < deadline)], [deadline]])


def _at(series: pd.Series, moments: NDArray[np.datetime64]) -> Floats:
    return series.to_numpy()[np.searchsorted(series.index.values, moments, side="right") - 1]


def _fits(need: Flexible, hours: Floats, limit_kw: Floats, limited: bool) -> None:
    needed_h, has_h = need.energy_kwh / need.max_kw, float(hours.sum())
    if needed_h > has_h * (1 + 1e-9):
        raise DataError(
            f"the energy does not fit before the deadline: it needs {needed_h:.1f} h and has {has_h:.1f} h",
            where="flexible load",
            mend="allow more time or more power",
        )
    usable = np.where(limit_kw + 1e-12 >= need.min_kw, limit_kw, 0)
    if limited and usable @ hours < need.energy_kwh * (1 - 1e-9):
        raise DataError(
            f"the connection leaves {usable @ hours:.1f} kWh before the deadline and "
            f"{need.energy_kwh:.1f} kWh are needed",
            where="flexible load",
            mend="allow more time, or accept a lower chance that the limit holds",
        )
