"""Sums over overlapping windows, held only for the slab of the volume in work; what is final is handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from healthcare.inference_windows import Triple

CHUNK_VALUES = 2**23
"""Probabilities that are handed on at once: 32 MiB, so that what is worked out from them stays as small."""


class Slab:
    """Weighted probabilities of the planes that windows in work still touch.

    Windows come in layers, ascending along one axis. Planes below the next layer are final: `release` hands
    them on and forgets them. So memory is classes × window × the other two edges of the volume, in float32,
    however long the volume is along that axis.

    Args:
        classes: number of classes.
        size: voxels of the padded volume.
        window: voxels of a window.
        axis: along which layers come.
        device: where sums are held.
    """

    def __init__(self, classes: int, size: Triple, window: Triple, axis: int, device: torch.device) -> None:
        self.axis, self.window = axis, window
        shape = list(size)
        shape[axis] = window[axis]
        self.sums = torch.zeros(classes, *shape, device=device)

    def add(self, weighted: Tensor, start: Sequence[int]) -> None:
        """Add one window's (classes, *window), whose corner is at `start`; along `axis` it fills the slab."""
        part = self.sums
        for axis in range(3):
            if axis != self.axis:
                part = part.narrow(axis + 1, start[axis], self.window[axis])
        part += weighted

    def release(self, planes: int) -> Iterator[Tensor]:
        """Mean probabilities (classes, …) of the first planes, some at a time; then move on by as many.

        What is yielded is to be used before the next is asked for.
        """
        dim, deep = self.axis + 1, self.window[self.axis]
        chunk = max(CHUNK_VALUES // max(self.sums.numel() // deep, 1), 1)
        for first in range(0, planes, chunk):
            part = self.sums.narrow(dim, first, min(chunk, planes - first))
            # Probabilities add up to 1, so their sums add up to the weights: none need be kept beside them.
            part /= part.sum(0, keepdim=True)
            yield part
        kept = deep - planes
        # In pieces no longer than the way they move: source and target never overlap, and no copy is made.
        for first in range(0, kept, planes):
            count = min(planes, kept - first)
            self.sums.narrow(dim, first, count).copy_(self.sums.narrow(dim, first + planes, count))
        self.sums.narrow(dim, kept, planes).zero_()


def axis_of(size: Triple, window: Triple) -> int:
    """The axis along which the slab of a padded volume is smallest."""
    return min(range(3), key=lambda axis: window[axis] / size[axis])
