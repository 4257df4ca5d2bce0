"""Where the pictures of a DICOM series lie, and how a mask is laid on them voxel by voxel.

Pictures are put in order by their place along the normal, as `common.intake.formats.series` does when it
reads them: a mask on the reader's grid and the series it came from then agree without any resampling. Places
in DICOM are in LPS mm, affines in RAS+ mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

WHERE = "the DICOM series"
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TURNED = 1e-3
_SAME_MM = 0.001
_UNEVEN = 0.3
"""Share of the distance between slices by which one may lie off its even place."""
_NEAR = 0.05
"""Voxels by which two grids may differ and still be called one: what float32 and decimal text round away."""


@dataclass(frozen=True)
class Grid:
    """The grid that pictures span.

    Attributes:
        shape: columns, rows, slices.
        affine: (4, 4) float64, from (column, row, slice) to RAS+ mm.
        order: for each slice, the number of its dataset and of the frame in it, from 0 on.
        positions_mm: (slice, 3), LPS, as the files say them.
        cosines: (6,) direction of a row and of a column, LPS.
        spacing_mm: between rows and between columns.
        step_mm: between slices along the normal.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    order: tuple[tuple[int, int], ...]
    positions_mm: NDArray[np.float64]
    cosines: NDArray[np.float64]
    spacing_mm: tuple[float, float]
    step_mm: float


def grid_of(sources: Sequence[Dataset]) -> Grid:
    """Find the grid of a series, whatever order its pictures come in.

    Args:
        sources: single-frame datasets, or one enhanced multi-frame dataset.

    Raises:
        DataError: a picture does not say where it lies, or they do not stand one above the other.
    """
    numbered = [(d, f) for d, one in enumerate(sources) for f in range(frame_count(one))]
    if not numbered:
        raise DataError("there is no picture in it", where=WHERE, mend="hand over the series itself")
    places, turns, gaps = zip(*(_plane(sources[d], f) for d, f in numbered), strict=True)
    sizes = {(int(one.Columns), int(one.Rows)) for one in sources}
    cosines, spacing = np.array(turns, np.float64), np.array(gaps, np.float64)
    even = np.allclose(spacing, spacing[0], rtol=1e-3)
    if len(sizes) > 1 or np.abs(cosines - cosines[0]).max() > _TURNED or not even:
        raise DataError(
            "its pictures differ in size, direction or spacing",
            where=WHERE,
            mend="hand over the pictures of one volume alone",
        )
    thickness = _measure(sources[0], "SpacingBetweenSlices") or _measure(sources[0], "SliceThickness")
    columns, rows = sizes.pop()
    ranks, placed, affine, step = _stacked(np.array(places), cosines[0], spacing[0], thickness)
    order = tuple(numbered[rank] for rank in ranks)
    shape, pixel = (columns, rows, len(order)), (float(spacing[0][0]), float(spacing[0][1]))
    return Grid(shape, affine, order, placed, cosines[0], pixel, step)


def frame_count(dataset: Dataset) -> int:
    """Number of pictures in a dataset."""
    return int(dataset.get("NumberOfFrames") or 1)


def group(dataset: Dataset, frame: int, name: str) -> Dataset | None:
    """Functional group of a frame: its own, else the shared one; None where there is neither."""
    for sequence, at in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        items = dataset.get(sequence) or []
        if at < len(items) and items[at].get(name):
            found: Dataset = items[at].get(name)[0]
            return found
    return None


