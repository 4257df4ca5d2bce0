"""What if it gets warmer or colder: the forecast once more with another temperature, and what changes.

The forecaster must read the weather to come: one trained with weather "perfect" or "vintages". A forecaster
that knows only measured weather ("measured") or none cannot answer, as its inputs would not change: train a
second one with weather "perfect" on the same history and ask that. Its own median may then differ from the
first one's; the change between the two temperatures is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from common.errors import DataError
from energy.data import Load
from energy.predictive import Floats

TEMPERATURE = "temperature_c"
REFERENCE_DAYS = 7


class Forecasts(Protocol):
    """The part of a forecaster that a what-if asks."""

    name: str

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        """Forecast array (origin, step, series, quantile) in kW."""


@dataclass(frozen=True)
class WhatIf:
    """The answer.

    Attributes:
        table: one row an interval and series: series, valid_from_utc, valid_from_local, temperature_c,
            changed_temperature_c, q10_kw, q50_kw, q90_kw, changed_q10_kw, changed_q50_kw, changed_q90_kw
            (those of the quantiles that the forecaster has), change_kw (of the median).
        warnings: what a careful reader should know before using it.
    """

    table: pd.DataFrame
    warnings: list[str]


def steady(degrees_c: float, steps: int) -> Floats:
    """So many degrees warmer (or colder) all along, shape (step,)."""
    return np.full(steps, float(degrees_c))


def spell(degrees_c: float, steps: int, steps_per_day: int) -> Floats:
    """A heat wave or cold spell, shape (step,): rises over the first day, holds, goes back over the last.

    Args:
        degrees_c: change at its height; negative for a cold spell.
        steps: length of the horizon; rise and fall take a day each, less where it is shorter than two.
        steps_per_day: intervals in 24 hours.
    """
    edge = max(1, min(steps_per_day, steps // 2))
    rise = np.sin((np.arange(edge) + 0.5) / edge * np.pi / 2) ** 2
    shape = np.ones(steps)
    shape[:edge] = rise
    shape[steps - edge :] = np.minimum(shape[steps - edge :], rise[::-1])
    return degrees_c * shape


def _usual_c(load: Load, name: str, origin: np.datetime64, times: np.ndarray) -> Floats:
    """Mean at the same hour of the last days before the origin, shape (step,)."""
    known = load.ds[name].where(load.ds["time"] < origin, drop=True)
    recent = known.isel(time=slice(-REFERENCE_DAYS * load.steps_per_day, None)).to_series()
    clock = pd.DatetimeIndex(recent.index).strftime("%H:%M")
    usual = recent.groupby(clock).mean().reindex(pd.DatetimeIndex(times).strftime("%H:%M"))
    return usual.to_numpy(dtype=np.float64)


def _latest(vintages: pd.DataFrame, origin: np.datetime64, times: np.ndarray) -> pd.DataFrame:
    """What was issued last up to the origin, with straight lines between its times; index time."""
    known = vintages[vintages["issued_at"] <= origin].sort_values("issued_at")
    latest = known.groupby("valid_at").last().drop(columns="issued_at")
    wanted = pd.DatetimeIndex(times)
    dense = latest.reindex(latest.index.union(wanted)).interpolate(method="time", limit_area="inside")
    return dense.reindex(wanted)


def _from_vintages(load: Load, origin: np.datetime64, times: np.ndarray) -> Floats:
    """Latest temperature forecast issued up to the origin, shape (step,); NaN where there is none."""
    assert load.vintages is not None
    latest = _latest(load.vintages, origin, times)[TEMPERATURE]
    return latest.to_numpy(dtype=np.float64)


def foreseen(load: Load, origin: np.datetime64, horizon: int, weather: str) -> tuple[Floats, bool]:
    """Temperature over the horizon that the forecast starts from.

    Returns:
        °C, shape (step,), and whether some of it had to be assumed: the mean at the same hour of the last
        seven days stands in for what nobody gave.
    """
    times = origin + np.arange(horizon) * load.step
    if weather == "vintages" and load.vintages is not None and TEMPERATURE in load.vintages:
        given = _from_vintages(load, origin, times)
    else:
        given = load.ds[TEMPERATURE].reindex(time=times).to_numpy().astype(np.float64)
    unknown = np.isnan(given)
    return np.where(unknown, _usual_c(load, TEMPERATURE, origin, times), given), bool(unknown.any())


def with_temperature(load: Load, origin: np.datetime64, temperature_c: Floats) -> Load:
    """The load with another temperature from the origin on, and no load and no other future left in it.

    Args:
        load: as it was read.
        origin: start of the first interval forecast, UTC without zone mark.
        temperature_c: °C from the origin on, shape (step,).
    """
    times = origin + np.arange(len(temperature_c)) * load.step
    past = load.ds.sel(time=slice(None, origin - load.step))
    ds = past.reindex(time=np.concatenate([past["time"].values, times]))
    ahead = ds["time"].isin(times)
    for name in load.weather:
        given = temperature_c
        if name != TEMPERATURE:
            there = load.ds[name].reindex(time=times).to_numpy().astype(np.float64)
            given = np.where(np.isnan(there), _usual_c(load, name, origin, times), there)
        ds[name].values[ahead.values] = given
    ds["time"].attrs.update(load.ds["time"].attrs)
    vintages = load.vintages
    if vintages is not None and TEMPERATURE in vintages:
        fresh = _latest(vintages, origin, times).assign(temperature_c=temperature_c, issued_at=origin)
        fresh = fresh.rename_axis("valid_at").reset_index()
        old = vintages[vintages["issued_at"] < origin]
        vintages = pd.concat([old, fresh[list(vintages.columns)]], ignore_index=True)
    return replace(load, ds=ds, vintages=vintages)


def _outside(load: Load, origin: np.datetime64, changed_c: Floats) -> list[str]:
    seen = load.ds[TEMPERATURE].where(load.ds["time"] < origin)
    low, high = float(seen.min()), float(seen.max())
    off = (changed_c < low) | (changed_c > high)
    if not off.any():
        return []
    return [
        f"in {off.mean():.0%} of the intervals the changed temperature ({changed_c.min():.0f} to "
        f"{changed_c.max():.0f} °C) lies outside what the model has seen ({low:.0f} to {high:.0f} °C); "
        "there its answer is no more than what it learned at the edge"
    ]


def what_if(
    forecaster: Forecasts, load: Load, origin: np.datetime64, horizon: int, change_c: ArrayLike
) -> WhatIf:
    """Forecast twice, as foreseen and with the temperature changed, and tell the difference.

    Args:
        forecaster: fitted with weather "perfect" or "vintages".
        load: with `temperature_c`; values after the origin count as foreseen weather where the forecaster
            reads "perfect" weather.
        origin: start of the first interval forecast, UTC without zone mark.
        horizon: number of intervals.
        change_c: °C added, one number or shape (step,); see `steady` and `spell`.

    Raises:
        DataError: there is no temperature, or the forecaster does not read the weather to come.
    """
    if TEMPERATURE not in load.weather:
        raise DataError(
            "there is no temperature in it", where="load", mend="add a column with degrees Celsius"
        )
    weather = str(getattr(forecaster, "weather", "perfect"))
    if weather in ("measured", "none"):
        raise DataError(
            f"the forecaster '{forecaster.name}' does not read the weather to come (weather: {weather})",
            where="what-if",
            mend="train a second one with weather 'perfect' and ask that",
        )
    origin = origin.astype("datetime64[ns]")
    base_c, assumed = foreseen(load, origin, horizon, weather)
    changed_c = base_c + np.broadcast_to(np.asarray(change_c, dtype=np.float64), base_c.shape)
    origins = np.array([origin])
    before = forecaster.predict(with_temperature(load, origin, base_c), origins, horizon)
    after = forecaster.predict(with_temperature(load, origin, changed_c), origins, horizon)
    utc = pd.DatetimeIndex(origin + np.arange(horizon) * load.step).tz_localize("UTC")
    parts = []
    for name in load.series:
        columns: dict[str, Any] = {"temperature_c": base_c, "changed_temperature_c": changed_c}
        for prefix, array in (("", before), ("changed_", after)):
            for level in (0.1, 0.5, 0.9):
                close = array["quantile"].values[np.isclose(array["quantile"].values, level)]
                if len(close):
                    chosen = array.isel(origin=0).sel(series=name, quantile=close[0])
                    columns[f"{prefix}q{level * 100:.0f}_kw"] = chosen.to_numpy().astype(np.float64)
        times = {"series": name, "valid_from_utc": utc, "valid_from_local": utc.tz_convert(load.timezone)}
        parts.append(pd.DataFrame(times | columns))
    table = pd.concat(parts, ignore_index=True)
    table["change_kw"] = table["changed_q50_kw"] - table["q50_kw"]
    warnings = _outside(load, origin, changed_c)
    if assumed:
        warnings.append(
            f"no temperature was given for all of the horizon: the mean at the same hour of the last "
            f"{REFERENCE_DAYS} days stands in, and the change is counted from there"
        )
    return WhatIf(table, warnings)
