"""Masks that people drew, read onto the grid of the scan that they were drawn on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.intake import take
from common.intake.kinds import NIFTI
from healthcare.data import Scan, read_scan
from healthcare.naming import called as naming

OFF_VOXELS = 0.1
"""Share of the smallest voxel edge by which mask and scan may lie apart; rounding in headers is less."""
MOST_LABELS = 255


def read_mask(
    path: Path | str, scan: Scan, values: Collection[int] | None = None, *, called: str = "the mask"
) -> NDArray[np.uint8]:
    """Read a NIfTI mask.

    Args:
        path: the file.
        scan: what it was drawn on; the mask must lie on the same grid, as nothing is resampled in silence.
        values: numbers that may stand in it beside 0, the background; None: any from 1 to 255.
        called: what it is called in messages.

    Returns:
        (x, y, z) uint8 on the scan's grid.

    Raises:
        IntakeError: the file is refused.
        DataError: it lies elsewhere than the scan, or holds something else than such numbers.
    """
    with naming(Path(path), called):
        taken = take(path, (NIFTI,))
    drawn = read_scan(taken, called=called)
    if problem := apart(scan, drawn):
        raise DataError(problem, where=called, mend="export mask and scan on one grid")
    if problem := strange(drawn.array, values):
        mend = "write whole numbers of known labels, 0 for the background"
        raise DataError(problem, where=called, mend=mend)
    return drawn.array.astype(np.uint8, order="K")


def apart(scan: Scan, mask: Scan) -> str:
    """How the grids of a scan and a mask differ, in words; "" where they are one."""
    if scan.affine is None or mask.affine is None:
        return "a mask belongs to a volume"
    if scan.array.shape != mask.array.shape:
        one, other = (" × ".join(map(str, part.array.shape)) for part in (mask, scan))
        return f"the mask has {one} voxels and its scan {other}"
    off_mm = _off_mm(scan.affine, mask.affine, scan.array.shape)
    if off_mm > OFF_VOXELS * min(scan.spacing_mm or (1.0,)):
        return f"the mask lies {off_mm:.3g} mm away from its scan"
    return ""


def _off_mm(one: NDArray[np.float64], other: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Largest distance between the corners of two grids of one shape, in mm."""
    ends = np.array(np.meshgrid(*([0, length - 1] for length in shape))).reshape(3, -1)
    off = (one - other)[:3, :3] @ ends + (one - other)[:3, 3:]
    return float(np.sqrt((off**2).sum(axis=0)).max())


def strange(drawn: NDArray[np.generic], values: Collection[int] | None) -> str:
    """What a mask holds that it must not, in words; "" where all is well."""
    found = np.unique(drawn)
    if found.dtype.kind == "f" and (odd := found[found != np.round(found)]).size:
        return f"the mask holds {odd[0]:g}, which is no whole number"
    allowed = set(values) if values is not None else set(range(1, MOST_LABELS + 1))
    if unknown := [int(value) for value in found if value and int(value) not in allowed]:
        listed = ", ".join(map(str, unknown[:5])) + (", …" if len(unknown) > 5 else "")
        return f"the mask holds {listed}, which is no known label"
    return ""
