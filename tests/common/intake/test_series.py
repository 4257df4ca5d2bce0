"""DICOM series: the same volume as NIfTI whatever way it was cut, and what is missing, doubled or mixed."""

from __future__ import annotations

import io
import itertools
import zipfile

import numpy as np
import pytest
from scans import CANARY, ROOT, dicom, enhanced, nifti, noise, plane, study, world, zipped

from common.errors import PilotError
from common.intake import kinds, take

VOXELS = noise(6, 5, 7)
AXIAL = np.array([[-0.8, 0, 0, 90], [0, -0.8, 0, 110], [0, 0, 3, -40], [0, 0, 0, 1.0]])
SAGITTAL = np.array([[0, 0, 3.0, -60], [-1, 0, 0, 100], [0, -1, 0, 80], [0, 0, 0, 1]])
CORONAL = np.array([[-1.0, 0, 0, 90], [0, 0, 3, -60], [0, -1, 0, 80], [0, 0, 0, 1]])
FLIPPED = AXIAL @ np.diag([1.0, 1, -1, 1])


def turned(degrees: float, other: float) -> np.ndarray:
    a, b = np.radians(degrees), np.radians(other)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([-0.9, -1.3, 4.5])
    affine[:3, 3] = 31, -17, 5
    return affine


def tilted() -> np.ndarray:
    affine = AXIAL.copy()
    affine[1, 2] = 0.6
    return affine


AFFINES = {
    "axial": AXIAL,
    "sagittal": SAGITTAL,
    "coronal": CORONAL,
    "from head to foot": FLIPPED,
    "oblique": turned(20, 33),
    "steeply oblique": turned(50, -70),
    "gantry tilted": tilted(),
}
ORDERS = {"in order": range(7), "reversed": range(6, -1, -1), "mixed": (3, 0, 6, 1, 5, 2, 4)}


def parse(tmp_path, data, name="study.zip", **options):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.DICOM, kinds.NIFTI]).parse(**options)


def refused(tmp_path, data, said, **options):
    with pytest.raises(PilotError, match=said) as caught:
        parse(tmp_path, data, **options)
    assert caught.value.mend
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("form", ["files", "frames"])
def test_dicom_and_nifti_of_one_volume_are_the_same(tmp_path, name, order, form):
    affine = AFFINES[name]
    if form == "frames":
        voxels = VOXELS * np.arange(1, 8, dtype=np.int16)
        found = parse(tmp_path, enhanced(VOXELS, affine, ORDERS[order]), "scan.dcm")
    else:
        voxels = VOXELS
        found = parse(tmp_path, zipped(study(VOXELS, affine, ORDERS[order])))
    other = parse(tmp_path, nifti(voxels, affine), "scan.nii")
    ours, theirs = found.arrays, other.arrays
    assert world(ours["affine"], ours["voxels"]) == world(theirs["affine"], theirs["voxels"])
    corners = [[*corner, 1] for corner in itertools.product(*([0, n - 1] for n in voxels.shape))]
    at = {tuple((ours["affine"] @ c)[:3].round(3) + 0.0) for c in np.array(corners)}
    assert at == {tuple((affine @ c)[:3].round(3) + 0.0) for c in np.array(corners)}
    assert sorted(found.facts["spacing_mm"]) == pytest.approx(sorted(other.facts["spacing_mm"]))
    assert found.facts["voxel_mm3"] == pytest.approx(other.facts["voxel_mm3"], rel=1e-5)
    assert ("right angles" in " ".join(found.notes)) == (name == "gantry tilted")


def test_folder_gives_what_its_zip_gives(tmp_path):
    folder = tmp_path / "study"
    (folder / CANARY).mkdir(parents=True)
    for number, data in enumerate(study(VOXELS, AXIAL)):
        (folder / CANARY / f"IM{number}").write_bytes(data)
    (folder / "readme.txt").write_text(CANARY)
    found = take(folder, [kinds.DICOM]).parse()
    np.testing.assert_array_equal(found.arrays["voxels"], VOXELS)
    np.testing.assert_allclose(found.arrays["affine"], AXIAL, atol=1e-9)
    assert "no DICOM" in found.notes[0]
    assert CANARY not in repr(found.facts) + repr(found.notes)


