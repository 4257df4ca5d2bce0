"""NIfTI: geometry and values as nibabel has them, and what is refused before voxels are loaded."""

from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from scans import CANARY, header_changed, nifti, noise

from common.errors import DataError, IntakeError
from common.intake import kinds, take

OBLIQUE = np.array([[0.9, 0.2, 0.1, -40], [-0.3, 1.1, 0.2, 20], [0.1, -0.2, 2.9, 7.5], [0, 0, 0, 1]])
VOXELS = noise(7, 6, 5)


def parse(tmp_path, data, name="scan.nii", **options):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.NIFTI]).parse(**options)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_values_and_affine_are_nibabels(tmp_path, dtype, version, big, packed):
    data = nifti(noise(7, 6, 5, dtype=dtype, most=100), OBLIQUE, version, big)
    image = (nib.Nifti1Image if version == 1 else nib.Nifti2Image).from_bytes(data)
    found = parse(tmp_path, gzip.compress(data) if packed else data)
    np.testing.assert_array_equal(found.arrays["voxels"], np.asarray(image.dataobj))
    np.testing.assert_allclose(found.arrays["affine"], image.affine, atol=1e-6)
    assert found.arrays["voxels"].dtype == np.dtype(dtype)
    assert found.arrays["voxels"].dtype.isnative
    assert found.facts["orientation"] == "".join(nib.aff2axcodes(image.affine))
    np.testing.assert_allclose(found.facts["spacing_mm"], nib.affines.voxel_sizes(image.affine), rtol=1e-5)
    assert found.facts["voxel_mm3"] == pytest.approx(abs(np.linalg.det(OBLIQUE[:3, :3])), rel=1e-5)
    assert CANARY not in repr(found)


@pytest.mark.parametrize("seed", range(20))
def test_orientation_is_nibabels(tmp_path, seed):
    turned, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turned * [1, 2, 3]
    assert parse(tmp_path, nifti(VOXELS, affine)).facts["orientation"] == "".join(nib.aff2axcodes(affine))


def test_slope_and_intercept_are_applied(tmp_path):
    data = header_changed(nifti(VOXELS), 112, "2f", 0.5, -10)
    found = parse(tmp_path, data)
    assert found.arrays["voxels"].dtype == np.float32
    expected = np.asarray(nib.Nifti1Image.from_bytes(data).dataobj)
    np.testing.assert_array_equal(found.arrays["voxels"], expected)
    assert found.facts["scaled"] is True
    assert parse(tmp_path, header_changed(data, 112, "2f", 0, 5)).facts["scaled"] is False


@pytest.mark.parametrize(("code", "factor", "name"), [(1, 1000, "m"), (2, 1, "mm"), (3, 0.001, "micron")])
def test_lengths_come_in_mm(tmp_path, code, factor, name):
    affine = np.diag([1 / factor, 1 / factor, 2 / factor, 1])
    found = parse(tmp_path, header_changed(nifti(VOXELS, affine), 123, "B", code))
    np.testing.assert_allclose(found.facts["spacing_mm"], [1, 1, 2], rtol=1e-6)
    assert (found.facts["xyz_unit"], found.facts["voxel_mm3"]) == (name, pytest.approx(2))
    assert not found.notes


def test_unknown_unit_is_noted(tmp_path):
    assert "unit of lengths" in parse(tmp_path, header_changed(nifti(VOXELS), 123, "B", 0)).notes[0]


def test_qform_counts_where_there_is_no_sform(tmp_path):
    image = nib.Nifti1Image(VOXELS, None)
    affine = np.diag([-2.0, 2, 3, 1])
    image.set_qform(affine, 1)
    image.set_sform(None, 0)
    image.header.set_xyzt_units("mm")
    found = parse(tmp_path, image.to_bytes())
    np.testing.assert_allclose(found.arrays["affine"], affine)
    assert (found.facts["geometry"], found.facts["orientation"]) == ("qform", "LAS")


def test_two_orientations_that_differ_are_noted(tmp_path):
    image = nib.Nifti1Image(VOXELS, np.eye(4))
    image.set_qform(np.diag([1.0, 1, -1, 1]), 1)
    image.set_sform(np.eye(4), 2)
    image.header.set_xyzt_units("mm")
    found = parse(tmp_path, image.to_bytes())
    assert (found.facts["geometry"], found.facts["geometry_frame"]) == ("sform", "aligned")
    assert "sform and qform" in " ".join(found.notes)


def test_series_in_time_and_trailing_axes(tmp_path):
    found = parse(tmp_path, nifti(noise(5, 4, 3, 2)))
    assert found.facts["shape"] == [5, 4, 3, 2]
    assert found.facts["time_step_s"] == 1
    assert parse(tmp_path, nifti(noise(5, 4, 3, 1, 1))).facts["shape"] == [5, 4, 3]


def test_extension_with_a_name_is_passed_over(tmp_path):
    image = nib.Nifti1Image.from_bytes(nifti(VOXELS))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", CANARY.encode()))
    found = parse(tmp_path, image.to_bytes())
    np.testing.assert_array_equal(found.arrays["voxels"], VOXELS)
    assert CANARY not in repr(found)


def test_not_a_number_is_noted_with_its_share(tmp_path):
    voxels = np.ones((4, 5, 5), np.float32)
    voxels[0, 0, :3] = np.nan, np.inf, -np.inf
    assert "3.00 %" in parse(tmp_path, nifti(voxels)).notes[0]
    with pytest.raises(DataError, match="no voxel"):
        parse(tmp_path, nifti(np.full((4, 5, 5), np.nan)))


