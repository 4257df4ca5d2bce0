"""From a scan to what the network sees, and back: the same steps in training and at inference.

Turned to RAS by swapping and mirroring axes (exact), normalised, resampled only where its voxels differ from
the plan's, and surrounded by what the plan says up to the size of a patch. A window of `plan.patch` fits
into `Prepared.array` without padding of its own: the one thing that training and inference once did
differently, and that cost a quarter of the Dice score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from nibabel import orientations
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn.functional import interpolate

from common.errors import DataError
from healthcare.data import Array, Scan
from healthcare.plan import Normalisation, Plan, Triple

SAME_SPACING = 0.01
"""Relative difference of voxel sizes below which nothing is resampled: a hundredth of a voxel a voxel."""
LARGEST_GRID_VOXELS = 2**30


@dataclass(frozen=True)
class Way:
    """How a scan's own grid became the network's, step by step, and so how to go back.

    Attributes:
        turn: nibabel's orientation array (3, 2) as pairs: the RAS axis of each of the scan's axes, and
            whether it is mirrored (-1) or not (1).
        turned: shape after turning.
        corner, cropped: first voxel and shape of the part that is kept of it.
        resampled: shape on the plan's grid.
        before: voxels of padding before it, along each axis.
    """

    turn: tuple[tuple[int, int], ...]
    turned: Triple
    corner: Triple
    cropped: Triple
    resampled: Triple
    before: Triple

    @property
    def inside(self) -> tuple[slice, slice, slice]:
        """Where the scan's own part lies within the padded array."""
        return _part(self.before, self.resampled)


@dataclass(frozen=True)
class Prepared:
    """What the network sees of a scan.

    Attributes:
        array: (1, x, y, z) float32 in RAS order on the plan's grid, normalised and padded to at least
            `plan.patch` and to multiples of `plan.reach`.
        affine: (4, 4), from its voxel numbers to RAS+ mm.
        way: how to go back to the scan's own grid.
    """

    array: NDArray[np.float32]
    affine: NDArray[np.float64]
    way: Way

    @property
    def inside(self) -> tuple[slice, slice, slice]:
        """Where the scan's own part lies within the padding."""
        return self.way.inside


def prepare(scan: Scan, plan: Plan) -> Prepared:
    """Bring a scan into the form that the plan's network knows.

    Args:
        scan: a volume; nothing of it is changed.
        plan: of the network.

    Raises:
        DataError: it is a picture, holds values that are no numbers, or would become too large.
    """
    way = way_of(scan, plan)
    x = _kept(scan.array, way).astype(np.float32)
    if not np.isfinite(x).all():
        raise DataError("the scan holds values that are not numbers", mend="export it anew")
    x = resample(normalise(x, plan.normalisation), way.resampled, plan.order, plan.coarse_axis)
    return Prepared(padded(x, way, plan)[None], _affine(scan, way), way)


def prepare_mask(mask: Array, scan: Scan, plan: Plan) -> NDArray[np.uint8]:
    """Bring a mask on a scan's grid onto the network's grid.

    Args:
        mask: (x, y, z) values of labels; values that the plan does not know count as background.
        scan: the scan it belongs to.
        plan: of the network.

    Returns:
        (x, y, z) numbers of classes (0 is background), on the grid of `prepare(scan, plan).array[0]`.

    Raises:
        DataError: it is not on the scan's grid.
    """
    if mask.shape != scan.array.shape:
        raise DataError(
            f"the mask has the shape {mask.shape} and its scan {scan.array.shape}",
            mend="bring a mask drawn on this very scan",
        )
    way = way_of(scan, plan)
    kept = _kept(mask, way)
    classes = np.zeros(kept.shape, dtype=np.uint8)
    for number, value in enumerate(plan.values):
        classes[kept == value] = number
    if way.resampled != way.cropped:
        maps = (
            resample((classes == n).astype(np.float32), way.resampled, 1, plan.coarse_axis)
            for n in range(plan.classes)
        )
        classes = _first_of_largest(maps)
    return np.pad(classes, _padding(way, plan))


