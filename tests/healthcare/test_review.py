"""The last word is a person's: decisions, what the log is told of them, and corrections as training data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from outlines import LABELS, by_intensity, volume

from common import audit
from common.audit_check import verify
from common.errors import DataError, StoreError
from common.intake import take
from common.pilot import Result
from common.results import write_result
from healthcare.data import Scan
from healthcare.dataset import read_dataset
from healthcare.diagnose import diagnose
from healthcare.exports import nifti_bytes
from healthcare.finding import Label
from healthcare.review import corrections, decide, decision_on, doubt_of, queue

CANARY = "Zebedee Quicksilver"


def logged():
    return [json.loads(line) for line in audit.Paths().log.read_text().splitlines()]


@pytest.fixture
def finding(tmp_path):
    """A finding on disk, with its scan and the true mask."""
    scan, mask = volume(1)
    write_result(diagnose(scan, by_intensity()), tmp_path / "out")
    return tmp_path / "out", scan, mask


def test_an_accepted_finding_is_decided_and_logged(finding):
    folder, scan, _ = finding
    assert decision_on(folder) is None
    made = decide(folder, "accept", reason="edge")
    assert decision_on(folder) == made
    assert (made.verdict, made.reason, made.input_sha256) == ("accept", "", scan.provenance["sha256"])
    line = logged()[-1]
    assert (line["pilot"], line["action"], line["model"]) == ("healthcare", "accept", "ab" * 32)
    assert line["inputs"] == [scan.provenance["sha256"]]
    assert verify().found == ()


def test_a_rejected_one_needs_a_reason_and_the_note_stays_out_of_the_log(finding):
    folder, _, _ = finding
    with pytest.raises(DataError, match="reason"):
        decide(folder, "reject")
    with pytest.raises(DataError, match="no decision"):
        decide(folder, "perhaps", reason="edge")
    assert decision_on(folder) is None
    decide(folder, "reject", reason="unfit-scan", note=f"moved; see {CANARY}")
    assert decision_on(folder).note == f"moved; see {CANARY}"
    assert logged()[-1]["reason"] == "unfit-scan"
    assert CANARY not in audit.Paths().log.read_text()


def test_a_corrected_mask_becomes_a_training_case(finding, tmp_path):
    folder, scan, mask = finding
    path = tmp_path / f"{CANARY}.nii.gz"
    path.write_bytes(nifti_bytes(mask, scan.affine))
    decide(folder, "correct", reason="edge", corrected=path, scan=scan, labels=LABELS)
    decide(folder, "correct", reason="missed", corrected=path, scan=scan, labels=LABELS)
    stored = read_dataset(corrections(LABELS))
    assert [label.name for label in stored.labels] == ["core", "shell"]
    assert len(stored.cases) == 1  # the same scan once
    again, drawn = stored.cases[0].read()
    assert np.array_equal(drawn, mask)
    assert np.array_equal(again.array, scan.array)
    assert np.allclose(again.affine, scan.affine)
    everything = "".join(str(path) for path in corrections(LABELS).rglob("*"))
    assert CANARY not in everything
    assert decision_on(folder).correction_sha256 in logged()[-1]["data"]


def test_a_mask_of_another_scan_is_refused_and_nothing_is_kept(finding, tmp_path):
    folder, scan, mask = finding
    path = tmp_path / "mask.nii.gz"
    elsewhere = scan.affine.copy()
    elsewhere[0, 3] += 0.5  # half a voxel off
    path.write_bytes(nifti_bytes(mask, elsewhere))
    with pytest.raises(DataError):
        decide(folder, "correct", reason="edge", corrected=path, scan=scan, labels=LABELS)
    with pytest.raises(DataError, match="right mask or class"):
        decide(folder, "correct", reason="edge", scan=scan, labels=LABELS)
    assert decision_on(folder) is None
    assert not corrections(LABELS).exists()


def test_pictures_of_a_right_class_are_gathered(tmp_path):
    classes = (Label(1, "normal"), Label(2, "pneumonia"))
    random = np.random.default_rng(1)
    for number, right in enumerate(("normal", "pneumonia", "normal")):
        folder = tmp_path / str(number)
        write_result(Result("a picture", {}, {"probability_normal": 0.6}), folder)
        picture = Scan(random.integers(0, 255, (28, 28), np.uint8), None, None)
        decide(folder, "correct", reason="wrong-class", right_class=right, scan=picture, labels=classes)
    with pytest.raises(DataError, match="no such class"):
        decide(folder, "correct", reason="wrong-class", right_class="cat", scan=picture, labels=classes)
    held = take(corrections(classes) / "pictures-28x28.npz", ("npz",)).parse().arrays
    assert held["train_images"].shape == (3, 28, 28)
    assert held["train_labels"].ravel().tolist() == [0, 1, 0]


def test_the_most_doubtful_come_first_and_decided_ones_not_at_all(tmp_path):
    numbers = (
        {"expected_dice": 0.9, "flagged": 0},
        {"expected_dice": 0.6, "flagged": 0},
        {"expected_dice": 0.8, "flagged": 1},
        {"probability_a": 0.55, "probability_b": 0.45, "unsure": 0},
    )
    folders = []
    for number, one in enumerate(numbers):
        folders.append(tmp_path / str(number))
        write_result(Result("a finding", {}, one), folders[-1])
    waiting = queue([*folders, tmp_path / "nothing"])
    assert [one.folder.name for one in waiting] == ["2", "3", "1", "0"]
    decide(folders[2], "accept")
    assert [one.folder.name for one in queue(folders)] == ["3", "1", "0"]
    assert doubt_of(Result("nothing known", {})) == 1.0


def test_there_must_be_a_finding(tmp_path):
    with pytest.raises(StoreError):
        decide(tmp_path, "accept")
