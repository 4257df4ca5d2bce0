from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import DataError
from energy.flexible import Flexible, best_start, plan, room_kw

FIRST = pd.Timestamp("2024-03-30T12:00Z")
"""The day before Europe's clocks go forward."""


def prices(values: list[float], freq: str = "h") -> pd.Series:
    return pd.Series(values, index=pd.date_range(FIRST, periods=len(values), freq=freq))


def need(energy_kwh: float, max_kw: float, hours: float, **more: float | bool) -> Flexible:
    return Flexible(energy_kwh, max_kw, FIRST, FIRST + pd.Timedelta(hours, unit="h"), **more)  # type: ignore[arg-type]


small_prices = st.lists(st.integers(-20, 60).map(lambda p: p / 100), min_size=3, max_size=10)


def energy_kwh(schedule: pd.DataFrame, column: str = "power_kw") -> np.ndarray:
    hours = (schedule["valid_until_utc"] - schedule["valid_from_utc"]) / pd.Timedelta("1h")
    return (schedule[column] * hours).to_numpy()


def test_the_cheapest_hours_are_taken():
    done = plan(need(15, 10, 5), prices([0.30, 0.10, 0.20, 0.05, 0.40]), "Europe/Amsterdam")
    assert done.schedule["power_kw"].round(6).tolist() == [0, 5, 0, 10, 0]
    assert done.cost == pytest.approx(1.0)
    assert done.baseline_cost == pytest.approx(10 * 0.3 + 5 * 0.1)
    assert done.saving == pytest.approx(2.5)
    assert done.baseline == "start at once"
    assert done.chance_of_saving is None


def test_equal_prices_mean_at_once():
    done = plan(need(15, 10, 5), prices([0.2] * 5), "UTC")
    assert done.schedule["power_kw"].round(6).tolist() == [10, 5, 0, 0, 0]
    assert best_start(pd.Timedelta("2h"), prices([0.2] * 5), FIRST, FIRST + pd.Timedelta("5h")).start == FIRST


def test_local_times_pass_the_clock_change():
    schedule = plan(need(5, 1, 20), prices([0.1] * 20), "Europe/Amsterdam").schedule
    assert str(schedule["valid_from_utc"].dt.tz) == "UTC"
    local_hours = schedule["valid_from_local"].dt.hour.tolist()
    assert 2 not in local_hours
    assert len(set(schedule["valid_from_local"])) == 20


def test_local_and_utc_inputs_mean_the_same():
    values = list(np.linspace(0.4, 0.1, 20))
    series = prices(values)
    local = series.tz_convert("Europe/Amsterdam")
    plain = series.tz_localize(None)
    begin, end = FIRST + pd.Timedelta("90min"), FIRST + pd.Timedelta("19h")
    plans = [
        plan(Flexible(7, 2, begin, end), series, "UTC"),
        plan(Flexible(7, 2, begin.tz_convert("Asia/Tokyo"), end), local, "UTC"),
        plan(Flexible(7, 2, str(begin.tz_localize(None)), end), plain, "UTC"),
    ]
    for other in plans[1:]:
        pd.testing.assert_frame_equal(plans[0].schedule, other.schedule)


def test_the_connection_limits_it():
    room = prices([10, 2, 10, 10, 10])
    done = plan(need(15, 10, 5), prices([0.30, 0.10, 0.20, 0.05, 0.40]), "UTC", room=room)
    assert done.schedule["power_kw"].round(6).tolist() == [0, 2, 3, 10, 0]


def test_room_on_a_finer_grid_splits_the_hours():
    room = prices([0, 4, 4, 4], freq="30min")
    done = plan(need(3, 4, 2), prices([0.1, 0.2]), "UTC", room=room)
    assert done.schedule["power_kw"].round(6).tolist() == [0, 4, 2, 0]


def test_room_is_what_a_quantile_leaves():
    levels = [0.1, 0.5, 0.9]
    forecast = xr.DataArray(
        np.array([[[[10.0, 20, 30]]], [[[40, 50, 60]]]]).reshape(1, 2, 1, 3),
        dims=("origin", "step", "series", "quantile"),
        coords={
            "origin": [FIRST.tz_localize(None).to_datetime64()],
            "step": [0, 1],
            "series": ["a"],
            "quantile": levels,
        },
    )
    room = room_kw(forecast, np.timedelta64(1, "h"), 55, 0.9)
    assert room.tolist() == [25, 0]
    assert room.index[1] == FIRST + pd.Timedelta("1h")
    assert room_kw(forecast, np.timedelta64(1, "h"), 55, 0.7).tolist() == [30, 0]
    with pytest.raises(DataError, match="10% to 90%"):
        room_kw(forecast, np.timedelta64(1, "h"), 55, 0.95)


def test_how_sure_the_saving_is():
    series = prices([0.30, 0.10])
    scenarios = pd.DataFrame({shift: prices([0.30, 0.10 + shift]) for shift in (-0.1, 0.0, 0.1, 0.3)})
    done = plan(need(1, 1, 2), series, "UTC", scenarios=scenarios)
    assert done.saving == pytest.approx(0.2)
    assert done.chance_of_saving == 0.75
    assert done.saving_p10 == pytest.approx(np.quantile([0.3, 0.2, 0.1, -0.1], 0.1))
    assert done.saving_p90 > done.saving_p50 > done.saving_p10


