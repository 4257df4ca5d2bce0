"""Scores against truth and beside the baselines: a rolling backtest, or forecasts that were kept in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from common import calibration
from common.errors import DataError
from common.pilot import Progress, Result, silent
from energy import backtest as tests
from energy.charts import ALONE, UNCALIBRATED, baselines
from energy.model import Choice, choose, horizon_steps
from energy.naive import SeasonalNaive
from energy.peers import Peer, peers
from energy.scores import accuracy, by_hour, mase_scale_kw
from energy.settings import Settings
from energy.wording import power

if TYPE_CHECKING:
    from energy.data import Load

SHORT = ["model", "origin_utc", "series", "scored", "pinball_kw", "mae_kw", "coverage80"]
"""Columns of the scores of kept forecasts that fit a terminal."""
BASELINES, NAIVE = ("week", "day"), "seasonal naive"


def compare(
    load: Load, choice: Choice, past: tests.Backtest, horizon: int, peer_forecasts: dict[str, xr.DataArray]
) -> pd.DataFrame:
    """The table `accuracy` over the scored origins: this forecast first, then its parts and the baselines.

    Args:
        load: the history.
        choice: what was tested.
        past: its backtest.
        horizon: steps.
        peer_forecasts: further forecasts of the scored origins, by name.
    """
    since = slice(past.origins.warm_up, None)
    own, truth = past.scored()
    rows = {choice.name: own}
    if not choice.calibrated:
        rows[UNCALIBRATED] = past.raw.isel(origin=since)
    if len(past.members) > 1:
        learned = {n: f for n, f in past.members.items() if not n.startswith(NAIVE)}
        rows |= {f"{name}{ALONE}": f.isel(origin=since) for name, f in learned.items()}
    for season in BASELINES:
        naive = SeasonalNaive(season)  # type: ignore[arg-type]
        if naive.name not in rows:
            naive.fit(load, past.origins.times[0])
            rows[naive.name] = naive.predict(load, own["origin"].values, horizon)
    rows |= peer_forecasts
    return accuracy(rows, truth, mase_scale_kw(load, past.origins.times[0]))


def reliability(past: tests.Backtest) -> pd.DataFrame:
    """The table `calibration`: of each quantile, the share of the truth that stayed below it."""
    forecast, truth = past.scored()
    values = forecast.transpose("origin", "step", "series", "quantile").values
    seen = np.where(np.isfinite(values).all(axis=-1), truth.values, np.nan)
    return pd.DataFrame(
        {"quantile": forecast["quantile"].values, "observed": calibration.reliability(values, seen)}
    )


def evaluate(load: Load, settings: Settings, progress: Progress = silent) -> Result:
    """Rolling-origin backtest beside the baselines and the peers that are installed.

    Raises:
        DataError: there is too little history.
    """
    horizon = horizon_steps(load, settings)
    choice = choose(load, settings)
    origins = tests.plan(load, settings.backtest_days, horizon, choice)
    if not origins.scored:
        raise DataError(
            "there is too little history for a backtest",
            where="load",
            mend="bring more weeks of it, or shorten the horizon",
        )
    past = tests.run(load, choice, origins, horizon, lambda f, words: progress(0.05 + 0.6 * f, words))
    forecasts = {}
    found: list[Peer] = peers()
    for i, peer in enumerate(found):
        progress(0.65 + 0.3 * i / len(found), f"running a peer ({peer.name})")
        forecasts[peer.name] = peer.forecast(
            load, origins.times[0], origins.times[origins.warm_up :], horizon, settings.threads
        )
    table = compare(load, choice, past, horizon, forecasts)
    forecast, truth = past.scored()
    own = table.iloc[0]
    rest = baselines(table)
    best = rest.iloc[int(rest["mae_kw"].argmin())]
    summary = (
        f"Over {origins.scored} past {'days' if horizon <= 7 * load.steps_per_day else 'weeks'} the forecast "
        f"was {power(float(own['mae_kw']))} off on average (MASE {own['mase']:.2f}); the best of the others, "
        f"{best['model']}, was {power(float(best['mae_kw']))} off. "
        f"Its 80% interval held {own['coverage80']:.1%} of the truth."
    )
    notes = [] if found else ["no peers are installed: python -m pip install 'sector-pilots[peers]'"]
    return Result(
        summary=summary,
        tables={
            "accuracy": table,
            "calibration": reliability(past),
            "coverage_by_hour": by_hour(forecast, truth, load.step, load.timezone),
        },
        numbers={k: float(own[k]) for k in table.columns if k != "model"}
        | {"origins": origins.scored, "train_s": round(past.seconds, 1)},
        warnings=notes,
        provenance={"model": choice.name, "weather": choice.weather, "settings": vars(settings)},
        shown=["accuracy", "calibration"],
    )


def score_kept(log: Path, load: Load) -> Result:
    """Score the forecasts kept in a log against what is known now, and say whether anything drifts.

    Raises:
        StoreError: the log cannot be read or written.
        DataError: nothing is kept there.
    """
    from energy.drift import conclusion, forecast_drift, input_drift
    from energy.hierarchy import with_sums
    from energy.monitor import ForecastLog

    scored = ForecastLog(log).score(with_sums(load)[0])
    if not len(scored.forecasts):
        raise DataError(
            "no forecast is kept here", where=log.name, mend="keep one with: pilots run energy --log"
        )
    drift, inputs = forecast_drift(scored.intervals), input_drift(load)
    table = scored.forecasts
    judged = int((table["scored"] > 0).sum())
    summary = f"{judged} of {len(table)} kept forecasts have truth to be scored by. Drift: "
    means = table[["pinball_kw", "peak_pinball_kw", "mae_kw", "coverage80"]].mean()
    return Result(
        summary=summary + conclusion(drift, inputs),
        tables={
            "scores": table[SHORT],
            "kept": table,
            "drift": drift,
            "input_drift": inputs,
            "scored_intervals": scored.intervals,
        },
        numbers={str(k): (None if pd.isna(v) else float(v)) for k, v in means.items()}
        | {"forecasts": len(table), "scored_forecasts": judged},
        warnings=list(scored.notes),
        provenance={"log": "kept forecasts"},
        shown=["scores", "drift", "input_drift"],
    )
