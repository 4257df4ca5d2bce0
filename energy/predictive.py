"""The whole predictive distribution, between and beyond the quantiles of a forecast.

Between two neighbouring quantiles the distribution function is a straight line. Beyond the outer ones it has
an exponential tail (a generalised Pareto tail of shape 0), whose scale is what the two outermost spacings on
that side have on average: an assumption, not a measurement. For normal errors it is on the careful side: with
levels 0.1 to 0.9 it gives 3.7 % to what a normal distribution exceeds with 2.5 %, and 1.7 % for 0.6 %.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from common.errors import DataError

Floats = NDArray[np.float64]

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels of the pilot's quantiles."""
QUANTILE_COLUMN = re.compile(r"q(\d+(?:\.\d+)?)_kw")


def quantile_columns(table: pd.DataFrame) -> tuple[list[str], Floats]:
    """Names of the quantile columns (`q10_kw`, `q97.5_kw`) and their levels in (0, 1), ascending.

    Raises:
        DataError: the table has fewer than two of them.
    """
    found = {
        float(m.group(1)) / 100: str(m.group(0)) for m in map(QUANTILE_COLUMN.fullmatch, map(str, table)) if m
    }
    levels = sorted(found)
    if len(levels) < 2:
        raise DataError(
            "there are fewer than two quantiles",
            where="forecast",
            mend="forecast with at least two quantile levels",
        )
    return [found[level] for level in levels], np.array(levels)


def _tail_scale(quantiles: Floats, levels: Floats) -> Floats:
    """Scale in kW of the exponential tail above the last quantile: its two outer spacings on average."""
    inner = -3 if len(levels) > 2 and levels[-3] >= 0.5 else -2
    spacing = np.log((1 - levels[inner]) / (1 - levels[-1]))
    return np.asarray((quantiles[..., -1] - quantiles[..., inner]) / spacing)


def _decay(distance: Floats, scale: Floats) -> Floats:
    """exp(-distance / scale); 0 where the scale is 0 and the distance is not, 1 where both are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(scale > 0, distance / scale, np.where(distance > 0, np.inf, 0.0))
    return np.asarray(np.exp(-ratio))


def exceedance(quantiles_kw: ArrayLike, levels: ArrayLike, limit_kw: ArrayLike) -> Floats:
    """Chance that the load is above a limit.

    Args:
        quantiles_kw: shape (..., quantile), ascending along the last axis, kW.
        levels: shape (quantile,), ascending, in (0, 1).
        limit_kw: kW, broadcast against the leading axes.

    Returns:
        Shape (...), in [0, 1]; never rises with the limit; NaN where a quantile or the limit is.
    """
    quantiles, tau = np.asarray(quantiles_kw, dtype=float), np.asarray(levels, dtype=float)
    limit = np.broadcast_to(np.asarray(limit_kw, dtype=float), quantiles.shape[:-1])
    below = (quantiles <= limit[..., None]).sum(axis=-1)
    right = np.clip(below, 1, len(tau) - 1)
    left = right - 1
    q_left = np.take_along_axis(quantiles, left[..., None], axis=-1)[..., 0]
    q_right = np.take_along_axis(quantiles, right[..., None], axis=-1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((limit - q_left) / (q_right - q_left), 0.0, 1.0)
    chance = 1 - (tau[left] + share * (tau[right] - tau[left]))
    over, under = limit - quantiles[..., -1], quantiles[..., 0] - limit
    scale = _tail_scale(quantiles, tau)
    upper = (1 - tau[-1]) * _decay(np.maximum(over, 0), scale)
    lower = tau[0] * _decay(np.maximum(under, 0), _tail_scale(-quantiles[..., ::-1], 1 - tau[::-1]))
    # A tail of scale 0 is a point: the load may be at the limit, never above it.
    chance = np.where(over >= 0, np.where((over == 0) & (scale <= 0), 0.0, upper), chance)
    chance = np.where(under > 0, 1 - lower, chance)
    return np.where(np.isnan(quantiles).any(axis=-1) | np.isnan(limit), np.nan, chance)


def pit(quantiles_kw: ArrayLike, levels: ArrayLike, truth_kw: ArrayLike) -> Floats:
    """Probability integral transform: the forecast's own chance of at most what came true.

    Uniform on [0, 1] for a calibrated forecast (Gneiting, Balabdaoui and Raftery 2007). Shapes as in
    `exceedance`, with the truth in place of the limit.
    """
    return 1 - exceedance(quantiles_kw, levels, truth_kw)


def expected_excess_kw(quantiles_kw: ArrayLike, levels: ArrayLike, limit_kw: ArrayLike) -> Floats:
    """Mean of max(load - limit, 0) in kW: the area under the chance of exceedance above the limit.

    Args and shapes as in `exceedance`.
    """
    quantiles, tau = np.asarray(quantiles_kw, dtype=float), np.asarray(levels, dtype=float)
    limit = np.broadcast_to(np.asarray(limit_kw, dtype=float), quantiles.shape[:-1])
    first, last = quantiles[..., 0], quantiles[..., -1]
    scale = _tail_scale(quantiles, tau)
    lower_scale = _tail_scale(-quantiles[..., ::-1], 1 - tau[::-1])
    excess = (1 - tau[-1]) * scale * _decay(np.maximum(limit - last, 0), scale)
    under = np.maximum(first - limit, 0)
    excess = excess + under - tau[0] * lower_scale * (1 - _decay(under, lower_scale))
    for i in range(len(tau) - 1):
        low, high = quantiles[..., i], quantiles[..., i + 1]
        start = np.clip(limit, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(high > low, (start - low) / (high - low), 1.0)
        at_start = 1 - (tau[i] + share * (tau[i + 1] - tau[i]))
        excess = excess + (high - start) * (at_start + 1 - tau[i + 1]) / 2
    return np.asarray(excess)
