"""DICOM pictures sorted into series, and a series into a volume whose every voxel has its place in the body.

Names and numbers of files say nothing reliable: slices are ordered by where they lie along their normal. What
is missing, doubled or turned is refused, as a volume in ml or a distance across it would be wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.errors import DataError
from common.intake.formats import voxel_space
from common.intake.formats.dicom_codes import PROJECTIONS
from common.intake.formats.dicom_instance import Frame, Instance

_SAME_MM = 0.001
_EVEN, _UNEVEN = 0.01, 0.05
"""Shares by which distances between slices may differ: in silence, and with a note."""
_TURNED = 1e-3
_EXPORT = "export the whole series anew"
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Series:
    """Files that belong together; `label` says by what they were parted from their like, if they were."""

    instances: tuple[Instance, ...]
    label: str = ""

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return sum(len(one.frames) for one in self.instances)

    @property
    def words(self) -> str:
        """What it is, without a name: "MR, 22 pictures of 320 × 280"."""
        first = self.instances[0]
        said = "1 picture" if self.frames == 1 else f"{self.frames} pictures"
        return f"{first.modality}, {said} of {first.rows} × {first.columns}" + (
            f", {self.label}" if self.label else ""
        )


@dataclass(frozen=True)
class Volume:
    """Pictures in the order in which they are stacked.

    Attributes:
        order: instance and number of the frame in it.
        affine: from (column, row, slice) to RAS+ mm.
        notes: what looks odd.
    """

    order: list[tuple[Instance, int]]
    affine: voxel_space.Matrix
    notes: list[str]


def split(instances: Sequence[Instance]) -> list[Series]:
    """Sort files into series, the one with most pixels first.

    Pictures of two persons never make one series, whatever their files say. X-rays and pictures without a
    place in space stand for themselves. A series that shows each place several times (echoes, times,
    magnitude and phase) is parted where the files say by what.
    """
    groups: dict[tuple[str | int, ...], list[Instance]] = defaultdict(list)
    for one in instances:
        alone = one.modality in PROJECTIONS or (
            one.modality not in ("CT", "MR", "PT", "NM") and not _is_placed(one)
        )
        groups[one.series, one.sop_class, one.uid if alone else "", one.person].append(one)
    found = [part for _, group in sorted(groups.items()) for part in _parted(_once(group))]
    return sorted(found, key=lambda s: -sum(one.rows * one.columns * len(one.frames) for one in s.instances))


def _is_placed(one: Instance) -> bool:
    return all(frame.position_mm is not None for frame in one.frames)


def _once(group: list[Instance]) -> list[Instance]:
    """Without copies of the same file."""
    seen: dict[str, Instance] = {}
    out = []
    for one in group:
        twin = seen.setdefault(one.uid, one) if one.uid else one
        if twin is one or twin.frames != one.frames or _bytes(twin) != _bytes(one):
            out.append(one)
    return out


def _bytes(one: Instance) -> memoryview:
    begin, end = one.layout.pixels or (0, 0)
    return one.layout.data[begin:end]


def _parted(group: list[Instance]) -> list[Series]:
    whole = [Series(tuple(group))]
    if len(group) < 2 or not all(len(one.frames) == 1 and _is_placed(one) for one in group):
        return whole
    if max(_places(group).values()) == 1:
        return whole
    for mark in group[0].marks:
        parts: dict[Any, list[Instance]] = defaultdict(list)
        for one in group:
            parts[one.marks[mark]].append(one)
        sizes = {len(part) for part in parts.values()}
        if (
            len(parts) > 1
            and len(sizes) == 1
            and all(max(_places(part).values()) == 1 for part in parts.values())
        ):
            keys = sorted(parts, key=str)
            return [
                Series(tuple(parts[key]), f"part {n} of {len(keys)} by {mark}")
                for n, key in enumerate(keys, 1)
            ]
    return whole


def _places(group: Sequence[Instance]) -> Counter[tuple[float, ...]]:
    return Counter(tuple(round(mm, 2) for mm in one.frames[0].position_mm or ()) for one in group)


def stack(series: Series, where: str) -> Volume:
    """Order a series of two pictures and more along its normal, and find its geometry.

    Raises:
        DataError: places, directions or distances are missing, doubled, or do not fit together.
    """
    order = [(one, number) for one in series.instances for number in range(len(one.frames))]
    frames = [one.frames[number] for one, number in order]
    first = series.instances[0]
    if any((one.rows, one.columns) != (first.rows, first.columns) for one in series.instances):
        raise DataError("its slices are not all of one size", where=where, mend=_EXPORT)
    cosines, spacing = _direction(frames, where), _spacing(frames, where)
    normal = np.cross(cosines[:3], cosines[3:])
    places = np.array([frame.position_mm for frame in frames], np.float64)
    along = places @ normal
    ranks = np.argsort(along, kind="stable")
    order, places, along = [order[i] for i in ranks], places[ranks], along[ranks]
    notes = _check_distances(along, where)
    step = (places[-1] - places[0]) / (len(order) - 1)
    aside = places - places[0] - np.outer((along - along[0]) / (normal @ step), step)
    if np.abs(aside).max() > 0.2 * min(spacing):
        raise DataError("its slices do not lie one above the other", where=where, mend=_EXPORT)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = cosines[:3] * spacing[1], cosines[3:] * spacing[0]
    affine[:3, 2], affine[:3, 3] = step, places[0]
    affine = _TO_RAS @ affine
    voxel_space.check(affine, where)
    notes += voxel_space.notes(affine) + _skips([one.number for one, _ in order] if len(order) > 2 else [])
    thick, apart = frames[0].thickness_mm, float(normal @ step)
    if thick is not None and apart > 1.05 * thick:
        notes.append(
            f"slices of {thick:.4g} mm lie {apart:.4g} mm apart; what lies between them was not scanned"
        )
    return Volume(order, affine, notes)


def _direction(frames: Sequence[Frame], where: str) -> np.ndarray[Any, Any]:
    if any(frame.cosines is None or frame.position_mm is None for frame in frames):
        raise DataError(
            "its pictures do not all say where they lie (ImagePositionPatient, ImageOrientationPatient)",
            where=where, mend="export the original series of the scanner, or bring one picture alone",
        )  # fmt: skip
    cosines = np.array([frame.cosines for frame in frames], np.float64)
    if np.abs(cosines - cosines[0]).max() > _TURNED:
        count = len(np.unique(np.round(cosines, 2), axis=0))
        raise DataError(
            f"its slices lie in {max(count, 2)} different directions, as those of a localizer do",
            where=where, mend="export the slices of one direction alone",
        )  # fmt: skip
    check_cosines(cosines[0], where)
    return cosines[0]


def check_cosines(cosines: np.ndarray[Any, Any], where: str) -> None:
    """See that the directions of rows and columns have length 1 and stand at right angles.

    Raises:
        DataError: they do not.
    """
    row, column = cosines[:3], cosines[3:]
    if abs(row @ row - 1) > 0.02 or abs(column @ column - 1) > 0.02 or abs(row @ column) > 0.01:
        raise DataError("its ImageOrientationPatient is no pair of directions", where=where, mend=_EXPORT)


def _spacing(frames: Sequence[Frame], where: str) -> tuple[float, ...]:
    found = {frame.spacing_mm for frame in frames}
    first = frames[0].spacing_mm
    if first is None or None in found:
        raise DataError(
            "its PixelSpacing is missing, so that nothing in it has a size", where=where, mend=_EXPORT
        )
    check_spacing(first, where)
    if not np.allclose(np.array(list(found), np.float64), first, rtol=1e-3):
        raise DataError("its slices differ in PixelSpacing", where=where, mend=_EXPORT)
    return first


def check_spacing(spacing: tuple[float, ...], where: str) -> None:
    """See that a spacing between pixels is one that a scan may have.

    Raises:
        DataError: it is zero, negative, or absurd.
    """
    if not all(voxel_space.MIN_MM <= mm < voxel_space.MAX_MM for mm in spacing):
        said = " × ".join(f"{mm:.4g}" for mm in spacing)
        raise DataError(f"its spacing of pixels is {said} mm, which no scan has", where=where, mend=_EXPORT)


def _check_distances(along: np.ndarray[Any, Any], where: str) -> list[str]:
    """Slices that are doubled, missing, or unevenly apart."""
    apart = np.diff(along)
    doubled = int((apart < _SAME_MM).sum())
    if doubled:
        raise DataError(
            f"{doubled} of its {len(along)} slices lie where another one does (echoes, times or copies)",
            where=where, mend="export one echo or one moment alone",
        )  # fmt: skip
    typical, least = float(np.median(apart)), float(apart.min())
    off = np.abs(apart - typical).max() / typical
    if off <= _UNEVEN:
        return (
            [f"distances between slices differ by {100 * off:.1f} %; their mean was taken"]
            if off > _EVEN
            else []
        )
    times = apart / least
    whole = np.round(times)
    if (np.abs(times - whole) < 0.1).all():
        missing = int((whole - 1).sum())
        gaps = [f"{int(n) - 1} after slice {i + 1}" for i, n in enumerate(whole) if n > 1]
        said = ", ".join(gaps[:5]) + (", and more" if len(gaps) > 5 else "")
        raise DataError(
            f"{missing} slice{' is' if missing == 1 else 's are'} missing ({said}, in order of place)",
            where=where, mend=_EXPORT,
        )  # fmt: skip
    raise DataError(
        f"its slices lie unevenly, from {least:.4g} to {apart.max():.4g} mm apart", where=where,
        mend="export a series with even distances",
    )  # fmt: skip


def _skips(numbers: list[int | None]) -> list[str]:
    """Numbers that jump evenly hint at slices left out evenly, which places cannot show."""
    if not numbers or None in numbers:
        return []
    steps = set(np.abs(np.diff(np.array(numbers, np.int64))).tolist())
    if len(steps) == 1 and (step := steps.pop()) > 1:
        return [f"numbers of the pictures jump by {step}: slices in between may be missing"]
    return []
