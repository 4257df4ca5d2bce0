"""What drove an hour: the model's SHAP contributions, summed up to drivers that people know, in plain words.

The contributions are those of LightGBM's exact tree SHAP (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"). They add up to the forecast and say what the model used,
not what caused the load: inputs that go together (hour and yesterday's load) share what they explain.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from energy.data import Load
from energy.predictive import Floats
from energy.wording import power

BASE = "base"
USUAL_DAYS = 28
TOP_WORDS = 3
# The first pattern that a feature's name matches decides.
DRIVERS: tuple[tuple[str, str], ...] = (
    (r"^network$", "neural network"),
    (r"holiday|feast|bridge", "public holiday"),
    (r"temperature|degree|heat|cool", "temperature"),
    (r"radiation|irradiance|solar|ghi|sun|cloud", "sunshine"),
    (r"wind", "wind"),
    (r"humidity|dew", "humidity"),
    (r"rain|precip|snow", "rain and snow"),
    (r"load.*(week|168|7d|_7)|(week|7d).*load|lag_?(168|336|672)", "last week's load"),
    (r"load|lag|recent|last_|level|naive", "recent load"),
    (r"week_?day|day_?of_?week|dow|weekend|working|hour_of_week", "day of the week"),
    (r"year|month|season|doy|annual|trend", "season"),
    (r"hour|minute|time_of_day|slot|tod|clock|step|lead|horizon", "hour of the day"),
)
WITH_ARTICLE = ("season", "neural network", "recent load", "last week's load")
LOADS = {"recent load": "when last measured", "last week's load": "a week before"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def driver_of(feature: str) -> str:
    """The driver that a feature belongs to, by its name; "other" where no pattern knows it."""
    name = feature.lower()
    return next((driver for pattern, driver in DRIVERS if re.search(pattern, name)), "other")


def grouped(contributions: pd.DataFrame) -> pd.DataFrame:
    """Contributions of features summed up by driver.

    Args:
        contributions: index `step`, a column a feature and one called "base", kW.

    Returns:
        Index `step`, a column a driver and "base", kW; rows add up to what they did before.
    """
    owner = [BASE if name == BASE else driver_of(str(name)) for name in contributions.columns]
    return contributions.T.groupby(np.array(owner), sort=False).sum().T


def _usual(past: pd.Series, at: pd.DatetimeIndex, step: pd.Timedelta) -> Floats:
    """Median at the same hour over the last weeks that are known, for each time."""
    times = pd.DatetimeIndex(past.index)
    if len(past):
        past = past[times >= times[-1] + step - pd.Timedelta(days=USUAL_DAYS)]
    by_clock = past.groupby(pd.DatetimeIndex(past.index).strftime("%H:%M")).median()
    return by_clock.reindex(at.strftime("%H:%M")).to_numpy(dtype=np.float64)


def _same_hour_before(past: pd.Series, at: pd.DatetimeIndex, days: int) -> Floats:
    """What was measured whole multiples of `days` before each time, the latest that is known."""
    if past.empty:
        return np.full(len(at), np.nan)
    back = pd.Timedelta(days=days)
    ago = np.maximum(np.ceil((at - past.index[-1]) / back), 1).to_numpy()
    return past.reindex(at - ago * back).to_numpy(dtype=np.float64)


def _against(driver: str, load: Load, origin: np.datetime64, series: str, at: pd.DatetimeIndex) -> pd.Series:
    """Values known before the origin that stand behind a driver, indexed by their local time."""
    if driver in LOADS:
        values = load.ds["load_kw"].sel(series=series)
    else:
        name = next((n for n in load.weather if driver_of(n) == driver), "")
        if not name:
            return pd.Series(dtype=float, index=at[:0])
        values = load.ds[name]
    known = values.where(values["time"] < origin, drop=True).to_series().astype(float)
    known.index = pd.DatetimeIndex(known.index).tz_localize("UTC").tz_convert(load.timezone)
    return known


def _words(driver: str, kw: float, behind: tuple[float, float], at: pd.Timestamp, foreseen: bool) -> str:
    value, usual = behind
    start = f"{'+' if kw >= 0 else ''}{power(kw)} from "
    if driver == "hour of the day":
        return f"{start}the hour of the day ({at:%H:%M})"
    if driver == "day of the week":
        return f"{start}the day of the week ({WEEKDAYS[at.weekday()]})"
    if driver == "public holiday":
        return f"{start}the calendar of public holidays"
    if np.isnan(value) or np.isnan(usual):
        return f"{start}the {driver}" if driver in WITH_ARTICLE else f"{start}{driver}"
    if driver in LOADS:
        return f"{start}{driver}: {power(value)} at this hour {LOADS[driver]} against {power(usual)} usual"
    if driver == "temperature":
        when = "" if foreseen else " at this hour when last measured"
        return f"{start}temperature: {value:.0f} °C{when} against {usual:.0f} °C usual".replace("-", "−")
    return f"{start}{driver}"


def driver_table(
    contributions: pd.DataFrame,
    load: Load,
    origin: np.datetime64,
    series: str,
    temperature_c: Floats | None = None,
) -> pd.DataFrame:
    """The result's table `drivers` for one series.

    Args:
        contributions: of `Trees.contributions`: index `step` from 0, a column a feature and "base", kW.
        load: what was known; nothing at or after the origin is read from it.
        origin: start of the first interval forecast, UTC without zone mark.
        series: id of the meter.
        temperature_c: temperature that the forecast was given for each of its steps, from step 0 on; None
            where only measured weather was known: then the last measured at the same hour is told.

    Returns:
        Rows by time, the largest contribution first: series, valid_from_utc, driver, contribution_kw, value
        (kW or °C behind it, NaN where there is none), usual (median at the same hour of the last 28 days),
        words. The base (the model's mean) is no driver and left out.
    """
    steps = contributions.index.to_numpy()
    start = pd.Timestamp(origin).tz_localize("UTC")
    utc = pd.DatetimeIndex(start + steps * pd.Timedelta(load.step))
    at = utc.tz_convert(load.timezone)
    by_driver = grouped(contributions)
    parts = []
    for driver in by_driver.columns.drop(BASE, errors="ignore"):
        past = _against(driver, load, origin, series, at)
        foreseen = driver == "temperature" and temperature_c is not None
        values = _same_hour_before(past, at, 7 if driver == "last week's load" else 1)
        if foreseen and temperature_c is not None:
            values = np.asarray(temperature_c, dtype=np.float64)[steps]
        usual = _usual(past, at, pd.Timedelta(load.step))
        kw = by_driver[driver].to_numpy(dtype=np.float64)
        behind = zip(values, usual, strict=True)
        words = [_words(driver, *row, foreseen) for row in zip(kw, behind, at, strict=True)]
        columns = {"contribution_kw": kw, "value": values, "usual": usual, "words": words}
        parts.append(pd.DataFrame({"series": series, "valid_from_utc": utc, "driver": driver} | columns))
    if not parts:
        names = ["series", "valid_from_utc", "driver", "contribution_kw", "value", "usual", "words"]
        return pd.DataFrame(columns=names)
    table = pd.concat(parts, ignore_index=True)
    order = table["contribution_kw"].abs()
    table = table.assign(_size=order).sort_values(["valid_from_utc", "_size"], ascending=[True, False])
    return table.drop(columns="_size").reset_index(drop=True)


def sentence(rows: pd.DataFrame) -> str:
    """The largest drivers of one interval in a sentence.

    Args:
        rows: of `driver_table`, for one series and time.
    """
    order = rows["contribution_kw"].abs().sort_values(ascending=False).index
    return "; ".join(rows.loc[order, "words"].head(TOP_WORDS)) + "."