def way_of(scan: Scan, plan: Plan) -> Way:
    """How this scan's grid becomes the network's; see Way.

    Raises:
        DataError: it is a picture, or would become too large.
    """
    if scan.affine is None or scan.array.ndim != 3:
        raise DataError("a volume is needed here, and this is a picture", mend="bring a CT or MR series")
    turn = orientations.io_orientation(scan.affine)
    if np.isnan(turn).any():
        raise DataError("the scan does not say which way its axes point", mend="export it with its geometry")
    order = np.argsort(turn[:, 0])
    turned = _triple(np.array(scan.array.shape)[order])
    corner, cropped = (0, 0, 0), turned
    if plan.normalisation.nonzero:
        corner, cropped = _bounds(orientations.apply_orientation(scan.array, turn))
    spacing = np.linalg.norm(scan.affine[:3, :3], axis=0)[order]
    wanted = np.array(plan.spacing_mm)
    ratio = np.where(np.abs(spacing / wanted - 1) > SAME_SPACING, spacing / wanted, 1.0)
    size = np.maximum(1, np.round(np.array(cropped) * ratio))
    if size.prod() > LARGEST_GRID_VOXELS:
        raise DataError(
            f"the scan would become {size[0]:.0f} × {size[1]:.0f} × {size[2]:.0f} voxels, more than fit",
            mend="cut it to the part of interest",
        )
    resampled = _triple(size)
    missing = np.array(_padded_shape(resampled, plan)) - size.astype(int)
    return Way(
        tuple((int(axis), int(way)) for axis, way in turn),
        turned,
        corner,
        cropped,
        resampled,
        _triple(missing // 2),
    )


def normalise(x: NDArray[np.float32], how: Normalisation) -> NDArray[np.float32]:
    """Intensities on one scale; see Normalisation."""
    if how.kind == "clip":
        return ((np.clip(x, how.low, how.high) - how.mean) / how.sd).astype(np.float32)
    known = x != 0 if how.nonzero else np.ones(x.shape, dtype=bool)
    values = x[known].astype(np.float64)
    mean, sd = (values.mean(), values.std()) if values.size else (0.0, 0.0)
    # A volume of one value alone has no contrast to scale up.
    scaled = (x - np.float32(mean)) / np.float32(sd if sd > 0 else 1.0)
    return np.where(known, scaled, np.float32(0)).astype(np.float32)


def resample(
    x: NDArray[np.float32], shape: Triple, order: int, coarse_axis: int | None
) -> NDArray[np.float32]:
    """A map on a grid of another shape over the same field of view.

    Where the grid becomes coarser, the map is smoothed first, so that nothing finer folds into it.

    Args:
        x: (x, y, z).
        shape: wanted.
        order: of the splines; across `coarse_axis` the nearest slice is taken for orders above 1, since
            slices far apart say nothing of what lies between.
        coarse_axis: see Plan.
    """
    if x.shape == shape:
        return x
    factors = np.array(x.shape) / np.array(shape)
    sigma = np.maximum(0, (factors - 1) / 2)
    if sigma.any():
        x = ndimage.gaussian_filter(x, sigma, mode="nearest")
    if order <= 1:
        found = interpolate(
            torch.from_numpy(np.ascontiguousarray(x))[None, None], size=shape, mode="trilinear"
        )
        return found[0, 0].numpy()
    if coarse_axis is not None and x.shape[coarse_axis] != shape[coarse_axis]:
        nearest = ((np.arange(shape[coarse_axis]) + 0.5) * factors[coarse_axis]).astype(int)
        x = x.take(nearest, axis=coarse_axis)
    zoom = np.array(shape) / np.array(x.shape)
    return ndimage.zoom(x, zoom, order=order, mode="nearest", grid_mode=True).astype(np.float32)


def padded(x: NDArray[np.float32], way: Way, plan: Plan) -> NDArray[np.float32]:
    """A volume on the plan's grid, surrounded as the plan says."""
    if plan.padding == "edge":
        return np.pad(x, _padding(way, plan), mode="edge")
    return np.pad(x, _padding(way, plan), constant_values=x.min())


def back(x: Array, way: Way, *, order: int = 1, outside: float = 0.0) -> NDArray[np.float32]:
    """A map on the network's grid, on the scan's own grid: exact where nothing was resampled.

    Args:
        x: (x, y, z) on the grid of `Prepared.array[0]`.
        way: `Prepared.way`.
        order: 1 for what changes smoothly (probabilities), 0 for the nearest voxel.
        outside: value of voxels of the scan that the network did not see.
    """
    inner = np.asarray(x[way.inside], dtype=np.float32)
    if way.cropped != way.resampled:
        inner = _nearest(inner, way.cropped) if order == 0 else resample(inner, way.cropped, 1, None)
    if way.cropped != way.turned:
        whole = np.full(way.turned, outside, dtype=np.float32)
        whole[_part(way.corner, way.cropped)] = inner
        inner = whole
    turn = orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], np.array(way.turn, dtype=float))
    return np.ascontiguousarray(orientations.apply_orientation(inner, turn))


