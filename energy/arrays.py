"""From arrays by origin and step to tidy tables of a result, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from energy.predictive import quantile_columns

if TYPE_CHECKING:
    from energy.backtest import Backtest
    from energy.data import Load

HISTORY_DAYS = 14


def as_forecast(
    values_kw: NDArray[np.floating[Any]],
    origins: NDArray[np.datetime64],
    series: Sequence[str],
    levels: Sequence[float],
) -> xr.DataArray:
    """What every forecaster returns, from plain values.

    Args:
        values_kw: shape (origin, step, series, quantile), kW, ascending along the quantiles.
        origins: starts of the first intervals forecast, UTC without zone mark.
        series: ids of the meters.
        levels: of the quantiles.
    """
    return xr.DataArray(
        values_kw,
        dims=("origin", "step", "series", "quantile"),
        coords={
            "origin": origins,
            "step": np.arange(values_kw.shape[1]),
            "series": list(series),
            "quantile": list(levels),
        },
        name="load_kw",
    )


def truth_of(load: Load, origins: NDArray[np.datetime64], horizon: int) -> xr.DataArray:
    """What came true after each origin, dims (origin, step, series), kW, NaN where unknown."""
    values = load.ds["load_kw"].transpose("time", "series").values
    start = ((origins - load.ds["time"].values[0]) / load.step).astype(np.int64)
    at = start[:, None] + np.arange(horizon)
    inside = (at >= 0) & (at < len(values))
    seen = np.where(inside[..., None], values[np.where(inside, at, 0)], np.nan)
    coords = {"origin": origins, "step": np.arange(horizon), "series": load.series}
    return xr.DataArray(seen, dims=tuple(coords), coords=coords, name="load_kw")


def forecast_table(ahead: xr.DataArray, step: np.timedelta64, timezone: str) -> pd.DataFrame:
    """A forecast as the result's table `forecast`.

    Returns:
        Rows by series and time: series, origin_utc, valid_from_utc, valid_from_local, q10_kw, ....
    """
    ordered = ahead.transpose("origin", "series", "step", "quantile")
    count, n_series, n_steps, _ = ordered.shape
    origins = np.repeat(ordered["origin"].values, n_series * n_steps)
    valid = origins + np.tile(ordered["step"].values * step, count * n_series)
    utc = pd.DatetimeIndex(valid, tz="UTC")
    table = pd.DataFrame(
        {
            "series": np.tile(np.repeat(ordered["series"].values.astype(str), n_steps), count),
            "origin_utc": pd.DatetimeIndex(origins, tz="UTC"),
            "valid_from_utc": utc,
            "valid_from_local": utc.tz_convert(timezone),
        }
    )
    flat = ordered.values.reshape(-1, ordered.shape[-1])
    for i, level in enumerate(ordered["quantile"].values):
        table[f"q{round(float(level) * 100, 4):g}_kw"] = flat[:, i].astype(np.float64)
    return table


def forecast_array(table: pd.DataFrame) -> xr.DataArray:
    """The table `forecast` as dims (origin, step, series, quantile), kW; the other way round."""
    columns, levels = quantile_columns(table)
    names = list(dict.fromkeys(table["series"]))
    origins = table["origin_utc"].drop_duplicates()
    values = table[columns].to_numpy(float).reshape(len(origins), len(names), -1, len(levels))
    return xr.DataArray(
        values.transpose(0, 2, 1, 3),
        dims=("origin", "step", "series", "quantile"),
        coords={
            "origin": origins.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[ns]"),
            "step": range(values.shape[2]),
            "series": names,
            "quantile": levels,
        },
        name="load_kw",
    )


def history_table(load: Load, origin: np.datetime64) -> pd.DataFrame:
    """The last two weeks that were measured: series, valid_from_utc, valid_from_local, load_kw."""
    part = load.ds["load_kw"].transpose("series", "time")
    recent = part.sel(time=part["time"] >= origin - HISTORY_DAYS * load.steps_per_day * load.step)
    recent = recent.sel(time=recent["time"] < origin)
    utc = pd.DatetimeIndex(np.tile(recent["time"].values, len(load.series)), tz="UTC")
    return pd.DataFrame(
        {
            "series": np.repeat(load.series, recent.sizes["time"]),
            "valid_from_utc": utc,
            "valid_from_local": utc.tz_convert(load.timezone),
            "load_kw": recent.values.ravel().astype(np.float64),
        }
    )


def backtest_table(past: Backtest, step: np.timedelta64) -> pd.DataFrame:
    """The scored past forecasts with what came true: as `forecast_table`, and load_kw."""
    ahead, truth = past.scored()
    table = forecast_table(ahead, step, "UTC").drop(columns="valid_from_local")
    table["load_kw"] = truth.transpose("origin", "series", "step").values.ravel()
    return table.dropna(subset=["load_kw"]).reset_index(drop=True)
