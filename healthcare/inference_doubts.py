"""What the maps say of each structure: its size, how sure the network is of it and of what lies around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

AROUND_VOXELS = 2
"""Voxels on each axis within which a voxel lies around a structure."""
PLANES = 32


@dataclass(frozen=True)
class Structure:
    """What a quality estimate can hold on to, of one structure in one scan, on the grid of the outcome.

    Attributes:
        value: class number.
        voxels: in the mask.
        soft_voxels: sum of its probability over all voxels: its size without a decision.
        expected_dice: Dice of the mask if each voxel were right as often as its probability says: twice the
            probability within the mask over its voxels plus `soft_voxels`; 1 where both are 0.
        agreement: Dice of two members' or two mirrored views' masks, pooled over all pairs; 1 for a single
            one, and where none has the structure.
        entropy_within: mean entropy in the mask, 0 (sure) to 1; 0 where it has no voxel.
        entropy_around: the same of the voxels around it, not more than AROUND_VOXELS away on each axis.
    """

    value: int
    voxels: int
    soft_voxels: float
    expected_dice: float
    agreement: float
    entropy_within: float
    entropy_around: float


class Agreement:
    """Counts how often members of an ensemble, or views, outline the same.

    Where k of n votes give a voxel to a structure, k (k - 1) ordered pairs of votes share it, and each of the
    k is in n - 1 pairs. Summed over voxels that is Dice pooled over all pairs, without a look at any pair.

    Args:
        classes: number of classes.
        votes: members times views.
    """

    def __init__(self, classes: int, votes: int) -> None:
        self.votes = votes
        self.shared = np.zeros(classes, np.int64)
        self.given = np.zeros(classes, np.int64)

    def count(self, masks: Bytes) -> None:
        """Count voxels: class numbers (votes, x, y, z), each voxel of the volume once."""
        for value in range(1, len(self.given)):
            each = (masks == value).sum(0, dtype=np.int64)
            self.given[value] += each.sum()
            self.shared[value] += (each * (each - 1)).sum()

    def dice(self, value: int) -> float:
        """Pooled Dice of one structure over all pairs, 1 where there is nothing to disagree on."""
        if self.votes < 2 or self.given[value] == 0:
            return 1.0
        return float(self.shared[value] / (self.given[value] * (self.votes - 1)))


def structures(
    mask: Bytes,
    uncertainty: Bytes,
    soft: Floats,
    sure: Floats,
    agreement: Agreement,
) -> tuple[Structure, ...]:
    """Sum up each structure, class 1 first.

    Args:
        mask: (x, y, z) class numbers.
        uncertainty: (x, y, z) entropy, 0 to 255.
        soft: sum of each class's probability over all voxels.
        sure: the same over the voxels of its mask.
        agreement: of the votes.
    """
    from scipy import ndimage

    boxes = ndimage.find_objects(mask, len(soft) - 1)
    found = []
    for value in range(1, len(soft)):
        voxels, within, around = 0, 0.0, 0.0
        box = boxes[value - 1]
        if box is not None:
            voxels, within, around = _entropy(mask, uncertainty, value, box)
        whole = voxels + soft[value]
        found.append(
            Structure(
                value=value,
                voxels=voxels,
                soft_voxels=float(soft[value]),
                expected_dice=float(2 * sure[value] / whole) if whole > 0 else 1.0,
                agreement=agreement.dice(value),
                entropy_within=within,
                entropy_around=around,
            )
        )
    return tuple(found)


def _entropy(
    mask: Bytes, uncertainty: Bytes, value: int, box: tuple[slice, slice, slice]
) -> tuple[int, float, float]:
    """Voxels of a structure, and mean entropy within and around it; some planes of its box at a time."""
    reach = AROUND_VOXELS
    wide = [slice(max(s.start - reach, 0), s.stop + reach) for s in box]
    first, last = wide[0].start, min(wide[0].stop, len(mask))
    counts, sums = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for start in range(first, last, PLANES):
        stop = min(start + PLANES, last)
        low, high = max(start - reach, 0), min(stop + reach, len(mask))
        inside = mask[low:high, wide[1], wide[2]] == value
        own = slice(start - low, stop - low)
        entropy = uncertainty[start:stop, wide[1], wide[2]]
        within = inside[own]
        around = _grown(inside, reach)[own] & ~within
        for i, part in enumerate((within, around)):
            counts[i] += part.sum()
            sums[i] += entropy[part].sum(dtype=np.int64)
    means = sums / np.maximum(counts, 1) / 255
    return int(counts[0]), float(means[0]), float(means[1])


def _grown(inside: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Voxels within `reach` of one that is inside, along each axis."""
    for axis in range(3):
        source = np.moveaxis(inside, axis, 0)
        grown = source.copy()
        for k in range(1, reach + 1):
            grown[k:] |= source[:-k]
            grown[:-k] |= source[k:]
        inside = np.moveaxis(grown, 0, axis)
    return inside
