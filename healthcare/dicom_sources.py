"""Source pictures made fit to be referred to: what an export inherits from them, whatever tags they lack.

An export must not fail because an optional element is missing or ill-formed. Elements that DICOM lets be
empty (type 2) are left empty, ill-formed ones that would be inherited are left out; only what says which
picture is meant (type 1) must be there. The patient is who the sources say; no other person, and no place or
device by which one may be found, is taken over.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from common.errors import DataError
from healthcare.dicom_geometry import WHERE, Grid

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

MANUFACTURER = "Sector pilots"
MODEL_NAME = "Sector pilots healthcare (research use only)"
LONG = 64
"""Characters in DICOM's long string (LO)."""
CHARACTERS = "ISO_IR 192"
"""UTF-8: names of structures may be in any language."""
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_EMPTY = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
_SEXES = ("M", "F", "O")
_LEFT_OUT = frozenset((
    "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName",
    "DeviceSerialNumber", "RequestingService",
))  # fmt: skip
_INHERITED = (0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040)
_NO_FRAME = (
    "the series states no frame of reference; one was made from its number, so that its exports agree, but"
    " some viewers will not lay them over it"
)


def heading(source: Dataset) -> Dataset:
    """What an export inherits from a source, well-formed and with empty elements where DICOM lets them be.

    Raises:
        DataError: it does not say which picture, series and study it is.
    """
    from pydicom import Dataset
    from pydicom.uid import UID

    out = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag in sorted(source.keys()):
            if tag.group in _INHERITED and (element := _sound(source, tag)) is not None:
                out.add(element)
    for name in _NEEDED:
        value = UID(str(out.get(name) or "").strip())
        if not value.is_valid:
            raise DataError(f"a picture of it has no {name}", where=WHERE, mend="export the series anew")
        setattr(out, name, value)
    if out.SOPClassUID.type != "SOP Class":
        mend = "export the series as DICOM of a standard kind"
        raise DataError("its pictures are of a private kind", where=WHERE, mend=mend)
    for name in _EMPTY:
        if out.get(name) is None:
            setattr(out, name, "")
    if out.PatientSex not in _SEXES:
        out.PatientSex = ""
    out.SpecificCharacterSet = CHARACTERS
    return out


def name_taken(head: Dataset) -> DataElement:
    """Take the patient's name out of a heading while highdicom works on it, to be put into what it made.

    highdicom writes names that look odd to it into warnings and logs.
    """
    name = head["PatientName"]
    del head["PatientName"]
    head.PatientName = ""
    return name


def _sound(source: Dataset, tag: int) -> DataElement | None:
    """A copy of an element with a well-formed value; None where it has none."""
    from pydicom import DataElement, config, valuerep

    try:
        element = source[tag]
        if element.keyword in _LEFT_OUT or (element.VR == "PN" and element.keyword != "PatientName"):
            return None
        if element.VR == "SQ":
            # Items carry their own way of encoding text; written anew they take on that of the export.
            return DataElement(element.tag, "SQ", [_items(item) for item in element.value])
        values = element.value if element.VM > 1 else [element.value]
        if element.VR != "PN":
            for value in values:
                valuerep.validate_value(element.VR, value, config.RAISE)
        value = str(element.value) if element.VR == "PN" else element.value
        return DataElement(element.tag, element.VR, value)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, NotImplementedError):
        return None


def _items(item: Dataset) -> Dataset:
    from pydicom import Dataset

    out = Dataset()
    for tag in sorted(item.keys()):
        if not tag.is_private and (element := _sound(item, tag)) is not None:
            out.add(element)
    return out


def referable(sources: Sequence[Dataset], grid: Grid, notes: list[str]) -> list[Dataset]:
    """The sources in the order of the grid's slices, as highdicom needs them to refer to them.

    Args:
        sources: single-frame datasets, or one enhanced multi-frame dataset.
        grid: of these sources.
        notes: gets a sentence on what was made up.

    Returns:
        One dataset a slice without pixels; of a multi-frame source the one dataset.

    Raises:
        DataError: several studies, series or frames of reference, or a picture without its number.
    """
    used = [sources[number] for number in dict.fromkeys(number for number, _ in grid.order)]
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPClassUID"):
        if len({str(one.get(name) or "").strip() for one in used}) > 1:
            raise DataError(f"its pictures differ in {name}", where=WHERE, mend="hand over one series alone")
    first = heading(used[0])
    if not first.get("FrameOfReferenceUID"):
        from pydicom.uid import generate_uid

        first.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame of", first.SeriesInstanceUID])
        notes.append(_NO_FRAME)
    if len(grid.order) > 1 and len(sources) == 1:
        return [_multiframe(first, grid)]
    return [_single(first, sources[number], grid, rank) for rank, (number, _) in enumerate(grid.order)]


def _single(first: Dataset, source: Dataset, grid: Grid, rank: int) -> Dataset:
    """A picture by what ties it to its series and place; the one of the first slice holds all the rest."""
    from pydicom import Dataset
    from pydicom.uid import UID

    out = Dataset() if rank else first
    for name in ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(out, name, first[name].value)
    number = UID(str(source.get("SOPInstanceUID") or "").strip())
    if not number.is_valid:
        raise DataError("a picture of it has no SOPInstanceUID", where=WHERE, mend="export the series anew")
    out.SOPInstanceUID = number
    out.Rows, out.Columns = grid.shape[1], grid.shape[0]
    out.ImagePositionPatient = _text(grid.positions_mm[rank])
    out.ImageOrientationPatient = _text(grid.cosines)
    _measured(out, grid)
    return out


def _multiframe(first: Dataset, grid: Grid) -> Dataset:
    from pydicom import Dataset

    shared, turned, measures = Dataset(), Dataset(), Dataset()
    turned.ImageOrientationPatient = _text(grid.cosines)
    _measured(measures, grid)
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [turned], [measures]
    frames = [Dataset() for _ in grid.order]
    for rank, (_, frame) in enumerate(grid.order):
        place = Dataset()
        place.ImagePositionPatient = _text(grid.positions_mm[rank])
        frames[frame].PlanePositionSequence = [place]
    first.SharedFunctionalGroupsSequence = [shared]
    first.PerFrameFunctionalGroupsSequence = frames
    first.NumberOfFrames = len(frames)
    first.Rows, first.Columns = grid.shape[1], grid.shape[0]
    return first


def _measured(out: Dataset, grid: Grid) -> None:
    from pydicom.valuerep import format_number_as_ds

    out.PixelSpacing = _text(grid.spacing_mm)
    # What the files say of the distance between slices is often wrong; their places are not.
    out.SpacingBetweenSlices = format_number_as_ds(grid.step_mm)
    if not out.get("SliceThickness"):
        out.SliceThickness = out.SpacingBetweenSlices


def _text(numbers: Iterable[float]) -> list[str]:
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(number)) for number in numbers]


def cut(text: str) -> str:
    """Text as DICOM's long string: one line without backslashes, at most 64 characters."""
    plain = " ".join(text.replace("\\", "/").split())
    return plain if len(plain) <= LONG else plain[: LONG - 3] + "..."
