"""The chance of exceeding a contracted capacity, and when it is worth an alarm.

An alarm costs `false_eur` when nothing happens, a silence costs `missed_eur` when something does, and acting
costs `acting_eur` either way. An alarm at probability p is the cheaper choice when
`acting + (1 - p) * false < p * missed`, so the threshold is `(acting + false) / (missed + false)`. The
default (a missed one is ten times as dear as a false one, threshold 1/11) is an example: set your own costs.
A calibrated forecast at this threshold finds more peaks and gives more false alarms than one at 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from common.errors import PilotError
from energy.predictive import Floats, exceedance, expected_excess_kw, pit, quantile_columns
from energy.wording import interval

LEAST_HISTORY = 10
SAMPLES = 20_000
"""Draws of the dependence-aware estimate: its own noise stays under 0.4 percentage points (one sigma)."""


@dataclass(frozen=True)
class Costs:
    """What the outcomes of one interval cost; only the ratios set the threshold.

    Attributes:
        missed_eur: the limit is exceeded and nobody was warned.
        false_eur: an alarm, and the limit holds.
        acting_eur: what every alarm costs besides, right or false (shedding load, calling a crew).
    """

    missed_eur: float = 10.0
    false_eur: float = 1.0
    acting_eur: float = 0.0

    def __post_init__(self) -> None:
        costs = (self.missed_eur, self.false_eur, self.acting_eur)
        if not all(np.isfinite(c) and c >= 0 for c in costs) or self.missed_eur + self.false_eur <= 0:
            raise PilotError(
                "a cost is negative or no number, or all are zero",
                where="costs of alarms",
                mend="give costs of zero or more, and one for a missed or a false alarm",
            )

    @property
    def threshold(self) -> float:
        """Probability above which an alarm is the cheaper choice; above 1: never."""
        return (self.acting_eur + self.false_eur) / (self.missed_eur + self.false_eur)


def _limits(series: pd.Series, limit_kw: float | Mapping[str, float]) -> Floats:
    limits: Floats
    if isinstance(limit_kw, Mapping):
        missing = sorted(set(series.astype(str)) - set(limit_kw))
        if missing:
            raise PilotError(
                f"there is no limit for '{missing[0]}'", where="limits", mend="give one for each series"
            )
        limits = np.array([limit_kw[str(name)] for name in series], dtype=np.float64)
    else:
        limits = np.full(len(series), limit_kw, dtype=np.float64)
    if not np.isfinite(limits).all():
        raise PilotError("a limit is no number", where="limits", mend="give the capacity in kW")
    return limits


def alarm_table(
    forecast: pd.DataFrame, limit_kw: float | Mapping[str, float], costs: Costs | None = None
) -> pd.DataFrame:
    """Chance of exceeding the limit in every interval, and whether it is worth an alarm.

    Args:
        forecast: the result's table `forecast`: series, valid_from_utc, valid_from_local, q10_kw, ….
        limit_kw: contracted capacity in kW, one for all series or one for each.
        costs: of missed and false alarms; None: the default of `Costs`.

    Returns:
        One row an interval: series, valid_from_utc, valid_from_local, probability, expected_excess_kw (mean
        of what lies above the limit, zero where nothing does), limit_kw, alarm, threshold.

    Raises:
        PilotError: a limit is missing or no number.
    """
    names, levels = quantile_columns(forecast)
    quantiles, limits = forecast[names].to_numpy(dtype=float), _limits(forecast["series"], limit_kw)
    probability = exceedance(quantiles, levels, limits)
    threshold = (costs or Costs()).threshold
    table = forecast[["series", "valid_from_utc", "valid_from_local"]].reset_index(drop=True)
    return table.assign(
        probability=probability,
        expected_excess_kw=expected_excess_kw(quantiles, levels, limits),
        limit_kw=limits,
        alarm=probability > threshold,
        threshold=threshold,
    )


def alarm_events(alarms: pd.DataFrame) -> pd.DataFrame:
    """Neighbouring alarms merged.

    Args:
        alarms: what `alarm_table` returns.

    Returns:
        One row an event, by time: series, from_utc, to_utc, from_local, to_local (ends are exclusive),
        peak_probability, expected_excess_kw (its highest mean over one interval), expected_excess_kwh (over
        the whole event), limit_kw.
    """
    step = interval(alarms["valid_from_utc"])
    hours = step / pd.Timedelta(hours=1)
    on = alarms[alarms["alarm"].astype(bool)].sort_values(["series", "valid_from_utc"])
    start = on["valid_from_utc"]
    new = (start.diff() != step) | (on["series"] != on["series"].shift())
    runs = on.assign(to_utc=start + step).groupby(new.cumsum())
    events = runs.agg(
        series=("series", "first"),
        from_utc=("valid_from_utc", "first"),
        to_utc=("to_utc", "last"),
        peak_probability=("probability", "max"),
        expected_excess_kw=("expected_excess_kw", "max"),
        expected_excess_kwh=("expected_excess_kw", lambda kw: kw.sum(min_count=1) * hours),
        limit_kw=("limit_kw", "first"),
    )
    zone = alarms["valid_from_local"].dt.tz
    events.insert(3, "from_local", events["from_utc"].dt.tz_convert(zone))
    events.insert(4, "to_local", events["to_utc"].dt.tz_convert(zone))
    return events.sort_values(["from_utc", "series"], ignore_index=True)


def dependence(pit_history: ArrayLike) -> Floats:
    """How the errors of steps that lie k apart go together.

    Args:
        pit_history: shape (origin, step): `energy.predictive.pit` of past forecasts, NaN where unknown.

    Returns:
        Correlation of the errors' normal scores by distance, shape (step,), the first one 1.

    Raises:
        PilotError: there are fewer than ten past forecasts.
    """
    from scipy.stats import norm

    history = np.asarray(pit_history, dtype=float)
    if history.ndim != 2 or len(history) < LEAST_HISTORY:
        raise PilotError(
            f"fewer than {LEAST_HISTORY} past forecasts are too few to see how errors go together",
            where="alarms for a day",
            mend="take a longer backtest, or leave the history out",
        )
    scores = norm.ppf(np.clip(history, 1e-3, 1 - 1e-3))
    scores = scores - np.nanmean(scores, axis=0)
    steps = scores.shape[1]
    variance = np.nanmean(scores**2)
    by_distance = [np.nanmean(scores[:, : steps - k] * scores[:, k:]) for k in range(steps)]
    return np.nan_to_num(np.array(by_distance) / variance, nan=0.0)


def any_exceedance(probability: ArrayLike, correlation: ArrayLike, seed: int = 1) -> float:
    """Chance that at least one of several neighbouring intervals exceeds the limit.

    A Gaussian copula over the lead times joins the intervals' own chances (Pinson et al. 2009, Wind Energy
    12:51-62), with the correlation by distance that past errors had.

    Args:
        probability: shape (step,), chance of each interval.
        correlation: shape (at least step,), as `dependence` returns.
        seed: of the draws.
    """
    from scipy.linalg import toeplitz
    from scipy.stats import norm

    chance = np.asarray(probability, dtype=float)
    weights, directions = np.linalg.eigh(toeplitz(np.asarray(correlation, dtype=float)[: len(chance)]))
    root = directions * np.sqrt(np.clip(weights, 0, None))
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    draws = np.random.default_rng(seed).standard_normal((SAMPLES, len(chance))) @ root.T
    return float((draws > norm.isf(chance)).any(axis=1).mean())


def day_table(
    alarms: pd.DataFrame, correlation: Mapping[str, ArrayLike] | None = None, seed: int = 1
) -> pd.DataFrame:
    """Chance that the limit is exceeded at some time of each local calendar day.

    Args:
        alarms: what `alarm_table` returns.
        correlation: series -> what `dependence` found in its past errors; without it the joint chance is
            unknown and only the bounds hold.
        seed: of the draws.

    Returns:
        One row a series and day: series, day_local (date as text), intervals, at_least (all intervals exceed
        together), at_most (never together; the Fréchet bounds), probability (dependence-aware, within the
        bounds; NaN without history).
    """
    rows = []
    days = alarms["valid_from_local"].dt.strftime("%Y-%m-%d")
    for (name, day), part in alarms.groupby(["series", days], sort=False):
        chance = part["probability"].to_numpy(dtype=float)
        at_least, at_most = float(chance.max()), float(min(1.0, chance.sum()))
        known = None if correlation is None else correlation.get(str(name))
        joint = np.nan
        if known is not None:
            # Drawing costs 0.1 s a day: not worth it where the bounds leave nothing to find out.
            close = at_most - at_least < 0.01
            joint = (at_least + at_most) / 2 if close else any_exceedance(chance, known, seed)
        rows.append((name, day, len(part), at_least, at_most, np.clip(joint, at_least, at_most)))
    columns = ["series", "day_local", "intervals", "at_least", "at_most", "probability"]
    return pd.DataFrame(rows, columns=columns)


def score_alarms(
    quantiles_kw: ArrayLike,
    levels: ArrayLike,
    truth_kw: ArrayLike,
    limit_kw: ArrayLike,
    costs: Costs | None = None,
) -> pd.DataFrame:
    """What the alarms would have found and cost in a backtest, beside simpler rules.

    Args:
        quantiles_kw: past forecasts, shape (..., quantile), kW.
        levels: shape (quantile,).
        truth_kw: what came true, shape (...), kW; NaN is left out.
        limit_kw: kW, broadcast against the truth.
        costs: of missed and false alarms; None: the default of `Costs`.

    Returns:
        One row a rule ("threshold from costs", "threshold 0.5", "never alarm", "always alarm"): rule,
        threshold, intervals, exceeded, alarms, precision and recall (NaN where nothing is to be divided),
        cost_eur (sum over the intervals, each counted by itself).
    """
    costs = costs or Costs()
    truth = np.asarray(truth_kw, dtype=float)
    limit = np.broadcast_to(np.asarray(limit_kw, dtype=float), truth.shape)
    chance = exceedance(quantiles_kw, levels, limit)
    known = ~(np.isnan(truth) | np.isnan(chance))
    chance, happened = chance[known], (truth > limit)[known]
    rules = {
        "threshold from costs": costs.threshold,
        "threshold 0.5": 0.5,
        "never alarm": np.inf,
        "always alarm": -np.inf,
    }
    rows = []
    for rule, threshold in rules.items():
        alarm = chance > threshold
        hits, missed = int((alarm & happened).sum()), int((~alarm & happened).sum())
        given = int(alarm.sum())
        cost = missed * costs.missed_eur + (given - hits) * costs.false_eur + given * costs.acting_eur
        rows.append(
            {
                "rule": rule,
                "threshold": threshold if np.isfinite(threshold) else np.nan,
                "intervals": len(chance),
                "exceeded": hits + missed,
                "alarms": given,
                "precision": hits / given if given else np.nan,
                "recall": hits / (hits + missed) if hits + missed else np.nan,
                "cost_eur": cost,
            }
        )
    return pd.DataFrame(rows)


def alarm_tables(
    forecast: pd.DataFrame,
    limit_kw: float | Mapping[str, float],
    costs: Costs | None = None,
    past: xr.DataArray | None = None,
    truth: xr.DataArray | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of a result that a contracted capacity brings.

    Args:
        forecast: the result's table `forecast`.
        limit_kw: contracted capacity in kW, one for all series or one for each.
        costs: of missed and false alarms; None: the default of `Costs`.
        past: forecasts of a backtest (origin, step, series, quantile), kW; None: no backtest.
        truth: what came true (origin, step, series), kW, NaN where unknown; with `past`.

    Returns:
        `alarms` (`alarm_table`) and `alarm_days` (`day_table`, with the joint chance for series with at least
        ten past forecasts); with a backtest also `alarm_scores` (`score_alarms` over all series together).
    """
    alarms = alarm_table(forecast, limit_kw, costs)
    if past is None or truth is None:
        return {"alarms": alarms, "alarm_days": day_table(alarms)}
    past = past.transpose("origin", "step", "series", "quantile")
    truth = truth.transpose("origin", "step", "series")
    quantiles, levels = past.to_numpy(), past["quantile"].to_numpy()
    names = [str(name) for name in past["series"].values]
    below = pit(quantiles, levels, truth.to_numpy())
    found = {}
    if len(below) >= LEAST_HISTORY:
        steps = forecast["valid_from_utc"].nunique()
        for number, name in enumerate(names):
            together = dependence(below[:, :, number])
            found[name] = np.pad(together, (0, max(0, steps - len(together))))
    limits = _limits(pd.Series(names), limit_kw)
    scores = score_alarms(quantiles, levels, truth.to_numpy(), limits, costs)
    return {"alarms": alarms, "alarm_days": day_table(alarms, found or None), "alarm_scores": scores}
