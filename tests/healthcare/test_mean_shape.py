"""The baseline that looks at no image."""

from __future__ import annotations

import numpy as np
import pytest
from outlines import AFFINE, volume

from healthcare.mean_shape import MeanShape
from healthcare.metrics import dice


def test_it_gives_the_average_of_the_others():
    masks = [volume(seed)[1] for seed in range(8)]
    shape = MeanShape((1, 2))
    for mask in masks:
        shape.add(mask, AFFINE)
    found = [shape.without(mask, AFFINE) for mask in masks]
    scores = [dice(f, mask, 2) for f, mask in zip(found, masks, strict=True)]
    assert 0.3 < np.mean(scores) < 0.9


def test_the_case_itself_is_left_out():
    small, large = np.zeros((20, 20, 20), np.uint8), np.zeros((20, 20, 20), np.uint8)
    small[2:6, 2:6, 2:6], large[10:18, 10:18, 10:18] = 1, 1
    shape = MeanShape((1,))
    shape.add(small, AFFINE)
    shape.add(large, AFFINE)
    assert dice(shape.without(small, AFFINE), large, 1) == pytest.approx(1.0, abs=0.1)
    assert dice(shape.without(small, AFFINE), small, 1) == 0.0


def test_orientation_does_not_matter():
    _, mask = volume(3)
    turned_affine = AFFINE.copy()
    turned_affine[:3, 0] *= -1
    turned_affine[:3, 3] = AFFINE[:3, 0] * (mask.shape[0] - 1)
    shape = MeanShape((1, 2))
    shape.add(mask, AFFINE)
    shape.add(mask[::-1], turned_affine)
    assert dice(shape.without(mask, AFFINE), mask, 2) > 0.85


def test_one_case_alone_says_nothing():
    shape = MeanShape((1,))
    shape.add(np.ones((4, 4, 4), np.uint8), AFFINE)
    assert not shape.without(np.ones((4, 4, 4), np.uint8), AFFINE).any()
