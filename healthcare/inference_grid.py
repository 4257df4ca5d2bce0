"""From the network's grid to the scan's, plane by plane, so that it never is in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from healthcare.inference_slabs import CHUNK_VALUES
from healthcare.inference_windows import Triple


@dataclass(frozen=True)
class Grid:
    """A grid along the same axes that covers the field of view of a part of the volume.

    Probabilities are interpolated linearly between the voxels of that part, then the likeliest class is taken
    (Isensee et al. 2021): a mask would step where it is enlarged. Its outermost voxels go on to its border.

    Attributes:
        size: voxels of the grid along x, y and z.
        corner: first voxel of the part.
        part: voxels of the part.
    """

    size: Triple
    corner: Triple
    part: Triple

    def places(self, axis: int) -> tuple[Tensor, Tensor, Tensor]:
        """For each voxel along an axis the two of the volume that it lies between, and the second's share."""
        step = self.part[axis] / self.size[axis]
        # Rounded, so that a voxel that lies on another is that one, whatever the division's last digits.
        place = ((np.arange(self.size[axis]) + 0.5) * step - 0.5).clip(0, self.part[axis] - 1).round(6)
        lower = np.floor(place).astype(np.int64)
        upper = np.minimum(lower + 1, self.part[axis] - 1)
        share = torch.from_numpy((place - lower).astype(np.float32))
        return torch.from_numpy(lower + self.corner[axis]), torch.from_numpy(upper + self.corner[axis]), share


class Between:
    """Linear interpolation onto a grid, of planes that come in order along one axis.

    Args:
        grid: where to.
        axis: along which planes come.
    """

    def __init__(self, grid: Grid, axis: int) -> None:
        self.axis = axis
        self.places = [grid.places(a) for a in range(3)]
        self.plane = grid.size[0] * grid.size[1] * grid.size[2] // grid.size[axis]
        self.held: Tensor | None = None
        self.first, self.given = 0, 0  # the first plane held, and how many of the grid's were handed on

    def take(self, planes: Tensor) -> Iterator[Tensor]:
        """Take the next planes (classes, x, y, z) and yield those of the grid that are now known."""
        dim = self.axis + 1
        chunk = max(CHUNK_VALUES // (len(planes) * self.plane), 1)
        for part in planes.split(chunk, dim):
            moved = part
            for axis in range(3):
                if axis != self.axis:
                    moved = _mix(moved, axis + 1, *self.places[axis])
            # Joined with a copy of the plane before, that between the two something can lie.
            self.held = moved if self.held is None else torch.cat([self.held, moved], dim)
            yield from self._known(chunk)
            kept = self.held.shape[dim] - 1
            self.held, self.first = self.held.narrow(dim, kept, 1).clone(), self.first + kept

    def _known(self, chunk: int) -> Iterator[Tensor]:
        assert self.held is not None
        lower, upper, share = self.places[self.axis]
        have = self.first + self.held.shape[self.axis + 1]
        stop = int((upper < have).sum())
        for start in range(self.given, stop, chunk):
            some = slice(start, min(start + chunk, stop))
            yield _mix(
                self.held, self.axis + 1, lower[some] - self.first, upper[some] - self.first, share[some]
            )
        self.given = max(stop, self.given)


def _mix(planes: Tensor, dim: int, lower: Tensor, upper: Tensor, share: Tensor) -> Tensor:
    """Interpolate along one dimension."""
    device = planes.device
    if not bool(share.any()):
        whole = torch.equal(lower, torch.arange(planes.shape[dim]))
        return planes if whole else planes.index_select(dim, lower.to(device))
    shape = [1] * planes.dim()
    shape[dim] = -1
    low = planes.index_select(dim, lower.to(device))
    return low.lerp(planes.index_select(dim, upper.to(device)), share.to(device).reshape(shape))
