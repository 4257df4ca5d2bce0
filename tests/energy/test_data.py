from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from files import DAYS4, VALUES, finding, kinds, local, text
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import DataError, IntakeError, PilotError
from energy.data import read_load


def dutch(days=70):
    at = pd.date_range("2024-02-01", periods=days * 96, freq="15min", tz="Europe/Amsterdam")
    kw = 480 + np.arange(len(at)) % 96 + 0.5
    rows = [f"{t:%d-%m-%Y %H:%M};{v:.1f};{v / 50:.1f}".replace(".", ",") for t, v in zip(at, kw, strict=True)]
    return "\r\n".join(["Datum;Verbruik (kW);Temperatuur (°C)", *rows]).encode("cp1252"), kw


def test_a_dutch_export(read):
    content, kw = dutch()
    load = read(content)
    assert load.ds.sizes == {"time": 6720, "series": 1}
    assert load.series == ["Verbruik"]
    assert load.weather == ["temperature_c"]
    assert load.ds.time.values[0] == np.datetime64("2024-01-31T23:00")
    assert load.ds.time.attrs["timezone"] == "UTC"
    assert load.ds["load_kw"].dims == ("time", "series")
    np.testing.assert_allclose(load.ds["load_kw"].values[:, 0], kw)
    assert kinds(load) == []
    assert "cp1252" in finding(load, "format").what
    assert (load.timezone, load.country) == ("Europe/Amsterdam", "NL")


@pytest.mark.parametrize(
    ("start", "hours"), [("2024-10-26", 72), ("2024-03-30", 72), ("2024-10-27 00:00", 49)]
)
def test_days_of_23_and_25_hours_are_whole(read, start, hours):
    load = read(text(local(start, hours), VALUES[:hours], header="time,load_kw"))
    assert load.ds.sizes["time"] == hours
    np.testing.assert_array_equal(load.ds["load_kw"].values[:, 0], VALUES[:hours])
    assert kinds(load) == []


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S%z", "%d-%m-%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y%m%d%H%M"])
@pytest.mark.parametrize("label", ["start", "end"])
def test_times_in_any_form_and_label(read, form, label):
    begin = "2024-10-20 00:00" if label == "start" else "2024-10-20 01:00"
    load = read(text(local(begin, 96, form=form), VALUES, header="time,load_kw"), label=label)
    assert load.ds.time.values[0] == np.datetime64("2024-10-19T22:00")


def test_unsorted_and_repeated_rows(read):
    rows, values = [*DAYS4[::-1], DAYS4[3], DAYS4[4]], [*VALUES[::-1], VALUES[3], 999]
    load = read(text(rows, values, header="time,load_kw"))
    assert load.ds.sizes["time"] == 96
    assert load.ds["load_kw"].values[3, 0] == VALUES[3]
    assert load.ds["load_kw"].values[4, 0] == (VALUES[4] + 999) / 2
    same, other = load.report.of("duplicate")
    assert (same.row, same.count, same.done) == (98, 1, "kept once")
    assert (other.row, other.count, other.done) == (99, 1, "replaced by their mean")


def test_gaps_and_empty_cells_are_missing_and_counted(read):
    values = [*VALUES]
    values[2], values[3], values[4] = "-", "n/a", ""
    load = read(text(DAYS4[:40] + DAYS4[50:], values[:40] + values[50:], header="time,load_kw"))
    assert load.ds.sizes["time"] == 96
    assert int(load.ds["load_kw"].isnull().sum()) == 13
    assert (finding(load, "gap").row, finding(load, "gap").count) == (42, 10)
    assert (finding(load, "missing value").row, finding(load, "missing value").count) == (4, 3)


def test_odd_values_are_flagged_and_impossible_ones_taken_out(read):
    values = [float(v) for v in VALUES]
    values[5], values[7], values[9], values[30:60] = 1e12, -30, 900, [110.0] * 30
    load = read(text(DAYS4, values, header="time,load_kw"))
    kw = load.ds["load_kw"].values[:, 0]
    assert np.isnan(kw[5])
    assert (kw[7], kw[9], kw[40]) == (-30, 900, 110)
    assert finding(load, "impossible value").row == 7
    assert finding(load, "flat line").count == 30
    assert finding(load, "flat line").row == 32
    values[5] = -999
    values[7] = 100
    assert finding(read(text(DAYS4, values, header="time,load_kw")), "no value").row == 7


def test_many_meters_beside_each_other(read):
    rng = np.random.default_rng(1)
    values = rng.gamma(5, 100, (96, 30)).round(2)
    frame = pd.DataFrame(
        values, index=pd.Index(DAYS4, name="time"), columns=[f"{1000 + i}" for i in range(30)]
    )
    load = read(frame.to_csv(sep=";", decimal=","))
    assert load.series == list(frame.columns)
    np.testing.assert_allclose(load.ds["load_kw"].values, values)
    assert kinds(load) == ["guessed column", "unit"]


