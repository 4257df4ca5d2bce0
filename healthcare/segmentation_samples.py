"""Training samples for outlining: cases prepared once, then patches of them, changed at random."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.errors import DataError
from common.pilot import Progress, silent
from healthcare.augment import Augmentation, augment
from healthcare.plan import Plan
from healthcare.preprocess import Prepared, prepare, prepare_mask

if TYPE_CHECKING:
    from healthcare.dataset import Case

MEMORY_SHARE = 0.25
"""Of free memory that prepared cases may fill before the rest is kept on disk."""
MARGIN = 0.15
"""Of a patch, on each side: what samples that are turned or shrunk are filled from."""
LABELLED_PATCHES = 1 / 3
"""Share of patches that are centred on a structure, where volumes are larger than a patch (as in nnU-Net)."""
REMEMBERED = 500


@dataclass(frozen=True)
class Sample:
    """One prepared case.

    Attributes:
        image: (1, x, y, z) float32 as `prepare` gives it.
        label: (x, y, z) uint8 numbers of classes.
        places: for each structure that occurs, (n, 3) voxels that lie in it.
    """

    image: NDArray[np.float32]
    label: NDArray[np.uint8]
    places: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True)
class Held:
    """One case that is scored: as the network sees it, with the expert's mask on the scan's own grid."""

    prepared: Prepared
    truth: NDArray[np.uint8]


def sample_of(prepared: Prepared, label: NDArray[np.uint8], classes: int) -> Sample:
    """A training sample from a prepared scan and `prepare_mask` of its mask."""
    places = []
    for number in range(1, classes):
        found = np.flatnonzero(label == number)
        if found.size:
            some = found[np.linspace(0, found.size - 1, min(REMEMBERED, found.size)).astype(int)]
            places.append(np.stack(np.unravel_index(some, label.shape), 1))
    return Sample(prepared.array, label, tuple(places))


class Patches:
    """Patches of prepared cases for the training core: a random one of each case that is asked for.

    Random numbers come from torch's global generator, which the core seeds.

    Args:
        samples: prepared cases.
        plan: of the network.
        how: random changes; None: patches as they are.
    """

    def __init__(self, samples: Sequence[Sample], plan: Plan, how: Augmentation | None) -> None:
        self.samples, self.plan, self.how = samples, plan, how

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        """Patches of the cases with these indices.

        Returns:
            `image` (batch, 1, x, y, z) float32 and `label` (batch, x, y, z) uint8 numbers of classes.
        """
        pairs = [self._patch(self.samples[int(i)]) for i in indices]
        return {"image": torch.cat([p[0] for p in pairs]), "label": torch.cat([p[1] for p in pairs])}

    def _patch(self, sample: Sample) -> tuple[Tensor, Tensor]:
        patch, plan = np.array(self.plan.patch), self.plan
        room = np.array(sample.label.shape) - patch
        first = (torch.rand(3).numpy() * (room + 1)).astype(int)
        if room.any() and sample.places and float(torch.rand(())) < LABELLED_PATCHES:
            places = sample.places[int(torch.randint(len(sample.places), ()))]
            first = places[int(torch.randint(len(places), ()))] - patch // 2
        first = np.clip(first, 0, room)
        margin = np.ceil(MARGIN * patch).astype(int) if self.how else np.zeros(3, dtype=int)
        # Beyond the volume its edge goes on, as grid_sample has it.
        where = np.ix_(
            *(
                np.clip(np.arange(f - m, f + p + m), 0, n - 1)
                for f, m, p, n in zip(first, margin, patch, sample.label.shape, strict=True)
            )
        )
        image = torch.from_numpy(sample.image[0][where])[None, None]
        label = torch.from_numpy(sample.label[where])[None]
        if self.how is None:
            return image, label
        return augment(image, label, self.how, classes=plan.classes, mirror=plan.mirror, size=plan.patch)


class Volumes:
    """Whole cases to be scored: the core asks for their numbers, and the metrics look them up."""

    def __init__(self, held: Sequence[Held]) -> None:
        self.held = held

    def __len__(self) -> int:
        return len(self.held)

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """Numbers of cases, (batch,)."""
        return torch.from_numpy(np.asarray(indices, dtype=np.int64))


def training_samples(cases: Sequence[Case], plan: Plan, progress: Progress = silent) -> list[Sample]:
    """Prepare cases with masks for training: in memory, or what does not fit there on disk.

    Raises:
        DataError, IntakeError: a case cannot be read, or has no mask.
    """
    keep = _Keep()
    samples = []
    for prepared, label, _ in _prepared(cases, plan, progress):
        sample = sample_of(prepared, label, plan.classes)
        samples.append(Sample(keep(sample.image), keep(sample.label), sample.places))
    return samples


def held_cases(cases: Sequence[Case], plan: Plan, progress: Progress = silent) -> list[Held]:
    """Prepare cases with masks for scoring.

    Raises:
        DataError, IntakeError: a case cannot be read, or has no mask.
    """
    keep = _Keep()
    held = []
    for prepared, _, truth in _prepared(cases, plan, progress):
        held.append(Held(Prepared(keep(prepared.array), prepared.affine, prepared.way), keep(truth)))
    return held


def _prepared(
    cases: Sequence[Case], plan: Plan, progress: Progress
) -> Iterator[tuple[Prepared, NDArray[np.uint8], NDArray[np.uint8]]]:
    for number, case in enumerate(cases, 1):
        progress(number / len(cases), f"preparing {case.called}")
        scan, mask = case.read()
        if mask is None:
            raise DataError("there is no mask to learn from", where=case.called, mend="leave the case out")
        yield prepare(scan, plan), prepare_mask(mask, scan, plan), mask


class _Keep:
    """Keeps arrays in memory while there is room, then memory-mapped in a folder that goes when they do."""

    def __init__(self) -> None:
        self.left = MEMORY_SHARE * psutil.virtual_memory().available
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.count = 0

    def __call__(self, array: NDArray) -> NDArray:
        self.left -= array.nbytes
        if self.left > 0:
            return array
        if self.folder is None:
            self.folder = tempfile.TemporaryDirectory(prefix="pilots-prepared-")
        path = Path(self.folder.name) / f"{self.count}.npy"
        self.count += 1
        np.save(path, array)
        mapped: NDArray = np.load(path, mmap_mode="r", allow_pickle=False)
        return _Mapped.of(mapped, self.folder)


class _Mapped(np.memmap):
    """A memory-mapped array that keeps its folder alive."""

    @classmethod
    def of(cls, array: NDArray, folder: object) -> NDArray:
        found = array.view(cls)
        found.folder = folder  # type: ignore[attr-defined]
        return found
