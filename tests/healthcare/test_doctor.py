from __future__ import annotations

import shutil

import numpy as np
import pytest
from made import AFFINE, CANARY, PERSON, blob, dicom, folder, nifti, noise, npz, study, training
from test_doctor_twins import scenes

from common.errors import DataError, IntakeError
from common.results import read_result
from healthcare.doctor import check, write
from healthcare.doctor_counts import published
from healthcare.doctor_outliers import far_off


def problems(result) -> set[tuple[str, str, str]]:
    table = result.tables["problems"]
    return set(zip(table["severity"], table["kind"], table["where"], strict=True))


def quiet(result) -> None:
    """Nothing that could be a person's stands anywhere in a result."""
    told = repr((result.summary, result.numbers, result.warnings, result.provenance))
    told += "".join(table.to_csv() for table in result.tables.values())
    assert CANARY not in told
    assert "JANSEN" not in told


def labelled(train: int = 40, val: int = 20) -> dict[str, np.ndarray]:
    pictures = scenes(train + val, 28, 28)
    return {
        "train_images": pictures[:train], "train_labels": np.arange(train) % 2,
        "val_images": pictures[train:], "val_labels": np.arange(val) % 2,
    }  # fmt: skip


def test_sound_pictures_have_no_problem(tmp_path):
    result = check(npz(tmp_path / f"{PERSON}.npz", **labelled()), classes=["well", "ill"])
    assert len(result.tables["problems"]) == 0
    assert result.numbers == {"errors": 0, "warnings": 0, "notes": 0}
    assert result.tables["overview"].to_dict("list")["pictures"] == [20, 20, 10, 10]
    assert "nothing wrong was found" in result.summary
    assert len(result.provenance["input_sha256"]) == 64
    quiet(result)


def test_each_planted_fault_among_pictures_is_found(tmp_path):
    held = labelled()
    train, val = held["train_images"], held["val_images"]
    val[4] = train[6]  # both of class 0
    train[31] = train[3]  # both of class 1
    train[8] = train[11]  # of different classes
    val[2] = np.rint(train[20] * 0.7 + 20)[:, ::-1]
    train[15] = 77
    result = check(npz(tmp_path / "x.npz", **held), classes=["well", "ill"])
    assert problems(result) == {
        ("error", "twins across parts", "train[6], val[4]"),
        ("warning", "twins within a part", "train[3], train[31]"),
        ("error", "conflicting labels", "train[8], train[11]"),
        ("warning", "near twins across parts", "train[20], val[2]"),
        ("error", "empty pictures", "train[15]"),
    }
    table = result.tables["problems"]
    assert any("labelled well and ill" in what for what in table["what"])
    assert any("mirrored" in what for what in table["what"])
    assert list(table["severity"]) == sorted(table["severity"])  # error, warning
    assert (result.numbers["errors"], result.numbers["twins_across_parts"]) == (3, 1)
    assert "Mend the errors" in result.summary


def test_missing_and_rare_classes_are_said(tmp_path):
    held = labelled(63, 20)
    held["train_labels"] = np.array([0] * 61 + [1] * 2)
    held["val_labels"][:] = 0
    found = problems(check(npz(tmp_path / "x.npz", **held)))
    assert found == {("warning", "missing classes", "val"), ("note", "rare classes", "train")}


def test_changed_counts_of_a_known_data_set_are_errors(tmp_path):
    held = labelled(12, 6)
    result = check(npz(tmp_path / "pneumoniamnist.npz", **held))
    table = result.tables["problems"]
    assert list(table["kind"]) == ["changed counts"] * 2
    assert "12 pictures, and PneumoniaMNIST as published 4,708" in table["what"][0]
    assert "taken for PneumoniaMNIST" in result.summary


def test_a_flipped_label_of_a_known_data_set_is_seen_in_its_counts(tmp_path):
    from healthcare.doctor_counts import against
    from healthcare.pictures import Pictures

    def made(normal: int) -> Pictures:
        labels = np.array([0] * normal + [1] * (4708 - normal))
        return Pictures({"train": np.zeros((4708, 1, 1), np.uint8)}, {"train": labels}, ("a", "b"), "")

    original = published(made(1214))
    assert original is not None
    assert original.name == "PneumoniaMNIST"
    assert against(made(1214), original) == []
    (one,) = against(made(1213), original)
    assert one.what == "its classes count 1,213/3,495, and those of PneumoniaMNIST as published 1,214/3,494"


def test_volumes_in_an_npz_are_compared_as_well(tmp_path):
    volumes = scenes(12, 20, 20, 20)
    volumes[9] = volumes[2]
    held = {
        "train_images": volumes[:8], "train_labels": np.arange(8) % 2,
        "test_images": volumes[8:], "test_labels": (np.arange(4) + 1) % 2,
    }  # fmt: skip
    result = check(npz(tmp_path / "x.npz", **held))
    assert ("error", "twins across parts", "train[2], test[1]") in problems(result)
    assert "volumes" in result.summary


