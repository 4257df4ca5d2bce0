"""Where voxels lie in the body: spacing, orientation and volume of a 4 x 4 matrix to RAS+ millimetres.

One set of checks for all kinds of scans: a wrong geometry makes wrong millilitres without a sign of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from common.errors import DataError

MIN_MM, MAX_MM = 0.001, 1000.0
"""Spacing of voxels below a micron or of a metre and more is a wrong unit, never a scan."""
_FAR_MM = 1e6
_FLAT = 1e-3
"""Volume of the cell that unit steps along the three axes span; 1 where they are at right angles."""
_AWRY = 0.01

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def spacing_mm(affine: Matrix) -> list[float]:
    """Distance between neighbours along each of the three axes of the array, in mm, to seven digits."""
    return [float(f"{length:.7g}") for length in np.sqrt((affine[:3, :3] ** 2).sum(axis=0))]


def voxel_mm3(affine: Matrix) -> float:
    """Volume of one voxel in mm³, to seven digits; axes that are not at right angles are allowed for."""
    return float(f"{abs(np.linalg.det(affine[:3, :3])):.7g}")


def orientation(affine: Matrix) -> str:
    """Towards where each axis of the array runs, as nibabel says it: "RAS" is right, anterior, superior.

    For oblique scans it is the nearest of the body's axes, each used once.
    """
    directions = affine[:3, :3] / np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    letters, left = ["", "", ""], np.abs(directions)
    for _ in range(3):
        world, axis = np.unravel_index(np.argmax(left), (3, 3))
        letters[axis] = ("LR", "PA", "IS")[world][int(directions[world, axis] > 0)]
        left[world, :] = left[:, axis] = -1
    return "".join(letters)


def check(affine: Matrix, where: str) -> None:
    """See that it is the geometry of a scan.

    Args:
        affine: from voxel numbers to RAS+ mm.
        where: the file, for messages.

    Raises:
        DataError: it is not finite, singular, or has a spacing that no scan has.
    """
    mend = "export it anew from the scanner or the archive"
    if not np.isfinite(affine).all():
        raise DataError("the position of its voxels in mm is no number", where=where, mend=mend)
    with np.errstate(over="ignore"):
        lengths = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    if not lengths.all():
        raise DataError("its voxels have no size: a spacing is 0 mm", where=where, mend=mend)
    if lengths.min() < MIN_MM or not lengths.max() < MAX_MM:
        said = " × ".join(f"{length:.3g}" for length in lengths)
        raise DataError(f"its voxels are {said} mm large, which no scan is", where=where, mend=mend)
    if abs(np.linalg.det(affine[:3, :3] / lengths)) < _FLAT:
        raise DataError("its axes lie in one plane, so that voxels have no volume", where=where, mend=mend)
    if np.abs(affine[:3, 3]).max() > _FAR_MM:
        raise DataError("it lies more than a kilometre from its origin", where=where, mend=mend)


def notes(affine: Matrix) -> list[str]:
    """What is unusual about a sound geometry, for the parcel."""
    directions = affine[:3, :3] / np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    skew = np.abs(directions.T @ directions - np.eye(3)).max()
    if skew > _AWRY:
        return ["the axes are not at right angles (a tilted gantry, or a registration); the matrix counts"]
    return []
