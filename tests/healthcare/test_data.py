from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from made import AFFINE, CANARY, PERSON, dicom, folder, nifti, noise, study, world, zipped
from PIL import Image
from scipy.spatial.transform import Rotation

from common.errors import DataError, IntakeError, PilotError
from common.intake import take
from common.intake.kinds import DICOM
from healthcare.data import Scan, read_scan

VOXELS = noise(6, 5, 7)
SAGITTAL = np.array([[0, 0, 3.0, -60], [-1, 0, 0, 100], [0, -1, 0, 80], [0, 0, 0, 1]])
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = Rotation.from_euler("xz", [20, 33], degrees=True).as_matrix() @ np.diag([-1.0, -1.5, 4])
OBLIQUE[:3, 3] = 31, -17, 5
AFFINES = {"axial": AFFINE, "sagittal": SAGITTAL, "oblique": OBLIQUE}


def written(tmp_path, data: bytes, ending: str):
    path = tmp_path / f"{PERSON}{ending}"
    path.write_bytes(data)
    return path


def picture(array: np.ndarray, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, form)
    return out.getvalue()


def told(scan: Scan) -> str:
    return repr((scan.modality, scan.spacing_mm, scan.provenance, scan.notes))


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("order", [range(7), (6, 5, 4, 3, 2, 1, 0), (3, 0, 6, 1, 5, 2, 4)])
def test_slices_are_sorted_by_where_they_lie(tmp_path, affine, order):
    scan = read_scan(folder(tmp_path / PERSON, study(VOXELS, affine, order)))
    plain = read_scan(written(tmp_path, nifti(VOXELS, affine), ".nii"))
    assert world(scan.affine, scan.array) == world(plain.affine, plain.array) == world(affine, VOXELS)
    assert scan.spacing_mm == pytest.approx(np.linalg.norm(affine[:3, :3], axis=0), rel=1e-4)
    assert scan.is_volume
    assert scan.affine.dtype == np.float64
    assert scan.provenance["files"] == 7


def test_values_are_as_the_scanner_meant_them(tmp_path):
    files = study(VOXELS, AFFINE, RescaleSlope="1", RescaleIntercept="-1024")
    scan = read_scan(written(tmp_path, zipped(files), ".zip"))
    assert np.array_equal(scan.array, VOXELS.astype(int) - 1024)
    assert scan.modality == "CT"
    scaled = read_scan(folder(tmp_path / "scaled", study(VOXELS, AFFINE, RescaleSlope="0.5")))
    assert np.allclose(scaled.array, VOXELS * 0.5)


