"""The seasonal naive: what was there a season ago, by local time, and nothing that was not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from common.errors import DataError
from energy.data import Load
from energy.naive import SeasonalNaive

ZONE = "Europe/Amsterdam"


def make_load(first: str, days: int) -> Load:
    """A load that tells its own local time: 100 for each weekday plus the local hour, kW."""
    time = pd.date_range(first, periods=24 * days, freq="h")
    local = time.tz_localize("UTC").tz_convert(ZONE)
    values = (100.0 * local.dayofweek + local.hour).to_numpy()
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), values[:, None])}, coords={"time": time.to_numpy(), "series": ["m"]}
    )
    return Load(ds, ZONE, "NL")


def fitted(load: Load, season: str = "week") -> SeasonalNaive:
    naive = SeasonalNaive(season)  # type: ignore[arg-type]
    naive.fit(load, load.ds["time"].values[-1])
    return naive


@pytest.mark.parametrize("first", ["2024-03-10 23:00", "2024-10-06 22:00"])
def test_the_same_local_hour_counts_across_a_clock_change(first):
    load = make_load(first, 28)
    origins = load.ds["time"].values[24 * 15 : 24 * 26 : 24]
    found = fitted(load).predict(load, origins, 24).sel(quantile=0.5)
    times = origins[:, None] + np.arange(24) * load.step
    local = pd.DatetimeIndex(times.ravel()).tz_localize("UTC").tz_convert(ZONE)
    expected = (100.0 * local.dayofweek + local.hour).to_numpy()
    got = found.values.ravel()
    changed = local.hour.isin([2, 3])  # the hours that come twice, or not at all
    assert np.allclose(got[~changed], expected[~changed])
    assert np.isfinite(got).all()


def test_nothing_at_or_after_the_origin_is_read():
    load = make_load("2024-10-06 22:00", 35)
    origin = load.ds["time"].values[24 * 21 - 5]
    naive = fitted(load)
    before = naive.predict(load, np.array([origin]), 24 * 9)
    load.ds["load_kw"].values[load.ds["time"].values >= origin] = 9999.0
    assert naive.predict(load, np.array([origin]), 24 * 9).equals(before)
    assert before.max() < 1000


def test_quantiles_spread_like_the_errors():
    load = make_load("2024-06-02 22:00", 140)
    rng = np.random.default_rng(0)
    load.ds["load_kw"].values[:] += rng.normal(0, 10, load.ds["load_kw"].shape)
    found = fitted(load).predict(load, load.ds["time"].values[-24 * 40 :: 24], 24)
    width = float((found.sel(quantile=0.9) - found.sel(quantile=0.1)).mean())
    assert width == pytest.approx(2 * 1.2816 * 10 * np.sqrt(2), rel=0.1)
    assert (np.diff(found.values, axis=-1) >= 0).all()


def test_a_gap_a_season_ago_is_filled_from_the_season_before():
    load = make_load("2024-06-02 22:00", 35)
    origin = load.ds["time"].values[24 * 28]
    naive = fitted(load)
    whole = naive.predict(load, np.array([origin]), 24)
    load.ds["load_kw"].values[24 * 21 : 24 * 22] = np.nan
    assert np.allclose(naive.predict(load, np.array([origin]), 24).values, whole.values)


def test_too_little_history_is_one_sentence():
    with pytest.raises(DataError, match=r"days of history.*at least 14 days"):
        fitted(make_load("2024-06-02 22:00", 10))
