"""Quantiles that cover what they say: shifted by what past forecasts got wrong, per step ahead and over time.

Conformalised quantile regression (Romano, Patterson and Candès 2019), one-sided at each level, on a rolling
window of past forecasts, as series are not exchangeable (Xu and Xie 2021, "Conformal prediction interval for
dynamic time-series"; Gibbs and Candès 2021, "Adaptive conformal inference under distribution shift"). The
misses are counted in units of each forecast's own spread, so a day that was forecast as uncertain stays so. A
shift from few misses is drawn towards none, one that narrows more than one that widens: a calm past
promises less than a wild one warns of, and a band that is too narrow costs more.

Arrays are (origin, step, quantile) for forecasts, (origin, step) for the truth, NaN where it is unknown, all
in the same unit; further axes may stand before them in `rolling`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

WINDOW = 60
"""Past origins that count, the latest ones."""
NEIGHBOURS = 0.125
"""Share of the steps on each side that are counted with a step."""
LEAST = 7
"""Origins with known truth below which nothing is shifted."""
PRIOR = 10.0
"""A shift from so many origins is drawn half-way towards none."""
OWN = 120.0
"""With so many origins a step's own misses (and its neighbours') weigh as much as those of all steps."""
INWARD = 8.0
"""A shift towards the middle is drawn this much more strongly: bands of a calm season miss the next heat."""


def _spread(quantiles: Floats) -> Floats:
    """Distance between the outer quantiles, shape (origin, step); never 0."""
    width = quantiles[..., -1] - quantiles[..., 0]
    size = np.abs(quantiles).max(initial=0.0)
    usual = np.median(width[width > 0]) if (width > 0).any() else 1.0
    return np.asarray(np.maximum(width, max(1e-3 * usual, 1e-12 * size)))


def conformal_shift(
    past: ArrayLike,
    truth: ArrayLike,
    levels: ArrayLike,
    *,
    window: int = WINDOW,
    neighbours: float = NEIGHBOURS,
    prior: float = PRIOR,
) -> Floats:
    """How far each quantile must move, in units of the forecast's distance between its outer quantiles.

    Args:
        past: forecasts (origin, step, quantile), oldest first.
        truth: what came true (origin, step), NaN where unknown.
        levels: of the quantiles, ascending in (0, 1).
        window: origins that count.
        neighbours: share of the steps on each side that count with a step.
        prior: origins whose weight draws the shift towards none.

    Returns:
        Shape (step, quantile); 0 where too few misses are known.
    """
    past, truth = np.asarray(past, float)[-window:], np.asarray(truth, float)[-window:]
    levels = np.asarray(levels, float)
    n_steps = past.shape[1]
    shift = np.zeros((n_steps, len(levels)))
    if not len(past):
        return shift
    missed = (truth[..., None] - past) / _spread(past)[..., None]
    known = np.isfinite(missed).all(axis=-1)
    overall = _quantiles(missed[known], levels) if known.any() else shift[0]
    reach = round(neighbours * n_steps)
    for step in range(n_steps):
        part = slice(max(0, step - reach), step + reach + 1)
        rows = known[:, part]
        origins = int(rows.any(axis=1).sum())
        if origins < LEAST:
            continue
        own = origins / (origins + OWN)
        exact = own * _quantiles(missed[:, part][rows], levels) + (1 - own) * overall
        inward = exact * (levels - 0.5) < 0
        shift[step] = exact * origins / (origins + prior * np.where(inward, INWARD, 1.0))
    return shift


def _quantiles(missed: Floats, levels: Floats) -> Floats:
    """Of each column its own level, with the (n + 1) of conformal prediction; `missed` is (miss, level)."""
    found = np.sort(missed, axis=0)
    place = levels * (len(found) + 1) - 1
    low = np.clip(np.floor(place).astype(int), 0, len(found) - 1)
    high = np.clip(low + 1, 0, len(found) - 1)
    along = np.clip(place - low, 0, 1)
    each = np.arange(len(levels))
    return np.asarray((1 - along) * found[low, each] + along * found[high, each])


def apply(past: ArrayLike, truth: ArrayLike, levels: ArrayLike, new: ArrayLike, **how: float) -> Floats:
    """One new forecast (step, quantile), shifted by what past ones got wrong; ascending.

    Args:
        past: as in `conformal_shift`; only what is known when `new` is made.
        truth: as in `conformal_shift`.
        levels: of the quantiles.
        new: the forecast to be calibrated.
        how: window, neighbours, prior of `conformal_shift`.
    """
    new = np.asarray(new, float)
    past = np.asarray(past, float)
    shift = conformal_shift(past, truth, levels, **how)  # type: ignore[arg-type]
    return np.asarray(np.sort(new + shift * _spread(new)[..., None], axis=-1))


def rolling(
    past: ArrayLike, truth: ArrayLike, levels: ArrayLike, begins: ArrayLike, ends: ArrayLike, **how: float
) -> Floats:
    """Every forecast shifted by earlier ones whose truth was known when it began.

    Args:
        past: forecasts (..., origin, step, quantile), oldest first.
        truth: (..., origin, step), NaN where unknown.
        levels: of the quantiles.
        begins: when each forecast is made, shape (origin,), numbers or times.
        ends: when the truth of each of its steps is known, shape (origin, step), of the same kind.
        how: window, neighbours, prior of `conformal_shift`.

    Returns:
        Shape of `past`, ascending along the quantiles.
    """
    past, truth = np.asarray(past, float), np.asarray(truth, float)
    begins, ends = np.asarray(begins), np.asarray(ends)
    if past.ndim > 3:
        return np.stack(
            [rolling(p, t, levels, begins, ends, **how) for p, t in zip(past, truth, strict=True)]
        )
    out = np.empty_like(past)
    for i in range(len(past)):
        known = np.where(ends[:i] <= begins[i], truth[:i], np.nan)
        out[i] = apply(past[:i], known, levels, past[i], **how)
    return out


def reliability(quantiles: ArrayLike, truth: ArrayLike) -> Floats:
    """Share of the truth at or below each quantile, shape (quantile,); calibrated where it is the level."""
    quantiles, truth = np.asarray(quantiles, float), np.asarray(truth, float)
    known = np.isfinite(truth)
    return np.asarray((truth[known][:, None] <= quantiles[known]).mean(axis=0))


def coverage(quantiles: ArrayLike, truth: ArrayLike) -> float:
    """Share of the known truth within the outer quantiles; NaN where none is known."""
    quantiles, truth = np.asarray(quantiles, float), np.asarray(truth, float)
    known = np.isfinite(truth)
    inside = (truth >= quantiles[..., 0]) & (truth <= quantiles[..., -1])
    return float(inside[known].mean()) if known.any() else float("nan")


def pinball(quantiles: ArrayLike, truth: ArrayLike, levels: ArrayLike) -> Floats:
    """Pinball loss, mean over the levels, shape of `truth` (Koenker and Bassett 1978); NaN where unknown."""
    missed = np.asarray(truth, float)[..., None] - np.asarray(quantiles, float)
    levels = np.asarray(levels, float)
    return np.asarray(np.maximum(levels * missed, (levels - 1) * missed).mean(axis=-1))
