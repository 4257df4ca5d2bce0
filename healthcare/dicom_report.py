"""Findings as DICOM that an archive files beside the scan: measurements (TID 1500) and the report as PDF.

The observer is the software; no person is named and nothing is called verified. The patient and study are
those of the sources.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.errors import DataError
from healthcare import terms
from healthcare.dicom_geometry import grid_of
from healthcare.dicom_seg import marked
from healthcare.dicom_sources import CHARACTERS, MANUFACTURER, MODEL_NAME, cut, heading, name_taken, referable
from healthcare.finding import RESEARCH_USE

if TYPE_CHECKING:
    from highdicom.sr import (
        Measurement,
        MeasurementsAndQualitativeEvaluations,
        ObservationContext,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom import Dataset

    from healthcare.finding import Volume

PDF_STORAGE = "1.2.840.10008.5.1.4.1.1.104.1"
REPORT_SERIES_NUMBER, PDF_SERIES_NUMBER = 9102, 9103
_DECIMALS = 3


def measurement_report(
    segmentation: Dataset,
    sources: Sequence[Dataset],
    volumes: Sequence[Volume],
    *,
    algorithm: str,
    version: str,
    warnings: Sequence[str] = (),
) -> Dataset:
    """Make a measurement report (Comprehensive 3D SR, TID 1500): each structure's volume in ml.

    The volume of a segmented structure refers to its segment. Limits of the volume's interval and the
    predicted Dice, for which no standard has a code, have codes of the project's own scheme and stand beside
    it. That it is for research only, and each warning, is a comment at the end.

    Args:
        segmentation: of `segmentation_object`, made of the same sources.
        sources: the series.
        volumes: one a structure.
        algorithm: name of the model.
        version: of the model.
        warnings: one sentence each.

    Returns:
        An unverified, preliminary report, ready for `dcmwrite` or to be sent.

    Raises:
        DataError: no volumes, or the segmentation is of another series.
    """
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import Comprehensive3DSR, MeasurementReport
    from pydicom.uid import generate_uid

    if not volumes:
        raise DataError("there are no volumes to report", mend="outline the scan first")
    references = referable(sources, grid_of(sources), [])
    series = [item.SeriesInstanceUID for item in segmentation.get("ReferencedSeriesSequence") or []]
    if references[0].SeriesInstanceUID not in series:
        mend = "make it of these sources"
        raise DataError("the segmentation is of another series", where="the segmentation", mend=mend)
    report = MeasurementReport(
        observation_context=_observer(algorithm, version),
        procedure_reported=terms.procedure(str(references[0].get("Modality") or "")),
        imaging_measurements=[
            _group(volume, segmentation, references, algorithm, version) for volume in volumes
        ],
    )
    for sentence in (RESEARCH_USE, *warnings):
        report[0].ContentSequence.append(_comment(sentence))
    scheme = CodingSchemeIdentificationItem(designator=terms.OWN_SCHEME, name=terms.OWN_SCHEME_NAME)
    name = name_taken(references[0])
    made = Comprehensive3DSR(
        evidence=[*references, segmentation],
        content=report[0],
        series_instance_uid=generate_uid(),
        series_number=REPORT_SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=cut(version),
        device_serial_number=cut(version),
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=marked("Volumes"),
        specific_character_set=CHARACTERS,
        coding_schemes=[scheme],
    )
    made.add(name)
    return made


def encapsulated_pdf(
    pdf: bytes,
    source: Dataset,
    *,
    title: str,
    version: str = "",
    references: Sequence[Dataset] = (),
) -> Dataset:
    """Make an Encapsulated PDF (PS3.3 A.45.1) that is filed in the study of a scan.

    Args:
        pdf: a whole PDF document.
        source: a picture of the series that the report is about.
        title: of the document, without a name.
        version: of the model, "" where the report is not of one.
        references: further objects that the report is about, such as the segmentation.

    Raises:
        DataError: `pdf` is no PDF document, or the source does not say which picture and study it is.
    """
    from pydicom import Dataset
    from pydicom.uid import generate_uid

    if not pdf.startswith(b"%PDF-"):
        raise DataError("this is no PDF document", where="the report", mend="make the report anew")
    head = heading(source)
    name = name_taken(head)
    made = _document(head, version)
    made.add(name)
    made.ConversionType = "WSD"
    made.DocumentTitle = cut(title)
    made.ConceptNameCodeSequence = [terms.concept("18748-4", "Diagnostic imaging study", "LN")]
    made.BurnedInAnnotation = "NO"
    made.VerificationFlag = "UNVERIFIED"
    made.AcquisitionDateTime = ""
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + bytes(len(pdf) % 2)
    made.SourceInstanceSequence = []
    for one in (head, *references):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
        made.SourceInstanceSequence.append(item)
    made.SeriesInstanceUID, made.SeriesNumber = generate_uid(), PDF_SERIES_NUMBER
    return made


def _document(head: Dataset, version: str) -> Dataset:
    """The modules that all DICOM objects share, for a PDF."""
    from highdicom.base import SOPClass
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    made = SOPClass(
        study_instance_uid=head.StudyInstanceUID,
        series_instance_uid=generate_uid(),
        series_number=PDF_SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        sop_class_uid=PDF_STORAGE,
        instance_number=1,
        modality="DOC",
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=cut(version) or None,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        patient_id=head.PatientID,
        patient_name=head.PatientName,
        patient_birth_date=head.PatientBirthDate,
        patient_sex=head.PatientSex,
        accession_number=head.AccessionNumber,
        study_id=head.StudyID,
        study_date=head.StudyDate or None,
        study_time=head.StudyTime or None,
        referring_physician_name=head.ReferringPhysicianName,
        series_description=marked("Report"),
        specific_character_set=CHARACTERS,
    )
    made.copy_patient_and_study_information(head)
    return made


def _observer(algorithm: str, version: str) -> ObservationContext:
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.uid import generate_uid

    device = DeviceObserverIdentifyingAttributes(
        # One model has one number, in all its reports.
        uid=generate_uid(entropy_srcs=[MANUFACTURER, algorithm, version]),
        name=cut(algorithm),
        manufacturer_name=MANUFACTURER,
        model_name=MODEL_NAME,
        serial_number=cut(version),
    )
    kind = terms.concept("121007", "Device", "DCM")
    context = ObserverContext(observer_type=kind, observer_identifying_attributes=device)
    return ObservationContext(observer_device_context=context)


def _group(
    volume: Volume, segmentation: Dataset, references: Sequence[Dataset], algorithm: str, version: str
) -> VolumetricROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations:
    """Measurements of one structure; of one that was not found they refer to the pictures alone."""
    from highdicom.sr import (
        AlgorithmIdentification,
        FindingSite,
        MeasurementsAndQualitativeEvaluations,
        ReferencedSegment,
        SourceImageForMeasurementGroup,
        SourceSeriesForSegmentation,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    name = cut(volume.label.name)
    segment = next((s for s in segmentation.SegmentSequence if s.SegmentLabel == name), None)
    part = terms.part(volume.label)
    kind = {} if part is None else {"laterality" if terms.is_side(part) else "topographical_modifier": part}
    site = FindingSite(anatomic_location=terms.structure(volume.label), **kind)
    said: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(
            uid=None if segment is None else segment.get("TrackingUID"), identifier=name
        ),
        "finding_type": terms.structure(volume.label),
        "finding_category": terms.category(volume.label),
        "finding_sites": [site] if part else None,
        "algorithm_id": AlgorithmIdentification(name=cut(algorithm), version=cut(version)),
        "measurements": _measurements(volume),
    }
    if segment is None:
        first = references[0]
        picture = SourceImageForMeasurementGroup(first.SOPClassUID, first.SOPInstanceUID)
        return MeasurementsAndQualitativeEvaluations(**said, source_images=[picture])
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        **said,
        referenced_segment=ReferencedSegment(
            segmentation.SOPClassUID,
            segmentation.SOPInstanceUID,
            int(segment.SegmentNumber),
            source_series=SourceSeriesForSegmentation(references[0].SeriesInstanceUID),
        ),
    )


def _measurements(volume: Volume) -> list[Measurement]:
    """Volume, its interval and the predicted Dice; what is not known is left out."""
    from highdicom.sr import Measurement

    share = f"{100 * volume.coverage:g} % interval of volume"
    wanted = (
        (terms.concept("118565006", "Volume"), volume.ml, terms.millilitre()),
        (terms.own("volume-low", f"Lower limit of {share}"), volume.low_ml, terms.millilitre()),
        (terms.own("volume-high", f"Upper limit of {share}"), volume.high_ml, terms.millilitre()),
        (terms.own("predicted-dice", "Predicted Dice coefficient"), volume.predicted_dice, terms.unity()),
    )
    return [
        Measurement(name=name, value=round(float(value), _DECIMALS), unit=unit)
        for name, value, unit in wanted
        if math.isfinite(value)
    ]


def _comment(sentence: str) -> Dataset:
    from highdicom.sr import TextContentItem

    return TextContentItem(
        name=terms.concept("121106", "Comment", "DCM"), value=sentence, relationship_type="CONTAINS"
    )
