"""The plain baseline of outlines: what other cases' masks look like on average, without a look at the image.

Each mask is laid on a grid of one size over its scan's field of view; for a case, the others are averaged and
every voxel gets the class that most of them have. Whoever is no better than this has learned nothing from
intensities. Crops around a structure make it strong, whole bodies weak.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from nibabel import orientations
from numpy.typing import NDArray
from scipy import ndimage

from healthcare.metrics import Mask

GRID = (48, 48, 48)
Floats = NDArray[np.float32]


class MeanShape:
    """Shares of each class over the cases.

    Args:
        values: of the labels.
    """

    def __init__(self, values: Sequence[int]) -> None:
        self.values = tuple(values)
        self.total: Floats = np.zeros((len(self.values), *GRID), np.float32)
        self.cases = 0

    def add(self, mask: Mask, affine: NDArray[np.float64]) -> None:
        """Take a case in: mask (x, y, z), affine to RAS+ mm, by which it is turned to RAS."""
        self.total += self._spread(mask, affine)
        self.cases += 1

    def without(self, mask: Mask, affine: NDArray[np.float64]) -> Mask:
        """What the other cases say of this one, which was taken in before; on its own grid."""
        if self.cases < 2:
            return np.zeros(mask.shape, np.uint8)
        turn = orientations.io_orientation(affine)
        shares = (self.total - self._spread(mask, affine)) / (self.cases - 1)
        shape = np.array(mask.shape)[np.argsort(turn[:, 0])]
        background = 1 - shares.sum(0)
        maps = np.stack([_resized(one, tuple(shape)) for one in (background, *shares)])
        found = np.array((0, *self.values), np.uint8)[maps.argmax(0)]
        back = orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], turn)
        return np.ascontiguousarray(orientations.apply_orientation(found, back))

    def _spread(self, mask: Mask, affine: NDArray[np.float64]) -> Floats:
        turned = orientations.apply_orientation(mask, orientations.io_orientation(affine))
        return np.stack([_resized((turned == v).astype(np.float32), GRID) for v in self.values])


def _resized(x: Floats, shape: tuple[int, ...]) -> Floats:
    """A map on a grid of another shape over the same field of view."""
    zoom = np.array(shape) / np.array(x.shape)
    found: Floats = ndimage.zoom(x, zoom, order=1, mode="nearest", grid_mode=True)
    return found
