import json
import os
import signal
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from toy_task import CONFIG, loss, make_task, net, stop_at

from common.errors import StoreError, TrainingError
from common.training import trainer
from common.training.config import FitConfig
from common.training.loop import fit
from common.training.record import METRICS, read_config, read_record
from common.training.task import Arrays, Collated, Task
from common.training.weights import read_weights


def same(a, b):
    found, other = a.state_dict(), b.state_dict()
    return found.keys() == other.keys() and all(torch.equal(found[k], other[k]) for k in found)


def stopped_and_resumed(folder, change, batch=9, config=CONFIG):
    """A run of a changed toy task that SIGTERM stopped at a batch, and that then went on to its end."""
    with pytest.raises(SystemExit):
        fit(replace(make_task({}, stop_at(batch)), **change), config, folder)
    return fit(replace(make_task({}), **change), config, folder, resume=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run."""
    return fit(make_task({}), CONFIG, tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize("batch", [2, 9, 14, 15, 40])
def test_a_stopped_and_resumed_run_ends_with_the_same_bits(whole, tmp_path, monkeypatch, batch):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    with pytest.raises(SystemExit) as stopped:
        fit(make_task({}, stop_at(batch)), CONFIG, tmp_path)
    assert stopped.value.code == 143
    assert read_record(tmp_path)["state"] == "interrupted"
    assert not (tmp_path / "model").exists()
    resumed = fit(make_task({}), CONFIG, tmp_path, resume=True)
    assert same(resumed.model, whole.model)
    assert (resumed.scores, resumed.step, resumed.best_step) == (whole.scores, whole.step, whole.best_step)

    def lines(folder):
        found = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "samples_s"} for line in found]

    assert lines(tmp_path) == lines(whole.folder)
    assert read_record(tmp_path)["resumed"] == 1


def test_ctrl_c_leaves_a_checkpoint_too(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(make_task({}, stop_at(6, signal.SIGINT)), CONFIG, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    assert same(fit(make_task({}), CONFIG, tmp_path, resume=True).model, whole.model)


def test_the_random_states_are_as_before(whole):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    again = fit(make_task({}), CONFIG)
    assert torch.equal(torch.rand(3), expected)
    assert same(again.model, whole.model)
    assert not same(fit(make_task({}), replace(CONFIG, seed=2)).model, whole.model)


def test_accumulated_gradients_equal_those_of_one_large_batch():
    torch.manual_seed(0)
    x = torch.randn(50, 5)
    plain = Task("plain", lambda: nn.Linear(5, 1), Arrays(x, x.sum(1, keepdim=True)), loss)
    pieces = fit(plain, FitConfig(epochs=3, batch_size=21, accumulate=4, max_steps=8))
    large = fit(plain, FitConfig(epochs=3, batch_size=21, max_steps=8))
    other = fit(plain, FitConfig(epochs=3, batch_size=20, max_steps=8))
    torch.testing.assert_close(pieces.model.weight, large.model.weight, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(other.model.weight, large.model.weight, rtol=1e-5, atol=1e-6)


def test_clipping_bounds_the_step():
    data = Arrays(torch.full((8, 5), 100.0), torch.zeros(8, 1))

    def moved(clip_norm):
        def task(learning_rate):
            return Task(
                "clip",
                lambda: nn.Linear(5, 1),
                data,
                loss,
                optimizer=lambda p: torch.optim.SGD(p, lr=learning_rate),
            )

        start = fit(task(0.0), FitConfig(max_steps=1))
        end = fit(task(1.0), FitConfig(max_steps=1, clip_norm=clip_norm))
        return sum(
            float(((a - b) ** 2).detach().sum())
            for a, b in zip(start.model.parameters(), end.model.parameters(), strict=True)
        )

    assert moved(0.5) == pytest.approx(0.25, rel=1e-3)
    assert moved(None) > 100


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_tiny_problem_is_learnt_by_heart(precision):
    torch.manual_seed(0)
    x, y = torch.randn(16, 5), torch.randn(16, 1)
    seen = []

    def watched(model, batch):
        out = model(batch[0])
        seen.append(model(batch[0]).dtype if not seen else out.dtype)
        return nn.functional.mse_loss(out, batch[1])

    task = Task(
        "heart",
        lambda: nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 1)),
        Arrays(x, y),
        watched,
        valid=Arrays(x, y),
        optimizer=lambda p: torch.optim.Adam(p, lr=0.01),
    )
    trained = fit(task, FitConfig(epochs=300, batch_size=16, precision=precision))
    assert trained.scores["loss"] < 1e-2 < float(y.var())
    assert next(trained.model.parameters()).dtype == torch.float32


def test_mixed_precision_really_computes_in_bf16():
    inside = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 1)

        def forward(self, x):
            out = self.layer(x)
            inside.append(out.dtype)
            return out

    task = Task("spy", Spy, Arrays(torch.randn(8, 5), torch.randn(8, 1)), loss)
    fit(task, FitConfig(epochs=1))
    fit(task, FitConfig(epochs=1, precision="bf16-mixed"))
    assert inside == [torch.float32, torch.bfloat16]


def test_early_stopping_keeps_the_best_weights(tmp_path):
    task = replace(make_task({}), scheduler=None)
    scores = iter([3.0, 1.0, 2.0, 5.0, 0.5])
    score = [0.0]

    def metrics(model, batch):
        return {"score": torch.tensor(score[0])}

    class Counted(Arrays):
        def batch(self, indices):
            if 0 in indices:  # a validation begins
                score[0] = next(scores)
            return super().batch(indices)

    valid = Counted(*task.valid.tensors)
    config = replace(CONFIG, epochs=9, batch_size=45, accumulate=1, monitor="score", patience=2)
    trained = fit(replace(task, valid=valid, metrics=metrics), config, tmp_path)
    assert (trained.ended, trained.epoch, trained.best_step) == ("early", 4, 4)
    assert trained.scores == {"score": 1.0}
    unvalidated = replace(task, valid=None, train=make_task({}).train)
    two = fit(unvalidated, replace(config, patience=None, max_steps=4))
    four = fit(replace(unvalidated, train=make_task({}).train), replace(config, patience=None, max_steps=8))
    assert same(trained.model, two.model)
    assert not same(trained.model, four.model)


def test_the_best_weights_are_those_that_were_scored():
    task = make_task({})
    trained = fit(task, replace(CONFIG, epochs=6))
    with torch.no_grad():
        again = float(loss(trained.model, task.valid.batch(torch.arange(31).numpy())))
    assert again == pytest.approx(trained.scores["loss"], rel=1e-5)


def test_a_run_folder_tells_all(whole):
    record = read_record(whole.folder)
    assert record["state"] == "finished"
    assert record["scores"] == whole.scores
    assert record["energy_kwh"] > 0
    assert record["co2_g"] == pytest.approx(record["energy_kwh"] * record["co2_g_kwh"])
    assert FitConfig.of(read_config(whole.folder)["fit"]) == CONFIG
    checkpoints = sorted(p.name for p in (whole.folder / "checkpoints").iterdir())
    assert checkpoints == ["step-00000032", "step-00000035"]
    model = net()
    read_weights(model, whole.folder / "model")
    assert same(model, whole.model)


def test_a_resumed_run_must_find_the_same_data_and_network(whole, tmp_path):
    fit(make_task({}), replace(CONFIG, max_steps=4), tmp_path)
    with pytest.raises(TrainingError, match="a run here already"):
        fit(make_task({}), CONFIG, tmp_path)
    with pytest.raises(TrainingError, match="data have changed"):
        fit(make_task({"rows": 91}), CONFIG, tmp_path, resume=True)
    with pytest.raises(StoreError, match="does not fit"):
        fit(replace(make_task({}), model=lambda: nn.Linear(5, 1)), CONFIG, tmp_path, resume=True)


def test_a_finished_run_can_go_on_for_more_epochs(tmp_path):
    fit(replace(make_task({}), scheduler=None), replace(CONFIG, epochs=2), tmp_path)
    longer = fit(replace(make_task({}), scheduler=None), replace(CONFIG, epochs=4), tmp_path, resume=True)
    once = fit(replace(make_task({}), scheduler=None), replace(CONFIG, epochs=4))
    assert same(longer.model, once.model)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adagrad])
def test_other_optimisers_resume_exactly(tmp_path, monkeypatch, optimizer):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    change = {"scheduler": None, "optimizer": lambda p: optimizer(p, lr=0.01)}
    once = fit(replace(make_task({}), **change), CONFIG)
    assert same(stopped_and_resumed(tmp_path, change).model, once.model)


def test_a_network_with_frozen_and_unused_parts_resumes(tmp_path, monkeypatch):
    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused, self.frozen = nn.Linear(5, 1), nn.Linear(5, 1), nn.Linear(5, 1)
            self.frozen.requires_grad_(False)

        def forward(self, x):
            return self.used(x) + self.frozen(x)

    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    once = fit(replace(make_task({}), model=Part), CONFIG)
    assert same(stopped_and_resumed(tmp_path, {"model": Part}).model, once.model)


def test_a_loss_that_is_no_number_ends_the_run_in_one_line():
    task = replace(make_task({}), loss=lambda model, batch: loss(model, batch) * float("nan"))
    with pytest.raises(TrainingError, match="loss became nan by step 3"):
        fit(task, CONFIG)


def test_what_cannot_be_monitored_is_said():
    with pytest.raises(TrainingError, match="no metric 'mae'"):
        fit(make_task({}), replace(CONFIG, monitor="mae"))


def test_progress_reaches_its_end(tmp_path):
    told = []
    fit(make_task({}), CONFIG, tmp_path, progress=lambda fraction, words: told.append((fraction, words)))
    fractions = [f for f, _ in told]
    assert fractions == sorted(fractions)
    assert told[-1] == (1.0, "trained: 35 steps")


def test_workers_load_the_same_batches_and_resume_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    config = replace(CONFIG, epochs=2, workers=1)
    noisy = make_task({}).train
    calls = []

    def stopping_loss(model, batch):
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(model, batch)

    once = fit(replace(make_task({}), train=noisy), config)
    with pytest.raises(SystemExit):
        fit(replace(make_task({}), train=noisy, loss=stopping_loss), config, tmp_path)
    assert same(fit(replace(make_task({}), train=noisy), config, tmp_path, resume=True).model, once.model)
    plain = replace(make_task({}), train=Arrays(*noisy.tensors))
    assert same(fit(plain, config).model, fit(plain, replace(config, workers=0)).model)


def test_any_map_style_dataset_will_do():
    x = torch.randn(20, 5)
    rows = [(x[i], x[i].sum()[None]) for i in range(20)]
    a = fit(Task("rows", net, Collated(rows), loss), FitConfig(epochs=2, batch_size=5))
    b = fit(Task("rows", net, Arrays(x, torch.stack([r[1] for r in rows])), loss), FitConfig(2, batch_size=5))
    assert same(a.model, b.model)


def test_a_compiled_network_trains_and_resumes_as_a_plain_one(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    # Without a C++ compiler: what is traced runs as it is.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    trained = stopped_and_resumed(tmp_path, {}, config=replace(CONFIG, compile=True))
    assert same(trained.model, whole.model)


def test_settings_out_of_range_are_refused():
    with pytest.raises(TrainingError, match="unknown setting batchsize"):
        FitConfig.of({"batchsize": 3})
    with pytest.raises(TrainingError, match="epochs is 0"):
        FitConfig(epochs=0)
    with pytest.raises(TrainingError, match="goal is 'down'"):
        FitConfig(goal="down")
    with pytest.raises(TrainingError, match="this machine cannot train so"):
        fit(make_task({}), replace(CONFIG, accelerator="tpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here that PyTorch can use")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_a_gpu_trains_by_the_same_call(tmp_path, monkeypatch, precision):
    monkeypatch.setattr(trainer, "LOOK_EVERY_S", 0.0)
    config = replace(CONFIG, accelerator="cuda", precision=precision)
    trained = stopped_and_resumed(tmp_path, {}, config=config)
    assert next(trained.model.parameters()).is_cuda
    assert trained.scores["loss"] < 1.0
    assert read_record(tmp_path)["hardware"]["gpus"]
