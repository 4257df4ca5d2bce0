"""What a forecast comes to, in words and figures: summary, notes for the careful reader, provenance."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from energy.alarms import alarm_events
from energy.model import Choice
from energy.monitor import data_hash
from energy.predictive import quantile_columns
from energy.settings import Settings
from energy.wording import moment, power

if TYPE_CHECKING:
    from energy.backtest import Backtest
    from energy.data import Load


def notes(choice: Choice, load: Load, settings: Settings) -> list[str]:
    """What a careful reader should know."""
    found = []
    if choice.weather == "measured" and load.weather:
        found.append(
            "the weather after its start is not known to the forecast: only what was measured before"
        )
    if choice.weather == "perfect":
        found.append(
            "the weather that came true counts as known: the backtest's figures are better than real ones"
        )
    if choice.name not in (settings.model, "seasonal naive (week)"):
        found.append(f"forecast by the {choice.name} model, as {choice.reason}")
    elif settings.model == "trees" and len(choice.members) > 1:
        found.append(choice.reason)
    return found


def summary(tables: dict[str, pd.DataFrame], settings: Settings) -> str:
    """The finding in a few sentences, from the tables of the result."""
    table = tables["forecast"]
    peak = table.iloc[int(table["q50_kw"].argmax())]
    columns, levels = quantile_columns(table)
    many = table["series"].nunique() > 1
    words = (
        f"Peak of {power(float(peak['q50_kw']))} expected {moment(peak['valid_from_local'])}"
        f"{' on ' + str(peak['series']) if many else ''}, {levels[-1] - levels[0]:.0%} sure between "
        f"{power(float(peak[columns[0]]))} and {power(float(peak[columns[-1]]))}."
    )
    accuracy = tables.get("accuracy")
    if accuracy is not None:
        own, naive = accuracy.iloc[0], accuracy[accuracy["model"].str.startswith("seasonal naive")]
        words += f" On past days it was {power(float(own['mae_kw']))} off on average"
        if len(naive):
            best = naive.iloc[int(naive["mae_kw"].argmin())]
            words += f", the {best['model']} {power(float(best['mae_kw']))}"
        words += f"; its 80% interval held {own['coverage80']:.0%}."
    alarms = tables.get("alarms")
    if alarms is not None and settings.limit_kw is not None:
        events = alarm_events(alarms)
        what = "No alarm" if events.empty else f"{len(events)} alarm{'s' if len(events) > 1 else ''}"
        words += f" {what} for {power(settings.limit_kw)}: highest chance {alarms['probability'].max():.0%}."
    return words


def numbers(tables: dict[str, pd.DataFrame], past: Backtest | None) -> dict[str, Any]:
    """Figures for machines, units in their names."""
    table = tables["forecast"]
    found: dict[str, Any] = {
        "peak_kw": float(table["q50_kw"].max()),
        "intervals": int(table["valid_from_utc"].nunique()),
        "series": int(table["series"].nunique()),
    }
    if "accuracy" in tables:
        own = tables["accuracy"].iloc[0]
        found |= {k: float(own[k]) for k in own.index if k != "model" and pd.notna(own[k])}
    if past is not None:
        found["train_s"] = round(past.seconds, 2)
    if "alarms" in tables:
        found["alarms"] = len(alarm_events(tables["alarms"]))
        found["highest_chance"] = float(tables["alarms"]["probability"].max())
    return found


def provenance(load: Load, settings: Settings, choice: Choice) -> dict[str, Any]:
    """How the result was made; no file name, no personal data."""
    from common.training.record import versions

    return {
        "made_at_utc": pd.Timestamp.now(tz="UTC").isoformat(timespec="seconds"),
        "input_sha256": data_hash(load),
        "model": choice.name,
        "weather": choice.weather,
        "seed": settings.seed,
        "settings": {k: v for k, v in asdict(settings).items() if v is not None},
        "versions": versions(),
    }
