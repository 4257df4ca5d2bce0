from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import cli
from common import pilot as pilots
from common.errors import DataError
from common.pilot import Result


class Plain:
    """A pilot small enough to drive every path of the command line."""

    name, title, summary = "plain", "Plain", "Doubles a number."

    def add_run_arguments(self, parser):
        parser.add_argument("--number", type=float, default=2.0)
        parser.add_argument("--fail", choices=("user", "fault", "stop"))

    add_train_arguments = add_evaluate_arguments = add_run_arguments

    def run(self, options, progress=pilots.silent):
        progress(0.5, "doubling")
        if options.fail == "user":
            raise DataError("the number is odd", where="line 1", mend="use an even one")
        if options.fail == "fault":
            raise RuntimeError("secret detail")
        if options.fail == "stop":
            raise KeyboardInterrupt
        return Result(
            summary=f"twice is {2 * options.number:g}", tables={}, numbers={"twice": 2 * options.number}
        )

    evaluate = run

    def train(self, options, progress=pilots.silent):
        return Path("runs/plain/1")

    def doctor(self):
        return [("nothing", True, "")]


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(pilots, "load", lambda name: Plain())


def test_list_names_the_energy_pilot(capsys):
    assert cli.main(["list", "--json"]) == 0
    assert "energy" in [row["name"] for row in json.loads(capsys.readouterr().out)]


@pytest.mark.usefixtures("plain")
def test_json_is_one_object_and_nothing_else(capsys):
    assert cli.main(["run", "plain", "--number", "4", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["numbers"] == {"twice": 8.0}
    assert err == ""


@pytest.mark.usefixtures("plain")
def test_people_read_the_summary_and_see_progress(capsys):
    assert cli.main(["run", "plain"]) == 0
    out, err = capsys.readouterr()
    assert "twice is 4" in out
    assert "50%  doubling" in err


@pytest.mark.usefixtures("plain")
def test_training_prints_the_run_folder(capsys):
    assert cli.main(["train", "plain", "--quiet"]) == 0
    assert "runs/plain/1" in capsys.readouterr().out


@pytest.mark.usefixtures("plain")
def test_progress_goes_to_a_file_for_other_programs(tmp_path, capsys):
    assert cli.main(["run", "plain", "--quiet", "--progress-file", str(tmp_path / "p.json")]) == 0
    assert json.loads((tmp_path / "p.json").read_text())["words"] == "doubling"


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("fail", "code", "words"),
    [
        ("user", 4, "pilots: line 1: the number is odd; use an even one.\n"),
        ("stop", 130, "\npilots: stopped; nothing is left half-written.\n"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(capsys, fail, code, words):
    assert cli.main(["run", "plain", "--quiet", "--fail", fail]) == code
    assert capsys.readouterr().err == words


@pytest.mark.usefixtures("plain")
def test_a_fault_hides_details_unless_asked(capsys):
    assert cli.main(["run", "plain", "--quiet", "--fail", "fault"]) == 1
    err = capsys.readouterr().err
    assert "RuntimeError" in err
    assert "secret detail" not in err
    with pytest.raises(RuntimeError, match="secret detail"):
        cli.main(["run", "plain", "--quiet", "--fail", "fault", "--debug"])


def test_an_unknown_pilot_is_a_users_mistake(capsys):
    assert cli.main(["run", "astrology"]) == 2
    assert "there is no pilot called 'astrology'" in capsys.readouterr().err


def test_a_missing_input_is_refused_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "common.cli", "run", "energy", "--input", "absent.csv", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "absent.csv" in done.stderr
    assert done.stdout == ""


def test_doctor_reports_versions_as_json(capsys):
    assert cli.main(["doctor", "--json"]) in (0, 7)
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert any("torch" in row["what"] for row in facts["core"])
    assert "energy pilot" in facts


def test_ctrl_c_leaves_nothing_half_written(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "common.cli", "run", "energy", "--sample", "--output", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "%" in line and "reading" not in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert not (tmp_path / "out").exists()
