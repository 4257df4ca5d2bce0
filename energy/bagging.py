"""Boosted trees in folds: the mean of models that each left some days out, and the spread of their misses.

Cross-fitting and bagging in one (Barber et al. 2021, "Predictive inference with the jackknife+"): every day
is forecast by models that have not seen it, and from these misses quantile trees (Koenker & Bassett 1978)
learn the spread; so it is not too narrow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from common.pilot import Progress, silent
from common.training.boosting import REPRODUCIBLE, fit_booster, read_booster, write_booster
from energy.predictive import QUANTILES

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Ints = NDArray[np.int64]

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Weights of ridge and trees on its residual, of which the best on the days left out is taken."""
NETWORK_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Weights of the network beside all that, chosen in the same way; 0.7 was best on later days, too."""
SPREAD_ROUNDS = 80
WIDER = 1.15
"""Days left out have days they resemble on both sides, days to come have not: the spread is wider by this."""
KINDS = ("stacked", "alone", "spread")
OUTER = tuple(level for level in QUANTILES if level != 0.5)


class Bag:
    """Trees on a regression's residual, trees alone, and trees of the spread.

    Args:
        parameters: of LightGBM.
        rounds: trees of each point model.
        folds: parts left out in turn.

    Attributes:
        share: weight of the regression with the trees on its residual; the rest is that of the trees alone.
        network_share: weight of the network in the median; the rest is that of the regression and the trees.
    """

    def __init__(self, parameters: dict[str, Any], rounds: int, folds: int, share: float = 0.5) -> None:
        self.parameters, self.rounds, self.folds, self.share = parameters, rounds, folds, share
        self.network_share = 0.0
        self.boosters: dict[str, list[lgb.Booster]] = {kind: [] for kind in KINDS}

    @property
    def spread_parameters(self) -> dict[str, Any]:
        """Those of the spread: few and careful trees, for all steps of one day err alike."""
        own = {"objective": "quantile", "num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 400}
        return self.parameters | own | {"lambda_l2": 5.0}

    def fit(
        self,
        values: Values,
        target: Floats,
        linear: Floats,
        fold: Ints,
        *,
        network: Floats | None = None,
        progress: Progress = silent,
    ) -> None:
        """Learn.

        Args:
            values: features (row, feature).
            target: (row,), without NaN.
            linear: what the regression of each fold forecasts, (fold, row).
            fold: that each row is left out of, (row,).
            network: what a network forecasts that has not seen the row, (row,); None: there is none.
            progress: told how far it is.
        """
        whole = lgb.Dataset(values, target, params=REPRODUCIBLE | self.parameters, free_raw_data=False)
        whole.construct()
        unseen = np.zeros((2, len(target)))
        for k in range(self.folds):
            use, out = np.flatnonzero(fold != k), fold == k
            for i, (kind, wanted) in enumerate((("stacked", target - linear[k]), ("alone", target))):
                booster = self._boost(
                    whole, use, wanted, own=self.parameters, rounds=self.rounds, progress=progress
                )
                self.boosters[kind].append(booster)
                if out.any():
                    unseen[i, out] = self._ask(booster, values[out])
            unseen[0, out] += linear[k, out]
        off = [np.abs(target - share * unseen[0] - (1 - share) * unseen[1]).mean() for share in SHARES]
        self.share = SHARES[int(np.argmin(off))]
        median = self.share * unseen[0] + (1 - self.share) * unseen[1]
        if network is not None:
            off = [np.abs(target - median - n * (network - median)).mean() for n in NETWORK_SHARES]
            self.network_share = NETWORK_SHARES[int(np.argmin(off))]
            median += self.network_share * (network - median)
        missed = target - median
        every = np.arange(len(target))
        for level in OUTER:
            own = self.spread_parameters | {"alpha": level}
            self.boosters["spread"].append(
                self._boost(whole, every, missed, own=own, rounds=SPREAD_ROUNDS, progress=progress)
            )

    def _boost(
        self,
        whole: lgb.Dataset,
        rows: Ints,
        target: Floats,
        *,
        own: dict[str, Any],
        rounds: int,
        progress: Progress,
    ) -> lgb.Booster:
        done, count = sum(map(len, self.boosters.values())), 2 * self.folds + len(OUTER)

        def part(fraction: float, words: str) -> None:
            progress((done + fraction) / count, f"{words} ({done + 1} of {count} models)")

        least = max(2, min(own["min_data_in_leaf"], len(rows) // 100))
        # A label that is set before the subset is made would be overwritten by that of the whole.
        data = whole.subset(rows.tolist()).construct().set_label(target[rows])
        return fit_booster(own | {"min_data_in_leaf": least}, data, rounds=rounds, progress=part)

    def _ask(self, booster: lgb.Booster, values: Values, **how: Any) -> Floats:
        return np.asarray(booster.predict(values, num_threads=self.parameters["num_threads"], **how))

    def _mean(self, kind: str, values: Values, **how: Any) -> Floats:
        total = sum(self._ask(booster, values, **how) for booster in self.boosters[kind])
        return np.asarray(total / len(self.boosters[kind]))

    def quantiles(self, values: Values, linear: Floats, network: Floats | None = None) -> Floats:
        """Ascending quantiles (row, quantile); `linear` and `network` are their forecasts (row,)."""
        median = self.share * (linear + self._mean("stacked", values))
        median += (1 - self.share) * self._mean("alone", values)
        if network is not None:
            median += self.network_share * (network - median)
        spread = WIDER * np.stack([self._ask(booster, values) for booster in self.boosters["spread"]], axis=1)
        middle = QUANTILES.index(0.5)
        spread = np.insert(spread, middle, 0.0, axis=1)
        # From the median outwards, so that it stays what the contributions add up to.
        spread[:, middle:] = np.maximum.accumulate(spread[:, middle:], axis=1)
        spread[:, : middle + 1] = np.minimum.accumulate(spread[:, middle::-1], axis=1)[:, ::-1]
        return np.asarray(median[:, None] + spread)

    def contributions(self, values: Values, linear: Floats, rest: Floats) -> tuple[Floats, Floats]:
        """What each feature adds to the median (row, feature), and the base (row,), by exact tree SHAP.

        Args:
            values: features (row, feature).
            linear: what each adds in the regression, (row, feature).
            rest: the regression's constant, (row,).
        """
        stacked = self._mean("stacked", values, pred_contrib=True)
        alone = (1 - self.share) * self._mean("alone", values, pred_contrib=True)
        parts = self.share * (linear + stacked[:, :-1]) + alone[:, :-1]
        return parts, self.share * (rest + stacked[:, -1]) + alone[:, -1]

    def save(self, folder: Path) -> None:
        """Write all boosters as LightGBM text."""
        for kind, boosters in self.boosters.items():
            for i, booster in enumerate(boosters):
                write_booster(booster, folder, f"{kind}-{i}")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote.

        Raises:
            StoreError: a booster is missing or cannot be read.
        """
        counts = {"stacked": self.folds, "alone": self.folds, "spread": len(OUTER)}
        for kind, count in counts.items():
            self.boosters[kind] = [read_booster(folder, f"{kind}-{i}") for i in range(count)]
