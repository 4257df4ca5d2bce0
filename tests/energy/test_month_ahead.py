from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from common.errors import DataError
from energy.data import Load
from energy.hourly import days_of
from energy.month_ahead import MonthAhead
from energy.scenarios import paths
from energy.temperature_model import LoadRegression, station_weights

HOUR = np.timedelta64(1, "h")
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def weather(hours: int, rng: np.random.Generator) -> np.ndarray:
    """Degrees with a season, a day, and anomalies that last for days."""
    t = np.arange(hours)
    shocks = rng.normal(0, 0.55, hours)
    anomaly = np.zeros(hours)
    for i in range(1, hours):
        anomaly[i] = 0.985 * anomaly[i - 1] + shocks[i]
    return 11 - 10 * np.cos(2 * np.pi * t / 8766) - 3 * np.cos(2 * np.pi * (t % 24 - 3) / 24) + anomaly


def synthetic(days: int = 800, seed: int = 0, step_min: int = 60, stations: int = 1) -> Load:
    """Two meters that heat below 15 and cool above 20 degrees; the second is ten times the first."""
    rng = np.random.default_rng(seed)
    hours = days * 24
    temperature = weather(hours, rng)
    t = np.arange(hours)
    free = (t // 24 + 4) % 7 >= 5
    load_kw = 100 + 3 * np.maximum(15 - temperature, 0) + 4 * np.maximum(temperature - 20, 0)
    load_kw = load_kw + 15 * np.sin(2 * np.pi * (t % 24 - 8) / 24) - 10 * free
    both = load_kw[:, None] * [1, 10] * (1 + rng.normal(0, 0.02, (hours, 2)))
    per_hour = 60 // step_min
    time = np.datetime64("2021-01-01", "ns") + np.arange(hours * per_hour) * np.timedelta64(step_min, "m")
    values = np.repeat(both, per_hour, axis=0)
    if per_hour > 1:
        values = values * np.where(np.arange(len(values)) % per_hour == 0, 1.1, 1.0)[:, None]
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), values)}, coords={"time": time, "series": ["small", "large"]}
    )
    for s in range(stations):
        near = temperature if s == 0 else weather(hours, rng)
        ds[f"temperature_{s}_c"] = ("time", np.repeat(near, per_hour))
    return Load(ds=ds, timezone="UTC", country="NL")


def one(load: Load, **changed: np.ndarray) -> Load:
    """The first meter alone, with some variables changed."""
    ds = load.ds.isel(series=[0]).copy(deep=True)
    for name, values in changed.items():
        ds[name] = (ds[name].dims, values)
    return Load(ds=ds, timezone=load.timezone, country=load.country)


@pytest.fixture(scope="module")
def load() -> Load:
    return synthetic()


@pytest.fixture(scope="module")
def split(load: Load) -> np.datetime64:
    return np.datetime64(load.ds["time"].values[-60 * 24])


@pytest.fixture(scope="module")
def model(load: Load, split: np.datetime64) -> MonthAhead:
    fitted = MonthAhead(levels=LEVELS, threads=1)
    fitted.fit(load, split)
    return fitted


def test_the_array_is_as_agreed(load: Load, split: np.datetime64, model: MonthAhead):
    origins = split + np.array([0, 7]) * 24 * HOUR
    forecast = model.predict(load, origins, 240)
    assert forecast.name == "load_kw"
    assert forecast.dims == ("origin", "step", "series", "quantile")
    assert forecast.shape == (2, 240, 2, 5)
    assert (forecast["origin"].values == origins).all()
    assert forecast["quantile"].values.tolist() == list(LEVELS)
    assert forecast["series"].values.tolist() == ["small", "large"]
    assert (np.diff(forecast.values, axis=-1) >= 0).all()
    ratio = forecast.sel(series="large", quantile=0.5) / forecast.sel(series="small", quantile=0.5)
    assert np.allclose(ratio, 10, rtol=0.03)


def test_nothing_at_or_after_the_origin_is_read(load: Load, split: np.datetime64, model: MonthAhead):
    after = load.ds["time"].values >= split
    ds = load.ds.copy(deep=True)
    ds["load_kw"][{"time": after}] = 1e6
    ds["temperature_0_c"][{"time": after}] = np.nan
    changed = Load(ds=ds, timezone=load.timezone, country=load.country)
    again = MonthAhead(levels=LEVELS, threads=1)
    again.fit(changed, split)
    expected = model.predict(load, np.array([split]), 720).values
    assert np.array_equal(again.predict(changed, np.array([split]), 720).values, expected)
    cut = Load(ds=load.ds.isel(time=~after), timezone=load.timezone, country=load.country)
    assert np.array_equal(model.predict(cut, np.array([split]), 720).values, expected)


def test_its_intervals_hold_what_they_say(load: Load, split: np.datetime64, model: MonthAhead):
    covered = []
    for seed in range(1, 4):
        other = one(synthetic(seed=seed))
        own = MonthAhead(levels=LEVELS, threads=1)
        own.fit(other, split)
        q = own.predict(other, np.array([split]), 720).values[0, :, 0]
        truth = other.ds["load_kw"].sel(time=slice(split, None)).values[:720, 0]
        covered.append((truth >= q[:, 0]) & (truth <= q[:, -1]))
    assert 0.75 < np.mean(covered) < 0.98


def test_the_first_hours_are_surer_than_the_last(load: Load, split: np.datetime64, model: MonthAhead):
    width = model.predict(load, np.array([split]), 720).sel(series="small")
    width = (width.sel(quantile=0.95) - width.sel(quantile=0.05)).values[0]
    assert width[:6].mean() < 0.7 * width[-240:].mean()


