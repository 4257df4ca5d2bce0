"""How many steps fit into the minutes given, on this machine: measured, not guessed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from common.training import randomness
from healthcare.augment import Augmentation
from healthcare.loss import segmentation_loss
from healthcare.networks import build
from healthcare.plan import Plan
from healthcare.planning import Budget
from healthcare.segmentation_samples import Patches, Sample

FEWEST_STEPS, MEASURED_S, WARM_UP = 20, 4.0, 2
SAFETY = 0.92
"""Share of the time that steps are planned for; the rest is for checkpoints, scoring and slower moments."""


def fit_settings(plan: Plan, budget: Budget, *, seed: int = 1, spent_s: float = 0.0) -> dict[str, Any]:
    """Settings of the core's FitConfig for training a plan within a budget.

    The held-out cases are scored once, with the last weights: the schedule ends at a rate of none, so
    that the last weights are the best ones, and none are chosen by what is reported.

    Args:
        plan: of the network.
        budget: minutes, device and threads.
        seed: of everything random.
        spent_s: what reading the data has taken or will take of the minutes.
    """
    precision = precision_for(budget.device)
    step_s = seconds_a_step(plan, budget.device, precision)
    left_s = budget.minutes * 60 * SAFETY - spent_s
    steps = max(FEWEST_STEPS, int(left_s / step_s))
    return {
        "max_steps": steps,
        "epochs": steps,
        "validate_every": steps,
        "monitor": "dice",
        "goal": "max",
        "batch_size": plan.batch_size,
        "clip_norm": 1.0,
        "precision": precision,
        "accelerator": budget.device,
        "workers": 0 if budget.device == "cpu" else 8,
        "remainder": "drop",
        "seed": seed,
    }


def precision_for(device: str) -> str:
    """The precision that trains fastest there: bfloat16 where the processor multiplies it by itself."""
    if device == "cuda":
        return "bf16-mixed"
    has = torch.cpu.get_capabilities()
    return "bf16-mixed" if has.get("avx512_bf16") or has.get("amx_bf16") else "32-true"


def seconds_a_step(plan: Plan, device: str = "cpu", precision: str = "32-true") -> float:
    """How long a step of training takes here, with loading and changing its patches.

    Nothing random is left changed.
    """
    before = randomness.capture()
    try:
        randomness.seed_all(0)
        sample = Sample(
            np.random.default_rng(0).normal(size=(1, *plan.patch)).astype(np.float32),
            np.zeros(plan.patch, dtype=np.uint8),
            (),
        )
        patches = Patches([sample], plan, Augmentation())
        network = build(plan).to(device).train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
        taken: list[float] = []
        started = time.monotonic()
        while len(taken) < WARM_UP + 2 or time.monotonic() - started < MEASURED_S:
            begun = time.monotonic()
            batch = patches.batch(np.zeros(plan.batch_size, dtype=np.int64))
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16-mixed"):
                logits = network(batch["image"].to(device))
            segmentation_loss(logits, batch["label"].to(device)).backward()
            optimizer.step()
            optimizer.zero_grad()
            if device == "cuda":
                torch.cuda.synchronize()
            taken.append(time.monotonic() - begun)
        # Python's noise and a busy moment weigh less in a median than in a mean.
        return float(np.median(taken[WARM_UP:]))
    finally:
        randomness.restore(before)
