"""Volumes and the intervals around them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from healthcare.finding import Label
from healthcare.volumes import errors, measured, volume_ml

LABELS = (Label(1, "one"), Label(3, "three"))


def test_a_volume_is_voxels_times_their_size():
    mask = np.zeros((10, 10, 10), np.uint8)
    mask[:5, :4, :3] = 3
    assert volume_ml(mask, 3, 2.5) == pytest.approx(60 * 2.5 / 1000)


def test_new_cases_lie_within_as_often_as_was_asked():
    random = np.random.default_rng(1)

    def draw(n):
        true = random.uniform(1, 5, n)
        return true * random.lognormal(0.05, 0.1, n), true

    inside = []
    for _ in range(200):
        found, true = draw(40)
        low, high = errors({1: found}, {1: true})["1"]
        new, truth = draw(20)
        inside.append(np.mean((truth >= new * low) & (truth <= new * high)))
    assert 0.88 < np.mean(inside) < 0.96


def test_too_few_cases_promise_nothing():
    few = errors({1: np.ones(18)}, {1: np.ones(18)})
    assert "1" not in few
    assert "1" in errors({1: np.ones(19)}, {1: np.ones(19)})
    volume = measured(np.ones((2, 2, 2), np.uint8), LABELS, 1000.0, few, {})[0]
    assert np.isnan([volume.low_ml, volume.high_ml, volume.predicted_dice]).all()
    assert volume.ml == 8.0


def test_the_interval_is_around_the_volume_and_survives_the_specification():
    stored = json.loads(json.dumps(errors({3: np.full(30, 2.0)}, {3: np.linspace(1.8, 2.4, 30)}, 0.8)))
    mask = np.zeros((10, 10, 10), np.uint8)
    mask[:5] = 3
    one, three = measured(mask, LABELS, 10.0, stored, {3: 0.9})
    assert (one.ml, three.ml) == (0.0, 5.0)
    assert 0.9 * 5 < three.low_ml < 5.0 < three.high_ml < 1.2 * 5
    assert (three.coverage, three.predicted_dice) == (0.8, 0.9)


def test_cases_without_the_label_say_nothing_of_it():
    found = errors({1: [0.0] * 10 + [1.0] * 20}, {1: [1.0] * 10 + [1.1] * 20})
    assert found["cases"] == 20
    assert found["1"] == [1.1, 1.1]
