from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from made import AFFINE, CANARY, PERSON, blob, nifti, training

from common.errors import DataError, IntakeError, PilotError
from healthcare.dataset import folds, read_dataset


def test_cases_are_read_one_by_one_with_their_mask(tmp_path):
    dataset = read_dataset(training(tmp_path / "data"))
    assert [(one.number, one.of) for one in dataset.cases] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [(one.value, one.name) for one in dataset.labels] == [(1, "front"), (2, "back")]
    assert (dataset.modality, dataset.notes) == ("MR", ())
    scan, mask = dataset.cases[1].read()
    assert np.array_equal(scan.array, blob((12, 14, 10), 2))
    assert (scan.modality, mask.shape, mask.dtype) == ("MR", scan.array.shape, np.uint8)
    assert np.unique(mask).tolist() == [0, 1, 2]
    assert CANARY not in repr(dataset)


def test_names_that_are_given_come_before_those_of_the_file(tmp_path):
    dataset = read_dataset(training(tmp_path / "data"), names={1: "anterior hippocampus"})
    assert [one.name for one in dataset.labels] == ["anterior hippocampus", "back"]


def test_without_dataset_json_labels_are_found_in_the_masks(tmp_path):
    dataset = read_dataset(training(tmp_path / "data", described=False))
    assert [(one.value, one.name) for one in dataset.labels] == [(1, "label 1"), (2, "label 2")]
    assert dataset.modality == ""
    assert dataset.cases[0].values == (1, 2)


def test_nnunets_layout_with_one_channel_is_taken_in(tmp_path):
    path = training(tmp_path / "data", described=False)
    for image in (path / "imagesTr").iterdir():
        image.rename(image.with_name(image.name.replace(".nii", "_0000.nii")))
    said = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "front": 1, "back": 2},
        "numTraining": 4,
    }
    (path / "dataset.json").write_text(json.dumps(said))
    dataset = read_dataset(path)
    assert (len(dataset.cases), dataset.modality, dataset.labels[1].name) == (4, "CT", "back")
    for image in list((path / "imagesTr").iterdir()):
        shutil.copy(image, image.with_name(image.name.replace("_0000", "_0001")))
    with pytest.raises(DataError, match="its cases have 2 channels each"):
        read_dataset(path)


def test_what_a_mac_leaves_behind_is_no_case(tmp_path):
    path = training(tmp_path / "data", described=False)
    (path / "imagesTr" / f"._{PERSON}_001.nii").write_bytes(b"junk")
    assert len(read_dataset(path).cases) == 4


def test_images_set_apart_are_no_training_cases(tmp_path):
    path = training(tmp_path / "data")
    (path / "imagesTs").mkdir()
    (path / "imagesTs" / "x.nii").write_bytes(nifti(blob((12, 14, 10), 9), AFFINE))
    dataset = read_dataset(path)
    assert (len(dataset.cases), len(dataset.tests)) == (4, 1)
    assert dataset.tests[0].read()[1] is None


BAD = {
    "a path out of the folder": (
        {"training": [{"image": "../x.nii", "label": "y.nii"}]}, "outside the folder",
    ),
    "an absolute path": ({"training": [{"image": "/etc/x.nii", "label": "y.nii"}]}, "outside the folder"),
    "a file that is not there": (
        {"training": [{"image": "./imagesTr/x.nii", "label": "./labelsTr/x.nii"}]},
        "image that it lists is not",
    ),
    "two channels": ({"modality": {"0": "T1", "1": "T2"}}, "2 channels"),
    "labels of no sense": ({"labels": {"0": "a", "x": "y"}}, "its labels are no numbers"),
    "no list": ({"training": [1, 2]}, "does not hold image and label"),
}  # fmt: skip


@pytest.mark.parametrize(("described", "said"), BAD.values(), ids=BAD)
def test_a_dataset_json_that_does_not_fit_is_refused(tmp_path, described, said):
    with pytest.raises(PilotError, match=said) as caught:
        read_dataset(training(tmp_path / "data", described=described))
    assert "dataset.json" in str(caught.value)


def test_dataset_json_is_read_strictly(tmp_path):
    path = training(tmp_path / "data")
    (path / "dataset.json").write_text('{"labels": {"0": "a", "0": "b"}}')
    with pytest.raises(IntakeError, match="given twice"):
        read_dataset(path)


def test_a_missing_mask_or_folder_is_refused(tmp_path):
    path = training(tmp_path / "data", described=False)
    next(iter(sorted((path / "labelsTr").iterdir()))).unlink()
    with pytest.raises(DataError, match="case 1 of 4: the image has no mask of its name"):
        read_dataset(path)
    with pytest.raises(DataError, match="it holds no training images"):
        read_dataset(tmp_path)


