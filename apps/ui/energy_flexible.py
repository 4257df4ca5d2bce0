"""The cheapest hours for a load that can wait: what it needs, what power costs when, and the plan."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st

from apps.ui import charts, workspace
from apps.ui.charts import Layers, palette, time_axis, wall_clock
from apps.ui.format import Unit, energy, moment, number, percent, power, unit_for
from apps.ui.frame import sorry
from apps.ui.text import language, t
from common.errors import PilotError
from energy.arrays import forecast_array
from energy.charts import table_of
from energy.flexible import Flexible, Plan, plan, room_kw

NIGHT = (23, 7)
LOW_EUR_KWH, HIGH_EUR_KWH = 0.22, 0.31
HOURS_NEEDED = 4
"""The first proposal: a tenth of the peak for so many hours, between the evening and the morning."""
EVENING, WINDOW = 17, pd.Timedelta(hours=14)


def tariff(local: pd.Series, low: float, high: float, night: tuple[int, int]) -> pd.Series:
    """A price of two levels by the local hour, indexed by UTC; the low one may reach over midnight."""
    begin, end = night
    hour = local.dt.hour
    cheap = (hour >= begin) & (hour < end) if begin <= end else (hour >= begin) | (hour < end)
    return pd.Series(cheap.map({True: low, False: high}).to_numpy(), index=local.dt.tz_convert("UTC"))


def draw(found: Plan, unit: Unit) -> Layers:
    """Planned power as bars over what starting at once would take, with the price as a line.

    Args:
        found: the plan.
        unit: of the power.
    """
    colours, code = palette(), language()
    table = found.schedule
    frame = pd.DataFrame(
        {
            "wall": wall_clock(table["valid_from_local"]),
            "end": wall_clock(table["valid_until_utc"].dt.tz_convert(table["valid_from_local"].dt.tz)),
            "planned": table["power_kw"] / unit.kw,
            "price": table["price"],
            "when": [moment(at, code) for at in table["valid_from_local"]],
            "words": [power(v, code, unit) for v in table["power_kw"]],
        }
    )
    x = time_axis(frame["wall"])
    base = alt.Chart(frame)
    tips = [
        alt.Tooltip("when:N", title=t("tip_when")),
        alt.Tooltip("words:N", title=t("flex_planned")),
        alt.Tooltip("price:Q", title=t("flex_price"), format=".3f"),
    ]
    bars = base.mark_rect(color=colours.good).encode(
        x=x, x2="end:T", y=alt.Y("planned:Q", title=unit.name), y2=alt.datum(0), tooltip=tips
    )
    price = base.mark_line(interpolate="step-after", color=colours.ink, strokeDash=[4, 3]).encode(
        x=x, y=alt.Y("price:Q", title=t("flex_price"), axis=alt.Axis(orient="right", grid=False, titleX=30))
    )
    return alt.layer(bars, price).resolve_scale(y="independent")


@st.fragment
def section(folder: str, series: str) -> None:
    """Ask for the load and the tariff, and draw the plan.

    Args:
        folder: where the result was written.
        series: which meter the load hangs on.
    """
    code = language()
    result = workspace.result(Path(folder))
    forecast, alarms = table_of(result, "forecast", series), table_of(result, "alarms", series)
    local = forecast["valid_from_local"]
    step = local.iloc[1] - local.iloc[0]
    unit = unit_for(float(forecast["q50_kw"].max()) / 10)
    proposed = float(f"{float(forecast['q50_kw'].max()) / 10 / unit.kw:.1g}")
    st.markdown(t("flex_intro"))
    cells = st.columns(4)
    need = cells[0].number_input(
        t("flex_energy", unit=unit.name), min_value=0.001, value=HOURS_NEEDED * proposed, key="flex_energy"
    )
    most = cells[1].number_input(
        t("flex_power", unit=unit.name), min_value=0.001, value=proposed, key="flex_power"
    )
    starts = [at for at in local if at.minute == 0] or [local.iloc[0]]
    evening = next((i for i, at in enumerate(starts) if at.hour == EVENING), 0)
    earliest = cells[2].selectbox(
        t("flex_earliest"), starts, evening, format_func=lambda at: moment(at, code), key="flex_start"
    )
    ends = [at for at in local + step if at.minute == 0 and at > earliest] or [local.iloc[-1] + step]
    last = next((i for i, at in enumerate(ends) if at >= earliest + WINDOW), len(ends) - 1)
    deadline = cells[3].selectbox(
        t("flex_deadline"), ends, last, format_func=lambda at: moment(at, code), key="flex_end"
    )
    cells = st.columns(4)
    low = cells[0].number_input(t("flex_low"), value=LOW_EUR_KWH, step=0.01, format="%.3f", key="flex_low")
    high = cells[1].number_input(
        t("flex_high"), value=HIGH_EUR_KWH, step=0.01, format="%.3f", key="flex_high"
    )
    hours = list(range(24))
    begin = cells[2].selectbox(
        t("flex_from"), hours, NIGHT[0], format_func=lambda h: f"{h:02d}:00", key="flex_from"
    )
    end = cells[3].selectbox(
        t("flex_to"), hours, NIGHT[1], format_func=lambda h: f"{h:02d}:00", key="flex_to"
    )
    go = st.toggle(t("flex_one_go"), key="flex_go")
    try:
        load = Flexible(need * unit.kw, most * unit.kw, earliest, deadline, contiguous=go)
        room = None
        if len(alarms):
            room = room_kw(forecast_array(forecast), step.to_timedelta64(), float(alarms["limit_kw"].iloc[0]))
        found = plan(load, tariff(local, low, high, (begin, end)), str(local.dt.tz), room=room)
    except PilotError as error:
        sorry(error)
        return
    words = _words(found, load, with_room=room is not None)
    st.markdown(f"**{words}**")
    charts.draw(draw(found, unit), alt_text=words, key="flexible", height=240)
    st.caption(t("flex_caption"))


def _words(found: Plan, load: Flexible, with_room: bool) -> str:
    code = language()
    on = found.schedule[found.schedule["power_kw"] > 0]
    share = found.saving / found.baseline_cost if found.baseline_cost else 0.0
    words = t(
        "flex_words",
        energy=energy(load.energy_kwh, code),
        start=moment(on["valid_from_local"].iloc[0], code),
        cost=number(found.cost, code, 2),
        base=number(found.baseline_cost, code, 2),
        p=percent(share, code),
    )
    return f"{words} {t('flex_room')}" if with_room else words
