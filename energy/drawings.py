"""The report's charts: each takes a tidy table of `energy.charts` and gives an SVG picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from common.svg import WIDTH, band, line, path, picture, rect, text
from energy.svg import LEFT, RIGHT, PowerAxis, TimeAxis
from energy.wording import Unit, figure, interval, moment


def fan(data: pd.DataFrame, unit: Unit, limit_kw: float | None, words: str) -> Markup:
    """Measured load, median, bands and the contracted capacity.

    Args:
        data: `energy.charts.fan_data`.
        unit: of the axis.
        limit_kw: contracted capacity, or None; one far above everything is named, not drawn.
        words: what the picture shows, in a sentence.
    """
    height, top, bottom = 330, 26, 300
    low, high = float(data["low_kw"].min()), float(data["high_kw"].max())
    near = limit_kw is not None and limit_kw <= high + 0.6 * max(high - low, 1e-9)
    if limit_kw is not None and near:
        low, high = min(low, limit_kw), max(high, limit_kw)
    local = data["valid_from_local"]
    step = interval(data["valid_from_utc"])
    x_axis = TimeAxis(local.min(), local.max() + step)
    y_axis = PowerAxis(low, high, unit, top, bottom)
    parts = [*y_axis.draw(), *x_axis.draw(top, bottom)]
    middle = data.assign(at=local + step / 2)  # a mean over an interval stands at its middle
    for _, rows in middle[middle["kind"] == "band"].groupby("central", sort=False):
        x = x_axis.at(rows["at"])
        parts.append(band(x, y_axis.at(rows["low_kw"]), y_axis.at(rows["high_kw"]), "band"))
    for kind in ("measured", "median"):
        rows = middle[middle["kind"] == kind]
        if len(rows):
            parts.append(path(x_axis.at(rows["at"]), y_axis.at(rows["low_kw"]), kind))
    (now,) = x_axis.at(pd.DatetimeIndex([local[data["kind"] == "median"].min()]))
    if now > LEFT + 1:
        parts += [line(now, top, now, bottom, "now"), text(now + 6, top + 10, "forecast →", "tick")]
    if limit_kw is not None and near:
        (y,) = y_axis.at([limit_kw])
        label = f"contracted capacity {figure(limit_kw / unit.kw)} {unit.name}"
        parts += [line(LEFT, y, WIDTH - RIGHT, y, "limit"), text(LEFT + 6, y - 6, label, "limit-label")]
    elif limit_kw is not None:
        label = f"contracted capacity {figure(limit_kw / unit.kw)} {unit.name}, far above this chart"
        parts.append(text(WIDTH - RIGHT, top - 10, label, "limit-label", "end"))
    return picture(parts, height, words)


def what_if(table: pd.DataFrame, unit: Unit, words: str) -> Markup:
    """The median as foreseen and with the temperature changed, and the room between them.

    Args:
        table: the result's table `what_if`, of one series.
        unit: of the axis.
        words: what the picture shows, in a sentence.
    """
    height, top, bottom = 190, 26, 160
    step, local = interval(table["valid_from_utc"]), table["valid_from_local"]
    both = table[["q50_kw", "changed_q50_kw"]]
    x_axis = TimeAxis(local.min(), local.max() + step)
    y_axis = PowerAxis(float(both.min().min()), float(both.max().max()), unit, top, bottom)
    x = x_axis.at(local + step / 2)
    before, after = y_axis.at(table["q50_kw"]), y_axis.at(table["changed_q50_kw"])
    parts = [*y_axis.draw(), *x_axis.draw(top, bottom), band(x, before, after, "apart")]
    parts += [path(x, before, "median"), path(x, after, "changed")]
    return picture(parts, height, words)


def chance(alarms: pd.DataFrame, words: str) -> Markup:
    """Chance of exceeding the capacity by time, alarms in their colour, with the threshold.

    Args:
        alarms: the result's table `alarms`, of one series.
        words: what the picture shows, in a sentence.
    """
    height, top, bottom = 150, 14, 120
    local, step = alarms["valid_from_local"], interval(alarms["valid_from_utc"])
    axis = TimeAxis(local.min(), local.max() + step)
    depth = bottom - top
    parts = axis.draw(top, bottom)
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * depth
        parts += [
            line(LEFT, y, WIDTH - RIGHT, y, "grid"),
            text(LEFT - 8, y + 4, f"{share:.0%}", "tick", "end"),
        ]
    starts, ends = axis.at(local), axis.at(local + step)
    for x, end, row in zip(starts, ends, alarms.to_dict("records"), strict=True):
        p = float(row["probability"])
        if np.isfinite(p) and p > 0.002:
            css = "alarm-bar" if row["alarm"] else "chance-bar"
            title = f"{moment(row['valid_from_local'])}: {p:.0%}"
            parts.append(rect(x, bottom - p * depth, max(end - x - 0.6, 0.6), p * depth, css, title=title))
    threshold = float(alarms["threshold"].iloc[0])
    if threshold <= 1:
        y = bottom - threshold * depth
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "threshold"))
    return picture(parts, height, words)


def errors(accuracy: pd.DataFrame, unit: Unit, words: str) -> Markup:
    """Mean absolute error of this forecast beside the baselines.

    Args:
        accuracy: `energy.charts.accuracy_data`.
        unit: of the figures.
        words: what the picture shows, in a sentence.
    """
    width, row_height, label = 520, 30, 190
    rows = accuracy.sort_values("mae_kw")
    longest = float(rows["mae_kw"].max()) or 1.0
    parts = []
    for number, row in enumerate(rows.to_dict("records")):
        y = number * row_height + 4
        size = float(row["mae_kw"]) / longest * (width - label - 90)
        parts.append(text(label - 10, y + 15, row["model"], "name strong" if row["own"] else "name", "end"))
        parts.append(rect(label, y + 2, size, row_height - 12, "own-bar" if row["own"] else "other-bar"))
        shown = f"{figure(row['mae_kw'] / unit.kw)} {unit.name}"
        parts.append(text(label + size + 7, y + 15, shown, "name strong" if row["own"] else "name"))
    return picture(parts, len(rows) * row_height + 4, words, width, "half")


def calibration(observed: pd.DataFrame, words: str) -> Markup:
    """Share of the truth below each quantile, beside the diagonal on which it should lie.

    Args:
        observed: the result's table `calibration`.
        words: what the picture shows, in a sentence.
    """
    size, left, top = 200, 46, 10
    width, height = left + size + 14, top + size + 40
    x = [left + float(q) * size for q in observed["quantile"]]
    y = [top + (1 - float(o)) * size for o in observed["observed"]]
    parts = []
    for share in (0.0, 0.5, 1.0):
        parts.append(line(left, top + (1 - share) * size, left + size, top + (1 - share) * size, "grid"))
        parts.append(line(left + share * size, top, left + share * size, top + size, "grid"))
        parts.append(text(left - 6, top + (1 - share) * size + 4, f"{share:.0%}", "tick", "end"))
        parts.append(text(left + share * size, top + size + 16, f"{share:.0%}", "tick", "middle"))
    parts += [line(left, top + size, left + size, top, "diagonal"), path(x, y, "median")]
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" class="dot"/>' for a, b in zip(x, y, strict=True)]
    parts.append(text(left + size / 2, top + size + 34, "quantile of the forecast", "tick", "middle"))
    return picture(parts, height, words, width, "narrow")


def drivers(rows: pd.DataFrame, unit: Unit, words: str) -> Markup:
    """What raised and what lowered the forecast of one interval.

    Args:
        rows: `energy.charts.driver_data`.
        unit: of the figures.
        words: what the picture shows, in a sentence.
    """
    width, row_height, label, edge = 520, 28, 150, 84
    far = float(rows["contribution_kw"].abs().max()) or 1.0
    centre = label + edge + (width - label - 2 * edge) / 2
    scale = (width - label - 2 * edge) / 2 / far
    height = len(rows) * row_height + 6
    parts = [line(centre, 0, centre, height, "midnight")]
    for number, row in enumerate(rows.to_dict("records")):
        y, size = number * row_height + 4, float(row["contribution_kw"]) * scale
        up = size >= 0
        parts.append(text(0, y + 15, row["driver"], "name"))
        parts.append(
            rect(min(centre, centre + size), y + 2, abs(size), row_height - 11, "up" if up else "down")
        )
        shown = f"{'+' if up else ''}{figure(row['contribution_kw'] / unit.kw)} {unit.name}"
        parts.append(text(centre + size + (6 if up else -6), y + 15, shown, "name", "start" if up else "end"))
    return picture(parts, height, words, width, "half")
