"""How every page draws: one palette safe for colour blindness, one time axis, one frame."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

from apps.ui.format import Language, chart_locale
from apps.ui.text import language

HEIGHT_PX = 360
Layers = alt.LayerChart | alt.FacetChart
"""What `altair.layer` may return."""


@dataclass(frozen=True)
class Palette:
    """Colours by meaning (Okabe and Ito's set); `band` is see-through, so that bands add up.

    Attributes:
        ink: what was measured.
        main: the forecast, the suite's own result.
        band: around it.
        wide_band: a band that stands alone.
        limit: what must not be passed, and what is wrong.
        good: what is better, cheaper, greener.
        warn: what deserves a look.
        other: peers and baselines.
    """

    ink: str
    main: str
    band: str
    wide_band: str
    limit: str
    good: str
    warn: str
    other: str


LIGHT = Palette(
    "#15212B",
    "#0072B2",
    "rgba(0,114,178,0.15)",
    "rgba(0,114,178,0.28)",
    "#B84F00",
    "#009E73",
    "#E69F00",
    "#9AA7B3",
)
DARK = Palette(
    "#E7EDF3",
    "#56B4E9",
    "rgba(86,180,233,0.17)",
    "rgba(86,180,233,0.3)",
    "#F0803C",
    "#2BC49A",
    "#F0B429",
    "#6B7A88",
)


def palette() -> Palette:
    """The colours for the visitor's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def wall_clock(times: pd.Series) -> pd.Series:
    """The clock's own hands, marked as UTC, so that no browser shifts what Vega shows.

    Args:
        times: zone-aware times of any zone.
    """
    return times.dt.tz_localize(None).dt.tz_localize("UTC")


def time_axis(times: pd.Series, title: str | None = None) -> alt.X:
    """X encoding of the column `wall` with day names at midnight and 24-hour clock times between.

    Args:
        times: the wall-clock times that will be shown, for choosing the distance of the ticks.
        title: below the axis, or None.
    """
    hours = (times.max() - times.min()) / pd.Timedelta(hours=1)
    scale = alt.Scale(type="utc", nice=False)
    if hours > 24 * 21:
        axis = alt.Axis(
            format="%b %Y" if hours > 24 * 120 else "%e %b", tickCount=8, labelOverlap=True, grid=False
        )
        return alt.X("wall:T", title=title, scale=scale, axis=axis)
    step = next((step for most, step in ((30, 3), (60, 6), (150, 12)) if hours <= most), 24)
    label = (
        "utchours(datum.value) == 0 ? utcFormat(datum.value, '%a %e %b') : utcFormat(datum.value, '%H:%M')"
    )
    midnight = {"condition": {"test": "utchours(datum.value) == 0", "value": 1}, "value": 0.35}
    ticks = pd.date_range(times.min().ceil(f"{step}h"), times.max(), freq=f"{step}h")
    axis = alt.Axis(
        labelExpr=label,
        values=[alt.DateTime(year=a.year, month=a.month, date=a.day, hours=a.hour, utc=True) for a in ticks],
        labelOverlap=True,
        grid=True,
        gridOpacity=midnight,
    )
    return alt.X("wall:T", title=title, scale=scale, axis=axis)


def draw(chart: alt.Chart | Layers, *, alt_text: str, key: str, height: int = HEIGHT_PX) -> None:
    """Put a chart on the page in the app's frame.

    Args:
        chart: what to draw; its data must be in it.
        alt_text: what it shows, in a sentence, for those who cannot see it.
        key: name of the element.
        height: in pixels.
    """
    code: Language = language()
    framed = (
        chart.properties(height=height)
        .configure(locale=chart_locale(code))
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titleAngle=0)
        .configure_axisY(
            titleAlign="left", titleAnchor="end", titleX=-4, titleY=-8, domain=False, ticks=False
        )
        .configure_legend(
            orient="top",
            title=None,
            labelFontSize=13,
            labelLimit=400,
            symbolStrokeWidth=3,
            padding=0,
            offset=22,
        )
        .configure_view(strokeWidth=0)
    )
    st.altair_chart(framed, width="stretch", key=key, alt=alt_text)
