from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from common.errors import StoreError
from energy.data import Load
from energy.features import Features
from energy.outlook import came_true
from energy.whole_day import WholeDay, _later

PER_DAY, DAYS, LEARNED = 24, 60, 50
FOLDS = 2


def made(step_min: int = 60) -> Load:
    """A meter that follows the temperature of the day before, which is the only way to know it."""
    rng = np.random.default_rng(0)
    per_day = 1440 // step_min
    n = DAYS * per_day
    time = np.datetime64("2024-01-08", "ns") + np.arange(n) * np.timedelta64(step_min, "m")
    daily = rng.normal(0, 3, DAYS + 1)
    wave = np.sin(np.arange(n) / per_day * 2 * np.pi)
    load_kw = 20 + 5 * wave + 2 * np.repeat(daily[:-1], per_day) + rng.normal(0, 0.2, n)
    ds = xr.Dataset(
        {
            "load_kw": (("time", "series"), load_kw[:, None]),
            "temperature_c": ("time", 10 + 3 * wave + np.repeat(daily[1:], per_day)),
        },
        coords={"time": time, "series": ["m"]},
    )
    return Load(ds=ds, timezone="UTC", country="NL")


def features(load: Load, horizon: int, until: int | None = None) -> Features:
    ds = load.ds.isel(time=slice(0, until))
    past = Load(ds=ds, timezone=load.timezone, country=load.country)
    one = np.ones(1)
    return Features(past, horizon, 20 * one, 5 * one, weather=past.weather, yearly=False)


def foreseen(features: Features, origins: np.ndarray) -> dict[str, np.ndarray]:
    """The temperature as it came true."""
    values = features.load.ds["temperature_c"].values
    return {"temperature_c": came_true(values, origins, features.horizon).astype(np.float32)}


def learned(horizon: int) -> tuple[WholeDay, np.ndarray]:
    origins = np.arange(9, LEARNED - 1) * PER_DAY
    network = WholeDay(FOLDS, threads=1)
    unseen = network.fit(
        features(made(), horizon, LEARNED * PER_DAY), origins, np.arange(len(origins)) % FOLDS
    )
    assert unseen.shape == (len(origins) * horizon,)
    return network, unseen


def test_it_learns_and_says_less_of_days_that_a_member_has_not_seen():
    load = made()
    network, unseen = learned(PER_DAY)
    origins = np.arange(LEARNED, DAYS - 1) * PER_DAY
    found = network(features(load, PER_DAY), origins, PER_DAY)
    scaled = (load.ds["load_kw"].values[:, 0] - 20) / 5
    truth = scaled[(origins[:, None] + np.arange(PER_DAY)).ravel()]
    day_ago = scaled[(origins[:, None] + np.arange(PER_DAY) - PER_DAY).ravel()]
    assert np.abs(found - truth).mean() < 0.7 * np.abs(day_ago - truth).mean()
    seen_origins = np.arange(9, LEARNED - 1) * PER_DAY
    seen = network(features(load, PER_DAY), seen_origins, PER_DAY)
    true = scaled[(seen_origins[:, None] + np.arange(PER_DAY)).ravel()]
    assert np.abs(seen - true).mean() < np.abs(unseen - true).mean()


def test_a_horizon_that_is_no_whole_day_and_a_shorter_one_are_the_same_forecast():
    network, _ = learned(30)
    origins = np.array([LEARNED * PER_DAY])
    found = network(features(made(), 30), origins, 30)
    assert found.shape == (30,)
    assert np.array_equal(network(features(made(), 30), origins, 20), found[:20])


def test_it_leaves_torch_as_it_was():
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    learned(PER_DAY)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


def test_saved_and_read_it_forecasts_the_same(tmp_path: Path):
    network, _ = learned(PER_DAY)
    network.save(tmp_path)
    again = WholeDay(FOLDS)
    again.read(tmp_path)
    origins = np.array([LEARNED * PER_DAY])
    expected = network(features(made(), PER_DAY), origins, PER_DAY)
    assert np.allclose(again(features(made(), PER_DAY), origins, PER_DAY), expected)
    (tmp_path / "whole_day.safetensors").write_bytes(b"no")
    with pytest.raises(StoreError, match="cannot be read"):
        again.read(tmp_path)


def test_it_reads_the_weather_that_is_foreseen():
    load = made()
    origins, later = np.arange(9, LEARNED - 1) * PER_DAY, np.arange(LEARNED, DAYS - 1) * PER_DAY
    # The load follows the temperature of the same day, which the days before do not tell.
    ds = load.ds.assign(temperature_c=("time", np.roll(load.ds["temperature_c"].values, PER_DAY)))
    load = Load(ds=ds, timezone=load.timezone, country=load.country)
    truth = came_true((load.ds["load_kw"].values[:, 0] - 20) / 5, later, PER_DAY).ravel()
    off = []
    for told in (False, True):
        network = WholeDay(FOLDS, threads=1)
        past, every = features(load, PER_DAY, LEARNED * PER_DAY), features(load, PER_DAY)
        network.fit(past, origins, np.arange(len(origins)) % FOLDS, foreseen(past, origins) if told else {})
        found = network(every, later, PER_DAY, foreseen(every, later) if told else {})
        off.append(np.abs(found - truth).mean())
    assert off[1] < 0.7 * off[0]


def test_what_is_foreseen_moves_along_with_the_origin():
    every = features(made(), PER_DAY)
    origins = np.array([20, 30]) * PER_DAY
    ahead = foreseen(every, origins)["temperature_c"]
    ahead[:, -1] = 99.0  # so that it differs from what was measured
    earlier, same, later = (
        _later(every, origins, {"temperature_c": ahead}, by)["temperature_c"] for by in (-2, 0, 2)
    )
    assert np.array_equal(earlier[:, :2], foreseen(every, origins - 2)["temperature_c"][:, :2])
    assert np.array_equal(earlier[:, 2:], ahead[:, :-2])
    assert np.array_equal(same, ahead)
    assert np.array_equal(later[:, :-2], ahead[:, 2:])
    assert np.isnan(later[:, -2:]).all()