def mask_back(probabilities: Array, plan: Plan, way: Way) -> NDArray[np.uint8]:
    """The mask that probabilities on the network's grid give on the scan's own grid.

    Args:
        probabilities: (classes, x, y, z) on the grid of `Prepared.array[0]`; they are brought back class by
            class, so that one map more than they themselves is all the memory it takes.
        plan: of the network.
        way: `Prepared.way`.

    Returns:
        (x, y, z) uint8 values of labels.
    """
    maps = (back(p, way, outside=float(n == 0)) for n, p in enumerate(probabilities))
    classes = _first_of_largest(maps)
    return np.array(plan.values, dtype=np.uint8)[classes]


def _first_of_largest(maps: Iterable[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Number of the largest of several maps at every voxel (of the first of equals), one at a time."""
    numbered = enumerate(maps)
    _, largest = next(numbered)
    classes = np.zeros(largest.shape, dtype=np.uint8)
    for number, values in numbered:
        better = values > largest
        classes[better] = number
        largest = np.maximum(values, largest)
    return classes


def _kept(array: Array, way: Way) -> Array:
    """The part of a scan's array that is kept, turned to RAS."""
    turned: Array = orientations.apply_orientation(array, np.array(way.turn, dtype=float))
    return turned[_part(way.corner, way.cropped)]


def _bounds(x: Array) -> tuple[Triple, Triple]:
    """First voxel and shape of the smallest box with all that is not 0; of the whole where all is 0."""
    corner, size = [], []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        found = np.flatnonzero((x != 0).any(axis=others))
        first, last = (found[0], found[-1]) if found.size else (0, x.shape[axis] - 1)
        corner.append(int(first))
        size.append(int(last - first + 1))
    return _triple(corner), _triple(size)


def _padded_shape(shape: Triple, plan: Plan) -> Triple:
    at_least = zip(shape, plan.patch, plan.reach, strict=True)
    return _triple(-(-max(n, p) // r) * r for n, p, r in at_least)


def _padding(way: Way, plan: Plan) -> tuple[tuple[int, int], ...]:
    whole = _padded_shape(way.resampled, plan)
    sizes = zip(way.before, way.resampled, whole, strict=True)
    return tuple((before, size - before - n) for before, n, size in sizes)


def _affine(scan: Scan, way: Way) -> NDArray[np.float64]:
    """From voxel numbers of the network's grid to RAS+ mm."""
    assert scan.affine is not None
    turned = scan.affine @ orientations.inv_ornt_aff(np.array(way.turn, dtype=float), scan.array.shape)
    factors = np.array(way.cropped) / np.array(way.resampled)
    step = np.eye(4)
    step[:3, :3] = np.diag(factors)
    # Both grids cover one field of view, so the middle of their first voxels differs.
    step[:3, 3] = np.array(way.corner) + factors * (0.5 - np.array(way.before)) - 0.5
    found: NDArray[np.float64] = turned @ step
    return found


def _nearest(x: NDArray[np.float32], shape: Triple) -> NDArray[np.float32]:
    for axis, (new, old) in enumerate(zip(shape, x.shape, strict=True)):
        x = x.take(((np.arange(new) + 0.5) * old / new).astype(int), axis=axis)
    return x


def _part(corner: Triple, size: Triple) -> tuple[slice, slice, slice]:
    a, b, c = (slice(start, start + n) for start, n in zip(corner, size, strict=True))
    return a, b, c


def _triple(numbers: Iterable[Any]) -> Triple:
    a, b, c = (int(n) for n in numbers)
    return a, b, c
