from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from common.errors import DataError
from energy.data import Load
from energy.explain import driver_of
from energy.features import Features, Table

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2024-03-01", "ns")


def made(minutes: int = 60, days: int = 60, country: str = "NL") -> Load:
    """Load and temperature that tell their own position on the grid."""
    n = days * 24 * 60 // minutes
    time = START + np.arange(n) * np.timedelta64(minutes, "m")
    ds = xr.Dataset(
        {
            "load_kw": (("time", "series"), np.arange(n, dtype=float)[:, None]),
            "temperature_c": ("time", np.arange(n) / 10),
        },
        coords={"time": time, "series": ["m"]},
    )
    return Load(ds=ds, timezone="Europe/Amsterdam", country=country)


def features(load: Load, horizon: int) -> Features:
    return Features(load, horizon, np.zeros(1), np.ones(1), weather=load.weather, yearly=True)


def column(table: Table, name: str) -> np.ndarray:
    return table.values[:, table.names.index(name)]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_lags_are_at_the_same_local_time_and_known_at_the_origin(minutes: int):
    load = made(minutes)
    per_day = load.steps_per_day
    # Summer time began on 31 March; from April on the clocks of a week ago agree.
    origin = 50 * per_day
    table = features(load, 3 * per_day).table(np.array([origin]), np.arange(3 * per_day), {})
    place = origin + np.arange(3 * per_day)
    ahead = np.arange(3 * per_day) // per_day
    assert np.array_equal(column(table, "load_day_before"), place - (ahead + 1) * per_day)
    assert np.array_equal(column(table, "load_week_before"), place - 7 * per_day)
    lags = [n for n in table.names if n.startswith("load_") and "less" not in n]
    assert all(np.nanmax(column(table, n)) < origin for n in lags)


def test_across_a_clock_change_the_local_hour_counts():
    load = made()
    # 1 April 2024 08:00 UTC is 10:00 in summer time; a week before, 10:00 local was 09:00 UTC.
    origin = int((np.datetime64("2024-04-01T00", "ns") - START) / HOUR)
    table = features(load, 24).table(np.array([origin]), np.array([8]), {})
    assert column(table, "hour")[0] == 10
    assert column(table, "load_week_before")[0] == origin + 8 - 168 + 1


def test_the_anchor_is_the_mean_of_the_latest_days_of_the_same_kind():
    load = made(country="")
    monday = int((np.datetime64("2024-04-22T00", "ns") - START) / HOUR)
    table = features(load, 24).table(np.array([monday]), np.array([12]), {})
    friday_back = np.array([3, 4, 5])
    assert table.anchor[0] == np.mean(monday + 12 - friday_back * 24)


def test_holidays_and_bridges_come_from_the_country():
    load = made(days=80)
    day = int((np.datetime64("2024-05-09T00", "ns") - START) / HOUR)
    table = features(load, 48).table(np.array([day]), np.array([10, 34]), {})
    assert column(table, "holiday").tolist() == [1, 0]
    assert column(table, "holiday_bridge").tolist() == [0, 1]
    assert "holiday" not in features(made(country=""), 24).table(np.array([240]), np.array([0]), {}).names
    with pytest.raises(DataError, match="no public holidays"):
        features(made(country="XX"), 24)


def test_weather_ahead_is_read_only_from_what_is_foreseen():
    load = made()
    origin, steps = 40 * 24, np.arange(24)
    blind = features(load, 24).table(np.array([origin]), steps, {})
    seen = [n for n in blind.names if n.startswith("temperature")]
    assert "temperature_c" not in seen
    assert all(np.nanmax(column(blind, n)) < origin / 10 for n in seen)
    told = features(load, 24).table(
        np.array([origin]), steps, {"temperature_c": np.full((1, 24), 30, np.float32)}
    )
    assert np.array_equal(column(told, "temperature_c"), np.full(24, 30, np.float32))
    assert column(told, "temperature_c_mean_3h")[1] == pytest.approx((30 + 30 + (origin - 1) / 10) / 3)
    assert column(told, "temperature_c_max_24h")[0] == pytest.approx(max(30, (origin - 1) / 10))


def test_gaps_are_unknown_and_means_are_of_what_is_known():
    load = made()
    load.ds["load_kw"].values[39 * 24 + 5] = np.nan
    table = features(load, 24).table(np.array([40 * 24]), np.arange(24), {})
    assert np.isnan(column(table, "load_day_before")).tolist() == [s == 5 for s in range(24)]
    assert np.isfinite(column(table, "load_around_day_before")).all()
    assert np.isfinite(table.anchor).all()


def test_every_name_has_a_driver_and_rows_are_by_origin_step_series():
    load = made()
    ds = xr.concat(
        [load.ds.assign_coords(series=["a"]), load.ds.assign_coords(series=["b"])],
        "series",
        data_vars="minimal",
    )
    both = Load(ds=ds.transpose("time", "series"), timezone="UTC", country="NL")
    both.ds["load_kw"].values[:, 1] += 10_000
    made_of = Features(
        both, 24, np.zeros(2), np.ones(2), weather=["temperature_c"], yearly=True, meter=np.arange(2.0)
    )
    table = made_of.table(
        np.array([960, 984]), np.arange(24), {"temperature_c": np.zeros((2, 24), np.float32)}
    )
    assert table.shape == (2, 24, 2)
    assert "other" not in {driver_of(name) for name in table.names}
    last = column(table, "load_day_before").reshape(table.shape)
    assert np.array_equal(last[..., 1] - last[..., 0], np.full((2, 24), 10_000))
    assert np.array_equal(last[:, 0, 0], [936, 960])
