"""Has the model, or the world, changed: drift of errors, of coverage, and of what goes in.

Three looks, each with a plain verdict (in order, watch, retrain): a cumulative sum of daily scores against a
reference period (Page 1954), the share of truth inside the 80 % interval with its confidence (Wilson 1927),
and how far load and weather have moved from the same season before (population stability index).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from energy.data import Load

Floats = NDArray[np.float64]
Verdict = Literal["in order", "watch", "retrain", "too early"]

RANK: dict[str, int] = {"too early": 0, "in order": 1, "watch": 2, "retrain": 3}
SLACK = 0.5
"""Standard deviations a day that the cumulative sum forgives: best against a shift of one."""
WATCH_SUM, RETRAIN_SUM = 5.0, 8.0
"""Of independent normal days, one sum passes 5 once in 930 days (Hawkins and Olwell 1998, table 3.1)."""
CLIP = 3.0
"""One wild day (a storm, a strike) counts as this many standard deviations: it alone is no drift."""
WATCH_PSI, RETRAIN_PSI = 0.25, 0.5
"""The usual 0.1 and 0.25 are for independent draws; consecutive weeks of one season differ by that much."""
SEASON_DAYS = 30
NOMINAL = 0.8


def cusum(daily: Floats, reference_days: int) -> tuple[float, float]:
    """Largest sums, up and down, of what goes beyond the reference period.

    Args:
        daily: one value a day, oldest first; the first `reference_days` set mean and spread.
        reference_days: at least 7.

    Returns:
        Cumulative sums above and below the reference mean as they stand, in its standard deviations.
    """
    reference = daily[:reference_days]
    mean, spread = float(reference.mean()), float(np.std(reference, ddof=1))
    z = (daily[reference_days:] - mean) / max(spread, 1e-9 * abs(mean), 1e-12)
    up = down = 0.0
    for value in np.clip(z, -CLIP, CLIP):
        # Held at twice the alarm, so that a model that works again is soon in order again.
        up = min(max(0.0, up + value - SLACK), 2 * RETRAIN_SUM)
        down = min(max(0.0, down - value - SLACK), 2 * RETRAIN_SUM)
    return up, down


def share_interval(hits: Floats, days: NDArray[np.int64], z: float = 2.576) -> tuple[float, float, float]:
    """Share of hits with its 99 % interval, neighbouring hours counted for what they are worth.

    Hours of one day miss together, so the number of hours is divided by how much the shares of days vary
    more than independent hours' would (design effect, Kish 1965) before Wilson's interval is taken.

    Args:
        hits: 0 or 1, shape (interval,).
        days: the day of each, any whole numbers.
        z: of the interval.
    """
    share, n = float(hits.mean()), len(hits)
    _, at = np.unique(days, return_inverse=True)
    count = np.bincount(at)
    per_day = np.bincount(at, weights=hits) / count
    independent = max(share * (1 - share), 0.02) / count.mean()
    effect = max(1.0, float(per_day.var(ddof=1)) / independent) if len(count) > 1 else float(n)
    worth = n / effect
    centre = (share + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * np.sqrt(share * (1 - share) / worth + z**2 / (4 * worth**2))
    return share, float(max(centre - half, 0)), float(min(centre + half, 1))


def stability_index(reference: Floats, recent: Floats, bins: int = 10) -> float:
    """Population stability index: 0 where both are spread alike over the reference's deciles."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    share = [
        np.maximum(np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) / len(x), 1e-3)
        for x in (reference, recent)
    ]
    return float(np.sum((share[1] - share[0]) * np.log(share[1] / share[0])))


def newest(intervals: pd.DataFrame) -> pd.DataFrame:
    """Of several forecasts of an interval, the one that was made last before it (per model and series)."""
    ordered = intervals.sort_values("made_at_utc", kind="stable")
    return ordered.drop_duplicates(["model", "series", "valid_from_utc"], keep="last")


def forecast_drift(intervals: pd.DataFrame, reference_days: int = 28, recent_days: int = 14) -> pd.DataFrame:
    """Drift of a log's scores.

    Args:
        intervals: `energy.monitor.Scored.intervals`.
        reference_days: first days that count as normal; a model that was trained anew has its own name and
            so its own reference.
        recent_days: last days whose coverage is looked at.

    Returns:
        One row a model, series and check ("error", "bias", "coverage"): value, lower, upper (the range that
        is in order; of coverage, what is sure of it), verdict, words.
    """
    rows: list[dict[str, object]] = []
    if not len(intervals):
        return pd.DataFrame(
            columns=["model", "series", "check", "value", "lower", "upper", "verdict", "words"]
        )
    intervals = newest(intervals).assign(day=lambda t: t["valid_from_utc"].dt.floor("D"))
    for (model, series), part in intervals.groupby(["model", "series"], sort=False):
        who: dict[str, object] = {"model": model, "series": series}
        daily = part.groupby("day")[["pinball_kw", "error_kw"]].mean().sort_index()
        rows += [who | row for row in _sums(daily, reference_days)]
        rows.append(who | _coverage(part, recent_days))
    return pd.DataFrame(rows)


