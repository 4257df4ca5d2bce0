from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from common.errors import DataError, StoreError
from energy.data import Load
from energy.panel import Panel, calendar, lags, training_table

HOUR = np.timedelta64(1, "h")


def many(n_series: int = 60, days: int = 42, seed: int = 0, timezone: str = "Europe/Amsterdam") -> Load:
    """Meters with a daily shape, weekends, noise that remembers, and sizes from 0.1 to 1000 kW."""
    rng = np.random.default_rng(seed)
    n = days * 24
    times = np.datetime64("2024-01-01", "ns") + np.arange(n) * HOUR
    dates = calendar(times, timezone)
    shape = 1 + 0.5 * np.sin((dates[:, 0] - 9) / 24 * 2 * np.pi) - 0.3 * (dates[:, 1] >= 5)
    noise = np.zeros((n, n_series))
    for i in range(1, n):
        noise[i] = 0.5 * noise[i - 1] + rng.normal(0, 0.1, n_series)
    load_kw = (shape[:, None] + noise) * 10 ** rng.uniform(-1, 3, n_series)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load_kw)},
        coords={"time": times, "series": [f"m{i}" for i in range(n_series)]},
    )
    return Load(ds=ds, timezone=timezone)


@pytest.fixture(scope="module")
def load() -> Load:
    return many()


@pytest.fixture(scope="module")
def split(load: Load) -> np.datetime64:
    return np.datetime64(load.ds["time"].values[-5 * 24])


@pytest.fixture(scope="module")
def model(load: Load, split: np.datetime64) -> Panel:
    panel = Panel(horizon=24, rounds=60, threads=1)
    panel.fit(load, split)
    return panel


def test_the_table_holds_each_lag_beside_its_target(load: Load):
    scaled = load.ds["load_kw"].values[:400, :3].astype(np.float32)
    lag_steps = (1, 24, 168)
    features, target = training_table(scaled, np.zeros((400, 2), np.float32), lag_steps)
    expected = np.stack([scaled[168 - lag : 400 - lag].ravel() for lag in lag_steps], axis=1)
    assert np.array_equal(features[:, :3], expected)
    assert np.array_equal(target, scaled[168:].ravel())


def test_rows_without_a_target_are_left_out_and_unknown_lags_stay(load: Load):
    scaled = load.ds["load_kw"].values[:200, :2].astype(np.float32)
    scaled[180, 1] = np.nan
    features, target = training_table(scaled, np.zeros((200, 2), np.float32), (1, 24))
    assert len(target) == (200 - 24) * 2 - 1
    assert np.isfinite(target).all()
    assert np.isnan(features[:, 0]).sum() == 1


def test_the_array_is_as_agreed_and_its_quantiles_do_not_cross(
    load: Load, split: np.datetime64, model: Panel
):
    origins = split + np.arange(3) * 24 * HOUR
    forecast = model.predict(load, origins, 24)
    assert forecast.name == "load_kw"
    assert forecast.dims == ("origin", "step", "series", "quantile")
    assert forecast.shape == (3, 24, 60, 9)
    assert (forecast["origin"].values == origins).all()
    assert forecast["series"].values.tolist() == load.series
    assert (np.diff(forecast.values, axis=-1) >= 0).all()


def test_it_beats_last_week_and_its_interval_covers(load: Load, split: np.datetime64, model: Panel):
    origins = split + np.arange(5) * 24 * HOUR
    forecast = model.predict(load, origins, 24).values
    truth = load.ds["load_kw"].values[-5 * 24 :].reshape(5, 24, -1)
    week_ago = load.ds["load_kw"].values[-12 * 24 : -7 * 24].reshape(5, 24, -1)
    size = np.abs(truth).mean(axis=(0, 1))
    ours = (np.abs(forecast[..., 4] - truth).mean(axis=(0, 1)) / size).mean()
    naive = (np.abs(week_ago - truth).mean(axis=(0, 1)) / size).mean()
    assert ours < 0.85 * naive
    covered = ((truth >= forecast[..., 0]) & (truth <= forecast[..., 8])).mean()
    assert 0.74 < covered < 0.86


