"""DICOM Segmentations read: our own, and masks that a clinician corrected in another program and brings back.

Frames are placed by what each says of its position; slices without a frame are empty. A corrected mask has to
lie on the voxels of the scan it corrects; it is never resampled.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, IntakeError
from healthcare.dicom_geometry import affine_of, frame_count, group, onto
from healthcare.dicom_sources import cut

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

    from common.intake.parcel import Parcel
    from common.intake.source import Source
    from healthcare.data import Scan
    from healthcare.finding import Label

SEGMENTATION, LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
CALLED = "the corrected mask"
_EXPORT = "export it anew as a binary segmentation of the scan"
_OFF = 0.25
"""Distance between slices by which a frame may lie off its even place."""
_MOST_SLICES = 20_000
_READER = "healthcare.dicom_seg_reader:read"
Array = NDArray[np.uint8]


def corrected_mask(path: Path, scan: Scan, labels: Sequence[Label]) -> Array:
    """Take in a corrected mask, DICOM Segmentation or NIfTI, and lay it on the voxels of its scan.

    Args:
        path: the upload.
        scan: what was outlined.
        labels: the structures. Segments of DICOM are told by their label, whatever their number; the numbers
            in a NIfTI mask are those of the labels.

    Returns:
        (x, y, z) on the scan's grid; 0 is background, else a label's value.

    Raises:
        IntakeError: no such file, damaged, or not taken in.
        DataError: it lies on other voxels, structures overlap, or one is none of the labels.
    """
    from common.intake import take
    from common.intake.kinds import DICOM, NIFTI
    from healthcare.naming import called

    if scan.affine is None:
        raise DataError("a plain picture has no mask", where=CALLED, mend="bring one for a volume")
    with called(path, CALLED):
        taken = take(path, [DICOM, NIFTI])
        if taken.kind == DICOM:
            modules = ("pydicom", "pydicom.pixels", "healthcare.dicom_seg_reader")
            parcel = taken.parse(_READER, modules=modules, labels=[[one.value, one.name] for one in labels])
            mask = parcel.arrays["voxels"]
        else:
            parcel = taken.parse()
            mask = _numbers(parcel.arrays["voxels"], labels)
        shape = (scan.array.shape[0], scan.array.shape[1], scan.array.shape[2])
        laid = onto(mask, parcel.arrays["affine"], shape, scan.affine, between_slices=_OFF)
        if laid is None:
            mend = "export it on the grid of the scan, neither resampled nor beyond its edge"
            raise DataError("it does not lie on the voxels of the scan", where=CALLED, mend=mend)
        return laid


def read(source: Source, *, labels: Sequence[Sequence[Any]] = ()) -> Parcel:
    """Read a DICOM Segmentation in the child.

    Args:
        source: the upload.
        labels: value and name of each structure.

    Returns:
        "voxels" (x, y, z) uint8 and "affine" (4, 4) to RAS+ mm.
    """
    import pydicom

    from common.intake.archive import Counter
    from common.intake.formats.dicom_elements import layout
    from common.intake.formats.dicom_instance import BROKEN
    from common.intake.parcel import Parcel

    view = source.view
    if bytes(view[128:132]) != b"DICM":
        raise DataError("it is no single DICOM file", where=source.name, mend="bring the segmentation alone")
    layout(view, source.name, Counter(source.name, source.size_bytes))
    try:
        dataset = pydicom.dcmread(io.BytesIO(source.read()))
        mask, affine = read_segmentation(dataset, labels=[(int(v), str(n)) for v, n in labels])
    except BROKEN as error:
        raise IntakeError("the segmentation is damaged", where=source.name, mend=_EXPORT) from error
    return Parcel({"shape": list(mask.shape)}, {"voxels": mask, "affine": affine})


def read_segmentation(
    dataset: Dataset, *, labels: Sequence[tuple[int, str]] = ()
) -> tuple[Array, NDArray[np.float64]]:
    """The mask that a DICOM Segmentation holds, on a grid from its first to its last slice.

    Args:
        dataset: BINARY or label map, of any writer.
        labels: value and name of each structure: a segment then gets the value of the label whose name it
            bears, as other programs renumber segments. Without it a segment has its own number.

    Returns:
        The mask (x, y, z) uint8 along columns, rows and slices, and its affine (4, 4) to RAS+ mm.

    Raises:
        DataError: not a segmentation of a volume, structures overlap, or one is none of the labels.
    """
    if dataset.get("SOPClassUID") not in (SEGMENTATION, LABEL_MAP):
        raise DataError("it is no DICOM Segmentation", mend="bring the segmentation, not the pictures")
    if dataset.get("SegmentationType") not in ("BINARY", "LABELMAP"):
        raise DataError("its voxels belong to structures in part (fractional)", mend=_EXPORT)
    frames = range(frame_count(dataset))
    described = len(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if described != len(frames):
        what = f"it declares {len(frames):,} frames and describes {described:,}"
        raise DataError(what, mend=_EXPORT)
    ranks, affine = _slices(dataset, frames)
    values = _values(dataset, labels)
    pixels = np.asarray(dataset.pixel_array).reshape(len(frames), int(dataset.Rows), int(dataset.Columns))
    stack = np.zeros((int(ranks.max()) + 1, int(dataset.Rows), int(dataset.Columns)), np.uint8)
    table = None if dataset.SegmentationType == "BINARY" else _table(pixels, values)
    overlap = 0
    for frame, rank in zip(frames, ranks, strict=True):
        plane = stack[rank]
        if table is None:
            marked = pixels[frame] != 0
            new = np.where(marked, np.uint8(values[_segment(dataset, frame)]), np.uint8(0))
        else:
            new = table[pixels[frame]]
        overlap += int(((plane != 0) & (new != 0) & (plane != new)).sum())
        plane[new != 0] = new[new != 0]
    if overlap:
        raise DataError(
            f"its structures overlap (voxels: {overlap:,})", mend="give each voxel to one of them"
        )
    return stack.T, affine


def _table(pixels: NDArray[Any], values: dict[int, int]) -> Array:
    """Value of the mask by what a label map's pixels hold."""
    table = np.zeros(int(pixels.max()) + 1, np.uint8)
    if not set(np.unique(pixels).tolist()) <= {0, *values}:
        raise DataError("its pixels hold numbers of no segment", mend=_EXPORT)
    for number, value in values.items():
        table[number : number + 1] = value
    return table


