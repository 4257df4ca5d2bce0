"""The inside of `fit`: one run in one process, step by step. Use `common.training.loop.fit`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.distributed as dist
from lightning_fabric import Fabric

from common.errors import TrainingError
from common.pilot import Progress, silent
from common.training import feeding, randomness, state
from common.training.checkpoint import Checkpoints
from common.training.config import FitConfig
from common.training.record import CHECKPOINTS, Run
from common.training.sampling import Order
from common.training.stopping import Asked, Best, raise_for
from common.training.task import Task
from common.training.validation import moved, summed, validate
from common.training.weights import write_weights

LOOK_EVERY_S = 0.25
"""Seconds between looks at signals, clock and progress; in steps, so that all processes look together."""


class Trainer:
    """One run in one process. Its state between two steps is what a checkpoint holds."""

    def __init__(
        self,
        task: Task,
        config: FitConfig,
        fabric: Fabric,
        *,
        folder: Path | None,
        record: Run | None,
        asked: Asked,
    ) -> None:
        self.task, self.config, self.fabric, self.record = task, config, fabric, record
        self.folder, self.asked = folder, asked
        self.progress: Progress = silent
        rank, world = fabric.global_rank, fabric.world_size
        randomness.seed_all(config.seed)
        self.bare = task.model()
        model: Any = torch.compile(self.bare) if config.compile else self.bare
        self.model, self.optimizer = fabric.setup(model, task.optimizer(self.bare.parameters()))
        if config.strategy == "auto" and world == 1 and config.precision == "32-true":
            # Fabric's wrapper only converts inputs then; without it a step is some 30 µs faster.
            self.model = self.model._forward_module
        randomness.seed_all(randomness.own_seed(config.seed, rank))
        size = config.batch_size
        if size % world:
            raise TrainingError(
                f"{world} processes cannot share a batch of {size} evenly",
                mend=f"make batch_size a multiple of {world}",
            )
        self.piece = math.ceil(size / world / config.accumulate)
        self.order = Order(len(task.train), size, rank, world, config.seed, config.shuffle, config.remainder)
        if not self.order.steps:
            raise TrainingError(
                f"{len(task.train)} samples do not fill one step of {size}", mend="make batch_size smaller"
            )
        self.last_step = min(config.epochs * self.order.steps, config.max_steps or 2**63)
        self.scheduler = task.scheduler(self._raw, self.last_step) if task.scheduler else None
        self.checkpoints = Checkpoints(folder / CHECKPOINTS, config.keep) if folder else None
        self.step = self.epoch = self.position = self.validated_step = 0
        self.ended: Literal["complete", "early"] = "complete"
        self.best = Best(config.goal, config.min_delta, config.patience)
        self.best_weights: state.Weights | None = None
        self.scores: dict[str, float] = {}
        self.loss_sum = torch.zeros((), device=fabric.device)
        self.loss_steps = 0
        self.saved_step = 0
        self.look_at = 1
        self.looked = (0, time.monotonic())
        self.saved_at = self.logged_at = time.monotonic()

    @property
    def _raw(self) -> torch.optim.Optimizer:
        """The optimiser itself; schedulers and checkpoints know nothing of Fabric's wrapper."""
        raw: torch.optim.Optimizer = self.optimizer.optimizer
        return raw

    @property
    def _done(self) -> bool:
        validated = self.task.valid is None or self.validated_step == self.step
        return self.best.exhausted or (self.step >= self.last_step and validated)

    def run(self, resume: bool, progress: Progress) -> None:
        """Train to the end, from the newest checkpoint if asked, and store the model."""
        self.progress = progress
        if resume and self.checkpoints:
            self._restore(self.checkpoints)
        self._log_line(f"training {self.task.name}: step {self.step} of at most {self.last_step}")
        while not self._done:
            self._epoch()
        self._save()
        if self.best_weights is not None:
            state.put_back(self.bare, self.best_weights)
        self.bare.eval()
        self.ended = "early" if self.best.exhausted and self.step < self.last_step else "complete"
        self._finish()

    def _epoch(self) -> None:
        self.model.train()
        for position, weights, batches in self._steps():
            self._update(weights, batches)
            self.step += 1
            self.loss_steps += 1
            self.position = position
            if self.step % self.config.log_every == 0:
                self._log_metrics()
            every = self.config.checkpoint_every_steps
            if every and self.step % every == 0:
                self._save()
            if self.step >= self.look_at:
                self._look()
        if self.order.over(self.position):
            self.epoch += 1
            self.position = 0
        last = self.step >= self.last_step
        if self.task.valid is not None and (last or self.epoch % self.config.validate_every == 0):
            self._validate()
        self.look_at = self.step + 1

    def _steps(self) -> Iterator[tuple[int, list[float], Iterator[Any]]]:
        """Steps of the rest of this epoch: position after it, weights of its pieces, where to get them."""
        c = self.config
        plan: list[tuple[int, list[feeding.Wanted]]] = []
        parts = self.order.parts(self.epoch, self.position)
        for position, part in islice(parts, self.last_step - self.step):
            pieces = np.array_split(part, math.ceil(len(part) / self.piece))
            plan.append((position, [((self.epoch, position, i), p) for i, p in enumerate(pieces)]))
        cuda = self.fabric.device.type == "cuda"
        wanted = [piece for _, named in plan for piece in named]
        loaded = feeding.load(self.task.train, wanted, seed=c.seed, workers=c.workers, pin=cuda)
        for position, named in plan:
            total = sum(len(indices) for _, indices in named)
            yield position, [len(indices) / total for _, indices in named], loaded

    def _update(self, weights: list[float], batches: Iterator[Any]) -> None:
        """One step: the gradient of the mean loss over all its samples, in all processes, and an update."""
        fabric = self.fabric
        for number, weight in enumerate(weights, 1):
            waits = number < len(weights) and fabric.world_size > 1
            with fabric.no_backward_sync(self.model) if waits else nullcontext():
                loss = self.task.loss(self.model, moved(fabric, next(batches)))
                if weight != 1.0:
                    loss = loss * weight
                fabric.backward(loss)
            self.loss_sum += loss.detach()
        if self.config.clip_norm is not None:
            fabric.clip_gradients(
                self.model, self.optimizer, max_norm=self.config.clip_norm, error_if_nonfinite=False
            )
        self.optimizer.step()
        if self.scheduler:
            self.scheduler.step()
        self.optimizer.zero_grad()

    def _validate(self) -> None:
        scores = validate(self.task, self.model, self.fabric, batch_size=self.piece)
        self.model.train()
        if self.config.monitor not in scores:
            raise TrainingError(
                f"there is no metric '{self.config.monitor}' to monitor",
                mend=f"choose one of: {', '.join(scores)}",
            )
        if self.best.better(scores[self.config.monitor], self.step):
            self.best_weights = state.snapshot(self.bare)
            self.scores = scores
        self.validated_step = self.step
        if self.record:
            self.record.metrics(step=self.step, epoch=self.epoch, valid=scores)
            words = ", ".join(f"{n} {v:.6g}" for n, v in scores.items())
            self.record.log(f"step {self.step}, epoch {self.epoch}: {words}")

    def _look(self) -> None:
        """Look at signals and the clock, all processes together; then say when to look next."""
        now = time.monotonic()
        step_s = (now - self.looked[1]) / max(1, self.step - self.looked[0])
        due = not self.config.checkpoint_every_steps and now - self.saved_at >= self.config.checkpoint_every_s
        stop = max(self.asked.numbers, default=0)
        if self.fabric.world_size > 1:
            seen = torch.tensor([float(stop), float(due), step_s], device=self.fabric.device)
            dist.all_reduce(seen, op=dist.ReduceOp.MAX)
            stop, due, step_s = int(seen[0]), bool(seen[1]), float(seen[2])
        self.look_at = self.step + max(1, min(10_000, int(LOOK_EVERY_S / max(step_s, 1e-6))))
        self.looked = (self.step, now)
        if stop and self.checkpoints:
            self._save()
            self._log_line(f"asked to stop by signal {stop} after step {self.step}; it can be resumed")
            raise_for(stop)
        if due:
            self._save()
        words = f"epoch {self.epoch + 1}, step {self.step}"
        if self.scores:
            words += f", best {self.config.monitor} {self.best.value:.4g}"
        self.progress(min(1.0, self.step / self.last_step), words)

    def _log_metrics(self) -> None:
        means = summed(self.fabric, torch.stack([self.loss_sum, torch.ones_like(self.loss_sum)]).double())
        loss = float(means[0] / means[1]) / self.loss_steps
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} by step {self.step}",
                mend="lower the learning rate, set clip_norm, or look for gaps in the data",
            )
        now = time.monotonic()
        if self.record:
            rate = self.loss_steps * self.order.step_size / (now - self.logged_at)
            self.record.metrics(
                step=self.step,
                epoch=self.epoch,
                loss=loss,
                learning_rate=float(self._raw.param_groups[0]["lr"]),
                samples_s=round(rate, 1),
            )
        self.logged_at = now
        self.loss_sum.zero_()
        self.loss_steps = 0

    def _save(self) -> None:
        if not self.checkpoints or self.step == self.saved_step:
            return
        tensors, settings = state.gather(self.bare, self._raw, self.best_weights)
        shared = {
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "validated_step": self.validated_step,
            "best": asdict(self.best),
            "scores": self.scores,
            "optimizer": settings,
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "precision": self.fabric.strategy.precision.state_dict(),
        }
        own = {
            "random": randomness.capture(),
            "loss_sum": float(self.loss_sum),
            "loss_steps": self.loss_steps,
        }
        self.checkpoints.save(self.step, tensors, shared, own)
        self.saved_step, self.saved_at = self.step, time.monotonic()
        if self.record:
            self.record.save(step=self.step, epoch=self.epoch, scores=self.scores)

    def _restore(self, checkpoints: Checkpoints) -> None:
        path = checkpoints.newest()
        if path is None:
            if self.record:
                self.record.forget_after(0)
            return
        shared = checkpoints.shared(path)
        template = state.snapshot(self.bare) if shared["scores"] else None
        tensors, _ = state.gather(self.bare, self._raw, template)
        own = checkpoints.load(path, tensors)
        self.best_weights = state.spread(self.bare, self._raw, tensors, shared["optimizer"])
        self.step, self.epoch, self.position = shared["step"], shared["epoch"], shared["position"]
        self.validated_step = shared["validated_step"]
        limits = {"patience": self.config.patience, "min_delta": self.config.min_delta}
        self.best = Best(**shared["best"] | limits)
        self.scores = shared["scores"]
        if self.scheduler:
            self.scheduler.load_state_dict(shared["scheduler"])
        self.fabric.strategy.precision.load_state_dict(shared["precision"])
        self.saved_step = self.step
        if own is None:  # more processes than saved it: randomness of its own for the new ones
            randomness.seed_all(randomness.own_seed(self.config.seed, self.fabric.global_rank, self.step))
        else:
            self.loss_sum.fill_(own["loss_sum"])
            self.loss_steps = own["loss_steps"]
            randomness.restore(own["random"])
        if self.record:
            self.record.forget_after(self.step)
        self._log_line(f"resumed from {path.name}")

    def _finish(self) -> None:
        if not self.folder:
            return
        weights = state.whole_weights(self.bare)
        if self.record:
            self.record.save(step=self.step, epoch=self.epoch, scores=self.scores, ended=self.ended)

            def write(folder: Path) -> None:
                write_weights(weights, folder)
                if self.task.write:
                    self.task.write(folder)

            self.record.save_model(write, self.task.card)
            self._log_line(f"{self.ended}: best at step {self.best.step or self.step}")
        self.progress(1.0, f"trained: {self.step} steps")

    def _log_line(self, text: str) -> None:
        if self.record:
            self.record.log(text)
