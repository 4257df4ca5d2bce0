"""One forecaster for many series at once: global boosted trees over lags and calendar, rolled forward.

Take this above some fifty meters, where a model per meter (or nine quantile models) costs too much. One
LightGBM model learns, from all series together, how far the next step is from an anchor, the mean of the same
time yesterday and last week, in units of how far each series usually is; so a meter that grows or shrinks
stays in range. It is rolled forward over the horizon for all series and origins in one call a step. Its
quantiles are those of what it got wrong, per step ahead, over days that it was not trained on (split
conformal prediction with scaled residuals: Lei et al. 2018, "Distribution-Free Predictive Inference for
Regression").

It knows load and calendar alone: for a few series with weather beside them, `energy.trees` is sharper.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError, StoreError
from common.store import atomic_write
from energy.arrays import as_forecast
from energy.data import Load
from energy.predictive import QUANTILES

Floats = NDArray[np.float32]

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
        anchor_days: days back, at most 7, whose mean at the same time is the anchor.
        yesterday: also tells the trees how far yesterday was from last week, at the time to be forecast.
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
    anchor_days: tuple[int, ...] = (1, 7)
    yesterday: bool = True
    threads: int = 0
    seed: int = 1
    name: str = "panel"
    weather: str = "none"
    _booster: lgb.Booster | None = field(default=None, init=False, repr=False)
    _lags: tuple[int, ...] = field(default=(), init=False, repr=False)
    _scales: dict[str, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)
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
        reach = self._reach(per_day)
        self._lags = lags(per_day)
        horizon = self.horizon or 2 * per_day
        held_out = max(self.calibration_days * per_day, horizon) if self.calibration_days else 0
        train = kept - held_out
        if train < max(self._lags) + reach + per_day:
            need = (max(self._lags) + reach + per_day + held_out) / per_day
            raise DataError(
                f"there are {kept / per_day:.1f} days of history and {need:.0f} are needed",
                where="load",
                mend="bring a longer history, or calibrate on fewer days",
            )
        load_kw, times = _matrix(load)[:kept], load.ds["time"].values
        filled_kw = _filled(load_kw, per_day)
        change_kw = load_kw[reach:train] - self._anchor_kw(filled_kw[:train], per_day)
        spread_kw = _spread(change_kw)
        beside = []
        if self.yesterday:
            yesterday_kw = filled_kw[reach - per_day : train - per_day]
            beside = [(yesterday_kw - filled_kw[reach - 7 * per_day : train - 7 * per_day]) / spread_kw]
        features, target = training_table(
            change_kw / spread_kw,
            calendar(times[reach:train], load.timezone),
            self._lags,
            beside,
        )
        data = lgb.Dataset(features, target, params=self.parameters, free_raw_data=True)
        self._booster = lgb.train(self.parameters, data, num_boost_round=self.rounds)
        del features, target, data, beside, change_kw
        difficulty = np.ones_like(spread_kw)
        self._residuals = np.zeros((0, 1), np.float32)
        if held_out:
            starts = np.arange(train, kept, per_day)
            missed = (
                _missed(load_kw, self._roll(load_kw, spread_kw, load, starts, horizon), starts) / spread_kw
            )
            difficulty = _difficulty(missed)
            self._residuals = _quantiles_by_step(missed / difficulty)
        self._scales = {
            name: (float(s), float(d)) for name, s, d in zip(load.series, spread_kw, difficulty, strict=True)
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
        reach = self._reach(load.steps_per_day)
        starts = _positions(times, load.step, origins, max(self._lags) + reach)
        spread_kw, difficulty = self._scale_of(load, load_kw[: starts.min()])
        point_kw = self._roll(load_kw, spread_kw, load, starts, horizon)
        levels = QUANTILES if len(self._residuals) else (0.5,)
        quantiles = np.repeat(point_kw[..., None], len(levels), axis=-1)
        if len(self._residuals):
            quantiles += (difficulty * spread_kw)[:, None] * self._residuals[None, :horizon, None, :]
        return as_forecast(quantiles, origins, load.series, levels)

    def save(self, folder: Path) -> None:
        """Write the model as LightGBM text and its scales as JSON into a folder."""
        if self._booster is None:
            raise DataError("the panel model is not fitted", mend="fit it before it is saved")
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / "panel.txt", self._booster.model_to_string())
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        state = {"settings": settings, "lags": self._lags, "scales": self._scales}
        state["residuals"] = self._residuals.tolist()
        atomic_write(folder / "panel.json", json.dumps(state))

    @classmethod
    def load_from(cls, folder: Path) -> Panel:
        """Read what `save` wrote, from a folder that `common.store.open_model` has checked.

        Raises:
            StoreError: it is missing or cannot be read.
        """
        try:
            state = json.loads((folder / "panel.json").read_text(encoding="utf-8"))
            panel = cls(**state["settings"])
            panel._lags = tuple(int(lag) for lag in state["lags"])
            panel._scales = {str(k): (v[0], v[1]) for k, v in state["scales"].items()}
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

    def _scale_of(self, load: Load, past_kw: Floats) -> tuple[Floats, Floats]:
        """Spread and difficulty of every series; new series take theirs from what is known of them."""
        per_day = load.steps_per_day
        spread_kw = _spread(past_kw[self._reach(per_day) :] - self._anchor_kw(past_kw, per_day))
        usual = float(np.median([d for _, d in self._scales.values()]))
        difficulty = np.full_like(spread_kw, usual)
        for i, name in enumerate(load.series):
            if name in self._scales and np.isfinite(self._scales[name][0]):
                spread_kw[i], difficulty[i] = self._scales[name]
        return spread_kw, difficulty

    def _reach(self, per_day: int) -> int:
        """How many steps back the anchor and the look at last week reach."""
        return max(*self.anchor_days, 7 if self.yesterday else 1) * per_day

    def _anchor_kw(self, filled_kw: Floats, per_day: int) -> Floats:
        """Mean of the same time on the anchor days, for every step from `_reach` on."""
        reach, n = self._reach(per_day), len(filled_kw)
        days = [filled_kw[reach - d * per_day : n - d * per_day] for d in self.anchor_days]
        return np.asarray(sum(days[1:], start=days[0]) / np.float32(len(days)))

    def _roll(
        self, load_kw: Floats, spread_kw: Floats, load: Load, starts: NDArray[np.int64], horizon: int
    ) -> Floats:
        """Point forecast in kW, shape (origin, step, series): every step is fed with those before it."""
        assert self._booster is not None
        deepest, n_series, per_day = max(self._lags), load_kw.shape[1], load.steps_per_day
        reach = self._reach(per_day)
        ahead = (load.ds["time"].values[0] + starts * load.step)[:, None] + np.arange(horizon) * load.step
        dates = calendar(ahead.ravel(), load.timezone).reshape(len(starts), horizon, len(CALENDAR))
        together = max(1, BUFFER_VALUES // ((reach + deepest + horizon) * n_series))
        out = np.empty((len(starts), horizon, n_series), np.float32)
        for first in range(0, len(starts), together):
            some = starts[first : first + together]
            shape = (len(some), n_series)
            level_kw = np.empty((reach + horizon, *shape), np.float32)
            past = np.empty((deepest + horizon, *shape), np.float32)
            for i, start in enumerate(some):
                known_kw = load_kw[start - reach - deepest : start]
                filled_kw = _filled(known_kw, per_day)
                level_kw[:reach, i] = filled_kw[deepest:]
                change_kw = known_kw[reach:] - self._anchor_kw(filled_kw, per_day)
                past[:deepest, i] = change_kw / spread_kw
            n_features = len(self._lags) + len(CALENDAR) + self.yesterday
            features = np.empty((len(some) * n_series, n_features), np.float32, order="F")
            for step in range(horizon):
                for j, lag in enumerate(self._lags):
                    features[:, j] = past[deepest + step - lag].ravel()
                for j in range(len(CALENDAR)):
                    date = dates[first : first + together, step, j]
                    features[:, len(self._lags) + j] = np.repeat(date, n_series)
                at = reach + step
                anchor_kw = self._anchor_kw(level_kw[step : at + 1], per_day)[0]
                if self.yesterday:
                    week_kw = level_kw[at - per_day] - level_kw[at - 7 * per_day]
                    features[:, -1] = (week_kw / spread_kw).ravel()
                change = np.asarray(self._booster.predict(features, num_threads=self.threads))
                past[deepest + step] = change.reshape(shape)
                level_kw[at] = anchor_kw + past[deepest + step] * spread_kw
            out[first : first + together] = level_kw[reach:].transpose(1, 0, 2)
        return out


def lags(steps_per_day: int) -> tuple[int, ...]:
    """Lags in steps: the last three steps, the same time 1, 2 and 7 days ago, yesterday one earlier."""
    days = [d * steps_per_day for d in LAG_DAYS]
    return tuple(sorted({*LAG_STEPS, *days, steps_per_day + 1}))


def training_table(
    scaled: Floats, dates: Floats, lag_steps: tuple[int, ...], beside: Sequence[Floats] = ()
) -> tuple[Floats, Floats]:
    """Features (row, feature) in column order, and the target (row,), for one step ahead.

    Args:
        scaled: what is forecast, shape (time, series).
        dates: calendar, shape (time, feature).
        lag_steps: ascending.
        beside: further features, each of shape (time, series).

    The series lie beside each other in memory, so a lag of all of them is one contiguous copy of the same
    block further up, and LightGBM takes the column-ordered float32 as it is. Rows whose target is unknown
    are left out; unknown lags stay NaN, which the trees have their own branch for.
    """
    n, n_series = scaled.shape
    deepest = max(lag_steps)
    rows = (n - deepest) * n_series
    features = np.empty((rows, len(lag_steps) + dates.shape[1] + len(beside)), np.float32, order="F")
    flat = np.ascontiguousarray(scaled).ravel()
    for j, lag in enumerate(lag_steps):
        begin = (deepest - lag) * n_series
        features[:, j] = flat[begin : begin + rows]
    for j in range(dates.shape[1]):
        features[:, len(lag_steps) + j] = np.repeat(dates[deepest:, j], n_series)
    for j, more in enumerate(beside, start=len(lag_steps) + dates.shape[1]):
        features[:, j] = more[deepest:].ravel()
    target = flat[deepest * n_series :]
    known = np.isfinite(target)
    if not known.all():
        features, target = np.asfortranarray(features[known]), target[known]
    return features, target


def _matrix(load: Load) -> Floats:
    return load.ds["load_kw"].transpose("time", "series").values.astype(np.float32, copy=False)


def _filled(load_kw: Floats, per_day: int) -> Floats:
    """The load with gaps filled from last week, else from yesterday; NaN where neither is known."""
    gaps = np.isnan(load_kw)
    if not gaps.any():
        return load_kw
    filled = load_kw.copy()
    for i in np.flatnonzero(gaps.any(axis=1)):
        for back in (7 * per_day, per_day):
            if i >= back:
                filled[i] = np.where(np.isnan(filled[i]), filled[i - back], filled[i])
    return filled


def _spread(change_kw: Floats) -> Floats:
    """Root mean square of each column in kW; 1 where a column never changes, NaN where nothing is known."""
    known = np.isfinite(change_kw)
    total = np.square(change_kw if known.all() else np.where(known, change_kw, 0)).sum(0, dtype=np.float64)
    count = known.sum(axis=0)
    spread = np.sqrt(total / np.maximum(count, 1))
    return np.where(count == 0, np.nan, np.where(spread > 0, spread, 1)).astype(np.float32)


def _missed(load_kw: Floats, point_kw: Floats, starts: NDArray[np.int64]) -> Floats:
    """What came true minus the forecast in kW, (origin, step, series); NaN where it is unknown."""
    missed = np.full_like(point_kw, np.nan)
    for i, start in enumerate(starts):
        seen = load_kw[start : start + point_kw.shape[1]]
        missed[i, : len(seen)] = seen - point_kw[i, : len(seen)]
    return missed


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
