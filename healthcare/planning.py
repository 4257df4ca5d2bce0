"""From the fingerprint of a data set to a plan, each choice with its reason in words.

The rules are nnU-Net's (Isensee et al. 2021) for voxel size, patch, depth and intensities. What differs is
made for processors without a GPU: there the finest stage works on blocks of voxels, and the patch is as large
as lets the network see enough patches in the time given.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from healthcare.fingerprint import Fingerprint
from healthcare.plan import Normalisation, Plan, Triple

COARSE_RATIO = 3.0
"""An axis whose voxels are this much longer than the finest axis's is a stack of slices, not a volume."""
SMALLEST_STAGE = 4
MANY_ZEROS = 0.25
FEWEST_PATCHES = 6000
"""Patches that a network should see to learn well."""
CPU_SECONDS_A_VOXEL = 1.2e-6
"""Of training, by one thread, with the channels below: measured on a server core with AVX-512 and bf16."""
GPU_BYTES_A_VOXEL = 2200
"""Of a patch in training with the channels below, mixed precision."""
CPU_CHANNELS = (32, 64, 128, 256)
GPU_CHANNELS = (32, 64, 128, 256, 320, 320)
LARGEST_SIDE = {"cpu": 96, "cuda": 160}
OPPOSITES = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))
"""Words by which structures along x, y and z of RAS are told apart."""


@dataclass(frozen=True)
class Budget:
    """What training may take.

    Attributes:
        minutes: of training.
        device: where.
        threads: of the processor.
        memory_gib: of the GPU.
    """

    minutes: float = 20.0
    device: Literal["cpu", "cuda"] = "cpu"
    threads: int = 2
    memory_gib: float = 16.0


def make_plan(found: Fingerprint, budget: Budget | None = None) -> Plan:
    """The plan for a data set.

    Args:
        found: its fingerprint.
        budget: what training may take; None: 20 minutes on two processor cores.
    """
    budget = budget or Budget()
    reasons: dict[str, str] = {}
    spacing, coarse_axis = _spacing(found, reasons)
    shapes = np.array(found.shapes) * np.array(found.spacings_mm) / spacing
    stem = _stem(spacing, budget, reasons)
    patch, depth_strides, kernels = _geometry(shapes, spacing, stem, budget, reasons)
    channels = (CPU_CHANNELS if budget.device == "cpu" else GPU_CHANNELS)[: len(kernels)]
    channels = channels + channels[-1:] * (len(kernels) - len(channels))
    normalisation = _normalisation(found, reasons)
    reasons["padding"] = (
        "a volume smaller than the patch is surrounded by its own edge, in training and at inference alike"
    )
    return Plan(
        labels=found.labels,
        spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        patch=patch,
        batch_size=_batch(patch, budget, reasons),
        channels=channels,
        kernels=kernels,
        strides=depth_strides,
        stem=stem,
        deep_supervision=min(2, len(channels) - 2),
        normalisation=normalisation,
        coarse_axis=coarse_axis,
        mirror=_mirror(found, reasons),
        modality=found.modality,
        data=_summary(found),
        reasons=reasons,
    )


def _spacing(found: Fingerprint, reasons: dict[str, str]) -> tuple[NDArray[np.float64], int | None]:
    spacings, shapes = np.array(found.spacings_mm), np.array(found.shapes)
    target = np.median(spacings, axis=0)
    words = "the median voxel size of the data, so that most scans are hardly resampled"
    worst = int(target.argmax())
    others = [axis for axis in range(3) if axis != worst]
    median_shape = np.median(shapes, axis=0)
    coarse = None
    if target[worst] > COARSE_RATIO * target[others].min():
        coarse = worst
        words += f"; axis {'xyz'[worst]} holds slices far apart and is resampled by itself"
        if median_shape[worst] * COARSE_RATIO < median_shape[others].min():
            target[worst] = max(np.percentile(spacings[:, worst], 10), target[others].max())
            words += ", at the 10th percentile of their distances, so that near slices keep their detail"
    reasons["spacing_mm"] = words
    return target, coarse


def _stem(spacing: NDArray[np.float64], budget: Budget, reasons: dict[str, str]) -> Triple:
    if budget.device != "cpu":
        reasons["stem"] = "a GPU has the strength to work on single voxels"
        return 1, 1, 1
    fine = [2 if s < 2 * spacing.min() else 1 for s in spacing]
    reasons["stem"] = (
        "without a GPU the finest stage takes blocks of voxels as one: six times as many patches are seen in "
        "the same time, which is worth more than the detail within a block"
    )
    return fine[0], fine[1], fine[2]


