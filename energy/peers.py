"""What others offer, run beside the pilot's own forecast in an evaluation when it is installed.

mlforecast (Nixtla) with LightGBM: one recursive model over lags and calendar, as its users set it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from typing import Protocol

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from energy.arrays import as_forecast
from energy.data import Load

LAG_DAYS = (1, 2, 7)
ROUNDS, LEAVES, LEARNING_RATE = 300, 31, 0.05


class Peer(Protocol):
    """Another library's forecaster."""

    name: str

    def forecast(
        self,
        load: Load,
        until: np.datetime64,
        origins: NDArray[np.datetime64],
        horizon: int,
        threads: int,
    ) -> xr.DataArray:
        """Fit on what lies before `until`, forecast from each origin; dims as every forecaster's."""


def peers() -> list[Peer]:
    """Those whose library is installed."""
    return [MLForecastTrees()] if util.find_spec("mlforecast") else []


@dataclass
class MLForecastTrees:
    """mlforecast with LightGBM: point forecasts only, so its quantiles are all its one line."""

    name: str = "mlforecast (LightGBM)"

    def forecast(
        self,
        load: Load,
        until: np.datetime64,
        origins: NDArray[np.datetime64],
        horizon: int,
        threads: int,
    ) -> xr.DataArray:
        """See `Peer.forecast`; gaps are filled as its users must: forward."""
        import lightgbm as lgb
        from mlforecast import MLForecast

        day = load.steps_per_day
        values = load.ds["load_kw"].transpose("time", "series").values
        frame = pd.DataFrame(values, index=load.ds["time"].values, columns=load.series).ffill().bfill()
        minutes = int(load.step / np.timedelta64(1, "m"))
        model = MLForecast(
            models={
                "m": lgb.LGBMRegressor(
                    n_estimators=ROUNDS,
                    num_leaves=LEAVES,
                    learning_rate=LEARNING_RATE,
                    n_jobs=threads or -1,
                    verbosity=-1,
                )
            },
            freq=f"{minutes}min",
            lags=[1, 2, 3, *(d * day for d in LAG_DAYS)],
            date_features=["hour", "minute", "dayofweek"],
        )
        long = frame.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")
        model.fit(long[long["ds"] < until])
        out = np.empty((len(origins), horizon, len(load.series)))
        for i, origin in enumerate(origins):
            known = long[(long["ds"] < origin) & (long["ds"] >= origin - 9 * day * load.step)]
            found = model.predict(horizon, new_df=known)
            out[i] = found.pivot(index="ds", columns="unique_id", values="m")[load.series].to_numpy()
        return as_forecast(out[..., None], origins, load.series, [0.5])
