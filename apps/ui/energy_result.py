"""A finished energy forecast on the page: what is coming, and how sure that is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from apps.ui import charts, energy_charts, frame, workspace
from apps.ui.energy_sections import SECTIONS, own_and_baseline
from apps.ui.format import Language, energy, moment, number, percent, power, unit_for
from apps.ui.text import language, model_name, note, t
from common.pilot import Result
from energy.charts import series_by_peak, table_of

HISTORY_DAYS = 3
ALWAYS = ("accuracy", "drivers", "flexible")
"""Sections that say themselves when there is nothing to show."""


def show(folder: Path) -> None:
    """Draw a whole result.

    Args:
        folder: where it was written.

    Raises:
        StoreError: there is no complete result in the folder.
    """
    result = workspace.result(folder)
    names = series_by_peak(result)
    series = names[0]
    if len(names) > 1:
        series = st.selectbox(t("series_pick"), names, key="series")
    forecast = table_of(result, "forecast", series)
    measured = table_of(result, "history", series)
    alarms = table_of(result, "alarms", series)
    unit = unit_for(float(max(forecast["q90_kw"].abs().max(), measured["load_kw"].abs().max())))
    limit_kw = float(alarms["limit_kw"].iloc[0]) if len(alarms) else None
    _headline(forecast, alarms, result)
    since = forecast["valid_from_local"].iloc[0] - pd.Timedelta(days=HISTORY_DAYS)
    charts.draw(
        energy_charts.fan(forecast, measured[measured["valid_from_local"] >= since], unit, limit_kw),
        alt_text=_peak_words(forecast, language()),
        key="fan",
        height=400,
    )
    st.caption(t("fan_caption"))
    notes = [note(warning) for warning in result.warnings]
    if notes:
        st.info(notes[0] if len(notes) == 1 else "\n".join(f"- {n}" for n in notes), icon=":material/info:")
    shown = [name for name in SECTIONS if name in ALWAYS or len(table_of(result, name, series))]
    for tab, name in zip(st.tabs([t(f"tab_{name}") for name in shown]), shown, strict=True):
        with tab:
            SECTIONS[name](folder, series, unit)


def preview(folder: Path) -> None:
    """Draw the first series of a result, small.

    Raises:
        StoreError: there is no complete result in the folder.
    """
    result = workspace.result(folder)
    series = series_by_peak(result)[0]
    forecast, measured = table_of(result, "forecast", series), table_of(result, "history", series)
    since = forecast["valid_from_local"].iloc[0] - pd.Timedelta(days=1)
    unit = unit_for(float(forecast["q90_kw"].abs().max()))
    chart = energy_charts.fan(forecast, measured[measured["valid_from_local"] >= since], unit, None)
    charts.draw(chart, alt_text=_peak_words(forecast, language()), key="preview", height=230)


def _step_hours(forecast: pd.DataFrame) -> float:
    return float(
        (forecast["valid_from_utc"].iloc[1] - forecast["valid_from_utc"].iloc[0]) / pd.Timedelta(hours=1)
    )


def _peak_words(forecast: pd.DataFrame, code: Language) -> str:
    peak = forecast.iloc[int(forecast["q50_kw"].argmax())]
    return t("headline", power=power(peak["q50_kw"], code), when=moment(peak["valid_from_local"], code))


def _headline(forecast: pd.DataFrame, alarms: pd.DataFrame, result: Result) -> None:
    code = language()
    peak = forecast.iloc[int(forecast["q50_kw"].argmax())]
    hours, unit = _step_hours(forecast), unit_for(peak["q50_kw"])
    st.subheader(_peak_words(forecast, code), anchor=False)
    facts = [
        (
            t("metric_peak"),
            power(peak["q50_kw"], code),
            t(
                "metric_peak_range",
                low=power(peak["q10_kw"], code, unit),
                high=power(peak["q90_kw"], code, unit),
            ),
        ),
        (
            t("metric_energy"),
            energy(float(forecast["q50_kw"].sum()) * hours, code),
            t("metric_energy_hours", n=number(len(forecast) * hours, code)),
        ),
    ]
    own, baseline = own_and_baseline(result)
    if own is not None:
        facts.append((t("metric_error"), power(own["mae_kw"], code), _beside(own, baseline)))
    if len(alarms):
        under = float(alarms["alarm"].sum()) * hours
        top = t("metric_alarms_top", p=percent(float(alarms["probability"].max()), code))
        facts.append((t("metric_alarms"), f"{number(under, code, int(under % 1 > 0))} h", top))
    elif own is not None:
        facts.append((t("metric_coverage"), percent(own["coverage80"], code), t("metric_coverage_goal")))
    frame.figures(facts)


def _beside(own: pd.Series, baseline: pd.Series | None) -> str:
    if baseline is None:
        return t("metric_error_help")
    less = 1 - own["mae_kw"] / baseline["mae_kw"]
    words = "metric_error_less" if less >= 0 else "metric_error_more"
    return t(words, p=percent(abs(less), language()), name=model_name(baseline["model"]).lower())
