"""What a sector hands the training core: a model, data, a loss, metrics, and how it optimises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler


class Samples(Protocol):
    """Data that can be asked for any set of samples at once."""

    def __len__(self) -> int:
        """Number of samples."""

    def batch(self, indices: np.ndarray) -> Any:
        """Samples with these indices, shape (batch,): tensors on the CPU, alone or in a tuple or dict."""


class Arrays:
    """Samples that lie in memory as tensors or arrays of the same length: `batch` gives a tuple of tensors.

    Args:
        arrays: each of shape (samples, ...); numpy arrays are taken over without a copy where possible.
    """

    def __init__(self, *arrays: torch.Tensor | np.ndarray) -> None:
        import torch

        self.tensors = tuple(torch.as_tensor(a) for a in arrays)
        lengths = {len(t) for t in self.tensors}
        if len(lengths) != 1:
            raise ValueError(f"arrays of one length are needed, not {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.tensors[0])

    def batch(self, indices: np.ndarray) -> tuple[Tensor, ...]:
        """Rows with these indices, shape (batch,)."""
        import torch

        rows = torch.from_numpy(indices)
        return tuple(t.index_select(0, rows) for t in self.tensors)


class Collated:
    """Samples of any map-style dataset (`dataset[i]`), stacked by torch's own `default_collate`."""

    def __init__(self, dataset: Any, collate: Callable[[Sequence[Any]], Any] | None = None) -> None:
        self.dataset, self.collate = dataset, collate

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, indices: np.ndarray) -> Any:
        """Samples with these indices, shape (batch,), collated."""
        from torch.utils.data import default_collate

        return (self.collate or default_collate)([self.dataset[int(i)] for i in indices])


def adamw(parameters: Iterable[nn.Parameter]) -> Optimizer:
    """AdamW with a learning rate of 1e-3 and torch's other defaults (Loshchilov & Hutter 2019)."""
    from torch.optim import AdamW

    return AdamW(parameters, lr=1e-3)


@dataclass(frozen=True)
class Task:
    """All that the core must know of a training task.

    The two callables that see the model get it wrapped (precision, several processes): they call
    `model(...)` and nothing else on it.

    Attributes:
        name: a few letters for folders and logs ("load-tsmixer").
        model: makes the network; called once, after seeding.
        train: samples to learn from.
        loss: `loss(model, batch)` gives the mean loss over the batch, a scalar.
        valid: samples for early stopping and for choosing the best weights; None: the last weights stay.
        metrics: `metrics(model, batch)` gives means over the batch by name; the core averages them over all
            validation samples, each counted once. None: {"loss": loss}. Only for what is a mean over samples.
        optimizer: makes the optimiser from the parameters.
        scheduler: makes a scheduler from the optimiser and the number of steps in the whole run; it is
            stepped once a step.
        write: writes what a user of the model needs beside its weights (settings, scalers) into a folder.
        card: facts for the model card: `intended_use`, `limits`, `licence`, and what else helps.
        data: fingerprint of the training data (hash, rows, period); a resumed run must find the same.
    """

    name: str
    model: Callable[[], nn.Module]
    train: Samples
    loss: Callable[[nn.Module, Any], Tensor]
    valid: Samples | None = None
    metrics: Callable[[nn.Module, Any], Mapping[str, Tensor]] | None = None
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] = adamw
    scheduler: Callable[[Optimizer, int], LRScheduler] | None = None
    write: Callable[[Path], None] | None = None
    card: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
