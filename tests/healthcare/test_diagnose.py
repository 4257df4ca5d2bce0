"""From a scan and a model to a finding: what it says, what it warns of, and what it does not tell."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))

from outlines import by_intensity, volume
from test_model import EASY

from common.errors import DataError
from common.results import read_result, write_result
from healthcare.data import Scan
from healthcare.diagnose import ClassificationModel, SegmentationModel, diagnose
from healthcare.diagnose_warnings import about_segmented
from healthcare.finding import RESEARCH_USE, Classified, Label, Segmented, Volume

ERRORS = {"coverage": 0.9, "cases": 30, "1": [0.9, 1.2], "2": [0.8, 1.1]}


class Brightness(nn.Module):
    """Two classes by how bright the middle of a picture is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean()
        return torch.stack([5 - mean, mean - 5])


class Sorter:
    """A small classifier with a network of its own."""

    name, modality, classes, sha256 = "by brightness", "DX", ("dark", "bright"), "cd" * 32

    def __init__(self, **card) -> None:
        self.card, self.network = card, Brightness()

    def classify(self, scan: Scan, coverage: float = 0.9) -> Classified:
        with torch.no_grad():
            shares = self.network(torch.from_numpy(scan.array.astype(np.float32))).softmax(0).tolist()
        known = dict(zip(self.classes, shares, strict=True))
        kept = [name for name, share in known.items() if share > 1 - coverage]
        return Classified(known, kept, coverage, 0.5, len(kept) != 1, "bright", 0.4, 0.95, 0.9)


def picture(value: float) -> Scan:
    return Scan(np.full((8, 9), value), None, None, "DX", {"sha256": "ef" * 32, "kind": "picture"})


@pytest.fixture(scope="module")
def sure():
    return by_intensity(quality=EASY, volume_errors=ERRORS)


def test_the_models_are_what_the_protocols_say(sure):
    assert isinstance(sure, SegmentationModel)
    assert not isinstance(Sorter(), SegmentationModel)
    _: ClassificationModel = Sorter()


def test_a_volume_becomes_sentences_tables_and_figures(sure):
    scan, _ = volume(1)
    finding = diagnose(scan, sure)
    assert finding.segmented is not None
    table = finding.tables["volumes"].set_index("structure")
    by_hand = (finding.segmented.mask == 1).sum() * 2.0 / 1000
    assert table.loc["core", "volume_ml"] == pytest.approx(by_hand)
    assert table.loc["core", "low_ml"] == pytest.approx(by_hand * 0.9)
    assert finding.numbers["core_ml"] == pytest.approx(by_hand, abs=1e-6)
    assert finding.numbers["shell_high_ml"] == pytest.approx(table.loc["shell", "volume_ml"] * 1.1, abs=1e-6)
    assert finding.numbers["flagged"] == 0
    assert "90% interval" in finding.summary
    assert f"Dice {finding.segmented.predicted_dice:.2f}" in finding.summary
    assert finding.warnings[0] == RESEARCH_USE
    assert finding.labels == sure.labels
    assert finding.scan is scan
    json.dumps([dict(finding.numbers), dict(finding.provenance), list(finding.warnings)], allow_nan=False)


def test_a_result_is_stored_and_read_again(sure, tmp_path):
    finding = diagnose(volume(1)[0], sure)
    stored = read_result(write_result(finding, tmp_path))
    assert stored.summary == finding.summary
    assert stored.numbers == finding.numbers
    assert list(stored.tables["warnings"]["warning"]) == list(finding.warnings)


def test_provenance_says_how_it_was_made_and_nothing_of_a_person(sure):
    scan, _ = volume(1)
    told = dict(scan.provenance) | {"PatientName": "Janssen", "body_part": "HEAD", "series": 2}
    finding = diagnose(replace(scan, provenance=told), sure, settings={"fast": False})
    made = finding.provenance
    assert made["input_sha256"] == told["sha256"]
    assert made["model_sha256"] == sure.sha256
    assert made["input"]["body_part"] == "HEAD"
    assert made["settings"] == {"coverage": 0.9, "fast": False}
    assert made["code"].startswith("0.")
    assert {"monai", "torch", "numpy"} <= set(made["versions"])
    assert "Janssen" not in repr(made)


def test_a_model_without_held_out_cases_promises_nothing():
    finding = diagnose(volume(1)[0], by_intensity())
    assert "no interval" in finding.summary
    assert finding.numbers["core_low_ml"] is None
    assert any("no calibrated interval" in words for words in finding.warnings)


def test_a_flagged_case_says_that_an_expert_must_look(sure):
    strict = replace(sure, quality=replace(EASY, flag_below=0.99))
    finding = diagnose(volume(1)[0], strict)
    assert "expert must look" in finding.summary
    assert finding.numbers["flagged"] == 1
    assert any("expert must look" in words for words in finding.warnings)


def said(scan: Scan, model) -> str:
    return "\n".join(diagnose(scan, model).warnings)


def test_what_is_unlike_the_training_data_is_said(sure):
    scan, _ = volume(1)
    assert "trained on MR" in said(replace(scan, modality="CT"), sure)
    assert "does not say what it is" in said(replace(scan, modality=""), sure)
    far = replace(scan, affine=np.diag([3.0, 3.0, 6.0, 1.0]), spacing_mm=(3.0, 3.0, 6.0))
    assert "far from the 1 × 1 × 2 mm" in said(far, sure)
    wide = replace(sure, card={"field_of_view_mm": [200, 200, 180]})
    assert "may show only a part" in said(scan, wide)
    for words in ("trained on MR", "far from", "only a part", "between slices"):
        assert words not in said(scan, sure)


