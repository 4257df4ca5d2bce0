"""What each chart of a result shows, as tidy tables, with the colours that every drawing of it uses.

Nothing is drawn here. The one-page report draws these tables as SVG; an app may draw them as it likes.
"""

from __future__ import annotations

import pandas as pd

from common.pilot import Result
from energy.alarms import alarm_events
from energy.predictive import quantile_columns

# Okabe and Ito's set (https://jfly.uni-koeln.de/color/), which the common forms of colour blindness keep
# apart. Text in `ink`, `muted`, `main` and `limit` has a contrast of at least 4.5 to 1 on its background.
PALETTE = {
    "light": {
        "paper": "#ffffff",
        "panel": "#f3f6f9",
        "rule": "#d5dde5",
        "ink": "#15212b",
        "muted": "#52616f",
        "main": "#0072b2",
        "limit": "#b84f00",
        "warn": "#e69f00",
        "good": "#009e73",
        "other": "#9aa7b3",
    },
    "dark": {
        "paper": "#0e151c",
        "panel": "#18222c",
        "rule": "#2c3a47",
        "ink": "#e7edf3",
        "muted": "#a3b1be",
        "main": "#56b4e9",
        "limit": "#f0803c",
        "warn": "#f0b429",
        "good": "#2bc49a",
        "other": "#6b7a88",
    },
}
TOP_DRIVERS = 7
UNCALIBRATED, ALONE = "before calibration", " alone"
"""How the rows of a table of accuracy are named that are parts of the forecast itself."""


def series_by_peak(result: Result) -> list[str]:
    """Ids of the series, that with the highest forecast peak first."""
    peaks = result.tables["forecast"].groupby("series", sort=False)["q50_kw"].max()
    return [str(name) for name in peaks.sort_values(ascending=False, kind="stable").index]


def table_of(result: Result, table: str, series: str | None = None) -> pd.DataFrame:
    """A table of the result with `valid_from_local`, of one series where asked; empty where there is none."""
    found = result.tables.get(table)
    if found is None or found.empty:
        return pd.DataFrame()
    if series is not None and "series" in found:
        found = found[found["series"].astype(str) == series]
    found = found.reset_index(drop=True)
    if "valid_from_utc" in found and "valid_from_local" not in found:
        zone = result.tables["forecast"]["valid_from_local"].dt.tz
        found = found.assign(valid_from_local=found["valid_from_utc"].dt.tz_convert(zone))
    return found


def fan_data(result: Result, series: str, history_days: int = 2) -> pd.DataFrame:
    """Measured load, median and the bands around it.

    Returns:
        Columns valid_from_utc, valid_from_local, kind ("measured", "median", "band"), central (share of the
        truth that the band is to hold, 0 for lines), low_kw, high_kw (equal for lines); wide bands first.
    """
    forecast = table_of(result, "forecast", series)
    times = ["valid_from_utc", "valid_from_local"]
    parts = []
    names, levels = quantile_columns(forecast)
    for i in range(len(names) // 2):
        low, high = names[i], names[-1 - i]
        band = forecast[times].assign(kind="band", central=round(float(levels[-1 - i] - levels[i]), 6))
        parts.append(band.assign(low_kw=forecast[low], high_kw=forecast[high]))
    median = forecast["q50_kw"]
    parts.append(forecast[times].assign(kind="median", central=0.0, low_kw=median, high_kw=median))
    history = table_of(result, "history", series)
    if len(history):
        since = forecast["valid_from_utc"].min() - pd.Timedelta(days=history_days)
        history = history[history["valid_from_utc"] >= since]
        load = history["load_kw"]
        parts.append(history[times].assign(kind="measured", central=0.0, low_kw=load, high_kw=load))
    return pd.concat(parts, ignore_index=True)


def event_data(result: Result, series: str | None = None) -> pd.DataFrame:
    """Alarms merged into events (`energy.alarms.alarm_events`), of one series where asked."""
    alarms = table_of(result, "alarms", series)
    if alarms.empty:
        return alarms
    if "expected_excess_kw" not in alarms:
        alarms = alarms.assign(expected_excess_kw=float("nan"))
    return alarm_events(alarms)


def accuracy_data(result: Result) -> pd.DataFrame:
    """The table of accuracy with `own` (True in the first row, this forecast) and `less_error`.

    `less_error` is the share by which this forecast's mean absolute error is below each baseline's.
    """
    table = table_of(result, "accuracy")
    if table.empty:
        return table
    own = float(table["mae_kw"].iloc[0])
    return table.assign(own=table.index == 0, less_error=1 - own / table["mae_kw"])


def baselines(accuracy: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of accuracy that are another forecaster's: not this one, nor a part of it."""
    rest = accuracy.iloc[1:]
    own_parts = rest["model"].eq(UNCALIBRATED) | rest["model"].str.endswith(ALONE)
    return rest[~own_parts]


def driver_data(result: Result, series: str, at_utc: pd.Timestamp | None = None) -> pd.DataFrame:
    """What raised and lowered the forecast of one interval, largest first, the small ones summed up.

    Args:
        result: the result.
        series: which meter.
        at_utc: start of the interval; None: the forecast's peak among those that are explained.

    Returns:
        Columns of the table `drivers`, at most `TOP_DRIVERS` rows and one "all else"; empty without any.
    """
    drivers = table_of(result, "drivers", series)
    if drivers.empty:
        return drivers
    if at_utc is None:
        forecast = table_of(result, "forecast", series).set_index("valid_from_utc")["q50_kw"]
        explained = forecast[forecast.index.isin(drivers["valid_from_utc"])]
        at_utc = explained.sort_values(ascending=False, kind="stable").index[0]
    rows = drivers[drivers["valid_from_utc"] == at_utc]
    order = rows["contribution_kw"].abs().sort_values(ascending=False).index
    rows = rows.loc[order].reset_index(drop=True)
    rest = rows.iloc[TOP_DRIVERS:]
    if rest.empty:
        return rows
    summed = rows.iloc[[TOP_DRIVERS]].assign(driver="all else", contribution_kw=rest["contribution_kw"].sum())
    unknown = [name for name in ("value", "usual", "words") if name in rows]
    summed = pd.concat([rows.iloc[:TOP_DRIVERS], summed], ignore_index=True)
    summed.loc[TOP_DRIVERS, unknown] = None
    return summed
