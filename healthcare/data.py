"""Scans as users bring them: the typed object that the whole pilot works on, and how it is read.

Files come in through `common.intake`, whose readers for DICOM, NIfTI, PNG and JPEG check and decode them in a
child behind walls: slices are sorted by where they lie, rescaled, and refused where the geometry is missing,
contradicts itself or has gaps. Here the outcome becomes one type, whatever the file was, without identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.intake import Taken, take
from common.intake.kinds import DICOM, NIFTI, PICTURE, SCANS
from healthcare.naming import called as naming

if TYPE_CHECKING:
    from common.intake.parcel import Parcel

Array = NDArray[Any]

_KEPT = (
    "series", "series_count", "files", "body_part", "laterality", "burned_in", "window", "orientation",
    "slice_thickness_mm", "geometry", "geometry_frame", "lossy",
)  # fmt: skip
"""Facts of the door that are kept: numbers, and words from lists of known ones."""
_GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness, ITU-R BT.601."""
_SECTIONS = ("CT", "MR", "PT")


@dataclass(frozen=True)
class Scan:
    """A volume or a plain picture, its place in space and where it came from, and nothing about a person.

    Attributes:
        array: a volume (x, y, z) along its own voxel axes, whatever way they point, or a picture
            (rows, columns); values as the scanner meant them (rescaled), in the file's own type.
        affine: (4, 4) float64, from voxel numbers to RAS+ mm, of a volume; None for a picture.
        spacing_mm: voxel size along each axis of `array`; None where a picture does not say it.
        modality: DICOM's code ("MR", "CT", "DX", "CR"), "" where unknown.
        provenance: `sha256` and `kind` of what was brought, `series`, `files`, and codes from lists of known
            words (body_part, laterality, burned_in, window); never a name, an id, a date or a file's name.
        notes: what was repaired or looks odd while reading, one sentence each.
    """

    array: Array
    affine: NDArray[np.float64] | None
    spacing_mm: tuple[float, ...] | None
    modality: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_volume(self) -> bool:
        """Whether it is a volume rather than a picture."""
        return self.affine is not None


def read_scan(
    path: Path | str | Taken, *, series: str = "", volume: int | None = None, called: str = "the scan"
) -> Scan:
    """Read a DICOM file, folder or zip, a NIfTI file, or a PNG or JPEG picture.

    The geometry is the file's own or there is no scan: nothing is guessed where it is missing.

    Args:
        path: the file or folder, or one that came through the door already.
        series: number of the series in a study of several, as `healthcare.study.read_study` counts; "" is the
            largest one, and a note says what else there is.
        volume: which one of a NIfTI file with several, from 1 on.
        called: what it is called in messages, in place of its name.

    Raises:
        IntakeError: it is refused: damaged, cut off, too large, or of another kind.
        DataError: it makes no sense as a scan: geometry, slices or series do not fit, or several volumes and
            no word on which one.
    """
    with naming(path.path if isinstance(path, Taken) else Path(path), called):
        taken = path if isinstance(path, Taken) else take(path, SCANS)
        if taken.kind not in SCANS:
            raise DataError("this is no scan", where=taken.name, mend="bring DICOM, NIfTI, PNG or JPEG")
        parcel = taken.parse(**({"series": series} if taken.kind == DICOM and series else {}))
        notes = list(parcel.notes)
        facts = {name: parcel.facts[name] for name in _KEPT if parcel.facts.get(name) is not None}
        facts = {"sha256": taken.sha256, "kind": taken.kind, **facts}
        if taken.kind == PICTURE:
            return Scan(_grey(parcel, notes), None, None, "", facts, tuple(notes))
        array = parcel.arrays["voxels"]
        if taken.kind == NIFTI:
            array = _one_of(array, volume, taken.name, facts)
    modality = str(parcel.facts.get("modality", ""))
    modality = "" if modality == "other" else modality
    if "affine" not in parcel.arrays and modality in _SECTIONS:
        notes.append("it is one slice alone: nothing in it has a volume")
    affine, spacing = parcel.arrays.get("affine"), parcel.facts["spacing_mm"]
    return Scan(
        array=_finite(array, notes),
        affine=None if affine is None else affine.astype(np.float64),
        spacing_mm=None if spacing is None else tuple(spacing),
        modality=modality,
        provenance=facts,
        notes=tuple(notes),
    )


def _one_of(array: Array, volume: int | None, where: str, facts: dict[str, Any]) -> Array:
    """The volume that was asked for, of an array (x, y, z) or (x, y, z, volume)."""
    count = array.shape[3] if array.ndim == 4 else 1
    if volume is None and count > 1:
        mend = f"state which one is meant, from 1 to {count}, or bring it as a file of its own"
        raise DataError(f"it holds {count} volumes (times, echoes or channels)", where=where, mend=mend)
    if volume is not None and not 1 <= volume <= count:
        held = "1 volume" if count == 1 else f"{count} volumes"
        raise DataError(f"it holds {held}", where=where, mend=f"choose one from 1 to {count}")
    if array.ndim < 4:
        return array
    facts |= {"volume": volume, "volumes": count}
    return array[..., (volume or 1) - 1]


def _grey(parcel: Parcel, notes: list[str]) -> Array:
    """A picture in grey, (rows, columns); one in colour by how bright its colours look."""
    pixels = parcel.arrays["pixels"]
    if parcel.facts["lossy"]:
        notes.append("the pixels were compressed with loss")
    notes.append("the picture does not say how large its pixels are: no length or area can be given")
    if pixels.ndim == 2:
        return pixels
    red, green, blue = (pixels[..., band] for band in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red
    notes.append("the picture is in colour, which no radiograph is; its brightness was taken (ITU-R BT.601)")
    grey = np.rint(sum(weight * band for weight, band in zip(_GREY, (red, green, blue), strict=True)))
    return grey.astype(pixels.dtype)


def _finite(array: Array, notes: list[str]) -> Array:
    """The array with its least value where it holds no number; a note of the door says how many these are."""
    if array.dtype.kind != "f" or bool(np.isfinite(array).all()):
        return array
    known = np.isfinite(array)
    notes.append("voxels without a number were given the scan's least value")
    return np.where(known, array, array[known].min())
