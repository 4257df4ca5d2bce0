"""What a step of `common.training.loop.fit` costs beside a hand-written PyTorch loop.

Same network, data, order and optimiser, in one process on the CPU. The two take turns step by step: each
time `fit` asks for a batch, the hand-written loop does its step on the same samples first. So both see the
same machine, and other load on it hits both alike. `fit` writes its run folder meanwhile, with metrics.
Both must end with the same weights, bit by bit, or the script fails.

    python benchmarks/core_overhead.py [--steps 1500] [--threads 1] [--json]

Keys: `overhead_ratio`, `step_ms`, `overhead_us` for a network whose step takes some milliseconds;
`overhead_ratio_tiny`, `step_ms_tiny`, `overhead_us_tiny` for one that hardly computes at all.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.training.config import FitConfig
from common.training.loop import fit
from common.training.task import Arrays, Task

BLOCK = 50
"""Steps of one block; `fit` writes metrics once a block. The ratio is the median over blocks."""
WARM_UP = 2 * BLOCK


def realistic() -> nn.Module:
    """Two weeks of hours to four days of hours, 0.2 million weights."""
    return nn.Sequential(
        nn.Linear(336, 256), nn.GELU(), nn.Linear(256, 256), nn.GELU(), nn.LayerNorm(256), nn.Linear(256, 96)
    )


def tiny() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))


def optimizer(parameters) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=1e-3)


def loss(model: nn.Module, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return nn.functional.mse_loss(model(batch[0]), batch[1])


class TakingTurns(Arrays):
    """Data that lets the hand-written loop do its step before `fit` gets the same batch."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        super().__init__(x, y)
        # The hand-written loop has a copy, so that neither finds its batch in the cache already.
        self.copy = Arrays(x.clone(), y.clone())
        self.fit_s: list[float] = []
        self.hand_s: list[float] = []
        self.left = 0.0

    def take_turns_with(self, model: nn.Module) -> None:
        """Set the network of the hand-written loop."""
        self.model, self.optimizer = model, optimizer(model.parameters())
        self.total = torch.zeros(())

    def step_by_hand(self, indices: np.ndarray) -> None:
        """A step as tutorials have it, with a running loss."""
        batch = self.copy.batch(indices)
        value = loss(self.model, batch)
        value.backward()
        self.total += value.detach()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def batch(self, indices: np.ndarray) -> tuple[torch.Tensor, ...]:
        """Do a step of the hand-written loop on these samples, then hand them to `fit`."""
        entered = time.perf_counter()
        if self.left:
            self.fit_s.append(entered - self.left)
        began = time.perf_counter()
        self.step_by_hand(indices)  # a call of its own, so that its time includes freeing its tensors
        self.left = time.perf_counter()
        self.hand_s.append(self.left - began)
        return super().batch(indices)


def measure(make: Callable[[], nn.Module], inputs: int, outputs: int, batch_size: int, steps: int) -> dict:
    generator = torch.Generator().manual_seed(0)
    rows = batch_size * 64
    data = TakingTurns(
        torch.randn(rows, inputs, generator=generator), torch.randn(rows, outputs, generator=generator)
    )

    def model() -> nn.Module:
        made = make()
        data.take_turns_with(copy.deepcopy(made))
        return made

    task = Task("overhead", model, data, loss, optimizer=optimizer)
    config = FitConfig(epochs=10**6, max_steps=steps, batch_size=batch_size, log_every=BLOCK)
    with tempfile.TemporaryDirectory() as folder:
        trained = fit(task, config, Path(folder) / "run")
    same = zip(trained.model.parameters(), data.model.parameters(), strict=True)
    if not all(torch.equal(a, b) for a, b in same):
        raise SystemExit("the two loops did not end with the same weights: they did not do the same work")
    count = (len(data.fit_s) - WARM_UP) // BLOCK * BLOCK
    fit_s = np.array(data.fit_s[WARM_UP : WARM_UP + count]).reshape(-1, BLOCK).mean(axis=1)
    hand_s = np.array(data.hand_s[WARM_UP : WARM_UP + count]).reshape(-1, BLOCK).mean(axis=1)
    return {
        "overhead_ratio": round(float(np.median(fit_s / hand_s)), 4),
        "step_ms": round(float(np.median(hand_s)) * 1e3, 4),
        "overhead_us": round(float(np.median(fit_s - hand_s)) * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=1500, help="steps of each loop (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.steps < WARM_UP + 2 * BLOCK:
        parser.error(f"at least {WARM_UP + 2 * BLOCK} steps are needed")
    torch.set_num_threads(options.threads)
    usual = measure(realistic, 336, 96, 256, options.steps)
    small = measure(tiny, 5, 1, 16, 4 * options.steps)
    if options.json:
        print(json.dumps(usual | {f"{key}_tiny": value for key, value in small.items()}))
        return
    print(f"{'network':<26}{'hand-written ms':>16}{'fit adds µs':>13}{'ratio':>9}{'goal':>8}")
    for name, found, goal in (("336-256-256-96, batch 256", usual, "≤ 1.03"), ("tiny, batch 16", small, "")):
        print(
            f"{name:<26}{found['step_ms']:>16.3f}{found['overhead_us']:>13.1f}"
            f"{found['overhead_ratio']:>9.4f}{goal:>8}"
        )


if __name__ == "__main__":
    main()
