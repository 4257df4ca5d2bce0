import json
import re
from contextlib import nullcontext

import pytest
import toy_task

from common.errors import StoreError, TrainingError
from common.training.loop import fit
from common.training.record import METRICS, Run, new_run, plain, read_config, read_record, write_config


def test_a_run_folder_has_its_name_from_time_and_letters(tmp_path):
    names = {new_run(tmp_path, "energy").name for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"\d{8}-\d{6}-[a-z]{4}", name) for name in names)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="run folder cannot be made"):
        new_run(tmp_path / "file", "energy")


def test_settings_survive_toml(tmp_path):
    settings = {
        "fit": {"epochs": 3, "patience": None, "compile": False},
        "task": {"input": tmp_path, "lags": (1, 2)},
    }
    write_config(tmp_path, settings)
    assert read_config(tmp_path) == plain(settings)
    assert read_config(tmp_path)["task"] == {"input": str(tmp_path), "lags": [1, 2]}
    (tmp_path / "config.toml").write_text("[fit")
    with pytest.raises(StoreError, match="no run here"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, "finished"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(143), "interrupted"),
        (ValueError("x"), "failed"),
    ],
)
def test_the_record_says_how_a_run_ended(tmp_path, error, state):
    expected = pytest.raises(type(error)) if error else nullcontext()
    with expected, Run(tmp_path, pilot="energy", task="toy", data={"rows": 3}) as run:
        run.metrics(step=1, loss=2.0)
        assert read_record(tmp_path)["state"] == "running"
        if error:
            raise error
    record = read_record(tmp_path)
    assert record["state"] == state
    assert record["data"] == {"rows": 3}
    assert record["versions"]["python"]
    assert json.loads((tmp_path / METRICS).read_text()) == {"step": 1, "loss": 2.0}
    assert state in (tmp_path / "log.txt").read_text()


def test_time_and_energy_go_on_counting_in_a_resumed_run(tmp_path):
    with Run(tmp_path, pilot="energy", task="toy") as run:
        sum(range(10**6))
    first = read_record(tmp_path)
    with Run(tmp_path, pilot="energy", task="toy", resume=True) as run:
        sum(range(10**6))
        run.save(scores={"mae_kw": 1.0})
    second = read_record(tmp_path)
    assert second["energy_kwh"] > first["energy_kwh"] > 0
    assert second["duration_s"] >= first["duration_s"]
    assert second["started_utc"] == first["started_utc"]
    assert second["resumed"] == 1


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with Run(tmp_path, pilot="energy", task="toy"), pytest.raises(TrainingError, match="another process"):
        fit(toy_task.make_task({}), toy_task.CONFIG, tmp_path, resume=True)
    with Run(tmp_path, pilot="energy", task="toy", resume=True):
        pass


def test_metrics_of_steps_to_be_done_again_are_dropped(tmp_path):
    with Run(tmp_path, pilot="energy", task="toy") as run:
        for step in range(1, 6):
            run.metrics(step=step)
        with (tmp_path / METRICS).open("a") as cut:
            cut.write('{"step": 6, "lo')
        run.forget_after(3)
        run.metrics(step=4, again=True)
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert lines == [{"step": 1}, {"step": 2}, {"step": 3}, {"step": 4, "again": True}]
