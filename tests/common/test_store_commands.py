"""`pilots store`: what is damaged is named, what nobody needs goes, and nothing else does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from common import cli
from common.jobs import Jobs
from common.pilot import Result
from common.results import write_result
from common.store import save_model, seal, unfinished
from common.training.record import Run


def write(text):
    return lambda fresh: (fresh / "settings.json").write_text(json.dumps(text))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """One of everything that is kept."""
    home = tmp_path / "home"
    monkeypatch.setenv("PILOTS_HOME", str(home))
    monkeypatch.chdir(tmp_path)  # runs/ in the working folder is looked at too
    run = home / "runs" / "energy" / "20260101-000000-abcd"
    with Run(run, pilot="energy", task="toy", settings={"fit": {"seed": 1}}) as record:
        record.save_model(write("old"), {})
        record.save_model(write("new"), {})
    step = run / "checkpoints" / "step-00000010"
    step.mkdir(parents=True)
    (step / "shared.json").write_text("{}")
    seal(step)
    job = Jobs(home / "jobs").submit(["true"], title="sample")
    Jobs(home / "jobs").wait(job, 30)
    table = pd.DataFrame({"a": [1.0]})
    write_result(Result("fine", {"forecast": table}, {}), home / "jobs" / job / "out")
    (home / "log-of-forecasts").mkdir()
    table.to_parquet(home / "log-of-forecasts" / "1.forecast.parquet")
    return home


def called(capsys, *arguments):
    code = cli.main(["store", *arguments])
    return code, capsys.readouterr()


def one(home: Path, pattern: str) -> Path:
    (found,) = home.glob(pattern)
    return found


def test_everything_that_is_kept_is_checked(home, capsys):
    code, said = called(capsys, "verify")
    assert code == 0
    kinds = sorted(line.split()[1] for line in said.out.splitlines()[:-1])
    assert kinds == ["checkpoint", "job", "model", "model", "result", "run", "run", "table"]
    assert said.out.splitlines()[-1] == "8 checked, 0 damaged"
    assert not said.err


PARTS = {
    "runs/*/*/model/settings.json": ("model", "the one stored before it is used instead; train it anew"),
    "runs/*/*/model/manifest.json": ("model", "the manifest cannot be read"),
    "runs/*/*/model.previous/card.json": ("model", "pilots store gc removes it"),
    "runs/*/*/checkpoints/step-*/shared.json": ("checkpoint", "resume the run"),
    "runs/*/*/record.json": ("run", "cannot be read"),
    "runs/*/*/config.toml": ("run", "cannot be read"),
    "jobs/*/job.json": ("job", "start it again"),
    "jobs/*/out/result/tables/forecast.parquet": ("result", "run it again"),
    "log-of-forecasts/1.forecast.parquet": ("table", "cannot be read"),
}


@pytest.mark.parametrize("pattern", PARTS)
def test_a_damaged_one_is_named_with_how_to_mend_it(home, capsys, pattern):
    path = one(home, pattern)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    code, said = called(capsys, "verify")
    assert code == 5
    (line,) = (line for line in said.out.splitlines() if line.startswith("damaged"))
    kind, words = PARTS[pattern]
    assert line.split()[1] == kind
    assert words in line
    assert said.err.count("\n") == 1
    code, said = called(capsys, "verify", "--json")
    found = json.loads(said.out)
    assert (code, found["checked"], found["damaged"]) == (5, 8, 1)


def test_a_model_of_which_only_the_one_before_is_there_is_damaged(home, capsys):
    model = one(home, "runs/*/*/model")
    model.rename(home / "elsewhere")
    code, said = called(capsys, "verify", str(home / "runs"))
    assert code == 5
    assert "there is nothing complete here; the one stored before it is used instead" in said.out


def test_gc_removes_what_nobody_needs_and_nothing_else(home, capsys):
    run = one(home, "runs/*/*")
    before = sorted(home.rglob("*"))
    half = run / ".partial-0123abcd-model"
    half.mkdir()
    (half / "weights").write_bytes(b"x" * 1000)
    (run / ".partial-0123abcd-record.json").write_bytes(b"x" * 500)
    (run / ".model.lock").touch()
    (run / "checkpoints" / "damaged-0123-step-00000005").mkdir()
    (home / "letters.previous").mkdir()
    (home / "letters.previous" / "mother.txt").write_text("dear")
    (home / ".diary.lock").touch()
    (home / "damaged-goods").mkdir()
    (home / ".partial-0123abcd-link").symlink_to(run)
    mine = [home / "letters.previous", home / ".diary.lock", home / "damaged-goods"]
    mine += [home / ".partial-0123abcd-link", home / "letters.previous" / "mother.txt"]
    with unfinished(run / "model", folder=True) as busy:
        half.mkdir(exist_ok=True)
        (half / "weights").write_bytes(b"x" * 1000)
        code, said = called(capsys, "gc", "--dry-run", "--json")
        found = json.loads(said.out)
        assert (code, found["count"], found["bytes"]) == (0, 4, 1500)
        assert half.exists()
        code, said = called(capsys, "gc")
        assert code == 0
        assert said.out.splitlines()[-1] == "4 removed, 1,500 bytes"
        assert busy.exists()
    assert sorted(home.rglob("*")) == sorted([*before, *mine])


def test_gc_keeps_the_way_back_unless_it_is_told_not_to(home, capsys):
    previous = one(home, "runs/*/*/model.previous")
    called(capsys, "gc")
    assert previous.exists()
    damaged = one(home, "runs/*/*/model") / "settings.json"
    text = damaged.read_text()
    damaged.write_text("x")
    called(capsys, "gc", "--previous")
    assert previous.exists()
    damaged.write_text(text)
    called(capsys, "gc", "--previous")
    assert not previous.exists()


def test_gc_removes_a_damaged_one_from_before(home, capsys):
    previous = one(home, "runs/*/*/model.previous")
    (previous / "settings.json").write_text("x")
    called(capsys, "gc")
    assert not previous.exists()
    assert one(home, "runs/*/*/model").exists()


def test_a_model_goes_out_and_in(home, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = one(home, "runs/*/*")
    code, said = called(capsys, "export", str(run), "my model.zip")
    assert code == 0
    code, said = called(capsys, "import", "my model.zip")
    assert code == 0
    assert said.out == f"model folder: {home / 'models' / 'my-model'}\n"
    assert json.loads((home / "models" / "my-model" / "settings.json").read_text()) == "new"
    code, said = called(capsys, "import", "my model.zip", "--to", "here")
    assert (code, (tmp_path / "here" / "settings.json").exists()) == (0, True)
    line = json.loads((home / "audit" / "log.jsonl").read_text().splitlines()[-1])
    assert (line["action"], line["outcome"]) == ("import", "done")


def test_what_is_wrong_is_one_line(home, capsys, tmp_path):
    (tmp_path / "letter.zip").write_text("dear")
    for arguments, code in (
        (["verify", str(tmp_path / "nowhere")], 5),
        (["gc", str(tmp_path / "nowhere")], 5),
        (["export", str(tmp_path), str(tmp_path / "a.zip")], 5),
        (["import", str(tmp_path / "letter.zip")], 3),
        (["import", str(tmp_path)], 3),
    ):
        found, said = called(capsys, *arguments)
        assert found == code
        assert said.err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_removed_is_said(home, capsys):
    run = one(home, "runs/*/*")
    (run / ".partial-0123abcd-model").mkdir()
    run.chmod(0o555)
    code, said = called(capsys, "gc")
    run.chmod(0o755)
    assert code == 5
    assert "cannot be removed" in said.err


def test_a_model_saved_while_it_is_checked_is_never_called_damaged(tmp_path, capsys):
    import threading

    going = [True]
    save_model(tmp_path / "model", write("x"), {})

    def save():
        while going[0]:
            save_model(tmp_path / "model", write("x"), {})

    thread = threading.Thread(target=save)
    thread.start()
    try:
        for _ in range(30):
            code, said = called(capsys, "verify", str(tmp_path))
            assert code == 0, said.out
    finally:
        going[0] = False
        thread.join()
