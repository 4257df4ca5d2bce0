"""How good forecasts of past origins were: one row a model, in kW and against repeating last week."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common import calibration
from energy.data import Load

Floats = NDArray[np.float64]

COLUMNS = ("model", "mae_kw", "mase", "pinball_kw", "coverage80", "width80_kw", "peak_hour_error_kw")


def mase_scale_kw(load: Load, until: np.datetime64) -> Floats:
    """Mean absolute change from one week to the next before `until`, kW, shape (series,).

    The denominator of MASE (Hyndman and Koehler 2006) with a season of a week; NaN where nothing is known.
    """
    values = load.ds["load_kw"].transpose("time", "series").values.astype(np.float64)
    values = values[load.ds["time"].values < until]
    week = 7 * load.steps_per_day
    if len(values) <= week:
        return np.full(values.shape[1], np.nan)
    change = np.abs(values[week:] - values[:-week])
    known = np.isfinite(change)
    total = np.where(known, change, 0).sum(axis=0)
    count = known.sum(axis=0)
    scale = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.where(scale > 0, scale, np.nan)


def score(name: str, forecast: xr.DataArray, truth: xr.DataArray, scale_kw: Floats) -> dict[str, object]:
    """Scores of one model over all origins, steps and series whose truth is known.

    Args:
        name: for the table.
        forecast: dims (origin, step, series, quantile), kW.
        truth: dims (origin, step, series), kW, NaN where unknown.
        scale_kw: `mase_scale_kw`, shape (series,).

    Returns:
        A row with COLUMNS: mean absolute error of the median; MASE, mean over the series; mean pinball loss
        over the quantiles; share of the truth in the 10 % to 90 % interval and that interval's mean width
        (NaN for a point forecast); mean absolute error of the median at each origin's highest interval.
    """
    forecast = forecast.transpose("origin", "step", "series", "quantile")
    values, levels = forecast.values, forecast["quantile"].values
    seen = truth.transpose("origin", "step", "series").values
    low, middle, high = (int(np.abs(levels - level).argmin()) for level in (0.1, 0.5, 0.9))
    known = np.isfinite(seen) & np.isfinite(values).all(axis=-1)
    if not known.any():
        return dict.fromkeys(COLUMNS, np.nan) | {"model": name}
    off = np.where(known, seen - values[..., middle], np.nan)
    mae = np.nanmean(np.abs(off))
    with np.errstate(invalid="ignore"):
        per_series = np.abs(np.where(known, off, 0)).sum((0, 1)) / np.maximum(known.sum((0, 1)), 1)
        mase = per_series / scale_kw
    pinball = calibration.pinball(values, seen, levels)[known].mean()
    inside = (seen >= values[..., low]) & (seen <= values[..., high])
    peaks = np.where(known, seen, -np.inf)
    any_known = known.any(axis=1)
    at_peak = np.take_along_axis(np.abs(off), peaks.argmax(axis=1)[:, None], axis=1)[:, 0]
    point = len(levels) == 1
    return {
        "model": name,
        "mae_kw": float(mae),
        "mase": float(np.nanmean(mase)) if np.isfinite(mase).any() else np.nan,
        "pinball_kw": float(pinball),
        "coverage80": np.nan if point else float(inside[known].mean()),
        "width80_kw": np.nan if point else float((values[..., high] - values[..., low])[known].mean()),
        "peak_hour_error_kw": float(at_peak[any_known].mean()),
    }


def accuracy(forecasts: Mapping[str, xr.DataArray], truth: xr.DataArray, scale_kw: Floats) -> pd.DataFrame:
    """The result's table `accuracy`: a row a model, in the order given."""
    return pd.DataFrame(
        [score(name, forecast, truth, scale_kw) for name, forecast in forecasts.items()],
        columns=list(COLUMNS),
    )


def by_hour(forecast: xr.DataArray, truth: xr.DataArray, step: np.timedelta64, timezone: str) -> pd.DataFrame:
    """Coverage of the 80 % interval and mean absolute error by local hour, a row an hour.

    Returns:
        Columns hour_local, intervals, coverage80, mae_kw.
    """
    forecast = forecast.transpose("origin", "step", "series", "quantile")
    levels = forecast["quantile"].values
    low, middle, high = (int(np.abs(levels - level).argmin()) for level in (0.1, 0.5, 0.9))
    values, seen = forecast.values, truth.transpose("origin", "step", "series").values
    times = forecast["origin"].values[:, None] + np.arange(values.shape[1]) * step
    hours = pd.DatetimeIndex(times.ravel()).tz_localize("UTC").tz_convert(timezone).hour
    frame = pd.DataFrame(
        {
            "hour_local": np.repeat(hours, values.shape[2]),
            "inside": ((seen >= values[..., low]) & (seen <= values[..., high])).ravel().astype(float),
            "off": np.abs(seen - values[..., middle]).ravel(),
        }
    ).dropna()
    found = frame.groupby("hour_local").agg(
        intervals=("off", "size"), coverage80=("inside", "mean"), mae_kw=("off", "mean")
    )
    return found.reset_index()
