"""The order in which samples are seen: seeded, shared out over the processes, and resumable anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Order:
    """The order of samples in every epoch, and each process's part of it.

    A step takes the next `step_size` samples of the epoch's permutation; process `rank` of `world` gets a
    contiguous part of them. The position in the data is thus one number that does not depend on how many
    processes there are: the samples of the epoch that have been seen.

    When the last step of an epoch falls short, "pad" keeps it, smaller: it is topped up from the beginning
    of the permutation to a multiple of `world`, so that all processes have equally many (with one process
    nothing is repeated; otherwise at most world − 1 samples). "drop" leaves such a step out.

    Attributes:
        length: number of samples.
        step_size: samples of one step over all processes; a multiple of `world`.
        rank, world: this process and the number of processes.
        seed: seed of the permutations.
        shuffle: False: the samples come in their own order.
        remainder: "pad" or "drop".
    """

    length: int
    step_size: int
    rank: int = 0
    world: int = 1
    seed: int = 0
    shuffle: bool = True
    remainder: Literal["pad", "drop"] = "pad"

    def __post_init__(self) -> None:
        if self.length < 1 or self.step_size < 1 or self.step_size % self.world:
            raise ValueError("there must be samples, and a step must hold a multiple of the processes")
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank {self.rank} of {self.world}")

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        whole, rest = divmod(self.length, self.step_size)
        return whole + (1 if rest and self.remainder == "pad" else 0)

    def over(self, position: int) -> bool:
        """Whether the epoch has no more steps after this position."""
        left = self.length - position
        return left <= 0 or (self.remainder == "drop" and left < self.step_size)

    def permutation(self, epoch: int) -> np.ndarray:
        """All sample indices in the order of this epoch, shape (length,), the same in every process."""
        if not self.shuffle:
            return np.arange(self.length)
        # Philox is counter-based: the epoch picks a stream of its own, with no state to carry along.
        return np.random.Generator(np.random.Philox(key=[self.seed, epoch])).permutation(self.length)

    def parts(self, epoch: int, position: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        """This process's samples, step by step, from a position on.

        Args:
            epoch: number of the epoch, from 0.
            position: samples of this epoch already seen, over all processes.

        Yields:
            The position after the step, and the indices for this process, shape (step_size / world,), or
            fewer in the last step.
        """
        order = self.permutation(epoch)
        while not self.over(position):
            part = order[position : position + self.step_size]
            position += len(part)
            missing = -len(part) % self.world
            if missing:
                part = np.concatenate([part, np.resize(order, missing)])
            share = len(part) // self.world
            yield position, part[self.rank * share : (self.rank + 1) * share]


def shares(length: int, size: int, rank: int, world: int) -> Iterator[tuple[np.ndarray, int]]:
    """Every sample once, in its own order, shared out for scoring.

    All processes take equally many turns, as collective operations need; a process without samples of its
    own in a turn gets sample 0, to be counted 0 times.

    Yields:
        Indices of shape (at most size,), and how many of them count.
    """
    for start in range(0, length, size * world):
        first = start + rank * size
        part = np.arange(first, min(first + size, length))
        yield (part, len(part)) if len(part) else (np.zeros(1, dtype=np.int64), 0)
