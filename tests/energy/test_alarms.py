from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

from common.errors import PilotError
from energy.alarms import (
    Costs,
    alarm_events,
    alarm_table,
    alarm_tables,
    any_exceedance,
    day_table,
    dependence,
    score_alarms,
)
from energy.predictive import pit

LEVELS = np.arange(1, 10) / 10
OFFSETS = norm.ppf(LEVELS)


def table(medians_kw, spread_kw=50.0, start="2024-10-26 22:00", freq="h", series="feeder 7") -> pd.DataFrame:
    at = pd.date_range(start, periods=len(medians_kw), freq=freq, tz="UTC")
    quantiles = np.asarray(medians_kw)[:, None] + spread_kw * OFFSETS
    columns = {f"q{10 * i}_kw": quantiles[:, i - 1] for i in range(1, 10)}
    return pd.DataFrame(
        {"series": series, "valid_from_utc": at, "valid_from_local": at.tz_convert("Europe/Amsterdam")}
        | columns
    )


def test_threshold_follows_from_the_costs():
    assert Costs(missed_eur=10, false_eur=1).threshold == pytest.approx(1 / 11)
    assert Costs(missed_eur=10, false_eur=0, acting_eur=5).threshold == 0.5
    assert Costs(missed_eur=1, false_eur=1, acting_eur=3).threshold > 1


@pytest.mark.parametrize("costs", [(-1, 1, 0), (float("nan"), 1, 0), (0, 0, 1)])
def test_costs_that_make_no_sense_are_refused(costs):
    with pytest.raises(PilotError, match="costs of alarms"):
        Costs(*costs)


def test_alarm_where_the_chance_is_over_the_threshold():
    alarms = alarm_table(table([500, 800, 1000, 1100]), 1000.0, Costs(10, 1))
    assert alarms["alarm"].tolist() == [False, False, True, True]
    assert alarms["probability"].tolist() == pytest.approx([0.0, 0.0, 0.5, 0.97], abs=0.03)
    assert alarms["expected_excess_kw"].is_monotonic_increasing
    assert set(alarms["threshold"]) == {1 / 11}


def test_each_series_has_its_own_limit_and_a_missing_one_is_named():
    both = pd.concat([table([500.0] * 3, series="a"), table([500.0] * 3, series="b")])
    alarms = alarm_table(both, {"a": 900.0, "b": 400.0})
    assert alarms.groupby("series")["alarm"].all().to_dict() == {"a": False, "b": True}
    with pytest.raises(PilotError, match="no limit for 'b'"):
        alarm_table(both, {"a": 900.0})
    with pytest.raises(PilotError, match="no number"):
        alarm_table(both, float("nan"))


def test_neighbouring_alarms_are_one_event_across_the_clock_change():
    alarms = alarm_table(table([500, 1100, 1200, 1150, 500, 500, 1100, 500]), 1000.0)
    events = alarm_events(alarms)
    assert len(events) == 2
    first = events.iloc[0]
    assert str(first["from_local"]) == "2024-10-27 01:00:00+02:00"
    assert str(first["to_local"]) == "2024-10-27 03:00:00+01:00"  # three hours later: 02:00 comes twice
    assert first["peak_probability"] == alarms["probability"].max()
    assert first["expected_excess_kwh"] == pytest.approx(alarms["expected_excess_kw"].iloc[1:4].sum())
    assert first["expected_excess_kw"] < first["expected_excess_kwh"]


def test_energy_of_an_event_counts_half_hours_as_half():
    hourly = alarm_events(alarm_table(table([1100] * 4), 1000.0))
    halves = alarm_events(alarm_table(table([1100] * 4, freq="30min"), 1000.0))
    assert halves["expected_excess_kwh"].iloc[0] == pytest.approx(hourly["expected_excess_kwh"].iloc[0] / 2)


def test_no_alarm_no_event():
    events = alarm_events(alarm_table(table([500] * 4), 1000.0))
    assert events.empty
    assert "peak_probability" in events


