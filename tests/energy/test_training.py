"""The energy pilot's task for the core: settings, samples, and a stopped run that ends as an unbroken one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from common.dialect import Stated
from common.errors import TrainingError
from common.training.config import FitConfig
from common.training.loop import fit
from common.training.task import Task
from energy import training
from energy.data import Load
from energy.neural import Neural
from energy.training import NeuralSettings, loss, make_task, task_for

HOUR = np.timedelta64(3600 * 10**9, "ns")
SETTINGS = NeuralSettings(lookback_days=7, hidden=16, valid_days=7)


@pytest.fixture(scope="module")
def load() -> Load:
    hours = np.arange(42 * 24)
    rng = np.random.default_rng(0)
    cycle = 2 + np.sin(2 * np.pi * hours / 24)[:, None] * [1.0, 2.0]
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), cycle + 0.1 * rng.normal(size=(len(hours), 2)))},
        coords={"time": np.datetime64("2023-01-02", "ns") + hours * HOUR, "series": ["a", "b"]},
    )
    return Load(ds, "UTC")


@pytest.fixture(scope="module")
def task(load: Load) -> Task:
    return task_for(load, load.ds.time.values[-1] + HOUR, SETTINGS)


def test_training_and_validation_targets_do_not_overlap(load: Load, task: Task) -> None:
    assert task.valid is not None
    train, valid = task.train.batch(np.arange(len(task.train))), task.valid.batch(np.arange(len(task.valid)))
    kw = torch.tensor(load.ds.load_kw.values, dtype=torch.float32)
    cut = len(kw) - 7 * 24
    assert set(train["truth"].flatten().tolist()) <= set(kw[:cut].flatten().tolist())
    assert set(valid["truth"].flatten().tolist()) <= set(kw[cut:].flatten().tolist())


def test_loss_is_the_mean_pinball_in_spreads_of_the_series() -> None:
    class Given(torch.nn.Module):
        def forward(self, load: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
            return torch.full((1, 2, 9), 10.0)

    batch = dict.fromkeys(("load", "past", "future", "series"), torch.zeros(1))
    batch |= {"truth": torch.tensor([[14.0, torch.nan]]), "size_kw": torch.tensor([2.0])}
    assert float(loss(Given(), batch)) == pytest.approx(np.mean(np.arange(1, 10) / 10) * 4 / 2)


def test_a_stopped_and_resumed_run_ends_with_the_same_bits(task: Task, tmp_path: Path) -> None:
    config = FitConfig(epochs=1, max_steps=8, batch_size=32, checkpoint_every_steps=4)
    whole = fit(task, config, tmp_path / "whole")

    class Stops(Exception):
        pass

    calls = 0

    def stopping(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise Stops
        return loss(model, batch)

    with pytest.raises(Stops):
        fit(replace(task, loss=stopping), config, tmp_path / "broken")
    resumed = fit(task, config, tmp_path / "broken", resume=True)
    assert resumed.step == whole.step == 8
    ours, theirs = resumed.model.state_dict(), whole.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_model_of_a_run_folder_opens_as_a_forecaster(task: Task, load: Load, tmp_path: Path) -> None:
    trained = fit(task, FitConfig(max_steps=3, batch_size=32), tmp_path / "run")
    assert trained.scores["loss"] > 0
    opened = Neural.load_from(tmp_path / "run" / "model")
    assert opened.settings == SETTINGS
    assert opened.predict(load, np.array([load.ds.time.values[-1] + HOUR]), 24).shape == (1, 24, 2, 9)


def test_task_from_plain_settings(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pytest.importorskip("energy.data")
    asked = {}

    def read(path: Path, **reading: str) -> Load:
        asked.update(reading, path=path)
        return load

    monkeypatch.setattr(data, "read_load", read, raising=False)
    plain = {"input": "load.csv", "timezone": "UTC", "decimal": "comma", "lookback_days": 7, "valid_days": 5}
    task = make_task(plain)
    assert asked == {"path": Path("load.csv"), "timezone": "UTC", "stated": Stated(decimal=",")}
    assert task.valid is not None
    assert len(task.valid) == 2 * (5 * 24 - 24 + 1)
    with pytest.raises(TrainingError, match="hiden"):
        make_task({"input": "load.csv", "hiden": 3})


def test_default_length_does_not_grow_with_the_number_of_series() -> None:
    few, many = (training.fit_config(NeuralSettings(), n, seed=1) for n in (2_000, 5_000_000))
    assert few.max_steps == many.max_steps
    assert few.epochs * 2_000 >= (few.max_steps or 0) * few.batch_size
