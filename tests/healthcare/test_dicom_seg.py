"""DICOM Segmentations: what is marked in a pixel of the series is marked in that pixel, however cut."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from series_writer import (
    AFFINES,
    CANARY,
    ORDERS,
    ROOT,
    VOXELS,
    assert_same_places,
    multiframe,
    places,
    saved,
    series,
)

from common.errors import DataError, IntakeError, PilotError
from common.intake import take
from common.intake.kinds import DICOM, NIFTI
from healthcare.data import Scan
from healthcare.dicom_geometry import grid_of
from healthcare.dicom_seg import RESEARCH, segmentation_object
from healthcare.dicom_seg_reader import corrected_mask, read_segmentation
from healthcare.exports import file_bytes, nifti_bytes
from healthcare.finding import Label

LABELS = (
    Label(1, "anterior hippocampus", colour=(230, 159, 0)),
    Label(2, "posterior hippocampus", colour=(0, 114, 178)),
)
GIVEN = {"series_description": "Hippocampus", "algorithm": "test model", "version": "abc123"}


def marked(values: np.ndarray) -> np.ndarray:
    """A mask by the values of the scan, so that each pixel says by itself what it has to be."""
    return np.where(values > 2000, 2, np.where(values > 1000, 1, 0)).astype(np.uint8)


def cornered(shape: tuple[int, ...]) -> np.ndarray:
    """Marks in one corner, different along each axis, so that every flip and turn shows."""
    mask = np.zeros(shape, np.uint8)
    mask[:5, :3, :2] = 1
    mask[0, 0, 1:4] = 2
    mask[3:5, 1, 2] = 2
    return mask


def moved(affine: np.ndarray, x_mm: float) -> np.ndarray:
    out = affine.copy()
    out[0, 3] += x_mm
    return out


def parsed(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    arrays = take(folder, [DICOM]).parse().arrays
    return arrays["voxels"], arrays["affine"]


def reread(segmentation: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(file_bytes(segmentation)))


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("order", ORDERS)
def test_pixel_exact_from_series_to_segmentation(tmp_path, name, order):
    sources = series(AFFINES[name], ORDERS[order])
    voxels, affine = parsed(saved(sources, tmp_path / "in"))
    np.testing.assert_allclose(grid_of(sources).affine, affine, atol=1e-9)
    mask = marked(voxels)
    made = reread(segmentation_object(mask, affine, LABELS, sources[::-1], **GIVEN))
    by_number = {one.SOPInstanceUID: one for one in sources}
    pixels = made.pixel_array
    for frame, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        origin = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        source = by_number[origin]
        value = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        np.testing.assert_array_equal(pixels[frame], marked(source.pixel_array) == value)
        assert group.PlanePositionSequence[0].ImagePositionPatient == source.ImagePositionPatient
    shared = made.SharedFunctionalGroupsSequence[0]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == sources[0].ImageOrientationPatient
    assert shared.PixelMeasuresSequence[0].PixelSpacing == sources[0].PixelSpacing
    back, at = read_segmentation(made)
    assert_same_places(places(back, at), places(mask, affine))


def test_frames_of_a_multiframe_series_are_found_by_place(tmp_path):
    for name, order in (("axial", "mixed"), ("double oblique", "reversed")):
        source = multiframe(AFFINES[name], ORDERS[order])
        voxels, affine = parsed(saved([source], tmp_path / name))
        scales = [g.PixelValueTransformationSequence[0].RescaleSlope
                  for g in source.PerFrameFunctionalGroupsSequence]  # fmt: skip
        values = source.pixel_array * np.array(scales, np.float64)[:, None, None]
        made = reread(segmentation_object(marked(voxels), affine, LABELS, [source], **GIVEN))
        for frame, group in enumerate(made.PerFrameFunctionalGroupsSequence):
            number = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber - 1
            value = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            np.testing.assert_array_equal(made.pixel_array[frame], marked(values[number]) == value)
            own = source.PerFrameFunctionalGroupsSequence[number].PlanePositionSequence[0]
            assert group.PlanePositionSequence[0].ImagePositionPatient == own.ImagePositionPatient


def test_gaps_in_the_instance_numbers_do_not_matter():
    sources = series(AFFINES["oblique"])
    for one, number in zip(sources, (90, 3, 41, 7, 1, 12), strict=True):
        one.InstanceNumber = number
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, AFFINES["oblique"], LABELS, sources, **GIVEN)
    assert_same_places(places(*read_segmentation(made)), places(mask, AFFINES["oblique"]))


@pytest.mark.parametrize("name", AFFINES)
def test_nifti_and_dicom_of_one_scan_give_one_segmentation(tmp_path, name):
    sources = series(AFFINES[name])
    mask = cornered(VOXELS.shape)
    image = nib.as_closest_canonical(nib.Nifti1Image(mask, AFFINES[name]))
    path = tmp_path / "mask.nii"
    path.write_bytes(image.to_bytes())
    arrays = take(path, [NIFTI]).parse().arrays
    theirs = segmentation_object(arrays["voxels"], arrays["affine"], LABELS, sources, **GIVEN)
    ours = segmentation_object(mask, AFFINES[name], LABELS, sources, **GIVEN)
    assert theirs.PixelData == ours.PixelData
    np.testing.assert_array_equal(read_segmentation(theirs)[1], read_segmentation(ours)[1])


@pytest.mark.parametrize("name", AFFINES)
def test_highdicom_reads_it_where_it_lies(tmp_path, name):
    sources = series(AFFINES[name], ORDERS["mixed"])
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, AFFINES[name], LABELS, sources, **GIVEN)
    path = tmp_path / "segmentation.dcm"
    path.write_bytes(file_bytes(made))
    found = highdicom.seg.segread(path)
    assert found.number_of_segments == 2
    assert found.segmentation_type.value == "BINARY"
    if name == "gantry tilted":
        return  # highdicom makes no volume of slices that are shifted against each other
    volume = found.get_volume(combine_segments=True)
    to_ras = np.diag([-1.0, -1, 1, 1])
    assert_same_places(places(volume.array, to_ras @ volume.affine), places(mask, AFFINES[name]))


def dcmqi(tool: str, *arguments: str | Path) -> None:
    package = pytest.importorskip("dcmqi", reason="dcmqi, which reads segmentations, is not installed")
    done = subprocess.run(
        [package._lookup(tool), *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "type 2)" not in done.stderr


def third_party(segmentation: pydicom.Dataset, folder: Path) -> dict[int, np.ndarray]:
    """Where dcmqi finds the voxels of each segment."""
    folder.mkdir()
    path = folder / "segmentation.dcm"
    path.write_bytes(file_bytes(segmentation))
    dcmqi("segimage2itkimage", "--inputDICOM", path, "--outputDirectory", folder, "--outputType", "nii")
    out: dict[int, np.ndarray] = {}
    for file in folder.glob("*.nii.gz"):
        image = nib.load(file)
        out |= places(np.asarray(image.dataobj), image.affine)
    return out


@pytest.mark.parametrize("name", [name for name in AFFINES if name != "gantry tilted"])
def test_a_third_party_finds_every_voxel_at_its_place(tmp_path, name):
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, AFFINES[name], LABELS, series(AFFINES[name]), **GIVEN)
    found = third_party(made, tmp_path / "out")
    assert_same_places(found, places(mask, AFFINES[name]), within_mm=1e-3)


@pytest.mark.parametrize("name", ["axial", "double oblique"])
def test_a_mask_that_another_program_made_comes_back(tmp_path, name):
    affine = AFFINES[name]
    sources = saved(series(affine), tmp_path / "in")
    mask = cornered(VOXELS.shape)
    itk = tmp_path / "mask.nii.gz"
    itk.write_bytes(nifti_bytes(mask, affine))
    meta = tmp_path / "meta.json"
    meta.write_text(META)
    out = tmp_path / "corrected.dcm"
    dcmqi("itkimage2segimage", "--inputImageList", itk, "--inputDICOMDirectory", sources,
          "--inputMetadata", meta, "--outputDICOM", out, "--skip", "1")  # fmt: skip
    voxels, at = parsed(sources)
    scan = Scan(voxels, at, (1.0, 1.0, 1.0))
    found = corrected_mask(out, scan, LABELS)
    # In the file the structures stand in the other order; their names tell them apart.
    assert_same_places(places(found, at), {3 - v: where for v, where in places(mask, affine).items()})


META = """{"ContentCreatorName": "", "SeriesDescription": "s", "SeriesNumber": "1", "InstanceNumber": "1",
 "@schema": "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/seg-schema.json#",
 "segmentAttributes": [[
 {"labelID": 1, "SegmentLabel": "Posterior hippocampus", "SegmentDescription": "p", "SegmentAlgorithmType":
  "MANUAL", "SegmentedPropertyCategoryCodeSequence": {"CodeValue": "91723000", "CodingSchemeDesignator":
  "SCT", "CodeMeaning": "Anatomical Structure"}, "SegmentedPropertyTypeCodeSequence": {"CodeValue":
  "5366008", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Hippocampus"}},
 {"labelID": 2, "SegmentLabel": "Anterior hippocampus", "SegmentDescription": "a", "SegmentAlgorithmType":
  "MANUAL", "SegmentedPropertyCategoryCodeSequence": {"CodeValue": "91723000", "CodingSchemeDesignator":
  "SCT", "CodeMeaning": "Anatomical Structure"}, "SegmentedPropertyTypeCodeSequence": {"CodeValue":
  "5366008", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Hippocampus"}}]]}"""


@pytest.mark.data
@pytest.mark.parametrize("name", ["11-T1post-18670", "13_HCropVolume"])
def test_real_series_come_back_where_they_lay(benchmark_data, tmp_path, name):
    folder = benchmark_data / "healthcare" / "dicom" / name
    sources = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    np.random.default_rng(0).shuffle(sources)
    voxels, affine = parsed(folder)
    mask = cornered(voxels.shape)
    mask[-3:, -2:, -1] = 2
    made = segmentation_object(mask, affine, LABELS, sources, **GIVEN)
    assert_same_places(places(*read_segmentation(made)), places(mask, affine), within_mm=5e-3)
    path = tmp_path / "mine.dcm"
    path.write_bytes(file_bytes(made))
    scan = Scan(voxels, affine, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(corrected_mask(path, scan, LABELS), mask)
    assert_same_places(third_party(made, tmp_path / "out"), places(mask, affine), within_mm=5e-3)


def test_it_says_what_it_is_and_names_nobody():
    sources = series(AFFINES["axial"], InstitutionName="Hospital " + CANARY, Manufacturer="Maker",
                     ReferringPhysicianName="Dr " + CANARY, OperatorsName=CANARY)  # fmt: skip
    made = reread(segmentation_object(cornered(VOXELS.shape), AFFINES["axial"], LABELS, sources, **GIVEN))
    assert made.ContentDescription == RESEARCH
    assert "research use only" in made.SeriesDescription
    assert "research use only" in made.ManufacturerModelName
    assert made.ContentCreatorName == ""
    assert made.SoftwareVersions == "abc123"
    for segment, label in zip(made.SegmentSequence, LABELS, strict=True):
        assert segment.SegmentAlgorithmType == "AUTOMATIC"
        assert segment.SegmentAlgorithmName == "test model"
        assert segment.SegmentLabel == label.name
        kind = segment.SegmentedPropertyTypeCodeSequence[0]
        assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("5366008", "SCT")
        part = kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning
        assert part.lower() == label.name.split()[0]
    assert made.PatientName == "Subject 7"
    assert made.PatientID == "S7"
    assert made.StudyInstanceUID == sources[0].StudyInstanceUID
    assert made.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
    assert made.SeriesInstanceUID != sources[0].SeriesInstanceUID
    listed = made.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {item.ReferencedSOPInstanceUID for item in listed} == {one.SOPInstanceUID for one in sources}
    assert CANARY.encode() not in file_bytes(made)


@pytest.mark.parametrize("name", ["JANSEN", "a=b=c=d=e", "^" * 9 + "JANSEN", "Jansén^Zoë=\u6c34"])
def test_no_name_reaches_a_warning_or_log(name, caplog, recwarn):
    caplog.set_level(0)
    sources = series(AFFINES["axial"])
    for one in sources:
        one["PatientName"] = pydicom.DataElement("PatientName", "PN", name, already_converted=True)
    recwarn.clear()
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, AFFINES["axial"], LABELS, sources, **GIVEN)
    data = file_bytes(made)
    assert pydicom.dcmread(io.BytesIO(data)).PatientName == name
    said = caplog.text + " ".join(str(one.message) for one in recwarn)
    assert name not in said
    assert "JANSEN" not in said


def test_long_and_foreign_words_fit():
    labels = (Label(1, "noyau caudé gauche ẞ " + "x" * 80, meaning="y" * 90, code="11000004"),)
    sources = series(AFFINES["axial"])
    given = {"series_description": "Œ" * 70, "algorithm": "m\\n" * 40, "version": "v" * 90}
    mask = (cornered(VOXELS.shape) == 1).astype(np.uint8)
    made = reread(segmentation_object(mask, AFFINES["axial"], labels, sources, **given))
    assert made.SegmentSequence[0].SegmentLabel.startswith("noyau caudé gauche ẞ")
    assert made.SeriesDescription.endswith("(research use only)")
    assert max(len(made.SeriesDescription), len(made.SegmentSequence[0].SegmentAlgorithmName)) <= 64


@pytest.mark.parametrize(
    "absent",
    ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
     "AccessionNumber", "ReferringPhysicianName", "SliceThickness", "InstanceNumber", "Modality",
     "SpecificCharacterSet", "SeriesDescription"],
)  # fmt: skip
def test_no_optional_element_is_needed(absent):
    sources = series(AFFINES["sagittal"], **{absent: None})
    notes: list[str] = []
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, AFFINES["sagittal"], LABELS, sources, notes=notes, **GIVEN)
    assert_same_places(places(*read_segmentation(reread(made))), places(mask, AFFINES["sagittal"]))
    assert notes == []


def test_ill_formed_elements_are_left_out():
    sources = series(AFFINES["axial"])
    ill = {"PatientBirthDate": b"unknown!", "PatientSex": b"X ", "StudyDate": b"2020-1-1",
           "StudyTime": b"noon", "PatientAge": b"old ", "SpacingBetweenSlices": b"-99 "}  # fmt: skip
    for one in sources:
        for name, value in ill.items():
            tag = pydicom.tag.Tag(pydicom.datadict.tag_for_keyword(name))
            vr = pydicom.datadict.dictionary_VR(tag)
            one[tag] = pydicom.dataelem.RawDataElement(tag, vr, len(value), value, 0, False, True)
    mask = cornered(VOXELS.shape)
    made = reread(segmentation_object(mask, AFFINES["axial"], LABELS, sources, **GIVEN))
    assert made.PatientSex == ""
    assert "PatientAge" not in made
    assert not made.PatientBirthDate
    assert_same_places(places(*read_segmentation(made)), places(mask, AFFINES["axial"]))


def test_a_missing_frame_of_reference_is_made_and_said():
    sources = series(AFFINES["axial"], FrameOfReferenceUID=None)
    notes: list[str] = []
    mask = cornered(VOXELS.shape)
    made = [segmentation_object(mask, AFFINES["axial"], LABELS, sources, notes=notes, **GIVEN) for _ in "ab"]
    assert made[0].FrameOfReferenceUID == made[1].FrameOfReferenceUID
    assert "frame of reference" in notes[0]
    assert "FrameOfReferenceUID" not in sources[0]


def test_sources_are_not_changed():
    sources = series(AFFINES["axial"], ORDERS["mixed"])
    before = [one.to_json() for one in sources]
    segmentation_object(cornered(VOXELS.shape), AFFINES["axial"], LABELS, sources, **GIVEN)
    assert [one.to_json() for one in sources] == before


def test_structures_are_numbered_as_listed_and_absent_ones_left_out():
    labels = (Label(7, "liver"), Label(4, "spleen"), Label(2, "prostate"))
    mask = np.where(cornered(VOXELS.shape) == 1, 2, np.where(cornered(VOXELS.shape) == 2, 7, 0)).astype(
        np.uint8
    )
    made = segmentation_object(mask, AFFINES["coronal"], labels, series(AFFINES["coronal"]), **GIVEN)
    assert [item.SegmentLabel for item in made.SegmentSequence] == ["liver", "prostate"]
    named = [(label.value, label.name) for label in labels]
    assert_same_places(places(*read_segmentation(made, labels=named)), places(mask, AFFINES["coronal"]))


def test_nothing_marked_is_a_segmentation_too():
    made = reread(segmentation_object(np.zeros(VOXELS.shape, np.uint8), AFFINES["axial"], LABELS,
                                      series(AFFINES["axial"]), **GIVEN))  # fmt: skip
    assert [item.SegmentLabel for item in made.SegmentSequence] == [label.name for label in LABELS]
    mask, affine = read_segmentation(made)
    assert not mask.any()
    np.testing.assert_allclose(affine, AFFINES["axial"], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, m, a: (s[1:], m, a), "does not lie on its pictures"),
        (lambda s, m, a: (s, m[1:], a), "does not lie on its pictures"),
        (lambda s, m, a: (s, m, a @ np.diag([1, 1, 1.1, 1])), "does not lie on its pictures"),
        (lambda s, m, a: (s, m, moved(a, 0.1)), "does not lie on its pictures"),
        (lambda s, m, a: (s, m, moved(a, -0.8)), "does not lie on its pictures"),
        (lambda s, m, a: (s, m, AFFINES["coronal"]), "does not lie on its pictures"),
        (lambda s, m, a: (s, np.full_like(m, 9), a), "numbers that no structure has: 9"),
        (lambda s, m, a: ([*s, s[0]], m, a), "lie in one place"),
        (lambda s, m, a: (s[:2] + s[3:], m[:, :, :5], a), "unevenly, or some are missing"),
        (lambda s, m, a: ([], m, a), "no picture"),
        (lambda s, m, a: (series(a, ImagePositionPatient=None), m, a), "does not say its ImagePosition"),
        (lambda s, m, a: (series(a, PixelSpacing=None), m, a), "does not say its PixelSpacing"),
        (lambda s, m, a: (series(a, StudyInstanceUID=None), m, a), "no StudyInstanceUID"),
        (lambda s, m, a: (series(a, SOPClassUID="1.2.3.4"), m, a), "private kind"),
        (lambda s, m, a: (s[:3] + series(a, SeriesInstanceUID=ROOT + "9")[3:], m, a), "differ in SeriesInst"),
        (lambda s, m, a: (s[:3] + series(a, FrameOfReferenceUID=ROOT + "9")[3:], m, a), "differ in FrameOf"),
        (lambda s, m, a: (s[:3] + series(AFFINES["oblique"])[3:], m, a), "differ in size, direction"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(change, said):
    affine = AFFINES["axial"]
    sources, mask, at = change(series(affine), cornered(VOXELS.shape), affine)
    with pytest.raises(DataError, match=said) as caught:
        segmentation_object(mask, at, LABELS, sources, **GIVEN)
    assert caught.value.mend
    assert CANARY not in str(caught.value)
    assert ROOT not in str(caught.value)


def scan_of(affine: np.ndarray) -> Scan:
    return Scan(VOXELS, affine, (1.0, 1.0, 1.0))


def test_a_corrected_nifti_mask_is_laid_on_the_scan(tmp_path):
    affine = AFFINES["double oblique"]
    mask = cornered(VOXELS.shape)
    path = tmp_path / f"{CANARY}.nii"
    path.write_bytes(nib.as_closest_canonical(nib.Nifti1Image(mask, affine)).to_bytes())
    np.testing.assert_array_equal(corrected_mask(path, scan_of(affine), LABELS), mask)
    with pytest.raises(DataError, match="the corrected mask: it does not lie on the voxels") as caught:
        corrected_mask(path, scan_of(moved(affine, 0.4)), LABELS)
    assert CANARY not in str(caught.value)
    with pytest.raises(DataError, match="no mask of these structures"):
        corrected_mask(path, scan_of(affine), LABELS[:1])


def test_a_label_map_is_read(tmp_path):
    affine = AFFINES["oblique"]
    sources = series(affine)
    mask = cornered(VOXELS.shape)
    made = segmentation_object(mask, affine, LABELS, sources, **GIVEN)
    for one in sources:
        one.PatientSex = one.StudyID = one.StudyDate = one.StudyTime = one.AccessionNumber = ""
    again = highdicom.seg.Segmentation(
        sources, np.ascontiguousarray(mask.T), "LABELMAP",
        [highdicom.seg.SegmentDescription.from_dataset(item) for item in made.SegmentSequence],
        ROOT + "31", 1, ROOT + "32", 1, "m", "m", "1", "1",
    )  # fmt: skip
    path = tmp_path / "map.dcm"
    path.write_bytes(file_bytes(again))
    np.testing.assert_array_equal(corrected_mask(path, scan_of(affine), LABELS), mask)


def changed(change) -> bytes:
    made = segmentation_object(
        cornered(VOXELS.shape), AFFINES["axial"], LABELS, series(AFFINES["axial"]), **GIVEN
    )
    made = reread(made)
    change(made)
    return file_bytes(made)


def overlap(made: pydicom.Dataset) -> None:
    groups = list(made.PerFrameFunctionalGroupsSequence)
    for group in groups:
        if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 2:
            group.PlanePositionSequence = groups[0].PlanePositionSequence


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: changed(overlap), r"structures overlap \(voxels: "),
        (lambda: changed(lambda m: setattr(m, "SegmentationType", "FRACTIONAL")), "in part"),
        (lambda: changed(lambda m: setattr(m.SegmentSequence[1], "SegmentLabel", CANARY)), "segment 2 of 2"),
        (lambda: changed(lambda m: delattr(m, "SharedFunctionalGroupsSequence")), "not say its ImageOrient"),
        (lambda: changed(lambda m: delattr(m, "SegmentSequence")), "damaged"),
        (lambda: changed(lambda m: setattr(m, "PixelData", b"\0\0")), "damaged"),
        (lambda: changed(lambda m: setattr(m, "NumberOfFrames", 10**8)), "declares 100,000,000 frames"),
        (lambda: file_bytes(series(AFFINES["axial"])[0]), "no DICOM Segmentation"),
        (lambda: changed(lambda m: None)[:-200], "longer than what is there"),
        (lambda: b"%PDF-1.4 " + bytes(400), "this looks like"),
    ],
)  # fmt: skip
def test_a_mask_that_makes_no_sense_is_refused_in_one_sentence(tmp_path, data, said):
    path = tmp_path / f"{CANARY}.dcm"
    path.write_bytes(data())
    with pytest.raises(PilotError, match=said) as caught:
        corrected_mask(path, scan_of(AFFINES["axial"]), LABELS)
    assert isinstance(caught.value, DataError | IntakeError)
    assert CANARY not in str(caught.value)
    assert str(caught.value).startswith("the corrected mask")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("name", AFFINES)
def test_it_keeps_to_the_standard(tmp_path, name):
    made = segmentation_object(cornered(VOXELS.shape), AFFINES[name], LABELS, series(AFFINES[name]), **GIVEN)
    path = tmp_path / "segmentation.dcm"
    path.write_bytes(file_bytes(made))
    done = subprocess.run(["dciodvfy", str(path)], check=False, capture_output=True, text=True)
    assert "Error" not in done.stderr + done.stdout