def test_a_sound_training_folder_has_no_problem(tmp_path):
    said = []
    path = training(tmp_path / PERSON, 9)
    result = check(path, progress=lambda done, words: said.append((done, words)))
    assert problems(result) == set()
    overview = result.tables["overview"].set_index("label")
    assert overview["cases"].tolist() == [9, 9]
    assert overview["median_ml"]["front"] == pytest.approx(4 * 6 * 4 * 0.8 * 0.8 * 3 / 1000)
    assert result.tables["geometry"].set_index("quantity")["median"]["voxels along axis 2"] == 14
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert said[-1][0] == 1.0
    from healthcare.dataset import read_dataset

    assert result.provenance["input_sha256"] == read_dataset(path).sha256
    quiet(result)


def test_each_planted_fault_of_a_training_folder_is_found(tmp_path):
    path = training(tmp_path / "data", 16)
    shape = (12, 14, 10)

    def put(part: str, number: int, array: np.ndarray, affine: np.ndarray = AFFINE) -> None:
        (path / part / f"{PERSON}_{number:03d}.nii").write_bytes(nifti(array, affine))

    mask = np.zeros(shape, np.uint8)
    mask[2:6, 2:8, 2:6], mask[6:9, 2:8, 2:6] = 1, 2
    put("imagesTr", 2, blob(shape, 1))  # case 1 again, with the same mask
    put("imagesTr", 3, blob(shape, 4))  # case 4 again, with another mask
    put("labelsTr", 3, np.roll(mask, 1, 0))
    put("labelsTr", 5, np.zeros((12, 14, 9), np.uint8))
    put("labelsTr", 6, mask * 3)
    put("labelsTr", 7, np.where(mask == 2, 0, mask))
    put("labelsTr", 8, mask * 0)
    put("imagesTr", 9, np.full(shape, 5, np.float32))
    put("imagesTr", 10, blob(shape, 10), AFFINE @ np.diag([3, 3, 3, 1]))
    put("labelsTr", 10, mask, AFFINE @ np.diag([3, 3, 3, 1]))
    put("imagesTr", 11, blob(shape, 12) * 2 + 100)  # case 12 with another contrast
    (path / "imagesTr" / f"{PERSON}_013.nii").write_bytes(b"junk")
    (path / "labelsTr" / f"{PERSON}_014.nii").unlink()
    (path / "imagesTs").mkdir()
    shutil.copy(path / "imagesTr" / f"{PERSON}_015.nii", path / "imagesTs" / "again.nii")
    result = check(path)
    assert problems(result) == {
        ("error", "twins across patients", "case 1, case 2"),
        ("error", "conflicting labels", "case 3, case 4"),
        ("error", "twins across patients", "case 3, case 4"),
        ("error", "unreadable", "case 5, mask"),
        ("error", "unreadable", "case 6, mask"),
        ("warning", "missing labels", "case 7"),
        ("warning", "empty masks", "case 8"),
        ("error", "empty scans", "case 9"),
        ("note", "unusual spacing", "case 10"),
        ("note", "unusual volumes", "case 10"),
        ("warning", "near twins across patients", "case 11, case 12"),
        ("error", "unreadable", "case 13"),
        ("error", "layout", "dataset.json, training case 14"),
        ("error", "twins across parts", "case 15, test 1"),
    }
    quiet(result)


def test_a_count_that_dataset_json_does_not_keep_is_a_warning(tmp_path):
    result = check(training(tmp_path / "data", 4, described={"numTraining": 5}))
    assert problems(result) == {("warning", "layout", "dataset.json")}


def test_a_label_that_is_in_no_mask_is_an_error(tmp_path):
    labels = {"0": "background", "1": "front", "2": "back", "3": "nothing"}
    result = check(training(tmp_path / "data", 4, described={"labels": labels}))
    assert problems(result) == {("error", "missing labels", "all cases")}


def test_one_scan_is_a_volume_or_an_error(tmp_path):
    result = check(folder(tmp_path / PERSON, study(noise(6, 5, 7), AFFINE)))
    assert problems(result) == set()
    assert result.summary.startswith("Looked at 1 scan in 1 DICOM series")
    assert result.tables["series"]["voxels"].tolist() == ["6 × 5 × 7"]
    quiet(result)
    (tmp_path / f"{PERSON}.nii").write_bytes(b"junk")
    with pytest.raises(IntakeError) as caught:
        check(tmp_path / f"{PERSON}.nii")
    assert CANARY not in repr(caught.value)


