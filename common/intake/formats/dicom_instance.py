"""What is taken out of a DICOM file's header: geometry, encoding and a few codes; never a name, date or text.

The elements are listed here one by one; whatever else a file holds, however deep, is not even converted.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common.errors import DataError, IntakeError
from common.intake.formats import dicom_codes
from common.intake.formats.dicom_elements import Layout

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_FRAMES = 20_000
BROKEN = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError, OverflowError, EOFError,
    ArithmeticError, struct.error, RecursionError, RuntimeError, LookupError, OSError,
)  # fmt: skip
"""What pydicom and its decoders raise on damaged files."""
_ANEW = "export it anew from the scanner or the archive"
_GROUPS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
)
_KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality", "ImageType", "BurnedInAnnotation",
    "BodyPartExamined", "Laterality", "ImageLaterality", "SliceThickness", "InstanceNumber", "EchoNumbers",
    "EchoTime", "TemporalPositionIdentifier", "AcquisitionNumber", "DiffusionBValue", "TriggerTime",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames", "Rows",
    "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter",
    "WindowWidth", "PatientID",
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """One picture in a file.

    Attributes:
        position_mm: of the centre of the first pixel, LPS; None where not stated.
        cosines: direction of a row and of a column, LPS.
        spacing_mm: between rows and between columns.
        slope, intercept: from stored numbers to values.
        thickness_mm: of the slice.
        window: centre and width, in values.
    """

    position_mm: tuple[float, ...] | None = None
    cosines: tuple[float, ...] | None = None
    spacing_mm: tuple[float, ...] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    thickness_mm: float | None = None
    window: tuple[float, float] | None = None


@dataclass(frozen=True)
class Instance:
    """One file with pixels.

    `uid`, `series`, `marks` and `person` (a hash of the patient's number, which tells two of them apart) are
    for sorting alone and never leave the child.
    """

    layout: Layout
    where: str
    uid: str
    series: str
    sop_class: str
    modality: str
    marks: dict[str, Any]
    number: int | None
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    frames: tuple[Frame, ...]
    imager_spacing_mm: tuple[float, ...] | None = None
    has_groups: bool = False
    has_table: bool = False
    codes: dict[str, str | None] = field(default_factory=dict)
    person: int = 0


def instance(layout: Layout, where: str) -> Instance | str:
    """Take what is needed out of the header; or say in words what it is instead of a scan.

    Raises:
        IntakeError: damaged.
        DataError: an element that is needed makes no sense.
    """
    dataset = _dataset(layout, where)
    sop_class, modality = _text(dataset, "SOPClassUID"), _text(dataset, "Modality").upper()
    if words := dicom_codes.other(sop_class, modality):
        return words
    if layout.pixels is None:
        return "a file without a picture"
    rows, columns = _whole(dataset, "Rows", where), _whole(dataset, "Columns", where)
    if not rows or not columns:
        raise DataError("it does not say how many rows and columns it has", where=where, mend=_ANEW)
    allocated = _whole(dataset, "BitsAllocated", where) or 0
    stored = _whole(dataset, "BitsStored", where) or allocated
    high = _whole(dataset, "HighBit", where)
    return Instance(
        layout=layout,
        where=where,
        uid=_text(dataset, "SOPInstanceUID"),
        series=_text(dataset, "SeriesInstanceUID"),
        sop_class=sop_class,
        modality=dicom_codes.modality(modality),
        marks=_marks(dataset),
        number=_optional_whole(dataset, "InstanceNumber"),
        rows=rows,
        columns=columns,
        samples=_whole(dataset, "SamplesPerPixel", where) or 1,
        photometric=_text(dataset, "PhotometricInterpretation").upper(),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        signed=_whole(dataset, "PixelRepresentation", where) == 1,
        frames=_frames(dataset, where),
        imager_spacing_mm=_numbers(dataset, "ImagerPixelSpacing", 2, where),
        has_groups="PerFrameFunctionalGroupsSequence" in dataset,
        has_table="ModalityLUTSequence" in dataset and "RescaleSlope" not in dataset,
        codes=_codes(dataset),
        person=hash(_text(dataset, "PatientID")),
    )


def _dataset(layout: Layout, where: str) -> Dataset:
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset

    tags = [tag for tag in map(tag_for_keyword, _KEYWORDS) if tag is not None]
    head = io.BytesIO(layout.data[: layout.header_end])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read_dataset(head, layout.implicit, layout.little, specific_tags=list(tags))
        except BROKEN as error:
            raise IntakeError("its header is damaged", where=where, mend=_ANEW) from error


def _value(dataset: Dataset, keyword: str) -> Any:
    """An element's value, None where absent, empty or unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = dataset.get(keyword)
            return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value
        except BROKEN:
            return None


def _several(dataset: Dataset, keyword: str) -> list[Any]:
    value = _value(dataset, keyword)
    if value is None:
        return []
    return [value] if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else list(value)


def _text(dataset: Dataset, keyword: str) -> str:
    found = _several(dataset, keyword)
    return str(found[0]).strip(" \x00") if found else ""


def _numbers(dataset: Dataset, keyword: str, count: int, where: str) -> tuple[float, ...] | None:
    """So many numbers, None where the element is absent or empty."""
    found = _several(dataset, keyword)
    if not found and (keyword not in dataset or _is_empty(dataset, keyword)):
        return None
    try:
        numbers = tuple(float(value) for value in found)
    except BROKEN:
        numbers = ()
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise DataError(f"its element {keyword} cannot be read", where=where, mend=_ANEW)
    return numbers


def _is_empty(dataset: Dataset, keyword: str) -> bool:
    try:
        return not dataset.get_item(keyword).value
    except BROKEN:
        return False


def _number(dataset: Dataset, keyword: str) -> float | None:
    """The first of an optional element's numbers."""
    try:
        found = float(_several(dataset, keyword)[0])
    except BROKEN:
        return None
    return found if math.isfinite(found) else None


def _whole(dataset: Dataset, keyword: str, where: str) -> int | None:
    found = _numbers(dataset, keyword, 1, where)
    if found is None:
        return None
    if found[0] != int(found[0]) or not 0 <= found[0] < 2**31:
        raise DataError(f"its element {keyword} makes no sense", where=where, mend=_ANEW)
    return int(found[0])


def _optional_whole(dataset: Dataset, keyword: str) -> int | None:
    found = _number(dataset, keyword)
    return int(found) if found is not None else None


def _marks(dataset: Dataset) -> dict[str, Any]:
    """By what a series may hold several pictures of one place: echoes, times, diffusion, kinds."""
    numbers = ("EchoNumbers", "EchoTime", "TemporalPositionIdentifier", "DiffusionBValue", "TriggerTime")
    marks: dict[str, Any] = {name: _number(dataset, name) for name in numbers}
    marks["ImageType"] = tuple(str(value) for value in _several(dataset, "ImageType"))
    marks["AcquisitionNumber"] = _number(dataset, "AcquisitionNumber")
    return marks


def _codes(dataset: Dataset) -> dict[str, str | None]:
    """Facts of which each value is one of a known list, so that no text slips through."""
    return {
        "burned_in": dicom_codes.burned_in(_text(dataset, "BurnedInAnnotation")),
        "body_part": dicom_codes.body_part(_text(dataset, "BodyPartExamined")),
        "laterality": dicom_codes.side(_text(dataset, "ImageLaterality") or _text(dataset, "Laterality")),
    }


def _frames(dataset: Dataset, where: str) -> tuple[Frame, ...]:
    count = _whole(dataset, "NumberOfFrames", where)
    count = 1 if count is None else count
    if not 1 <= count <= MAX_FRAMES:
        raise IntakeError(f"it declares {count:,} frames", where=where, mend=_ANEW)
    groups = _several(dataset, "PerFrameFunctionalGroupsSequence")
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return (_frame(dict.fromkeys(_GROUPS, dataset), where),) * count
    if len(groups) != count:
        what = f"it declares {count:,} frames and describes {len(groups):,}"
        raise IntakeError(what, where=where, mend=_ANEW)
    shared = next(iter(_several(dataset, "SharedFunctionalGroupsSequence")), type(dataset)())
    return tuple(
        _frame({name: _first(group, name) or _first(shared, name) for name in _GROUPS}, where)
        for group in groups
    )


def _first(group: Dataset, name: str) -> Dataset | None:
    return next(iter(_several(group, name)), None)


def _frame(groups: Mapping[str, Dataset | None], where: str) -> Frame:
    """One frame from its groups of elements; in files without groups, the data set is all of them."""
    from pydicom.dataset import Dataset

    place, turned, measures, values, shown = (groups[name] or Dataset() for name in _GROUPS)
    slope = _numbers(values, "RescaleSlope", 1, where)
    intercept = _numbers(values, "RescaleIntercept", 1, where)
    if slope is not None and slope[0] == 0:
        raise DataError("its RescaleSlope is 0, so that all values would be equal", where=where, mend=_ANEW)
    centre, width = _number(shown, "WindowCenter"), _number(shown, "WindowWidth")
    thickness = _number(measures, "SliceThickness")
    return Frame(
        position_mm=_numbers(place, "ImagePositionPatient", 3, where),
        cosines=_numbers(turned, "ImageOrientationPatient", 6, where),
        spacing_mm=_numbers(measures, "PixelSpacing", 2, where),
        slope=slope[0] if slope else 1.0,
        intercept=intercept[0] if intercept else 0.0,
        thickness_mm=thickness if thickness and thickness > 0 else None,
        window=(centre, width) if centre is not None and width is not None and width > 0 else None,
    )
