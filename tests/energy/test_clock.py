from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import dates
from common.errors import DataError
from energy import clock
from energy.grid import grid_of

ZONES = ("Europe/Amsterdam", "Australia/Melbourne", "America/New_York", "Australia/Adelaide", "UTC")


def to_utc(cells, zone="Europe/Amsterdam", **more):
    times = dates.parse(pa.array(cells))
    return clock.to_utc(times, ZoneInfo(zone), np.arange(2, 2 + len(cells)), **more)


def test_the_repeated_hour_gives_distinct_times():
    utc, found = to_utc([f"2024-10-27 {h}:00" for h in ("00", "01", "02", "02", "03", "04")])
    assert list(np.diff(utc).astype("timedelta64[m]").astype(int)) == [60] * 5
    assert not found


def test_a_repeated_hour_given_once_is_said():
    utc, found = to_utc([f"2024-10-27 {h:02d}:00" for h in range(5)])
    assert utc[2] == np.datetime64("2024-10-27T00:00")
    assert [f.kind for f in found] == ["clock change"]
    assert found[0].row == 4


def test_a_time_that_spring_skips_is_said():
    utc, found = to_utc([f"2024-03-31 {h:02d}:00" for h in range(5)])
    assert list(np.isnat(utc)) == [False, False, True, False, False]
    assert found[0].row == 4
    assert "spring" in found[0].what


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from([5, 10, 15, 30, 60]),
    st.sampled_from(["2024-03-30", "2024-10-26", "2024-04-06", "2024-10-05", "2024-11-02", "2024-03-09"]),
    st.booleans(),
    st.sampled_from(["start", "clock", "added"]),
)
def test_local_times_come_back_as_the_instants_that_they_were(zone, minutes, day, backwards, label):
    step = pd.Timedelta(minutes=minutes)
    truth = pd.date_range(day, periods=int(pd.Timedelta(days=3) / step), freq=step, tz="UTC")
    if label == "start":
        local = truth.tz_convert(zone).tz_localize(None)
    elif label == "clock":  # the end of each interval as the clock on the wall shows it
        local = (truth + step).tz_convert(zone).tz_localize(None)
    else:  # the start's reading plus a step
        local = truth.tz_convert(zone).tz_localize(None) + step
    order = slice(None, None, -1 if backwards else 1)
    utc, _ = to_utc(list(local[order].strftime("%Y-%m-%d %H:%M")), zone, ends=label != "start")
    np.testing.assert_array_equal(utc[order], truth.tz_localize(None).to_numpy().astype("datetime64[ns]"))


def test_meters_below_each_other_keep_their_own_repeated_hour():
    cells = [f"2024-10-27 {h}:00" for h in ("01", "02", "02", "03")] * 2
    utc, _ = to_utc(cells, ids=np.repeat([0, 1], 4))
    np.testing.assert_array_equal(utc[:4], utc[4:])
    assert len(np.unique(utc)) == 4


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "Europe", "../etc/passwd", "a\nb"])
def test_an_unknown_zone_is_refused_in_one_line(name):
    with pytest.raises(DataError) as error:
        clock.zone_of(name)
    assert "\n" not in str(error.value)


def on_grid(times):
    at = np.array(times, dtype="datetime64[ns]")
    return grid_of(at, np.arange(2, 2 + len(at)), "load.csv")


def test_a_grid_has_no_holes_and_counts_them():
    times = pd.date_range("2024-01-01", periods=96, freq="h").delete([10, 11, 40])
    grid, found = on_grid(times)
    assert len(grid.time) == 96
    assert grid.hours == 1
    assert found[0].kind == "gap"
    assert found[0].what == "3 times missing in 2 stretches, the longest of 2 hours"
    assert found[0].row == 12
    assert list(grid.position[8:12]) == [8, 9, 12, 13]


def test_seconds_beside_the_step_are_moved_and_strays_left_out():
    times = pd.date_range("2024-01-01", periods=400, freq="15min").to_series().reset_index(drop=True)
    times[5] += pd.Timedelta(seconds=3)
    times[7] += pd.Timedelta(minutes=7)
    grid, found = on_grid(times)
    assert grid.position[5] == 5
    assert grid.position[7] == -1
    assert [(f.kind, f.row, f.done) for f in found[:2]] == [
        ("time off grid", 7, "moved onto it"),
        ("time off grid", 9, "left out"),
    ]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (pd.date_range("2024-01-01", periods=40, freq="D"), "the readings are 1 day apart"),
        (pd.date_range("2024-01-01", periods=9000, freq="min"), "the readings are 1 minute apart"),
        (["2024-01-01"], "only one time"),
        (["NaT", "NaT"], "no row has a time"),
        ([*pd.date_range("2024-01-01", periods=99, freq="h"), "2042-01-01"], "row 101: nothing lies between"),
        ([*pd.date_range("2024-01-01", periods=99, freq="h"), "1924-01-01"], "row 101: the time 1924-01-01"),
        (
            [
                *pd.date_range("2024-01-01", periods=99, freq="h"),
                *pd.date_range("2024-01-05 03:15", periods=999, freq="15min"),
            ],
            "row 2: from here on the readings are 1 hour apart, elsewhere 15 minutes",
        ),
    ],
)
def test_times_that_make_no_grid_are_refused(times, words):
    with pytest.raises(DataError) as error:
        on_grid(times)
    assert words in str(error.value)
