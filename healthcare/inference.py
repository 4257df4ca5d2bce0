"""Sliding windows over a volume of any length, in bounded memory: mask, uncertainty and the network's doubts.

Networks look at overlapping windows; what they say is weighted towards each window's middle and averaged, as
nnU-Net does (Isensee et al. 2021). Sums are held only for the slab of windows in work; planes that no further
window touches become one byte of mask and one of uncertainty, and are forgotten. Probabilities are averaged,
not logits: the mean over an ensemble and mirrored views is then the chance it gives each class, and its
entropy an uncertainty (Lakshminarayanan et al. 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.pilot import Progress, silent
from healthcare.data import Array
from healthcare.inference_doubts import Agreement, Structure, structures
from healthcare.inference_grid import Grid
from healthcare.inference_masks import Masks
from healthcare.inference_members import Answer, Members, Network, Precision, resolve
from healthcare.inference_slabs import Slab, axis_of
from healthcare.inference_windows import Normalise, Triple, Windows, constant, weights


@dataclass(frozen=True)
class Prediction:
    """What networks say of a volume.

    Attributes:
        mask: (x, y, z) uint8, class numbers, 0 background.
        uncertainty: (x, y, z) uint8: entropy of the mean probabilities, 0 (sure) to 255 (all classes alike).
        structures: class 1 first; see healthcare.inference_doubts.
        probabilities: (classes, x, y, z) float16 where asked for, else None.
        votes: members times mirrored views.
        windows: windows that covered the volume.
        repeated: of these, those answered by an earlier one, being constant at the same value.
        precision: "float32" or "bfloat16".
    """

    mask: NDArray[np.uint8]
    uncertainty: NDArray[np.uint8]
    structures: tuple[Structure, ...]
    probabilities: NDArray[np.float16] | None
    votes: int
    windows: int
    repeated: int
    precision: str


def predict(
    networks: Sequence[Network],
    array: Array,
    *,
    window: Triple,
    overlap: float = 0.5,
    flips: Sequence[int] = (),
    pad_value: float = 0.0,
    normalise: Normalise | None = None,
    grid: Grid | None = None,
    batch_size: int = 1,
    device: str = "cpu",
    precision: Precision = "auto",
    keep_probabilities: bool = False,
    progress: Progress = silent,
) -> Prediction:
    """Look at a volume window by window.

    Memory beyond the volume and the two maps of one byte a voxel: classes × window × the two shorter edges of
    the volume × 4 bytes, and what the networks need for a batch. Neither that nor the batch size changes the
    outcome.

    Args:
        networks: members of an ensemble; each takes (n, channels, *window) float32 and gives logits
            (n, classes, *window). Modules are put into evaluation mode meanwhile.
        array: (channels, x, y, z) on the networks' own grid; a memory-map or integers will do.
        window: voxels of a window, as in training.
        overlap: least share of a window's edge that neighbours have in common, in [0, 1).
        flips: axes along which volumes may be mirrored without becoming another thing; all combinations are
            looked at, so each axis doubles the time.
        pad_value: what surrounds a volume smaller than a window, after `normalise`, as in training.
        normalise: called on the voxels of each window as read from `array`; must treat each voxel alike.
        grid: where the outcome is wanted, if not on the volume's own grid.
        batch_size: windows that a network gets at once; 1 is fastest on a CPU.
        device: where networks are and sums are held.
        precision: "bfloat16" computes convolutions with 8 bits of mantissa, about twice as fast where the
            processor has them; "auto" does so where it has.
        keep_probabilities: hand them back too; refused above 2 GiB.
        progress: called after every batch; what it raises ends the work, and nothing is left behind.

    Raises:
        DataError: the volume is empty, or a network gives no numbers.
    """
    windows = Windows(array, window, overlap, pad_value, normalise)
    where = torch.device(device)
    used = resolve(precision, where)
    axis = axis_of(windows.padded, window)
    members = Members(networks, flips, where, used)
    run = _Run(windows, axis, members, grid, keep_probabilities)
    layers = windows.starts(axis)
    others = [list(enumerate(windows.starts(a))) for a in range(3) if a != axis]
    total = len(layers) * len(others[0]) * len(others[1])
    done = 0
    with members.ready(), torch.inference_mode():
        for number, start in enumerate(layers):
            places = []
            for pair in product(*others):
                place = list(pair)
                place.insert(axis, (number, start))
                places.append(place)
            for count in run.look(places, batch_size):
                done += count
                progress(done / total, f"window {done} of {total}")
            run.release(layers[number + 1] - start if number + 1 < len(layers) else window[axis])
    return run.outcome(total, used)


Place = list[tuple[int, int]]
"""Of one window: along each axis its number and its first voxel."""


class _Run:
    """One volume: windows in, layer by layer, and what is final out to the maps."""

    def __init__(
        self, windows: Windows, axis: int, members: Members, grid: Grid | None, keep_probabilities: bool
    ) -> None:
        self.windows, self.axis, self.members, self.grid = windows, axis, members, grid
        self.keep_probabilities = keep_probabilities
        self.weights = weights(windows.window, members.device)
        part = [slice(c, c + n) for c, n in zip(grid.corner, grid.part, strict=True)] if grid else None
        self.own = [windows.own(a, part[a] if part else None) for a in range(3)]
        self.slab: Slab | None = None
        self.passed = 0  # planes of the padded volume that were released
        self.repeated = 0
        self.known: tuple[tuple[float, ...], Answer] | None = None

    def look(self, places: list[Place], batch_size: int) -> Iterator[int]:
        """Look at windows of one layer; yields how many are done since it last did."""
        waiting: list[tuple[Place, NDArray[np.float32]]] = []
        for place in places:
            voxels = self.windows.read([start for _, start in place])
            value = constant(voxels)
            if value is None:
                waiting.append((place, voxels))
                if len(waiting) == batch_size:
                    yield self._answer(waiting)
                    waiting = []
                continue
            # The same input has the same answer. Alone in its batch, so that it is the same bit by bit.
            if self.known is None or self.known[0] != value:
                self.known = value, self.members.answer(torch.from_numpy(voxels[None]))
            else:
                self.repeated += 1
            probabilities, masks = self.known[1]
            self._add(place, probabilities[0], None if masks is None else masks[:, 0])
            yield 1
        if waiting:
            yield self._answer(waiting)

    def _answer(self, waiting: list[tuple[Place, NDArray[np.float32]]]) -> int:
        batch = torch.from_numpy(np.stack([voxels for _, voxels in waiting]))
        probabilities, masks = self.members.answer(batch)
        for i, (place, _) in enumerate(waiting):
            self._add(place, probabilities[i], None if masks is None else masks[:, i])
        return len(waiting)

    def _add(self, place: Place, probabilities: Tensor, masks: NDArray[np.uint8] | None) -> None:
        if self.slab is None:
            self._begin(probabilities)
        assert self.slab is not None
        self.slab.add(probabilities * self.weights, [start for _, start in place])
        if masks is not None:
            own = [self.own[axis][number] for axis, (number, _) in enumerate(place)]
            part = tuple(slice(a - s, b - s) for (a, b), (_, s) in zip(own, place, strict=True))
            self.agreement.count(masks[(slice(None), *part)])

    def _begin(self, probabilities: Tensor) -> None:
        """The first answer tells how many classes there are."""
        classes, *shape = probabilities.shape
        if tuple(shape) != self.windows.window:
            raise ValueError(f"a network gave {tuple(shape)} voxels for a window of {self.windows.window}")
        size, device = self.windows.padded, probabilities.device
        self.slab = Slab(classes, size, self.windows.window, self.axis, device)
        self.agreement = Agreement(classes, self.members.votes)
        self.masks = Masks(
            classes, self.windows.size, self.axis, self.grid, keep_probabilities=self.keep_probabilities
        )

    def release(self, planes: int) -> None:
        """Hand planes that are final to the maps, without the padding."""
        assert self.slab is not None
        first, size = self.windows.before, self.windows.size
        for part in self.slab.release(planes):
            here = self.passed
            self.passed += part.shape[self.axis + 1]
            low = max(first[self.axis], here)
            high = min(first[self.axis] + size[self.axis], self.passed)
            if low >= high:
                continue
            inside = [slice(f, f + n) for f, n in zip(first, size, strict=True)]
            inside[self.axis] = slice(low - here, high - here)
            self.masks.take(part[(slice(None), *inside)])

    def outcome(self, windows: int, precision: str) -> Prediction:
        """Sum up."""
        maps = self.masks
        return Prediction(
            mask=maps.mask,
            uncertainty=maps.uncertainty,
            structures=structures(maps.mask, maps.uncertainty, maps.soft, maps.sure, self.agreement),
            probabilities=maps.probabilities,
            votes=self.members.votes,
            windows=windows,
            repeated=self.repeated,
            precision=precision,
        )
