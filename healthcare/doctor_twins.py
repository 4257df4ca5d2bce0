"""Images that are there twice: the same numbers, or the same picture mirrored or with other brightness.

Two images are near twins where the gradients of their smoothed thumbnails correlate at 0.95 or more, be they
mirrored or inverted. Brightness and contrast drop out of a correlation, and gradients, unlike grey values,
differ between scans that merely show the same organ: among 5,206 chest X-rays of 28 × 28 pixels no two that
are no copies come above 0.93, while grey values come to 0.97. Of 300 copies each, all with other contrast,
brightness or gamma (1.3) are found, and 98 % of those that were saved as JPEG of quality 50. Among 192 MRI
crops of one organ, of which some are of one person, none comes above 0.85.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.pilot import Progress, silent

ALIKE = 0.95
"""Correlation of gradients from which two images are near twins."""
SIDE_PICTURE, SIDE_VOLUME = 28, 16
"""Pixels along each axis of the thumbnails that are compared."""
MANY = 6000
"""Beyond so many images, candidates are looked for in a random projection of the gradients."""
MOST_FLIPPED = 50_000
"""Beyond so many, mirrored twins are not looked for: it would take longer than anyone waits."""
_PROJECTED = 96
_SLACK = 0.07
"""By how much a projection may understate a correlation near 0.95: five standard deviations."""
_BLOCK = 1024
Array = NDArray[Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Twins:
    """Two images that show the same.

    Attributes:
        first, second: their numbers.
        alike: correlation of their gradients.
        mirrored: whether one is the other's mirror image.
        inverted: whether black is white in one of them.
    """

    first: int
    second: int
    alike: float
    mirrored: bool = False
    inverted: bool = False


def content(array: Array) -> str:
    """Hash of an image's shape and values; the type in which whole numbers are stored does not matter."""
    values = np.ascontiguousarray(array)
    if values.dtype.kind in "iub" and (not values.size or int(values.min()) >= -(2**31)):
        values = values.astype(np.int64)
    elif values.dtype.kind == "f":
        values = values.astype(np.float64)
        if np.array_equal(values, np.round(values)):
            values = values.astype(np.int64)
    return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()


def exact(contents: Sequence[str]) -> list[list[int]]:
    """Groups of numbers of images with the same content."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(contents):
        groups.setdefault(one, []).append(number)
    return [group for group in groups.values() if len(group) > 1]


def thumbnail(array: Array, side: int) -> Floats:
    """An image as a small one with `side` pixels along each axis, each the mean of what it covers."""
    small = np.asarray(array, np.float32)
    for axis, length in enumerate(small.shape):
        if length > side:
            edges = np.linspace(0, length, side + 1).astype(int)[:-1]
            counts = np.diff([*edges, length]).reshape([-1 if n == axis else 1 for n in range(small.ndim)])
            small = (np.add.reduceat(small, edges, axis=axis) / counts).astype(np.float32)
        elif length < side:
            small = np.take(small, np.linspace(0, length - 1, side).round().astype(int), axis=axis)
    return small


def near(thumbnails: Array, progress: Progress = silent) -> list[Twins]:
    """Pairs of images that show the same.

    Args:
        thumbnails: (n, rows, columns) or (n, x, y, z), all of one size, any real type.
        progress: told how far it is.

    Returns:
        One entry a pair, the best match of all mirror images.
    """
    count, axes = len(thumbnails), range(1, thumbnails.ndim)
    flips = [
        tuple(axis for axis, flip in zip(axes, chosen, strict=True) if flip)
        for chosen in product((False, True), repeat=len(axes))
    ]
    if count > MOST_FLIPPED:
        flips = flips[:1]
    found: dict[tuple[int, int], Twins] = {}
    for step, flip in enumerate(flips):
        for first, second, alike in _pairs(thumbnails, flip):
            best = found.get((first, second))
            if best is None or abs(alike) > best.alike:
                found[first, second] = Twins(first, second, abs(alike), bool(flip), alike < 0)
        progress((step + 1) / len(flips), "looking for images that show the same")
    return sorted(found.values(), key=lambda one: -one.alike)


def _pairs(thumbnails: Array, flip: tuple[int, ...]) -> Iterator[tuple[int, int, float]]:
    count = len(thumbnails)
    projection = None
    if count > MANY:
        width = _features(thumbnails[:1]).shape[1]
        projection = np.random.default_rng(0).standard_normal((width, _PROJECTED)).astype(np.float32)
    plain = _all_features(thumbnails, (), projection)
    turned = _all_features(thumbnails, flip, projection) if flip else plain
    least = ALIKE if projection is None else ALIKE - _SLACK
    for begin in range(0, count, _BLOCK):
        alike = plain[begin : begin + _BLOCK] @ turned[begin:].T
        rows, columns = np.nonzero(np.triu(np.abs(alike) >= least, 1))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            value = float(alike[row, column])
            if projection is not None:
                both = _features(thumbnails[[begin + row]]) * _features(
                    np.flip(thumbnails[[begin + column]], flip) if flip else thumbnails[[begin + column]]
                )
                value = float(both.sum())
            if abs(value) >= ALIKE:
                yield begin + row, begin + column, value


def _all_features(thumbnails: Array, flip: tuple[int, ...], projection: Floats | None) -> Floats:
    parts = []
    for begin in range(0, len(thumbnails), _BLOCK):
        block = thumbnails[begin : begin + _BLOCK]
        part = _features(np.flip(block, flip) if flip else block)
        parts.append(part if projection is None else _unit(part @ projection))
    return np.concatenate(parts)


def _features(block: Array) -> Floats:
    """Differences between neighbours along each axis, less their mean and of length 1: (n, features)."""
    values = np.asarray(block, np.float32)
    for axis in range(1, values.ndim):  # noise of single pixels goes, by weights of 1, 2 and 1
        last = values.shape[axis] - 1
        before = np.take(values, np.maximum(np.arange(last + 1) - 1, 0), axis=axis)
        after = np.take(values, np.minimum(np.arange(last + 1) + 1, last), axis=axis)
        values = (before + 2 * values + after) / 4
    steps = [np.diff(values, axis=axis).reshape(len(values), -1) for axis in range(1, values.ndim)]
    # Each axis by itself: a slope of brightness across the image is a constant in one of them.
    return _unit(np.concatenate([step - step.mean(axis=1, keepdims=True) for step in steps], axis=1))


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-6)


def stacked(arrays: Iterable[Array], side: int) -> Floats:
    """Thumbnails of images of different size, one above the other."""
    return np.stack([thumbnail(array, side) for array in arrays])


def correlations(thumbnails: Array) -> Floats:
    """How alike all pairs of a few images are: (n, n) correlations of gradients, none mirrored."""
    features = _features(thumbnails)
    return features @ features.T
