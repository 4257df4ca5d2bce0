"""What another temperature would change: both forecasts in one picture, and where they part most."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st

from apps.ui import charts, workspace
from apps.ui.charts import Layers, palette, time_axis, wall_clock
from apps.ui.format import Unit, moment, number, power
from apps.ui.text import language, t
from energy.charts import table_of


def draw(table: pd.DataFrame, unit: Unit) -> Layers:
    """The median as foreseen and with the temperature changed.

    Args:
        table: `what_if` of one series.
        unit: of the axis.
    """
    colours, code = palette(), language()
    wall = wall_clock(table["valid_from_local"])
    names = {"q50_kw": t("whatif_foreseen"), "changed_q50_kw": t("whatif_changed")}
    parts = [
        pd.DataFrame(
            {
                "wall": wall,
                "load": table[column] / unit.kw,
                "key": name,
                "when": [moment(at, code) for at in wall],
                "words": [power(v, code, unit) for v in table[column]],
            }
        )
        for column, name in names.items()
    ]
    scale = alt.Scale(domain=list(names.values()), range=[colours.main, colours.limit])
    line = alt.Chart(pd.concat(parts, ignore_index=True)).mark_line(strokeWidth=2)
    return alt.layer(
        line.encode(
            x=time_axis(wall),
            y=alt.Y("load:Q", title=unit.name, scale=alt.Scale(zero=False)),
            color=alt.Color("key:N", scale=scale, legend=alt.Legend()),
            tooltip=[
                alt.Tooltip("when:N", title=t("tip_when")),
                alt.Tooltip("key:N", title=" "),
                alt.Tooltip("words:N", title=t("key_middle")),
            ],
        )
    )


def section(folder: Path, series: str, unit: Unit) -> None:
    """Draw the what-if of one series.

    Args:
        folder: where the result was written.
        series: which meter.
        unit: of the axis.
    """
    code = language()
    table = table_of(workspace.result(folder), "what_if", series)
    degrees = table["changed_temperature_c"] - table["temperature_c"]
    most = table.iloc[int(table["change_kw"].abs().to_numpy().argmax())]
    words = t(
        "whatif_words",
        degrees=number(float(degrees.mean()), code, 1),
        when=moment(most["valid_from_local"], code),
        low=power(most["q50_kw"], code, unit),
        high=power(most["changed_q50_kw"], code, unit),
    )
    st.markdown(words)
    charts.draw(draw(table, unit), alt_text=words, key="what_if", height=300)
