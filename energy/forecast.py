"""The pilot's main job: a load and settings in, a calibrated forecast with all that belongs to it out.

Backtest first, as it weighs, calibrates and judges the forecast; then the forecasters learn from everything
that is known and say what is to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from common.errors import DataError, PilotError
from common.pilot import Progress, Result, silent
from energy import backtest as tests
from energy import findings
from energy.alarms import Costs, alarm_tables
from energy.anomalies import find_anomalies
from energy.arrays import backtest_table, forecast_array, forecast_table, history_table
from energy.evaluate import compare, reliability
from energy.hierarchy import MOST_NODES, with_sums
from energy.model import Choice, Forecaster, choose, free_cores, horizon_steps, learn
from energy.monitor import ForecastLog
from energy.settings import Settings

if TYPE_CHECKING:
    from energy.data import Load

MOST_EXPLAINED = 5
"""Series whose drivers are told, those with the highest forecast peaks."""
MOST_JUDGED = 200
"""Series up to which unusual readings are looked for."""
STAGES = {"test": (0.02, 0.5), "fit": (0.5, 0.8), "rest": (0.8, 0.97)}


def forecast(load: Load, settings: Settings, progress: Progress = silent) -> Result:
    """Forecast the load and everything that goes with it.

    Args:
        load: what was read; the forecast starts after its last known value.
        settings: see Settings.
        progress: told how far it is.

    Returns:
        Tables `forecast` and `history`; `accuracy`, `calibration`, `backtest` where the history bears a
        backtest; `alarms`, `alarm_days`, `alarm_scores` with a limit; `drivers` of trees; `what_if`;
        `anomalies`; `findings` of reading; `hierarchy` with paths. Times are UTC and local, powers kW.

    Raises:
        DataError: the load is too short or does not fit the settings.
    """
    warnings: list[str] = []
    horizon = horizon_steps(load, settings)
    progress(0.01, "looking at the history")
    load, structure = with_sums(load)
    if structure is None and load.paths and len(load.series) > 1:
        warnings.append(
            f"the hierarchy has more than {MOST_NODES} nodes: meters are forecast alone, without their sums"
        )
    choice = choose(load, settings)
    origin = tests.end_of(load)
    load_known = _until(load, origin, choice.weather)
    past = _tested(load_known, settings, choice, horizon, warnings=warnings, progress=_part(progress, "test"))
    if choice.trained_until is None:
        _fit(choice.members, load_known, origin, _part(progress, "fit"))
    progress(STAGES["rest"][0], "forecasting")
    ahead = tests.fresh(load_known, choice.members, past, choice, horizon)
    tables: dict[str, pd.DataFrame] = {}
    if structure is not None:
        ahead, past = _added_up(load_known, structure, ahead, past, warnings=warnings, tables=tables)
    table = forecast_table(ahead, load.step, load.timezone)
    tables |= {"forecast": table, "history": history_table(load_known, origin)}
    if past is not None:
        tables |= {
            "accuracy": compare(load_known, choice, past, horizon, {}),
            "calibration": reliability(past),
            "backtest": backtest_table(past, load.step),
        }
    if settings.limit_kw is not None:
        tables |= _alarms(table, settings, past)
    progress(0.86, "explaining")
    tables |= _explained(choice, load_known, origin, table)
    if settings.temperature_change_c is not None:
        progress(0.9, "training the what-if")
        tables |= _changed_weather(choice, load_known, origin, horizon, settings=settings, warnings=warnings)
    progress(0.95, "looking for unusual readings")
    if len(load.series) <= MOST_JUDGED:
        tables["anomalies"] = find_anomalies(load)
    if load.report is not None:
        tables["findings"] = load.report.table()
    warnings += findings.notes(choice, load, settings)
    return Result(
        summary=findings.summary(tables, settings),
        tables=tables,
        numbers=findings.numbers(tables, past),
        warnings=[f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in warnings],
        provenance=findings.provenance(load, settings, choice),
        shown=["accuracy", "alarm_days"],
    )


def keep(result: Result, folder: Path) -> Path:
    """Keep a forecast with the time it was made, to be scored when the truth arrives.

    Raises:
        StoreError: it cannot be written.
    """
    table = result.tables["forecast"]
    at = table["valid_from_utc"].drop_duplicates().sort_values()
    step = np.timedelta64(pd.Timedelta(at.diff().min()).value, "ns")
    made = result.provenance
    return ForecastLog(folder).keep(
        forecast_array(table),
        step,
        made_at=pd.Timestamp(str(made["made_at_utc"])),
        model=str(made["model"]),
        data_hash=str(made["input_sha256"]),
    )


def _part(progress: Progress, stage: str) -> Progress:
    begin, end = STAGES[stage]
    return lambda fraction, words: progress(begin + fraction * (end - begin), words)


def _until(load: Load, origin: np.datetime64, weather: str) -> Load:
    """The load without rows after its last known value, unless their weather may be read."""
    if weather == "perfect":
        return load
    return replace(load, ds=load.ds.sel(time=load.ds["time"] < origin))


def _fit(members: Sequence[Forecaster], load: Load, origin: np.datetime64, progress: Progress) -> None:
    for i, member in enumerate(members):

        def part(fraction: float, words: str, before: int = i) -> None:
            progress((before + fraction) / len(members), words)

        learn(member, load, origin, part, f"training on all of the history ({member.name})")


def _tested(
    load: Load, settings: Settings, choice: Choice, horizon: int, *, warnings: list[str], progress: Progress
) -> tests.Backtest | None:
    """The backtest, or None with the reason among the warnings."""
    origins = tests.plan(load, settings.backtest_days, horizon, choice)
    short = "there is too little history for a backtest: the quantiles are not calibrated, nothing is scored"
    if choice.trained_until is not None:
        short = (
            "too few days came after the model's training for a backtest: its quantiles are as it gives them"
        )
    if not origins.scored:
        warnings.append(short)
        return None
    try:
        return tests.run(load, choice, origins, horizon, progress)
    except DataError as error:
        # Enough history to learn from all of it may still be too little to learn from a part.
        warnings.append(f"{short} ({error.what})")
        return None


def _added_up(
    load: Load,
    structure: Any,
    ahead: xr.DataArray,
    past: tests.Backtest | None,
    *,
    warnings: list[str],
    tables: dict[str, pd.DataFrame],
) -> tuple[xr.DataArray, tests.Backtest | None]:
    """The forecast, and its backtest, made to add up over the hierarchy."""
    from energy.hierarchy import reconcile

    tables["hierarchy"] = pd.DataFrame(
        {"node": structure.nodes, "meters": structure.summing.sum(axis=1).astype(int)}
    )
    try:
        if past is None:
            raise DataError("there is no backtest", where="reconciliation")
        found = reconcile(ahead, past.forecast, load, structure).forecast
        warm_up = past.origins.warm_up
        if warm_up >= 2 * 7:  # its errors weigh the nodes for the days that are scored
            before = past.forecast.isel(origin=slice(warm_up))
            summed = past.forecast.copy()
            for number in range(warm_up, past.forecast.sizes["origin"]):
                one = past.forecast.isel(origin=[number])
                summed.values[number] = reconcile(one, before, load, structure).forecast.values[0]
            past = replace(past, forecast=summed)
    except DataError as error:
        warnings.append(f"the forecasts of meters and sums do not add up: {error.what}")
        return ahead, past
    return found, past


def _alarms(table: pd.DataFrame, settings: Settings, past: tests.Backtest | None) -> dict[str, pd.DataFrame]:
    assert settings.limit_kw is not None
    costs = Costs(settings.cost_missed_eur, settings.cost_false_eur)
    if past is None:
        return alarm_tables(table, settings.limit_kw, costs)
    ahead, truth = past.scored()
    return alarm_tables(table, settings.limit_kw, costs, ahead, truth)


def _explained(
    choice: Choice, load: Load, origin: np.datetime64, table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """What drove each interval, of the series with the highest peaks; nothing for models that cannot tell."""
    from energy.explain import driver_table

    tells = next((m for m in choice.members if hasattr(m, "contributions")), None)
    if tells is None:
        return {}
    peaks = table.groupby("series", sort=False)["q50_kw"].max().sort_values(ascending=False)
    foreseen = None
    if choice.weather in ("vintages", "perfect") and "temperature_c" in load.weather:
        from energy.what_if import foreseen as foreseen_c

        foreseen = foreseen_c(load, origin, int((table["series"] == peaks.index[0]).sum()), choice.weather)[0]
    parts = []
    for name in peaks.index[:MOST_EXPLAINED]:
        found = tells.contributions(load, origin, str(name))
        parts.append(driver_table(found, load, origin, str(name), foreseen))
    return {"drivers": pd.concat(parts, ignore_index=True)}


def _changed_weather(
    choice: Choice,
    load: Load,
    origin: np.datetime64,
    horizon: int,
    *,
    settings: Settings,
    warnings: list[str],
) -> dict[str, pd.DataFrame]:
    from energy.trees import Trees
    from energy.what_if import what_if

    assert settings.temperature_change_c is not None
    forecaster: Any = next((m for m in choice.members if m.weather in ("perfect", "vintages")), None)
    try:
        if forecaster is None:
            forecaster = Trees(
                horizon=horizon,
                weather="perfect",
                seed=settings.seed,
                threads=settings.threads or free_cores(),
            )
            forecaster.fit(load, origin)
            warnings.append(
                "the what-if comes from a second model that reads the weather to come; its median may differ"
            )
        found = what_if(forecaster, load, origin, horizon, settings.temperature_change_c)
    except PilotError as error:
        warnings.append(f"there is no what-if: {error}")
        return {}
    warnings += found.warnings
    return {"what_if": found.table}
