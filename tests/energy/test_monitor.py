from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from common.calibration import pinball
from common.errors import StoreError
from energy.data import Load
from energy.monitor import ForecastLog, Scored, data_hash

HOUR = np.timedelta64(1, "h")
LEVELS = np.arange(1, 10) / 10
NORMAL = np.array([-1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816])
START = np.datetime64("2024-01-01", "ns")


def shape_kw(times: np.ndarray) -> np.ndarray:
    hour = (times - START) / HOUR % 24
    return 100 + 30 * np.sin((hour - 9) / 24 * 2 * np.pi)


def load(days: int = 10, seed: int = 0, names: tuple[str, ...] = ("a", "b")) -> Load:
    times = START + np.arange(days * 24) * HOUR
    noise = np.random.default_rng(seed).normal(0, 5, (len(times), len(names)))
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), shape_kw(times)[:, None] + noise)},
        coords={"time": times, "series": list(names)},
    )
    return Load(ds=ds, timezone="Europe/Amsterdam")


def forecast(day: int, names: tuple[str, ...] = ("a", "b"), spread_kw: float = 5.0) -> xr.DataArray:
    origin = START + day * 24 * HOUR
    middle = shape_kw(origin + np.arange(24) * HOUR)
    values = np.repeat((middle[:, None] + spread_kw * NORMAL)[:, None], len(names), axis=1)
    return xr.DataArray(
        values[None],
        dims=("origin", "step", "series", "quantile"),
        coords={"origin": [origin], "step": np.arange(24), "series": list(names), "quantile": LEVELS},
        name="load_kw",
    )


def keep(log: ForecastLog, array: xr.DataArray, late_h: float = -1, model: str = "trees") -> Path:
    made = pd.Timestamp(array["origin"].values[0]) + pd.Timedelta(late_h, unit="h")
    return log.keep(array, HOUR, made_at=made, model=model, data_hash="0123")


@pytest.fixture
def log(tmp_path: Path) -> ForecastLog:
    log = ForecastLog(tmp_path)
    for day in range(5, 10):
        keep(log, forecast(day))
    return log


def test_a_forecast_is_kept_as_it_was(log: ForecastLog):
    kept = log.forecasts()
    assert [k.made_at.day for k in kept] == [5, 6, 7, 8, 9]
    assert kept[0].made_at.tzinfo is not None
    assert (kept[0].model, kept[0].data_hash) == ("trees", "0123")
    table = log.read(kept[0])
    assert len(table) == 48
    array = forecast(5)
    b = table[table["series"] == "b"]
    assert np.allclose(b["q90_kw"], array.sel(series="b", quantile=0.9).values[0])
    assert str(table["valid_from_utc"].dt.tz) == "UTC"
    assert b["valid_from_utc"].iloc[3] == pd.Timestamp("2024-01-06T03:00Z")


def test_keeping_twice_is_once_and_nothing_is_overwritten(log: ForecastLog):
    path = keep(log, forecast(5))
    content = path.read_bytes()
    assert len(log.forecasts()) == 5
    with pytest.raises(StoreError, match="never changed"):
        keep(log, forecast(5, spread_kw=9))
    assert path.read_bytes() == content


