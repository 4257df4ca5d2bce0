"""How a run trains, apart from what it trains: one read-only object that loads from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from common.errors import TrainingError


@dataclass(frozen=True)
class FitConfig:
    """Settings of `fit`. A step is one update of the weights.

    Attributes:
        epochs: passes over the training samples, at most.
        max_steps: steps, at most; None: as many as the epochs hold.
        batch_size: samples of one step, over all processes together, so that the outcome does not depend on
            how many there are; a multiple of their number.
        accumulate: pieces in which a process takes its part of a step, to save memory. The gradient is the
            exact mean over all samples of the step, at the end of an epoch too.
        clip_norm: largest norm of the gradient; None: not clipped.
        precision: "32-true", "bf16-mixed", "16-mixed" and what else Lightning Fabric knows.
        accelerator, strategy: where it runs, as Lightning Fabric takes them ("cpu", "cuda", "auto"); the
            launcher says how many processes there are, one a device.
        seed: seed of the first weights, the order of samples, dropout and everything else random.
        deterministic: let torch refuse what is not reproducible (GPUs; the CPU is reproducible as it is).
        compile: let torch.compile make the model faster; worth its minute for long runs.
        shuffle: a new order of samples every epoch.
        remainder: "pad" uses every sample every epoch (with several processes, at most processes − 1
            samples come twice at the end of it); "drop" leaves out those that fill no whole step.
        workers: processes that load batches ahead; 0: the training process loads them itself.
        validate_every: epochs between validations.
        monitor: metric that decides which weights are best, and whether training stops early.
        goal: whether a smaller or a larger value of it is better.
        patience: validations without a better value before training stops; None: never early.
        min_delta: a value counts as better only beyond this difference.
        checkpoint_every_s: seconds between checkpoints.
        checkpoint_every_steps: steps between checkpoints, instead of seconds.
        keep: complete checkpoints that stay.
        log_every: steps between lines in metrics.jsonl.
    """

    epochs: int = 10
    max_steps: int | None = None
    batch_size: int = 64
    accumulate: int = 1
    clip_norm: float | None = None
    precision: str = "32-true"
    accelerator: str = "cpu"
    strategy: str = "auto"
    seed: int = 1
    deterministic: bool = False
    compile: bool = False
    shuffle: bool = True
    remainder: Literal["pad", "drop"] = "pad"
    workers: int = 0
    validate_every: int = 1
    monitor: str = "loss"
    goal: Literal["min", "max"] = "min"
    patience: int | None = None
    min_delta: float = 0.0
    checkpoint_every_s: float = 60.0
    checkpoint_every_steps: int | None = None
    keep: int = 2
    log_every: int = 50

    def __post_init__(self) -> None:
        least = {"epochs": 1, "batch_size": 1, "accumulate": 1, "validate_every": 1, "log_every": 1}
        least |= {"keep": 2, "workers": 0, "seed": 0, "max_steps": 1, "patience": 1}
        least |= {"checkpoint_every_steps": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < smallest):
                raise TrainingError(f"{name} is {value!r}", mend=f"give a whole number from {smallest} on")
        for name, known in (("goal", ("min", "max")), ("remainder", ("pad", "drop"))):
            if getattr(self, name) not in known:
                raise TrainingError(
                    f"{name} is {getattr(self, name)!r}", mend=f"choose one of: {', '.join(known)}"
                )
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise TrainingError(f"clip_norm is {self.clip_norm!r}", mend="give a number above 0, or leave it")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> FitConfig:
        """Settings from a mapping, such as the [fit] table of a TOML file.

        Raises:
            TrainingError: a name is unknown or a value is out of range.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise TrainingError(
                f"unknown setting {', '.join(unknown)}", mend=f"choose from: {', '.join(sorted(known))}"
            )
        return cls(**settings)

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values; those that are None are left out, since TOML has no null."""
        return {name: value for name, value in asdict(self).items() if value is not None}