def test_thick_slices_are_said(sure):
    scan, _ = volume(1)
    thick = replace(scan, affine=np.diag([1.0, 1.0, 6.0, 1.0]), spacing_mm=(1.0, 1.0, 6.0))
    assert "1 × 1 × 6 mm" in said(thick, sure)


def test_burned_in_text_is_said_once(sure):
    scan, _ = volume(1)
    told = dict(scan.provenance) | {"burned_in": "YES"}
    assert said(replace(scan, provenance=told), sure).count("burned-in") == 1
    note = "names or dates are written in the picture itself (burned-in text): do not pass it on"
    both = replace(scan, provenance=told, notes=(note,))
    assert said(both, sure).count("burned-in") == 1


def test_an_outline_at_the_edge_may_be_cut_off():
    mask = np.zeros((20, 20, 20), np.uint8)
    mask[5:15, 5:15, 5:15] = 1
    volumes = (Volume(Label(1, "core"), 1.0, 0.9, 1.1),)
    inside = Segmented(mask, mask, volumes)
    assert not any("edge of the scan" in words for words in about_segmented(inside))
    stray = mask.copy()
    stray[0, 0, 0] = 1  # one voxel of noise is no structure that goes on
    assert not any("edge of the scan" in words for words in about_segmented(replace(inside, mask=stray)))
    for axis in range(3):
        for shift in (-5, 5):
            cut = replace(inside, mask=np.roll(mask, shift, axis))
            assert any("edge of the scan" in words for words in about_segmented(cut))


def test_what_is_hardly_there_or_not_at_all_is_said():
    mask = np.zeros((9, 9, 9), np.uint8)
    mask[4, 4, 4] = 1
    volumes = (Volume(Label(1, "core"), 0.001, 0.0, 1.0), Volume(Label(2, "shell"), 0.0))
    words = "\n".join(about_segmented(Segmented(mask, mask, volumes)))
    assert "Not found in this scan: shell." in words
    assert "too few to rely on: core." in words
    assert "edge" not in words


def test_a_picture_is_sorted():
    finding = diagnose(picture(9.0), Sorter())
    assert finding.summary.startswith("Bright: probability over 99.9%")
    assert list(finding.tables["probabilities"]["class"]) == ["bright", "dark"]
    assert list(finding.tables["set"]["class"]) == ["bright"]
    assert finding.tables["operating_point"]["threshold"].item() == 0.4
    assert finding.numbers["unsure"] == 0
    assert "above the operating point" in finding.summary


def test_i_do_not_know_is_an_answer():
    finding = diagnose(picture(5.1), Sorter(), coverage=0.95)
    assert "does not know" in finding.summary
    assert "dark or bright" in finding.summary
    assert finding.numbers["set_size"] == 2
    assert any("cannot tell dark and bright apart" in words for words in finding.warnings)


def test_an_untypical_image_is_said():
    class Odd(Sorter):
        def classify(self, scan, coverage=0.9):
            return replace(super().classify(scan, coverage), typicality=0.001, unsure=True)

    finding = diagnose(picture(9.0), Odd())
    assert "does not know" in finding.summary
    assert any("unlike those" in words for words in finding.warnings)


def test_a_model_of_volumes_takes_no_picture(sure):
    with pytest.raises(DataError, match="single picture"):
        diagnose(picture(1.0), sure)


@pytest.mark.parametrize("coverage", [0.0, 1.0, -1.0, 90.0])
def test_a_coverage_that_cannot_be_kept_is_refused(coverage):
    with pytest.raises(DataError, match="cannot be kept"):
        diagnose(picture(1.0), Sorter(), coverage=coverage)


def test_a_mask_of_another_grid_is_a_fault(sure):
    class Shifted:
        name, modality, card, sha256, labels = "x", "MR", {}, "", sure.labels

        def segment(self, scan, progress=None):
            found = sure.segment(scan)
            return replace(found, mask=found.mask[1:])

    with pytest.raises(ValueError, match="shape"):
        diagnose(volume(1)[0], Shifted())


def test_dicom_and_nifti_of_one_scan_give_one_answer(sure, tmp_path):
    from series_writer import saved, series

    from healthcare.data import read_scan
    from healthcare.exports import nifti_bytes

    scan, _ = volume(1)
    whole = np.round((scan.array - scan.array.min()) * 400).astype(np.uint16)
    affine = np.array([[-1.0, 0, 0, 9], [0, -1.0, 0, 8], [0, 0, 2.0, -7], [0, 0, 0, 1]])
    dicom = read_scan(saved(series(affine, voxels=whole), tmp_path / "series"))
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(nifti_bytes(whole, affine))
    one, other = diagnose(dicom, sure), diagnose(replace(read_scan(file), modality="MR"), sure)
    assert one.numbers["core_ml"] == pytest.approx(other.numbers["core_ml"], abs=1e-3)
    assert one.numbers["shell_ml"] == pytest.approx(other.numbers["shell_ml"], abs=1e-3)