def test_what_does_not_fit_is_said():
    with pytest.raises(DataError, match=r"needs 4\.0 h and has 3\.0 h"):
        plan(need(40, 10, 3), prices([0.1] * 3), "UTC")
    with pytest.raises(DataError, match=r"leaves 6\.0 kWh .* 20\.0 kWh are needed"):
        plan(need(20, 10, 3), prices([0.1] * 3), "UTC", room=prices([2.0] * 3))
    with pytest.raises(DataError, match=r"10 kW left for 2\.0 h on end"):
        plan(need(20, 10, 3, contiguous=True), prices([0.1] * 3), "UTC", room=prices([10, 5, 10.0]))
    with pytest.raises(DataError, match="known from"):
        plan(need(1, 10, 5), prices([0.1] * 3), "UTC")
    with pytest.raises(DataError, match="gaps"):
        plan(need(1, 10, 3), prices([0.1, np.nan, 0.1]), "UTC")
    with pytest.raises(DataError, match="not regular"):
        plan(need(1, 10, 2), prices([0.1] * 4).iloc[[0, 1, 3]], "UTC")
    with pytest.raises(DataError, match="least run"):
        need(1, 10, 3, min_run_h=1)
    with pytest.raises(DataError, match="above zero"):
        need(-1, 10, 3)


@settings(max_examples=60, deadline=None)
@given(small_prices, st.data())
def test_interruptible_optimum_is_that_of_brute_force(values: list[float], data: st.DataObject):
    n_hours = data.draw(st.integers(1, len(values)))
    done = plan(need(2.0 * n_hours, 2.0, len(values)), prices(values), "UTC")
    best = min(2 * sum(values[i] for i in chosen) for chosen in combinations(range(len(values)), n_hours))
    assert done.cost == pytest.approx(best, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(small_prices, st.data())
def test_on_or_off_with_a_least_run_is_that_of_brute_force(values: list[float], data: st.DataObject):
    n, least = len(values), data.draw(st.integers(1, 3))
    n_hours = data.draw(st.integers(least, n))

    def runs(on: tuple[int, ...]) -> list[int]:
        return [len(run) for run in "".join(map(str, on)).split("0") if run]

    costs = [
        3 * float(np.dot(on, values))
        for on in product((0, 1), repeat=n)
        if sum(on) == n_hours and min(runs(on)) >= least
    ]
    done = plan(need(3.0 * n_hours, 3.0, n, min_kw=3.0, min_run_h=least), prices(values), "UTC")
    assert done.cost == pytest.approx(min(costs), abs=1e-5)
    assert done.proven


@settings(max_examples=60, deadline=None)
@given(small_prices, st.floats(0.1, 0.99), st.integers(0, 59))
def test_one_go_is_that_of_trying_every_minute(values: list[float], share: float, minute: int):
    total = len(values) * 60 - minute
    minutes = max(1, int(total * share))
    series = prices(values)
    begin = FIRST + pd.Timedelta(minute, unit="min")
    end = FIRST + pd.Timedelta(len(values), unit="h")
    by_minute = np.repeat(values, 60)[minute:]
    means = np.convolve(by_minute, np.ones(minutes) / minutes, mode="valid")
    found = best_start(pd.Timedelta(minutes, unit="min"), series, begin, end)
    assert found.price == pytest.approx(means.min(), abs=1e-6)
    assert found.price_at_once == pytest.approx(means[0], abs=1e-9)
    assert begin <= found.start <= end - pd.Timedelta(minutes, unit="min")
    load = Flexible(2 * minutes / 60, 2.0, begin, end, contiguous=True)
    assert plan(load, series, "UTC").cost == pytest.approx(found.price * 2 * minutes / 60, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(-0.2, 0.6), min_size=4, max_size=24),
    st.lists(st.floats(0, 12), min_size=24, max_size=24),
    st.floats(0.5, 40),
    st.sampled_from(
        [(0.0, 0.0, False), (0.0, 0.0, True), (2.0, 0.0, False), (5.0, 0.0, False), (2.0, 2.0, False)]
    ),
    st.integers(0, 100),
)
def test_no_limit_is_ever_broken_and_it_never_costs_more(
    values: list[float], room: list[float], energy: float, kind: tuple[float, float, bool], late_min: int
):
    least_kw, run_h, contiguous = kind
    begin = FIRST + pd.Timedelta(late_min, unit="min")
    end = FIRST + pd.Timedelta(len(values), unit="h")
    load = Flexible(energy, 5.0, begin, end, least_kw, contiguous, run_h)
    try:
        done = plan(load, prices(values), "UTC", room=prices(room[: len(values)]))
    except DataError:
        return
    schedule = done.schedule
    for column in ("power_kw", "baseline_kw"):
        power = schedule[column].to_numpy()
        assert (power >= -1e-9).all()
        assert (power <= np.minimum(schedule["room_kw"], 5.0) + 1e-6).all()
        # On or off may go past the energy by less than one interval at its least power.
        assert energy - 1e-6 <= energy_kwh(schedule, column).sum() <= energy + least_kw + 1e-6
        if not contiguous:
            assert ((power < 1e-6) | (power >= least_kw - 1e-6)).all()
    assert schedule["valid_from_utc"].min() >= begin
    assert schedule["valid_until_utc"].max() <= end
    assert done.saving >= -1e-9
    if run_h:
        hours = (schedule["valid_until_utc"] - schedule["valid_from_utc"]) / pd.Timedelta("1h")
        on = schedule["power_kw"] > 1e-6
        lengths = hours.where(on, 0).groupby((~on).cumsum()).sum()
        assert (lengths[lengths > 0] >= run_h - 1e-6).all()
    if contiguous:
        on = schedule["power_kw"].to_numpy() > 1e-6
        assert np.flatnonzero(np.diff(np.flatnonzero(on)) > 1).size == 0
