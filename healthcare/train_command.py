"""What `pilots train healthcare` does: settings for the data at hand, the training core, and what follows.

After volumes were learned from, the model learns from cases that were kept out what its outlines are worth
(`healthcare.held_out`); then model card and data card are written beside the run's record.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.audited import code_version
from common.errors import StoreError, TrainingError
from common.pilot import Progress, silent
from common.training import launch
from common.training.record import MODEL, read_config
from healthcare.cards import write_cards

if TYPE_CHECKING:
    import argparse

FACTORY = "healthcare.training:make_task"
SEGMENTATION, CLASSIFICATION, SAMPLE = "segmentation", "classification", "sample"
MINUTES = 20.0
BEGUN, TRAINED, TAUGHT = 0.05, 0.9, 0.99
"""Shares of the whole that are done when training begins, when it ends, and when the model was taught."""
GPU_SHARE = 0.9
"""Of a GPU's memory that a plan may count on."""


def train(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """Train by the parsed options; returns the run folder.

    Raises:
        DataError, IntakeError: the data cannot be read.
        TrainingError, StoreError: the run cannot start, go on or be written.
    """
    if options.resume is not None:
        config: dict[str, Any] = {"fit": {} if options.epochs is None else {"epochs": options.epochs}}
        kind = str(read_config(options.resume).get("task", {}).get("kind", SEGMENTATION))
    else:
        kind = kind_of(options.data)
        progress(0.0, "looking at the data")
        config = config_for(kind, options, lambda f, words: progress(f * BEGUN, words))
    folder = launch.train(
        FACTORY,
        config,
        pilot="healthcare",
        runs=options.runs,
        processes=options.processes,
        resume=options.resume,
        progress=lambda f, words: progress(BEGUN + f * (TRAINED - BEGUN), words),
    )
    if kind == SEGMENTATION:
        teach(folder, lambda f, words: progress(TRAINED + f * (TAUGHT - TRAINED), words))
    progress(TAUGHT, "writing model card and data card")
    write_cards(folder, {"code": code_version()})
    progress(1.0, "trained")
    return folder


def kind_of(data: Path | None) -> str:
    """What is trained: by a folder of volumes, by a file of pictures, or, without data, the embedded model.

    Raises:
        TrainingError: nothing is there.
    """
    if data is None:
        return SAMPLE
    if not data.exists():
        raise TrainingError(
            "the data are not there", mend="name a folder with imagesTr and labelsTr, or a MedMNIST npz"
        )
    return SEGMENTATION if data.is_dir() else CLASSIFICATION


def config_for(kind: str, options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """Settings for the training core by kind: "task" for the factory, "fit" for the loop."""
    device = device_of(options.accelerator)
    make = {SEGMENTATION: _segmentation, CLASSIFICATION: _classification, SAMPLE: _sample}[kind]
    task, fit = make(options, device, progress)
    fit |= {"seed": options.seed, "accelerator": device}
    if options.epochs is not None:
        fit["epochs"] = options.epochs
        fit.pop("max_steps", None)
        if "validate_every" in fit:
            fit["validate_every"] = options.epochs
    return {"task": {"kind": kind, **task}, "fit": fit}


def device_of(accelerator: str) -> str:
    """The device that an option means."""
    if accelerator != "auto":
        return accelerator
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _segmentation(
    options: argparse.Namespace, device: str, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    from healthcare.segmentation_pace import fit_settings
    from healthcare.segmentation_training import SegmentationSettings, read

    task: dict[str, Any] = {
        "data": str(options.data.resolve()),
        "folds": options.folds,
        "seed": options.seed,
        "minutes": options.minutes or MINUTES,
        "device": device,
        "threads": os.cpu_count() or 1,
    }
    if options.fold is not None:
        task["fold"] = options.fold
    if device == "cuda":
        import torch

        task["memory_gib"] = torch.cuda.get_device_properties(0).total_memory * GPU_SHARE / 2**30
    settings = SegmentationSettings.of(task)
    began = time.monotonic()
    plan = read(settings, progress)[2]
    # The task reads the data once more, in the process that trains.
    spent_s = 2 * (time.monotonic() - began)
    return task, fit_settings(plan, settings.budget, seed=options.seed, spent_s=spent_s)


def _classification(
    options: argparse.Namespace, device: str, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    from healthcare.classification_training import ClassificationSettings, fit_config
    from healthcare.pictures import read_pictures

    if options.fold is not None:
        raise TrainingError("an npz has its own parts, and no folds", mend="leave out --fold")
    task = {"data": str(options.data.resolve()), "seed": options.seed}
    learned = len(read_pictures(options.data).labels["train"])
    learned = round(learned * (1 - ClassificationSettings().calibration_share))
    return task, fit_config(learned, options.seed).as_dict()


def _sample(
    options: argparse.Namespace, device: str, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    from healthcare.segmentation_pace import precision_for
    from healthcare.synthetic_training import PLAN

    fit = {"epochs": 1, "batch_size": PLAN.batch_size, "clip_norm": 1.0, "precision": precision_for(device)}
    return {"seed": options.seed}, fit


def teach(run: Path, progress: Progress = silent) -> None:
    """Let a run's model learn from the cases that were kept out for it, where there are any.

    Raises:
        StoreError: the run's settings or model cannot be read.
    """
    from healthcare import held_out
    from healthcare.segmentation_training import SegmentationSettings, lessons_of

    task = {k: v for k, v in read_config(run).get("task", {}).items() if k != "kind"}
    if not (run / MODEL).is_dir():
        raise StoreError("the run has no model", where=str(run), mend="resume the run")
    cases = lessons_of(SegmentationSettings.of(task))
    if not cases:
        return
    pairs = ((scan, truth) for scan, truth in (case.read() for case in cases) if truth is not None)
    held_out.teach(run / MODEL, pairs, count=len(cases), progress=progress)