def test_a_kept_forecast_that_changed_is_not_scored(log: ForecastLog):
    path = log.forecasts()[2].path
    content = path.read_bytes()
    for at in range(0, len(content), len(content) // 40):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(StoreError, match="not what was kept"):
            log.forecasts()
    path.write_bytes(content)
    assert len(log.forecasts()) == 5


def test_a_foreign_file_is_named(log: ForecastLog, tmp_path: Path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.forecast.parquet")
    with pytest.raises(StoreError, match="no kept forecast"):
        log.forecasts()


def test_scores_are_those_of_the_definitions(log: ForecastLog):
    scored = log.score(load())
    row = scored.forecasts.query("series == 'a'").iloc[0]
    truth = load().ds["load_kw"].sel(series="a").values
    array = forecast(5).sel(series="a").values[0]
    seen = truth[5 * 24 : 6 * 24]
    off = seen[:, None] - array
    assert row["pinball_kw"] == pytest.approx(np.maximum(LEVELS * off, (LEVELS - 1) * off).mean())
    assert row["mae_kw"] == pytest.approx(np.abs(off[:, 4]).mean())
    assert row["coverage80"] == pytest.approx(((seen >= array[:, 0]) & (seen <= array[:, 8])).mean())
    at = np.quantile(truth[: 5 * 24], 0.9)
    lifted = np.maximum(seen, at)[:, None] - np.maximum(array, at)
    assert row["peak_pinball_kw"] == pytest.approx(np.maximum(LEVELS * lifted, (LEVELS - 1) * lifted).mean())
    assert (scored.forecasts["scored"] == 24).all()
    assert len(scored.intervals) == 5 * 48
    assert not scored.notes


def test_missing_a_peak_costs_more_in_the_peak_score_than_missing_a_night(tmp_path: Path):
    truth = load()
    truth.ds["load_kw"][{"time": slice(8 * 24 + 14, 8 * 24 + 17)}] += 40
    scores = {}
    for name, raised in {"peak": slice(0, 0), "night": slice(14, 17)}.items():
        log = ForecastLog(tmp_path / name)
        array = forecast(8)
        array[{"step": raised}] += 40
        array[{"step": slice(1, 4)}] -= 40 if name == "night" else 0
        keep(log, array)
        scores[name] = log.score(truth).forecasts[["pinball_kw", "peak_pinball_kw"]].mean()
    assert scores["peak"]["pinball_kw"] == pytest.approx(scores["night"]["pinball_kw"], rel=0.2)
    assert scores["peak"]["peak_pinball_kw"] > 3 * scores["night"]["peak_pinball_kw"]


def test_truth_that_is_late_is_waited_for(log: ForecastLog):
    early = load()
    early = Load(ds=early.ds.isel(time=slice(0, 5 * 24 + 12)), timezone="UTC")
    first = log.score(early).forecasts
    assert first.groupby("made_at_utc", sort=True)[["scored", "waiting"]].sum().values.tolist()[:2] == [
        [24, 24],
        [0, 48],
    ]
    assert first["truth"].tolist() == ["new"] * 2 + ["waiting"] * 8
    second = log.score(load()).forecasts
    assert second["truth"].tolist() == ["more"] * 2 + ["new"] * 8
    assert (log.score(load()).forecasts["truth"] == "as before").all()


def test_corrected_truth_is_scored_again_and_said(log: ForecastLog):
    before = log.score(load()).forecasts
    other = load()
    other.ds["load_kw"][{"time": slice(6 * 24, 6 * 24 + 3), "series": 0}] += 40
    scored = log.score(other)
    after = scored.forecasts
    changed = after["truth"] == "corrected"
    assert after[changed]["series"].tolist() == ["a"]
    assert after[changed]["made_at_utc"].tolist() == [pd.Timestamp("2024-01-06T23:00Z")]
    assert (after.loc[changed, "mae_kw"].values > before.loc[changed, "mae_kw"].values).all()
    assert after[~changed]["mae_kw"].equals(before[~changed]["mae_kw"])
    assert scored.notes == ("The truth of 3 intervals was corrected: 1 scores were made again.",)


def test_truth_seen_once_stays_known(log: ForecastLog):
    before = log.score(load()).forecasts
    short = Load(ds=load().ds.isel(time=slice(8 * 24, None)), timezone="UTC")
    after = log.score(short).forecasts
    assert np.allclose(after["pinball_kw"], before["pinball_kw"])
    assert (after["truth"] == "as before").all()


def test_a_meter_that_stands_still_is_not_scored(log: ForecastLog):
    stuck = load()
    stuck.ds["load_kw"][{"time": slice(5 * 24 + 4, 5 * 24 + 12), "series": 1}] = 77.0
    scored = log.score(stuck)
    row = scored.forecasts.query("series == 'b'").iloc[0]
    assert (row["stuck"], row["scored"]) == (8, 16)
    assert "Meter 'b' stood still" in scored.notes[0]
    assert scored.forecasts.query("series == 'a'")["stuck"].sum() == 0


def test_a_flat_forecast_is_flagged(log: ForecastLog):
    flat = forecast(5)
    flat[:] = flat.mean("step")
    keep(log, flat, model="fall-back")
    scored = log.score(load())
    assert scored.forecasts.query("flat_forecast")["model"].tolist() == ["fall-back"] * 2
    assert any("flat lines" in note for note in scored.notes)


def test_what_was_made_after_the_fact_does_not_count(tmp_path: Path):
    log = ForecastLog(tmp_path)
    keep(log, forecast(6), late_h=10)
    scored = log.score(load())
    assert scored.forecasts[["late", "scored"]].values.tolist() == [[10, 14], [10, 14]]
    assert "had begun" in scored.notes[0]


def test_an_empty_log_has_no_scores(tmp_path: Path):
    scored = ForecastLog(tmp_path).score(load())
    assert isinstance(scored, Scored)
    assert scored.forecasts.empty
    assert scored.intervals.empty


def test_the_hash_is_of_the_data():
    assert data_hash(load()) == data_hash(load())
    assert data_hash(load()) != data_hash(load(seed=1))
    assert data_hash(load()) != data_hash(load(names=("a", "c")))


def test_pinball_of_one_level():
    loss = pinball(np.array([[8.0], [12.0]]), np.array([10.0, 10.0]), np.array([0.9]))
    assert loss.tolist() == pytest.approx([1.8, 0.2])
