"""The neural forecaster as a Forecaster: learns, sees nothing ahead, is stored and opened unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from common.errors import DataError, StoreError
from common.store import open_model, save_model
from common.training.config import FitConfig
from energy.data import Load
from energy.neural import Neural
from energy.training import NeuralSettings

HOUR = np.timedelta64(3600 * 10**9, "ns")
START = np.datetime64("2023-01-02", "ns")
SETTINGS = NeuralSettings(lookback_days=7, hidden=24)
SHORT = FitConfig(max_steps=500, epochs=50, batch_size=64, clip_norm=1.0)


def make_load(days: int = 70, series: int = 2, seed: int = 0) -> Load:
    """Loads with a daily cycle, quiet weekends and a share that follows the temperature; UTC, kW."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    warm = 10 + 5 * np.sin(2 * np.pi * (hours - 9) / 24) + np.repeat(rng.normal(0, 1, days), 24)
    weekend = (hours // 24 % 7) >= 5
    shape = 1 + 0.5 * np.sin(2 * np.pi * (hours - 6) / 24) - 0.6 * weekend
    load = np.stack([(shape - 0.02 * warm) * 10.0 ** (k + 1) for k in range(series)], 1)
    load *= 1 + 0.08 * rng.normal(size=load.shape)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load), "temperature_c": ("time", warm)},
        coords={"time": START + hours * HOUR, "series": [f"m{k}" for k in range(series)]},
    )
    ds.time.attrs["timezone"] = "UTC"
    return Load(ds, "UTC")


@pytest.fixture(scope="module")
def load() -> Load:
    return make_load()


@pytest.fixture(scope="module")
def until(load: Load) -> np.datetime64:
    return load.ds.time.values[56 * 24]


@pytest.fixture(scope="module")
def model(load: Load, until: np.datetime64) -> Neural:
    neural = Neural(SETTINGS, SHORT)
    neural.fit(load, until)
    return neural


def _origins(load: Load, until: np.datetime64) -> np.ndarray:
    return until + np.arange(14) * 24 * HOUR


def test_is_better_than_last_week_and_last_day(model: Neural, load: Load, until: np.datetime64) -> None:
    origins = _origins(load, until)
    forecast = model.predict(load, origins, 24)
    assert forecast.dims == ("origin", "step", "series", "quantile")
    assert forecast.name == "load_kw"
    assert list(forecast.coords["quantile"].values) == pytest.approx(np.arange(1, 10) / 10)
    kw = load.ds.load_kw.values
    at = 56 * 24 + np.arange(14 * 24)
    middle = forecast.sel(quantile=0.5).values.reshape(14 * 24, 2)
    for lag in (24, 168):
        ours, naive = np.abs(middle - kw[at]).mean(0), np.abs(kw[at - lag] - kw[at]).mean(0)
        assert (ours < 0.9 * naive).all()


def test_quantiles_ascend_and_hold_their_share(model: Neural, load: Load, until: np.datetime64) -> None:
    forecast = model.predict(load, _origins(load, until), 24)
    assert (np.diff(forecast.values, axis=-1) > 0).all()
    truth = load.ds.load_kw.values[56 * 24 :].reshape(14, 24, 2)
    inside = (truth >= forecast.values[..., 0]) & (truth <= forecast.values[..., -1])
    assert 0.4 < inside.mean() <= 1.0


def test_nothing_after_the_origin_is_seen(model: Neural, load: Load, until: np.datetime64) -> None:
    changed = load.ds.copy(deep=True)
    after = changed.time.values >= until
    changed["load_kw"].values[after] = np.nan
    changed["temperature_c"].values[after] = 99.0
    told = model.predict(Load(changed, "UTC"), np.array([until]), 24)
    xr.testing.assert_identical(told, model.predict(load, np.array([until]), 24))


def test_training_sees_nothing_from_its_end_on(model: Neural, load: Load, until: np.datetime64) -> None:
    changed = load.ds.copy(deep=True)
    changed["load_kw"].values[changed.time.values >= until] *= 7
    changed["temperature_c"].values[changed.time.values >= until] = 99.0
    short = FitConfig(max_steps=5, batch_size=32)
    forecasts = []
    for data in (load, Load(changed, "UTC")):
        neural = Neural(SETTINGS, short)
        neural.fit(data, until)
        forecasts.append(neural.predict(load, np.array([until]), 24))
    xr.testing.assert_identical(*forecasts)


def test_the_weather_ahead_matters_only_when_it_may_be_known(load: Load, until: np.datetime64) -> None:
    neural = Neural(NeuralSettings(lookback_days=7, hidden=16, weather="perfect"), FitConfig(max_steps=20))
    neural.fit(load, until)
    warmer = load.ds.copy(deep=True)
    warmer["temperature_c"].values[warmer.time.values >= until] += 10
    told = neural.predict(Load(warmer, "UTC"), np.array([until]), 24)
    assert np.abs(told - neural.predict(load, np.array([until]), 24)).max() > 0


def test_forecasts_after_the_last_interval_and_a_new_series(model: Neural, load: Load) -> None:
    end = load.ds.time.values[-1] + HOUR
    other = make_load(series=3, seed=5)
    forecast = model.predict(other, np.array([end]), 12)
    assert forecast.shape == (1, 12, 3, 9)
    assert np.isfinite(forecast).all()


def test_gaps_do_not_stop_it(load: Load, until: np.datetime64) -> None:
    holes = load.ds.copy(deep=True)
    holes["load_kw"].values[200:230] = np.nan
    holes["load_kw"].values[56 * 24 - 10 : 56 * 24, 0] = np.nan
    holes["temperature_c"].values[300:400] = np.nan
    data = Load(holes, "UTC")
    neural = Neural(SETTINGS, FitConfig(max_steps=10))
    neural.fit(data, until)
    assert np.isfinite(neural.predict(data, np.array([until]), 24)).all()


def test_is_stored_and_opened_unchanged(
    model: Neural, load: Load, until: np.datetime64, tmp_path: Path
) -> None:
    folder = save_model(tmp_path / "neural", model.save, {"intended_use": "test"})
    opened = Neural.load_from(open_model(folder))
    assert opened.settings == model.settings
    origins = _origins(load, until)
    xr.testing.assert_identical(opened.predict(load, origins, 24), model.predict(load, origins, 24))


def test_says_what_is_wrong(model: Neural, load: Load, until: np.datetime64, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="24 steps"):
        model.predict(load, np.array([until]), 25)
    with pytest.raises(DataError, match="grid"):
        model.predict(load, np.array([until + HOUR // 2]), 24)
    with pytest.raises(DataError, match="temperature_c"):
        model.predict(Load(load.ds.drop_vars("temperature_c"), "UTC"), np.array([until]), 24)
    with pytest.raises(DataError, match="not been trained"):
        Neural().predict(load, np.array([until]), 24)
    with pytest.raises(DataError, match="too short"):
        Neural(SETTINGS).fit(make_load(days=2), START + 48 * HOUR)
    with pytest.raises(StoreError, match="neural forecaster"):
        Neural.load_from(tmp_path)
