"""The energy pilot's task for the training core: the global neural quantile forecaster.

    pilots train energy                                                    on the embedded sample
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

from common import table_options
from common.errors import TrainingError
from common.pilot import Progress, silent
from common.store import atomic_write
from common.training.config import FitConfig
from common.training.task import Task
from energy.model import NETWORK_TASK, TREES_TASK
from energy.predictive import QUANTILES

if TYPE_CHECKING:
    import argparse

    import torch
    from torch import Tensor, nn

    from energy.data import Load
    from energy.network import Shape
    from energy.neural_inputs import Scale, Weather

SETTINGS = "neural.json"
MOST_STEPS, BATCH, PATIENCE = 1000, 256, 5
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
            `load_columns`, `weather_columns`, `id_column`, `path_column` and the fields of
            `common.table_options`, as needed; and the settings of
            NeuralSettings by their names (`valid_days` is 28 here where it is not given).

    Raises:
        TrainingError: a setting is unknown.
        DataError: the load is too short, or has too many gaps.
    """
    reading = {k: v for k, v in config.items() if k in READ + READ_NAMES}
    written = {k: v for k, v in config.items() if k in table_options.FIELDS}
    own = {k: v for k, v in config.items() if k not in reading | written and k != "input"}
    settings = NeuralSettings.of({"valid_days": 28} | own)
    name = str(config.get("input", "sample"))
    if name == "sample":
        from energy.sample import load_sample

        load = load_sample()
    else:
        from energy.data import read_load

        load = read_load(Path(name), **reading, stated=table_options.stated(written))
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
        name=NETWORK_TASK,
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
            "trained_until_utc": str(until),
            **card_of(settings.horizon_h),
        },
        data={
            "sha256": _hash(load),
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
    return FitConfig(
        epochs=max(1, -(-MOST_STEPS * BATCH // samples)),
        max_steps=MOST_STEPS,
        batch_size=BATCH,
        clip_norm=1.0,
        seed=seed,
        patience=PATIENCE if settings.valid_days else None,
    )


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
    atomic_write(folder / SETTINGS, json.dumps(about, indent=1))


def train(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """What `pilots train energy` does with its parsed options: the run folder of a trained model.

    Raises:
        DataError, IntakeError: the load cannot be read, or is too short.
        TrainingError, StoreError: the run cannot start, go on or be written.
    """
    if options.model == "trees":
        return train_trees(options, progress)
    from common.training import launch

    fit: dict[str, Any] = {"seed": options.seed, "accelerator": options.accelerator}
    if options.accelerator == "auto":
        import torch

        fit["accelerator"] = "cuda" if torch.cuda.is_available() else "cpu"
    task: dict[str, Any] = {}
    if options.resume is None:
        # About a minute on two cores, whatever the number of series; an epoch's length is not known yet.
        fit |= {"max_steps": MOST_STEPS, "epochs": MOST_STEPS, "batch_size": BATCH, "clip_norm": 1.0}
        fit["patience"] = PATIENCE
        task["horizon_h"] = options.horizon_h
        if options.input is not None:
            task["input"] = str(options.input.resolve())
            task |= {
                k: v
                for k in (*READ, *READ_NAMES, *table_options.FIELDS)
                if (v := getattr(options, k)) is not None
            }
    if options.epochs is not None:
        fit["epochs"] = options.epochs
    return launch.train(
        "energy.training:make_task",
        {"task": task, "fit": fit},
        pilot="energy",
        runs=options.runs,
        processes=options.processes,
        resume=options.resume,
        progress=progress,
    )


def train_trees(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """Score trees on the last weeks, train them on everything, and store them in a run folder.

    Raises:
        TrainingError: processes or a resumed run are asked for; trees take one process and start anew.
    """
    from common.training.record import Run, new_run
    from energy import backtest as tests
    from energy.evaluate import compare
    from energy.model import choose, horizon_steps
    from energy.pilot import read_input
    from energy.settings import Settings
    from energy.trees import Trees

    if options.resume is not None or options.processes != 1:
        raise TrainingError(
            "trees train in one process, and are trained anew rather than resumed",
            mend="leave out --resume and --processes",
        )
    progress(0.0, "reading the load")
    load = read_input(options)
    settings = Settings(horizon_h=options.horizon_h, seed=options.seed, threads=options.threads)
    horizon, choice = horizon_steps(load, settings), choose(load, settings)
    trees = choice.members[0]
    if not isinstance(trees, Trees):
        raise TrainingError(
            f"trees are not what forecasts this: {choice.reason}",
            mend="ask for a horizon of at most a week and bring fewer series",
        )
    end = tests.end_of(load)
    facts = {"sha256": _hash(load), "series": len(load.series), "until": str(end)}
    plain = {"horizon_h": options.horizon_h, "weather": choice.weather, "seed": options.seed}
    folder = new_run(options.runs, "energy")
    with Run(folder, pilot="energy", task=TREES_TASK, settings={"trees": plain}, data=facts) as run:
        origins = tests.plan(load, settings.backtest_days, horizon, choice)
        if origins.scored:
            past = tests.run(load, choice, origins, horizon, lambda f, words: progress(0.05 + 0.5 * f, words))
            own = compare(load, choice, past, horizon, {}).iloc[0]
            run.save(scores={str(k): float(v) for k, v in own.items() if k != "model"})
        progress(0.6, "training trees on all of the history")
        trees.fit(load, end)
        run.save_model(trees.save, {"trained_until_utc": str(end), **card_of(options.horizon_h)})
    progress(1.0, "trained")
    return folder


def card_of(horizon_h: float) -> dict[str, str]:
    """What every model card of this pilot says of use and limits."""
    return {
        "intended_use": f"forecasts of load up to {horizon_h:g} h ahead, quantiles 0.1 to 0.9",
        "limits": "loads like those it was trained on; quantiles are not calibrated by themselves",
    }


def _hash(load: Load) -> str:
    return hashlib.sha256(np.ascontiguousarray(load.ds["load_kw"].values).tobytes()).hexdigest()
