"""The audit log: every edit is found, a killed process is no tampering, and no run breaks because of it."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common import audit
from common.audit_check import Report, read, verify
from common.errors import StoreError

ROOT = Path(__file__).resolve().parents[2]
ENTRY = audit.Entry("energy", "run", "done", 0, inputs=["ab" * 32], data=["cd" * 8], model="trees", code="1")


@pytest.fixture
def paths(tmp_path):
    return audit.Paths(tmp_path / "audit" / "log.jsonl", tmp_path / "seal" / "head.json")


@pytest.fixture
def ten(paths):
    for _ in range(10):
        audit.append(ENTRY, paths)
    return paths


def lines(paths) -> list[str]:
    return paths.log.read_text().splitlines()


def put(paths, content: list[str]) -> None:
    paths.log.write_text("".join(f"{line}\n" for line in content))


def places(paths) -> list[int]:
    return [one.line for one in verify(paths).found]


def rechained(content: list[str], first: int, before: str) -> list[str]:
    made = []
    for number, line in enumerate(content, first):
        made.append(audit.sealed(json.loads(line), number, before))
        before = audit.own_hash(made[-1])
    return made


def changed(line: str) -> str:
    facts = json.loads(line)
    return audit.sealed(facts | {"outcome": "refused"}, facts["number"], facts["before"])


def test_a_line_says_what_was_run_and_a_whole_log_is_whole(ten):
    assert verify(ten) == Report(10, ())
    facts = read(1, ten)[0]
    assert facts["pilot"] == "energy"
    assert facts["inputs"] == ["ab" * 32]
    assert facts["before"] == audit.own_hash(lines(ten)[8])
    assert facts["at"].endswith("+00:00")
    assert set(facts) == {
        *(
            "at",
            "pilot",
            "action",
            "outcome",
            "exit_code",
            "inputs",
            "data",
            "model",
            "code",
            "error_id",
            "reason",
        ),
        *("number", "before", "hash"),
    }


def test_log_and_head_are_for_their_owner_alone(ten):
    for path in (ten.log, ten.head):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_no_log_is_no_fault(paths):
    assert verify(paths) == Report(0, ())
    assert read(5, paths) == []


def test_a_changed_line_is_named(ten):
    put(ten, [*lines(ten)[:4], lines(ten)[4].replace("done", "gone"), *lines(ten)[5:]])
    assert places(ten) == [5]


def test_another_spelling_of_the_same_facts_is_a_change(ten):
    put(ten, [*lines(ten)[:4], lines(ten)[4].replace(",", ", ", 1), *lines(ten)[5:]])
    assert places(ten) == [5]


def test_a_changed_line_with_its_hash_made_anew_is_named_by_the_next(ten):
    put(ten, [*lines(ten)[:4], changed(lines(ten)[4]), *lines(ten)[5:]])
    assert places(ten) == [6]


def test_a_removed_line_is_named(ten):
    put(ten, lines(ten)[:4] + lines(ten)[5:])
    found = verify(ten).found
    assert [one.line for one in found] == [5]
    assert "number 6, and 5 is due" in found[0].what


def test_a_line_removed_after_a_changed_one_is_named_too(ten):
    content = lines(ten)
    put(ten, [*content[:4], content[4].replace("done", "gone"), *content[6:]])
    assert places(ten) == [5, 6]


def test_swapped_lines_are_named(ten):
    content = lines(ten)
    content[3], content[4] = content[4], content[3]
    put(ten, content)
    assert places(ten) == [4, 5, 6]


def test_a_repeated_line_is_named(ten):
    put(ten, [*lines(ten)[:4], lines(ten)[3], *lines(ten)[4:]])
    assert places(ten) == [5]


def test_a_line_put_in_is_named(ten):
    put(
        ten, [*lines(ten)[:4], *rechained([lines(ten)[7]], 5, audit.own_hash(lines(ten)[3])), *lines(ten)[4:]]
    )
    assert places(ten) == [6]


def test_a_cut_end_is_named(ten):
    put(ten, lines(ten)[:7])
    assert places(ten) == [7]


def test_a_line_cut_short_is_named(ten):
    ten.log.write_bytes(ten.log.read_bytes()[:-20])
    assert places(ten)[0] == 10


def test_a_missing_last_newline_is_found(ten):
    ten.log.write_bytes(ten.log.read_bytes()[:-1])
    assert places(ten)[0] == 10


def test_an_older_copy_is_found(ten):
    older = ten.log.read_bytes()
    audit.append(ENTRY, ten)
    ten.log.write_bytes(older)
    assert places(ten) == [10]


def test_a_log_made_anew_from_some_line_on_is_found(ten):
    content = lines(ten)
    put(ten, content[:5] + rechained([changed(content[5]), *content[6:]], 6, audit.own_hash(content[4])))
    assert places(ten) == [10]


def test_lines_added_past_the_head_are_found(ten):
    content = lines(ten)
    put(ten, content + rechained([content[0]], 11, audit.own_hash(content[-1])))
    assert places(ten) == [11]


def test_a_removed_log_and_a_removed_head_are_found(ten):
    log = ten.log.read_bytes()
    ten.log.unlink()
    assert len(verify(ten).found) == 1
    ten.log.write_bytes(log)
    ten.head.unlink()
    assert [one.what for one in verify(ten).found] == ["the head of the log is missing"]
    ten.head.write_text("{}")
    assert [one.what for one in verify(ten).found] == ["the head of the audit log is damaged"]


@pytest.mark.parametrize("damage", ["changed", "cut", "short", "older", "head"])
def test_later_runs_do_not_cover_up_what_was_changed(ten, damage):
    content = lines(ten)
    if damage == "changed":
        put(ten, [*content[:9], changed(content[9])])
    elif damage == "cut":
        put(ten, content[:8])
    elif damage == "short":
        ten.log.write_bytes(ten.log.read_bytes()[:-9])
    elif damage == "older":
        put(ten, content[:3])
    else:
        ten.head.write_text("not JSON")
    for _ in range(3):
        audit.append(ENTRY, ten)
    assert verify(ten).found
    assert [one["outcome"] for one in read(3, ten)] == ["done"] * 3
    if damage == "head":
        assert ten.head.with_suffix(".damaged").read_text() == "not JSON"


def stopped_after(monkeypatch, paths, step: str, part: int | None = None) -> None:
    """Append a line, and die at a step on the way, as a kill -9 does."""
    with monkeypatch.context() as patched:
        if step == "announced":
            patched.setattr(audit, "_add", lambda log, content: die())
        elif step == "written":
            real = audit._write_head
            patched.setattr(
                audit, "_write_head", lambda path, head: real(path, head) if head.pending else die()
            )
        else:
            whole = audit._add
            patched.setattr(audit, "_add", lambda log, content: (whole(log, content[:part]), die()))
        with pytest.raises(SystemError):
            audit.append(ENTRY, paths)


def die() -> None:
    raise SystemError


@pytest.mark.parametrize(
    ("step", "part"), [("announced", None), ("written", None), ("part", 1), ("part", 90), ("part", -1)]
)
def test_a_killed_process_is_told_apart_from_tampering(ten, monkeypatch, step, part):
    stopped_after(monkeypatch, ten, step, part)
    report = verify(ten)
    assert report.found == ()
    assert report.interrupted
    # A second look changes nothing; the next line completes the log.
    audit.append(ENTRY, ten)
    assert verify(ten) == Report(12, ())


@pytest.mark.parametrize(("step", "part"), [("announced", None), ("written", None), ("part", 90)])
def test_an_edit_beside_an_announced_line_is_found_all_the_same(ten, monkeypatch, step, part):
    stopped_after(monkeypatch, ten, step, part)
    content = ten.log.read_text().split("\n")
    content[4] = content[4].replace("done", "gone")
    ten.log.write_text("\n".join(content))
    assert places(ten) == [5]
    del content[6]
    ten.log.write_text("\n".join(content))
    assert places(ten)[:2] == [5, 7]


def test_a_cut_beside_an_announced_line_is_found(ten, monkeypatch):
    stopped_after(monkeypatch, ten, "announced")
    put(ten, lines(ten)[:8])
    assert verify(ten).found
    audit.append(ENTRY, ten)
    assert verify(ten).found


CHILD = """
import sys
from pathlib import Path
from common import audit
paths = audit.Paths(Path(sys.argv[1]), Path(sys.argv[2]))
while True:
    audit.append(audit.Entry("energy", "run", "done", 0), paths)
    print(flush=True)
