"""`fit`: one training loop for one process or many, on CPUs or GPUs, on Lightning Fabric.

    task = Task("name", model=Net, train=Arrays(x, y), valid=Arrays(xv, yv),
                loss=lambda model, batch: mse_loss(model(batch[0]), batch[1]))
    trained = fit(task, FitConfig(epochs=20, patience=3))               # in memory
    trained = fit(task, FitConfig(epochs=20, patience=3), run_folder)   # with record, checkpoints and model

A run that is stopped and resumed ends with the same bits on a CPU as one that was not, with one or two
processes and the same number of threads. With three or more the order in which their gradients are added
depends on how torch has bucketed them, so it ends the same within rounding.
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch.distributed as dist
from lightning_fabric import Fabric
from torch import nn

from common.errors import TrainingError
from common.pilot import Progress, silent
from common.training import randomness
from common.training.config import FitConfig
from common.training.record import Run
from common.training.stopping import on_signals
from common.training.task import Task
from common.training.trainer import Trainer


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        model: the network with its best weights (its last ones without validation), in evaluation mode.
        scores: validation means at those weights; empty without validation.
        step, epoch: steps and epochs done.
        best_step: step after which the weights were best.
        ended: all epochs or steps done, or stopped early.
        folder: the run folder, if there is one.
    """

    model: nn.Module
    scores: dict[str, float]
    step: int
    epoch: int
    best_step: int
    ended: Literal["complete", "early"]
    folder: Path | None


def fit(
    task: Task,
    config: FitConfig | None = None,
    run_folder: Path | None = None,
    *,
    resume: bool = False,
    progress: Progress = silent,
    pilot: str = "",
    settings: dict[str, Any] | None = None,
) -> Trained:
    """Train a task; in every process of the run when a launcher started several.

    SIGTERM and Ctrl-C end a run with a folder at the next step, with a complete checkpoint, and then act
    as they would have. The random states of python, numpy and torch are as before afterwards.

    Args:
        task: what is trained.
        config: how; see FitConfig.
        run_folder: where the record, checkpoints and the model go; None: nothing is written.
        resume: go on from the newest whole checkpoint in the folder, or begin when there is none yet.
        progress: called a few times a second, in the first process.
        pilot: name of the pilot, for the record.
        settings: more tables for config.toml beside [fit]; with resume it is rewritten.

    Raises:
        TrainingError: the run cannot start or go on (settings, data, a loss that is no number).
        StoreError: something cannot be written, or no checkpoint is whole.
    """
    config = config or FitConfig()
    before = randomness.capture()
    try:
        fabric = _fabric(config)
        first, several = fabric.is_global_zero, fabric.world_size > 1
        with ExitStack() as open_until_done:
            asked = open_until_done.enter_context(on_signals(run_folder is not None, stubborn=several))
            run: Run | None = None
            if run_folder is not None and first:
                run = open_until_done.enter_context(
                    Run(
                        run_folder,
                        pilot=pilot,
                        task=task.name,
                        settings={"fit": config.as_dict(), **(settings or {})},
                        data=task.data,
                        resume=resume,
                        processes=fabric.world_size,
                        gpus=fabric.world_size if fabric.device.type == "cuda" else 0,
                    )
                )
            trainer = Trainer(task, config, fabric, folder=run_folder, record=run, asked=asked)
            trainer.run(resume, progress if first else silent)
    finally:
        randomness.restore(before)
    return Trained(
        model=trainer.bare,
        scores=dict(trainer.scores),
        step=trainer.step,
        epoch=trainer.epoch,
        best_step=trainer.best.step or trainer.step,
        ended=trainer.ended,
        folder=run_folder,
    )


def _fabric(config: FitConfig) -> Fabric:
    launched = dist.is_torchelastic_launched()
    local = int(os.environ["LOCAL_WORLD_SIZE"]) if launched else 1
    nodes = int(os.environ["WORLD_SIZE"]) // local if launched else 1
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    try:
        fabric = Fabric(
            accelerator=config.accelerator,
            devices=local,
            num_nodes=nodes,
            strategy=config.strategy,
            precision=config.precision,  # type: ignore[arg-type]
        )
    except (ValueError, RuntimeError, ImportError) as error:
        raise TrainingError(
            f"this machine cannot train so ({str(error).splitlines()[0]})",
            mend="see accelerator, strategy and precision in the settings",
        ) from error
    fabric.launch()
    return fabric
