"""The energy page's charts, from the tables of a result. Powers are shown in a unit that suits them."""

from __future__ import annotations

import altair as alt
import pandas as pd

from apps.ui.charts import Layers, Palette, palette, time_axis, wall_clock
from apps.ui.format import Unit, figure, moment, percent, power
from apps.ui.text import language, t

BANDS = ((10, 90), (20, 80), (30, 70), (40, 60))
FAR = 1.0
LONG_DAYS = 45
"""A history longer than this is drawn as one band and one line a day."""


def _key(entries: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(entries), range=list(entries.values()))


def _named(mark: alt.Chart, label: str, scale: alt.Scale) -> alt.Chart:
    """The mark in the legend's colour for this label."""
    named = mark.transform_calculate(key=f"'{label}'")
    return named.encode(color=alt.Color("key:N", scale=scale, legend=alt.Legend()))


def _hover(layer: alt.Chart, x: alt.X, colours: Palette, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """An upright line at the nearest time, which carries the tooltip."""
    near = alt.selection_point(
        nearest=True, on="pointerover", clear="pointerout", fields=["wall"], empty=False
    )
    return (
        layer.mark_rule(color=colours.ink, strokeWidth=1)
        .encode(x=x, opacity=alt.condition(near, alt.value(0.5), alt.value(0)), tooltip=tooltip)
        .add_params(near)
    )


def history(load: pd.DataFrame, unit: Unit) -> Layers:
    """Load as it was read: a line, or for a long one the range and mean of each day.

    Args:
        load: columns `valid_from_local` (zone-aware) and `load_kw`, of one series.
        unit: of the axis.
    """
    colours, code = palette(), language()
    frame = pd.DataFrame({"wall": wall_clock(load["valid_from_local"]), "load": load["load_kw"] / unit.kw})
    span = frame["wall"].max() - frame["wall"].min()
    if span > pd.Timedelta(days=LONG_DAYS):
        frame = frame.set_index("wall")["load"].resample("1D").agg(["min", "mean", "max"]).reset_index()
        frame["when"] = [f"{moment(at, code)[:-6]} {at.year}" for at in frame["wall"]]
        x = time_axis(frame["wall"])
        scale = _key({t("key_day_mean"): colours.main, t("key_day_range"): colours.wide_band})
        base = alt.Chart(frame)
        low = alt.Y("min:Q", title=unit.name, scale=alt.Scale(zero=False))
        band = _named(base.mark_area().encode(x=x, y=low, y2="max:Q"), t("key_day_range"), scale)
        line = _named(base.mark_line(strokeWidth=1.5).encode(x=x, y="mean:Q"), t("key_day_mean"), scale)
        tips = [
            alt.Tooltip("when:N", title=t("tip_when")),
            *(
                alt.Tooltip(f"{n}:Q", title=f"{t(f'tip_{n}')} ({unit.name})", format=".3~r")
                for n in ("max", "mean", "min")
            ),
        ]
        return alt.layer(band, line, _hover(base, x, colours, tips))
    frame["when"] = [moment(at, code) for at in frame["wall"]]
    x = time_axis(frame["wall"])
    line = (
        alt.Chart(frame)
        .mark_line(strokeWidth=1.5, color=colours.main)
        .encode(x=x, y=alt.Y("load:Q", title=unit.name, scale=alt.Scale(zero=False)))
    )
    tips = [alt.Tooltip("when:N", title=t("tip_when")), alt.Tooltip("load:Q", title=unit.name, format=".3~r")]
    return alt.layer(line, _hover(alt.Chart(frame), x, colours, tips))


def fan(forecast: pd.DataFrame, measured: pd.DataFrame, unit: Unit, limit_kw: float | None) -> Layers:
    """Forecast with its quantiles as nested bands, what was measured before it, and the capacity.

    Args:
        forecast: columns `valid_from_local` (zone-aware) and `q10_kw` to `q90_kw`, of one series.
        measured: columns `valid_from_local` and `load_kw`, of the same series.
        unit: of the axis.
        limit_kw: contracted capacity, or None; it is left out where it lies so far above that the rest
            would be flat.
    """
    top, bottom = forecast["q90_kw"].max(), forecast["q10_kw"].min()
    if limit_kw is not None and limit_kw > top + FAR * (top - bottom):
        limit_kw = None
    colours, code = palette(), language()
    wall = wall_clock(forecast["valid_from_local"])
    quantiles = forecast.filter(regex=r"^q\d+_kw$") / unit.kw
    frame = pd.concat([wall.rename("wall"), quantiles], axis=1)
    frame["when"] = [moment(at, code) for at in wall]
    frame["middle"] = [power(v, code, unit) for v in forecast["q50_kw"]]
    frame["range"] = [
        f"{figure(low / unit.kw, code)} – {power(high, code, unit)}"
        for low, high in zip(forecast["q10_kw"], forecast["q90_kw"], strict=True)
    ]
    past = pd.DataFrame(
        {"wall": wall_clock(measured["valid_from_local"]), "load": measured["load_kw"] / unit.kw}
    )
    past["when"] = [moment(at, code) for at in past["wall"]]
    past["measured"] = [power(v, code, unit) for v in measured["load_kw"]]
    entries = {t("key_measured"): colours.ink, t("key_middle"): colours.main, t("key_band"): colours.band}
    if limit_kw is not None:
        entries[t("key_limit")] = colours.limit
    scale = _key(entries)
    x = time_axis(pd.concat([past["wall"], frame["wall"]]))
    base, before = alt.Chart(frame), alt.Chart(past)
    layers = []
    for low, high in BANDS:
        if {f"q{low}_kw", f"q{high}_kw"} <= set(frame.columns):
            y = alt.Y(f"q{low}_kw:Q", title=unit.name, scale=alt.Scale(zero=False))
            band = base.mark_area().encode(x=x, y=y, y2=f"q{high}_kw:Q")
            layers.append(_named(band, t("key_band"), scale))
    line = before.mark_line(strokeWidth=1.5).encode(x=x, y="load:Q")
    middle = base.mark_line(strokeWidth=2.5).encode(x=x, y="q50_kw:Q")
    layers += [_named(line, t("key_measured"), scale), _named(middle, t("key_middle"), scale)]
    if limit_kw is not None:
        limit = alt.Chart(pd.DataFrame({"limit": [limit_kw / unit.kw]}))
        rule = limit.mark_rule(strokeWidth=2, strokeDash=[6, 4]).encode(y="limit:Q")
        layers.append(_named(rule, t("key_limit"), scale))
    now = alt.Chart(frame.head(1)).mark_rule(strokeDash=[2, 3], color=colours.ink, opacity=0.6).encode(x=x)
    named = alt.Tooltip("when:N", title=t("tip_when"))
    layers += [
        now,
        _hover(before, x, colours, [named, alt.Tooltip("measured:N", title=t("key_measured"))]),
        _hover(
            base,
            x,
            colours,
            [
                named,
                alt.Tooltip("middle:N", title=t("key_middle")),
                alt.Tooltip("range:N", title=t("tip_range")),
            ],
        ),
    ]
    return alt.layer(*layers)


def chance(alarms: pd.DataFrame) -> Layers:
    """Chance of exceeding the capacity by time, alarms marked, with the threshold.

    Args:
        alarms: columns `valid_from_local`, `probability`, `threshold`, `alarm`, of one series.
    """
    colours, code = palette(), language()
    frame = alarms[["probability", "threshold", "alarm"]].copy()
    frame["wall"] = wall_clock(alarms["valid_from_local"])
    frame["end"] = frame["wall"] + (frame["wall"].iloc[1] - frame["wall"].iloc[0])
    frame["when"] = [moment(at, code) for at in frame["wall"]]
    frame["kind"] = [t("key_alarm") if on else t("key_no_alarm") for on in frame["alarm"]]
    x = time_axis(frame["wall"])
    bars = (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=x,
            x2="end:T",
            y=alt.Y(
                "probability:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=5),
            ),
            y2=alt.datum(0),
            color=alt.Color(
                "kind:N",
                scale=_key({t("key_no_alarm"): colours.other, t("key_alarm"): colours.limit}),
                legend=alt.Legend(),
            ),
            tooltip=[
                alt.Tooltip("when:N", title=t("tip_when")),
                alt.Tooltip("probability:Q", title=t("tip_chance"), format=".0%"),
            ],
        )
    )
    line = alt.Chart(frame.head(1)).mark_rule(color=colours.ink, strokeDash=[4, 3]).encode(y="threshold:Q")
    words = (
        alt.Chart(frame.head(1))
        .mark_text(align="left", dx=4, dy=-7, color=colours.ink, fontSize=12)
        .encode(
            x=x,
            y="threshold:Q",
            text=alt.value(t("key_threshold", p=percent(float(frame["threshold"].iloc[0]), code))),
        )
    )
    return alt.layer(bars, line, words)


