"""One forecaster for many series at once: global boosted trees over lags and calendar, rolled forward.

Take this above some fifty meters, where a model per meter (or nine quantile models) costs too much. One
LightGBM model learns one step ahead from all series together, each scaled by its own mean and spread, and is
rolled forward over the horizon for all series and origins in one call per step. Its quantiles are those of
what it got wrong, per step ahead, over days that it was not trained on (split conformal prediction with
scaled residuals: Lei et al. 2018, "Distribution-Free Predictive Inference for Regression").

It knows load and calendar alone: for a few series with weather beside them, `energy.trees` is sharper.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError, StoreError
from energy.data import Load

Floats = NDArray[np.float32]

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LAG_DAYS = (1, 2, 7)
LAG_STEPS = (1, 2, 3)
CALENDAR = ("hour", "day_of_week")
SHRINK = 50
"""Residuals of a series that weigh as much as the panel's mean in its own spread."""
BUFFER_VALUES = 50_000_000
"""Origins are rolled together until their past holds so many values (200 MB)."""


def calendar(times: NDArray[np.datetime64], timezone: str) -> Floats:
    """Hour of the day and day of the week (Monday 0) in local time, shape (time, 2); `times` are UTC."""
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(timezone)
    return np.stack([local.hour + local.minute / 60, local.dayofweek], axis=1).astype(np.float32)


