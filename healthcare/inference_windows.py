"""Windows over a volume: where they lie, what a voxel of one counts, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from monai.data.utils import compute_importance_map
from numpy.typing import NDArray
from torch import Tensor

from common.errors import DataError
from healthcare.data import Array

Triple = tuple[int, int, int]
Normalise = Callable[[Array], Array]


@dataclass(frozen=True)
class Windows:
    """Windows that cover a volume evenly.

    Neighbours overlap by at least `overlap` of a window, all of them alike (Isensee et al. 2021), where a
    fixed step would leave one pair that overlaps far more than the others. A volume smaller than a window is
    padded on both sides, half and half.

    Attributes:
        array: (channels, x, y, z); a memory-map or integers will do: only one window of it is read at a time.
        window: voxels of a window along x, y and z.
        overlap: share of a window's edge, in [0, 1).
        pad_value: what surrounds a volume smaller than a window, after `normalise`.
        normalise: called on what is read of the array, voxel by voxel alike; None where it is normalised.
    """

    array: Array
    window: Triple
    overlap: float
    pad_value: float = 0.0
    normalise: Normalise | None = None

    def __post_init__(self) -> None:
        if self.array.ndim != 4 or self.array.size == 0:
            raise DataError(
                f"a volume of shape {self.array.shape} cannot be looked at",
                mend="give one with the axes channel, x, y and z, none of them empty",
            )
        if len(self.window) != 3 or min(self.window) < 1:
            raise ValueError(f"a window of {self.window} voxels")
        if not 0 <= self.overlap < 1:
            raise ValueError(f"an overlap of {self.overlap}: it is a share of a window, below 1")

    @property
    def size(self) -> Triple:
        """The volume's own voxels along x, y and z."""
        x, y, z = self.array.shape[1:]
        return x, y, z

    @property
    def padded(self) -> Triple:
        """Voxels with padding."""
        x, y, z = (max(n, w) for n, w in zip(self.size, self.window, strict=True))
        return x, y, z

    @property
    def before(self) -> Triple:
        """Voxels of padding in front of the volume."""
        x, y, z = ((p - n) // 2 for p, n in zip(self.padded, self.size, strict=True))
        return x, y, z

    def starts(self, axis: int) -> list[int]:
        """First voxels of the windows along an axis, in the padded volume, ascending."""
        return starts(self.padded[axis], self.window[axis], self.overlap)

    def own(self, axis: int, part: slice | None = None) -> list[tuple[int, int]]:
        """Range of each start along an axis that is nearer to that window's centre than to any other.

        In the padded volume: these ranges share out the volume's own voxels, or those of a part of it.
        """
        part = part or slice(0, self.size[axis])
        first, last = self.before[axis] + part.start, self.before[axis] + part.stop
        between = [(a + b + self.window[axis]) // 2 for a, b in pairwise(self.starts(axis))]
        edges = [first, *(min(max(edge, first), last) for edge in between), last]
        return list(pairwise(edges))

    def read(self, start: Sequence[int]) -> NDArray[np.float32]:
        """The voxels of one window, (channels, *window), normalised and padded."""
        inside, target = [], []
        for at, window, size, before in zip(start, self.window, self.size, self.before, strict=True):
            low, high = max(at - before, 0), min(at + window - before, size)
            inside.append(slice(low, high))
            target.append(slice(low + before - at, high + before - at))
        part = self.array[(slice(None), *inside)]
        if self.normalise is not None:
            part = self.normalise(part)
        if part.shape[1:] == self.window:
            return np.ascontiguousarray(part, np.float32)
        out = np.full((self.array.shape[0], *self.window), self.pad_value, np.float32)
        out[(slice(None), *target)] = part
        return out


def starts(size: int, window: int, overlap: float) -> list[int]:
    """First voxels of the fewest windows that cover `size` voxels with this overlap, evenly spread."""
    step = max(int(window * (1 - overlap)), 1)
    count = max(-(-(size - window) // step), 0) + 1
    return [round(i * (size - window) / (count - 1)) for i in range(count)] if count > 1 else [0]


def constant(voxels: NDArray[np.float32]) -> tuple[float, ...] | None:
    """The value of each channel where all voxels of a window have the same, as in cut-away air; else None."""
    flat = voxels.reshape(len(voxels), -1)
    first = flat[:, :1]
    # A look at some voxels first: few windows are constant, and this says so at once.
    if (flat[:, :: max(flat.shape[1] // 64, 1)] != first).any() or (flat != first).any():
        return None
    return tuple(float(value) for value in first[:, 0])


def weights(window: Triple, device: torch.device) -> Tensor:
    """What a voxel counts by its place in the window: most in the middle, where the network sees all around.

    A Gaussian whose standard deviation is an eighth of the window (Isensee et al. 2021), never below a
    thousandth of its height: MONAI's, so that results compare.
    """
    return compute_importance_map(window, mode="gaussian", sigma_scale=0.125, device=device)
