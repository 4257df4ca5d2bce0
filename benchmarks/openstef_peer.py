"""OpenSTEF 4 in an environment of its own: fit its presets once, forecast from every origin, write one file.

`energy_dayahead.py` starts this with a Python 3.12 or later that has openstef, which the project's own
environment (Python 3.11) cannot hold; nothing of the project is imported here. The presets run with their
default settings: given are only what a user has to say, the place, the step, the horizon and the quantiles.
With one horizon of a day they see load from one to 14 days before each half-hour, nothing newer. The index is
local time, because their holidays and hours of the day are read off it.

    python benchmarks/openstef_peer.py SERIES.parquet FORECASTS.npz
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from openstef_core.datasets import TimeSeriesDataset
from openstef_core.types import LeadTime, Q
from openstef_models.presets import ForecastingWorkflowConfig, create_forecasting_workflow
from openstef_models.presets.forecasting_workflow import Coordinate, Latitude, LocationConfig, Longitude
from openstef_models.workflows.custom_forecasting_workflow import CustomForecastingWorkflow

HISTORY = timedelta(days=15)
"""Load handed over before an origin: the presets' longest lag is 14 days."""
VARIANTS = {
    "xgboost": ("xgboost", "actual"),
    "gblinear": ("gblinear", "actual"),
    "xgboost_yesterday": ("xgboost", "yesterday"),
}
"""Key in the file: the preset, and what stands for the forecast of the weather it expects."""


def workflow(
    preset: str, quantiles: list[float], step: timedelta, horizon: timedelta
) -> CustomForecastingWorkflow:
    """A preset with default settings for Melbourne; no store of models, so that every run fits anew."""
    place = LocationConfig(
        name="victoria",
        coordinate=Coordinate(latitude=Latitude(-37.81), longitude=Longitude(144.96)),
        country_code="AU",
    )
    config = ForecastingWorkflowConfig(
        model_id=f"victoria_{preset}",
        model=preset,
        quantiles=[Q(level) for level in quantiles],
        sample_interval=step,
        horizons=[LeadTime(horizon)],
        location=place,
        mlflow_storage=None,
    )
    return create_forecasting_workflow(config)


def forecasts(
    series: pd.DataFrame, preset: str, weather: str, quantiles: list[float], horizon: int
) -> tuple[np.ndarray, float, float]:
    """Learn from the rows before the first origin, then forecast from each.

    Args:
        series: indexed by local time in even steps, with `load`, `temperature`, and `origin`: whether a
            forecast starts at the row.
        preset: name of OpenSTEF's model.
        weather: "actual" gives the temperature that came, a leak and so an upper bound; "yesterday" gives
            that of the same time a day before, in training too, so that the model learns how far to trust it.
        quantiles: levels, ascending.
        horizon: steps of a forecast, at most a day, or yesterday's temperature would not be known.

    Returns:
        Shape (origin, step, quantile) in the unit of `load`; seconds of the fit; seconds of all forecasts.
    """
    step = (series.index[1] - series.index[0]).to_pytimedelta()
    frame = series[["load", "temperature"]]
    if weather == "yesterday":
        frame = frame.assign(temperature=frame["temperature"].shift(timedelta(days=1) // step))
        frame = frame.dropna(subset=["temperature"])
    origins = series.index[series["origin"]]
    model = workflow(preset, quantiles, step, horizon * step)
    begin = time.perf_counter()
    model.fit(TimeSeriesDataset(frame[frame.index < origins[0]], sample_interval=step))
    fitted = time.perf_counter()
    parts = []
    for origin in origins:
        window = frame[(frame.index >= origin - HISTORY) & (frame.index < origin + horizon * step)]
        window = window.assign(load=window["load"].where(window.index < origin))
        found = model.predict(TimeSeriesDataset(window, sample_interval=step), forecast_start=origin)
        ahead = found.data.loc[found.data.index >= origin]
        if len(ahead) != horizon:
            raise RuntimeError(f"{preset}: {len(ahead)} steps forecast from {origin}, not {horizon}")
        parts.append(ahead[[Q(level).format() for level in quantiles]].to_numpy(np.float64))
    return np.stack(parts), fitted - begin, time.perf_counter() - fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "series", type=Path, help="parquet with time (UTC), load, temperature (°C) and origin (bool)"
    )
    parser.add_argument("forecasts", type=Path, help="npz to write: a key a variant, and its two seconds")
    parser.add_argument("--timezone", default="Australia/Melbourne", help="whose calendar the load follows")
    parser.add_argument("--horizon", type=int, default=48, help="steps of a forecast (default: 48)")
    parser.add_argument("--quantiles", type=float, nargs="+", default=[k / 10 for k in range(1, 10)])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    options = parser.parse_args()
    series = pd.read_parquet(options.series).set_index("time")
    series.index = pd.DatetimeIndex(series.index).tz_localize("UTC").tz_convert(options.timezone)
    written: dict[str, np.ndarray] = {}
    for key in options.variants:
        values, fit_s, predict_s = forecasts(series, *VARIANTS[key], options.quantiles, options.horizon)
        written |= {key: values, f"{key}_seconds": np.array([fit_s, predict_s])}
        print(f"openstef {key}: fit {fit_s:.0f} s, forecasts {predict_s:.0f} s", file=sys.stderr, flush=True)
    np.savez(options.forecasts, **written)


if __name__ == "__main__":
    main()