def errors(accuracy: pd.DataFrame, unit: Unit, own: str) -> Layers:
    """Mean absolute error of the forecast beside the baselines, best on top.

    Args:
        accuracy: columns `name`, `mae_kw`.
        unit: of the axis.
        own: the name that stands for this forecast.
    """
    colours, code = palette(), language()
    frame = accuracy[["name"]].copy()
    frame["error"] = accuracy["mae_kw"] / unit.kw
    frame["label"] = [power(v, code, unit) for v in accuracy["mae_kw"]]
    frame["own"] = frame["name"] == own
    order = list(frame.sort_values("error")["name"])
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, labelFontSize=13))
    x = alt.X(
        "error:Q", title=None, axis=None, scale=alt.Scale(domain=[0, float(frame["error"].max()) * 1.18])
    )
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3, height=20)
        .encode(
            y=y, x=x, color=alt.condition(alt.datum.own, alt.value(colours.main), alt.value(colours.other))
        )
    )
    words = (
        alt.Chart(frame)
        .mark_text(align="left", dx=6, fontSize=13, color=colours.ink)
        .encode(y=y, x=x, text="label:N")
    )
    return alt.layer(bars, words)


def calibration(observed: pd.DataFrame) -> Layers:
    """Share of truth that stayed below each quantile, beside the diagonal on which it should lie.

    Args:
        observed: columns `quantile`, `observed`.
    """
    colours = palette()
    share = alt.Axis(format=".0%", tickCount=5)
    unit = alt.Scale(domain=[0, 1])
    diagonal = (
        alt.Chart(pd.DataFrame({"quantile": [0.0, 1.0], "observed": [0.0, 1.0]}))
        .mark_line(strokeDash=[4, 4], color=colours.other)
        .encode(x="quantile:Q", y="observed:Q")
    )
    line = (
        alt.Chart(observed)
        .mark_line(point=alt.OverlayMarkDef(size=60, filled=True, color=colours.main), color=colours.main)
        .encode(
            x=alt.X("quantile:Q", title=t("axis_quantile"), axis=share, scale=unit),
            y=alt.Y("observed:Q", title=t("axis_observed"), axis=share, scale=unit),
            tooltip=[
                alt.Tooltip("quantile:Q", title=t("axis_quantile"), format=".0%"),
                alt.Tooltip("observed:Q", title=t("axis_observed"), format=".0%"),
            ],
        )
    )
    return alt.layer(diagonal, line)


