import multiprocessing
import os
import secrets
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest
import toy_task
from toy_task import CONFIG, weights

from common.errors import StoreError, TrainingError
from common.training.config import FitConfig
from common.training.launch import train
from common.training.loop import fit
from common.training.record import read_config, read_record

# No checkpoint on the way: the one that a run is resumed from is the one that the stop left.
SETTINGS = {
    "task": {"rows": 91},
    "fit": {**CONFIG.as_dict(), "epochs": 30, "checkpoint_every_steps": 10_000},
}
FACTORY = "toy_task:make_task"
STEPS = 30 * 7


def listening(process):
    found = []
    for child in [process, *process.children(recursive=True)]:
        try:
            connections = child.net_connections(kind="inet")
        except psutil.Error:
            continue
        found += [c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN]
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def stopped(runs):
    """A run of two processes that was stopped on the way, and the addresses at which they listened."""
    addresses = set()
    before = set(listening(psutil.Process()))

    def watch(fraction, words):
        addresses.update(listening(psutil.Process()))
        if fraction > 0:
            raise KeyboardInterrupt

    slow = {**SETTINGS, "task": {**SETTINGS["task"], "pause_s": 0.02}}
    with pytest.raises(KeyboardInterrupt):
        train(FACTORY, slow, pilot="toy", runs=runs, processes=2, progress=watch)
    left = [p.cmdline() for p in psutil.Process().children(recursive=True)]
    assert not [c for c in left if "common.training.launch" in c]
    (folder,) = (runs / "toy").iterdir()
    return folder, addresses - before


def test_a_stopped_run_has_a_record_and_a_checkpoint(stopped):
    folder, _ = stopped
    record = read_record(folder)
    assert (record["state"], record["processes"]) == ("interrupted", 2)
    assert read_config(folder)["run"] == {"pilot": "toy", "factory": FACTORY, "processes": 2}
    (checkpoint,) = (folder / "checkpoints").glob("step-*")
    assert 0 < int(checkpoint.name[5:]) == record["step"] < STEPS


def test_nothing_listens_beyond_loopback(stopped):
    _, addresses = stopped
    assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def together(folder, world, settings, config):
    """Train in processes forked from a clean one; otherwise as torchrun does it, and much faster."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toy_task"])
    shared = folder.parent / f"processes-{secrets.token_hex(4)}"
    arguments = [(rank, world, shared, settings, config, folder) for rank in range(world)]
    processes = [context.Process(target=toy_task.train_as, args=a) for a in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return weights(folder)


@pytest.fixture
def clean_start(monkeypatch):
    """The fork server of Python 3.11 does not take over sys.path, and would import nothing ahead."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.usefixtures("clean_start")
def test_two_processes_stopped_and_resumed_end_with_the_same_bits(stopped, runs, tmp_path):
    folder, _ = stopped
    quick = {"task": {"pause_s": 0.0}}
    assert train(FACTORY, quick, pilot="toy", runs=runs, processes=2, resume=folder) == folder
    record = read_record(folder)
    assert (record["state"], record["resumed"], record["step"]) == ("finished", 1, STEPS)
    whole = together(tmp_path / "whole", 2, SETTINGS["task"], FitConfig.of(SETTINGS["fit"]))
    assert weights(folder) == whole
    assert record["scores"] == read_record(tmp_path / "whole")["scores"]


def close(one, other):
    return all(
        np.allclose(np.frombuffer(one[k], np.float32), np.frombuffer(other[k], np.float32), 1e-4, 1e-5)
        for k in one
    )


@pytest.mark.usefixtures("clean_start")
def test_the_number_of_processes_does_not_change_the_outcome(tmp_path):
    settings = {"plain": True, "steps": 35}
    one = fit(toy_task.make_task(settings), CONFIG, tmp_path / "one")
    assert one.step == 35
    assert close(weights(tmp_path / "one"), together(tmp_path / "two", 2, settings, CONFIG))
    # Stopped in the midst of an epoch with one process, gone on with two, then with one again.
    for processes, upto in ((1, 10), (2, 17), (1, 35)):
        mixed = together(tmp_path / "mixed", processes, settings, replace(CONFIG, max_steps=upto))
    assert close(weights(tmp_path / "one"), mixed)
    assert not close(weights(tmp_path / "one"), weights_of(replace(CONFIG, seed=2), tmp_path, settings))


def weights_of(config, folder, settings):
    return weights(fit(toy_task.make_task(settings), config, folder / "other").folder)


def test_an_error_in_a_process_is_the_users_one_line(runs):
    broken = {"task": {}, "fit": {**SETTINGS["fit"], "monitor": "mae"}}
    with pytest.raises(TrainingError, match="there is no metric 'mae' to monitor"):
        train(FACTORY, broken, pilot="toy", runs=runs, processes=2)


def test_one_process_trains_here(runs):
    pid = os.getpid()
    told = []
    settings = {"task": {"rows": 50}, "fit": {"epochs": 1}}
    folder = train(FACTORY, settings, pilot="toy", runs=runs, progress=lambda f, w: told.append(os.getpid()))
    assert folder.parent == runs / "toy"
    assert set(told) == {pid}
    assert weights(folder).keys() == set(toy_task.net().state_dict())
    longer = train(FACTORY, {"fit": {"epochs": 1, "log_every": 7}}, pilot="toy", runs=runs, resume=folder)
    assert read_config(longer)["fit"]["log_every"] == 7


def test_a_run_that_never_began_leaves_no_folder(tmp_path):
    with pytest.raises(TypeError):
        train(FACTORY, {"task": {"rows": "many"}}, pilot="toy", runs=tmp_path)
    assert not list((tmp_path / "toy").iterdir())


def test_what_cannot_start_is_said_before_a_folder_is_made(tmp_path):
    with pytest.raises(TrainingError, match="no task factory"):
        train("toy_task:nothing", {}, pilot="toy", runs=tmp_path)
    with pytest.raises(TrainingError, match="no task factory"):
        train("nowhere", {}, pilot="toy", runs=tmp_path)
    with pytest.raises(TrainingError, match="0 processes"):
        train(FACTORY, {}, pilot="toy", runs=tmp_path, processes=0)
    with pytest.raises(TrainingError, match="unknown setting epoch"):
        train(FACTORY, {"fit": {"epoch": 1}}, pilot="toy", runs=tmp_path)
    with pytest.raises(StoreError, match="no run here"):
        train(FACTORY, {}, pilot="toy", runs=tmp_path, resume=tmp_path / "none")
    assert not list(tmp_path.iterdir())