def test_many_meters_below_each_other_with_paths(tmp_path, read):
    rng = np.random.default_rng(1)
    values = rng.gamma(5, 100, (72, 3))
    times = local("2024-10-26", 72)
    frame = pd.DataFrame(
        {
            "ean": np.repeat(["871", "870", "0872"], 72),
            "tijd": np.tile(times, 3),
            "kW": values.T.ravel(),
            "pad": np.repeat(["N/s1/f1/a", "N/s1/f2/b", "N / s2 / f3 / c"], 72),
            "temp": np.tile(np.arange(72) / 4, 3),
        }
    )
    frame.to_parquet(tmp_path / "long.parquet")
    load = read_load(tmp_path / "long.parquet")
    assert load.series == ["871", "870", "0872"]
    np.testing.assert_allclose(load.ds["load_kw"].values, values)
    assert load.paths == {"871": "N/s1/f1/a", "870": "N/s1/f2/b", "0872": "N/s2/f3/c"}
    np.testing.assert_allclose(load.ds["temperature_c"].values, np.arange(72) / 4)
    again = read(frame.to_csv(index=False), id_column="ean", path_column="pad")
    np.testing.assert_allclose(again.ds["load_kw"].values, values)
    assert again.series == load.series
    assert kinds(load) == kinds(again) == []
    frame.loc[5, "pad"] = "elsewhere"
    with pytest.raises(DataError, match="row 7, column 'pad': one meter stands at two places"):
        read(frame.to_csv(index=False))


def test_parquet_with_times(tmp_path):
    at = pd.date_range("2024-01-01", periods=96, freq="h", tz="Europe/Amsterdam")
    pd.DataFrame({"load_kw": VALUES}, index=pd.Index(at, name="time")).to_parquet(tmp_path / "a.parquet")
    load = read_load(tmp_path / "a.parquet")
    assert load.ds.time.values[0] == np.datetime64("2023-12-31T23:00")
    pd.DataFrame({"time": at.tz_localize(None), "load_kw": VALUES}).to_parquet(tmp_path / "a.parquet")
    assert read_load(tmp_path / "a.parquet").ds.time.values[0] == np.datetime64("2023-12-31T23:00")


def test_vintages_are_read_beside_the_load(tmp_path, read):
    path = tmp_path / "vintages.csv"
    path.write_text(
        "issued_at,valid_at,temp (°F),windsnelheid\n"
        "2024-01-02T00:00Z,2024-01-02T12:00Z,50,3\n2024-01-01T00:00Z,2024-01-02T12:00Z,41,3\n"
        "2024-01-03T00:00Z,2024-01-02T12:00Z,41,3\n"
    )
    content = text(DAYS4, VALUES, VALUES, header="time,load_kw,temperatuur")
    load = read(content, vintages=path)
    assert list(load.vintages.columns) == ["issued_at", "valid_at", "temperature_c"]
    assert list(load.vintages["temperature_c"]) == pytest.approx([5, 10])
    assert load.vintages["issued_at"].dtype == "datetime64[ns]"
    assert finding(load, "vintage").row == 4
    path.write_text("issued_at,temp\n2024-01-02T00:00Z,50\n")
    with pytest.raises(DataError, match=r"vintages.csv: there is no column 'valid_at'"):
        read(content, vintages=path)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("name;colour\nAnna;red\nBert;blue\n", {}, "load.csv: there is no column of time"),
        (text(DAYS4, ["x"] * 96, header="time,naam"), {}, "load.csv: there is no column of load"),
        (text(DAYS4, VALUES, header="time,kW"), {"timezone": "Mars/X"}, "'Mars/X' is no time zone"),
        (text(DAYS4, VALUES, header="time,kW"), {"unit": "kg"}, "'kg' is no unit"),
        (text(DAYS4, VALUES, header="time,kW"), {"label": "middle"}, "choose start or end"),
        (text(DAYS4, VALUES, header="time,kW"), {"country": "<b>"}, "no code of a country"),
        (
            text(DAYS4, VALUES, header="time,kW"),
            {"load_columns": ["MW"]},
            "no column 'MW'; choose among 'time', 'kW'",
        ),
        (text(DAYS4, VALUES, header="time,kW"), {"time_column": "tijd"}, "no column 'tijd'"),
        (text(DAYS4, [*VALUES[:-1], "kapot"], header="time,kW"), {}, "row 97, column 'kW': 'kapot' is no"),
        (
            text([*DAYS4[:-1], "morgen"], VALUES, header="time,kW"),
            {},
            "row 97, column 'time': 'morgen' is no time",
        ),
        (text(DAYS4 * 3, VALUES * 3, header="time,kW"), {}, "most times occur 3 times; name the column"),
        (text(DAYS4, [""] * 96, header="time,kW"), {}, "the column 'kW' holds no number"),
        (
            text(DAYS4, VALUES, [""] * 96, header="time,kW,temp"),
            {"weather_columns": ["temp"]},
            "column 'temp' is empty",
        ),
        (text(DAYS4, [10**6 + 3 * i for i in range(96)], header="time,stand kWh"), {}, "only rises"),
        (text(DAYS4, ["1.234"] * 96, header="time;kW", separator=";"), {}, "can be read in two ways"),
        (
            text(["31-12-2024 00:00", "12-31-2024 01:00"], [1, 2], header="time,kW"),
            {},
            "the day comes first in some",
        ),
    ],
)
def test_what_makes_no_sense_is_one_sentence(read, content, options, words):
    with pytest.raises(DataError) as error:
        read(content, **options)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "/tmp" not in str(error.value)


