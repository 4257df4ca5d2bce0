from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.data import Load
from energy.explain import driver_of, driver_table, grouped, sentence

ORIGIN = np.datetime64("2024-07-07T22:00", "ns")  # Monday 8 July 00:00 in Amsterdam


def make_load(days: int = 42) -> Load:
    time = pd.date_range("2024-06-01 22:00", periods=24 * days, freq="h")
    hour = np.asarray(time.hour)
    temperature = 18 + 4 * np.sin((hour - 8) / 24 * 2 * np.pi)
    temperature = np.where(time >= pd.Timestamp("2024-07-06 22:00"), temperature + 12, temperature)
    load = 500 + 10 * temperature + 100 * (hour > 6)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load[:, None]), "temperature_c": ("time", temperature)},
        coords={"time": time, "series": ["feeder 7"]},
    )
    return Load(ds=ds, timezone="Europe/Amsterdam", country="NL")


def contributions(steps: int = 24) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "base": 600.0,
            "hour": np.linspace(-50, 50, steps),
            "temperature_c_lag24": 200.0,
            "temperature_c_mean": 120.0,
            "day_of_week": 15.0,
            "load_kw_lag24": -30.0,
            "load_kw_lag168": 5.0,
        },
        index=pd.RangeIndex(steps, name="step"),
    )


@pytest.mark.parametrize(
    ("feature", "driver"),
    [
        ("hour", "hour of the day"),
        ("is_holiday", "public holiday"),
        ("day_of_week", "day of the week"),
        ("day_of_year_sin", "season"),
        ("temperature_c_lag48", "temperature"),
        ("load_kw_lag168", "last week's load"),
        ("load_lag_48", "recent load"),
        ("wind_speed_m_s", "wind"),
        ("radiation_w_m2", "sunshine"),
        ("zzz", "other"),
    ],
)
def test_features_find_their_driver(feature, driver):
    assert driver_of(feature) == driver


def test_grouping_keeps_the_sum():
    given = contributions()
    by_driver = grouped(given)
    assert np.allclose(by_driver.sum(axis=1), given.sum(axis=1))
    assert by_driver["temperature"].eq(320).all()


def test_an_hour_is_told_in_plain_words():
    table = driver_table(contributions(), make_load(), ORIGIN, "feeder 7")
    noon = table[table["valid_from_utc"] == pd.Timestamp("2024-07-08 10:00", tz="UTC")]
    assert noon["driver"].iloc[0] == "temperature"
    row = noon.iloc[0]
    assert row["value"] - row["usual"] == pytest.approx(12)
    assert row["words"] == (
        "+320 kW from temperature: 32 °C at this hour when last measured against 20 °C usual"
    )
    words = sentence(noon)
    assert "−30.0 kW from recent load" in words
    assert "+15.0 kW from the day of the week (Monday)" in words
    assert (noon["contribution_kw"].abs().diff().dropna() <= 0).all()


def test_foreseen_weather_is_told_as_such():
    foreseen = np.full(24, 34.4)
    table = driver_table(contributions(), make_load(), ORIGIN, "feeder 7", temperature_c=foreseen)
    row = table[table["driver"] == "temperature"].iloc[12]
    assert row["value"] == 34.4
    assert "34 °C against 20 °C usual" in row["words"]


def test_nothing_after_the_origin_is_read():
    load = make_load()
    changed = load.ds.copy(deep=True)
    after = changed["time"] >= ORIGIN
    for name in changed.data_vars:
        changed[name] = changed[name].where(~after, 9999.0)
    told = driver_table(contributions(72), load, ORIGIN, "feeder 7")
    other = driver_table(contributions(72), Load(ds=changed, timezone=load.timezone), ORIGIN, "feeder 7")
    pd.testing.assert_frame_equal(told, other)


def test_without_weather_or_history_the_words_are_plainer():
    load = make_load()
    bare = Load(ds=load.ds.drop_vars("temperature_c"), timezone=load.timezone)
    table = driver_table(contributions(), bare, ORIGIN, "feeder 7")
    row = table[table["driver"] == "temperature"].iloc[0]
    assert row["words"] == "+320 kW from temperature"
    assert np.isnan(row["value"])
    at_start = load.ds["time"].values[0]
    assert len(driver_table(contributions(), load, at_start, "feeder 7")) == 24 * 5


def test_contributions_of_a_real_model_name_what_moved_it():
    load = make_load()
    frame = load.ds.to_dataframe().reset_index()
    features = pd.DataFrame({"hour": frame["time"].dt.hour, "temperature_c": frame["temperature_c"]})
    model = lgb.LGBMRegressor(n_estimators=60, min_child_samples=5, num_threads=1, verbose=-1)
    model.fit(features, frame["load_kw"])
    hot = pd.DataFrame({"hour": np.arange(24), "temperature_c": 33.0})
    parts = pd.DataFrame(model.predict(hot, pred_contrib=True), columns=[*features, "base"])
    table = driver_table(parts, load, ORIGIN, "feeder 7", temperature_c=np.full(24, 33.0))
    total = table.groupby("valid_from_utc")["contribution_kw"].sum().to_numpy() + parts["base"].to_numpy()
    assert np.allclose(total, model.predict(hot))
    assert (table.loc[table["driver"] == "temperature", "contribution_kw"] > 50).all()
