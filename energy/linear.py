"""A ridge regression for every time of the day: what is linear in load and piecewise linear in weather.

It extrapolates where trees cannot and needs few examples; the trees then learn what it gets wrong. Each time
of the day is fitted together with its neighbours. It is fitted once without each fold, which gives forecasts
of days that it has not seen; the model that is kept is the mean of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from energy.features import Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = (100.0, 1000.0)
"""Of which the one is taken that forecasts the folds left out best."""
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
YEAR_DAYS = 365
"""With fewer origins to learn from the penalty grows: weather that drifts fits a short past all too well."""
HINGED = (
    "",
    "_mean_6h",
    "_mean_24h",
    "_mean_72h",
    "_last_24h",
    "_max_24h",
    "_same_kind",
    "_same_kind_24h",
    "_day_before",
)
"""Features of a weather variable, by the end of their name, whose effect bends."""
YEAR_END_EDGES = tuple(range(-12, 21, 4))
NOT_LINEAR = ("hour", "day_of_week", "day_of_year", "day_of_week_kind", "days_from_year_end")


@dataclass
class Linear:
    """Ridge regressions by group; a group is a day ahead and a local time of the day.

    Attributes:
        knots: where the effect of a feature bends, by feature.
        mean, spread: of the columns, shape (column,).
        low, high: of the scaled columns by group, shape (group, column); they are kept within them.
        weights: shape (fold, group, column).
        intercept: shape (fold, group).
    """

    knots: dict[str, list[float]]
    mean: Floats
    spread: Floats
    low: Floats
    high: Floats
    weights: Floats
    intercept: Floats

    @classmethod
    def fit(
        cls,
        table: Table,
        target: Floats,
        group: Ints,
        *,
        n_groups: int,
        fold: Ints,
        per_day: int,
        penalty: float,
    ) -> Linear:
        """Learn; `target`, `group` and `fold` have shape (row,), a day holds `per_day` groups.

        Rows whose target is NaN are left out. The penalty is that of one row a day; more rows a day, of other
        series and times, are no more days to learn from.
        """
        knots = {}
        for j, name in enumerate(table.names):
            if any(name == w + end for w in table.weather for end in HINGED):
                values = table.values[:, j]
                values = values[np.isfinite(values)]
                knots[name] = sorted({float(np.quantile(values, q)) for q in KNOTS}) if len(values) else []
        columns, _ = _columns(table, knots)
        with np.errstate(invalid="ignore"):
            mean, spread = np.nan_to_num(_nan(np.nanmean, columns)), np.nan_to_num(_nan(np.nanstd, columns))
            size = np.nan_to_num(_nan(np.nanmax, np.abs(columns)))
        # A column that hardly ever moves would make its rare moves huge.
        spread = np.where(spread > 1e-3 * size + 1e-9, spread, np.inf)
        n_folds = int(fold.max()) + 1
        edges = np.zeros((2, n_groups, len(mean)))
        weights, intercept = np.zeros((n_folds, n_groups, len(mean))), np.zeros((n_folds, n_groups))
        model = cls(knots, mean, spread, edges[0], edges[1], weights, intercept)
        scaled = model._scaled(columns)
        known, near = np.isfinite(target), max(1, per_day // 48)
        penalty *= (2 * near + 1) / 3 * table.shape[2] * max(1.0, YEAR_DAYS / table.shape[0]) ** 1.5
        for g in range(n_groups):
            same_day = group // per_day == g // per_day
            rows = np.flatnonzero((np.abs(group - g) <= near) & same_day & known)
            if len(rows):
                model._fit_group(g, scaled[rows], target[rows], fold[rows], penalty)
        return model

    def _fit_group(self, group: int, x: Floats, y: Floats, fold: Ints, penalty: float) -> None:
        self.low[group], self.high[group] = x.min(axis=0), x.max(axis=0)
        for k in range(len(self.weights)):
            use = fold != k
            xk, yk = x[use], y[use]
            if not len(yk):
                continue
            x_mean, y_mean = xk.mean(axis=0), yk.mean()
            xk = xk - x_mean
            # Within one time of the day a column may hardly move: its spread there is what counts.
            own = xk.std(axis=0)
            own = np.where(own > 1e-3, own, np.inf)
            xs = xk / own
            gram = xs.T @ xs + penalty * np.eye(xs.shape[1])
            weights = np.linalg.solve(gram, xs.T @ (yk - y_mean)) / own
            self.weights[k, group] = weights
            self.intercept[k, group] = y_mean - x_mean @ weights

    def _scaled(self, columns: Floats) -> Floats:
        return np.nan_to_num((columns - self.mean) / self.spread)

    def __call__(self, table: Table, group: Ints) -> Floats:
        """Forecasts of every fold's model, shape (fold, row)."""
        columns, _ = _columns(table, self.knots)
        scaled = self._scaled(columns)
        out = np.empty((len(self.weights), len(scaled)))
        for g in np.unique(group):
            rows = group == g
            kept = np.clip(scaled[rows], self.low[g], self.high[g])
            out[:, rows] = (kept @ self.weights[:, g].T + self.intercept[:, g]).T
        return out

    def contributions(self, table: Table, group: Ints) -> tuple[Floats, Floats]:
        """What each feature adds, shape (row, feature), and the rest, shape (row,), of the mean model."""
        columns, owners = _columns(table, self.knots)
        weights, rest = self.weights.mean(axis=0), self.intercept.mean(axis=0)[group]
        parts = np.clip(self._scaled(columns), self.low[group], self.high[group]) * weights[group]
        out = np.zeros((len(columns), len(table.names)))
        np.add.at(out.T, owners, parts.T)
        return out, rest

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        spread = np.where(np.isfinite(self.spread), self.spread, -1.0)
        arrays = {n: getattr(self, n).tolist() for n in ("mean", "low", "high", "weights", "intercept")}
        return {"knots": self.knots, "spread": spread.tolist()} | arrays

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Linear:
        """Read it back."""
        arrays = {n: np.array(plain[n], float) for n in ("mean", "low", "high", "weights", "intercept")}
        spread = np.array(plain["spread"], float)
        return cls(knots=plain["knots"], spread=np.where(spread < 0, np.inf, spread), **arrays)