def test_an_empty_column_that_was_only_guessed_to_be_weather_is_left_out(read):
    load = read(text(DAYS4, VALUES, [""] * 96, header="time,load_kw,temp"))
    assert load.weather == []
    assert finding(load, "empty column").field == "temp"


def test_a_missing_file_is_an_intake_error(tmp_path):
    with pytest.raises(IntakeError, match=r"none.csv: there is no such file"):
        read_load(tmp_path / "none.csv")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_in_any_dialect_gives_the_same_load(tmp_path_factory, data):
    minutes = data.draw(st.sampled_from([5, 10, 15, 30, 60]))
    zone = data.draw(st.sampled_from(["Europe/Amsterdam", "Australia/Melbourne", "UTC"]))
    step = pd.Timedelta(minutes=minutes)
    day = data.draw(st.sampled_from(["2024-03-29", "2024-10-25", "2024-06-14", "2024-04-05", "2024-10-04"]))
    at = pd.date_range(day, periods=int(pd.Timedelta(days=4) / step), freq=step, tz="UTC")
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    kw, warm = rng.normal(300, 200, len(at)).round(3), rng.normal(10, 5, len(at)).round(1)
    separator, decimal = data.draw(st.sampled_from([(";", ","), (";", "."), (",", "."), ("\t", ",")]))
    form = data.draw(
        st.sampled_from(["%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"])
    )
    unit, factor = data.draw(st.sampled_from([("kW", 1.0), ("MW", 1000.0), ("kWh", 60 / minutes)]))
    frame = pd.DataFrame({"tijd": at.tz_convert(zone).strftime(form), f"Last ({unit})": kw, "temp": warm})
    path = tmp_path_factory.getbasetemp() / "any.csv"
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    frame.to_csv(path, sep=separator, decimal=decimal, encoding=encoding, index=False)
    load = read_load(path, timezone=zone)
    np.testing.assert_array_equal(load.ds.time.values, at.tz_localize(None).to_numpy())
    np.testing.assert_allclose(load.ds["load_kw"].values[:, 0], kw * factor)
    np.testing.assert_allclose(load.ds["temperature_c"].values, warm)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_raises_the_projects_own_errors_or_is_read(tmp_path_factory, data):
    content = bytearray(dutch(3)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=10))
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_bytes(content)
    said = ""
    try:
        read_load(path)
    except PilotError as error:
        said = str(error)
    assert "\n" not in said


def test_the_doorway_imports_nothing_heavy():
    heavy = "{'pandas', 'xarray', 'pyarrow'}"
    code = f"import sys, energy, energy.pilot, energy.data; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_real_files_of_the_benchmarks_are_read(benchmark_data, tmp_path):
    whole = pd.read_csv(benchmark_data / "energy" / "vic_elec.csv.gz").head(48 * 60)
    load_file = tmp_path / "vic.csv"
    whole.to_csv(load_file, index=False)
    load = read_load(load_file, timezone="UTC", country="AU-VIC", unit="MW")
    assert load.series == ["Demand"]
    assert load.weather == ["temperature_c"]
    np.testing.assert_allclose(load.ds["load_kw"].values[:, 0], whole["Demand"] * 1000)
    gefcom = pd.read_csv(benchmark_data / "energy" / "gefcom2014_load.csv.gz").dropna().tail(24 * 60)
    gefcom.to_csv(load_file, index=False)
    load = read_load(load_file, timezone="UTC", weather_columns=[f"w{i}" for i in range(1, 26)])
    assert load.series == ["LOAD"]
    assert len(load.weather) == 25


def test_a_column_that_counts_rows_is_no_meter(read):
    load = read(text(range(96), DAYS4, VALUES, header="id,time,load_kw"))
    assert load.series == ["load"]
    assert load.ds.sizes["series"] == 1
