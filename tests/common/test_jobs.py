"""Jobs: queue, progress, cancel, failure in one line, and what a restart or a killed process leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from common import jobs as module
from common.errors import PilotError
from common.jobs import Jobs, pilot_command

WAIT_S = 30


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), "{job}"]


def until(true, timeout_s: float = WAIT_S):
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


SLEEP = "import time; time.sleep(60)"
STUBBORN = """
    import pathlib, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal, time; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
    pathlib.Path(sys.argv[1], "out", "pid").write_text(str(child.pid))
    time.sleep(60)
"""


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "jobs", grace_s=0.5)
    yield made
    for job in made.list():
        made.cancel(job.id)
    for job in made.list():
        made.wait(job.id, WAIT_S)


def test_a_job_runs_in_its_own_session_with_its_own_copy_of_the_inputs(jobs, tmp_path):
    source = tmp_path / "load.csv"
    source.write_text("time;kW\n")
    name = jobs.submit(
        python("""
            import os, pathlib, sys
            job = pathlib.Path(sys.argv[1])
            text = (job / "in" / "input.csv").read_text()
            (job / "out" / "seen").write_text(f"{text}{os.getsid(0)}")
        """),
        inputs={"input.csv": source},
        title="a copy",
        facts={"horizon_h": 48},
    )
    source.unlink()
    job = jobs.wait(name, WAIT_S)
    assert (job.state, job.message, job.title, job.facts) == ("done", "", "a copy", {"horizon_h": 48})
    text, session = (job.out / "seen").read_text().split("\n")
    assert text == "time;kW"
    assert int(session) == job.pid != os.getsid(0)
    assert job.created <= job.started <= job.ended
    assert (jobs.root.stat().st_mode & 0o077) == 0


def test_progress_is_read_while_it_runs_and_a_torn_file_is_no_fault(jobs):
    name = jobs.submit(
        python("""
            import json, pathlib, sys, time
            job = pathlib.Path(sys.argv[1])
            (job / "progress.json").write_text(json.dumps({"fraction": 0.4, "words": "training"}))
            while not (job / "out" / "go").exists(): time.sleep(0.01)
        """)
    )
    until(lambda: jobs.get(name).progress() == (0.4, "training"))
    assert jobs.get(name).state == "running"
    (jobs.root / name / "progress.json").write_text('{"fraction": 0.')
    assert jobs.get(name).progress() == (0.0, "")
    (jobs.root / name / "out" / "go").touch()
    assert jobs.wait(name, WAIT_S).state == "done"


def test_a_failed_job_keeps_the_last_line_of_stderr_and_nothing_more(jobs):
    name = jobs.submit(
        python("""
            import sys
            print("4%  read", "pilots: row 3 holds no number; write one.", "", sep="\\n", file=sys.stderr)
            sys.exit(4)
        """)
    )
    job = jobs.wait(name, WAIT_S)
    assert job.state == "failed"
    assert job.message == "row 3 holds no number; write one."


def test_a_silent_failure_and_a_missing_program_are_told_too(jobs):
    silent = jobs.submit(python("import sys; sys.exit(9)"))
    missing = jobs.submit(["/nowhere/at/all"])
    assert jobs.wait(silent, WAIT_S).message == "it ended with exit code 9"
    assert "cannot be started" in jobs.wait(missing, WAIT_S).message


def test_jobs_wait_their_turn_in_order(jobs):
    names = [jobs.submit(python(SLEEP)) for _ in range(3)]
    assert [jobs.get(n).state for n in names] == ["running", "queued", "queued"]
    assert [jobs.ahead(n) for n in names] == [0, 1, 2]
    jobs.cancel(names[1])
    assert jobs.get(names[1]).state == "cancelled"
    assert jobs.ahead(names[2]) == 1
    jobs.cancel(names[0])
    until(lambda: jobs.get(names[2]).state == "running")
    assert jobs.get(names[0]).state == "cancelled"


def test_as_many_as_allowed_run_at_once(tmp_path):
    jobs = Jobs(tmp_path / "jobs", at_once=2, grace_s=0.5)
    names = [jobs.submit(python(SLEEP)) for _ in range(3)]
    assert [jobs.get(n).state for n in names] == ["running", "running", "queued"]
    for name in reversed(names):
        jobs.cancel(name)
    assert {jobs.wait(n, WAIT_S).state for n in names} == {"cancelled"}


def test_cancel_lets_the_command_clean_up(jobs):
    name = jobs.submit(
        python("""
            import pathlib, signal, sys, time
            out = pathlib.Path(sys.argv[1], "out")
            def clean(number, frame):
                (out / "clean").touch()
                sys.exit(143)
            signal.signal(signal.SIGTERM, clean)
            (out / "ready").touch()
            time.sleep(60)
        """)
    )
    until((jobs.root / name / "out" / "ready").exists)
    jobs.cancel(name)
    job = jobs.wait(name, WAIT_S)
    assert job.state == "cancelled"
    assert (job.out / "clean").exists()


def test_cancel_ends_by_force_what_does_not_listen_with_all_its_children(jobs):
    name = jobs.submit(python(STUBBORN))
    file = jobs.root / name / "out" / "pid"
    until(lambda: file.exists() and file.read_text())
    grandchild = psutil.Process(int(file.read_text()))
    jobs.cancel(name)
    assert jobs.wait(name, WAIT_S).state == "cancelled"
    until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_ended_children_are_reaped(jobs):
    name = jobs.submit(python("pass"))
    pid = jobs.wait(name, WAIT_S).pid
    until(lambda: not psutil.pid_exists(pid))


def test_a_killed_runner_is_noticed(jobs):
    name = jobs.submit(python(SLEEP))
    job = jobs.get(name)
    until(lambda: psutil.Process(job.pid).children())
    os.killpg(job.pid, signal.SIGKILL)
    job = jobs.wait(name, WAIT_S)
    assert job.state == "failed"
    assert "stopped from outside" in job.message


def test_a_reused_pid_is_not_taken_for_the_job(tmp_path):
    root = tmp_path / "jobs"
    folder = root / "20260102-030405-0011aabb"
    folder.mkdir(parents=True)
    before = {"state": "running", "command": ["x"], "title": "", "created": 1.0, "started": 2.0}
    # This test's own pid lives, but it started at another time than the job's process did.
    text = json.dumps(before | {"pid": os.getpid(), "pid_started": psutil.Process().create_time() - 999})
    (folder / "job.json").write_text(text)
    assert Jobs(root).wait(folder.name, WAIT_S).state == "failed"


def test_jobs_outlive_the_app_that_started_them(tmp_path):
    root = tmp_path / "jobs"
    app = """
        import os, sys
        from pathlib import Path
        from common.jobs import Jobs
        jobs = Jobs(Path(sys.argv[1]))
        code = ("import pathlib, sys, time; out = pathlib.Path(sys.argv[1], 'out')\\n"
                "while not (out / 'go').exists(): time.sleep(0.01)")
        for _ in range(2):
            print(jobs.submit([sys.executable, "-c", code, "{job}"]), flush=True)
        os.kill(os.getpid(), 9)
    """
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(app), str(root)], capture_output=True, text=True, check=False
    )
    first, second = died.stdout.split()
    assert died.returncode == -signal.SIGKILL
    again = Jobs(root)
    assert (again.get(first).state, again.get(second).state) == ("running", "queued")
    (root / first / "out" / "go").touch()
    assert again.wait(first, WAIT_S).state == "done"
    until(lambda: again.get(second).state == "running")
    (root / second / "out" / "go").touch()
    assert again.wait(second, WAIT_S).state == "done"


@pytest.mark.parametrize("name", ["", "..", "../..", "20260102-030405-0011aabb", "/etc"])
def test_an_id_from_a_link_cannot_leave_the_folder(jobs, name):
    with pytest.raises(PilotError, match="no such job"):
        jobs.get(name)


def test_old_finished_jobs_make_room(tmp_path):
    jobs = Jobs(tmp_path / "jobs", keep=2)
    for _ in range(4):
        name = jobs.submit(python("pass"))
        jobs.wait(name, WAIT_S)
    kept = jobs.list()
    assert len(kept) == 3  # two that were over when the last came, and the last
    assert kept[-1].id == name


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PilotError, match="PILOTS_HOME"):
        Jobs(tmp_path / "file" / "jobs")


def test_a_pilot_runs_through_the_command_line_into_the_jobs_folder():
    command = pilot_command("energy", "--sample", "--horizon", "48h")
    assert command[0] == sys.executable
    assert command[4:8] == ["run", "energy", "--sample", "--horizon"]
    assert command[command.index("--output") + 1] == "{job}/out"
    assert command[command.index("--progress-file") + 1] == f"{{job}}/{module.PROGRESS_FILE}"
    assert Path(command[0]).exists()