def test_rescaling_differs_from_slice_to_slice(tmp_path):
    files = [
        dicom(VOXELS[:, :, k].T.copy(), RescaleSlope=0.5 * (k + 1), RescaleIntercept=0, Modality="PT",
              SOPInstanceUID=f"{ROOT}{k + 1}", **plane(AXIAL, k))
        for k in range(7)
    ]  # fmt: skip
    found = parse(tmp_path, zipped(files))
    np.testing.assert_allclose(found.arrays["voxels"], VOXELS * 0.5 * np.arange(1, 8))
    assert found.facts["rescale"] == "per slice"


def test_missing_slices_are_counted(tmp_path):
    refused(tmp_path, zipped(study(VOXELS, AXIAL, [0, 1, 2, 4, 5])), r"1 slice is missing \(1 after slice 3")
    refused(tmp_path, zipped(study(VOXELS, AXIAL, [0, 1, 4, 6])), "3 slices are missing")
    refused(tmp_path, enhanced(VOXELS, AXIAL, [0, 1, 2, 5, 6]), "2 slices are missing")


def test_slices_left_out_evenly_are_noted(tmp_path):
    files = [
        study(VOXELS, AXIAL, [k], InstanceNumber=k + 1, SOPInstanceUID=f"{ROOT}{k + 1}")[0]
        for k in (0, 2, 4, 6)
    ]
    assert "jump by 2" in " ".join(parse(tmp_path, zipped(files)).notes)


def test_uneven_distances(tmp_path):
    def moved(k: int, mm: float) -> bytes:
        shifted = AXIAL.copy()
        shifted[2, 3] += mm
        return dicom(VOXELS[:, :, k].T.copy(), SOPInstanceUID=f"{ROOT}{k + 1}", **plane(shifted, k))

    refused(tmp_path, zipped([moved(k, float(k == 3)) for k in range(7)]), "unevenly, from 2 to 4 mm")
    found = parse(tmp_path, zipped([moved(k, 0.1 * (k == 3)) for k in range(7)]))
    assert "differ by 3.3 %" in " ".join(found.notes)
    assert not parse(tmp_path, zipped([moved(k, 0.001 * (k % 2)) for k in range(7)])).notes


def test_copies_of_a_file_are_left_out_and_other_doubles_refused(tmp_path):
    files = study(VOXELS, AXIAL)
    found = parse(tmp_path, zipped([*files, files[2]]))
    np.testing.assert_array_equal(found.arrays["voxels"], VOXELS)
    assert "copies of the same file were left out: 1" in found.notes
    doubled = study(VOXELS + np.int16(1), AXIAL, [2], SOPInstanceUID=ROOT + "99")
    refused(tmp_path, zipped([*files, *doubled]), "1 of its 8 slices lie where another one does")


@pytest.mark.parametrize("mark", ["EchoTime", "TemporalPositionIdentifier", "AcquisitionNumber", "ImageType"])
def test_echoes_and_times_are_told_apart(tmp_path, mark):
    values = (["ORIGINAL", "M"], ["ORIGINAL", "P"]) if mark == "ImageType" else (1, 2)
    files = []
    for part, value in enumerate(values):
        for k in range(7):
            uid = f"{ROOT}{part + 1}.{k}"
            pixels = (VOXELS[:, :, k] + np.int16(part)).T.copy()
            files.append(dicom(pixels, SOPInstanceUID=uid, **{mark: value}, **plane(AXIAL, k)))
    for part in (0, 1):
        found = parse(tmp_path, zipped(files), series=str(part + 1))
        np.testing.assert_array_equal(found.arrays["voxels"], VOXELS + part)
        assert f"part {part + 1} of 2 by {mark}" in " ".join(found.notes)


def test_the_largest_series_is_read_and_the_rest_named(tmp_path):
    small = study(VOXELS[:, :, :3], SAGITTAL, SeriesInstanceUID=ROOT + "5", Modality="MR")
    report = dicom(VOXELS[:, :, 0], SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None)
    data = zipped([*small, *study(VOXELS, AXIAL), report], DICOMDIR=b"x" * 200)
    found = parse(tmp_path, data)
    assert (found.facts["shape"], found.facts["series"], found.facts["series_count"]) == ([6, 5, 7], 1, 2)
    said = " ".join(found.notes)
    assert "2: MR, 3 pictures of 5 × 6" in said
    assert "structured report" in said
    assert ROOT not in said
    other = parse(tmp_path, data, series="2")
    assert (other.facts["shape"], other.facts["orientation"]) == ([6, 5, 3], "PIR")
    for wrong in ("3", "0", "-1", "x"):
        refused(tmp_path, data, "no such series; it holds 2", series=wrong)


