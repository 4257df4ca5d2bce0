"""Scores of a model on a folder, beside the baseline, with what they are worth."""

from __future__ import annotations

import numpy as np
import pytest
from outlines import by_intensity, store_model, write_folder

from common.errors import DataError, StoreError
from healthcare.dataset import read_dataset
from healthcare.evaluate import BASELINE, MODEL, SHORT_HASH, evaluate, evaluate_segmentation
from healthcare.finding import RESEARCH_USE

NAMES = {1: "core", 2: "shell"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "set", 6)


def test_a_good_model_beats_the_mean_shape(folder):
    result = evaluate_segmentation(by_intensity(), read_dataset(folder, names=NAMES).cases)
    scores = result.tables["scores"].set_index(["method", "structure"])
    assert scores.loc[(MODEL, "core"), "dice"] > 0.93
    assert scores.loc[(MODEL, "core"), "dice"] > scores.loc[(BASELINE, "core"), "dice"] + 0.1
    row = scores.loc[(MODEL, "shell")]
    assert row["dice_low"] <= row["dice"] <= row["dice_high"]
    assert row["dice_worst"] <= row["dice_low"]
    assert result.numbers["dice_core"] == pytest.approx(scores.loc[(MODEL, "core"), "dice"], abs=1e-4)
    assert result.numbers["cases"] == 6
    cases = result.tables["cases"]
    assert len(cases) == 12
    core = cases[cases["structure"] == "core"]
    assert np.allclose(core["found_ml"], core["true_ml"], rtol=0.1)
    assert RESEARCH_USE in result.warnings


def test_scores_are_means_over_cases_of_whole_volumes(folder):
    result = evaluate_segmentation(by_intensity(), read_dataset(folder, names=NAMES).cases)
    cases = result.tables["cases"]
    by_hand = cases[cases["structure"] == "core"]["dice"].mean()
    assert result.numbers["dice_core"] == pytest.approx(by_hand, abs=1e-4)


def test_cases_of_the_training_are_no_evidence(folder):
    cases = read_dataset(folder, names=NAMES).cases
    seen = [str(case.scan().provenance["sha256"])[:SHORT_HASH] for case in cases[:2]]
    result = evaluate_segmentation(by_intensity(), cases, trained_on=seen)
    assert result.numbers["trained_on_cases"] == 2
    assert any("no evidence" in words for words in result.warnings)


def test_a_stored_model_is_scored_from_its_folder(folder, tmp_path):
    model = store_model(tmp_path / "run" / "model")
    said = []
    result = evaluate(tmp_path / "run", folder, progress=lambda f, words: said.append(f))
    assert 0 <= result.numbers["dice_core"] < 0.6  # its weights are those it began with
    assert said == sorted(said)
    assert said[-1] == 1.0
    assert result.provenance["model_sha256"]
    assert model.is_dir()


def test_a_folder_without_masks_or_a_model_is_refused(folder, tmp_path):
    with pytest.raises(DataError):
        evaluate_segmentation(by_intensity(), ())
    with pytest.raises(StoreError):
        evaluate(tmp_path, folder)
