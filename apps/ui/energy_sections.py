"""What one may want to know of a forecast, a tab each: alarms, accuracy, drivers, anomalies, reading."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from apps.ui import charts, energy_charts, energy_flexible, energy_what_if, workspace
from apps.ui.format import Language, Unit, energy, figure, moment, number, percent, power, unit_for
from apps.ui.text import driver_name, language, model_name, said, t
from common.pilot import Result
from energy.charts import baselines, driver_data, event_data, table_of

TOP_WORDS = 3


def own_and_baseline(result: Result) -> tuple[pd.Series | None, pd.Series | None]:
    """The rows of the forecast and of the best baseline in the table of accuracy, where there are any."""
    table = result.tables.get("accuracy")
    if table is None or table.empty:
        return None, None
    rest = baselines(table)
    baseline = rest.iloc[int(rest["mae_kw"].argmin())] if len(rest) else None
    return table.iloc[0], baseline


def _alarms(folder: Path, series: str, unit: Unit) -> None:
    code = language()
    result = workspace.result(folder)
    alarms = table_of(result, "alarms", series)
    count, limit = int(alarms["alarm"].sum()), power(float(alarms["limit_kw"].iloc[0]), code)
    threshold = percent(float(alarms["threshold"].iloc[0]), code)
    key = "alarms_some" if count else "alarms_none"
    st.markdown(t(key, n=count, limit=limit, p=threshold))
    charts.draw(
        energy_charts.chance(alarms),
        alt_text=t(key, n=count, limit=limit, p=threshold),
        key="chance",
        height=220,
    )
    events = event_data(result, series)
    if len(events):
        table = {
            t("alarm_from"): [moment(at, code) for at in events["from_local"]],
            t("alarm_to"): [moment(at, code) for at in events["to_local"]],
            t("alarm_chance"): [percent(p, code) for p in events["peak_probability"]],
            t("alarm_excess"): [energy(kwh, code) for kwh in events["expected_excess_kwh"]],
        }
        st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch")


def _accuracy(folder: Path, series: str, unit: Unit) -> None:
    result, code = workspace.result(folder), language()
    own = own_and_baseline(result)[0]
    if own is None:
        st.info(t("accuracy_none"))
        return
    table = result.tables["accuracy"].assign(name=[model_name(m) for m in result.tables["accuracy"]["model"]])
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{t('accuracy_title')}**")
        unit_error = unit_for(float(table["mae_kw"].max()))
        charts.draw(
            energy_charts.errors(table, unit_error, model_name(own["model"])),
            alt_text=t("accuracy_caption"),
            key="errors",
            height=44 * len(table) + 20,
        )
        st.caption(t("accuracy_caption"))
    with right:
        calibration = result.tables.get("calibration")
        if calibration is not None and len(calibration):
            st.markdown(f"**{t('calibration_title')}**")
            words = t("calibration_words", p=percent(own["coverage80"], code))
            charts.draw(energy_charts.calibration(calibration), alt_text=words, key="calibration", height=260)
            st.caption(words)
    backtest = table_of(result, "backtest", series)
    if len(backtest):
        _backtest_day(str(folder), series)
    with st.expander(t("accuracy_figures")):
        scale = unit_error
        st.dataframe(
            pd.DataFrame(
                {
                    t("col_model"): table["name"],
                    t("col_mae", unit=scale.name): [figure(v / scale.kw, code) for v in table["mae_kw"]],
                    t("col_mase"): [number(v, code, 3) for v in table["mase"]],
                    t("col_pinball", unit=scale.name): [
                        figure(v / scale.kw, code) for v in table["pinball_kw"]
                    ],
                    t("col_coverage"): [percent(v, code, 1) for v in table["coverage80"]],
                    t("col_width", unit=scale.name): [
                        figure(v / scale.kw, code) for v in table["width80_kw"]
                    ],
                    t("col_peak", unit=scale.name): [
                        figure(v / scale.kw, code) for v in table["peak_hour_error_kw"]
                    ],
                }
            ),
            hide_index=True,
            width="stretch",
        )


@st.fragment
def _backtest_day(folder: str, series: str) -> None:
    code = language()
    backtest = table_of(workspace.result(Path(folder)), "backtest", series)
    st.markdown(f"**{t('backtest_title')}**")
    zone = backtest["valid_from_local"].dt.tz
    origins = list(backtest["origin_utc"].drop_duplicates().dt.tz_convert(zone))
    at = origins[0]
    if len(origins) > 1:
        at = st.select_slider(
            t("backtest_pick"),
            origins,
            value=origins[-1],
            format_func=lambda o: moment(o, code),
            key="origin",
        )
    day = backtest[backtest["origin_utc"] == at]
    unit = unit_for(float(day[["load_kw", "q90_kw"]].abs().max().max()))
    inside = float(((day["load_kw"] >= day["q10_kw"]) & (day["load_kw"] <= day["q90_kw"])).mean())
    off = float((day["load_kw"] - day["q50_kw"]).abs().mean())
    words = t("backtest_words", when=moment(at, code), off=power(off, code), p=percent(inside, code))
    charts.draw(
        energy_charts.fan(day.reset_index(drop=True), day, unit, None),
        alt_text=words,
        key="backtest",
        height=260,
    )
    st.caption(words)


@st.fragment
def _drivers(folder: str, series: str) -> None:
    result, code = workspace.result(Path(folder)), language()
    found = table_of(result, "drivers", series)
    if found.empty:
        st.info(t("drivers_none"))
        return
    hours = list(found["valid_from_local"].drop_duplicates())
    forecast = table_of(result, "forecast", series).set_index("valid_from_local")
    among = forecast["q50_kw"].reindex(hours)
    at = st.selectbox(
        t("drivers_pick"),
        hours,
        index=int(among.to_numpy().argmax()) if among.notna().any() else 0,
        format_func=lambda hour: moment(hour, code),
        key="hour",
    )
    rows = driver_data(result, series, at.tz_convert("UTC"))
    rows = rows.assign(label=[driver_name(d) for d in rows["driver"]])
    unit = unit_for(float(rows["contribution_kw"].abs().max()))
    st.markdown(_driver_words(rows, at, float(among.get(at, float("nan"))), code))
    charts.draw(
        energy_charts.drivers(rows, unit),
        alt_text=t("drivers_caption"),
        key="drivers",
        height=34 * len(rows) + 20,
    )
    st.caption(t("drivers_caption"))


def _driver_words(rows: pd.DataFrame, at: pd.Timestamp, middle_kw: float, code: Language) -> str:
    parts = []
    for row in rows.head(TOP_WORDS).to_dict("records"):
        size_kw = float(row["contribution_kw"])
        key = "driver_adds" if size_kw > 0 else "driver_takes"
        own = t(key, name=row["label"], power=power(abs(size_kw), code))
        # The pilot's own words say more, in English.
        parts.append(row["words"] if code == "en" and isinstance(row.get("words"), str) else own)
    start = t("drivers_words", when=moment(at, code), power=power(middle_kw, code))
    return f"{start} {'; '.join(parts)}."


def _anomalies(folder: Path, series: str, unit: Unit) -> None:
    code = language()
    found = table_of(workspace.result(folder), "anomalies", series)
    st.markdown(t("anomalies_words", n=len(found)) if len(found) > 1 else t("anomalies_one"))
    found = found.sort_values("valid_from_utc", ascending=False)
    st.dataframe(
        pd.DataFrame(
            {
                t("tip_when"): [f"{moment(at, code)} {at.year}" for at in found["valid_from_local"]],
                t("key_measured"): [power(v, code) for v in found["load_kw"]],
                t("anomaly_expected"): [power(v, code) for v in found["expected_kw"]],
                t("anomaly_kind"): found["kind"],
            }
        ),
        hide_index=True,
        width="stretch",
    )


def _findings(folder: Path, series: str, unit: Unit) -> None:
    findings_table(workspace.result(folder).tables["findings"])


def findings_table(findings: pd.DataFrame) -> None:
    """What reading found and did, by row."""
    findings = findings.assign(what=findings["what"].map(said), done=findings["done"].map(said))
    st.dataframe(
        findings.rename(columns={name: t(f"findings_{name}") for name in ("row", "field", "what", "done")}),
        column_order=[t(f"findings_{name}") for name in ("row", "field", "what", "done")],
        hide_index=True,
        width="stretch",
    )


SECTIONS = {
    "alarms": _alarms,
    "accuracy": _accuracy,
    "drivers": lambda folder, series, unit: _drivers(str(folder), series),
    "what_if": energy_what_if.section,
    "flexible": lambda folder, series, unit: energy_flexible.section(str(folder), series),
    "anomalies": _anomalies,
    "findings": _findings,
}