def _slices(dataset: Dataset, frames: range) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Number of the slice of each frame, and the affine of the slices."""
    places = np.array(
        [_found(dataset, frame, "PlanePosition", "ImagePositionPatient", 3) for frame in frames]
    )
    turns = np.array(
        [_found(dataset, frame, "PlaneOrientation", "ImageOrientationPatient", 6) for frame in frames]
    )
    spacing = np.array(_found(dataset, 0, "PixelMeasures", "PixelSpacing", 2))
    if np.abs(turns - turns[0]).max() > 1e-3:
        raise DataError("its frames lie in different directions", mend=_EXPORT)
    normal = np.cross(turns[0][:3], turns[0][3:])
    along = places @ normal
    first, last = int(along.argmin()), int(along.argmax())
    steps = np.diff(np.unique(np.round(along, 3)))
    steps = steps[steps > 0.002]
    apart = _between(dataset, float(steps.min()) if steps.size else None)
    exact = (along - along[first]) / apart
    ranks = np.round(exact).astype(np.intp)
    if np.abs(exact - ranks).max() > _OFF or ranks.max() >= _MOST_SLICES:
        raise DataError("its frames lie unevenly", mend=_EXPORT)
    step = (places[last] - places[first]) / ranks.max() if ranks.max() else apart * normal
    return ranks, affine_of(places[first], turns[0], spacing, step)


def _between(dataset: Dataset, least: float | None) -> float:
    """Distance between slices: as stated where the frames bear it out, else the least between two frames."""
    measures = group(dataset, 0, "PixelMeasuresSequence")
    for name in ("SpacingBetweenSlices", "SliceThickness") if measures is not None else ():
        stated = abs(float(measures.get(name) or 0))  # type: ignore[union-attr]
        # Slices without a frame may lie between any two frames, so the least distance may be a multiple.
        times = round(least / stated) if stated and least else 1
        if stated and times and (least is None or abs(least / stated - times) <= _OFF):
            return stated
    return least or 1.0


def _found(dataset: Dataset, frame: int, name: str, keyword: str, count: int) -> list[float]:
    holder = group(dataset, frame, f"{name}Sequence")
    values = [float(value) for value in (holder.get(keyword) or [])] if holder is not None else []
    if len(values) != count or not np.isfinite(values).all():
        raise DataError(f"a frame of it does not say its {keyword}", mend=_EXPORT)
    return values


def _segment(dataset: Dataset, frame: int) -> int:
    holder = group(dataset, frame, "SegmentIdentificationSequence")
    if holder is None:
        raise DataError("a frame of it does not say its segment", mend=_EXPORT)
    return int(holder.ReferencedSegmentNumber)


def _values(dataset: Dataset, labels: Sequence[tuple[int, str]]) -> dict[int, int]:
    """Value of the mask by number of the segment."""
    out: dict[int, int] = {}
    by_name = {cut(name).casefold(): value for value, name in labels}
    segments = list(dataset.get("SegmentSequence") or [])
    for item in segments:
        number = int(item.SegmentNumber)
        if number == 0:
            continue  # the background of a label map
        name = cut(str(item.get("SegmentLabel") or "")).casefold()
        if not labels:
            value = number
        elif name in by_name:
            value = by_name[name]
        else:
            # Its label may hold a name of a person, so only its number is said.
            names = ", ".join(name for _, name in labels)
            raise DataError(
                f"segment {number} of {len(segments)} is none of the model's structures",
                mend=f"give each segment one of these labels: {names}",
            )
        if not 0 < value < 256:
            raise DataError("it has more than 255 segments", mend=_EXPORT)
        out[number] = value
    return out


def _numbers(voxels: NDArray[Any], labels: Sequence[Label]) -> Array:
    """A NIfTI mask as uint8, where it holds nothing but the labels' numbers."""
    allowed = np.array([0, *(label.value for label in labels)])
    if voxels.ndim != 3 or not np.isin(voxels, allowed).all():
        said = ", ".join(f"{label.value} {label.name}" for label in labels)
        raise DataError("it is no mask of these structures", where=CALLED, mend=f"use 0 and {said}")
    return voxels.astype(np.uint8)