def test_a_count_that_does_not_hold_is_noted(tmp_path):
    (note,) = read_dataset(training(tmp_path / "data", described={"numTraining": 5})).notes
    assert note == "dataset.json promises 5 training cases and there are 4"


def test_a_case_whose_mask_lies_elsewhere_is_called_by_its_number(tmp_path):
    path = training(tmp_path / "data")
    mask = path / "labelsTr" / f"{PERSON}_003.nii"
    mask.write_bytes(nifti(np.zeros((12, 14, 9), np.uint8), AFFINE))
    dataset = read_dataset(path)
    with pytest.raises(DataError, match="case 3 of 4, mask: the mask has") as caught:
        dataset.cases[2].read()
    assert CANARY not in repr(caught.value)


def test_the_fingerprint_is_of_the_content_alone(tmp_path):
    one = read_dataset(training(tmp_path / "one")).sha256
    assert read_dataset(training(tmp_path / "two", name="other")).sha256 == one
    changed = training(tmp_path / "three")
    (changed / "imagesTr" / f"{PERSON}_002.nii").write_bytes(nifti(blob((12, 14, 10), 99), AFFINE))
    assert read_dataset(changed).sha256 != one
    renamed = read_dataset(tmp_path / "one", names={1: "something else"})
    assert renamed.sha256 != one


def patients(path, rows: str):
    (path / "patients.csv").write_text("case,patient\n" + rows)
    return path


def test_cases_of_one_patient_stay_together(tmp_path):
    path = training(tmp_path / "data", 10)
    rows = [f"{PERSON}_{n:03d},{'Jansen' if n in (2, 5, 9) else f'other {n}'}" for n in range(1, 11)]
    dataset = read_dataset(patients(path, "\n".join(rows)))
    assert len({one.patient for one in dataset.cases}) == 8
    assert "Jansen" not in repr(dataset)
    for seed in range(5):
        made = folds(dataset, 3, seed)
        assert sorted(one.number for fold in made for one in fold.valid) == list(range(1, 11))
        for fold in made:
            assert not {one.patient for one in fold.train} & {one.patient for one in fold.valid}
            assert len(fold.train) + len(fold.valid) == 10
            assert 3 <= len(fold.valid) <= 4


def test_numbers_at_the_end_of_names_will_do_for_patients(tmp_path):
    dataset = read_dataset(patients(training(tmp_path / "data"), "1,a\n2,a\n003,b\n4,c\n"))
    assert [one.patient for one in dataset.cases] == ["patient 1", "patient 1", "patient 2", "patient 3"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,a\n2,b\n3,c\n", "1 cases have no row"),
        ("1,a\n2,b\n3,c\n4,d\n7,e\n", "patients.csv, row 6: it names no case"),
        ("1,a\n1,b\n2,b\n3,c\n4,d\n", "patients.csv, row 3: a case has two patients"),
    ],
)
def test_patients_that_do_not_fit_are_refused_by_row(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        read_dataset(patients(training(tmp_path / "data"), rows))


def test_folds_are_drawn_by_seed(tmp_path):
    dataset = read_dataset(training(tmp_path / "data", 10))
    parts = [[one.number for one in fold.valid] for fold in folds(dataset, 5, 1)]
    assert parts == [[one.number for one in fold.valid] for fold in folds(dataset, 5, 1)]
    assert parts != [[one.number for one in fold.valid] for fold in folds(dataset, 5, 2)]
    assert [len(part) for part in parts] == [2] * 5
    with pytest.raises(DataError, match="choose from 2 to 10"):
        folds(dataset, 11)


def test_both_sides_of_the_decathlons_hippocampi_are_one_patient(tmp_path):
    dataset = read_dataset(training(tmp_path / "data", 5, name="hippocampus"))
    assert [one.patient[-1] for one in dataset.cases] == ["1", "1", "2", "2", "3"]
    assert any("two sides" in note for note in dataset.notes)


@pytest.mark.data
def test_the_real_hippocampi(benchmark_data):
    dataset = read_dataset(benchmark_data / "healthcare" / "hippocampus")
    assert len(dataset.cases) == 192
    assert [one.name for one in dataset.labels] == ["anterior", "posterior"]
    assert len({one.patient for one in dataset.cases}) == 147
    scan, mask = dataset.cases[0].read()
    assert scan.array.shape == mask.shape == (35, 51, 35)
    assert sorted(len(fold.valid) for fold in folds(dataset, 5)) == [38, 38, 38, 39, 39]
