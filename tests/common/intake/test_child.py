from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from common.errors import DataError, IntakeError
from common.intake import child, sandbox, take

HERE = Path(__file__).parent
walled = pytest.mark.skipif(
    not (sandbox.state()["landlock"] and sandbox.state()["seccomp"]), reason="the kernel has no Landlock"
)


@pytest.fixture(autouse=True)
def readers_that_misbehave(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("MY_SECRET_KEY", "x")


@pytest.fixture
def taken(tmp_path):
    path = tmp_path / "load.csv"
    path.write_bytes(b"time;kWh\n1;2\n")
    return take(path)


@walled
def test_a_reader_reads_writes_and_connects_nowhere(taken, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("private")
    facts = taken.parse("walls:tries", victim=str(victim), home=str(tmp_path)).facts
    assert facts == {"got_away": [], "secrets": []}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["load.csv", "victim.txt"]
    assert victim.read_text() == "private"


def test_a_reader_has_the_upload_and_the_python_installation(taken):
    assert taken.parse("walls:allowed").facts == {"path": "time;kWh\n1;2\n", "zone": "Asia/Tokyo"}


def test_arrays_tables_facts_and_notes_come_back_as_they_were(taken):
    found = taken.parse("walls:everything", factor=2)
    assert found.facts == {"n": 2, "crs": None}
    assert found.notes == ("something odd",)
    assert np.array_equal(found.arrays["grid"], np.arange(24).reshape(2, 3, 4) * 2)
    assert found.arrays["grid"].dtype == np.float32
    assert np.array_equal(found.arrays["columns first"], [[0, 1, 2], [3, 4, 5]])
    assert np.isnat(found.arrays["when"][1])
    assert list(found.arrays["names"]) == ["een", "twee"]
    assert found.arrays["none"].shape == (0, 3)
    assert found.arrays["one"].shape == ()
    assert found.arrays["complex"][0] == 1 + 2j
    assert found.tables["t"].to_pydict() == {"tekst": ["a", None], "kW": [1.5, 2.5]}
    assert not found.arrays["grid"].flags.writeable


def test_views_of_the_upload_come_back_without_a_copy(taken):
    found = taken.parse("walls:views").arrays
    content = b"time;kWh\n1;2\n"
    assert found["all"].tobytes() == content
    assert found["grid"].tolist() == [list(content[:3]), list(content[3:6])]
    assert np.array_equal(found["turned"], found["grid"].T)
    assert found["strided"].tobytes() == content[::2]
    assert found["back"].tobytes() == content[::-1]
    assert found["big"].tolist() == [content[1] * 256 + content[2], content[3] * 256 + content[4]]
    assert not any(array.flags.writeable for array in found.values())


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ("aborts", "the reader gave up"),
        ("crashes", "the reader gave up"),
        ("leaves", "the reader gave up"),
        ("nowhere", "the reader gave up"),
        ("eats_memory", "needs too much memory"),
        ("fails", "cannot be read"),
        ("objects", "cannot be read"),
    ],
)
def test_whatever_a_reader_does_ends_in_one_sentence_and_the_next_works(taken, reader, words):
    with pytest.raises(IntakeError, match=words) as error:
        taken.parse(f"walls:{reader}")
    said = str(error.value)
    assert said.startswith("load.csv: ")
    assert "time" not in said.replace("it anew", "")  # nothing of the content
    assert "\n" not in said
    assert taken.parse("walls:everything").facts["n"] == 2


@pytest.mark.parametrize("reader", ["spins", "sleeps"])
def test_a_reader_that_does_not_end_is_ended(taken, reader, monkeypatch):
    monkeypatch.setattr(child, "CPU_S", 1)
    began = time.monotonic()
    with pytest.raises(IntakeError, match="took too long"):
        taken.parse(f"walls:{reader}")
    assert time.monotonic() - began < 10


def test_a_readers_own_error_arrives_as_it_was_raised(taken):
    with pytest.raises(DataError) as error:
        taken.parse("walls:refuses")
    assert str(error.value) == "load.csv, row 3: the cell is blue; paint it red."


def test_many_threads_share_one_zygote_and_a_killed_one_is_replaced(taken):
    taken.parse("walls:everything")
    zygote = child._zygotes[("walls",)].process.pid
    found: list[float] = []
    threads = [
        threading.Thread(
            target=lambda i=i: found.append(taken.parse("walls:everything", factor=i).arrays["grid"].max())
        )
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [23.0 * i for i in range(8)]
    assert child._zygotes[("walls",)].process.pid == zygote
    os.kill(zygote, signal.SIGKILL)
    assert taken.parse("walls:everything").facts["n"] == 2
    assert child._zygotes[("walls",)].process.pid != zygote


def test_of_many_zygotes_those_not_used_lately_end(taken):
    kept = [("walls", module) for module in ("csv", "html", "shlex", "pprint", "textwrap")]
    first = None
    for modules in kept:
        taken.parse("walls:everything", modules=modules)
        first = first or child._zygotes[modules].process
    assert kept[0] not in child._zygotes
    assert len(child._zygotes) == child.MOST_ZYGOTES
    assert first is not None
    assert first.wait(5) == 0
    assert taken.parse("walls:everything", modules=kept[0]).facts["n"] == 2


def test_the_zygote_and_its_children_end_with_the_caller(tmp_path):
    (tmp_path / "load.csv").write_bytes(b"a;b\n1;2\n")
    code = (
        "import os, sys, threading, time\n"
        "from common.intake import child, take\n"
        "taken = take(sys.argv[1])\n"
        "taken.parse('walls:everything')\n"
        "threading.Thread(target=lambda: taken.parse('walls:sleeps'), daemon=True).start()\n"
        "time.sleep(0.5)\n"
        "print(child._zygotes[('walls',)].process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "load.csv")], stdout=subprocess.PIPE, text=True
    )
    assert caller.stdout is not None
    zygote = psutil.Process(int(caller.stdout.readline()))
    family = [zygote, *zygote.children()]
    assert len(family) == 2
    caller.kill()
    caller.wait()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_a_fork_of_the_caller_starts_a_zygote_of_its_own(taken):
    taken.parse("walls:everything")
    before = child._zygotes[("walls",)].process.pid
    pid = os.fork()
    if not pid:
        try:
            fine = taken.parse("walls:everything").facts["n"] == 2
            os._exit(0 if fine and child._zygotes[("walls",)].process.pid != before else 3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert taken.parse("walls:everything").facts["n"] == 2


def test_where_the_kernel_has_no_walls_the_rest_still_holds(taken, monkeypatch):
    assert sandbox.state().keys() == {"landlock", "seccomp"}
    code = (
        "from common.intake import sandbox\n"
        "sandbox.landlock_version = lambda: 0\n"
        "sandbox.has_seccomp = lambda: False\n"
        "sandbox.enclose(('common',))\n"
        "sandbox.limit(64 << 20, 5, 1 << 20)\n"
        "try:\n    bytearray(256 << 20)\nexcept MemoryError:\n    print('capped')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "capped\n"
