"""The training core's task for outlining structures: from a folder of scans with masks, by a plan.

    train("healthcare.training:make_task", {"task": {"data": "hippocampus", "fold": 0}, "fit": fit}, …)

What comes out scores the held-out cases, whole volumes on their own grids, once, with the last weights:
no weights are chosen by the cases that they are scored on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from common.errors import TrainingError
from common.pilot import Progress, silent
from common.store import atomic_write
from common.training.task import Samples, Task
from healthcare.augment import Augmentation
from healthcare.inference_scan import predict_scan
from healthcare.loss import segmentation_loss
from healthcare.metrics import dice
from healthcare.networks import build
from healthcare.plan import Plan, specification
from healthcare.planning import Budget, make_plan
from healthcare.quality import LEAST_CASES
from healthcare.segmentation_samples import Held, Patches, Volumes, held_cases, training_samples

if TYPE_CHECKING:
    from healthcare.dataset import Case, Dataset

TASK = "segmentation"
SPECIFICATION = "specification.json"


@dataclass(frozen=True)
class SegmentationSettings:
    """What is learned from, and how.

    Attributes:
        data: folder in the layout of the Medical Segmentation Decathlon.
        fold: which part of the cases is held out and scored, from 0; None: none.
        folds: number of parts, by patient.
        seed: by which cases are dealt out to parts.
        lesson_share: share of the other cases kept out of learning too, by patient, to teach the model
            its expected Dice, volume intervals and rules (healthcare.held_out); 0, or where they would be too
            few to learn that from: none.
        plan: JSON file of a plan (`Plan.as_dict`) to train by; "": one is made from the cases learned from.
        minutes, device, threads, memory_gib: the budget that the plan is made for; see planning.Budget.
        learning_rate: highest of the one-cycle schedule (Smith & Topin 2019).
        weight_decay: of AdamW.
    """

    data: str
    fold: int | None = None
    folds: int = 5
    seed: int = 0
    lesson_share: float = 0.125
    plan: str = ""
    minutes: float = 20.0
    device: str = "cpu"
    threads: int = 2
    memory_gib: float = 16.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> SegmentationSettings:
        """From plain values, such as a table of a TOML file.

        Raises:
            TrainingError: a name is unknown, `data` is missing, or a value is out of range.
        """
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(settings) - known):
            raise TrainingError(
                f"unknown setting {', '.join(unknown)}", mend=f"choose from: {', '.join(sorted(known))}"
            )
        if "data" not in settings:
            raise TrainingError("no data to learn from are named", mend="set data to a folder")
        made = cls(**settings)
        if made.fold is not None and not 0 <= made.fold < made.folds:
            raise TrainingError(f"there is no fold {made.fold}", mend=f"choose from 0 to {made.folds - 1}")
        if not 0 <= made.lesson_share <= 0.5:
            raise TrainingError(f"lesson_share is {made.lesson_share}", mend="give a share from 0 to 0.5")
        if made.device not in ("cpu", "cuda"):
            raise TrainingError(f"the device is {made.device!r}", mend="choose cpu or cuda")
        return made

    @property
    def budget(self) -> Budget:
        """What the plan is made for."""
        return Budget(self.minutes, self.device, self.threads, self.memory_gib)  # type: ignore[arg-type]


def make_task(config: Mapping[str, Any], progress: Progress = silent) -> Task:
    """The task of learning to outline what is outlined in a folder.

    Args:
        config: plain values: the fields of SegmentationSettings by name.
        progress: called while cases are read.

    Raises:
        TrainingError: a setting is unknown or out of range.
        DataError, IntakeError: the data cannot be read.
    """
    settings = SegmentationSettings.of(config)
    train, held, plan, facts = read(settings, progress)
    return task_for(
        Patches(training_samples(train, plan, progress), plan, Augmentation()),
        plan,
        held=held_cases(held, plan, progress),
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        data=facts,
    )


def read(
    settings: SegmentationSettings, progress: Progress = silent
) -> tuple[Sequence[Case], Sequence[Case], Plan, dict[str, Any]]:
    """Cases to learn from, those held out, the plan made from the former, and what the record says of them.

    Raises:
        DataError, IntakeError: the data cannot be read.
    """
    from healthcare.fingerprint import fingerprint

    dataset, train, lessons, held = _parts(settings)
    if settings.plan:
        plan = read_plan(Path(settings.plan))
    else:
        plan = make_plan(fingerprint(dataset, train, progress), settings.budget)
    facts = {
        "sha256": dataset.sha256,
        "cases": len(train),
        "patients": len({case.patient for case in train}),
        "lessons": len(lessons),
        "held_out": len(held),
        "fold": settings.fold,
        "folds": settings.folds,
        "split_seed": settings.seed,
    }
    return train, held, plan, {name: value for name, value in facts.items() if value is not None}


def lessons_of(settings: SegmentationSettings) -> Sequence[Case]:
    """The cases kept out of learning and of scoring, for healthcare.held_out.

    Raises:
        DataError, IntakeError: the data cannot be read.
    """
    return _parts(settings)[2]


def read_plan(path: Path) -> Plan:
    """A plan from a JSON file that somebody wrote or changed.

    Raises:
        TrainingError: it cannot be read.
        StoreError: it does not hold together.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError("the plan cannot be read", where=path.name, mend="name a JSON file") from error
    return Plan.of(found.get("plan", found) if isinstance(found, dict) else found)


