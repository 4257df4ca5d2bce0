"""The rolling backtest: its origins fit the history, and no origin sees its own truth or a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr
from synthetic import make_load

from energy import backtest
from energy.arrays import truth_of
from energy.data import Load
from energy.model import Choice
from energy.naive import SeasonalNaive

LEVELS = np.arange(1, 10) / 10


@dataclass
class Fixed:
    """Says what it is told to, always."""

    name: str
    centre_kw: float
    half_kw: float = 40.0
    weather: str = "none"

    def fit(self, load: Load, until: np.datetime64) -> None:
        self.until = until

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        line = self.centre_kw + (LEVELS - 0.5) * 2 * self.half_kw
        coords = {"origin": origins, "step": np.arange(horizon), "series": load.series, "quantile": LEVELS}
        shape = (len(origins), horizon, len(load.series), 9)
        return xr.DataArray(np.broadcast_to(line, shape).copy(), dims=tuple(coords), coords=coords)


def chosen(*members, calibrated: bool = False, **more) -> Choice:
    return Choice("test", list(members), "none", calibrated, "for a test", **more)


@pytest.mark.parametrize(
    ("days", "scored", "warm_up"),
    [(400, 28, 60), (84, 16, 17), (40, 6, 6), (32, 0, 0), (12, 0, 0)],
)
def test_origins_leave_enough_history_to_learn_from(days, scored, warm_up):
    load = make_load(days)
    found = backtest.plan(load, 28, 24, chosen(Fixed("a", 1)))
    assert (found.scored, found.warm_up) == (scored, warm_up)
    if scored:
        end = backtest.end_of(load)
        assert found.times[-1] == end - 24 * load.step
        assert set(np.diff(found.times)) == {24 * load.step}
        learned = (found.times[0] - load.ds["time"].values[0]) / (24 * load.step)
        assert learned >= max(28, 0.55 * days)


def test_a_long_horizon_has_an_origin_a_week_and_whole_truth():
    load = make_load(400)
    found = backtest.plan(load, 28, 24 * 20, chosen(Fixed("a", 1), calibrated=True))
    assert set(np.diff(found.times)) == {7 * 24 * load.step}
    truth = truth_of(load, found.times, 24 * 20)
    assert np.isfinite(truth.values).all()


def test_a_trained_model_is_tested_on_what_came_after_alone():
    load = make_load(84)
    until = load.ds["time"].values[24 * 70]
    member = Fixed("a", 500)
    choice = chosen(member, trained_until=until)
    found = backtest.plan(load, 28, 24, choice)
    assert found.times[0] >= until
    backtest.run(load, choice, found, 24)
    assert not hasattr(member, "until")  # it was not trained again


def test_the_end_is_after_the_last_known_value():
    load = make_load(30)
    load.ds["load_kw"].values[-10:] = np.nan
    assert backtest.end_of(load) == load.ds["time"].values[-10]


def test_nothing_later_reaches_an_origin():
    load = make_load(84)
    members = [SeasonalNaive("week"), SeasonalNaive("day")]
    choice = chosen(*members)
    origins = backtest.plan(load, 28, 24, choice)
    before = backtest.run(load, choice, origins, 24)
    at = origins.times[-6]
    load.ds["load_kw"].values[load.ds["time"].values >= at] *= 3
    after = backtest.run(load, choice, origins, 24)
    upto = slice(None, -5)
    assert np.allclose(before.forecast.isel(origin=upto), after.forecast.isel(origin=upto))
    assert not np.allclose(before.forecast.isel(origin=-1), after.forecast.isel(origin=-1))


class Overconfident(SeasonalNaive):
    """The naive with a third of its spread, and always 15 kW too high."""

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        wide = super().predict(load, origins, horizon)
        middle = wide.sel(quantile=0.5)
        return (middle + (wide - middle) / 3 + 15).transpose(*wide.dims)


def test_calibration_mends_a_biased_and_overconfident_forecast():
    load = make_load(200)
    choice = chosen(Overconfident("week"))
    past = backtest.run(load, choice, backtest.plan(load, 28, 24, choice), 24)
    forecast, truth = past.scored()
    since = slice(past.origins.warm_up, None)

    def held(quantiles: xr.DataArray) -> float:
        inside = (truth >= quantiles.isel(quantile=0)) & (truth <= quantiles.isel(quantile=-1))
        return float(inside.mean())

    assert held(past.raw.isel(origin=since)) < 0.45
    assert held(forecast) > 0.7
    assert (np.diff(past.forecast.values, axis=-1) >= 0).all()


def test_the_better_member_gets_the_weight():
    load = make_load(120)
    middle = float(load.ds["load_kw"].mean())
    choice = chosen(Fixed("good", middle), Fixed("bad", 3 * middle))
    past = backtest.run(load, choice, backtest.plan(load, 28, 24, choice), 24)
    good, bad = backtest.best_weights(list(past.members.values()), past.truth.values)
    assert good > 0.9
    assert good + bad == pytest.approx(1)
    first = past.raw.isel(origin=0).sel(quantile=0.5)
    assert np.allclose(first, 2 * middle)  # nothing was known yet: even weights


def test_three_members_are_weighed_by_their_loss():
    load = make_load(60)
    truth = truth_of(load, load.ds["time"].values[24 * 30 : 24 * 58 : 24], 24)
    middle = float(load.ds["load_kw"].mean())
    past = [Fixed(str(f), f * middle).predict(load, truth["origin"].values, 24) for f in (1, 2, 3)]
    weights = backtest.best_weights(past, truth.values)
    assert weights.sum() == pytest.approx(1)
    assert list(weights) == sorted(weights, reverse=True)
