from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.anomalies import COLUMNS, find_anomalies
from energy.data import Load

HOURS = 24 * 7 * 30


def clean(seed: int = 1, hours: int = HOURS, heavy: bool = False) -> np.ndarray:
    """Load in kW with a day, a week, seasons and heat in it, and autocorrelated noise."""
    random = np.random.default_rng(seed)
    noise = random.standard_t(4, hours) if heavy else random.standard_normal(hours)
    h = np.arange(hours)
    load = 1000 + 300 * np.sin((h % 24 - 8) / 24 * 2 * np.pi) - 150 * ((h // 24) % 7 >= 5)
    load = load + 12 * np.maximum(temperature(seed, hours) - 20, 0)
    return load + 25 * pd.Series(noise).ewm(alpha=0.5).mean().to_numpy()


def temperature(seed: int, hours: int) -> np.ndarray:
    random, h = np.random.default_rng(seed + 100), np.arange(hours)
    weather = pd.Series(random.standard_normal(hours)).ewm(halflife=24).mean().to_numpy()
    return 14 + 8 * np.sin(h / 8760 * 2 * np.pi) + 4 * np.sin((h % 24 - 9) / 24 * 2 * np.pi) + 15 * weather


def make_load(*columns: np.ndarray, seed: int = 1, country: str = "", weather: bool = True) -> Load:
    hours = len(columns[0])
    time = pd.date_range("2023-01-01 23:00", periods=hours, freq="h")  # a Monday in Amsterdam
    names = [f"meter {i}" for i in range(len(columns))]
    variables: dict = {"load_kw": (("time", "series"), np.stack(columns, axis=1))}
    if weather:
        variables["temperature_c"] = ("time", temperature(seed, hours))
    ds = xr.Dataset(variables, coords={"time": time, "series": names})
    return Load(ds=ds, timezone="Europe/Amsterdam", country=country)


def hours_flagged(found: pd.DataFrame) -> float:
    far = found[found["kind"].str.startswith("unusually")]
    return float(((far["until_utc"] - far["valid_from_utc"]) / pd.Timedelta(hours=1)).sum())


@pytest.mark.parametrize("heavy", [False, True])
def test_clean_data_are_left_alone(heavy):
    seeds = range(1, 5)
    tables = [find_anomalies(make_load(clean(s, heavy=heavy), seed=s)) for s in seeds]
    assert {kind for found in tables for kind in found["kind"]} <= {"unusually high", "unusually low"}
    rate = sum(map(hours_flagged, tables)) / (len(seeds) * HOURS)
    assert rate < (10e-4 if heavy else 5e-4)


def test_what_was_put_in_is_found_with_its_kind_time_and_size():
    load_kw = clean()
    load_kw[1000:1002] += 600
    load_kw[2000:2003] = 0
    load_kw[3000:3008] = load_kw[3000]
    load_kw[3506:3602] = np.nan
    found = find_anomalies(make_load(load_kw)).set_index("kind")
    time = make_load(load_kw).ds["time"].to_index().tz_localize("UTC")
    for kind, first, last in (
        ("unusually high", 1000, 1001),
        ("unusually low", 2000, 2002),
        ("flat line", 3000, 3007),
    ):
        row = found.loc[[kind]].sort_values("score").iloc[-1]
        assert row["valid_from_utc"] == time[first]
        assert row["until_utc"] == time[last] + pd.Timedelta(hours=1)
        assert row["score"] > 1
    high = found.loc[["unusually high"]].sort_values("score").iloc[-1]
    assert high["load_kw"] - high["expected_kw"] == pytest.approx(600, abs=90)
    gap = found.loc["missing day"]
    assert gap["score"] == 4
    assert gap["valid_from_utc"].tz_convert("Europe/Amsterdam").hour == 0


def test_many_bad_values_do_not_hide_one_another():
    load_kw = clean()
    bad = np.random.default_rng(5).choice(HOURS, 25, replace=False)
    load_kw[bad] *= 3
    found = find_anomalies(make_load(load_kw))
    time = make_load(load_kw).ds["time"].to_index().tz_localize("UTC")
    high = found[found["kind"] == "unusually high"]
    hit = [((high["valid_from_utc"] <= time[b]) & (time[b] < high["until_utc"])).any() for b in bad]
    assert np.mean(hit) > 0.9


def test_a_shift_of_the_level_is_found_and_a_slow_drift_is_not():
    shifted, drifting = clean(), clean(seed=2)
    shifted[2500:] += 300
    drifting = drifting + np.linspace(0, 600, HOURS)
    found = find_anomalies(make_load(shifted, drifting, weather=False))
    shifts = found[found["kind"] == "level shift"]
    assert shifts["series"].tolist() == ["meter 0"]
    at = make_load(shifted).ds["time"].to_index().tz_localize("UTC")[2500]
    assert abs(shifts["valid_from_utc"].iloc[0] - at) <= pd.Timedelta(days=2)


def test_heat_is_no_anomaly_when_the_temperature_is_known():
    hot = clean()
    found = find_anomalies(make_load(hot + 40 * np.maximum(temperature(1, HOURS) - 22, 0)))
    blind = find_anomalies(
        make_load(hot + 40 * np.maximum(temperature(1, HOURS) - 22, 0), weather=False), false_rate=1e-2
    )
    assert hours_flagged(found) <= 3
    assert hours_flagged(blind) > 3


def test_a_public_holiday_is_compared_with_sundays():
    load_kw = clean()
    time = make_load(load_kw).ds["time"].to_index().tz_localize("UTC").tz_convert("Europe/Amsterdam")
    kings_day = np.asarray(time.strftime("%Y-%m-%d") == "2023-04-27")
    load_kw[kings_day] -= 150  # a Thursday that is like a Sunday
    aware = find_anomalies(make_load(load_kw, country="NL"), false_rate=1e-2)
    unaware = find_anomalies(make_load(load_kw), false_rate=1e-2)

    def on_the_day(found: pd.DataFrame) -> int:
        low = found[found["kind"] == "unusually low"]["valid_from_utc"].dt.tz_convert("Europe/Amsterdam")
        return int((low.dt.strftime("%Y-%m-%d") == "2023-04-27").sum())

    assert on_the_day(unaware) > on_the_day(aware) == 0


def test_nights_without_sun_are_no_flat_lines():
    h = np.arange(HOURS)
    random = np.random.default_rng(1)
    sun = np.maximum(np.sin((h % 24 - 6) / 24 * 2 * np.pi), 0) * random.uniform(0.3, 1, HOURS)
    found = find_anomalies(make_load(-800 * sun, weather=False))
    assert "flat line" not in set(found["kind"])


def test_short_or_empty_history_is_no_error():
    short = find_anomalies(make_load(clean(hours=24 * 10)))
    assert set(short["kind"]) <= {"flat line", "missing day"}
    empty = find_anomalies(make_load(np.full(24 * 10, np.nan)))
    assert empty["kind"].tolist() == ["missing day"]
    assert list(empty) == COLUMNS == list(find_anomalies(make_load(clean(hours=24))))
