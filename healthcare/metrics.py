"""How near a mask is to an expert's: Dice, 95 % Hausdorff distance and surface Dice, case by case, in mm.

Scores are those of whole volumes on the scan's own grid, and a mean is one over cases, never over patches or
batches. What each score is good for, and why several are given: Maier-Hein and others 2024, "Metrics
reloaded".
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from healthcare.data import Array

Mask = NDArray[np.uint8]
TOLERANCE_MM = 1.0
"""Distance within which two surfaces count as the same, for the surface Dice."""
DRAWS = 2000


def dice(mask: Array, truth: Array, value: int) -> float:
    """Dice (1945) of one label, in [0, 1]; NaN where neither has it, 0 where one has it.

    Args:
        mask: (x, y, z) whole numbers.
        truth: of the same shape.
        value: the label's number.
    """
    found, wanted = mask == value, truth == value
    total = int(found.sum()) + int(wanted.sum())
    return 2.0 * int((found & wanted).sum()) / total if total else float("nan")


def surfaces(mask: Array, truth: Array, value: int, spacing_mm: Sequence[float]) -> tuple[float, float]:
    """95 % Hausdorff distance in mm and surface Dice at TOLERANCE_MM of one label.

    The distance is the larger of the two directed 95 % quantiles, between voxels at the surfaces, as MONAI
    has it. Where one has the label and the other has not, it is the diagonal of the volume and the
    surface Dice 0; where neither has it, both are NaN.
    """
    import torch
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance
    from monai.metrics.surface_dice import compute_surface_dice

    found, wanted = mask == value, truth == value
    if not found.any() and not wanted.any():
        return float("nan"), float("nan")
    if not found.any() or not wanted.any():
        return float(np.linalg.norm(np.array(mask.shape) * np.array(spacing_mm))), 0.0
    part = _around(found | wanted)
    one, other = (torch.from_numpy(np.ascontiguousarray(x[part]))[None, None] for x in (found, wanted))
    spacing = [float(length) for length in spacing_mm]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of MONAI's own parts about each other
        far = compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=spacing)
        near = compute_surface_dice(one, other, [TOLERANCE_MM], include_background=True, spacing=spacing)
    return float(far), float(near)


def _around(found: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The box around what is set, one voxel wider: distances within it are those of the whole."""
    parts = []
    for axis in range(found.ndim):
        others = tuple(a for a in range(found.ndim) if a != axis)
        at = np.flatnonzero(found.any(axis=others))
        parts.append(slice(max(int(at[0]) - 1, 0), int(at[-1]) + 2))
    return tuple(parts)


def mean_interval(values: ArrayLike, *, coverage: float = 0.95, seed: int = 0) -> tuple[float, float, float]:
    """Mean over cases with its confidence interval: bias-corrected bootstrap (Efron 1987), seeded.

    Args:
        values: one a case; NaN are left out.
        coverage: of the interval.
        seed: of the draws.

    Returns:
        Mean, lower and upper end; the ends are NaN for fewer than three cases, the mean too for none.
    """
    from scipy.stats import bootstrap

    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    mean = float(known.mean())
    if len(known) < 3:
        return mean, float("nan"), float("nan")
    if np.ptp(known) == 0:
        return mean, mean, mean
    random = np.random.default_rng(seed)
    drawn = bootstrap((known,), np.mean, confidence_level=coverage, n_resamples=DRAWS, rng=random)
    return mean, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)