"""


def test_kill_9_at_any_time_leaves_a_whole_log(paths):
    chance = random.Random(7)
    told = 0
    for _ in range(15):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(paths.log), str(paths.head)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.random() * 0.03)
        child.kill()
        told += 1 + child.stdout.read().count(b"\n")
        child.wait()
        report = verify(paths)
        assert report.found == ()
        assert told <= report.lines + report.interrupted
    audit.append(ENTRY, paths)
    assert verify(paths).found == ()
    assert verify(paths).lines > told


def test_several_processes_write_one_chain(paths):
    code = CHILD.replace("while True", "for _ in range(25)")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(paths.log), str(paths.head)], stdout=subprocess.DEVNULL, cwd=ROOT
        )
        for _ in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert verify(paths) == Report(75, ())


def test_who_waits_too_long_for_the_log_is_told(ten, monkeypatch):
    monkeypatch.setattr(audit, "LOCK_TIMEOUT_S", 0.1)
    with audit.locked(ten.log.parent), pytest.raises(StoreError, match="another process holds the audit log"):
        audit.append(ENTRY, ten)


def test_a_full_disk_is_one_sentence_and_the_next_line_completes_the_log(ten, monkeypatch):
    with monkeypatch.context() as patched:
        real = os.write

        def full(handle, content):
            if len(content) > 100 and b'"pending"' not in content:
                real(handle, content[:50])
                raise OSError(28, "No space left on device")
            return real(handle, content)

        patched.setattr(os, "write", full)
        with pytest.raises(StoreError, match="No space left"):
            audit.append(ENTRY, ten)
    assert verify(ten).found == ()
    audit.append(ENTRY, ten)
    assert verify(ten) == Report(12, ())


def test_the_head_can_be_on_another_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path / "home"))
    (tmp_path / "disk").mkdir()
    monkeypatch.setenv("PILOTS_AUDIT_HEAD", str(tmp_path / "disk" / "head.json"))
    audit.append(ENTRY)
    assert json.loads((tmp_path / "disk" / "head.json").read_text())["count"] == 1
    assert not (tmp_path / "home" / "seal").exists()
    # A disk that is not mounted is no reason to begin anew.
    (tmp_path / "disk" / "head.json").rename(tmp_path / "kept")
    with pytest.raises(StoreError, match="is not where PILOTS_AUDIT_HEAD says"):
        audit.append(ENTRY)
    (tmp_path / "kept").rename(tmp_path / "disk" / "head.json")
    audit.append(ENTRY)
    assert verify() == Report(2, ())


def test_random_edits_are_found():
    spec = importlib.util.spec_from_file_location("edits", ROOT / "benchmarks" / "reliability_audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.edits(100, seed=int.from_bytes(os.urandom(4), "big")) == 100


def test_signals_wait_until_the_line_is_written(tmp_path):
    code = """
import os, signal, sys
from common import audit, cli
real = audit._add
def slow(log, content):
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    real(log, content)
audit._add = slow
sys.exit(cli.main(["run", "energy", "--input", "absent.csv", "--quiet"]))
"""
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PILOTS_HOME": str(home)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    report = verify(audit.Paths(home / "audit" / "log.jsonl", home / "seal" / "audit-head.json"))
    assert report == Report(1, ())
