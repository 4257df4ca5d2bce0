"""Which forecaster is chosen, and that a trained one is opened and used as it is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from synthetic import make_load

from common.errors import DataError, StoreError, TrainingError
from common.store import save_model
from energy import model
from energy.forecast import forecast
from energy.pilot import PILOT
from energy.settings import Settings


def choice(load, **settings) -> model.Choice:
    return model.choose(load, Settings(**settings))


def test_the_choice_follows_load_horizon_and_settings():
    load = make_load(30)
    assert choice(load).name == "trees"
    assert [m.name for m in choice(load, model="ensemble").members] == ["trees", "neural"]
    assert choice(load, model="naive").name == "seasonal naive (week)"
    far = choice(load, horizon_h=24 * 30)
    assert (far.name, [m.name for m in far.members]) == (
        "month-ahead",
        ["month-ahead", "seasonal naive (week)"],
    )
    assert [m.name for m in choice(make_load(731), horizon_h=24 * 30).members] == ["month-ahead"]
    many = choice(make_load(30, tuple(f"m{i}" for i in range(51))))
    assert (many.name, many.calibrated) == ("panel", True)


def test_a_load_of_hours_is_read_but_not_forecast():
    load = make_load(2)
    with pytest.raises(DataError, match="only 40 hours of readings; bring 2 days or more"):
        choice(replace(load, ds=load.ds.isel(time=slice(40))))


def test_what_may_be_known_of_the_weather():
    load = make_load(30)
    bare = replace(load, ds=load.ds.drop_vars("temperature_c"))
    vintages = pd.DataFrame({"issued_at": [], "valid_at": [], "temperature_c": []})
    assert model.weather_of(load, Settings()) == "measured"
    assert model.weather_of(bare, Settings()) == "none"
    assert model.weather_of(bare, Settings(weather="perfect")) == "none"
    assert model.weather_of(replace(load, vintages=vintages), Settings()) == "vintages"
    with pytest.raises(DataError, match="no weather forecasts"):
        model.weather_of(load, Settings(weather="vintages"))


def options(tmp_path: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    PILOT.add_train_arguments(parser)
    return parser.parse_args(["--horizon", "24h", "--runs", str(tmp_path), *more])


@pytest.mark.parametrize("kind", ["trees", "neural"])
def test_a_trained_model_is_used_as_it_is(kind, tmp_path, monkeypatch):
    whole = make_load(110)
    until = whole.ds["time"].values[24 * 80]
    earlier = replace(whole, ds=whole.ds.sel(time=whole.ds["time"] < until))
    monkeypatch.setattr("energy.pilot.read_input", lambda options: earlier)
    monkeypatch.setattr("energy.sample.load_sample", lambda: earlier)
    few = ("--epochs", "1") if kind == "neural" else ("--threads", "1")
    run = PILOT.train(options(tmp_path, "--model", kind, *few))
    found = model.opened(run)
    assert found.name == kind
    assert found.trained_until == until
    result = forecast(whole, Settings(horizon_h=24, trained=run, backtest_days=10, threads=1))
    assert result.provenance["model"] == kind
    first = result.tables["backtest"]["origin_utc"].min()
    assert first >= pd.Timestamp(until, tz="UTC")
    too_soon = forecast(earlier, Settings(horizon_h=24, trained=run, threads=1))
    assert any("Too few days came after" in w for w in too_soon.warnings)


def test_trees_take_one_process_and_do_not_resume(tmp_path):
    with pytest.raises(TrainingError, match="one process"):
        PILOT.train(options(tmp_path, "--model", "trees", "--processes", "2"))


def test_a_model_of_another_kind_is_refused(tmp_path):
    folder = save_model(tmp_path / "m", lambda f: (f / "x.txt").write_text("x"), {"name": "lungs"})  # type: ignore[arg-type,return-value]
    with pytest.raises(StoreError, match="none of the energy pilot's"):
        model.opened(folder)