@dataclass
class Panel:
    """Forecasts thousands of series with one model; a `Forecaster`.

    Args:
        horizon: longest horizon in steps that its quantiles are made for; None: two days.
        rounds, leaves, learning_rate, max_bin, min_leaf: of the boosting, as LightGBM names them.
        calibration_days: last days of the history, kept out of training, that give the quantiles. 0 trains
            on everything and gives the middle quantile (0.5) alone.
        threads: of LightGBM; 0: as many as there are cores.
        seed: of LightGBM; the same seed, data and threads give the same forecast.
    """

    horizon: int | None = None
    rounds: int = 200
    leaves: int = 31
    learning_rate: float = 0.1
    max_bin: int = 255
    min_leaf: int = 20
    calibration_days: int = 7
    threads: int = 0
    seed: int = 1
    name: str = "panel"
    _booster: lgb.Booster | None = field(default=None, init=False, repr=False)
    _lags: tuple[int, ...] = field(default=(), init=False, repr=False)
    _scales: dict[str, tuple[float, float, float]] = field(default_factory=dict, init=False, repr=False)
    _residuals: Floats = field(default_factory=lambda: np.zeros((0, 1), np.float32), init=False, repr=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """LightGBM's parameters, without the number of rounds."""
        return {
            "objective": "regression",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "max_bin": self.max_bin,
            "min_data_in_leaf": self.min_leaf,
            "num_threads": self.threads,
            "seed": self.seed,
            "deterministic": True,
            # Repeatable trees need one of the two; by rows trains 6 % (one thread) faster on nine features.
            "force_row_wise": True,
            "verbosity": -1,
        }

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn from the intervals that start before `until` (UTC).

        Raises:
            DataError: there is less history than the lags and the calibration need.
        """
        per_day, kept = load.steps_per_day, int((load.ds["time"].values < until).sum())
        self._lags = lags(per_day)
        horizon = self.horizon or 2 * per_day
        held_out = max(self.calibration_days * per_day, horizon) if self.calibration_days else 0
        train = kept - held_out
        if train < max(self._lags) + per_day:
            need = (max(self._lags) + per_day + held_out) / per_day
            raise DataError(
                f"there are {kept / per_day:.1f} days of history and {need:.0f} are needed",
                where="load",
                mend="bring a longer history, or calibrate on fewer days",
            )
        load_kw = _matrix(load)[:kept]
        mean, spread = _scale(load_kw[:train])
        scaled = (load_kw - mean) / spread
        times = load.ds["time"].values
        features, target = training_table(scaled[:train], calendar(times[:train], load.timezone), self._lags)
        data = lgb.Dataset(features, target, params=self.parameters, free_raw_data=True)
        self._booster = lgb.train(self.parameters, data, num_boost_round=self.rounds)
        del features, target, data
        difficulty = np.ones_like(mean)
        self._residuals = np.zeros((0, 1), np.float32)
        if held_out:
            starts = np.arange(train, kept, per_day)
            missed = self._residual(scaled, times, load, starts, horizon)
            difficulty = _difficulty(missed)
            self._residuals = _quantiles_by_step(missed / difficulty[None, None, :])
        self._scales = {
            name: (float(m), float(s), float(d))
            for name, m, s, d in zip(load.series, mean, spread, difficulty, strict=True)
        }

    def predict(self, load: Load, origins: NDArray[np.datetime64], horizon: int) -> xr.DataArray:
        """Forecast from each origin (UTC), from what was measured before it.

        Returns:
            `load_kw` in kW, shape (origin, step, series, quantile); NaN for a series without any history.

        Raises:
            DataError: not fitted, a longer horizon than it was calibrated for, an origin off the grid or
                with less than the longest lag before it.
        """
        self._check(horizon)
        load_kw, times = _matrix(load), load.ds["time"].values
        origins = np.asarray(origins, dtype="datetime64[ns]")
        starts = _positions(times, load.step, origins, max(self._lags))
        mean, spread, difficulty = self._scale_of(load, load_kw[: starts.min()])
        point = self._roll((load_kw - mean) / spread, times, load, starts, horizon)
        levels = QUANTILES if len(self._residuals) else (0.5,)
        quantiles = np.repeat(point[..., None], len(levels), axis=-1)
        if len(self._residuals):
            quantiles += difficulty[:, None] * self._residuals[None, :horizon, None, :]
        quantiles *= spread[:, None]
        quantiles += mean[:, None]
        return xr.DataArray(
            quantiles,
            dims=("origin", "step", "series", "quantile"),
            coords={
                "origin": origins,
                "step": np.arange(horizon),
                "series": load.series,
                "quantile": list(levels),
            },
            name="load_kw",
        )

    def save(self, folder: Path) -> None:
        """Write the model as LightGBM text and its scales as JSON into a folder."""
        if self._booster is None:
            raise DataError("the panel model is not fitted", mend="fit it before it is saved")
        folder.mkdir(parents=True, exist_ok=True)
        self._booster.save_model(folder / "panel.txt")
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        state = {"settings": settings, "lags": self._lags, "scales": self._scales}
        state["residuals"] = self._residuals.tolist()
        (folder / "panel.json").write_text(json.dumps(state), encoding="utf-8")

    @classmethod
    def load_from(cls, folder: Path) -> Panel:
        """Read what `save` wrote.

        Raises:
            StoreError: it is missing or cannot be read.
        """
        try:
            state = json.loads((folder / "panel.json").read_text(encoding="utf-8"))
            panel = cls(**state["settings"])
            panel._lags = tuple(int(lag) for lag in state["lags"])
            panel._scales = {str(k): (v[0], v[1], v[2]) for k, v in state["scales"].items()}
            panel._residuals = np.array(state["residuals"], np.float32).reshape(-1, len(QUANTILES))
            panel._booster = lgb.Booster(model_file=folder / "panel.txt")
        except (OSError, ValueError, KeyError, TypeError, IndexError, lgb.basic.LightGBMError) as error:
            raise StoreError(
                "the panel model cannot be read", where=str(folder), mend="train anew"
            ) from error
        return panel

    def _check(self, horizon: int) -> None:
        if self._booster is None:
            raise DataError("the panel model is not fitted", mend="fit it before it forecasts")
        if len(self._residuals) and horizon > len(self._residuals):
            raise DataError(
                f"its quantiles reach {len(self._residuals)} steps and {horizon} were asked for",
                where="horizon",
                mend=f"fit with horizon={horizon}",
            )

    def _scale_of(self, load: Load, past: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean, spread and difficulty of every series; new series take theirs from what is known of them."""
        mean, spread = _scale(past)
        usual = float(np.median([d for *_, d in self._scales.values()]))
        difficulty = np.full_like(mean, usual)
        for i, name in enumerate(load.series):
            if name in self._scales and np.isfinite(self._scales[name][0]):
                mean[i], spread[i], difficulty[i] = self._scales[name]
        return mean, spread, difficulty

    def _roll(
        self,
        scaled: Floats,
        times: NDArray[np.datetime64],
        load: Load,
        starts: NDArray[np.int64],
        horizon: int,
    ) -> Floats:
        """Scaled point forecast, shape (origin, step, series): every step is fed with those before it."""
        assert self._booster is not None
        depth, n_series = max(self._lags), scaled.shape[1]
        ahead = (times[0] + starts * load.step)[:, None] + np.arange(horizon) * load.step
        dates = calendar(ahead.ravel(), load.timezone).reshape(len(starts), horizon, len(CALENDAR))
        together = max(1, BUFFER_VALUES // ((depth + horizon) * n_series))
        out = np.empty((len(starts), horizon, n_series), np.float32)
        for first in range(0, len(starts), together):
            some = starts[first : first + together]
            past = np.empty((depth + horizon, len(some), n_series), np.float32)
            for i, start in enumerate(some):
                past[:depth, i] = scaled[start - depth : start]
            features = np.empty(
                (len(some) * n_series, len(self._lags) + len(CALENDAR)), np.float32, order="F"
            )
            for step in range(horizon):
                for j, lag in enumerate(self._lags):
                    features[:, j] = past[depth + step - lag].ravel()
                for j in range(len(CALENDAR)):
                    features[:, len(self._lags) + j] = np.repeat(
                        dates[first : first + together, step, j], n_series
                    )
                ahead_kw = np.asarray(self._booster.predict(features, num_threads=self.threads))
                past[depth + step] = ahead_kw.reshape(len(some), n_series)
            out[first : first + together] = past[depth:].transpose(1, 0, 2)
        out[:, :, np.isnan(scaled[: starts.min()]).all(axis=0)] = np.nan
        return out

    def _residual(
        self,
        scaled: Floats,
        times: NDArray[np.datetime64],
        load: Load,
        starts: NDArray[np.int64],
        horizon: int,
    ) -> Floats:
        """What the held-out days showed minus the forecast, scaled; (origin, step, series), NaN: unknown."""
        residual = -self._roll(scaled, times, load, starts, horizon)
        for i, start in enumerate(starts):
            seen = scaled[start : start + horizon]
            residual[i, : len(seen)] += seen
            residual[i, len(seen) :] = np.nan
        return residual


def lags(steps_per_day: int) -> tuple[int, ...]:
    """Lags in steps: the last three steps, the same time 1, 2 and 7 days ago, yesterday one earlier."""
    days = [d * steps_per_day for d in LAG_DAYS]
    return tuple(sorted({*LAG_STEPS, *days, steps_per_day + 1}))


def training_table(scaled: Floats, dates: Floats, lag_steps: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Features (row, feature) in column order, and the target (row,), for one step ahead.

    The series lie beside each other in memory, so a lag of all of them is one contiguous copy of the same
    block further up, and LightGBM takes the column-ordered float32 as it is. Rows whose target is unknown
    are left out; unknown lags stay NaN, which the trees have their own branch for.
    """
    n, n_series = scaled.shape
    deepest = max(lag_steps)
    rows = (n - deepest) * n_series
    features = np.empty((rows, len(lag_steps) + dates.shape[1]), np.float32, order="F")
    flat = np.ascontiguousarray(scaled).ravel()
    for j, lag in enumerate(lag_steps):
        begin = (deepest - lag) * n_series
        features[:, j] = flat[begin : begin + rows]
    for j in range(dates.shape[1]):
        features[:, len(lag_steps) + j] = np.repeat(dates[deepest:, j], n_series)
    target = flat[deepest * n_series :]
    known = np.isfinite(target)
    if not known.all():
        features, target = np.asfortranarray(features[known]), target[known]
    return features, target


def _matrix(load: Load) -> Floats:
    return load.ds["load_kw"].transpose("time", "series").values.astype(np.float32, copy=False)


def _scale(load_kw: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column, NaN left out; 1 where a column never changes."""
    known = np.isfinite(load_kw)
    count = np.maximum(known.sum(axis=0), 1)
    filled = load_kw if known.all() else np.where(known, load_kw, 0)
    mean = filled.sum(axis=0, dtype=np.float64) / count
    spread = np.sqrt(
        np.maximum(np.square(filled - mean, where=known, out=np.zeros(load_kw.shape)).sum(0), 0) / count
    )
    mean[~known.any(axis=0)] = np.nan
    spread[spread < 1e-6 * np.maximum(np.abs(mean), 1e-6)] = 1.0
    return mean.astype(np.float32), spread.astype(np.float32)


def _difficulty(missed: Floats) -> Floats:
    """Mean absolute residual per series, drawn towards the panel's where there are few of them."""
    size, known = np.abs(missed), np.isfinite(missed)
    overall = float(size[known].mean())
    return ((np.where(known, size, 0).sum((0, 1)) + SHRINK * overall) / (known.sum((0, 1)) + SHRINK)).astype(
        np.float32
    )


def _quantiles_by_step(missed: Floats) -> Floats:
    pooled = missed.transpose(1, 0, 2).reshape(missed.shape[1], -1)
    return np.nanquantile(pooled, QUANTILES, axis=1).T.astype(np.float32)


def _positions(
    times: NDArray[np.datetime64], step: np.timedelta64, origins: NDArray[np.datetime64], deepest: int
) -> NDArray[np.int64]:
    """Where the origins lie on the grid; one step past its end is a fresh forecast."""
    steps, rest = np.divmod(origins - times[0], step)
    if (rest != np.timedelta64(0, "ns")).any() or (steps > len(times)).any() or (steps < deepest).any():
        raise DataError(
            f"an origin is not a full step of the load, or has fewer than {deepest} steps before it",
            where="origins",
            mend=f"choose origins between {times[0] + deepest * step} and {times[-1] + step} UTC",
        )
    return np.asarray(steps, dtype=np.int64)
