"""Means over all validation samples, each counted once, whatever the number of processes."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from common.errors import TrainingError
from common.training.sampling import shares
from common.training.task import Task


def summed(fabric: Fabric, values: Tensor) -> Tensor:
    """Sum of each value over all processes, in place."""
    if fabric.world_size > 1:
        torch.distributed.all_reduce(values)
    return values


def moved(fabric: Fabric, batch: Any) -> Any:
    """A batch on the device of this process."""
    return batch if fabric.device.type == "cpu" else fabric.to_device(batch)


@torch.no_grad()
def validate(task: Task, model: nn.Module, fabric: Fabric, *, batch_size: int) -> dict[str, float]:
    """Mean of every metric of a task over its validation samples; the model is left in evaluation mode.

    Raises:
        TrainingError: the metrics are not the same for every batch.
    """
    samples = task.valid
    assert samples is not None
    model.eval()
    sums: dict[str, Tensor] = {}
    count = 0
    for indices, counted in shares(len(samples), batch_size, fabric.global_rank, fabric.world_size):
        batch = moved(fabric, samples.batch(indices))
        means = task.metrics(model, batch) if task.metrics else {"loss": task.loss(model, batch)}
        if sums and sums.keys() != means.keys():
            raise TrainingError("the metrics are not the same for every batch", where=task.name)
        for name, value in means.items():
            # Double precision keeps the mean independent of how many batches it was added up from.
            mean = torch.as_tensor(value, device=fabric.device).detach().double()
            gain = mean * counted if counted else torch.zeros_like(mean)
            sums[name] = sums[name] + gain if name in sums else gain
        count += counted
    names = sorted(sums)
    weight = torch.full_like(sums[names[0]], float(count))
    *totals, all_samples = summed(fabric, torch.stack([*(sums[n] for n in names), weight])).tolist()
    return {name: total / all_samples for name, total in zip(names, totals, strict=True)}
