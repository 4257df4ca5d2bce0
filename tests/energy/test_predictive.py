from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from common.errors import DataError
from energy.predictive import exceedance, expected_excess_kw, pit, quantile_columns

LEVELS = np.arange(1, 10) / 10
NORMAL = 1000 + 100 * norm.ppf(LEVELS)


def test_at_a_quantile_the_chance_is_its_level():
    assert np.allclose(exceedance(np.tile(NORMAL, (9, 1)), LEVELS, NORMAL), 1 - LEVELS)


def test_between_and_beyond_quantiles_it_stays_close_to_the_normal_distribution():
    limits = np.linspace(880, 1120, 25)
    chance = exceedance(np.tile(NORMAL, (25, 1)), LEVELS, limits)
    assert np.allclose(chance, norm.sf(limits, 1000, 100), atol=0.006)
    assert exceedance(NORMAL, LEVELS, 1196.0) == pytest.approx(0.037, abs=0.001)  # as the module says
    assert exceedance(NORMAL, LEVELS, 1250.0) == pytest.approx(0.017, abs=0.001)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1e5, 1e5), min_size=9, max_size=9),
    st.lists(st.floats(-2e5, 2e5), min_size=2, max_size=20),
)
def test_any_quantiles_give_a_probability_that_never_rises_with_the_limit(quantiles, limits):
    quantiles, limits = np.sort(quantiles), np.sort(limits)
    chance = exceedance(np.tile(quantiles, (len(limits), 1)), LEVELS, limits)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance) <= 1e-12).all()
    excess = expected_excess_kw(np.tile(quantiles, (len(limits), 1)), LEVELS, limits)
    assert (excess >= -1e-6).all()


def test_expected_excess_is_the_area_under_the_chance():
    for limit in (700.0, 900.0, 1050.0, 1300.0):
        grid = np.linspace(limit, 4000, 20001)
        area = np.trapezoid(exceedance(np.tile(NORMAL, (len(grid), 1)), LEVELS, grid), grid)
        assert expected_excess_kw(NORMAL, LEVELS, limit) == pytest.approx(area, rel=1e-4)


def test_a_load_that_is_certain_is_above_only_what_lies_below_it():
    certain = np.full(9, 5.0)
    assert exceedance(certain, LEVELS, 4.99) == 1
    assert exceedance(certain, LEVELS, 5.0) == 0
    assert expected_excess_kw(certain, LEVELS, 4.0) == pytest.approx(1.0)


def test_the_transform_of_what_the_forecast_itself_draws_is_uniform():
    truth = np.random.default_rng(1).normal(1000, 100, 20_000)
    below = pit(np.tile(NORMAL, (len(truth), 1)), LEVELS, truth)
    assert np.allclose(np.quantile(below, LEVELS), LEVELS, atol=0.012)


def test_what_is_unknown_stays_unknown():
    quantiles = np.tile(NORMAL, (3, 1))
    quantiles[1, 4] = np.nan
    assert np.isnan(exceedance(quantiles, LEVELS, [1000, 1000, np.nan])).tolist() == [False, True, True]


def test_quantile_columns_come_in_the_order_of_their_levels():
    table = pd.DataFrame(columns=["series", "q90_kw", "q2.5_kw", "q50_kw", "temperature_c"])
    names, levels = quantile_columns(table)
    assert names == ["q2.5_kw", "q50_kw", "q90_kw"]
    assert np.allclose(levels, [0.025, 0.5, 0.9])
    with pytest.raises(DataError, match="fewer than two quantiles"):
        quantile_columns(table[["q50_kw"]])
