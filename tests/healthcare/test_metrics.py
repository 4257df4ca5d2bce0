"""Scores of masks against figures that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from healthcare.metrics import dice, mean_interval, surfaces


def ball(shape=(24, 24, 24), centre=(12, 12, 12), radius=6.0, spacing=(1.0, 1.0, 1.0)):
    grid = np.indices(shape).astype(float)
    far = sum(((g - c) * s) ** 2 for g, c, s in zip(grid, centre, spacing, strict=True))
    return (far <= radius**2).astype(np.uint8)


def test_dice_is_twice_the_common_part_over_both():
    mask, truth = np.zeros((4, 1, 1), np.uint8), np.zeros((4, 1, 1), np.uint8)
    mask[:3], truth[1:] = 2, 2
    assert dice(mask, truth, 2) == pytest.approx(2 * 2 / 6)
    assert dice(mask, truth, 1) != dice(mask, truth, 1)  # neither has it: not a number
    truth[0] = 1
    assert dice(mask, truth, 1) == 0.0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 3.0), (0.5, 2.0, 1.0)])
def test_a_shifted_cube_is_as_far_as_it_was_shifted(spacing):
    mask, truth = np.zeros((24, 24, 24), np.uint8), np.zeros((24, 24, 24), np.uint8)
    mask[6:14, 6:14, 6:14] = 1
    truth[6:14, 6:14, 9:17] = 1  # three voxels along z
    far_mm, near = surfaces(mask, truth, 1, spacing)
    assert far_mm == pytest.approx(3 * spacing[2])
    assert 0 < near < 1


def test_the_distance_is_that_of_the_whole_volume():
    """Cutting the box around the label out of the volume must not change the figure."""
    small, large = np.zeros((12, 12, 12), np.uint8), np.zeros((40, 44, 48), np.uint8)
    shifted = np.zeros_like(small)
    small[3:8, 3:8, 3:8], shifted[4:9, 3:8, 3:9] = 1, 1
    wide = np.zeros_like(large)
    large[20:32, 20:32, 20:32], wide[20:32, 20:32, 20:32] = small, shifted
    assert surfaces(small, shifted, 1, (1, 1, 2)) == surfaces(large, wide, 1, (1, 1, 2))


def test_same_masks_are_at_no_distance():
    assert surfaces(ball(), ball(), 1, (1, 1, 1)) == (0.0, 1.0)


def test_what_is_not_found_at_all_costs_the_whole_diagonal():
    far_mm, near = surfaces(np.zeros((3, 4, 12), np.uint8), np.ones((3, 4, 12), np.uint8), 1, (1, 1, 1))
    assert far_mm == pytest.approx(13.0)
    assert near == 0.0
    nothing = np.zeros((3, 4, 12), np.uint8)
    assert np.isnan(surfaces(nothing, nothing, 1, (1, 1, 1))).all()


def test_the_interval_covers_the_mean_as_often_as_it_says():
    random = np.random.default_rng(3)
    held = 0
    for draw in range(60):
        values = random.beta(8, 2, 30)
        mean, low, high = mean_interval(values, seed=draw)
        assert low < mean < high
        held += low <= 0.8 <= high
    assert 50 <= held <= 60


def test_too_few_cases_have_a_mean_and_no_interval():
    mean, low, high = mean_interval([0.8, 0.9, float("nan")])
    assert mean == pytest.approx(0.85)
    assert np.isnan([low, high]).all()
    assert np.isnan(mean_interval([])).all()