def _geometry(
    shapes: NDArray[np.float64],
    spacing: NDArray[np.float64],
    stem: Triple,
    budget: Budget,
    reasons: dict[str, str],
) -> tuple[Triple, tuple[Triple, ...], tuple[Triple, ...]]:
    """Patch, strides and kernels: the largest patch within the budget and the depth that it allows."""
    allowed = _voxels(budget)
    wanted = np.minimum(np.median(shapes, axis=0).round(), LARGEST_SIDE[budget.device])
    side = wanted.astype(float)
    while True:
        strides, kernels = _depth(side, spacing, stem)
        reach = np.prod([stem, *strides], axis=0)
        patch = np.maximum(1, np.ceil(side / reach)) * reach
        if patch.prod() <= allowed or patch.max() <= 2 * SMALLEST_STAGE * max(stem):
            break
        side[(side * spacing).argmax()] *= 0.9  # as long in mm along each axis as the volumes allow
    whole = bool((patch >= wanted).all()) and bool((wanted >= np.median(shapes, axis=0) - 1).all())
    reasons["patch"] = (
        "the median volume as a whole" if whole else "as large as the time or memory allows"
    ) + f"; up to {allowed / 1e6:.1f} million voxels would be, and each side is a multiple of the strides"
    reasons["channels"] = f"{len(kernels)} stages: each side is halved until {SMALLEST_STAGE} voxels are left"
    return (int(patch[0]), int(patch[1]), int(patch[2])), strides, kernels


def _voxels(budget: Budget) -> float:
    """How many voxels a patch may have."""
    if budget.device == "cpu":
        return budget.minutes * 60 * budget.threads / CPU_SECONDS_A_VOXEL / FEWEST_PATCHES
    return budget.memory_gib * 2**30 * 0.8 / GPU_BYTES_A_VOXEL / 2


def _depth(
    side: NDArray[np.float64], spacing: NDArray[np.float64], stem: Triple
) -> tuple[tuple[Triple, ...], tuple[Triple, ...]]:
    """Strides between stages and kernels of stages, after nnU-Net.

    An axis is halved while it has voxels to spare and its voxels are not twice as long as the finest; kernels
    are flat along an axis until its voxels are of the others' size.
    """
    size, step = side / stem, spacing * stem
    strides: list[Triple] = []
    kernels: list[Triple] = [_kernel(step)]
    while len(strides) < len(GPU_CHANNELS) - 1:
        halved = (size >= 2 * SMALLEST_STAGE) & (
            step < 2 * step[size >= 2 * SMALLEST_STAGE].min(initial=math.inf)
        )
        if not halved.any():
            break
        stride = np.where(halved, 2, 1)
        size, step = np.ceil(size / stride), step * stride
        strides.append((int(stride[0]), int(stride[1]), int(stride[2])))
        kernels.append(_kernel(step))
    while len(strides) < 2:  # the least that a U-Net has
        strides.append((1, 1, 1))
        kernels.append((3, 3, 3))
    return tuple(strides), tuple(kernels)


def _kernel(step: NDArray[np.float64]) -> Triple:
    flat = [3 if s < 2 * step.min() else 1 for s in step]
    return flat[0], flat[1], flat[2]


def _normalisation(found: Fingerprint, reasons: dict[str, str]) -> Normalisation:
    if found.modality == "CT":
        reasons["normalisation"] = (
            "CT has an absolute scale: all scans are clipped to the range of what is labelled, scaled alike"
        )
        return Normalisation("clip", False, found.low, found.high, found.mean, max(found.sd, 1e-6))
    nonzero = found.zero_share > MANY_ZEROS
    reasons["normalisation"] = (
        "intensities have no absolute scale: each scan by its own mean and standard deviation"
        + (f"; of the voxels that are not 0, since {found.zero_share:.0%} are" if nonzero else "")
    )
    return Normalisation("z-score", nonzero)


def _mirror(found: Fingerprint, reasons: dict[str, str]) -> tuple[int, ...]:
    said = [set(re.findall(r"[a-z]+", label.name.lower())) for label in found.labels]
    sided = any(side in words for words in said for side in OPPOSITES[0])
    reasons["mirror"] = (
        "never: a structure's name says left or right"
        if sided
        else "left to right alone: bodies are alike mirrored so, and not head to foot or front to back"
    )
    return () if sided else (0,)


def _batch(patch: Triple, budget: Budget, reasons: dict[str, str]) -> int:
    if budget.device == "cpu":
        reasons["batch_size"] = "2: more steps of few patches learn faster than few steps of many"
        return 2
    voxels = patch[0] * patch[1] * patch[2]
    fit = int(2 * _voxels(budget) / voxels)
    reasons["batch_size"] = "as many patches as the memory holds, from 2 to 16"
    return max(2, min(16, fit))


def _summary(found: Fingerprint) -> dict[str, object]:
    """What of the fingerprint a reader of the plan should know."""
    spacings, shapes = np.array(found.spacings_mm), np.array(found.shapes)
    return {
        "sha256": found.sha256,
        "cases": len(shapes),
        "spacing_mm": {
            "smallest": spacings.min(0).tolist(),
            "median": np.median(spacings, 0).tolist(),
            "largest": spacings.max(0).tolist(),
        },
        "shape": {
            "smallest": shapes.min(0).tolist(),
            "median": np.median(shapes, 0).tolist(),
            "largest": shapes.max(0).tolist(),
        },
        "orientations": dict(found.orientations),
        "class_shares": [round(share, 6) for share in found.class_shares],
        "cases_with_label": list(found.cases_with),
        "labelled_intensity": {"low": found.low, "high": found.high, "mean": found.mean, "sd": found.sd},
        "zero_share": round(found.zero_share, 4),
    }
