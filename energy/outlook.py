"""Weather after the origin, as far as a forecaster may know it: nothing, a forecast, or what came true.

Where nobody gives a weather forecast, one is made from the measured weather itself: a ridge regression of the
next steps on the last days, each as its difference to the last seven days' mean at the same time. For
temperature its error is some two thirds of that of "as yesterday"; the load model learns from such forecasts
of days that they were not fitted on, so it learns how far they can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import DataError
from energy.data import Load

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTY = 60.0
DAYS_BACK = 8
LEAST_ISSUED = 7
"""Origins with a whole weather forecast, from whose errors those of earlier days are made up."""
WEATHER = ("measured", "vintages", "perfect", "none")


@dataclass
class Outlook:
    """A ridge forecast of one weather variable.

    Attributes:
        mean, spread: of the inputs, shape (input,).
        weights: shape (input, step).
        intercept: shape (step,).
    """

    mean: Floats
    spread: Floats
    weights: Floats
    intercept: Floats

    @classmethod
    def fit(cls, inputs: Floats, target: Floats) -> Outlook:
        """Learn from inputs (origin, input) and what came true (origin, step), NaN where unknown."""
        mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
        spread = np.where(spread > 1e-9, spread, np.inf)
        scaled = (inputs - mean) / spread
        intercept = np.nan_to_num(np.nanmean(target, axis=0)) if len(target) else np.zeros(target.shape[1])
        # A gap counts as the usual: it neither teaches nor misleads much.
        change = np.nan_to_num(target - intercept)
        gram = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
        return cls(mean, spread, np.linalg.solve(gram, scaled.T @ change), intercept)

    def __call__(self, inputs: Floats) -> Floats:
        """Forecast differences to the usual, shape (origin, step)."""
        return np.asarray((inputs - self.mean) / self.spread @ self.weights + self.intercept)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        spread = np.where(np.isfinite(self.spread), self.spread, -1.0)
        return {
            "mean": self.mean.tolist(),
            "spread": spread.tolist(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept.tolist(),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Outlook:
        """Read it back."""
        spread = np.array(plain["spread"], float)
        return cls(
            np.array(plain["mean"], float),
            np.where(spread < 0, np.inf, spread),
            np.array(plain["weights"], float),
            np.array(plain["intercept"], float),
        )


def seen(
    values: Floats, origins: Ints, per_day: int, horizon: int, time_of_year: Floats
) -> tuple[Floats, Floats]:
    """Inputs of an outlook, and the usual that it counts from.

    Args:
        values: one weather variable on the grid, shape (time,); NaN where unknown.
        origins: positions; nothing at or after them is read.
        per_day: steps in 24 hours.
        horizon: steps ahead.
        time_of_year: angle in radians of each origin, shape (origin,); empty where a year is not known.

    Returns:
        Shapes (origin, input) and (origin, horizon).
    """
    places = origins[:, None] + np.arange(-DAYS_BACK * per_day, 0)
    past = np.where(places >= 0, values[np.clip(places, 0, len(values) - 1)], np.nan)
    past = _filled(past)
    days = past.reshape(len(origins), DAYS_BACK, per_day)
    usual = days[:, 1:].mean(axis=1)
    change = days - usual[:, None]
    hour = max(1, per_day // 24)
    last, before = change[:, -1], change[:, -2]
    parts = [
        last[:, : per_day // hour * hour].reshape(len(origins), -1, hour).mean(axis=2),
        before.reshape(len(origins), 8, -1).mean(axis=2) if per_day % 8 == 0 else before[:, ::6],
        usual.reshape(len(origins), 8, -1).mean(axis=2) if per_day % 8 == 0 else usual[:, ::6],
        days.mean(axis=2),
        days[:, -3:].max(axis=2),
        days[:, -3:].min(axis=2),
        past[:, -1:] - usual[:, -1:],
        past[:, -1:] - past[:, -1 - hour : -hour],
    ]
    if len(time_of_year):
        parts.append(np.stack([f(k * time_of_year) for k in (1, 2) for f in (np.sin, np.cos)], axis=1))
    return np.concatenate(parts, axis=1), usual[:, np.arange(horizon) % per_day]


def _filled(past: Floats) -> Floats:
    """Gaps filled with the last known value, else the row's mean, else 0."""
    if np.isfinite(past).all():
        return past
    filled = pd.DataFrame(past).ffill(axis=1).to_numpy()
    known = np.isfinite(past)
    mean = np.where(known, past, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(np.isfinite(filled), filled, mean[:, None])


def came_true(values: Floats, origins: Ints, horizon: int) -> Floats:
    """Measured values at the steps after each origin, shape (origin, horizon); NaN beyond the data."""
    places = origins[:, None] + np.arange(horizon)
    return np.where(places < len(values), values[np.minimum(places, len(values) - 1)], np.nan)


def issued(load: Load, name: str, times: NDArray[np.datetime64], horizon: int) -> Floats:
    """The latest forecast of a variable issued up to each origin, shape (origin, horizon); NaN where none.

    Raises:
        DataError: the load holds no weather forecasts.
    """
    if load.vintages is None:
        raise DataError(
            "there are no weather forecasts as issued",
            where="vintages",
            mend='give them, or weather="measured"',
        )
    out = np.full((len(times), horizon), np.nan)
    if name not in load.vintages:
        return out
    table = load.vintages[["issued_at", "valid_at", name]].dropna().sort_values("issued_at", kind="stable")
    at = table["issued_at"].to_numpy("datetime64[ns]")
    valid, value = table["valid_at"].to_numpy("datetime64[ns]").astype(np.int64), table[name].to_numpy(float)
    for i, origin in enumerate(times):
        wanted = (origin + np.arange(horizon) * load.step).astype("datetime64[ns]").astype(np.int64)
        some = slice(0, int(np.searchsorted(at, origin, side="right")))
        near = (valid[some] >= wanted[0] - 10**9 * 86400) & (valid[some] <= wanted[-1] + 10**9 * 86400)
        if not near.any():
            continue
        # The last of equal times is the one issued last.
        known = dict(zip(valid[some][near].tolist(), value[some][near].tolist(), strict=True))
        there = np.array(sorted(known))
        out[i] = np.interp(wanted, there, [known[t] for t in there.tolist()], left=np.nan, right=np.nan)
    return out


def cross_fitted(
    inputs: Floats, target: Floats, fold: Ints, fit: Callable[[Floats, Floats], Callable[[Floats], Floats]]
) -> Floats:
    """Forecast each origin with a model that was fitted on the other folds."""
    out = np.empty_like(target)
    for k in np.unique(fold):
        out[fold == k] = fit(inputs[fold != k], target[fold != k])(inputs[fold == k])
    return out


class Outlooks:
    """The weather to come as a forecaster may know it.

    Args:
        weather: "measured", "vintages", "perfect" or "none".
        horizon: steps.
        yearly: read the time of year.
    """

    def __init__(self, weather: str, horizon: int, yearly: bool) -> None:
        self.weather, self.horizon, self.yearly = weather, horizon, yearly
        self.models: dict[str, Outlook] = {}
        self.names: list[str] = []

    def fit(self, load: Load, names: list[str], origins: Ints, fold: Ints) -> dict[str, NDArray[np.float32]]:
        """Learn, and give the weather as it would have been foreseen at each origin.

        Args:
            load: that ends where the learning does.
            names: of the weather variables.
            origins: positions.
            fold: of each origin; its own forecast is made without the others of its fold.
        """
        foreseen, self.names = {}, names
        for name in names:
            values = load.ds[name].values.astype(np.float64)
            true = came_true(values, origins, self.horizon)
            ahead = true
            if self.weather != "perfect":
                inputs, usual = self._seen(load, values, origins)
                self.models[name] = Outlook.fit(inputs, true - usual)
                ahead = usual + cross_fitted(inputs, true - usual, fold, Outlook.fit)
                if self.weather == "vintages":
                    given = issued(load, name, _times(load, origins), self.horizon)
                    ahead = _as_if_issued(given, true, ahead)
            foreseen[name] = ahead.astype(np.float32)
        return foreseen

    def __call__(self, load: Load, origins: Ints) -> dict[str, NDArray[np.float32]]:
        """The weather at the steps after each origin, by name, shape (origin, horizon)."""
        foreseen = {}
        for name in self.names:
            values = load.ds[name].values.astype(np.float64)
            if self.weather == "perfect":
                ahead = came_true(values, origins, self.horizon)
            else:
                inputs, usual = self._seen(load, values, origins)
                ahead = usual + self.models[name](inputs)
                if self.weather == "vintages":
                    given = issued(load, name, _times(load, origins), self.horizon)
                    ahead = np.where(np.isfinite(given), given, ahead)
            foreseen[name] = ahead.astype(np.float32)
        return foreseen

    def _seen(self, load: Load, values: Floats, origins: Ints) -> tuple[Floats, Floats]:
        day = pd.DatetimeIndex(_times(load, origins)).dayofyear.to_numpy()
        angle = np.asarray(day / 365.25 * 2 * np.pi) if self.yearly else np.empty(0)
        return seen(values, origins, load.steps_per_day, self.horizon, angle)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        models = {name: model.plain() for name, model in self.models.items()}
        return {"horizon": self.horizon, "yearly": self.yearly, "names": self.names, "models": models}

    @classmethod
    def from_plain(cls, plain: dict[str, Any], weather: str) -> Outlooks:
        """Read it back."""
        outlooks = cls(weather, int(plain["horizon"]), bool(plain["yearly"]))
        outlooks.names = list(plain["names"])
        outlooks.models = {name: Outlook.from_plain(model) for name, model in plain["models"].items()}
        return outlooks


def _as_if_issued(given: Floats, true: Floats, own: Floats) -> Floats:
    """Weather forecasts of all origins, those of days without one made up from the others' errors.

    What came true would teach too much trust, our own forecast too little. So a day before the first weather
    forecast gets what came true plus the error of some other day's; with fewer than seven such days our own.

    Args:
        given: as issued, shape (origin, step), NaN where there is none.
        true: what came true.
        own: our own forecast.
    """
    error = given - true
    whole = np.flatnonzero(np.isfinite(error).all(axis=1))
    made = own
    if len(whole) >= LEAST_ISSUED:
        borrowed = np.random.default_rng(1).choice(whole, len(given))
        made = np.where(np.isfinite(true), true + error[borrowed], own)
    return np.where(np.isfinite(given), given, made)


def _times(load: Load, origins: Ints) -> NDArray[np.datetime64]:
    return np.asarray(load.ds["time"].values[0] + origins * load.step)
