from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import cli
from common import pilot as pilots
from common.audit_check import read, verify
from common.errors import DataError, StoreError
from common.pilot import Result


class Plain:
    """A pilot small enough to drive every path of the command line."""

    name, title, summary = "plain", "Plain", "Doubles a number."

    def add_run_arguments(self, parser):
        parser.add_argument("--number", type=float, default=2.0)
        parser.add_argument("--fail", choices=("user", "fault", "stop", "killed", "store"))
        parser.add_argument("--input", type=Path)
        parser.add_argument("--trained", type=Path)

    add_train_arguments = add_evaluate_arguments = add_run_arguments

    def run(self, options, progress=pilots.silent):
        progress(0.5, "doubling")
        if options.fail == "user":
            raise DataError("the number is odd", where="line 1", mend="use an even one")
        if options.fail == "store":
            raise StoreError("the model cannot be stored")
        if options.fail == "fault":
            raise RuntimeError("secret detail")
        if options.fail == "stop":
            raise KeyboardInterrupt
        if options.fail == "killed":
            os.kill(os.getpid(), signal.SIGTERM)
        return Result(
            summary=f"twice is {2 * options.number:g}",
            tables={},
            numbers={"twice": 2 * options.number},
            provenance={"input_sha256": "ab" * 8, "model": "doubling"},
        )

    evaluate = run

    def train(self, options, progress=pilots.silent):
        return Path("runs/plain/1")

    def doctor(self):
        return [("nothing", True, "")]


class Careful(Plain):
    """A pilot that looks at training data as well."""

    def add_check_arguments(self, parser):
        parser.add_argument("data", type=Path)
        parser.add_argument("--output", type=Path)

    def check(self, options, progress=pilots.silent):
        progress(0.5, "looking")
        if not options.data.exists():
            raise DataError("there are no data", where="the folder", mend="bring some")
        return Result(
            summary="it is sound", tables={}, numbers={"errors": 0}, provenance={"input_sha256": "ab" * 8}
        )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """Every run is written into an audit log: here into one of the test's own, and told in English."""
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PILOTS_LANGUAGE", "en")
    return tmp_path / "home"


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(pilots, "load", lambda name: Plain())
    monkeypatch.setattr(pilots, "names", lambda: ["plain"])


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


