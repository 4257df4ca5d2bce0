"""Stored models, opened: what comes out of them, and what damaged ones say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from outlines import LABELS, by_intensity, store_model, volume
from torch import nn

from common.errors import StoreError
from common.store import MANIFEST, seal
from healthcare.held_out import Lessons
from healthcare.metrics import dice
from healthcare.model import SPECIFICATION, Segmenter, doubts_of, folder_of, open_model
from healthcare.postprocess import Rule
from healthcare.quality import Quality

EASY = Quality(
    labels=(1, 2),
    centre=((-3.0, -3.0, 0.1),) * 2,
    scale=((1.0, 1.0, 0.1),) * 2,
    dice=(0.9, 0.8),
    weights=(-0.05, 0.0, 0.0),
    flag_below=0.5,
    cases=20,
    correlation=0.8,
    error=0.02,
)


def test_a_scan_is_outlined_on_its_own_grid():
    scan, truth = volume(1)
    found = by_intensity().segment(scan)
    assert found.mask.shape == scan.array.shape
    assert min(dice(found.mask, truth, v) for v in (1, 2)) > 0.9
    assert found.uncertainty.dtype == np.uint8
    inside = found.uncertainty[truth == 1].mean()
    edge = found.uncertainty[(scan.array > 0.4) & (scan.array < 0.6)].mean()
    assert edge > inside
    by_hand = (found.mask == 1).sum() * 2.0 / 1000
    assert found.volumes[0].ml == pytest.approx(by_hand)


def test_without_held_out_cases_nothing_is_promised():
    found = by_intensity().segment(volume(2)[0])
    assert np.isnan(found.predicted_dice)
    assert np.isnan([found.volumes[0].low_ml, found.volumes[0].predicted_dice]).all()
    assert any("no cases were held out" in words for words in found.warnings)


def test_the_expected_dice_and_the_interval_are_stated():
    errors = {"coverage": 0.9, "cases": 30, "1": [0.9, 1.2], "2": [0.8, 1.1]}
    found = by_intensity(quality=EASY, volume_errors=errors).segment(volume(3)[0])
    core, shell = found.volumes
    assert (core.low_ml, core.high_ml) == pytest.approx((core.ml * 0.9, core.ml * 1.2))
    assert found.predicted_dice == pytest.approx((core.predicted_dice + shell.predicted_dice) / 2)
    assert not found.flagged


def test_a_scan_that_is_doubted_more_than_the_held_out_ones_is_flagged():
    lessons = Lessons(by_intensity())
    for seed, noise in enumerate(np.linspace(0.1, 0.3, 20)):
        lessons.add(*volume(seed, noise=float(noise)))
    segmenter = by_intensity(quality=Quality.of(lessons.taught()["quality"]))
    good, bad = segmenter.segment(volume(30)[0]), segmenter.segment(volume(31, noise=0.5)[0])
    assert not good.flagged
    assert bad.flagged
    assert bad.predicted_dice < good.predicted_dice
    assert bad.warnings


def test_rules_are_applied_to_the_mask_and_to_the_volumes():
    scan, truth = volume(5)
    array = scan.array.copy()
    array[0, 0, 0] = 2.0  # a speck as bright as the core
    spotted = type(scan)(array, scan.affine, scan.spacing_mm, "MR", scan.provenance)
    with_speck = by_intensity().segment(spotted)
    cleaned = by_intensity(rules=(Rule(1, 0.1, 1), Rule(2, 0.1, 1))).segment(spotted)
    assert with_speck.mask[0, 0, 0] == 1
    assert cleaned.mask[0, 0, 0] == 0
    assert cleaned.volumes[0].ml < with_speck.volumes[0].ml
    assert dice(cleaned.mask, truth, 1) > 0.9


@pytest.mark.parametrize("members", [0, 3])
def test_a_stored_model_opens_and_gives_the_same_twice(tmp_path, members):
    folder = store_model(tmp_path / "run" / "model", members)
    model = open_model(tmp_path / "run")
    assert isinstance(model, Segmenter)
    assert len(model.networks) == max(members, 1)
    assert (model.name, model.modality, model.labels) == ("tiny", "MR", LABELS)
    scan, _ = volume(6)
    one, other = model.segment(scan), Segmenter.load(folder).segment(scan)
    assert np.array_equal(one.mask, other.mask)
    assert model.sha256 == Segmenter.load(folder).sha256


def test_members_of_an_ensemble_are_asked_all():
    class Sure(nn.Module):
        def __init__(self, favourite: int) -> None:
            super().__init__()
            self.favourite = favourite

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out = torch.zeros((len(x), 3, *x.shape[2:]))
            out[:, self.favourite] = 9.0
            return out

    networks = [Sure(1), Sure(1), Sure(2)]
    found = by_intensity(networks=networks).predict(volume(7)[0])
    assert (found.mask == 1).all()
    assert doubts_of(found)[1].agreement < 1.0
    assert found.uncertainty.min() > 0


def test_a_run_folder_and_its_model_are_the_same(tmp_path):
    folder = store_model(tmp_path / "run" / "model")
    assert folder_of(tmp_path / "run") == folder == folder_of(folder)


@pytest.mark.parametrize(
    "change", [{"kind": "something else"}, {"version": 99}, {"plan": {"labels": []}}, {"quality": {"x": 1}}]
)
def test_what_does_not_fit_is_refused_in_one_sentence(tmp_path, change):
    folder = store_model(tmp_path / "model")
    path = folder / SPECIFICATION
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    (folder / MANIFEST).unlink()
    seal(folder)
    with pytest.raises(StoreError) as refused:
        open_model(folder)
    assert "\n" not in str(refused.value)


def test_a_damaged_model_is_not_opened(tmp_path):
    folder = store_model(tmp_path / "model")
    path = folder / SPECIFICATION
    path.write_text(path.read_text().replace("16", "32"))
    with pytest.raises(StoreError):
        open_model(folder)
    with pytest.raises(StoreError):
        open_model(tmp_path / "nothing")
