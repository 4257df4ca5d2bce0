"""From mean probabilities, some planes at a time, to mask, uncertainty map and sums over each class."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.errors import DataError
from healthcare.inference_grid import Between, Grid
from healthcare.inference_windows import Triple

MOST_CLASSES = 256
KEPT_BYTES = 2 * 2**30
"""Probabilities larger than this are not kept: they are what bounded memory is to avoid."""


class Masks:
    """Takes planes of mean probabilities in order along one axis, and keeps one byte a voxel for each map.

    Args:
        classes: number of classes.
        size: voxels of the volume, without padding.
        axis: along which planes come.
        grid: where the outcome is wanted; None for the volume's own.
        keep_probabilities: keep them too, in float16.

    Attributes:
        mask: (x, y, z) uint8, class numbers.
        uncertainty: (x, y, z) uint8, entropy over its largest possible value, 0 to 255.
        probabilities: (classes, x, y, z) float16, or None.
        soft: sum of each class's probability over all voxels, float64.
        sure: the same over the voxels of its mask alone.

    Raises:
        DataError: the probabilities to be kept are too large.
    """

    def __init__(
        self, classes: int, size: Triple, axis: int, grid: Grid | None, *, keep_probabilities: bool = False
    ) -> None:
        if not 2 <= classes <= MOST_CLASSES:
            raise ValueError(f"{classes} classes: 2 to {MOST_CLASSES} are handled")
        self.classes, self.axis, self.grid = classes, axis, grid
        shape = grid.size if grid else size
        self.mask = np.zeros(shape, np.uint8)
        self.uncertainty = np.zeros(shape, np.uint8)
        self.probabilities: NDArray[np.float16] | None = None
        if keep_probabilities:
            if classes * self.mask.size * 2 > KEPT_BYTES:
                raise DataError(
                    f"probabilities of {classes} classes for {self.mask.size} voxels are too much to keep",
                    mend="ask for the mask and the uncertainty alone",
                )
            self.probabilities = np.zeros((classes, *shape), np.float16)
        self.soft, self.sure = np.zeros(classes), np.zeros(classes)
        self._done = 0
        self._between = Between(grid, axis) if grid else None

    def take(self, planes: Tensor) -> None:
        """Take the next planes (classes, x, y, z), cut to the volume on the two other axes.

        Raises:
            DataError: a probability is not a number.
        """
        if self._between is None:
            self._finish(planes)
            return
        for moved in self._between.take(planes):
            self._finish(moved)

    def _finish(self, planes: Tensor) -> None:
        best, mask = planes.max(0)
        if not bool(torch.isfinite(best).all()):
            raise DataError(
                "the network gave values that are no numbers for this scan",
                mend="check the scan's intensities, or compute with precision 'float32'",
            )
        entropy = torch.special.entr(planes).sum(0) * (255 / math.log(self.classes))
        at = [slice(None)] * 3
        at[self.axis] = slice(self._done, self._done + planes.shape[self.axis + 1])
        where = tuple(at)
        self.mask[where] = mask.to(torch.uint8).cpu().numpy()
        self.uncertainty[where] = entropy.round().clamp_(0, 255).to(torch.uint8).cpu().numpy()
        if self.probabilities is not None:
            self.probabilities[(slice(None), *where)] = planes.cpu().numpy()
        self.soft += planes.sum((1, 2, 3), dtype=torch.float64).cpu().numpy()
        counted = torch.bincount(mask.flatten(), best.flatten().double(), minlength=self.classes)
        self.sure += counted.cpu().numpy()
        self._done = at[self.axis].stop
