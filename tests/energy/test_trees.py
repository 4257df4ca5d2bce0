from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from common.errors import DataError, StoreError
from energy.data import Load
from energy.trees import Trees

HOUR = np.timedelta64(1, "h")
DAYS, AHEAD = 90, 6
SMALL = {"rounds": 25, "leaves": 8, "folds": 2, "threads": 1, "horizon": 24}


def made(days: int = DAYS, n_series: int = 2, seed: int = 0, weather: bool = True) -> Load:
    """Hourly meters that heat, with working days, one of them with solar that exports."""
    rng = np.random.default_rng(seed)
    n = days * 24
    time = np.datetime64("2023-09-04", "ns") + np.arange(n) * HOUR
    local = pd.DatetimeIndex(time).tz_localize("UTC").tz_convert("Europe/Amsterdam")
    hour, weekend = local.hour.to_numpy(), local.dayofweek.to_numpy() >= 5
    daily = np.repeat(np.cumsum(rng.normal(0, 1.5, days)) * 0.5, 24)
    temperature = 8 + daily + 4 * np.sin((hour - 9) / 24 * 2 * np.pi) + rng.normal(0, 0.3, n)
    shape = (
        5 + 2 * np.sin((hour - 8) / 24 * 2 * np.pi) - 1.5 * weekend + 0.3 * np.maximum(15 - temperature, 0)
    )
    load = np.stack([shape * 10.0**i + 10.0**i * rng.normal(0, 0.2, n) for i in range(n_series)], axis=1)
    load[:, 0] -= 9 * np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * (hour >= 6) * (hour <= 18)
    data = {"load_kw": (("time", "series"), load)}
    if weather:
        data["temperature_c"] = ("time", temperature)  # type: ignore[assignment]
    ds = xr.Dataset(data, coords={"time": time, "series": [f"m{i}" for i in range(n_series)]})
    vintages = None
    if weather:
        parts = [
            pd.DataFrame(
                {
                    "issued_at": time[at],
                    "valid_at": time[at : at + 48 : 3],
                    "temperature_c": temperature[at : at + 48 : 3] + rng.normal(0, 0.5),
                }
            )
            for at in range(40 * 24, n, 12)
        ]
        vintages = pd.concat(parts, ignore_index=True) if parts else None
    return Load(ds=ds, timezone="Europe/Amsterdam", country="NL", vintages=vintages)


@pytest.fixture(scope="module")
def load() -> Load:
    return made()


@pytest.fixture(scope="module")
def split(load: Load) -> np.datetime64:
    return np.datetime64(load.ds["time"].values[-AHEAD * 24])


@pytest.fixture(scope="module")
def fitted(load: Load, split: np.datetime64) -> dict[str, Trees]:
    found = {}
    for weather in ("measured", "vintages", "perfect", "none"):
        found[weather] = Trees(weather=weather, **SMALL)  # type: ignore[arg-type]
        found[weather].fit(load, split)
    return found


def origins_of(split: np.datetime64, count: int = AHEAD) -> np.ndarray:
    return split + np.arange(count) * 24 * HOUR


def error(load: Load, forecast: xr.DataArray) -> float:
    """Mean absolute error of the median in units of each series' spread."""
    values = load.ds["load_kw"]
    truth = np.stack(
        [values.sel(time=o + forecast["step"].values * HOUR).values for o in forecast["origin"].values]
    )
    return float((np.abs(truth - forecast.sel(quantile=0.5).values) / values.std("time").values).mean())


@pytest.mark.parametrize("weather", ["measured", "vintages", "perfect", "none"])
def test_the_array_is_as_agreed_and_its_quantiles_do_not_cross(fitted, load, split, weather):
    forecast = fitted[weather].predict(load, origins_of(split), 24)
    assert forecast.name == "load_kw"
    assert forecast.dims == ("origin", "step", "series", "quantile")
    assert forecast.shape == (AHEAD, 24, 2, 9)
    assert np.isfinite(forecast.values).all()
    assert (np.diff(forecast.values, axis=-1) >= 0).all()
    assert fitted[weather].weather == weather