def drivers(rows: pd.DataFrame, unit: Unit) -> Layers:
    """What raised and what lowered the forecast of one hour, largest first.

    Args:
        rows: columns `label`, `contribution_kw`.
        unit: of the axis.
    """
    colours, code = palette(), language()
    frame = rows[["label"]].copy()
    frame["by"] = rows["contribution_kw"] / unit.kw
    frame["text"] = [("+" if v > 0 else "") + power(v, code, unit) for v in rows["contribution_kw"]]
    far = float(frame["by"].abs().max()) * 1.35 or 1.0
    y = alt.Y(
        "label:N", sort=list(frame["label"]), title=None, axis=alt.Axis(labelLimit=320, labelFontSize=13)
    )
    x = alt.X("by:Q", title=None, axis=None, scale=alt.Scale(domain=[-far, far]))
    up = alt.datum.by > 0
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3, height=18)
        .encode(y=y, x=x, color=alt.condition(up, alt.value(colours.limit), alt.value(colours.main)))
    )
    # One data set for all layers: with several, Vega-Lite cannot sort their shared axis and draws nothing.
    words = alt.Chart(frame).mark_text(
        align=alt.expr("datum.by > 0 ? 'left' : 'right'"),
        dx=alt.expr("datum.by > 0 ? 5 : -5"),
        fontSize=12,
        color=colours.ink,
    )
    return alt.layer(bars, words.encode(y=y, x=x, text="text:N"))
