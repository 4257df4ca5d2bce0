from __future__ import annotations

import pytest
from made import AFFINE, CANARY, PERSON, dicom, folder, noise, study

from common.errors import DataError, IntakeError
from healthcare.data import read_scan
from healthcare.study import read_study

VOXELS, SMALL = noise(6, 5, 7), noise(4, 4, 3, seed=1)


def test_the_series_of_a_study_as_read_scan_counts_them(tmp_path):
    report = dicom(noise(4, 4), Modality="SR", SOPInstanceUID="1.9")
    other = study(SMALL, AFFINE, SeriesInstanceUID="1.2.3", Modality="MR", BurnedInAnnotation="YES")
    path = folder(tmp_path / PERSON, [*study(VOXELS, AFFINE), *other, report, study(VOXELS, AFFINE)[0]])
    found = read_study(path)
    assert [(one.number, one.modality, one.pictures, one.shape) for one in found.series] == [
        ("1", "CT", 7, (6, 5, 7)),
        ("2", "MR", 3, (4, 4, 3)),
    ]
    assert found.series[0].spacing_mm == (0.8, 0.8, 3.0)
    assert [one.burned_in for one in found.series] == ["not stated", "YES"]
    assert (found.persons, found.copies) == (1, 1)
    assert sum(found.others.values()) == 1
    for one in found.series:
        assert read_scan(path, series=one.number).array.shape == one.shape
    assert CANARY not in repr(found)
    assert "JANSEN" not in repr(found)


def test_a_series_that_makes_no_volume_says_why(tmp_path):
    files = study(VOXELS, AFFINE)
    del files[3]
    (found,) = read_study(folder(tmp_path / PERSON, files), called="scan 4").series
    assert found.problem.startswith("scan 4, series 1: 1 slice is missing")
    assert found.shape == ()


def test_two_persons_are_counted_and_never_named(tmp_path):
    other = study(SMALL, AFFINE, PatientID="another", SeriesInstanceUID="1.2.3")
    found = read_study(folder(tmp_path / PERSON, study(VOXELS, AFFINE) + other))
    assert found.persons == 2


def test_what_is_no_study_is_refused_without_its_name(tmp_path):
    path = folder(tmp_path / PERSON, [dicom(noise(4, 4), Modality="SR")])
    with pytest.raises(DataError, match=r"^the study: it holds no scan but a structured report"):
        read_study(path)
    (tmp_path / f"{PERSON}.csv").write_text("a\n1\n")
    with pytest.raises(IntakeError, match=r"^the study: ") as caught:
        read_study(tmp_path / f"{PERSON}.csv")
    assert CANARY not in repr(caught.value)