@pytest.mark.parametrize("weather", ["measured", "vintages", "perfect", "none"])
def test_what_comes_after_the_origin_changes_nothing(fitted, load, split, weather):
    ds = load.ds.copy(deep=True)
    ds["load_kw"][{"time": slice(-AHEAD * 24, None)}] = 1e6
    if weather != "perfect":
        ds["temperature_c"][{"time": slice(-AHEAD * 24, None)}] = -99.0
    assert load.vintages is not None
    later = load.vintages["issued_at"] > split
    vintages = load.vintages.assign(temperature_c=load.vintages["temperature_c"].where(~later, -99.0))
    other = replace(load, ds=ds, vintages=vintages)
    again = Trees(weather=weather, **SMALL)
    again.fit(other, split)
    expected = fitted[weather].predict(load, origins_of(split, 1), 24).values
    assert np.array_equal(again.predict(other, origins_of(split, 1), 24).values, expected)


@pytest.mark.parametrize("weather", ["measured", "vintages", "none"])
def test_a_forecast_past_the_end_of_the_load_is_the_same_as_with_more_load(fitted, load, split, weather):
    cut = replace(load, ds=load.ds.sel(time=slice(None, split - HOUR)))
    expected = fitted[weather].predict(load, origins_of(split, 1), 24).values
    assert np.allclose(fitted[weather].predict(cut, origins_of(split, 1), 24).values, expected)


def test_better_weather_makes_better_forecasts_and_all_beat_yesterday(fitted, load, split):
    found = {w: error(load, t.predict(load, origins_of(split), 24)) for w, t in fitted.items()}
    values = load.ds["load_kw"].values
    day_ago = np.abs(values[-AHEAD * 24 :] - values[-(AHEAD + 1) * 24 : -24]) / values.std(axis=0)
    assert max(found.values()) < 0.5 * day_ago.mean()
    assert found["perfect"] < found["measured"]
    assert found["vintages"] < found["measured"]


@pytest.mark.parametrize("weather", ["measured", "perfect"])
def test_contributions_add_up_to_the_median(fitted, load, split, weather):
    found = fitted[weather].contributions(load, split, "m1")
    assert found.index.name == "step"
    assert "network" in found
    median = fitted[weather].predict(load, origins_of(split, 1), 24).sel(series="m1", quantile=0.5).values[0]
    assert np.allclose(found.sum(axis=1), median, rtol=1e-5)


def test_every_feature_has_a_driver(fitted, load, split):
    from energy.explain import driver_of

    found = fitted["perfect"].contributions(load, split, "m0").columns.drop("base")
    assert "other" not in {driver_of(name) for name in found}


def test_saved_and_read_they_forecast_the_same(fitted, load, split, tmp_path: Path):
    fitted["measured"].save(tmp_path)
    again = Trees.load_from(tmp_path)
    expected = fitted["measured"].predict(load, origins_of(split), 24).values
    assert np.allclose(again.predict(load, origins_of(split), 24).values, expected)
    (tmp_path / "trees.json").write_text("{}")
    with pytest.raises(StoreError, match="cannot be read"):
        Trees.load_from(tmp_path)
    with pytest.raises(StoreError, match="not fitted"):
        Trees().save(tmp_path)


def test_gaps_and_a_silent_series_are_borne(load, split):
    ds = load.ds.copy(deep=True)
    rng = np.random.default_rng(1)
    ds["load_kw"].values[rng.random(ds["load_kw"].shape) < 0.1] = np.nan
    ds["temperature_c"].values[rng.random(len(ds["time"])) < 0.1] = np.nan
    gappy = replace(load, ds=ds)
    trees = Trees(**SMALL)
    trees.fit(gappy, split)
    forecast = trees.predict(gappy, origins_of(split), 24)
    assert np.isfinite(forecast.values).all()
    assert error(load, forecast) < 0.6


