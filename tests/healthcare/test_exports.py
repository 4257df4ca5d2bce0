"""Exports: NIfTI, CSV and DICOM of a finding; whole, repeatable, nameless, and never of two findings."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pydicom
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from series_writer import AFFINES, CANARY, VOXELS, assert_same_places, places, saved, series

from common.errors import DataError, StoreError
from common.intake import take
from common.intake.kinds import DICOM, NIFTI
from healthcare.data import Scan
from healthcare.dicom_seg_reader import read_segmentation
from healthcare.exports import ABOUT, nifti_bytes, volumes_table, write_exports
from healthcare.finding import RESEARCH_USE, Classified, Finding, Label, Segmented, Volume

LABELS = (Label(1, "liver"), Label(2, "=SUM(A1)"))
PDF = b"%PDF-1.4\n%%EOF"


def finding(affine: np.ndarray, voxels: np.ndarray = VOXELS, warnings: tuple[str, ...] = ()) -> Finding:
    mask = np.zeros(voxels.shape, np.uint8)
    mask[:3, :2, :2], mask[3:5, 1, 2] = 1, 2
    segmented = Segmented(
        mask=mask,
        uncertainty=(voxels // 12).astype(np.uint8),
        volumes=(Volume(LABELS[0], 1.23456, 1.1, 1.4, 0.9, 0.91), Volume(LABELS[1], 0.5)),
    )
    return Finding(
        summary="",
        tables={},
        warnings=(RESEARCH_USE, *warnings),
        provenance={"model": "test model", "model_sha256": "ab" * 32},
        scan=Scan(voxels, affine, (1.0, 1.0, 1.0), "MR"),
        segmented=segmented,
        labels=LABELS,
    )


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize(
    "dtype", ["uint8", "bool", "int16", "uint16", "int32", ">i2", "float16", "float32", "float64"]
)
def test_nifti_holds_values_and_place(name, dtype):
    array = (VOXELS % 100).astype(dtype)
    image = nib.Nifti1Image.from_bytes(gzip.decompress(nifti_bytes(array, AFFINES[name])))
    np.testing.assert_array_equal(np.asarray(image.dataobj), array)
    np.testing.assert_allclose(image.get_sform(), AFFINES[name], atol=1e-4)
    assert int(image.header["sform_code"]) == 1
    if name == "gantry tilted":
        assert int(image.header["qform_code"]) == 0
    else:
        np.testing.assert_allclose(image.get_qform(), AFFINES[name], atol=1e-4)
        assert int(image.header["qform_code"]) == 1
    assert image.header.get_xyzt_units()[0] == "mm"
    assert not any(bytes(image.header[field]).strip(b"\0") for field in ("descrip", "aux_file", "db_name"))


def test_nifti_of_one_volume_is_always_the_same_bytes(monkeypatch):
    first = nifti_bytes(VOXELS, AFFINES["oblique"])
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert nifti_bytes(VOXELS, AFFINES["oblique"]) == first
    assert first[4:8] == bytes(4)


def test_nifti_takes_volumes_of_plain_numbers_alone():
    for array, said in (
        (VOXELS[0], "no volume"),
        (VOXELS.astype(np.int64), "int64"),
        (VOXELS + 0j, "complex"),
    ):
        with pytest.raises(DataError, match=said):
            nifti_bytes(array, AFFINES["axial"])


def test_intake_reads_the_nifti_back(tmp_path):
    path = tmp_path / "mask.nii.gz"
    path.write_bytes(nifti_bytes(VOXELS, AFFINES["double oblique"]))
    arrays = take(path, [NIFTI]).parse().arrays
    np.testing.assert_array_equal(arrays["voxels"], VOXELS)
    np.testing.assert_allclose(arrays["affine"], AFFINES["double oblique"], atol=1e-4)


def test_volumes_are_a_table():
    table = volumes_table(finding(AFFINES["axial"]).segmented)
    assert list(table.columns) == [
        "structure",
        "volume_ml",
        "low_ml",
        "high_ml",
        "coverage",
        "predicted_dice",
    ]
    assert table.iloc[0].tolist() == ["liver", 1.2346, 1.1, 1.4, 0.9, 0.91]
    assert table.iloc[1, :2].tolist() == ["=SUM(A1)", 0.5]
    # A coverage without an interval would promise what is not there.
    assert table.iloc[1, 2:].isna().all()


def test_all_exports_of_a_series(tmp_path):
    affine = AFFINES["double oblique"]
    sources = series(affine, (3, 0, 5, 1, 4, 2))
    arrays = take(saved(sources, tmp_path / "in"), [DICOM]).parse().arrays
    made = finding(arrays["affine"], arrays["voxels"], ("Slices are thick.",))
    out = tmp_path / "out"
    written = write_exports(made, out, sources=sources, pdf=PDF, with_scan=True)
    assert sorted(path.name for path in written) == sorted(
        ["mask.nii.gz", "uncertainty.nii.gz", "scan.nii.gz", "segmentation.dcm", "report.dcm",
         "report-pdf.dcm", "volumes.csv", ABOUT]
    )  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in written)
    image = nib.load(out / "mask.nii.gz")
    segmentation = pydicom.dcmread(out / "segmentation.dcm")
    named = [(label.value, label.name) for label in LABELS]
    # NIfTI and DICOM of one finding mark the same places.
    assert_same_places(
        places(np.asarray(image.dataobj), image.affine),
        places(*read_segmentation(segmentation, labels=named)),
    )
    report = pydicom.dcmread(out / "report.dcm")
    assert report.SOPClassUID == pydicom.uid.Comprehensive3DSRStorage
    comments = [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
    assert comments.count(RESEARCH_USE) == 1
    assert comments[-1] == "Slices are thick."
    pdf = pydicom.dcmread(out / "report-pdf.dcm")
    assert pdf.EncapsulatedDocument.startswith(PDF)
    assert {one.StudyInstanceUID for one in (segmentation, report, pdf)} == {sources[0].StudyInstanceUID}
    table = pd.read_csv(out / "volumes.csv")
    assert table["structure"].tolist() == ["liver", "'=SUM(A1)"]
    assert (out / ABOUT).read_text().startswith(RESEARCH_USE)
    for path in written:
        data = path.read_bytes()
        assert CANARY.encode() not in (gzip.decompress(data) if path.suffix == ".gz" else data)


def test_a_nifti_scan_has_a_mask_and_a_word_on_the_segmentation(tmp_path):
    written = write_exports(finding(AFFINES["oblique"]), tmp_path, pdf=PDF)
    names = {path.name for path in written}
    assert names == {"mask.nii.gz", "uncertainty.nii.gz", "volumes.csv", ABOUT}
    assert "without a DICOM series" in (tmp_path / ABOUT).read_text()


def test_exports_of_two_findings_do_not_mix(tmp_path):
    affine = AFFINES["axial"]
    write_exports(finding(affine), tmp_path, sources=series(affine), pdf=PDF)
    kept = tmp_path / "scan.nii.gz"
    kept.write_bytes(b"the user's own")
    (tmp_path / "volumes.csv").write_bytes(b"edited since")
    classified = Classified({"a": 0.25, "b": 0.75}, ("b",), heat=np.ones(VOXELS.shape, np.float32))
    other = Finding("", {}, scan=Scan(VOXELS, affine, (1.0, 1.0, 1.0)), classified=classified)
    write_exports(other, tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"probabilities.csv", "heat.nii.gz", "scan.nii.gz", "volumes.csv", ABOUT}
    assert kept.read_bytes() == b"the user's own"
    table = pd.read_csv(tmp_path / "probabilities.csv")
    assert table["class"].tolist() == ["b", "a"]
    assert table["in_set"].tolist() == [True, False]


def test_a_picture_has_no_volumes(tmp_path):
    classified = Classified({"a": 1.0}, ("a",), heat=np.ones((4, 5), np.float32))
    picture = Finding("", {}, scan=Scan(np.zeros((4, 5)), None, None), classified=classified)
    source = series(AFFINES["axial"])[0]
    written = write_exports(picture, tmp_path, sources=[source], pdf=PDF)
    assert {path.name for path in written} == {"probabilities.csv", "report-pdf.dcm", ABOUT}


def test_sources_of_another_scan_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="does not lie on its pictures"):
        write_exports(finding(AFFINES["axial"]), tmp_path / "out", sources=series(AFFINES["coronal"]))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        write_exports(finding(AFFINES["axial"]), tmp_path / "out")


def test_dicom_files_are_whole(tmp_path):
    affine = AFFINES["sagittal"]
    write_exports(finding(affine), tmp_path, sources=series(affine), pdf=PDF)
    for path in tmp_path.glob("*.dcm"):
        data = path.read_bytes()
        assert data[128:132] == b"DICM"
        assert (
            pydicom.dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID
            == pydicom.uid.ExplicitVRLittleEndian
        )