def onto(
    mask: NDArray[np.uint8],
    affine: NDArray[np.float64],
    shape: tuple[int, int, int],
    target: NDArray[np.float64],
    *,
    between_slices: float = _NEAR,
    whole: bool = False,
) -> NDArray[np.uint8] | None:
    """Lay a mask on another grid with the same voxels: turned, mirrored, cut or padded, never resampled.

    Args:
        mask: (x, y, z).
        affine: from its voxels to RAS+ mm.
        shape: of the other grid.
        target: from the other grid's voxels to RAS+ mm.
        between_slices: voxels by which places along the other grid's third axis may differ, for slices that
            are unevenly apart.
        whole: take it only where the two grids are one, not where one is a part of the other.

    Returns:
        The mask on the other grid; None where the voxels of the two do not coincide, or marked ones lie
        outside it.
    """
    across = np.linalg.inv(target) @ affine
    turn = np.round(across[:3, :3])
    if not (np.abs(turn).sum(0) == 1).all() or not (np.abs(turn).sum(1) == 1).all():
        return None
    shift = np.round(across[:3, 3])
    corners = np.array(np.meshgrid(*((0, n - 1) for n in mask.shape), indexing="ij")).reshape(3, -1)
    off = (across[:3, :3] - turn) @ corners + (across[:3, 3] - shift)[:, None]
    if (np.abs(off).max(axis=1) > (_NEAR, _NEAR, between_slices)).any():
        return None
    axes = np.abs(turn).argmax(axis=1)
    begin = (turn @ corners).min(axis=1).astype(int) + shift.astype(int)
    turned = mask.transpose(axes)
    for axis in range(3):
        if turn[axis, axes[axis]] < 0:
            turned = np.flip(turned, axis)
    if whole and (begin.any() or turned.shape != tuple(shape)):
        return None
    out = np.zeros(shape, mask.dtype)
    ends = begin + turned.shape
    lows, highs = np.clip(begin, 0, shape), np.clip(ends, 0, shape)
    inside = turned[tuple(slice(a - b, z - b) for a, z, b in zip(lows, highs, begin, strict=True))]
    out[tuple(slice(a, z) for a, z in zip(lows, highs, strict=True))] = inside
    return out if np.count_nonzero(inside) == np.count_nonzero(mask) else None


def _stacked(
    places: NDArray[np.float64],
    cosines: NDArray[np.float64],
    spacing: NDArray[np.float64],
    thickness_mm: float | None,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], float]:
    """Order, places in it, affine to RAS+ mm and distance of slices along the normal."""
    normal = np.cross(cosines[:3], cosines[3:])
    along = places @ normal
    ranks = np.argsort(along, kind="stable")
    places, along = places[ranks], along[ranks]
    if len(places) > 1:
        step = (places[-1] - places[0]) / (len(places) - 1)
        apart = float(normal @ step)
        if (np.diff(along) < _SAME_MM).any():
            raise DataError(
                "several of its pictures lie in one place",
                where=WHERE,
                mend="hand over those of one echo or one moment alone",
            )
        if np.abs(along - along[0] - apart * np.arange(len(along))).max() > _UNEVEN * apart:
            mend = "hand over the whole series"
            raise DataError("its pictures lie unevenly, or some are missing", where=WHERE, mend=mend)
    else:
        apart = abs(thickness_mm or 1.0)
        step = apart * normal
    return ranks, places, affine_of(places[0], cosines, spacing, step), apart


def affine_of(
    place: NDArray[np.float64],
    cosines: NDArray[np.float64],
    spacing: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Affine from (column, row, slice) to RAS+ mm.

    Args:
        place: of the first slice, LPS mm.
        cosines: (6,) directions of a row and of a column, LPS.
        spacing: between rows and between columns, mm.
        step: from one slice to the next, LPS mm.
    """
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = cosines[:3] * spacing[1], cosines[3:] * spacing[0]
    affine[:3, 2], affine[:3, 3] = step, place
    return np.asarray(_TO_RAS @ affine, np.float64)


def _plane(dataset: Dataset, frame: int) -> tuple[list[float], list[float], list[float]]:
    """Place, directions and spacing of a frame."""
    if frame_count(dataset) > 1 or "PerFrameFunctionalGroupsSequence" in dataset:
        holders: tuple[Any, ...] = (
            group(dataset, frame, "PlanePositionSequence"),
            group(dataset, frame, "PlaneOrientationSequence"),
            group(dataset, frame, "PixelMeasuresSequence"),
        )
    else:
        holders = (dataset,) * 3
    found = []
    names = (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2))
    for holder, (name, count) in zip(holders, names, strict=True):
        values = [float(value) for value in (holder.get(name) or [])] if holder is not None else []
        if len(values) != count or not np.isfinite(values).all():
            mend = "hand over the original series of the scanner"
            raise DataError(f"a picture of it does not say its {name}", where=WHERE, mend=mend)
        found.append(values)
    return found[0], found[1], found[2]


def _measure(dataset: Dataset, name: str) -> float | None:
    holder = group(dataset, 0, "PixelMeasuresSequence") or dataset
    try:
        value = abs(float(holder.get(name)))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) and value > 0 else None