def test_several_series_are_told_apart(tmp_path):
    other = {"SeriesInstanceUID": "1.2.3.4", "Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}
    small = noise(4, 4, 3, seed=1)
    files = study(VOXELS, AFFINE) + study(small, SAGITTAL, **other)
    path = folder(tmp_path / "both", files)
    largest, second = read_scan(path), read_scan(path, series="2")
    assert np.array_equal(np.sort(largest.array, axis=None), np.sort(VOXELS, axis=None))
    assert any("number 1 of 2 series" in note for note in largest.notes)
    assert (largest.modality, largest.provenance["series_count"]) == ("CT", 2)
    assert (second.modality, second.array.shape, second.provenance["series"]) == ("MR", (4, 4, 3), 2)
    with pytest.raises(IntakeError, match="no such series"):
        read_scan(path, series="3")


def test_a_file_that_was_taken_in_already_is_read_as_well(tmp_path):
    path = folder(tmp_path / PERSON, study(VOXELS, AFFINE))
    taken = take(path, (DICOM,))
    assert told(read_scan(taken)) == told(read_scan(path))


def without(files: list[bytes], *gone: int) -> list[bytes]:
    return [data for number, data in enumerate(files) if number not in gone]


BAD = {
    "a slice is missing": (lambda: without(study(VOXELS, AFFINE), 3), "1 slice is missing"),
    "no position": (lambda: study(VOXELS, AFFINE, ImagePositionPatient=None), "where they lie"),
    "no orientation": (lambda: study(VOXELS, AFFINE, ImageOrientationPatient=None), "where they lie"),
    "no spacing": (lambda: study(VOXELS, AFFINE, PixelSpacing=None), "PixelSpacing is missing"),
    "a spacing of nothing": (lambda: study(VOXELS, AFFINE, PixelSpacing=[0.0, 0.0]), "no scan has"),
    "slices of two sizes": (
        lambda: study(VOXELS, AFFINE)[:4] + study(noise(9, 5, 7), AFFINE)[4:], "not all of one size",
    ),
    "slices in two directions": (
        lambda: study(VOXELS, AFFINE)[:4] + study(VOXELS, SAGITTAL)[4:], "different directions",
    ),
    "slices twice": (
        lambda: study(VOXELS, AFFINE) + study(noise(6, 5, 7, seed=1), AFFINE), "where another one",
    ),
    "absurd size": (lambda: [dicom(VOXELS[..., 0], Rows=60_000, Columns=60_000)], "declare"),
    "a transfer syntax that is not on the list": (
        lambda: [dicom(VOXELS[..., 0]).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.8\0")], "packed",
    ),
    "cut off": (lambda: [study(VOXELS, AFFINE)[0][:-20]], "cut off"),
    "no picture": (lambda: [dicom(VOXELS[..., 0], Modality="SR")], "holds no scan"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_what_makes_no_volume_is_one_sentence_without_a_name(tmp_path, make, said):
    path = folder(tmp_path / PERSON, make())
    with pytest.raises(PilotError, match=said) as caught:
        read_scan(path, called="scan 3")
    assert str(caught.value).startswith("scan 3")
    assert str(caught.value).count("\n") == 0
    assert caught.value.mend
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_the_name_of_a_file_in_a_folder_or_zip_is_not_said(tmp_path):
    path = folder(tmp_path / PERSON, study(VOXELS, AFFINE))
    (path / f"O'{PERSON}.dcm").symlink_to(path)
    (path / f"O'{PERSON}.dcm").unlink()
    (path / "inner").mkdir()
    (path / f"z'{PERSON}").symlink_to(path / "inner")
    with pytest.raises(IntakeError, match=r"^the scan: a file in it is a link") as caught:
        read_scan(path)
    assert CANARY not in repr(caught.value)
    twice = zipped(study(VOXELS, AFFINE), **{f"../{PERSON}'s": b"1"})
    with pytest.raises(IntakeError, match="the name of a file in it climbs out") as caught:
        read_scan(written(tmp_path, twice, ".zip"))
    assert CANARY not in repr(caught.value)


def test_geometry_is_never_invented(tmp_path):
    # Of a NIfTI without sform and qform others make an identity matrix (MONAI, issue 8468).
    data = bytearray(nifti(VOXELS, AFFINE))
    data[252:256] = bytes(4)
    with pytest.raises(DataError, match="neither sform nor qform is set"):
        read_scan(written(tmp_path, bytes(data), ".nii"))


def test_the_sample_of_nothing_that_identifies(tmp_path):
    scan = read_scan(folder(tmp_path / PERSON, study(VOXELS, AFFINE, BodyPartExamined=CANARY)))
    assert CANARY not in told(scan)
    assert "JANSEN" not in told(scan)
    assert "1.2.826" not in told(scan)
    assert scan.provenance["body_part"] == "other"
    assert len(scan.provenance["sha256"]) == 64


def test_one_volume_of_several_must_be_named(tmp_path):
    path = written(tmp_path, nifti(noise(6, 5, 4, 3), AFFINE), ".nii")
    with pytest.raises(DataError, match=r"it holds 3 volumes .*; state which one is meant, from 1 to 3"):
        read_scan(path)
    second = read_scan(path, volume=2)
    assert np.array_equal(second.array, noise(6, 5, 4, 3)[..., 1])
    assert (second.provenance["volume"], second.provenance["volumes"]) == (2, 3)
    with pytest.raises(DataError, match="choose one from 1 to 3"):
        read_scan(path, volume=4)
    alone = written(tmp_path, nifti(VOXELS, AFFINE), ".nii")
    assert read_scan(alone, volume=1).array.shape == VOXELS.shape
    with pytest.raises(DataError, match="it holds 1 volume"):
        read_scan(alone, volume=2)


def test_voxels_without_a_number_get_the_least_value_and_a_note(tmp_path):
    array = noise(6, 5, 4).astype(np.float32) + 7
    array[0, 0, 0], array[1, 1, 1] = np.nan, np.inf
    scan = read_scan(written(tmp_path, nifti(array, AFFINE), ".nii"))
    least = array[np.isfinite(array)].min()
    assert scan.array[0, 0, 0] == scan.array[1, 1, 1] == least
    assert np.isfinite(scan.array).all()
    assert sum("number" in note for note in scan.notes) == 2


def test_one_slice_alone_is_a_picture_and_says_so(tmp_path):
    scan = read_scan(folder(tmp_path / PERSON, study(VOXELS, AFFINE)[:1]))
    assert not scan.is_volume
    assert scan.array.shape == (5, 6)
    assert any("one slice alone" in note for note in scan.notes)


def test_a_radiograph(tmp_path):
    elements = {"Modality": "DX", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "ImageLaterality": "L"}
    scan = read_scan(written(tmp_path, dicom(noise(8, 9), **elements), ".dcm"))
    assert (scan.modality, scan.affine, scan.array.shape) == ("DX", None, (8, 9))
    assert scan.spacing_mm == (0.5, 0.75)
    assert scan.provenance["laterality"] == "L"
    assert not any("one slice" in note for note in scan.notes)


def test_burned_in_text_is_said(tmp_path):
    scan = read_scan(written(tmp_path, dicom(noise(8, 9), BurnedInAnnotation="YES"), ".dcm"))
    assert scan.provenance["burned_in"] == "YES"
    assert any("burned-in" in note for note in scan.notes)


def test_pictures_come_in_grey(tmp_path):
    deep = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    scan = read_scan(written(tmp_path, picture(deep), ".png"))
    assert np.array_equal(scan.array, deep)
    assert scan.array.dtype == np.uint16
    assert (scan.affine, scan.spacing_mm, scan.modality) == (None, None, "")
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    equal = read_scan(written(tmp_path, picture(np.stack([grey] * 3, axis=-1)), ".png"))
    assert np.array_equal(equal.array, grey)
    assert not any("colour" in note for note in equal.notes)


def test_a_colour_picture_comes_in_by_its_brightness_with_a_note(tmp_path):
    colours = np.zeros((2, 2, 3), np.uint8)
    colours[0, 0], colours[0, 1], colours[1, 0], colours[1, 1] = (255, 0, 0), (0, 255, 0), (0, 0, 255), 255
    scan = read_scan(written(tmp_path, picture(colours), ".png"))
    assert scan.array.tolist() == [[76, 150], [29, 255]]
    assert any("in colour" in note for note in scan.notes)
    lossy = read_scan(written(tmp_path, picture(colours[..., 0].repeat(8, 0).repeat(8, 1), "JPEG"), ".jpg"))
    assert any("loss" in note for note in lossy.notes)
    assert lossy.provenance["lossy"] is True


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(IntakeError, match=r"^the scan: this looks like") as caught:
        read_scan(written(tmp_path, b"%PDF-1.7 something", ".pdf"))
    assert CANARY not in repr(caught.value)
    with pytest.raises(IntakeError, match="there is no such file"):
        read_scan(tmp_path / f"{PERSON}.nii")
    text = written(tmp_path, b"a,b\n1,2\n", ".csv")
    with pytest.raises(DataError, match="this is no scan"):
        read_scan(take(text))


@pytest.mark.data
def test_the_real_series(benchmark_data):
    place = benchmark_data / "healthcare" / "dicom"
    whole = read_scan(place / "11-T1post-18670")
    crop = read_scan(place, series="2")
    assert (whole.array.shape, whole.spacing_mm) == ((280, 320, 22), (0.6875, 0.6875, 6.5))
    assert (crop.array.shape, crop.spacing_mm, crop.modality) == ((35, 51, 32), (1.0, 1.0, 1.0), "MR")
    assert whole.provenance["orientation"] == "LPS"
    assert any("lie 6.5 mm apart" in note for note in whole.notes)


def test_nothing_heavy_is_imported_before_it_is_needed():
    modules = ", ".join(f"healthcare.{name}" for name in ("data", "study", "dataset", "pictures", "doctor"))
    heavy = ("torch", "monai", "pandas", "nibabel", "pydicom", "PIL", "scipy")
    code = f"import sys, {modules}; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