def errors(rho: float, origins: int, steps: int = 24, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((origins, steps))
    out = noise.copy()
    for k in range(1, steps):
        out[:, k] = rho * out[:, k - 1] + np.sqrt(1 - rho**2) * noise[:, k]
    return out


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_chance_of_a_day_is_what_errors_that_go_together_really_give(rho):
    past, future = errors(rho, 60), errors(rho, 40_000, seed=2)
    quantiles = np.broadcast_to(OFFSETS, (*past.shape, 9))
    chance = np.full(24, norm.sf(1.5))
    found = any_exceedance(chance, dependence(pit(quantiles, LEVELS, past)))
    assert found == pytest.approx((future > 1.5).any(axis=1).mean(), abs=0.04)


def test_chance_of_a_day_lies_within_the_bounds_and_days_are_local():
    alarms = alarm_table(table([900.0] * 30), 1000.0)
    days = day_table(alarms, {"feeder 7": 0.9 ** np.arange(30)})
    assert days["day_local"].tolist() == ["2024-10-27", "2024-10-28"]
    assert days["intervals"].tolist() == [25, 5]
    assert (days["at_least"] < days["probability"]).all()
    assert (days["probability"] < days["at_most"]).all()
    assert day_table(alarms)["probability"].isna().all()


def test_too_short_a_history_is_refused():
    with pytest.raises(PilotError, match="too few"):
        dependence(np.full((5, 24), 0.5))


def test_calibrated_alarms_cost_less_than_every_simpler_rule():
    random = np.random.default_rng(3)
    medians = random.uniform(700, 1050, 5000)
    truth = medians + 50 * random.standard_normal(5000)
    scores = score_alarms(medians[:, None] + 50 * OFFSETS, LEVELS, truth, 1000.0, Costs(10, 1))
    scores = scores.set_index("rule")
    assert scores["cost_eur"].idxmin() == "threshold from costs"
    own, half = scores.loc["threshold from costs"], scores.loc["threshold 0.5"]
    assert own["recall"] > half["recall"]
    assert own["precision"] < half["precision"]
    assert scores.loc["never alarm", "cost_eur"] == 10 * own["exceeded"]
    assert scores.loc["always alarm", "cost_eur"] == 5000 - own["exceeded"]
    assert scores.loc["always alarm", "recall"] == 1
    assert np.isnan(scores.loc["never alarm", "precision"])


def test_unknown_truth_is_not_scored():
    quantiles = np.full((3, 1), 900.0) + 50 * OFFSETS
    assert set(score_alarms(quantiles, LEVELS, [800, np.nan, 1100], 1000.0)["intervals"]) == {2}


def test_all_tables_come_from_a_forecast_and_its_backtest():
    errors_kw = 50 * errors(0.8, 40)
    medians = np.broadcast_to(np.linspace(800, 1000, 24), errors_kw.shape)
    past = xr.DataArray(
        (medians[..., None] + 50 * OFFSETS)[:, :, None, :],
        dims=("origin", "step", "series", "quantile"),
        coords={"series": ["feeder 7"], "quantile": LEVELS},
    )
    truth = xr.DataArray((medians + errors_kw)[:, :, None], dims=("origin", "step", "series"))
    tables = alarm_tables(table(medians[0]), 1000.0, Costs(10, 1), past, truth)
    assert tables["alarm_scores"]["intervals"].tolist() == [40 * 24] * 4
    assert tables["alarm_scores"]["exceeded"].iloc[0] == (medians + errors_kw > 1000).sum()
    assert tables["alarm_days"]["probability"].notna().all()
    few = alarm_tables(table(medians[0]), 1000.0, Costs(10, 1), past[:5], truth[:5])
    assert few["alarm_days"]["probability"].isna().all()
    alone = alarm_tables(table(medians[0]), 1000.0)
    assert set(alone) == {"alarms", "alarm_days"}
    pd.testing.assert_frame_equal(alone["alarms"], tables["alarms"])
