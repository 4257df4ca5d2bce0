"""A small task with all that a resumed run must find again: dropout, running means, noise, a schedule."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from common.training.config import FitConfig
from common.training.loop import Trained, fit
from common.training.task import Arrays, Task


class Noisy(Arrays):
    """Samples with noise from all three random sources; `before` is called with the number of each batch."""

    def __init__(self, *arrays: torch.Tensor, before: Callable[[int], None] | None = None) -> None:
        super().__init__(*arrays)
        self.asked, self.before = 0, before

    def batch(self, indices: np.ndarray) -> tuple[torch.Tensor, ...]:
        self.asked += 1
        if self.before:
            self.before(self.asked)
        x, y = super().batch(indices)
        return x + 0.01 * torch.randn_like(x) + 0.01 * float(np.random.rand()), y


def plain_net() -> nn.Module:
    """Nothing random in it, and nothing that depends on which samples come together."""
    return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))


def loss(model: nn.Module, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return nn.functional.mse_loss(model(batch[0]), batch[1])


def schedule(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=steps)


def make_task(settings: Mapping[str, Any], before: Callable[[int], None] | None = None) -> Task:
    rows, plain = settings.get("rows", 90), settings.get("plain", False)

    def pause(asked: int) -> None:
        time.sleep(settings.get("pause_s", 0.0))

    made = torch.Generator().manual_seed(0)
    x = torch.randn(rows, 5, generator=made)
    y = x.sum(dim=1, keepdim=True)
    return Task(
        "toy",
        model=plain_net if plain else net,
        train=Arrays(x, y) if plain else Noisy(x, y, before=before or pause),
        valid=None if plain else Arrays(x[:31], y[:31]),
        loss=loss,
        scheduler=lambda o, steps: schedule(o, settings.get("steps", steps)),
        data={"rows": rows},
    )


CONFIG = FitConfig(
    epochs=5, batch_size=14, accumulate=2, clip_norm=1.0, log_every=3, checkpoint_every_steps=4
)


def stop_at(batch: int, number: int = signal.SIGTERM) -> Callable[[int], None]:
    """Signals this process when it loads a batch for the n-th time."""

    def before(asked: int) -> None:
        if asked == batch:
            os.kill(os.getpid(), number)

    return before


def train_as(rank: int, world: int, shared: Path, settings: Mapping[str, Any], *fit_arguments: Any) -> None:
    """For processes of their own: train as one of several, as torchrun would have started it."""
    of_torchrun = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    os.environ.update({name: str(value) for name, value in of_torchrun.items()})
    os.environ.update({"TORCHELASTIC_RUN_ID": "none", "GLOO_SOCKET_IFNAME": "lo"})
    torch.distributed.init_process_group("gloo", shared.as_uri(), rank=rank, world_size=world)
    fit(make_task(settings), *fit_arguments, resume=True)
    torch.distributed.destroy_process_group()


def train(folder: Path, every: int = 4, resume: bool = True) -> Trained:
    """For processes of their own: train the toy, from its newest checkpoint if there is one."""
    config = FitConfig(**{**CONFIG.as_dict(), "checkpoint_every_steps": every})
    return fit(make_task({}), config, folder, resume=resume)


def weights(folder: Path) -> dict[str, bytes]:
    """The stored model's weights as bytes."""
    from safetensors.torch import load_file

    found = load_file(folder / "model" / "weights.safetensors")
    return {name: t.numpy().tobytes() for name, t in found.items()}