def test_what_comes_after_the_origin_changes_nothing(load: Load, split: np.datetime64, model: Panel):
    ds = load.ds.copy(deep=True)
    ds["load_kw"][{"time": slice(-5 * 24, None)}] = 1e9
    other = Load(ds=ds, timezone=load.timezone)
    refitted = Panel(horizon=24, rounds=60, threads=1)
    refitted.fit(other, split)
    expected = model.predict(load, np.array([split]), 24)
    assert np.array_equal(refitted.predict(other, np.array([split]), 24).values, expected.values)


def test_a_forecast_past_the_end_of_the_load_is_the_same_as_with_more_load(
    load: Load, split: np.datetime64, model: Panel
):
    cut = Load(ds=load.ds.sel(time=slice(None, split - HOUR)), timezone=load.timezone)
    assert np.array_equal(
        model.predict(cut, np.array([split]), 24).values, model.predict(load, np.array([split]), 24).values
    )


def test_many_origins_at_once_are_the_same_as_one_by_one(
    load: Load, split: np.datetime64, model: Panel, monkeypatch: pytest.MonkeyPatch
):
    origins = split + np.arange(3) * 24 * HOUR
    together = model.predict(load, origins, 12).values
    monkeypatch.setattr("energy.panel.BUFFER_VALUES", 1)
    assert np.array_equal(together, model.predict(load, origins, 12).values)


def test_saved_and_read_it_forecasts_the_same(load: Load, split: np.datetime64, model: Panel, tmp_path: Path):
    model.save(tmp_path)
    again = Panel.load_from(tmp_path)
    assert again.horizon == 24
    assert np.array_equal(
        again.predict(load, np.array([split]), 24).values, model.predict(load, np.array([split]), 24).values
    )
    state = json.loads((tmp_path / "panel.json").read_text())
    del state["scales"]
    (tmp_path / "panel.json").write_text(json.dumps(state))
    with pytest.raises(StoreError, match="cannot be read"):
        Panel.load_from(tmp_path)


def test_a_new_meter_is_forecast_and_one_without_history_is_unknown(
    load: Load, split: np.datetime64, model: Panel
):
    ds = load.ds.isel(series=[0, 1, 2]).copy(deep=True).assign_coords(series=["m0", "new", "silent"])
    ds["load_kw"][{"series": 2}] = np.nan
    forecast = model.predict(Load(ds=ds, timezone=load.timezone), np.array([split]), 24)
    truth = ds["load_kw"].sel(series="new").values[-5 * 24 : -4 * 24]
    new = forecast.sel(series="new", quantile=0.5).values[0]
    assert np.abs(new - truth).mean() < 0.3 * np.abs(truth).mean()
    assert np.isnan(forecast.sel(series="silent").values).all()
    known = model.predict(load, np.array([split]), 24).sel(series="m0")
    assert np.allclose(forecast.sel(series="m0").values, known.values)


def test_without_calibration_days_only_the_median_is_given(load: Load, split: np.datetime64):
    panel = Panel(rounds=10, calibration_days=0, threads=1)
    panel.fit(load, split)
    assert panel.predict(load, np.array([split]), 48)["quantile"].values.tolist() == [0.5]


def test_what_cannot_be_done_is_said(load: Load, split: np.datetime64, model: Panel):
    with pytest.raises(DataError, match="not fitted"):
        Panel().predict(load, np.array([split]), 24)
    with pytest.raises(DataError, match="fit with horizon=30"):
        model.predict(load, np.array([split]), 30)
    with pytest.raises(DataError, match="full step"):
        model.predict(load, np.array([split + np.timedelta64(7, "m")]), 24)
    with pytest.raises(DataError, match="full step"):
        model.predict(load, load.ds["time"].values[[10]], 24)
    with pytest.raises(DataError, match="days of history"):
        Panel().fit(load, load.ds["time"].values[10 * 24])


def test_lags_reach_back_a_week_at_any_resolution():
    assert lags(24) == (1, 2, 3, 24, 25, 48, 168)
    assert max(lags(96)) == 672


def test_hours_are_local():
    dates = calendar(np.array(["2024-07-01T22:30", "2024-01-01T22:30"], "datetime64[ns]"), "Europe/Amsterdam")
    assert dates[0].tolist() == [0.5, 1.0]
    assert dates[1].tolist() == [23.5, 0.0]
