"""The healthcare pilot's tasks for the training core, by kind.

train("healthcare.training:make_task", {"task": {"data": folder, "fold": 0}, "fit": {…}}, pilot="healthcare")
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from common.errors import TrainingError
from common.training.task import Task

KINDS = {
    "segmentation": "healthcare.segmentation_training",
    "classification": "healthcare.classification_training",
    "sample": "healthcare.synthetic_training",
}
"""Where the task of each kind is made, by a function `make_task` that takes the other settings."""


def make_task(config: Mapping[str, Any]) -> Task:
    """The task that `pilots train healthcare` runs.

    Args:
        config: plain values: `kind`, one of KINDS ("segmentation" where it is missing), and the settings of
            that kind's own `make_task`.

    Raises:
        TrainingError: the kind is unknown, or a setting is.
        DataError, IntakeError: the data cannot be read.
    """
    kind = str(config.get("kind", "segmentation"))
    if kind not in KINDS:
        raise TrainingError(
            f"nothing of the kind '{kind}' is trained", mend=f"choose from: {', '.join(KINDS)}"
        )
    task: Task = import_module(KINDS[kind]).make_task({k: v for k, v in config.items() if k != "kind"})
    return task
