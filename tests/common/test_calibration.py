from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.calibration import apply, conformal_shift, coverage, pinball, reliability, rolling

LEVELS = np.arange(1, 10) / 10
NORMAL = np.array([-1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816])
STEPS = 12


def forecasts(
    n: int = 120, scale: float = 1.0, drift: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of a standard normal, and a truth with another spread and a level that drifts."""
    rng = np.random.default_rng(seed)
    truth = scale * rng.normal(size=(n, STEPS)) + drift * np.arange(n)[:, None]
    return np.broadcast_to(NORMAL, (n, STEPS, 9)).copy(), truth


def moments(n: int) -> tuple[np.ndarray, np.ndarray]:
    begins = np.arange(n) * STEPS
    return begins, begins[:, None] + np.arange(STEPS) + 1


@pytest.mark.parametrize(("scale", "drift"), [(1.0, 0.0), (2.0, 0.0), (0.5, 0.0), (1.0, 0.01), (1.5, -0.01)])
def test_it_covers_what_it_says_on_data_that_drift(scale: float, drift: float):
    past, truth = forecasts(300, scale, drift)
    found = rolling(past, truth, LEVELS, *moments(300), prior=0)
    assert coverage(found[60:], truth[60:]) == pytest.approx(0.8, abs=0.03)
    # The shift follows a drift half a window late.
    late = 0.03 + 30 * abs(drift) / scale * 0.4
    assert reliability(found[60:], truth[60:]) == pytest.approx(LEVELS, abs=late)


def test_well_calibrated_forecasts_lose_next_to_nothing_and_poor_ones_gain():
    past, truth = forecasts(200)
    before = pinball(past, truth, LEVELS).mean()
    assert pinball(rolling(past, truth, LEVELS, *moments(200)), truth, LEVELS).mean() < 1.01 * before
    past, truth = forecasts(200, 3.0)
    before = pinball(past, truth, LEVELS).mean()
    assert pinball(rolling(past, truth, LEVELS, *moments(200)), truth, LEVELS).mean() < 0.97 * before


def test_each_step_is_shifted_by_its_own_misses_too():
    past, truth = forecasts(60)
    truth[:, : STEPS // 2] += 2
    shift = conformal_shift(past, truth, LEVELS)
    assert shift[0, 4] > shift[-1, 4]


def test_with_too_few_known_misses_nothing_is_shifted():
    past, truth = forecasts(30)
    truth[:24] = np.nan
    assert np.array_equal(apply(past, truth, LEVELS, past[0]), past[0])
    assert np.array_equal(apply(past[:0], truth[:0], LEVELS, past[0]), past[0])


def test_truth_that_was_not_known_yet_changes_nothing():
    past, truth = forecasts(20)
    begins = np.arange(20) * STEPS / 2
    ends = begins[:, None] + np.arange(STEPS) + 1
    expected = rolling(past, truth, LEVELS, begins, ends)
    changed = truth.copy()
    changed[ends > begins[12]] = 1e6
    assert np.array_equal(rolling(past, changed, LEVELS, begins, ends)[:13], expected[:13])
    changed[0, 0] = 50.0
    assert not np.array_equal(rolling(past, changed, LEVELS, begins, ends)[12], expected[12])


def test_origins_beyond_the_window_are_forgotten():
    past, truth = forecasts(40)
    other = truth.copy()
    other[:10] = 99
    expected = apply(past, truth, LEVELS, past[0], window=30)
    assert np.array_equal(apply(past, other, LEVELS, past[0], window=30), expected)


def test_series_stand_before_the_origins():
    past, truth = forecasts(30, 2.0)
    both = rolling(np.stack([past, past * 3]), np.stack([truth, truth * 3]), LEVELS, *moments(30))
    assert np.allclose(both[0], rolling(past, truth, LEVELS, *moments(30)))
    assert np.allclose(both[1], both[0] * 3)


def test_scores_leave_out_what_is_unknown():
    past, truth = forecasts(50)
    truth[:25] = np.nan
    assert coverage(past, truth) == coverage(past[25:], truth[25:])
    assert np.isnan(coverage(past, np.full_like(truth, np.nan)))
    assert np.isnan(pinball(past, truth, LEVELS)[:25]).all()
    assert pinball([[0.0, 1.0]], [3.0], [0.5, 0.9]) == pytest.approx([(1.5 + 1.8) / 2])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(0.1, 10),
    count=st.integers(0, 40),
    unknown=st.floats(0, 0.9),
    by=st.floats(-50, 50),
    times=st.floats(0.1, 50),
)
def test_the_result_ascends_and_moves_and_scales_with_the_data(seed, scale, count, unknown, by, times):
    past, truth = forecasts(count + 1, scale, 0.0, seed)
    rng = np.random.default_rng(seed)
    past *= rng.uniform(0.5, 2, (count + 1, STEPS, 1))
    truth[rng.random(truth.shape) < unknown] = np.nan
    found = apply(past[:-1], truth[:-1], LEVELS, past[-1])
    assert (np.diff(found, axis=-1) >= 0).all()
    moved = apply(past[:-1] + by, truth[:-1] + by, LEVELS, past[-1] + by)
    assert np.allclose(moved, found + by, atol=1e-6)
    grown = apply(past[:-1] * times, truth[:-1] * times, LEVELS, past[-1] * times)
    assert np.allclose(grown, found * times, rtol=1e-6, atol=1e-9)


def test_a_flat_forecast_without_any_spread_is_borne():
    past, truth = np.zeros((20, STEPS, 9)), np.random.default_rng(0).normal(size=(20, STEPS))
    found = apply(past, truth, LEVELS, past[0])
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_it_needs_numpy_alone():
    code = "import sys, common.calibration; print([m for m in ('pandas', 'xarray') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