def _nan(of: Any, columns: Floats) -> Floats:
    """A NaN-aware reduction over the rows, quiet where a column is all NaN."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(of(columns, axis=0))


def _columns(table: Table, knots: dict[str, list[float]]) -> tuple[Floats, Ints]:
    """The regression's columns, shape (row, column), and the feature that each belongs to."""
    place = {name: j for j, name in enumerate(table.names)}
    columns, owners = [], []

    def add(column: NDArray[Any], name: str) -> None:
        columns.append(np.asarray(column, np.float64))
        owners.append(place[name])

    for name, j in place.items():
        if name not in NOT_LINEAR:
            add(table.values[:, j], name)
        for knot in knots.get(name, []):
            add(np.maximum(table.values[:, j] - knot, 0), name)
    weekday = table.values[:, place["day_of_week"]]
    for day in range(7):
        add(weekday == day, "day_of_week")
    for kind in range(3):
        add(table.values[:, place["day_of_week_kind"]] == kind, "day_of_week_kind")
    if "day_of_year" in place:
        angle = table.values[:, place["day_of_year"]] / 365.25 * 2 * np.pi
        for k in (1, 2, 3):
            add(np.sin(k * angle), "day_of_year")
            add(np.cos(k * angle), "day_of_year")
    if "days_from_year_end" in place:
        days = table.values[:, place["days_from_year_end"]]
        for edge in YEAR_END_EDGES:
            add((days >= edge) & (days < edge + 4), "days_from_year_end")
    return np.stack(columns, axis=1), np.array(owners)


@contextmanager
def one_thread() -> Iterator[None]:
    """Small matrices are solved ten times slower where several threads of BLAS wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
