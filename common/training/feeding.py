"""From indices to batches: loaded by the training process itself, or ahead of it by worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from common.training import randomness
from common.training.task import Samples

Wanted = tuple[tuple[int, ...], np.ndarray]
"""A batch to load: numbers that name it within the run (epoch, position, part), and the samples' indices."""


class _Seeded(Dataset[Any]):
    """Loads a batch in a worker, with randomness that depends on the batch alone and not on the worker."""

    def __init__(self, samples: Samples, seed: int) -> None:
        self.samples, self.seed = samples, seed

    def __getitem__(self, wanted: Wanted) -> Any:
        name, indices = wanted
        randomness.seed_all(randomness.own_seed(self.seed, *name))
        return self.samples.batch(indices)


def load(samples: Samples, wanted: Sequence[Wanted], *, seed: int, workers: int, pin: bool) -> Iterator[Any]:
    """Batches in the order wanted.

    Args:
        samples: the data.
        wanted: names and indices of the batches.
        seed: seed of random changes to samples (augmentation) in workers.
        workers: processes that load ahead; 0: none.
        pin: page-locked memory, for the way to a GPU.
    """
    if workers:
        yield from DataLoader(
            _Seeded(samples, seed),
            sampler=wanted,
            batch_size=None,
            num_workers=workers,
            pin_memory=pin,
            # Its own generator: starting workers must not move the state that dropout draws from.
            generator=torch.Generator(),
        )
        return
    for _, indices in wanted:
        yield samples.batch(indices)
