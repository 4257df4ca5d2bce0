from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.data import Load
from energy.drift import (
    conclusion,
    cusum,
    forecast_drift,
    input_drift,
    newest,
    share_interval,
    stability_index,
)


def intervals(days: int, seed: int = 0, drift_kw: float = 0.0, from_day: int = 40) -> pd.DataFrame:
    """Scored hours of a calibrated forecast with spread 5 kW, whose errors shift from some day on."""
    rng = np.random.default_rng(seed)
    valid = pd.date_range("2024-01-01", periods=days * 24, freq="h", tz="UTC")
    error = rng.normal(0, 5, len(valid)) + drift_kw * (np.arange(len(valid)) >= from_day * 24)
    return pd.DataFrame(
        {
            "model": "trees",
            "made_at_utc": valid.floor("D") - pd.Timedelta("1h"),
            "series": "a",
            "valid_from_utc": valid,
            "load_kw": 100 + error,
            "pinball_kw": np.abs(error) / 2,
            "error_kw": error,
            "inside80": np.abs(error) < 1.2816 * 5,
        }
    )


def verdicts(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["check"], table["verdict"], strict=True))


def test_a_forecast_that_works_is_mostly_in_order():
    found = [verdicts(forecast_drift(intervals(60, seed))) for seed in range(30)]
    for check in ("error", "bias", "coverage"):
        assert sum(v[check] == "in order" for v in found) >= 24
    assert sum("retrain" in v.values() for v in found) <= 4


@pytest.mark.parametrize("seed", range(5))
def test_a_forecast_that_drifts_is_found(seed: int):
    table = forecast_drift(intervals(60, seed, drift_kw=8))
    assert verdicts(table) == {"error": "retrain", "bias": "retrain", "coverage": "retrain"}
    line = conclusion(table)
    assert line.startswith("retrain: error of a (the pinball loss is ")
    assert line.endswith("and 2 more.")
    assert "\n" not in line


def test_one_wild_day_is_no_drift():
    table = intervals(60)
    wild = table["valid_from_utc"].dt.strftime("%m-%d") == "02-15"
    table.loc[wild, ["pinball_kw", "error_kw"]] *= 50
    assert "retrain" not in verdicts(forecast_drift(table)).values()


def test_too_little_is_too_early():
    table = forecast_drift(intervals(4))
    assert set(table["verdict"]) == {"too early"}
    assert conclusion(table).startswith("too early")
    assert conclusion(forecast_drift(intervals(0))).startswith("too early")


def test_the_newest_forecast_of_an_interval_counts():
    old = intervals(3)
    new = old.assign(made_at_utc=old["made_at_utc"] + pd.Timedelta("30min"), error_kw=0.0)
    assert (newest(pd.concat([new, old]))["error_kw"] == 0).all()
    assert len(newest(pd.concat([new, old]))) == len(old)


def test_sums_point_up_or_down():
    rng = np.random.default_rng(0)
    steady = rng.normal(0, 1, 28)
    up, down = cusum(np.concatenate([steady, np.full(10, 2.0)]), 28)
    assert up > 8 > 1 > down
    up, down = cusum(np.concatenate([steady, np.full(10, -2.0)]), 28)
    assert down > 8 > 1 > up
    recovered, _ = cusum(np.concatenate([steady, np.full(60, 3.0), np.full(40, -0.2)]), 28)
    assert recovered < 5


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95), st.integers(5, 20))
def test_the_interval_of_a_share_holds_it(seed: int, chance: float, n_days: int):
    rng = np.random.default_rng(seed)
    hits = (rng.random(n_days * 24) < chance).astype(float)
    share, low, high = share_interval(hits, np.repeat(np.arange(n_days), 24))
    assert 0 <= low <= share <= high <= 1


def test_hours_that_miss_together_make_it_wider():
    days = np.repeat(np.arange(14), 24)
    rng = np.random.default_rng(0)
    alone = share_interval((rng.random(14 * 24) < 0.8).astype(float), days)
    together = share_interval(np.repeat(rng.random(14) < 0.8, 24).astype(float), days)
    assert together[2] - together[1] > 2 * (alone[2] - alone[1])


def test_the_stability_index_grows_with_the_shift():
    rng = np.random.default_rng(0)
    base = rng.normal(0, 1, 5000)
    found = [stability_index(base, rng.normal(shift, 1, 2000)) for shift in (0, 0.5, 1, 2)]
    assert found[0] < 0.02
    assert found == sorted(found)
    assert found[2] > 0.5


def year_of_load(days: int = 500) -> Load:
    times = np.datetime64("2023-01-01", "ns") + np.arange(days * 24) * np.timedelta64(1, "h")
    rng = np.random.default_rng(0)
    turns = np.arange(days * 24) / 24 * 2 * np.pi
    season = np.cos(turns / 365)
    load_kw = 100 + 40 * season + 20 * np.sin(turns) + rng.normal(0, 5, days * 24)
    temperature = 10 - 10 * season + rng.normal(0, 3, days * 24)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load_kw[:, None]), "temperature_c": (("time",), temperature)},
        coords={"time": times, "series": ["a"]},
    )
    return Load(ds=ds, timezone="UTC")


def test_input_is_held_against_its_own_season():
    table = input_drift(year_of_load())
    assert table["series"].tolist() == ["a", "temperature_c"]
    assert set(table["verdict"]) == {"in order"}
    assert "season" in table["words"].iloc[0]
    assert conclusion(table) == "in order: 2 checks, none out of range."


def test_input_that_moves_or_stands_still_is_found():
    load = year_of_load()
    load.ds["load_kw"][{"time": slice(-10 * 24, None)}] *= 1.6
    load.ds["temperature_c"][{"time": slice(-14 * 24, None)}] = 12.0
    table = input_drift(load)
    assert table["verdict"].tolist() == ["retrain", "retrain"]
    assert "stood still" in table["words"].iloc[1]
    assert "and 1 more" in conclusion(table)
