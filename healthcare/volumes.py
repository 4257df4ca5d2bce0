"""Volumes in ml, with the interval that holds an expert's at the stated rate.

Split conformal prediction (Vovk and others 2005; Lei and others 2018) on the ratio of true to found volume in
cases that the network never learned from: it needs no model of the error, only that a new case is like them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from healthcare.data import Array
from healthcare.finding import Label, Volume

COVERAGE = 0.9
Errors = Mapping[str, Any]
"""`coverage`, `cases`, and by a label's number (as text) lowest and highest ratio of true to found volume."""


def volume_ml(mask: Array, value: int, voxel_mm3: float) -> float:
    """Volume of one label."""
    return int((mask == value).sum()) * voxel_mm3 / 1000.0


def errors(
    found_ml: Mapping[int, ArrayLike], true_ml: Mapping[int, ArrayLike], coverage: float = COVERAGE
) -> dict[str, Any]:
    """The ratios between which the true volume of a new case lies at the stated rate.

    Args:
        found_ml: volumes of the masks of held-out cases, by label.
        true_ml: the expert's, in the same order.
        coverage: share of new cases whose true volume shall lie within.

    Returns:
        See Errors. A label for which too few cases are known has no ratios: from n cases no interval can be
        promised beyond 1 - 2 / (n + 1).
    """
    found: dict[str, Any] = {"coverage": coverage, "cases": 0}
    for value in found_ml:
        pair = np.asarray(found_ml[value], np.float64), np.asarray(true_ml[value], np.float64)
        known = (pair[0] > 0) & (pair[1] > 0)
        ratios = np.sort(pair[1][known] / pair[0][known])
        found["cases"] = max(found["cases"], len(ratios))
        miss = (1 - coverage) / 2
        # A hair's breadth, so that 1 - 0.9 counts as a tenth.
        low = math.floor(miss * (len(ratios) + 1) + 1e-9)
        high = math.ceil((1 - miss) * (len(ratios) + 1) - 1e-9)
        if low >= 1 and high <= len(ratios):
            found[str(value)] = [round(float(ratios[low - 1]), 6), round(float(ratios[high - 1]), 6)]
    return found


def measured(
    mask: Array,
    labels: Sequence[Label],
    voxel_mm3: float,
    stored: Errors,
    predicted_dice: Mapping[int, float],
) -> tuple[Volume, ...]:
    """The volume of every label, with its interval and the Dice expected of its outline.

    Args:
        mask: (x, y, z) label values.
        labels: what can stand in it.
        voxel_mm3: volume of one voxel of its grid.
        stored: what `errors` found, {} where the model has none.
        predicted_dice: by label value.
    """
    volumes = []
    for label in labels:
        ml = volume_ml(mask, label.value, voxel_mm3)
        low, high = stored.get(str(label.value), (math.nan, math.nan))
        volumes.append(
            Volume(
                label,
                ml=ml,
                low_ml=ml * low,
                high_ml=ml * high,
                coverage=float(stored.get("coverage", COVERAGE)),
                predicted_dice=predicted_dice.get(label.value, math.nan),
            )
        )
    return tuple(volumes)