def input_drift(load: Load, recent_days: int = 14) -> pd.DataFrame:
    """How far the last days of load and weather are from the same season before, or from all of before.

    Returns:
        One row a series and weather variable: check ("input"), value (stability index), verdict, words.
    """
    times = pd.DatetimeIndex(load.ds["time"].values)
    start = times[-1] - pd.Timedelta(recent_days, unit="D")
    recent = times > start
    apart = np.abs((times.dayofyear - times[-1].dayofyear + 182) % 365 - 182)
    season = ~recent & (apart <= SEASON_DAYS) & (times < start - pd.Timedelta(180, unit="D"))
    year = int(season.sum()) >= recent_days * load.steps_per_day
    before = season if year else ~recent
    columns = {name: load.ds["load_kw"].sel(series=name).values for name in load.series}
    columns |= {name: load.ds[name].values for name in load.weather}
    rows = []
    for name, values in columns.items():
        known = np.isfinite(values)
        old, new = values[before & known], values[recent & known]
        if len(old) < 7 * load.steps_per_day or len(new) < load.steps_per_day:
            row = _row("input", float("nan"), (0, WATCH_PSI), "too early", "too little is known to compare")
        else:
            index = stability_index(old, new)
            verdict: Verdict = (
                "retrain" if index > RETRAIN_PSI else "watch" if index > WATCH_PSI else "in order"
            )
            against = "the same season of earlier years" if year else "all of the time before"
            row = _row("input", index, (0, WATCH_PSI), verdict, f"against {against}")
            if float(np.ptp(new)) == 0:
                row |= {
                    "verdict": "retrain",
                    "words": f"it stood still for {recent_days} days: check the meter",
                }
        rows.append({"series": name} | row)
    return pd.DataFrame(rows)


def conclusion(*tables: pd.DataFrame) -> str:
    """One line for people: the worst verdict and what it comes from."""
    rows = [row for table in tables for row in table.to_dict("records") if row["verdict"] != "too early"]
    if not rows:
        return "too early: there is not enough truth to judge by."
    worst = max((str(row["verdict"]) for row in rows), key=RANK.__getitem__)
    if worst == "in order":
        return f"in order: {len(rows)} checks, none out of range."
    bad = [row for row in rows if row["verdict"] == worst]
    rest = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{worst}: {bad[0]['check']} of {bad[0]['series']} ({bad[0]['words']}){rest}."


def _row(
    check: str, value: float, fine: tuple[float, float], verdict: Verdict, words: str
) -> dict[str, object]:
    """One check; `fine` is the range that is in order (of coverage: what is sure of the value)."""
    return {
        "check": check,
        "value": value,
        "lower": float(fine[0]),
        "upper": float(fine[1]),
        "verdict": verdict,
        "words": words,
    }


def _by_sum(value: float) -> Verdict:
    return "retrain" if value > RETRAIN_SUM else "watch" if value > WATCH_SUM else "in order"


def _sums(daily: pd.DataFrame, reference_days: int) -> list[dict[str, object]]:
    """Drift of the size of errors and of their direction, from one mean a day."""
    needed = max(reference_days, 7) + 3
    if len(daily) < needed:
        words = f"{len(daily)} days are scored and {needed} are needed"
        return [_row("error", float("nan"), (0, WATCH_SUM), "too early", words)]
    # On a log scale a loss that doubles counts the same in quiet and in busy seasons.
    worse, _ = cusum(np.log(np.maximum(daily["pinball_kw"].to_numpy(), 1e-9)), reference_days)
    after, before = daily["pinball_kw"].tail(14).mean(), daily["pinball_kw"].head(reference_days).mean()
    of_late = daily["error_kw"].tail(14).mean()
    side = "above" if of_late > 0 else "below"
    bias = max(cusum(daily["error_kw"].to_numpy(), reference_days))
    times = f"the pinball loss is {after / max(before, 1e-12):.2f} times that of the reference"
    leans = f"the load lies {abs(of_late):.3g} kW {side} the median of late"
    return [
        _row("error", worse, (0, WATCH_SUM), _by_sum(worse), times),
        _row("bias", bias, (0, WATCH_SUM), _by_sum(bias), leans),
    ]


def _coverage(part: pd.DataFrame, recent_days: int) -> dict[str, object]:
    last = part[part["day"] > part["day"].max() - pd.Timedelta(recent_days, unit="D")]
    if last["day"].nunique() < 5:
        return _row("coverage", float("nan"), (NOMINAL, NOMINAL), "too early", "fewer than 5 days are scored")
    hits = last["inside80"].to_numpy(dtype=float)
    days = last["day"].astype("int64").to_numpy()
    share, low, high = share_interval(hits, days)
    out = not low <= NOMINAL <= high
    far = abs(share - NOMINAL) > 0.1
    verdict: Verdict = "retrain" if out and far else "watch" if out else "in order"
    words = (
        f"the 80 % interval held {share:.0%} of the last {recent_days} days, between {low:.0%} and {high:.0%}"
    )
    return _row("coverage", share, (low, high), verdict, words)
