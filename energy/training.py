"""The energy pilot's task for the training core: the global neural quantile forecaster.

    pilots train energy                                                  on the embedded sample
    train("energy.training:make_task", {"task": {"input": "load.csv"}},    on a file of one's own
          pilot="energy", runs=folder)

The run's `model/` folder opens with `Neural.load_from`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import TrainingError
from common.training.config import FitConfig
from common.training.task import Task

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from energy.data import Load
    from energy.network import Shape
    from energy.neural_inputs import Scale, Weather

SETTINGS = "neural.json"
QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
READ = ("timezone", "country", "unit", "label")
READ_NAMES = ("time_column", "load_columns", "weather_columns", "id_column", "path_column")


@dataclass(frozen=True)
class NeuralSettings:
    """What the neural forecaster is and how it learns.

    Attributes:
        horizon_h: longest horizon it will forecast, in hours.
        lookback_days: past it reads, in days.
        hidden: width of its layers.
        dropout, dropout_input: on hidden units and on the past it reads.
        learning_rate: highest rate of the one-cycle schedule (Smith & Topin 2019).
        weight_decay: of AdamW.
        weather: which weather it knows after the origin; "measured": none, only the past.
        embedding: learn a vector per series; it then forecasts only the series it was trained on.
        valid_days: last days, kept out of training, by which the best weights are chosen; 0: all days are
            learned from and the last weights stay.
    """

    horizon_h: float = 24.0
    lookback_days: int = 14
    hidden: int = 128
    dropout: float = 0.1
    dropout_input: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    weather: Weather = "measured"
    embedding: bool = False
    valid_days: int = 0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> NeuralSettings:
        """From plain values, such as a table of a TOML file.

        Raises:
            TrainingError: a name is unknown.
        """
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(settings) - known):
            raise TrainingError(
                f"unknown setting {', '.join(unknown)}", mend=f"choose from: {', '.join(sorted(known))}"
            )
        return cls(**settings)


def make_task(config: Mapping[str, Any]) -> Task:
    """The task that `pilots train energy` runs.

    Args:
        config: plain values. `input`: "sample" (the default) or the path of a file that
            `energy.data.read_load` reads, with its `timezone`, `country`, `unit`, `label`, `time_column`,
            `load_columns`, `weather_columns`, `id_column`, `path_column`, as needed; and the settings of
            NeuralSettings by their names (`valid_days` is 28 here where it is not given).

    Raises:
        TrainingError: a setting is unknown.
        DataError: the load is too short, or has too many gaps.
    """
    reading = {k: v for k, v in config.items() if k in READ + READ_NAMES}
    own = {k: v for k, v in config.items() if k not in reading and k != "input"}
    settings = NeuralSettings.of({"valid_days": 28} | own)
    name = str(config.get("input", "sample"))
    if name == "sample":
        from energy.sample import load_sample

        load = load_sample()
    else:
        from energy.data import read_load

        load = read_load(Path(name), **reading)
    end = load.ds["time"].values[-1] + load.step
    return task_for(load, end, settings)


def task_for(load: Load, until: np.datetime64, settings: NeuralSettings) -> Task:
    """The task of learning from all intervals that start before `until`.

    Raises:
        DataError: the load is too short, or has too many gaps.
    """
    from torch.optim.lr_scheduler import OneCycleLR

    from energy.network import LoadNet
    from energy.neural_inputs import Panel, Scale, TrainingWindows

    scale = Scale.of(load, until, settings.weather)
    step_s = int(load.step / np.timedelta64(1, "s"))
    shape = shape_for(step_s, settings, scale, len(load.series))
    panel = Panel(load, scale, shape.lookback, shape.horizon, settings.weather)
    last = int((load.ds["time"].values < until).sum())
    kept = settings.valid_days * load.steps_per_day
    train = TrainingWindows(panel, 1, last - kept)
    valid = TrainingWindows(panel, last - kept, last) if kept else None

    def optimizer(parameters: Any) -> torch.optim.Optimizer:
        import torch

        return torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def write(folder: Path) -> None:
        write_settings(folder, settings, scale, step_s, load.series)

    return Task(
        name="load-quantiles",
        model=lambda: LoadNet(shape),
        train=train,
        valid=valid,
        loss=loss,
        optimizer=optimizer,
        scheduler=lambda opt, steps: OneCycleLR(
            opt, settings.learning_rate, total_steps=steps, pct_start=0.15
        ),
        write=write,
        card={
            "intended_use": f"forecasts of load up to {settings.horizon_h:g} h ahead, quantiles 0.1 to 0.9",
            "limits": "loads like those it was trained on; quantiles are not calibrated by themselves",
        },
        data={
            "sha256": hashlib.sha256(np.ascontiguousarray(load.ds["load_kw"].values).tobytes()).hexdigest(),
            "rows": last,
            "series": len(load.series),
            "period": f"{load.ds['time'].values[0]} to {until}",
        },
    )


def fit_config(settings: NeuralSettings, samples: int, seed: int) -> FitConfig:
    """How long to train by default: about a minute on two cores, whatever the number of series.

    Args:
        settings: of the forecaster.
        samples: windows to learn from.
        seed: of everything random.
    """
    batch = 256
    steps = 1000
    epochs = max(1, -(-steps * batch // samples))
    return FitConfig(
        epochs=epochs, max_steps=steps, batch_size=batch, clip_norm=1.0, seed=seed,
        patience=5 if settings.valid_days else None,
    )  # fmt: skip


def shape_for(step_s: int, settings: NeuralSettings, scale: Scale, series: int) -> Shape:
    """The network's shape for a time step and a number of series."""
    from energy.network import Shape
    from energy.neural_inputs import CALENDAR

    day = 24 * 3600 // step_s
    ahead = settings.weather in ("perfect", "vintages")
    return Shape(
        lookback=settings.lookback_days * day,
        horizon=round(settings.horizon_h * day / 24),
        period=day,
        levels=len(QUANTILES),
        past=len(scale.weather) + 1,
        future=CALENDAR + (len(scale.weather) if ahead else 0),
        series=series if settings.embedding else 0,
        recent=day,
        bottleneck=0,  # the decoder sees the past days anyway
        smooth=day // 2,
        hidden=settings.hidden,
        dropout=settings.dropout,
        dropout_input=settings.dropout_input,
        weather_days=min(7, settings.lookback_days),
    )


def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Mean pinball loss over levels, steps and samples, as a share of each series' own spread.

    Koenker & Bassett 1978. Unknown truth counts for nothing.
    """
    import torch

    quantiles = model(batch["load"], batch["past"], batch["future"], batch["series"])
    truth = batch["truth"]
    known = truth.isfinite()
    off = torch.where(known, truth, 0.0)[..., None] - quantiles
    levels = torch.tensor(QUANTILES, device=off.device)
    pinball = torch.maximum(levels * off, (levels - 1) * off).mean(-1) * known / batch["size_kw"][:, None]
    return (pinball.sum(1) / known.sum(1).clamp(min=1)).mean()


def write_settings(
    folder: Path, settings: NeuralSettings, scale: Scale, step_s: int, series: Sequence[str]
) -> None:
    """Write what a reader of the weights must know: settings, scale, time step and ids, as JSON."""
    about = {
        "settings": asdict(settings),
        "scale": asdict(scale),
        "step_s": step_s,
        "series": list(series),
    }
    (folder / SETTINGS).write_text(json.dumps(about, indent=1), encoding="utf-8")
