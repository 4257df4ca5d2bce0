from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from common.errors import DataError
from energy.data import Load
from energy.what_if import foreseen, spell, steady, what_if, with_temperature

ORIGIN = np.datetime64("2024-07-20T22:00", "ns")
HORIZON = 48
KW_PER_DEGREE = 20.0


class Linear:
    """Answers 500 kW and 20 kW a degree, from the weather that its kind may read; ±10 kW around it."""

    name = "linear"

    def __init__(self, weather: str = "perfect") -> None:
        self.weather = weather
        self.seen: list[Load] = []

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        self.seen.append(load)
        times = origins[0] + np.arange(horizon) * load.step
        temperature = load.ds["temperature_c"].sel(time=times).values
        if self.weather == "vintages":
            latest = load.vintages.sort_values("issued_at").groupby("valid_at")["temperature_c"].last()
            temperature = latest.reindex(times).to_numpy()
        middle = 500 + KW_PER_DEGREE * temperature
        values = (middle[:, None] + np.array([-10, 0, 10]))[None, :, None, :]
        return xr.DataArray(
            values,
            dims=("origin", "step", "series", "quantile"),
            coords={
                "origin": origins,
                "step": np.arange(horizon),
                "series": load.series,
                "quantile": [0.1, 0.5, 0.9],
            },
            name="load_kw",
        )


def make_load(days_after: int = 0) -> Load:
    time = pd.date_range("2024-06-30 22:00", periods=24 * (20 + days_after), freq="h")
    temperature = 20 + 5 * np.sin((np.asarray(time.hour) - 9) / 24 * 2 * np.pi)
    temperature = np.where(time >= pd.Timestamp(ORIGIN), temperature + 2, temperature)
    load = np.where(time >= pd.Timestamp(ORIGIN), 9999.0, 500.0)
    ds = xr.Dataset(
        {
            "load_kw": (("time", "series"), load[:, None]),
            "temperature_c": ("time", temperature),
            "wind_m_s": ("time", np.full(len(time), 4.0)),
        },
        coords={"time": time, "series": ["feeder 7"]},
    )
    return Load(ds=ds, timezone="Europe/Amsterdam")


def test_the_change_is_what_the_temperature_does():
    answer = what_if(Linear(), make_load(days_after=2), ORIGIN, HORIZON, steady(3, HORIZON))
    assert np.allclose(answer.table["change_kw"], 3 * KW_PER_DEGREE)
    assert np.allclose(answer.table["changed_temperature_c"] - answer.table["temperature_c"], 3)
    assert np.allclose(answer.table["changed_q90_kw"] - answer.table["q90_kw"], 60)
    assert len(answer.table) == HORIZON
    assert str(answer.table["valid_from_local"].dt.tz) == "Europe/Amsterdam"


def test_no_change_changes_nothing_and_warns_of_nothing():
    load = make_load(days_after=2)
    load.ds["temperature_c"].values[:] = np.minimum(load.ds["temperature_c"].values, 25)
    answer = what_if(Linear(), load, ORIGIN, HORIZON, 0.0)
    assert (answer.table["change_kw"] == 0).all()
    assert answer.warnings == []


def test_a_temperature_never_seen_is_warned_of():
    answer = what_if(Linear(), make_load(days_after=2), ORIGIN, HORIZON, 8.0)
    assert "outside what the model has seen (15 to 25 °C)" in answer.warnings[0]


def test_without_a_forecast_of_the_weather_the_last_days_stand_in():
    answer = what_if(Linear(), make_load(), ORIGIN, HORIZON, 1.0)
    assert any("stands in" in w for w in answer.warnings)
    usual = 20 + 5 * np.sin((answer.table["valid_from_utc"].dt.hour - 9) / 24 * 2 * np.pi)
    assert np.allclose(answer.table["temperature_c"], usual)


def test_the_forecaster_is_given_no_load_from_after_the_origin():
    forecaster = Linear()
    what_if(forecaster, make_load(days_after=2), ORIGIN, HORIZON, 1.0)
    for load in forecaster.seen:
        after = load.ds["load_kw"].sel(time=slice(ORIGIN, None))
        assert after.sizes["time"] == HORIZON
        assert after.isnull().all()


def test_other_weather_stays_as_it_was_and_the_input_is_untouched():
    load = make_load(days_after=2)
    before = load.ds.copy(deep=True)
    changed = with_temperature(load, ORIGIN, np.full(HORIZON, 30.0))
    assert (changed.ds["wind_m_s"] == 4).all()
    assert (changed.ds["temperature_c"].sel(time=slice(ORIGIN, None)) == 30).all()
    xr.testing.assert_identical(load.ds, before)


def test_forecast_vintages_are_changed_from_the_latest_one():
    valid = pd.date_range(ORIGIN, periods=HORIZON, freq="h")
    parts = [
        pd.DataFrame({"issued_at": ORIGIN - np.timedelta64(h, "h"), "valid_at": valid, "temperature_c": c})
        for h, c in ((30, 15.0), (6, 19.0), (-3, 35.0))
    ]
    load = make_load()
    load = Load(ds=load.ds, timezone=load.timezone, vintages=pd.concat(parts, ignore_index=True))
    base, assumed = foreseen(load, ORIGIN, HORIZON, "vintages")
    assert (base == 19).all()
    assert not assumed
    answer = what_if(Linear("vintages"), load, ORIGIN, HORIZON, -2.0)
    assert np.allclose(answer.table["change_kw"], -2 * KW_PER_DEGREE)
    assert np.allclose(answer.table["q50_kw"], 500 + 19 * KW_PER_DEGREE)


def test_sparse_vintages_are_joined_by_straight_lines():
    valid = pd.date_range(ORIGIN, periods=17, freq="3h")
    issued = pd.DataFrame({"issued_at": ORIGIN, "valid_at": valid, "temperature_c": np.arange(17.0)})
    load = Load(ds=make_load().ds, timezone="Europe/Amsterdam", vintages=issued)
    base, assumed = foreseen(load, ORIGIN, HORIZON, "vintages")
    assert np.allclose(base, np.arange(HORIZON) / 3)
    assert not assumed


@pytest.mark.parametrize("weather", ["measured", "none"])
def test_a_forecaster_blind_to_the_weather_to_come_is_refused(weather):
    with pytest.raises(DataError, match="does not read the weather to come"):
        what_if(Linear(weather), make_load(), ORIGIN, HORIZON, 1.0)


def test_a_load_without_temperature_is_refused():
    load = make_load()
    bare = Load(ds=load.ds.drop_vars("temperature_c"), timezone=load.timezone)
    with pytest.raises(DataError, match="no temperature"):
        what_if(Linear(), bare, ORIGIN, HORIZON, 1.0)


@pytest.mark.parametrize("steps", [1, 2, 20, 48, 96])
def test_a_spell_rises_holds_and_falls(steps):
    wave = spell(8.0, steps, 24)
    assert wave.shape == (steps,)
    assert (wave >= 0).all()
    assert (wave <= 8).all()
    assert np.allclose(wave, wave[::-1])
    if steps == 96:
        assert (wave[24:72] == 8).all()
        assert (np.diff(wave[:24]) > 0).all()
    assert np.allclose(spell(-5.0, steps, 24), -5 / 8 * wave)
