"""How good a mask is expected to be, from the network's own doubts: a Dice predicted for every case.

Three things are looked at for each label: the Dice that is expected if the probabilities are right (twice the
probability inside the mask over its size and the whole probability; Li and others 2022), how far members of
the ensemble and mirrored views agree (Roy and others 2019, "Bayesian QuickNAT"), and the entropy near the
label. A ridge regression learns on held-out cases what they mean in true Dice. With few such cases the
weights are shared by all labels and drawn towards none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FEATURES = ("expected_dice", "agreement", "entropy")
LEAST_CASES = 8
RIDGE = 3.0
"""Held-out cases whose weight draws the regression half-way towards the mean."""
FLAGGED_SHARE = 0.05
"""Share of the held-out cases that would have been flagged."""
FAR = 5.0
"""Standard deviations beyond which a feature says that the case is like none that was held out."""


@dataclass(frozen=True)
class Doubts:
    """What the network's probabilities say of one label in one case.

    Attributes:
        expected_dice: of the mask, if the probabilities are right, in [0, 1].
        agreement: mean Dice between what members and mirrored views outline, in [0, 1]; 1 for a single one.
        entropy: mean entropy at and around the label, 0 (sure) to 1.
    """

    expected_dice: float
    agreement: float
    entropy: float

    def row(self) -> Floats:
        """FEATURES, on scales on which equal steps mean alike: the misses' logarithm, and the entropy."""
        missed = 1 - np.clip([self.expected_dice, self.agreement], 0.0, 0.9999)
        return np.array([*np.log(missed), self.entropy])


@dataclass(frozen=True)
class Quality:
    """The regression from doubts to Dice.

    Attributes:
        labels: numbers of the labels, in the order of `centre`, `scale` and `dice`.
        centre, scale: of the features of each label, shape (label, feature).
        dice: mean true Dice of each label.
        weights: what one standard deviation of a feature adds to the Dice, shape (feature,).
        flag_below: mean predicted Dice under which a case is flagged.
        cases: held-out cases it was learned from.
        correlation: Pearson's, between true and predicted Dice of cases left out one by one.
        error: mean absolute error of the same.
    """

    labels: tuple[int, ...]
    centre: tuple[tuple[float, ...], ...]
    scale: tuple[tuple[float, ...], ...]
    dice: tuple[float, ...]
    weights: tuple[float, ...]
    flag_below: float
    cases: int
    correlation: float
    error: float

    def predict(self, doubts: Mapping[int, Doubts]) -> dict[int, float]:
        """Dice expected of each label, in [0, 1]; NaN for one that it does not know."""
        found = {}
        for value, one in doubts.items():
            if value not in self.labels:
                found[value] = float("nan")
                continue
            at = self.labels.index(value)
            z = (one.row() - np.array(self.centre[at])) / np.array(self.scale[at])
            found[value] = float(np.clip(self.dice[at] + z @ np.array(self.weights), 0.0, 1.0))
        return found

    def is_far(self, doubts: Mapping[int, Doubts]) -> bool:
        """Whether the network doubts this case as it doubted none of those held out."""
        for value, one in doubts.items():
            if value in self.labels:
                at = self.labels.index(value)
                z = (one.row() - np.array(self.centre[at])) / np.array(self.scale[at])
                if (z > FAR).any():
                    return True
        return False

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the specification."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Quality:
        """From what `as_dict` gave."""
        rows = {name: tuple(tuple(row) for row in stored[name]) for name in ("centre", "scale")}
        flat = {name: tuple(stored[name]) for name in ("labels", "dice", "weights")}
        return cls(**{**stored, **rows, **flat})


def learn(doubts: Sequence[Mapping[int, Doubts]], truth: Sequence[Mapping[int, float]]) -> Quality | None:
    """Learn from held-out cases what the doubts mean.

    Args:
        doubts: by label, one mapping a case that the network never learned from.
        truth: the true Dice by label of the same cases; NaN where neither mask has it.

    Returns:
        None where fewer than LEAST_CASES are there: a figure from less would promise too much.
    """
    labels = tuple(sorted({value for case in truth for value in case}))
    if len(doubts) < LEAST_CASES or not labels:
        return None
    rows = np.array([[case[v].row() if v in case else np.full(3, np.nan) for v in labels] for case in doubts])
    dice = np.array([[case.get(v, np.nan) for v in labels] for case in truth])
    known = np.isfinite(dice) & np.isfinite(rows).all(-1)
    if known.sum() < LEAST_CASES:
        return None
    fitted = _fit(rows, dice, known)
    left_out = np.full(dice.shape, np.nan)
    for case in range(len(rows)):
        others = known.copy()
        others[case] = False
        left_out[case] = _predict(_fit(rows, dice, others), rows[case])
    left_out[~known] = np.nan
    means = _case_means(left_out)
    true_means = _case_means(np.where(known, dice, np.nan))
    both = np.isfinite(means) & np.isfinite(true_means)
    return Quality(
        labels=labels,
        centre=tuple(map(tuple, fitted[0].round(6).tolist())),
        scale=tuple(map(tuple, fitted[1].round(6).tolist())),
        dice=tuple(fitted[2].round(6).tolist()),
        weights=tuple(fitted[3].round(6).tolist()),
        flag_below=round(float(np.quantile(means[both], FLAGGED_SHARE)), 4),
        cases=len(rows),
        correlation=round(correlation(means[both], true_means[both]), 4),
        error=round(float(np.abs(means - true_means)[both].mean()), 4),
    )


def correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Pearson's correlation; NaN where one of the two does not vary."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


_Fitted = tuple[Floats, Floats, Floats, Floats]


def _fit(rows: Floats, dice: Floats, known: NDArray[np.bool_]) -> _Fitted:
    """Centre and scale of the features, mean Dice, each by label, and the shared weights."""
    there = np.where(known[..., None], rows, np.nan)
    centre = np.nan_to_num(np.nanmean(there, axis=0))
    scale = np.nan_to_num(np.nanstd(there, axis=0), nan=1.0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    mean = np.nan_to_num(np.nanmean(np.where(known, dice, np.nan), axis=0))
    x = ((rows - centre) / scale)[known]
    y = (dice - mean)[known]
    penalty = RIDGE * known.shape[1] * np.eye(x.shape[1])
    return centre, scale, mean, np.linalg.solve(x.T @ x + penalty, x.T @ y)


def _predict(fitted: _Fitted, row: Floats) -> Floats:
    centre, scale, mean, weights = fitted
    return np.asarray(np.clip(mean + ((row - centre) / scale) @ weights, 0.0, 1.0))


def _case_means(values: Floats) -> Floats:
    """Mean over the labels that are known; NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(1)
    return np.asarray(np.where(known.any(1), total / np.maximum(known.sum(1), 1), np.nan))
