"""The main forecaster: ridge regression, boosted trees on its shoulders, and a network; nine quantiles.

Take this for up to some fifty meters, with weather beside them where there is any. The load is counted from
an anchor (the mean of the latest days of the same kind at the same local time). A ridge regression per time
of the day (`energy.linear`) learns what is linear and can extrapolate; trees learn its residual; further
trees learn the whole change from the anchor, and so does a small network that sees whole days
(`energy.whole_day`). The median is their weighted mean, and the spread is that of days which the models have
not seen (`energy.bagging`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError, StoreError
from common.pilot import Progress, silent
from common.store import atomic_write
from energy.arrays import as_forecast
from energy.bagging import Bag
from energy.data import Load
from energy.features import Features, Table, center_and_spread
from energy.linear import PENALTIES, Linear, one_thread
from energy.outlook import WEATHER, Outlooks, came_true
from energy.predictive import QUANTILES

if TYPE_CHECKING:
    from energy.whole_day import WholeDay

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Ints = NDArray[np.int64]

LEAST_DAYS = 28
FIRST_DAYS = 8
"""Days of history before the first origin that is learned from."""
FOLD_DAYS = 14
MOST_ROWS = 80_000
"""Rows learned from at most; days are left out evenly above that."""
TOGETHER_ROWS = 200_000
SETTINGS = "trees.json"


class Trees:
    """Forecasts with ridge regression and boosted trees; a `Forecaster`.

    Args:
        horizon: longest horizon in steps that will be asked for; None: 48 hours.
        weather: what it may know of the weather after the origin: "measured" nothing (it makes its own
            forecast), "vintages" the forecasts in `load.vintages`, "perfect" what came true, "none" reads
            no weather at all.
        seed: of LightGBM; the same seed, data and threads give the same forecast.
        threads: of LightGBM; 0: as many as there are cores.
        progress: told how far training is.
        rounds, leaves, learning_rate, min_leaf: of the boosting, as LightGBM names them.
        folds: parts of the history that are left out in turn.
    """

    name = "trees"

    def __init__(
        self,
        *,
        horizon: int | None = None,
        weather: str = "measured",
        seed: int = 1,
        threads: int = 0,
        progress: Progress = silent,
        rounds: int = 300,
        leaves: int = 31,
        learning_rate: float = 0.06,
        min_leaf: int = 20,
        folds: int = 4,
    ) -> None:
        if weather not in WEATHER:
            raise DataError(
                f"'{weather}' is no way to know the weather", mend=f"choose from {', '.join(WEATHER)}"
            )
        self.horizon, self.weather = horizon, weather
        self.seed, self.threads, self.progress = seed, threads, progress
        self.rounds, self.leaves, self.learning_rate, self.min_leaf = rounds, leaves, learning_rate, min_leaf
        self.folds = folds
        self._facts: dict[str, Any] = {}
        self._linear: Linear | None = None
        self._outlooks = Outlooks(weather, 1, False)
        self._bag: Bag | None = None
        self._network: WholeDay | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """LightGBM's parameters of the point forecasts, without the number of rounds."""
        return {
            "objective": "l1",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_leaf,
            "max_bin": 127,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "feature_pre_filter": False,
            "num_threads": self.threads,
            "seed": self.seed,
        }

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn from the intervals that start before `until` (UTC).

        Raises:
            DataError: there is less than four weeks of history, no load in it, or no weather forecasts where
                `weather` asks for them.
        """
        per_day = load.steps_per_day
        past = Load(
            load.ds.isel(time=slice(0, int((load.ds["time"].values < until).sum()))),
            load.timezone,
            load.country,
            load.vintages,
        )
        steps = past.ds.sizes["time"]
        if steps < LEAST_DAYS * per_day:
            raise DataError(
                f"there are {steps / per_day:.1f} days of history and {LEAST_DAYS} are needed",
                where="load",
                mend="bring a longer history",
            )
        horizon = self.horizon or 2 * per_day
        load_kw = past.ds["load_kw"].transpose("time", "series").values
        center_kw, spread_kw = center_and_spread(load_kw)
        if not np.isfinite(center_kw).any():
            raise DataError("there is no measured load", where="load", mend="bring a history with values")
        names = (
            [n for n in past.weather if np.isfinite(past.ds[n].values).any()]
            if self.weather != "none"
            else []
        )
        self._facts = {
            "horizon": horizon,
            "step_s": int(past.step / np.timedelta64(1, "s")),
            "weather_names": names,
            "yearly": steps >= (365 + FIRST_DAYS) * per_day,
            "scales": {
                s: [float(c), float(w)] for s, c, w in zip(past.series, center_kw, spread_kw, strict=True)
            },
        }
        origins, fold = self._origins(steps, per_day, horizon, len(past.series))
        with one_thread():
            self._outlooks = Outlooks(self.weather, horizon, self._facts["yearly"])
            foreseen = self._outlooks.fit(past, self._facts["weather_names"], origins, fold)
            features = self._features(past, *self._scales(past))
            table = features.table(origins, np.arange(horizon), foreseen)
            scaled = ((load_kw - center_kw) / spread_kw).astype(np.float64)
            target = (
                np.stack([came_true(v, origins, horizon) for v in scaled.T], axis=-1).ravel() - table.anchor
            )
            folds = np.repeat(fold, horizon * len(past.series))
            group, n_groups = self._groups(past, table)
            best = np.inf
            for penalty in PENALTIES:
                tried = Linear.fit(
                    table, target, group, n_groups=n_groups, fold=folds, per_day=per_day, penalty=penalty
                )
                found = tried(table, group)
                off = float(np.nanmean(np.abs(target - found[folds, np.arange(len(folds))])))
                if off < best:
                    best, self._linear, linear = off, tried, found
        known = np.isfinite(target)
        self._network = self._new_network()
        network = self._network.fit(features, origins, fold, self._told(foreseen))
        network = (network - table.anchor)[known]
        self._bag = Bag(self.parameters, self.rounds, self.folds)
        values = table.values if known.all() else np.asfortranarray(table.values[known])
        target, linear, folds = target[known], linear[:, known], folds[known]
        self._bag.fit(values, target, linear, folds, network=network, progress=self.progress)

    def predict(self, load: Load, origins: NDArray[np.datetime64], horizon: int) -> xr.DataArray:
        """Forecast from each origin (UTC), from what was measured before it and `weather` allows.

        Args:
            load: with the past of the origins; with weather "perfect" also the weather after them.
            origins: starts of the first intervals to be forecast, UTC without zone mark.
            horizon: steps, at most those it was fitted for.

        Returns:
            `load_kw` (origin, step, series, quantile) in kW, ascending along the quantiles.

        Raises:
            DataError: not fitted, another time step, too long a horizon, an origin off the grid or with less
                than eight days before it, or weather that is not there.
        """
        origins = np.asarray(origins, dtype="datetime64[ns]")
        starts = self._ready(load, origins, horizon)
        steps, n_series = np.arange(horizon), len(load.series)
        center_kw, spread_kw, meter = self._scales(load)
        features = self._features(load, center_kw, spread_kw, meter)
        values = np.empty((len(starts), horizon, n_series, len(QUANTILES)))
        together = max(1, TOGETHER_ROWS // (horizon * n_series))
        for first in range(0, len(starts), together):
            some = slice(first, first + together)
            foreseen = self._outlooks(load, starts[some])
            table = features.table(starts[some], steps, foreseen)
            found = self._quantiles(features, table, starts[some], foreseen)
            scaled = found.reshape(*table.shape, len(QUANTILES))
            values[some] = scaled * spread_kw[:, None] + center_kw[:, None]
        return as_forecast(values, origins, load.series, QUANTILES)

    def _quantiles(self, features: Features, table: Table, starts: Ints, ahead: dict[str, Values]) -> Floats:
        """Scaled quantiles, shape (row, quantile)."""
        assert self._linear is not None
        assert self._bag is not None
        assert self._network is not None
        with one_thread():
            linear = self._linear(table, self._groups(features.load, table)[0]).mean(axis=0)
        network = self._network(features, starts, table.shape[1], self._told(ahead)) - table.anchor
        return np.asarray(table.anchor[:, None] + self._bag.quantiles(table.values, linear, network))

    def contributions(self, load: Load, origin: np.datetime64, series: str) -> pd.DataFrame:
        """What each feature adds to the median of one forecast, in kW.

        Exact tree SHAP of the trees, coefficient times distance to the mean of the ridge regression; the
        anchor is `load_same_kind`'s, as its distance to the series' mean. By how much the network moves the
        median is one column, "network": it has no such parts.

        Returns:
            Index `step` over the fitted horizon (with weather "perfect": as far as the load reaches), a
            column a feature and "base"; rows add up to the median.

        Raises:
            DataError: as `predict`, or the series is not in the load.
        """
        if series not in load.series:
            raise DataError(f"there is no series '{series}'", where="load", mend="choose one of its series")
        origins, horizon = np.array([origin], "datetime64[ns]"), int(self._facts.get("horizon", 1))
        if self.weather == "perfect" and self._facts.get("weather_names"):
            horizon = min(horizon, int((load.ds["time"].values >= origins[0]).sum()))
        one = Load(load.ds.sel(series=[series]), load.timezone, load.country, load.vintages)
        starts, steps = self._ready(one, origins, horizon), np.arange(horizon)
        center_kw, spread_kw, meter = self._scales(one)
        features = self._features(one, center_kw, spread_kw, meter)
        foreseen = self._outlooks(one, starts)
        table = features.table(starts, steps, foreseen)
        assert self._linear is not None
        assert self._bag is not None
        assert self._network is not None
        parts, rest = self._linear.contributions(table, self._groups(one, table)[0])
        total, base = self._bag.contributions(table.values, parts, rest)
        frame = pd.DataFrame(total * spread_kw[0], columns=table.names, index=pd.Index(steps, name="step"))
        frame["load_same_kind"] += table.anchor * spread_kw[0]
        frame["base"] = base * spread_kw[0] + center_kw[0]
        network = self._network(features, starts, horizon, self._told(foreseen))
        moved_kw = network * spread_kw[0] + center_kw[0] - frame.sum(axis=1)
        frame["network"] = self._bag.network_share * moved_kw
        return frame

    def save(self, folder: Path) -> None:
        """Write the trees as LightGBM text and the rest as JSON into a folder.

        Raises:
            StoreError: it is not fitted.
        """
        if self._linear is None or self._bag is None or self._network is None:
            raise StoreError("the trees are not fitted", mend="fit them before they are saved")
        folder.mkdir(parents=True, exist_ok=True)
        self._bag.save(folder)
        self._network.save(folder)
        names = ["horizon", "weather", "seed", "threads"]
        names += ["rounds", "leaves", "learning_rate", "min_leaf", "folds"]
        state = {
            "settings": {n: getattr(self, n) for n in names},
            "facts": self._facts,
            "share": self._bag.share,
            "network_share": self._bag.network_share,
            "linear": self._linear.plain(),
            "outlooks": self._outlooks.plain(),
        }
        atomic_write(folder / SETTINGS, json.dumps(state))

    @classmethod
    def load_from(cls, folder: Path) -> Trees:
        """Read what `save` wrote, from a folder that `common.store.open_model` has checked.

        Raises:
            StoreError: it is missing or cannot be read.
        """
        try:
            state = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            trees = cls(**state["settings"])
            trees._facts = state["facts"]
            trees._bag = Bag(trees.parameters, trees.rounds, trees.folds, float(state["share"]))
            trees._bag.network_share = float(state["network_share"])
            trees._linear = Linear.from_plain(state["linear"])
            trees._outlooks = Outlooks.from_plain(state["outlooks"], trees.weather)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError("the trees cannot be read", where=str(folder), mend="train anew") from error
        trees._bag.read(folder)
        trees._network = trees._new_network()
        trees._network.read(folder)
        return trees

    def _new_network(self) -> WholeDay:
        from energy.whole_day import WholeDay

        return WholeDay(self.folds, self.seed, self.threads)

    def _told(self, foreseen: dict[str, Values]) -> dict[str, Values]:
        """What the network is told of the weather to come; of our own outlook it makes nothing."""
        return foreseen if self.weather in ("vintages", "perfect") else {}

    def _origins(self, steps: int, per_day: int, horizon: int, n_series: int) -> tuple[Ints, Ints]:
        """Origins to learn from, a day apart and the last a day before the end, and the fold of each."""
        days = (steps - 1) // per_day - FIRST_DAYS
        stride = max(1, -(-days * horizon * n_series // MOST_ROWS))
        stride += stride % 7 == 0
        back = np.arange(1, days + 1, stride)[::-1]
        block = max(2, min(FOLD_DAYS, days // (2 * self.folds)))
        return steps - back * per_day, (days - back) // block % self.folds

    def _scales(self, load: Load) -> tuple[Floats, Floats, Floats | None]:
        """Mean and spread of every series in kW, and its number; new ones take theirs from what is known."""
        known = self._facts["scales"]
        center_kw, spread_kw = center_and_spread(load.ds["load_kw"].transpose("time", "series").values)
        meter = np.full(len(load.series), np.nan)
        for i, name in enumerate(load.series):
            if name in known and np.isfinite(known[name][0]):
                center_kw[i], spread_kw[i] = known[name]
                meter[i] = list(known).index(name)
        return center_kw, spread_kw, meter if len(known) > 1 else None

    def _features(self, load: Load, center_kw: Floats, spread_kw: Floats, meter: Floats | None) -> Features:
        facts = self._facts
        missing = [n for n in facts["weather_names"] if n not in load.weather]
        if missing:
            raise DataError(
                f"the weather {', '.join(missing)} is missing that the trees were fitted with",
                where="load",
                mend='bring it, or fit with weather="none"',
            )
        return Features(
            load,
            facts["horizon"],
            center_kw,
            spread_kw,
            weather=facts["weather_names"],
            yearly=facts["yearly"],
            meter=meter,
        )

    def _groups(self, load: Load, table: Table) -> tuple[Ints, int]:
        """Day ahead and local time of the day of each row, as one number, and how many there are."""
        per_day = load.steps_per_day
        hour = table.values[:, table.names.index("hour")]
        ahead = table.values[:, table.names.index("step")].astype(np.int64)
        slot = np.minimum(np.round(hour * per_day / 24).astype(np.int64), per_day - 1)
        n_days = -(-int(self._facts["horizon"]) // per_day)
        return ahead // per_day * per_day + slot, n_days * per_day

    def _ready(self, load: Load, origins: NDArray[np.datetime64], horizon: int) -> Ints:
        """Positions of the origins, where the forecast can be made."""
        if self._linear is None:
            raise DataError("the trees are not fitted", mend="fit them before they forecast")
        step_s = int(load.step / np.timedelta64(1, "s"))
        if step_s != self._facts["step_s"]:
            raise DataError(
                f"the load has steps of {step_s / 60:g} minutes, "
                f"the trees have {self._facts['step_s'] / 60:g}",
                mend="bring the load to their time step, or fit anew",
            )
        if horizon > self._facts["horizon"]:
            raise DataError(
                f"the trees were fitted for {self._facts['horizon']} steps and {horizon} were asked for",
                where="horizon",
                mend=f"fit with horizon={horizon}",
            )
        time = load.ds["time"].values
        starts, rest = np.divmod(origins - time[0], load.step)
        least = FIRST_DAYS * load.steps_per_day
        if (rest != np.timedelta64(0, "ns")).any() or (starts > len(time)).any() or (starts < least).any():
            raise DataError(
                f"an origin is not a full step of the load, or has less than {FIRST_DAYS} days before it",
                where="origins",
                mend=f"choose origins between {time[0] + least * load.step} and {time[-1] + load.step} UTC",
            )
        reach = int(starts.max()) + horizon
        if self.weather == "perfect" and self._facts["weather_names"] and reach > len(time):
            raise DataError(
                f"the weather after the origin is missing for {reach - len(time)} steps",
                where="load",
                mend='bring it, or fit with weather="measured"',
            )
        return np.asarray(starts, dtype=np.int64)
