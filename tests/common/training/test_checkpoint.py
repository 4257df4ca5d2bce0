import json
import logging
import multiprocessing
import os
import random
import resource
import signal
import sys
from pathlib import Path

import pytest
import torch
import toy_task
from safetensors.torch import load_file

from common import store
from common.errors import StoreError
from common.training.checkpoint import Checkpoints
from common.training.loop import fit
from common.training.record import read_record


def state(value):
    return {"model.a": torch.full((3, 2), float(value)), "optimizer.step": torch.tensor(float(value))}


def empty():
    return {name: torch.zeros_like(t) for name, t in state(0).items()}


@pytest.fixture
def saved(tmp_path):
    """Three checkpoints saved, of which two stay."""
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for step in (5, 10, 15):
        checkpoints.save(step, state(step), {"step": step, "value": 0.1 + step}, {"rank": 0})
    return checkpoints


def load(checkpoints):
    path = checkpoints.newest()
    tensors = empty()
    own = checkpoints.load(path, tensors)
    return checkpoints.shared(path), own, tensors


def test_the_newest_comes_back_to_the_bit_and_two_stay(saved):
    shared, own, tensors = load(saved)
    assert shared == {"step": 15, "value": 15.1}
    assert own == {"rank": 0}
    assert all(torch.equal(tensors[k], t) for k, t in state(15).items())
    assert sorted(p.name for p in saved.folder.iterdir()) == ["step-00000010", "step-00000015"]


def test_no_file_of_a_checkpoint_is_a_pickle(saved):
    for path in saved.newest().iterdir():
        if path.suffix == ".safetensors":
            assert load_file(path)
        else:
            assert path.suffix == ".json"
            assert json.loads(path.read_text())


def test_a_checkpoint_damaged_anywhere_gives_way_to_the_one_before(tmp_path, caplog):
    draw = random.Random(1)
    for round_ in range(12):
        checkpoints = Checkpoints(tmp_path / str(round_))
        for step in (5, 10):
            checkpoints.save(step, state(step), {"step": step}, {})
        path = draw.choice(sorted((checkpoints.folder / "step-00000010").iterdir()))
        content = bytearray(path.read_bytes())
        match round_ % 3:
            case 0:
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
                damaged = path.name != store.MANIFEST
            case 1:
                content, damaged = content[: draw.randrange(len(content))], True
            case _:
                damaged = True
        path.write_bytes(content) if round_ % 3 < 2 else path.unlink()
        with caplog.at_level(logging.WARNING):
            caplog.clear()
            shared, _, tensors = load(checkpoints)
        if damaged:
            assert shared == {"step": 5}
            assert torch.equal(tensors["model.a"], state(5)["model.a"])
            assert "checkpoint before it is used" in caplog.text
            assert [p.name[:8] for p in checkpoints.folder.iterdir()].count("damaged-") == 1


def test_when_none_is_whole_the_run_says_so(saved):
    for path in saved.folder.glob("step-*/shared.json"):
        path.write_text("{}")
    with pytest.raises(StoreError, match="no checkpoint is whole"):
        saved.newest()


def test_what_a_killed_run_left_half_written_is_cleared(saved):
    left = saved.folder / ".partial-0123-step-00000020"
    left.mkdir()
    (left / "shard.safetensors").write_bytes(b"half")
    assert Checkpoints(saved.folder).newest().name == "step-00000015"
    assert not left.exists()


def test_a_full_disk_leaves_the_older_ones(saved):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StoreError, match="the checkpoint cannot be written") as error:
            saved.save(20, {"model.a": torch.zeros(10_000)}, {}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert load(saved)[0]["step"] == 15
    assert sorted(p.name for p in saved.folder.iterdir()) == ["step-00000010", "step-00000015"]


def test_a_checkpoint_of_another_network_is_refused(saved):
    path = saved.newest()
    with pytest.raises(StoreError, match=r"'model.a' does not fit"):
        saved.load(path, {**empty(), "model.a": torch.zeros(4, 2)})
    with pytest.raises(StoreError, match=r"'model.b' does not fit"):
        saved.load(path, {**empty(), "model.b": torch.zeros(1)})
    with pytest.raises(StoreError, match=r"'model.a' does not fit"):
        saved.load(path, {"optimizer.step": torch.tensor(0.0)})


def test_a_run_killed_while_saving_goes_on_and_ends_with_the_same_bits(tmp_path, monkeypatch):
    """kill -9 at random moments of a run that does little else than save."""
    whole = fit(toy_task.make_task({}), toy_task.CONFIG, tmp_path / "whole")
    # The fork server of Python 3.11 does not take over sys.path, and would import nothing ahead.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    # A clean process, torch already imported, from which the victims are forked within milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toy_task"])
    draw = random.Random(3)
    folder = tmp_path / "killed"
    kills = 0
    for _ in range(6):
        victim = context.Process(target=toy_task.train, args=(folder, 1))
        victim.start()
        steps = _newest_step(folder)
        while victim.is_alive() and _newest_step(folder) <= steps:  # until it has saved at least once more
            victim.join(0.005)
        victim.join(draw.uniform(0, 0.05))
        if victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
            kills += 1
        victim.join()
    assert kills >= 3
    last = context.Process(target=toy_task.train, args=(folder, 1))
    last.start()
    last.join(60)
    assert last.exitcode == 0
    assert toy_task.weights(folder) == toy_task.weights(tmp_path / "whole")
    assert read_record(folder)["resumed"] >= kills
    assert read_record(folder)["scores"] == whole.scores


def _newest_step(folder: Path) -> int:
    return max((int(p.name[5:]) for p in (folder / "checkpoints").glob("step-*")), default=0)
