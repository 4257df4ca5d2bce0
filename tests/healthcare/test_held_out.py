"""Lessons of held-out cases: rules, expected Dice and volume intervals end up in the stored model."""

from __future__ import annotations

import numpy as np
import pytest
from outlines import by_intensity, store_model, volume

from common.store import previous_of, read_card
from healthcare.held_out import Lessons, rewrite, teach
from healthcare.model import Segmenter, read_specification


def test_cases_that_are_harder_teach_what_doubts_mean():
    lessons = Lessons(by_intensity())
    noises = np.linspace(0.1, 0.8, 24)
    for seed, noise in enumerate(noises):
        lessons.add(*volume(seed, noise=float(noise)))
    taught = lessons.taught()
    assert taught["held_out"]["cases"] == 24
    assert taught["quality"]["correlation"] > 0.7
    mean, low, high = taught["held_out"]["dice"]["core"]
    assert low < mean < high
    low, high = taught["volume_errors"]["1"]
    assert low < high
    # Noise scatters specks, and keeping the largest piece helps; so the rule is there.
    assert {rule["value"] for rule in taught["postprocessing"]} == {1, 2}
    learned = by_intensity(volume_errors=taught["volume_errors"]).segment(volume(100)[0])
    assert learned.volumes[0].low_ml < learned.volumes[0].high_ml


def test_a_model_is_stored_again_with_its_weights(tmp_path):
    folder = store_model(tmp_path / "model")
    before = Segmenter.load(folder)
    said = []
    cases = [volume(seed) for seed in range(9)]
    taught = teach(folder, cases, count=9, progress=lambda f, words: said.append((f, words)))
    after = Segmenter.load(folder)
    scan, _ = volume(50)
    assert np.array_equal(before.predict(scan).mask, after.predict(scan).mask)
    assert after.quality is not None
    assert after.quality.cases == 9
    assert read_specification(folder)["held_out"]["cases"] == 9
    assert read_card(folder)["held_out"] == taught["held_out"]
    assert said[-1] == (1.0, "held-out case 9 of 9")
    assert not previous_of(folder).exists()


def test_a_rewritten_specification_keeps_the_rest(tmp_path):
    folder = store_model(tmp_path / "model", note="kept")
    rewrite(folder, {"more": 1})
    found = read_specification(folder)
    assert (found["note"], found["more"], found["kind"]) == ("kept", 1, "segmentation")


def test_few_cases_promise_nothing():
    lessons = Lessons(by_intensity())
    for seed in range(3):
        lessons.add(*volume(seed))
    taught = lessons.taught()
    assert taught["quality"] is None
    assert "1" not in taught["volume_errors"]
    assert taught["held_out"]["dice"]["core"][0] == pytest.approx(0.95, abs=0.05)