def test_what_is_wrong_in_a_study_is_told_series_by_series(tmp_path):
    gap = study(noise(5, 4, 6, seed=2), AFFINE, SeriesInstanceUID="1.2.3")
    del gap[3]
    burned = study(noise(4, 4, 3, seed=1), AFFINE, SeriesInstanceUID="1.2.4", BurnedInAnnotation="YES")
    stranger = study(noise(3, 4, 3, seed=3), AFFINE, SeriesInstanceUID="1.2.5", PatientID="another")
    whole = study(noise(6, 5, 7), AFFINE)
    result = check(folder(tmp_path / PERSON, [*whole, *gap, *burned, *stranger, whole[0], dicom(
        noise(4, 4), Modality="SR", SOPInstanceUID="1.9")]))  # fmt: skip
    found = problems(result)
    assert {
        ("error", "several persons", "the scan"),
        ("error", "no volume", "the scan, series 2"),
        ("warning", "burned-in text", "the scan, series 3"),
        ("warning", "copies of files", "the scan"),
        ("note", "passed over", "the scan"),
    } <= found
    assert len(result.tables["series"]) == 4
    assert result.tables["series"]["voxels"][1] == "no volume"
    quiet(result)


def test_a_folder_of_scans_is_looked_at_part_by_part(tmp_path):
    top = tmp_path / PERSON
    for part in ("train", "test"):
        (top / part).mkdir(parents=True)
    (top / "train" / f"{PERSON}_1.nii").write_bytes(nifti(blob((9, 9, 9), 1), AFFINE))
    (top / "train" / f"{PERSON}_2.nii").write_bytes(b"junk")
    flipped = AFFINE @ np.array([[-1, 0, 0, 8], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    (top / "test" / f"{PERSON}_1.nii").write_bytes(nifti(blob((9, 9, 9), 1)[::-1], flipped))
    folder(top / "test" / f"{PERSON}_series", study(noise(6, 5, 7), AFFINE))
    (top / "read me.txt").write_text("hello")
    result = check(top)
    # The same place in the body has the same value, whichever way its voxels are stored: not mirrored.
    assert problems(result) == {
        ("error", "unreadable", "scan 4"),
        ("warning", "near twins across parts", "scan 1, scan 3"),
        ("note", "mixed orientation", "all scans"),
    }
    assert not any("mirrored" in what for what in result.tables["problems"]["what"])
    assert result.tables["scans"]["part"].tolist() == ["test", "test", "train"]
    quiet(result)


def test_what_is_not_there_or_holds_nothing_is_refused(tmp_path):
    with pytest.raises(IntakeError, match="the data: there is no such file"):
        check(tmp_path / f"{PERSON}.npz")
    with pytest.raises(DataError, match="there is no scan in it"):
        check(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(IntakeError, match="this is a link"):
        check(tmp_path / "link")


def test_what_was_found_is_written(tmp_path):
    held = labelled()
    held["val_images"][4] = held["train_images"][6]
    result = check(npz(tmp_path / "x.npz", **held))
    write(result, tmp_path / "out")
    assert read_result(tmp_path / "out").summary == result.summary
    lines = (tmp_path / "out" / "problems.csv").read_text().splitlines()
    assert lines[0] == "severity,kind,what,where,mend"
    assert len(lines) == 2


def test_far_off_is_measured_by_the_spread_of_the_rest():
    values = [10.0, 11, 9, 10.5, 9.5, 10, 10.2, 9.9, 30, float("nan")]
    assert far_off(values) == [8]
    assert far_off(values, floor=10) == []
    assert far_off(values[6:]) == []
    assert far_off([5.0] * 20) == []


@pytest.mark.data
def test_eight_real_radiographs_stand_in_both_parts(benchmark_data, monkeypatch):
    from healthcare import doctor_twins

    monkeypatch.setattr(doctor_twins, "MANY", 1000)  # the way of large sets, which takes less time
    result = check(benchmark_data / "healthcare" / "pneumonia_train_val.npz", classes=["normal", "pneumonia"])
    assert result.numbers == {
        "errors": 8, "warnings": 16, "notes": 0, "twins_across_parts": 8, "twins_within_a_part": 16,
    }  # fmt: skip
    assert "taken for PneumoniaMNIST" in result.summary


@pytest.mark.data
def test_hippocampi_of_one_person_are_noticed_where_names_do_not_tell(benchmark_data, tmp_path):
    source = benchmark_data / "healthcare" / "hippocampus"
    for part in ("imagesTr", "labelsTr"):
        (tmp_path / part).mkdir()
        for path in (source / part).iterdir():
            shutil.copy(path, tmp_path / part / path.name.replace("hippocampus", "scan"))
    result = check(tmp_path)
    assert problems(result) == {
        ("warning", "relatives", "all cases"), ("note", "mixed brightness", "all scans"),
    }  # fmt: skip
    assert "files numbered 2k−1 and 2k look alike" in " ".join(result.warnings)
