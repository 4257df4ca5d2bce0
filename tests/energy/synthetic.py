"""Loads made by rule, for tests that need to know what is in them. Nothing here is real data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from energy.data import Load

ZONE = "Europe/Amsterdam"


def make_load(
    days: int = 84,
    series: tuple[str, ...] = ("feeder 7",),
    *,
    first: str = "2024-01-07 23:00",
    minutes: int = 60,
    noise: float = 20.0,
    seed: int = 0,
) -> Load:
    """Some 300 to 700 kW with daily and weekly shape, heated below 15 °C, with noise that lasts some hours.

    Args:
        days: length.
        series: ids; each is twice as large as the one before.
        first: start, UTC.
        minutes: of an interval.
        noise: its standard deviation, kW.
        seed: of noise and weather.
    """
    per_hour = 60 // minutes
    time = pd.date_range(first, periods=24 * days * per_hour, freq=f"{minutes}min")
    local = time.tz_localize("UTC").tz_convert(ZONE)
    hour = local.hour.to_numpy() + local.minute.to_numpy() / 60
    rng = np.random.default_rng(seed)
    daily = np.convolve(rng.normal(0, 2.5, days + 4), np.ones(5) / 2.2, "valid")
    warm = 8 + np.repeat(daily, 24 * per_hour) + 4 * np.sin((hour - 9) / 24 * 2 * np.pi)
    shape = 450 + 120 * np.exp(-(((hour - 18.5) / 2.5) ** 2)) + 80 * (local.dayofweek.to_numpy() < 5)
    base = shape + 8 * np.maximum(15 - warm, 0)
    values = []
    for number in range(len(series)):
        shocks = rng.normal(0, noise, len(time))
        kept = 0.9 ** (1 / per_hour)
        lasting = np.zeros(len(time))
        for i in range(1, len(time)):
            lasting[i] = kept * lasting[i - 1] + np.sqrt(1 - kept**2) * shocks[i]
        values.append((base + lasting) * 2.0**number)
    ds = xr.Dataset(
        {
            "load_kw": (("time", "series"), np.stack(values, axis=1)),
            "temperature_c": (("time",), warm),
        },
        coords={"time": time.to_numpy(), "series": list(series)},
    )
    ds["time"].attrs["timezone"] = "UTC"
    return Load(ds, ZONE, "NL")