def test_the_paths_start_where_the_weather_stands():
    rng = np.random.default_rng(3)
    temperature = weather(4 * 8766, rng)
    temperature[-96:] += 12
    load = synthetic(days=60)
    days = days_of(np.datetime64("2015-01-01", "ns"), len(temperature) + 720, load)
    found = paths(temperature, days, len(temperature), 720)
    assert found.shape[1] == 720
    assert len(found) >= 50
    calm = temperature.copy()
    calm[-96:] -= 12
    other = paths(calm, days, len(temperature), 720)
    assert found[:, :6].mean() - other[:, :6].mean() > 7
    assert abs(found[:, -200:].mean() - other[:, -200:].mean()) < 2
    assert found[:, 0].std() < 0.7 * found[:, 400].std()


def test_paths_need_some_past():
    days = days_of(np.datetime64("2020-01-01", "ns"), 5000, synthetic(days=60))
    with pytest.raises(DataError, match="past stretch"):
        paths(np.zeros(1000) + np.arange(1000) % 24, days, 1000, 1440)


def test_the_station_that_explains_the_load_gets_the_weight():
    load = synthetic(days=800, stations=3)
    days = days_of(load.ds["time"].values[0], 800 * 24, load)
    stations = np.stack([load.ds[name].values for name in load.weather], axis=1)
    target = np.log(load.ds["load_kw"].values[:, 0])
    weights = station_weights(target, stations, days, len(target), LoadRegression())
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.9


def test_an_outage_is_not_learned_from(load: Load, split: np.datetime64, model: MonthAhead):
    load_kw = load.ds["load_kw"].values[:, :1].copy()
    end = int(np.searchsorted(load.ds["time"].values, split))
    load_kw[end - 3000 : end - 2960] = 8
    own = MonthAhead(levels=LEVELS, threads=1)
    other = one(load, load_kw=load_kw)
    own.fit(other, split)
    expected = model.predict(load, np.array([split]), 240).sel(series="small", quantile=0.5).values
    found = own.predict(other, np.array([split]), 240).sel(quantile=0.5).values[..., 0]
    assert np.abs(found / expected - 1).max() < 0.03


def test_gaps_in_load_and_weather_are_borne(load: Load, split: np.datetime64, model: MonthAhead):
    load_kw = load.ds["load_kw"].values[:, :1].copy()
    temperature = load.ds["temperature_0_c"].values.copy()
    load_kw[::17] = np.nan
    load_kw[5000:5400] = np.nan
    temperature[::31] = np.nan
    temperature[9000:9100] = np.nan
    own = MonthAhead(levels=LEVELS, threads=1)
    other = one(load, load_kw=load_kw, temperature_0_c=temperature)
    own.fit(other, split)
    found = own.predict(other, np.array([split]), 240)
    expected = model.predict(load, np.array([split]), 240).sel(series=["small"])
    assert np.isfinite(found.values).all()
    assert np.abs(found.values / expected.values - 1).max() < 0.06


@pytest.mark.parametrize("days", [70, 250, 420, 800])
def test_without_temperature_or_with_less_history_it_still_forecasts(days: int):
    load = synthetic(days=days)
    ds = load.ds.drop_vars("temperature_0_c") if days != 250 else load.ds
    load = Load(ds=ds.isel(series=[0]), timezone="UTC", country="NL")
    origin = load.ds["time"].values[-5 * 24]
    own = MonthAhead(levels=LEVELS, threads=1)
    own.fit(load, origin)
    found = own.predict(load, np.array([origin]), 120).values[0, :, 0]
    truth = load.ds["load_kw"].values[-120:, 0]
    assert (np.diff(found, axis=-1) >= 0).all()
    assert np.abs(found[:, 2] - truth).mean() < 0.3 * truth.mean()


def test_quarter_hours_get_their_shape_back():
    load = one(synthetic(days=100, step_min=15))
    origin = load.ds["time"].values[-10 * 96 + 2]
    own = MonthAhead(threads=1)
    own.fit(load, origin)
    found = own.predict(load, np.array([origin]), 96).sel(quantile=0.5).values[0, :, 0]
    assert found.shape == (96,)
    assert np.allclose(found[2::4] / found[3::4], 1.1, rtol=0.02)


def test_a_meter_that_exports_is_forecast_in_kw(load: Load, split: np.datetime64):
    other = one(load, load_kw=load.ds["load_kw"].values[:, :1] - 125)
    own = MonthAhead(levels=LEVELS, threads=1)
    own.fit(other, split)
    found = own.predict(other, np.array([split]), 240).values[0, :, 0]
    assert np.isfinite(found).all()
    assert found.min() < 0 < found.max()


def test_what_cannot_be_done_is_said(load: Load, split: np.datetime64, model: MonthAhead):
    with pytest.raises(DataError, match="not fitted"):
        MonthAhead().predict(load, np.array([split]), 24)
    with pytest.raises(DataError, match="30 days of history and 56 are needed"):
        MonthAhead().fit(load, load.ds["time"].values[30 * 24])
    empty = load.ds["load_kw"].values[:, :1].copy()
    empty[: -70 * 24] = np.nan
    with pytest.raises(DataError, match="series small: fewer than four weeks"):
        MonthAhead().fit(one(load, load_kw=empty), split)
    renamed = Load(ds=load.ds.assign_coords(series=["small", "other"]), timezone="UTC")
    with pytest.raises(DataError, match="series other"):
        model.predict(renamed, np.array([split]), 24)
    with pytest.raises(DataError, match="origin"):
        model.predict(load, load.ds["time"].values[[50]], 24)