def test_a_pilot_looks_at_its_training_data(tmp_path, monkeypatch, plain, capsys):
    monkeypatch.setattr(pilots, "load", lambda name: Careful())
    assert cli.main(["check", "plain", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "it is sound" in out
    assert "50%  looking" in err
    assert cli.main(["check", "plain", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["numbers"] == {"errors": 0}
    assert cli.main(["check", "plain", str(tmp_path / "absent"), "--quiet"]) == 4
    assert capsys.readouterr().err == "pilots: the folder: there are no data; bring some.\n"
    told = [(one["pilot"], one["action"], one["outcome"], one["data"]) for one in read(5)]
    assert told == [
        ("plain", "check", "done", ["ab" * 8]),
        ("plain", "check", "done", ["ab" * 8]),
        ("plain", "check", "refused", []),
    ]


@pytest.mark.usefixtures("plain")
def test_a_pilot_that_does_not_look_at_data_says_so(tmp_path, capsys):
    assert cli.main(["check", "plain", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "pilots: the pilot 'plain' has no check of its own; look at one file at a time with"
        " `pilots check FILE`.\n"
    )


@pytest.mark.usefixtures("plain")
def test_check_of_a_file_is_as_before(tmp_path, monkeypatch, capsys):
    (tmp_path / "plain").write_text("a,b\n1,2\n3,4\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "./plain"]) == 0
    assert "delimited text" in capsys.readouterr().out
    assert read(5) == []


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


@pytest.mark.usefixtures("plain")
def test_every_run_leaves_a_line_however_it_ends(capsys):
    assert cli.main(["run", "plain", "--quiet"]) == 0
    assert cli.main(["evaluate", "plain", "--quiet", "--fail", "user"]) == 4
    assert cli.main(["run", "plain", "--quiet", "--fail", "fault"]) == 1
    assert cli.main(["run", "plain", "--quiet", "--fail", "stop"]) == 130
    assert cli.main(["run", "plain", "--quiet", "--fail", "store"]) == 5
    assert cli.main(["train", "plain", "--quiet"]) == 0
    with pytest.raises(SystemExit, match="143"):
        cli.main(["run", "plain", "--quiet", "--fail", "killed"])
    with pytest.raises(SystemExit, match="2"):
        cli.main(["run", "plain", "--no-such-option"])
    with pytest.raises(RuntimeError):
        cli.main(["run", "plain", "--quiet", "--fail", "fault", "--debug"])
    assert [(one["action"], one["outcome"], one["exit_code"]) for one in read(20)] == [
        ("run", "done", 0),
        ("evaluate", "refused", 4),
        ("run", "failed", 1),
        ("run", "stopped", 130),
        ("run", "failed", 5),
        ("train", "done", 0),
        ("run", "stopped", 143),
        ("run", "refused", 2),
        ("run", "failed", 1),
    ]
    assert {one["pilot"] for one in read(20)} == {"plain"}
    assert verify().found == ()
    capsys.readouterr()


@pytest.mark.usefixtures("plain")
def test_asking_for_help_is_no_run(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["run", "plain", "--help"])
    assert read(5) == []
    capsys.readouterr()


@pytest.mark.usefixtures("plain")
def test_a_line_names_data_and_model_by_their_hashes(tmp_path, capsys):
    (tmp_path / "jansen.csv").write_text("secret")
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "manifest.json").write_text("{}")
    own = ["--input", str(tmp_path / "jansen.csv"), "--trained", str(tmp_path / "run")]
    own += ["--progress-file", str(tmp_path / "progress.json")]
    cli.main(["run", "plain", "--quiet"])
    cli.main(["run", "plain", "--quiet", *own])
    cli.main(["run", "plain", "--quiet", *own, "--fail", "user"])
    trained, named, refused = read(5)
    file, manifest = hashlib.sha256(b"secret").hexdigest(), hashlib.sha256(b"{}").hexdigest()
    assert (trained["inputs"], trained["data"], trained["model"]) == ([], ["ab" * 8], "doubling")
    assert (named["inputs"], named["data"], named["model"]) == ([file], ["ab" * 8], manifest)
    assert (refused["inputs"], refused["data"], refused["model"]) == ([file], [], manifest)
    text = json.dumps(read(5))
    assert "jansen" not in text
    assert "secret" not in text
    assert all(one["code"].startswith(("0.", "unknown")) for one in read(5))
    capsys.readouterr()


def test_a_training_run_names_its_data_and_its_model(tmp_path, monkeypatch, plain, capsys):
    run = tmp_path / "runs" / "1"
    (run / "model").mkdir(parents=True)
    (run / "model" / "manifest.json").write_text("{}")
    (run / "record.json").write_text(json.dumps({"data": {"sha256": "cd" * 32}}))
    monkeypatch.setattr(Plain, "train", lambda self, options, progress: run)
    cli.main(["train", "plain", "--quiet"])
    (line,) = read(5)
    assert (line["data"], line["model"]) == (["cd" * 32], hashlib.sha256(b"{}").hexdigest())
    capsys.readouterr()


def test_an_unknown_pilots_name_is_not_written_down(capsys):
    cli.main(["run", "jansen"])
    assert [one["pilot"] for one in read(5)] == ["unknown"]
    capsys.readouterr()


@pytest.mark.usefixtures("plain")
def test_a_log_that_cannot_be_written_is_one_warning(home, capsys):
    home.write_text("a file where a folder should be")
    assert cli.main(["run", "plain", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "twice is 4" in out
    assert err.startswith("pilots: this run is not in the audit log: the audit log cannot be written (")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("plain")
def test_the_warning_comes_before_the_error(home, capsys):
    home.write_text("a file where a folder should be")
    assert cli.main(["run", "plain", "--quiet", "--fail", "user"]) == 4
    warning, error = capsys.readouterr().err.splitlines()
    assert "not in the audit log" in warning
    assert "the number is odd" in error


@pytest.mark.usefixtures("plain")
def test_one_process_of_several_writes_the_line(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    cli.main(["train", "plain", "--quiet"])
    assert read(5) == []
    monkeypatch.setenv("RANK", "0")
    cli.main(["train", "plain", "--quiet"])
    assert len(read(5)) == 1
    capsys.readouterr()


@pytest.mark.usefixtures("plain")
def test_a_fault_has_an_id_that_is_in_both_logs(home, capsys):
    cli.main(["run", "plain", "--quiet", "--fail", "fault"])
    name = re.search(r"\(RuntimeError, id ([0-9a-f]{8})\)", capsys.readouterr().err)
    assert name
    assert [one["error_id"] for one in read(5)] == [name[1]]
    (fault,) = [json.loads(line) for line in (home / "log" / "faults.jsonl").read_text().splitlines()]
    assert fault["id"] == name[1]
    assert ":Plain.run:" in fault["faults"][0]["frames"][-1]
    assert "secret detail" not in json.dumps(fault)


@pytest.mark.usefixtures("plain")
def test_verify_and_show_on_the_command_line(home, capsys):
    assert cli.main(["audit", "verify"]) == 0
    assert cli.main(["audit", "show"]) == 0
    assert capsys.readouterr().out == "0 lines, all as they were written\nthe audit log is empty\n"
    for _ in range(3):
        cli.main(["run", "plain", "--quiet"])
    capsys.readouterr()
    assert cli.main(["audit", "verify"]) == 0
    assert capsys.readouterr().out == "3 lines, all as they were written\n"
    assert cli.main(["audit", "show", "--last", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert "run plain" in out
    log = home / "audit" / "log.jsonl"
    log.write_text(log.read_text().replace("done", "gone", 1))
    assert cli.main(["audit", "verify"]) == 5
    out, err = capsys.readouterr()
    assert out == "line 1: it was changed\n"
    assert err == "pilots: the audit log is not as it was written.\n"
    assert cli.main(["audit", "verify", "--json"]) == 5
    assert json.loads(capsys.readouterr().out) == {
        "lines": 3,
        "found": [{"line": 1, "what": "it was changed"}],
        "interrupted": False,
    }


@pytest.mark.usefixtures("plain")
def test_mistakes_are_told_in_dutch(home, monkeypatch, capsys):
    monkeypatch.setenv("PILOTS_LANGUAGE", "nl")
    cli.main(["run", "plain", "--quiet", "--fail", "stop"])
    assert capsys.readouterr().err == "\npilots: gestopt; er is niets half geschreven.\n"
    cli.main(["run", "plain", "--quiet", "--fail", "fault"])
    assert capsys.readouterr().err.startswith("pilots: een fout in de suite zelf (RuntimeError, id ")
    cli.main(["run", "plain", "--quiet", "--fail", "store"])
    assert capsys.readouterr().err == "pilots: het model kan niet opgeslagen worden.\n"
    log = home / "audit" / "log.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[1:]))
    assert cli.main(["audit", "verify"]) == 5
    out, err = capsys.readouterr()
    assert out.startswith(
        "regel 1: hij zegt nummer 2 te zijn, en 1 is aan de beurt: er zijn regels verwijderd"
    )
    assert err == "pilots: het auditlogboek is niet zoals het geschreven is.\n"