def test_a_large_mask_of_nearly_nothing_loads(tmp_path):
    mask = np.zeros((512, 512, 300), np.uint8)
    mask[200:210, 200:210, 100:110] = 1
    data = gzip.compress(nifti(mask), 9)
    assert len(data) * 400 < mask.nbytes
    assert parse(tmp_path, data, "mask.nii.gz").arrays["voxels"].sum() == 1000


def test_single_slice_only_where_it_is_allowed(tmp_path):
    data = nifti(noise(8, 9))
    with pytest.raises(DataError, match="no volume: it has 8 × 9"):
        parse(tmp_path, data)
    assert parse(tmp_path, data, allow_2d=True).arrays["voxels"].shape == (8, 9, 1)
    with pytest.raises(DataError, match="no volume"):
        parse(tmp_path, nifti(noise(8, 9, 1)))


def sform(*rows: float) -> bytes:
    return header_changed(nifti(VOXELS), 280, "12f", *rows)


HOSTILE = {
    "declares more than there is": (header_changed(nifti(VOXELS), 42, "3h", 70, 60, 50), "cut off"),
    "declares 32767 cubed": (header_changed(nifti(VOXELS), 42, "3h", 32767, 32767, 32767), "are taken in"),
    "negative": (header_changed(nifti(VOXELS), 44, "h", -5), "length of -5 along axis 2"),
    "zero": (header_changed(nifti(VOXELS), 46, "h", 0), "length of 0 along axis 3"),
    "99 axes": (header_changed(nifti(VOXELS), 40, "h", 99), "99 axes"),
    "vectors": (nifti(noise(5, 4, 3, 1, 3)), "vectors"),
    "complex": (header_changed(nifti(VOXELS), 70, "2h", 32, 64), "complex"),
    "colour": (header_changed(nifti(VOXELS), 70, "2h", 128, 24), "RGB"),
    "unknown type": (header_changed(nifti(VOXELS), 70, "2h", 7, 16), "code 7"),
    "cut": (nifti(VOXELS)[:-1], "cut off"),
    "cut header": (nifti(VOXELS)[:347] + b"\0", "cut off"),
    "cut gzip": (gzip.compress(nifti(VOXELS))[:-9], "cut off"),
    "damaged gzip": (gzip.compress(nifti(VOXELS), 0)[:-6] + b"abcdef", "damaged"),
    "pair": (header_changed(nifti(VOXELS), 344, "4s", b"ni1\0"), "pair"),
    "offset within header": (header_changed(nifti(VOXELS), 108, "f", 100), "where voxels begin"),
    "offset far away": (header_changed(nifti(VOXELS), 108, "f", 1e30), "where voxels begin"),
    "endless slope": (header_changed(nifti(VOXELS), 112, "2f", np.inf, 0), "scaling"),
    "slope of 1e38": (header_changed(nifti(VOXELS), 112, "2f", 3e38, 0), "scaling"),
    "intercept NaN": (header_changed(nifti(VOXELS), 112, "2f", 2, np.nan), "scaling"),
    "no geometry": (header_changed(nifti(VOXELS), 252, "2h", 0, 0), "neither sform nor qform"),
    "affine of zeros": (sform(*[0] * 12), "0 mm"),
    "affine NaN": (sform(*[np.nan] * 12), "no number"),
    "affine endless": (sform(1, 0, 0, np.inf, 0, 1, 0, 0, 0, 0, 1, 0), "no number"),
    "affine flat": (sform(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0), "one plane"),
    "spacing of a nanometre": (sform(1e-6, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0), "no scan"),
    "spacing of 2 m": (sform(2000, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0), "no scan"),
    "far away": (sform(1, 0, 0, 1e9, 0, 1, 0, 0, 0, 0, 1, 0), "kilometre"),
    "quaternion of 9": (
        header_changed(header_changed(nifti(VOXELS), 252, "2h", 1, 0), 256, "3f", 9, 9, 9),
        "no rotation",
    ),
    "bomb": (gzip.compress(nifti(np.zeros((512, 512, 300), np.float32)), 9), "one value"),
    "endless stream": (gzip.compress(nifti(VOXELS) + bytes(90 << 20), 9), "grows past"),
    "gzip declares too much": (
        gzip.compress(header_changed(nifti(VOXELS), 42, "3h", 32767, 32767, 4)),
        "are taken in",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(tmp_path, name):
    data, said = HOSTILE[name]
    with pytest.raises((IntakeError, DataError), match=said) as caught:
        parse(tmp_path, data)
    assert str(caught.value).startswith("scan.nii: ")
    assert caught.value.mend


def test_bytes_behind_the_voxels_are_noted(tmp_path):
    for data in (nifti(VOXELS) + bytes(99), gzip.compress(nifti(VOXELS) + bytes(99))):
        assert "99 bytes" in parse(tmp_path, data).notes[0]


def test_wrong_number_of_bits_is_noted(tmp_path):
    assert "32 bits" in parse(tmp_path, header_changed(nifti(VOXELS), 72, "h", 32)).notes[0]


def test_real_scans_are_nibabels(tmp_path, benchmark_data):
    for path in sorted((benchmark_data / "healthcare" / "hippocampus").glob("*/*.nii.gz"))[::40]:
        image, found = nib.load(path), take(path, [kinds.NIFTI]).parse()
        np.testing.assert_array_equal(found.arrays["voxels"], np.asarray(image.dataobj))
        np.testing.assert_array_equal(found.arrays["affine"], image.affine)


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "scan.nii", [kinds.NIFTI])
    small = nifti(noise(4, 3, 3), OBLIQUE)
    forms = (small, nifti(noise(4, 3, 3, dtype="f4"), None, 2, True), gzip.compress(small))

    @fuzzed
    @given(hostile(*forms, head=352))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 20, attempts.report()