def test_no_weather_and_a_new_series(split):
    bare = made(weather=False)
    trees = Trees(**SMALL)
    trees.fit(bare, split)
    named = replace(bare, ds=bare.ds.assign_coords(series=["m0", "new"]))
    forecast = trees.predict(named, origins_of(split), 24)
    assert np.isfinite(forecast.values).all()
    assert error(named, forecast) < 0.8


def test_a_week_ahead_uses_nothing_that_is_not_known(split):
    long = made(days=60)
    trees = Trees(**SMALL | {"horizon": 168})
    at = np.array([long.ds["time"].values[-168]])
    trees.fit(long, at[0])
    forecast = trees.predict(long, at, 168)
    ds = long.ds.copy(deep=True)
    ds["load_kw"][{"time": slice(-168, None)}] = 1e6
    assert np.array_equal(trees.predict(replace(long, ds=ds), at, 168).values, forecast.values)
    assert error(long, forecast) < 1.2


def test_shuffled_targets_are_forecast_no_better_than_chance(load, split):
    ds = load.ds.copy(deep=True)
    rng = np.random.default_rng(2)
    ds["load_kw"].values[:] = rng.permutation(ds["load_kw"].values, axis=0)
    shuffled = replace(load, ds=ds)
    trees = Trees(**SMALL)
    trees.fit(shuffled, split)
    values = ds["load_kw"].values
    chance = (np.abs(values[-AHEAD * 24 :] - np.median(values, axis=0)) / values.std(axis=0)).mean()
    assert error(shuffled, trees.predict(shuffled, origins_of(split), 24)) > 0.95 * chance


def test_four_weeks_are_enough_and_less_is_refused():
    short = made(days=30)
    time = short.ds["time"].values
    trees = Trees(**SMALL)
    trees.fit(short, time[28 * 24])
    assert error(short, trees.predict(short, time[[28 * 24]], 24)) < 1.0
    with pytest.raises(DataError, match="days of history and 28 are needed"):
        Trees(**SMALL).fit(short, time[27 * 24])


def test_what_cannot_be_done_is_said(fitted, load, split):
    trees = fitted["measured"]
    with pytest.raises(DataError, match="no way to know the weather"):
        Trees(weather="guessed")
    with pytest.raises(DataError, match="not fitted"):
        Trees().predict(load, origins_of(split), 24)
    with pytest.raises(DataError, match="fit with horizon=30"):
        trees.predict(load, origins_of(split), 30)
    with pytest.raises(DataError, match="full step"):
        trees.predict(load, origins_of(split) + np.timedelta64(7, "m"), 24)
    cut = replace(load, ds=load.ds.sel(time=slice(None, split - HOUR)))
    with pytest.raises(DataError, match="weather after the origin is missing for 24 steps"):
        fitted["perfect"].predict(cut, origins_of(split, 1), 24)
    with pytest.raises(DataError, match="no weather forecasts as issued"):
        Trees(**SMALL, weather="vintages").fit(replace(load, vintages=None), split)
    with pytest.raises(DataError, match="temperature_c is missing"):
        trees.predict(replace(load, ds=load.ds.drop_vars("temperature_c")), origins_of(split), 24)
    with pytest.raises(DataError, match="no series"):
        trees.contributions(load, split, "m9")


def test_days_without_a_weather_forecast_get_another_days_error():
    from energy.outlook import _as_if_issued

    rng = np.random.default_rng(0)
    true = rng.normal(15, 5, (40, 24))
    error = np.repeat(rng.normal(0, 2, (40, 1)), 24, axis=1)
    given = np.where(np.arange(40)[:, None] >= 20, true + error, np.nan)
    made = _as_if_issued(given, true, np.zeros_like(true))
    assert np.array_equal(made[20:], given[20:])
    off = np.round((made - true)[:20, 0], 9)
    assert set(off) <= set(np.round(error[20:, 0], 9))
    assert off.std() > 0.5
    few = np.where(np.arange(40)[:, None] >= 36, true + error, np.nan)
    assert (_as_if_issued(few, true, np.zeros_like(true))[:36] == 0).all()
