"""Prediction for a prepared scan: by its plan, back on the scan's own grid, in the values of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from nibabel import orientations

from common.pilot import Progress, silent
from healthcare.data import Array
from healthcare.inference import Prediction, predict
from healthcare.inference_grid import Grid
from healthcare.inference_members import Network, Precision
from healthcare.inference_windows import Triple, starts
from healthcare.plan import Plan
from healthcare.preprocess import Prepared, Way

USUAL_OVERLAP, LARGE_OVERLAP = 0.5, 0.25
MOST_WINDOWS = 200
"""Windows above which neighbours overlap less."""


def overlap_for(size: Triple, window: Triple) -> tuple[float, str]:
    """How far windows should overlap, and why.

    Args:
        size: voxels of the volume.
        window: voxels of a window.
    """
    count = prod(len(starts(n, w, USUAL_OVERLAP)) for n, w in zip(size, window, strict=True))
    if count <= MOST_WINDOWS:
        return USUAL_OVERLAP, "windows overlap by half, as in nnU-Net"
    return LARGE_OVERLAP, f"a quarter instead of half, which would take {count} windows"


def predict_scan(
    networks: Sequence[Network],
    prepared: Prepared,
    plan: Plan,
    *,
    overlap: float | None = None,
    mirrored: bool = False,
    batch_size: int = 1,
    device: str = "cpu",
    precision: Precision = "auto",
    keep_probabilities: bool = False,
    progress: Progress = silent,
) -> Prediction:
    """Look at a prepared scan as its plan says; see healthcare.inference.predict.

    Going back to the scan's grid happens slab by slab too: whatever the voxel sizes, probabilities are never
    in memory as a whole.

    Args:
        networks: members of an ensemble, of this plan.
        prepared: by `healthcare.preprocess.prepare` with this plan.
        plan: of the networks.
        overlap: least share of a window that neighbours have in common; None for `overlap_for`.
        mirrored: look at mirrored views too, along the axes that the plan allows.
        batch_size: see `predict`, as of the following.
        device: where networks are.
        precision: of convolutions.
        keep_probabilities: hand them back too, on the scan's grid.
        progress: called after every batch.

    Returns:
        Maps of shape `scan.array.shape`, in its order of axes; the mask and `structures` hold values of
        labels. What the plan cut away is background, and sure. Sizes are in voxels of the scan.
    """
    way = prepared.way
    whole: Triple = prepared.array.shape[1:]
    found = predict(
        networks,
        prepared.array,
        window=plan.patch,
        overlap=overlap_for(whole, plan.patch)[0] if overlap is None else overlap,
        flips=plan.mirror if mirrored else (),
        grid=Grid(way.cropped, way.before, way.resampled),
        batch_size=batch_size,
        device=device,
        precision=precision,
        keep_probabilities=keep_probabilities,
        progress=progress,
    )
    values = np.array(plan.values, np.uint8)
    kept = found.probabilities
    if kept is not None:
        kept = np.stack([_own(one, way, outside=float(n == 0)) for n, one in enumerate(kept)])
    return replace(
        found,
        mask=_own(values[found.mask], way),
        uncertainty=_own(found.uncertainty, way),
        structures=tuple(replace(s, value=plan.values[s.value]) for s in found.structures),
        probabilities=kept,
    )


def _own(part: Array, way: Way, *, outside: float = 0) -> Array:
    """A map of the part that was kept, within the whole scan and in its own order of axes."""
    if way.cropped != way.turned:
        whole = np.full(way.turned, outside, part.dtype)
        whole[tuple(slice(c, c + n) for c, n in zip(way.corner, way.cropped, strict=True))] = part
        part = whole
    turn = orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], np.array(way.turn, dtype=float))
    return np.ascontiguousarray(orientations.apply_orientation(part, turn))