def _parts(settings: SegmentationSettings) -> tuple[Dataset, Sequence[Case], Sequence[Case], Sequence[Case]]:
    """The data set, and its cases to learn from, to be taught by and to be scored on: no patient in two."""
    from healthcare.dataset import folds, read_dataset

    dataset = read_dataset(Path(settings.data))
    train: Sequence[Case] = dataset.cases
    lessons: Sequence[Case] = ()
    held: Sequence[Case] = ()
    if settings.fold is not None:
        train, held = folds(dataset, settings.folds, settings.seed)[settings.fold]
    patients = len({case.patient for case in train})
    if settings.lesson_share * patients >= LEAST_CASES:
        rest = replace(dataset, cases=tuple(train))
        train, lessons = folds(rest, round(1 / settings.lesson_share), settings.seed)[0]
    return dataset, train, lessons, held


def task_for(
    train: Samples,
    plan: Plan,
    *,
    held: Sequence[Held] = (),
    name: str = TASK,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-2,
    card: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    write: Callable[[Path], None] | None = None,
) -> Task:
    """The task of training a plan's network on any samples.

    Args:
        train: its batches are dicts of `image` (batch, 1, x, y, z) float32 and `label` (batch, x, y, z) uint8
            numbers of classes.
        plan: of the network.
        held: cases to be scored; see Held.
        name: of the task.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: of AdamW.
        card: facts for the model card beside those known here.
        data: fingerprint of the training data; the plan's own where None.
        write: writes more files beside the weights and the specification.
    """

    def optimizer(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)

    def scheduler(opt: torch.optim.Optimizer, steps: int) -> LRScheduler:
        return OneCycleLR(opt, learning_rate, total_steps=steps + 1, pct_start=0.1)

    def write_all(folder: Path) -> None:
        atomic_write(folder / SPECIFICATION, json.dumps(specification(plan), indent=1))
        if write:
            write(folder)

    def metrics(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
        return scores(model, [held[int(i)] for i in batch], plan)

    return Task(
        name=name,
        model=lambda: build(plan),
        train=train,
        valid=Volumes(held) if held else None,
        loss=loss,
        metrics=metrics,
        optimizer=optimizer,
        scheduler=scheduler,
        write=write_all,
        card={**card_of(plan), **(card or {})},
        data=dict(data or plan.data or {}),
    )


def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """See healthcare.loss."""
    return segmentation_loss(model(batch["image"]), batch["label"])


def scores(model: nn.Module, held: Sequence[Held], plan: Plan) -> dict[str, Tensor]:
    """Mean over cases of Dice, for each label and over all labels; whole volumes on the scans' own grids.

    The way to the mask is that of inference. A label that neither mask has counts 1.
    """
    found = []
    device = "cuda" if torch.cuda.is_available() and next(model.parameters()).is_cuda else "cpu"
    for case in held:
        mask = predict_scan([model], case.prepared, plan, device=device).mask
        each = [dice(mask, case.truth, label.value) for label in plan.labels]
        found.append([1.0 if np.isnan(d) else d for d in each])
    means = np.mean(found, axis=0)
    named = {"dice": means.mean()} | {
        f"dice_{label.name.replace(' ', '_')}": mean for label, mean in zip(plan.labels, means, strict=True)
    }
    return {name: torch.tensor(float(value)) for name, value in named.items()}


def card_of(plan: Plan) -> dict[str, str]:
    """What the card of every model of this kind says of use and limits."""
    names = ", ".join(label.name for label in plan.labels)
    return {
        "intended_use": f"research: outlines {names} in {plan.modality or 'volumetric'} scans",
        "limits": "scans like those it was trained on; every outline needs an expert's look",
    }
