"""The pilot's main job end to end on small synthetic loads, with the real forecasters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic import ZONE, make_load

from common.errors import DataError
from common.pilot import Result
from common.results import read_result, write_result
from energy.arrays import forecast_array, forecast_table
from energy.evaluate import evaluate, score_kept
from energy.forecast import forecast, keep
from energy.report import write_exports
from energy.settings import Settings

SETTINGS = Settings(horizon_h=24, limit_kw=620, temperature_change_c=3, threads=1)


@pytest.fixture(scope="module")
def load():
    return make_load(84, seed=84)


@pytest.fixture(scope="module")
def said() -> list[tuple[float, str]]:
    return []


@pytest.fixture(scope="module")
def result(load, said) -> Result:
    return forecast(load, SETTINGS, lambda fraction, words: said.append((fraction, words)))


def test_the_forecast_is_of_the_day_to_come(result, load):
    table = result.tables["forecast"]
    end = pd.Timestamp(load.ds["time"].values[-1] + load.step, tz="UTC")
    assert table["valid_from_utc"].tolist() == list(pd.date_range(end, periods=24, freq="h"))
    assert str(table["valid_from_local"].dt.tz) == ZONE
    quantiles = table.filter(regex=r"^q\d+_kw$")
    assert list(quantiles) == [f"q{10 * i}_kw" for i in range(1, 10)]
    assert (quantiles.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert table["q50_kw"].between(350, 850).all()


def test_it_has_all_its_tables_and_they_say_what_they_should(result):
    tables = result.tables
    wanted = {"history", "accuracy", "calibration", "backtest", "alarms", "alarm_days", "alarm_scores"}
    assert wanted | {"drivers", "what_if", "anomalies"} <= tables.keys()
    accuracy = tables["accuracy"].set_index("model")
    assert accuracy.index[0] == "trees"
    assert accuracy.loc["trees", "mae_kw"] < 0.9 * accuracy.loc["seasonal naive (week)", "mae_kw"]
    assert 0.6 < accuracy.loc["trees", "coverage80"] < 0.95
    assert tables["what_if"]["change_kw"].mean() < 0  # it is heated: warmer takes less
    assert set(tables["alarms"]["limit_kw"]) == {620.0}
    assert tables["backtest"]["load_kw"].notna().all()


def test_drivers_and_base_add_up_to_the_middle(result, load):
    drivers = result.tables["drivers"]
    assert set(drivers["valid_from_utc"]) == set(result.tables["forecast"]["valid_from_utc"])
    assert "recent load" in set(drivers["driver"])


def test_progress_rises_and_names_what_is_done(said, result):
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert "training on all of the history (trees)" in {words for _, words in said}


def test_it_survives_the_disk_and_makes_the_exports(result, tmp_path):
    write_result(result, tmp_path)
    read = read_result(tmp_path)
    pd.testing.assert_frame_equal(read.tables["forecast"], result.tables["forecast"])
    names = {path.name for path in write_exports(read, tmp_path)}
    assert names == {"forecast.csv", "forecast.parquet", "report.html"}


def test_a_table_and_its_array_are_the_same(result, load):
    table = result.tables["forecast"]
    again = forecast_table(forecast_array(table), load.step, load.timezone)
    pd.testing.assert_frame_equal(again, table)


def test_a_kept_forecast_is_scored_when_the_truth_arrives(load, tmp_path):
    shorter = replace(load, ds=load.ds.isel(time=slice(0, -24)))
    made = forecast(shorter, Settings(horizon_h=24, model="naive"))
    before_it = str(made.tables["forecast"]["valid_from_utc"].iloc[0] - pd.Timedelta("1h"))
    keep(replace(made, provenance={**made.provenance, "made_at_utc": before_it}), tmp_path)
    scored = score_kept(tmp_path, load)
    row = scored.tables["kept"].iloc[0]
    assert (row["scored"], row["waiting"], row["late"]) == (24, 0, 0)
    truth = load.ds["load_kw"].values[-24:, 0]
    off = np.abs(truth - made.tables["forecast"]["q50_kw"].to_numpy()).mean()
    assert row["mae_kw"] == pytest.approx(off)
    assert "1 of 1 kept forecasts" in scored.summary
    with pytest.raises(DataError, match="no forecast is kept"):
        score_kept(tmp_path / "empty", load)


def test_kept_forecasts_of_sums_are_scored_too(tmp_path):
    meters = replace(make_load(60, ("a", "b")), paths={"a": "s1/a", "b": "s1/b"})
    earlier = replace(meters, ds=meters.ds.isel(time=slice(0, -24)))
    made = forecast(earlier, Settings(horizon_h=24, model="naive"))
    before_it = str(made.tables["forecast"]["valid_from_utc"].min() - pd.Timedelta("1h"))
    keep(replace(made, provenance={**made.provenance, "made_at_utc": before_it}), tmp_path)
    scores = score_kept(tmp_path, meters).tables["scores"].set_index("series")
    assert scores.loc[["s1", "a", "b"], "scored"].tolist() == [24, 24, 24]


def test_meters_and_their_sums_add_up(load):
    names = ("a", "b", "c")
    meters = make_load(84, names)
    meters = replace(meters, paths={"a": "s1/f1/a", "b": "s1/f1/b", "c": "s1/f2/c"})
    found = forecast(meters, Settings(horizon_h=24, model="naive"))
    table = found.tables["forecast"].pivot(index="valid_from_utc", columns="series", values="q50_kw")
    assert set(table.columns) == {"s1", "s1/f1", "s1/f2", *names}
    # Medians of sums are near sums of medians; the samples behind them add up exactly.
    assert np.allclose(table["s1"], table[list(names)].sum(axis=1), rtol=0.02)
    assert np.allclose(table["s1/f2"], table["c"], rtol=1e-6)
    assert found.tables["hierarchy"].set_index("node").loc["s1", "meters"] == 3
    assert not [w for w in found.warnings if "add up" in w]


def test_too_little_history_for_a_backtest_is_said_and_still_forecast():
    found = forecast(make_load(16), Settings(horizon_h=24, model="naive"))
    assert len(found.tables["forecast"]) == 24
    assert "accuracy" not in found.tables
    assert any("too little history for a backtest" in w for w in found.warnings)


def test_future_weather_in_the_file_does_not_move_the_forecast(load):
    settings = Settings(horizon_h=24, threads=1, backtest_days=5)
    known = load.ds.isel(time=slice(0, -24))
    longer = load.ds.copy(deep=True)
    longer["load_kw"].values[-24:] = np.nan
    longer["temperature_c"].values[-24:] += 15
    short = forecast(replace(load, ds=known), settings).tables["forecast"]
    pd.testing.assert_frame_equal(forecast(replace(load, ds=longer), settings).tables["forecast"], short)


def test_evaluation_stands_beside_baselines_and_peers(load):
    pytest.importorskip("mlforecast")
    found = evaluate(load, Settings(horizon_h=24, threads=1))
    accuracy = found.tables["accuracy"].set_index("model")
    assert {"trees", "before calibration", "seasonal naive (week)", "mlforecast (LightGBM)"} <= set(
        accuracy.index
    )
    assert accuracy.loc["mlforecast (LightGBM)", "mae_kw"] > 0
    assert found.numbers["mase"] == pytest.approx(accuracy.loc["trees", "mase"])
    assert set(found.tables["coverage_by_hour"]["hour_local"]) == set(range(24))


def test_shuffled_load_cannot_be_forecast(load):
    rng = np.random.default_rng(0)
    ds = load.ds.copy(deep=True)
    ds["load_kw"].values[:] = rng.permutation(ds["load_kw"].values)
    found = forecast(replace(load, ds=ds), Settings(horizon_h=24, threads=1))
    spread = float(np.abs(ds["load_kw"] - ds["load_kw"].median()).mean())
    own = found.tables["accuracy"].iloc[0]
    assert own["mae_kw"] > 0.93 * spread
    assert 0.7 < own["coverage80"] < 0.9


def test_a_horizon_shorter_than_a_step_is_one_sentence(load):
    with pytest.raises(DataError, match="shorter than one interval"):
        forecast(load, Settings(horizon_h=0.2))