def test_a_hospitals_disc_with_its_viewer(tmp_path):
    viewer = {f"AUTO/part{n}.dll": b"MZ" + bytes(200) for n in range(120)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in viewer.items():
            archive.writestr(name, data)
        for number, data in enumerate(study(VOXELS, AXIAL)):
            archive.writestr(f"DICOM/PAT1/IM{number}", data)
    found = parse(tmp_path, out.getvalue())
    np.testing.assert_array_equal(found.arrays["voxels"], VOXELS)
    assert "no DICOM (120)" in found.notes[0]


def test_x_rays_stand_for_themselves(tmp_path):
    views = [
        dicom(VOXELS[:, :, k].T.copy(), Modality="CR", SOPInstanceUID=f"{ROOT}{k + 1}") for k in range(2)
    ]
    found = parse(tmp_path, zipped(views), series="2")
    assert (found.facts["shape"], found.facts["series_count"]) == ([5, 6], 2)


def changed(name: str, value, number: int = 3) -> bytes:
    files = study(VOXELS, AXIAL)
    files[number] = study(VOXELS, AXIAL, [number], **{name: value})[0]
    return zipped(files)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed("PixelSpacing", None), "PixelSpacing is missing"),
        (changed("PixelSpacing", [0.8, 0.9]), "differ in PixelSpacing"),
        (changed("ImagePositionPatient", None), "where they lie"),
        (changed("ImagePositionPatient", [float("nan"), 0, 0]), "ImagePositionPatient cannot be read"),
        (changed("ImagePositionPatient", [-40, -110, -31]), "above the other"),
        (changed("ImageOrientationPatient", [1, 0, 0, 0, 0, 1]), "2 different directions"),
        (zipped(study(VOXELS, AXIAL, PixelSpacing=[0, 0])), "0 × 0 mm"),
        (zipped(study(VOXELS, AXIAL, ImageOrientationPatient=[0, 0, 0, 0, 0, 0])), "no pair of directions"),
        (zipped(study(VOXELS, AXIAL) + study(noise(8, 8, 1), AXIAL, SOPInstanceUID=ROOT + "9")), "one size"),
        (zipped([b"plain text"]), "something else"),
        (enhanced(VOXELS, AXIAL, NumberOfFrames=6), "6 frames and describes 7"),
        (enhanced(VOXELS, AXIAL, [0, 1, 1, 2]), "1 of its 4 slices lie where"),
    ],
)
def test_refused(tmp_path, data, said):
    refused(tmp_path, data, said)


def test_real_series_lies_where_its_files_say(benchmark_data):
    import pydicom

    folder = benchmark_data / "healthcare" / "dicom" / "11-T1post-18670"
    found = take(folder, [kinds.DICOM]).parse()
    for path in sorted(folder.iterdir())[::5]:
        one = pydicom.dcmread(path)
        at = np.diag([-1.0, -1.0, 1.0]) @ np.array(one.ImagePositionPatient, float)
        x, y, z = np.linalg.solve(found.arrays["affine"], [*at, 1])[:3].round(2)
        assert (x, y, z) == (0, 0, round(z))
        np.testing.assert_array_equal(found.arrays["voxels"][:, :, int(z)].T, one.pixel_array)


def test_two_persons_make_no_volume_together(tmp_path):
    files = study(VOXELS, AXIAL)
    others = study(VOXELS + 1, AXIAL, PatientID="BSN2" + CANARY)
    for mixed in (files[:4] + others[4:], [*files, *others[:3]], [*others[:3], *files]):
        found = parse(tmp_path, zipped(mixed))
        kept = found.facts["files"]
        assert (kept, found.facts["series_count"]) == (4 if len(mixed) == 7 else 7, 2)
        np.testing.assert_array_equal(found.arrays["voxels"], VOXELS[:, :, :kept])
        assert CANARY not in str(found.facts) + str(found.notes)
