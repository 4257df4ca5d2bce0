"""Measurement reports and PDFs: what they say, where they are filed, and that they name nobody."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from series_writer import AFFINES, CANARY, ROOT, VOXELS, multiframe, series

from common.errors import DataError
from healthcare import terms
from healthcare.dicom_report import encapsulated_pdf, measurement_report
from healthcare.dicom_seg import segmentation_object
from healthcare.exports import file_bytes
from healthcare.finding import RESEARCH_USE, Label, Volume

LABELS = (Label(1, "anterior hippocampus"), Label(2, "posterior hippocampus"), Label(3, "kern ë"))
VOLUMES = (
    Volume(LABELS[0], 1.23456, 1.1, 1.4, 0.9, 0.912),
    Volume(LABELS[1], 0.75),
    Volume(LABELS[2], 0.0, 0.0, 0.02, 0.95),
)
MODEL = {"algorithm": "test model", "version": "abc123"}
WARNINGS = ("The slices are thicker than those the model learned from.",)
PDF = b"%PDF-1.4\n% odd number of bytes\n%%EOF"


def segmented(sources) -> pydicom.Dataset:
    mask = np.zeros(VOXELS.shape, np.uint8)
    mask[:3, :2, :2], mask[3:5, 1, 2] = 1, 2
    return segmentation_object(mask, AFFINES["oblique"], LABELS, sources, series_description="x", **MODEL)


@pytest.fixture(scope="module")
def sources() -> list[pydicom.Dataset]:
    return series(AFFINES["oblique"], (3, 0, 5, 1, 4, 2), ReferringPhysicianName="Dr " + CANARY)


@pytest.fixture(scope="module")
def segmentation(sources) -> pydicom.Dataset:
    return segmented(sources)


@pytest.fixture(scope="module")
def report(sources, segmentation) -> pydicom.Dataset:
    made = measurement_report(segmentation, sources, VOLUMES, warnings=WARNINGS, **MODEL)
    return pydicom.dcmread(io.BytesIO(file_bytes(made)))


def measured(group) -> dict[str, tuple[float, str]]:
    return {
        item.name.meaning: (float(item.value), f"{item.unit.value} {item.unit.scheme_designator}")
        for measurement in group.get_measurements()
        for item in measurement
    }


def test_volumes_are_in_ml_with_their_interval(report):
    content = highdicom.sr.Comprehensive3DSR.from_dataset(report).content
    groups = content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == [label.name for label in LABELS[:2]]
    assert measured(groups[0]) == {
        "Volume": (1.235, "ml UCUM"),
        "Lower limit of 90 % interval of volume": (1.1, "ml UCUM"),
        "Upper limit of 90 % interval of volume": (1.4, "ml UCUM"),
        "Predicted Dice coefficient": (0.912, "1 UCUM"),
    }
    assert measured(groups[1]) == {"Volume": (0.75, "ml UCUM")}
    volume = groups[0].get_measurements(name=terms.concept("118565006", "Volume"))[0]
    assert volume.unit == terms.millilitre()


def test_each_volume_refers_to_its_segment(report, segmentation, sources):
    content = highdicom.sr.Comprehensive3DSR.from_dataset(report).content
    groups = content.get_volumetric_roi_measurement_groups()
    for number, group in enumerate(groups, 1):
        content = {item.name.meaning: item for item in group[0].ContentSequence}
        segment = content["Referenced Segment"].ReferencedSOPSequence[0]
        assert segment.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert segment.ReferencedSegmentNumber == number
        assert sources[0].SeriesInstanceUID == content["Source Series for Segmentation"].UID
        assert group.tracking_uid == segmentation.SegmentSequence[number - 1].TrackingUID
        assert group.finding_type == terms.concept("5366008", "Hippocampus")
        assert group.finding_category.meaning == "Anatomical Structure"
        part = group.finding_sites[0].topographical_modifier.meaning.lower()
        assert group.tracking_identifier.startswith(part)


def test_a_structure_that_was_not_found_has_no_volume_but_no_segment_either(report):
    content = highdicom.sr.Comprehensive3DSR.from_dataset(report).content
    (group,) = content.get_image_measurement_groups()
    assert measured(group)["Volume"] == (0.0, "ml UCUM")
    assert measured(group)["Upper limit of 95 % interval of volume"] == (0.02, "ml UCUM")
    assert group.finding_type == terms.own("kern", "kern ë")
    assert report.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == terms.OWN_SCHEME


def test_the_observer_is_the_software_and_nothing_is_verified(report, sources):
    content = highdicom.sr.Comprehensive3DSR.from_dataset(report).content
    (observer,) = content.get_observer_contexts()
    assert observer.observer_type.meaning == "Device"
    assert observer.observer_identifying_attributes.name == "test model"
    assert report.VerificationFlag == "UNVERIFIED"
    assert report.PreliminaryFlag == "PRELIMINARY"
    assert "VerifyingObserverSequence" not in report
    assert "research use only" in report.SeriesDescription
    comments = [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
    assert comments[-2:] == [RESEARCH_USE, *WARNINGS]
    assert report.StudyInstanceUID == sources[0].StudyInstanceUID
    assert (report.PatientName, report.PatientID) == ("Subject 7", "S7")
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    other = report.get("PertinentOtherEvidenceSequence") or []
    held = [*evidence, *(one for item in other for one in item.ReferencedSeriesSequence)]
    referred = {one.ReferencedSOPInstanceUID for item in held for one in item.ReferencedSOPSequence}
    assert {one.SOPInstanceUID for one in sources} <= referred
    assert CANARY.encode() not in file_bytes(report)


def test_one_model_is_one_observer(sources, segmentation, report):
    again = measurement_report(segmentation, sources, VOLUMES, **MODEL)
    other = measurement_report(segmentation, sources, VOLUMES, algorithm="test model", version="2")
    uids = []
    for one in (report, again, other):
        content = highdicom.sr.Comprehensive3DSR.from_dataset(one).content
        uids.append(content.get_observer_contexts()[0].observer_identifying_attributes.uid)
    assert uids[0] == uids[1] != uids[2]


def test_multiframe_sources_can_be_reported():
    source = multiframe(AFFINES["oblique"])
    made = measurement_report(segmented([source]), [source], VOLUMES[:2], **MODEL)
    content = highdicom.sr.Comprehensive3DSR.from_dataset(made).content
    assert len(content.get_volumetric_roi_measurement_groups()) == 2


def test_what_does_not_belong_together_is_refused(sources, segmentation):
    with pytest.raises(DataError, match="of another series"):
        measurement_report(
            segmentation, series(AFFINES["oblique"], SeriesInstanceUID=ROOT + "9"), VOLUMES, **MODEL
        )
    with pytest.raises(DataError, match="no volumes"):
        measurement_report(segmentation, sources, (), **MODEL)


def test_dcmqi_reads_the_same_volumes(tmp_path, report):
    package = pytest.importorskip("dcmqi", reason="dcmqi, which reads reports, is not installed")
    path, out = tmp_path / "report.dcm", tmp_path / "report.json"
    path.write_bytes(file_bytes(report))
    tool = package._lookup("tid1500reader")
    subprocess.run([tool, "--inputDICOM", path, "--outputMetadata", out], check=True, capture_output=True)
    found = json.loads(out.read_text("utf-8"))
    assert found["VerificationFlag"] == "UNVERIFIED"
    first = found["Measurements"][0]
    assert first["TrackingIdentifier"] == "anterior hippocampus"
    assert first["ReferencedSegment"] == 1
    volume = first["measurementItems"][0]
    assert (volume["value"], volume["units"]["CodeValue"]) == ("1.235", "ml")


def test_a_pdf_is_filed_in_the_study(sources, segmentation):
    made = encapsulated_pdf(PDF, sources[0], title="Report", version="abc", references=[segmentation])
    found = pydicom.dcmread(io.BytesIO(file_bytes(made)))
    assert found.file_meta.MediaStorageSOPClassUID == pydicom.uid.EncapsulatedPDFStorage
    assert found.EncapsulatedDocumentLength == len(PDF)
    assert found.EncapsulatedDocument[: len(PDF)] == PDF
    assert len(found.EncapsulatedDocument) % 2 == 0
    assert found.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert found.StudyInstanceUID == sources[0].StudyInstanceUID
    assert found.SeriesInstanceUID not in (sources[0].SeriesInstanceUID, segmentation.SeriesInstanceUID)
    assert (found.PatientName, found.PatientID, found.Modality) == ("Subject 7", "S7", "DOC")
    assert found.BurnedInAnnotation == "NO"
    assert found.VerificationFlag == "UNVERIFIED"
    assert "research use only" in found.SeriesDescription
    referred = [item.ReferencedSOPInstanceUID for item in found.SourceInstanceSequence]
    assert referred == [sources[0].SOPInstanceUID, segmentation.SOPInstanceUID]
    assert CANARY.encode() not in file_bytes(found)


def test_a_pdf_needs_no_optional_element_of_its_source():
    source = pydicom.Dataset()
    source.SOPClassUID, source.SOPInstanceUID = pydicom.uid.DigitalXRayImageStorageForPresentation, ROOT + "1"
    source.StudyInstanceUID, source.SeriesInstanceUID = ROOT + "2", ROOT + "3"
    found = pydicom.dcmread(io.BytesIO(file_bytes(encapsulated_pdf(PDF, source, title="Report"))))
    assert found.PatientID == ""
    assert found.StudyInstanceUID == source.StudyInstanceUID
    with pytest.raises(DataError, match="no PDF document"):
        encapsulated_pdf(b"<html>", source, title="Report")
    del source.StudyInstanceUID
    with pytest.raises(DataError, match="has no StudyInstanceUID"):
        encapsulated_pdf(PDF, source, title="Report")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
def test_both_keep_to_the_standard(tmp_path, report, sources):
    for number, made in enumerate((report, encapsulated_pdf(PDF, sources[0], title="Report"))):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(file_bytes(made))
        done = subprocess.run(["dciodvfy", str(path)], check=False, capture_output=True, text=True)
        assert "Error" not in done.stderr + done.stdout
