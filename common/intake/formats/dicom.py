"""DICOM: one file, or a study as a folder or zip, to one volume or picture, and nothing about the person.

Each file is walked before pydicom sees it (`dicom_elements`), a listed few of its elements are taken out
(`dicom_instance`), files are sorted into series (`series`), and one series is decoded (`dicom_pixels`).
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections import Counter as Tally
from typing import Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.archive import Archive, Counter
from common.intake.formats import dicom_pixels, voxel_space
from common.intake.formats.dicom_codes import PROJECTIONS, SECONDARY
from common.intake.formats.dicom_elements import layout
from common.intake.formats.dicom_instance import Frame, Instance, instance
from common.intake.formats.series import Series, Volume, check_cosines, check_spacing, split, stack
from common.intake.parcel import Parcel
from common.intake.source import Source

_MAGIC_AT, _MAGIC = 128, b"DICM"
_WRITTEN_ON = ("US", "IVUS", "SC", "OT", "ES", "XC", "GM", "OP", "RF", "XA", "RG")
"""Kinds in whose pictures names and dates are often written."""
_PADDING = 3
_PLANES = ("sagittal", "coronal", "axial")
_SHORT = np.iinfo(np.int16)
_SAID = 10
Array = np.ndarray[Any, Any]


def read(source: Source, *, series: str = "") -> Parcel:
    """Read a volume or a picture.

    A volume has the arrays "voxels" (x, y, z) and "affine" (4, 4), from voxel numbers to RAS+ mm; one picture
    alone has "voxels" (rows, columns). Values are rescaled as the file says: as whole numbers where that
    loses nothing, as float32 otherwise.

    Args:
        source: the upload.
        series: number of the series in a study of several, "1" for the largest; "" means that too.

    Raises:
        IntakeError: damaged, cut off, too large, or packed in a way that is not taken in.
        DataError: no picture, or places and sizes that make no sense.
    """
    notes: list[str] = []
    instances, others = _instances(source)
    chosen, facts = _chosen(instances, others, series, source.name, notes)
    _check(chosen, source.name, notes)
    made = _picture if chosen.frames == 1 else _volume
    arrays, more = made(chosen, source.name, notes)
    return Parcel(facts | more | _codes(chosen, notes), arrays, notes=notes)


def _instances(source: Source) -> tuple[list[Instance], Tally[str]]:
    """Files with pictures, and what else there is, in words."""
    others: Tally[str] = Tally()
    counter = Counter(source.name, source.size_bytes)
    view = source.view
    if bytes(view[_MAGIC_AT : _MAGIC_AT + 4]) == _MAGIC:
        found = instance(layout(view, source.name, counter), source.name)
        if isinstance(found, str):
            others[found] += 1
            return [], others
        return [found], others
    archive = source.archive()
    instances = []
    for number, name in enumerate(archive.names, 1):
        # The names of files and folders may be a person's; only their number is said.
        where = f"{source.name}, file {number} of {len(archive.names)}"
        data = _entry(archive, name, where)
        if data is None:
            others["a file that is no DICOM"] += 1
            continue
        found = instance(layout(memoryview(data), where, counter), where)
        if isinstance(found, str):
            others[found] += 1
        else:
            instances.append(found)
    return instances, others


def _entry(archive: Archive, name: str, where: str) -> bytes | None:
    """A file of a study; None where it is no DICOM."""
    try:
        if archive.head(name, _MAGIC_AT + 4)[_MAGIC_AT:] != _MAGIC:
            return None
        return archive.read(name)
    except (IntakeError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, IntakeError) and not error.what.startswith("'"):
            raise
        # The archive's own words begin with the entry's name.
        raise IntakeError("it is damaged within the archive", where=where, mend="pack it anew") from error


def _chosen(
    instances: list[Instance], others: Tally[str], wanted: str, where: str, notes: list[str]
) -> tuple[Series, dict[str, Any]]:
    listed = ", ".join(f"{words} ({count})" if count > 1 else words for words, count in others.items())
    if not instances:
        mend = "bring the files with the pictures"
        raise DataError(f"it holds no scan but {listed or 'nothing'}", where=where, mend=mend)
    found = split(instances)
    if wanted and (not wanted.isdecimal() or len(wanted) > 9 or not 1 <= int(wanted) <= len(found)):
        mend = f"choose from 1 to {len(found)}"
        raise IntakeError(f"there is no such series; it holds {len(found)}", where=where, mend=mend)
    number = int(wanted or 1)
    chosen = found[number - 1]
    if others:
        notes.append(f"passed over in it: {listed}")
    if len(found) > 1:
        rest = "; ".join(f"{n}: {s.words}" for n, s in list(enumerate(found, 1))[:_SAID] if n != number)
        more = f"; and {len(found) - _SAID} more" if len(found) > _SAID else ""
        notes.append(f"number {number} of {len(found)} series was read ({chosen.words}), beside {rest}{more}")
    kept = sum(len(s.instances) for s in found)
    if kept < len(instances):
        notes.append(f"copies of the same file were left out: {len(instances) - kept}")
    return chosen, {"series": number, "series_count": len(found), "files": len(chosen.instances)}


def _check(chosen: Series, where: str, notes: list[str]) -> None:
    """All that is declared is held against the files and the caps before anything is decoded."""
    spare = max(dicom_pixels.check(one) for one in chosen.instances)
    if spare > _PADDING:
        notes.append(f"bytes behind the pixels that the header does not explain were passed over: {spare:,}")
    depth = max(one.bits_allocated for one in chosen.instances) // 8
    total = sum(one.rows * one.columns * len(one.frames) for one in chosen.instances) * depth
    if total > dicom_pixels.MAX_BYTES:
        raise IntakeError(
            f"the series declares {total / 1e6:,.0f} MB of pixels, more than the"
            f" {dicom_pixels.MAX_BYTES / 1e6:,.0f} MB that are taken in",
            where=where,
            mend="bring a part of it, or a coarser scan",
        )


def _volume(chosen: Series, where: str, notes: list[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    first = chosen.instances[0]
    alone = len(chosen.instances) == 1 and not first.has_groups and first.modality not in ("CT", "MR", "PT")
    if alone and first.frames[0].position_mm is None:
        raise DataError(
            f"it is a film of {chosen.frames} pictures without a place in space",
            where=where,
            mend="bring a single picture or a volume",
        )
    volume = stack(chosen, where)
    notes += volume.notes
    frames = [one.frames[number] for one, number in volume.order]
    values = _values(_stored(chosen, volume, where, notes), frames, where)
    facts = {
        "shape": [first.columns, first.rows, len(frames)],
        "spacing_mm": voxel_space.spacing_mm(volume.affine),
        "voxel_mm3": voxel_space.voxel_mm3(volume.affine),
        "orientation": voxel_space.orientation(volume.affine),
    }
    return {"voxels": values.T, "affine": volume.affine}, facts | _value_facts(frames, first, values)


def _stored(chosen: Series, volume: Volume, where: str, notes: list[str]) -> Array:
    """Stored numbers of all slices in their order, (slice, row, column)."""
    first = chosen.instances[0]
    forms = {(one.bits_allocated, one.signed) for one in chosen.instances}
    deepest = max(bits for bits, _ in forms)
    if len(forms) > 1 and deepest > 16:
        mend = "export the whole series anew"
        raise DataError("its slices are stored in different ways", where=where, mend=mend)
    kind = np.dtype(np.int32 if len(forms) > 1 else f"{'i' if first.signed else 'u'}{deepest // 8}")
    numbers, stray = np.empty((len(volume.order), first.rows, first.columns), kind), False
    ranks: dict[int, list[tuple[int, int]]] = {}
    for rank, (one, number) in enumerate(volume.order):
        ranks.setdefault(id(one), []).append((rank, number))
    # One file at a time: only its own frames are held beside the whole.
    for one in chosen.instances:
        found, dirty = dicom_pixels.stored(one)
        stray = stray or dirty
        for rank, number in ranks[id(one)]:
            numbers[rank] = found[number]
    if stray:
        notes.append(dicom_pixels.STRAY)
    return numbers


def _picture(chosen: Series, where: str, notes: list[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    one = chosen.instances[0]
    frame = one.frames[0]
    spacing = frame.spacing_mm
    if spacing is None and one.imager_spacing_mm is not None and one.modality in PROJECTIONS:
        spacing = one.imager_spacing_mm
        notes.append("sizes are those on the detector (ImagerPixelSpacing); in the body they are smaller")
    if spacing is None:
        notes.append("the picture does not say how large its pixels are: no length or area can be given")
    else:
        check_spacing(spacing, where)
    plane = None
    if frame.cosines is not None:
        cosines = np.array(frame.cosines)
        check_cosines(cosines, where)
        normal = np.abs(np.cross(cosines[:3], cosines[3:]))
        plane = _PLANES[int(normal.argmax())] if normal.max() > 0.9 else "oblique"
    found, stray = dicom_pixels.stored(one)
    if stray:
        notes.append(dicom_pixels.STRAY)
    values = _values(found, [frame], where)[0]
    facts = {
        "shape": [one.rows, one.columns],
        "spacing_mm": list(spacing) if spacing else None,
        "orientation": plane,
    }
    return {"voxels": values}, facts | _value_facts([frame], one, values)


def _values(numbers: Array, frames: list[Frame], where: str) -> Array:
    """Stored numbers, (slice, row, column), as values: whole where slope and intercept are, else float32."""
    scales = [(frame.slope, frame.intercept) for frame in frames]
    if set(scales) == {(1.0, 0.0)}:
        return numbers
    slope, shift = scales[0]
    if len(set(scales)) == 1 and slope == 1 and shift == int(shift) and abs(shift) < 2**24:
        low, high = int(numbers.min()) + int(shift), int(numbers.max()) + int(shift)
        if max(-low, high) < 2**31:
            whole = np.empty(numbers.shape, np.int16 if _SHORT.min <= low <= high <= _SHORT.max else np.int32)
            wide = np.int64 if numbers.itemsize > 2 else np.int32
            for n, plane in enumerate(numbers):
                np.add(plane, wide(shift), out=whole[n], dtype=wide, casting="unsafe")
            return whole
    out = np.empty(numbers.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for n, (slope, shift) in enumerate(scales):
            out[n] = numbers[n].astype(np.float64) * slope + shift
    if not all(np.isfinite(plane).all() for plane in out):
        raise DataError("its rescaling makes values infinite", where=where, mend="export it anew")
    return out


def _value_facts(frames: list[Frame], one: Instance, values: Array) -> dict[str, Any]:
    scales = {(frame.slope, frame.intercept) for frame in frames}
    slope, intercept = frames[0].slope, frames[0].intercept
    window = frames[0].window
    if window is not None and one.photometric == "MONOCHROME1":
        top = -1 if one.signed else 2**one.bits_stored - 1
        window = (slope * top + 2 * intercept - window[0], window[1])
    if window is not None and not all(map(math.isfinite, window)):
        window = None
    even = len({frame.thickness_mm for frame in frames}) == 1
    return {
        "rescale": {"slope": slope, "intercept": intercept} if len(scales) == 1 else "per slice",
        "scaled": scales != {(1.0, 0.0)},
        "window": {"centre": window[0], "width": window[1]} if window else None,
        "slice_thickness_mm": frames[0].thickness_mm if even else None,
        "bits_stored": one.bits_stored,
        "dtype": values.dtype.name,
    }


def _codes(chosen: Series, notes: list[str]) -> dict[str, Any]:
    """Facts from lists of known words, and what is to be known before the picture is passed on."""
    first = chosen.instances[0]
    burned = {one.codes["burned_in"] for one in chosen.instances}
    state = "YES" if "YES" in burned else "NO" if burned == {"NO"} else "not stated"
    likely = first.modality in _WRITTEN_ON or first.sop_class.startswith(SECONDARY)
    told = {
        "names or dates are written in the picture itself (burned-in text): do not pass it on": state
        == "YES",
        "names or dates may be written in the picture itself (burned-in text): look before it is passed on": (
            likely and state == "not stated"
        ),
        "the picture was stored with white for the lowest value (MONOCHROME1) and was inverted": (
            first.photometric == "MONOCHROME1"
        ),
        "the pixels were compressed with loss": first.layout.syntax in dicom_pixels.LOSSY,
        "a table for the values (Modality LUT) is in it and was not applied": any(
            one.has_table for one in chosen.instances
        ),
        "the file does not say how it is encoded; that was found from its content": not first.layout.syntax,
    }
    notes += [words for words, holds in told.items() if holds]
    shared = {
        key: first.codes[key] if len({one.codes[key] for one in chosen.instances}) == 1 else None
        for key in ("body_part", "laterality")
    }
    return {"modality": first.modality, "burned_in": state, **shared}
