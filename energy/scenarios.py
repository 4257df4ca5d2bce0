"""Paths that the temperature may take: what happened in other years at this time, tied to how it stands now.

Each path is the anomaly (from what is usual at that hour and time of year, in units of its usual spread) of a
past stretch that began within some weeks of the same day of the year, as in Xie and Hong (2018, "Temperature
scenario generation for probabilistic load forecasting"), who shift whole years by days. A past stretch began
in another state of the weather than today's; what follows from the difference, by a regression of the anomaly
at each hour ahead on the state before it, is added to it. So the first hours spread around what the last ones
let expect, and the later ones as in the climate: conditioning by residuals (Matheron's rule).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from energy.hourly import YEAR_H, Days, usual_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATE_H = (3, 24, 96, 720)
"""The state of the weather is the mean anomaly of the last 3 hours, day, 4 days and 30 days."""
SHIFT_DAYS = 35
FEWEST_YEARS = 7
"""With fewer years of weather the shifts grow, so that there are as many paths."""
MOST_PATHS = 240
SHRINKAGE = 0.01
WIDENING = 1.06
"""What is usual is itself known from few years, so the anomalies seen so far are a little too small."""


def paths(temperature: Floats, days: Days, origin: int, hours: int) -> Floats:
    """Temperatures in the hours from `origin` on.

    Args:
        temperature: one series without gaps, of which the hours before `origin` are read.
        days: calendar, which reaches to the last hour.
        origin: position of the first hour of the paths.
        hours: their length.

    Returns:
        Shape (path, hour), in the unit of the temperature.

    Raises:
        DataError: the weather does not reach back far enough for a single path.
    """
    past = temperature[:origin]
    usual = usual_at(past, days, 2, origin)
    square = usual_at((past - usual[:origin]) ** 2, days, 2, origin)
    spread = np.sqrt(np.maximum(square, 0.05 * square[:origin].mean() + 1e-9))
    anomaly = (past - usual[:origin]) / spread[:origin]

    every = np.arange(origin - 24 * (origin // 24), origin - hours + 1, 24)
    every = every[every >= max(STATE_H)]
    reach = min(182.0, SHIFT_DAYS * max(1.0, FEWEST_YEARS * YEAR_H / origin))
    apart = np.abs(np.angle(np.exp(1j * (days.season[every] - days.season[origin])))) * 365.25 / (2 * np.pi)
    starts = every[apart <= reach]
    if not len(starts):
        raise DataError(
            f"there is no past stretch of {hours / 24:.0f} days at this time of year",
            where="temperature",
            mend="bring a longer history of the weather, or forecast fewer days",
        )
    if len(starts) > MOST_PATHS:
        starts = starts[np.linspace(0, len(starts) - 1, MOST_PATHS).round().astype(int)]
    effect = _effect_of_state(anomaly, every, hours)
    now = _state(anomaly, np.array([origin]))
    drawn = _stretches(anomaly, starts, hours) + (now - _state(anomaly, starts)) @ effect
    ahead = slice(origin, origin + hours)
    return np.asarray(usual[ahead] + WIDENING * spread[ahead] * drawn)


def _stretches(anomaly: Floats, starts: Ints, hours: int) -> Floats:
    return anomaly[starts[:, None] + np.arange(hours)]


def _state(anomaly: Floats, places: Ints) -> Floats:
    """Mean anomaly over the hours before each place, shape (place, len(STATE_H))."""
    total = np.concatenate([[0.0], np.cumsum(anomaly)])
    return np.stack([(total[places] - total[places - h]) / h for h in STATE_H], axis=1)


def _effect_of_state(anomaly: Floats, starts: Ints, hours: int) -> Floats:
    """What the state lets expect of the anomaly, by hour ahead: slopes (state, hour), smoothed along it."""
    state = _state(anomaly, starts)
    spread = state.std(axis=0) + 1e-9
    scaled = state / spread
    gram = scaled.T @ scaled + SHRINKAGE * len(scaled) * np.eye(len(STATE_H))
    slopes = np.linalg.solve(gram, scaled.T @ _stretches(anomaly, starts, hours)) / spread[:, None]
    ahead = np.arange(hours)
    # Near the origin every hour counts; later, what is left is the same over days.
    half = np.where(ahead < 24, np.minimum(ahead, 2), np.minimum(ahead // 2, 84))
    low, high = np.maximum(ahead - half, 0), np.minimum(ahead + half + 1, hours)
    total = np.concatenate([np.zeros((len(STATE_H), 1)), np.cumsum(slopes, axis=1)], axis=1)
    return np.asarray((total[:, high] - total[:, low]) / (high - low))
