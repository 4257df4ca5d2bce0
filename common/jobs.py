"""Long work in processes of its own: a queue on disk that survives a reload and a restart of the app.

A job is a folder: `job.json` (what it is and how it stands), `progress.json` ({fraction, words}, replaced
whole), `log.txt` (stderr of the command), `in/` (its own copy of the inputs) and `out/`. Everything that
must outlive the app is in that folder; the processes that run jobs are sessions of their own, so they go on
when the app stops. POSIX only: it rests on sessions, process groups and flock.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from common.errors import PilotError
from common.store import write_whole

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
JOB_FILE, PROGRESS_FILE, LOG_FILE = "job.json", "progress.json", "log.txt"
FOLDER_MARK = "{job}"
"""Stands for the job's folder in the parts of a command."""
TICK_S = 0.2
SAME_PROCESS_S = 2.0
"""Start times closer than this are one process: a pid is not given out again that fast."""
LOG_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Job:
    """One job as it stands on disk. Times are seconds since 1970 (UTC).

    Attributes:
        id: "yyyymmdd-hhmmss-<8 hex digits>", hard to guess, safe in a URL.
        folder: the job's folder.
        state: queued, running, done, failed or cancelled.
        command: the command, with the folder filled in.
        title: a few words for people, without file names.
        created, started, ended: when; None: not yet.
        message: why it failed, in one line, or "".
        pid, pid_started: the process that runs it and its start time, by which a reused pid is told apart.
        stopping: when it was asked to stop, or None.
        facts: what the submitter wants to find again.
    """

    id: str
    folder: Path
    state: State
    command: tuple[str, ...]
    title: str
    created: float
    started: float | None = None
    ended: float | None = None
    message: str = ""
    pid: int | None = None
    pid_started: float | None = None
    stopping: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Folder for what the job makes."""
        return self.folder / "out"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED

    def progress(self) -> tuple[float, str]:
        """Fraction done in [0, 1] and a few words; (0, "") before the first report."""
        try:
            found = json.loads((self.folder / PROGRESS_FILE).read_text(encoding="utf-8"))
            return min(max(float(found["fraction"]), 0.0), 1.0), str(found["words"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0, ""


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=1))


def _read(folder: Path) -> Job | None:
    try:
        stored = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
        stored["command"] = tuple(stored["command"])
        return Job(id=folder.name, folder=folder, **stored)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # being removed, or not a job at all


def _update(job: Job, **changes: Any) -> Job:
    content = {k: v for k, v in vars(job).items() if k not in ("id", "folder")} | changes
    _write(job.folder / JOB_FILE, content)
    return Job(id=job.id, folder=job.folder, **content)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    # The app, a second app and the jobs' own processes all change job files.
    with (root / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_time(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _is_alive(job: Job) -> bool:
    if job.pid is None or job.pid_started is None:
        return False
    started = _start_time(job.pid)
    return started is not None and abs(started - job.pid_started) < SAME_PROCESS_S


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - LOG_TAIL_BYTES, 0))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("pilots: ")[:500] if said else ""


class Jobs:
    """The queue in one folder. Any number of them, in any number of processes, may look at the same folder.

    Args:
        root: folder of the jobs; made, for this user alone, when it is not there.
        at_once: how many jobs may run at a time.
        keep: how many finished jobs stay on disk; the oldest go first.
        grace_s: time between asking a cancelled job to stop and ending it by force.
    """

    def __init__(self, root: Path, *, at_once: int = 1, keep: int = 50, grace_s: float = 5.0) -> None:
        self.root, self.at_once, self.keep, self.grace_s = root, at_once, keep, grace_s
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise PilotError(
                f"the folder for jobs cannot be made ({error.strerror})",
                mend="set PILOTS_HOME to a folder that you may write to",
            ) from error
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()
        self._keeper: threading.Thread | None = None
        if any(not job.is_over for job in self.list()):
            self._watch()

    def submit(
        self,
        command: Sequence[str],
        *,
        inputs: Mapping[str, Path] | None = None,
        title: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> str:
        """Put a command in the queue and return the job's id.

        Args:
            command: program and arguments; `{job}` in a part becomes the job's folder.
            inputs: name in the job's `in/` -> file; the job gets a copy of its own.
            title: a few words for people.
            facts: whatever should be found again with the job (JSON).

        Raises:
            PilotError: the folder cannot be written.
        """
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        folder = self.root / name
        try:
            (folder / "in").mkdir(parents=True, mode=0o700)
            (folder / "out").mkdir()
            for inside, path in (inputs or {}).items():
                shutil.copyfile(path, folder / "in" / Path(inside).name)
            filled = tuple(part.replace(FOLDER_MARK, str(folder)) for part in command)
            job = Job(name, folder, "queued", filled, title, time.time(), facts=dict(facts or {}))
            with _locked(self.root):
                _update(job)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise PilotError(
                f"the job cannot be kept ({error.strerror})", mend="free some disk, then start it again"
            ) from error
        self._prune()
        self._tick()
        self._watch()
        return name

    def get(self, name: str) -> Job:
        """The job with this id, as it stands.

        Raises:
            PilotError: there is no such job.
        """
        job = _read(self.root / name) if ID.fullmatch(name) else None
        if job is None:
            raise PilotError("there is no such job here", mend="it may have been removed; start a new one")
        return job

    def list(self) -> list[Job]:
        """All jobs, oldest first."""
        found = (_read(path) for path in self.root.iterdir() if ID.fullmatch(path.name))
        return sorted((job for job in found if job), key=lambda job: (job.created, job.id))

    def ahead(self, name: str) -> int:
        """How many jobs are to end before this one can start."""
        job = self.get(name)
        if job.state != "queued":
            return 0
        return sum(
            not other.is_over and (other.created, other.id) < (job.created, job.id) for other in self.list()
        )

    def cancel(self, name: str) -> None:
        """Take a job from the queue, or stop it: SIGTERM to its process group, SIGKILL after the grace."""
        with _locked(self.root):
            job = self.get(name)
            if job.state == "queued":
                _update(job, state="cancelled", ended=time.time())
            elif job.state == "running" and job.stopping is None:
                _update(job, stopping=time.time())
                if _is_alive(job) and job.pid:
                    with suppress(ProcessLookupError):
                        os.killpg(job.pid, signal.SIGTERM)
        self._watch()

    def wait(self, name: str, timeout_s: float) -> Job:
        """Wait until a job is over and return it.

        Raises:
            TimeoutError: it is not over yet.
        """
        until = time.monotonic() + timeout_s
        while not (job := self.get(name)).is_over:
            if time.monotonic() > until:
                raise TimeoutError(f"the job is still {job.state}")
            time.sleep(TICK_S / 2)
        return job

    def _watch(self) -> None:
        # One daemon thread as long as there is something to look after: it starts what is queued, reaps
        # what ended, and notices processes that died without a word.
        with self._guard:
            if self._keeper is None or not self._keeper.is_alive():
                self._keeper = threading.Thread(target=self._look_after, name="jobs", daemon=True)
                self._keeper.start()

    def _look_after(self) -> None:
        while self._tick():
            time.sleep(TICK_S)

    def _tick(self) -> bool:
        """Bring the queue up to date; False when there is nothing left to look after."""
        with self._guard:
            self._children = {n: child for n, child in self._children.items() if child.poll() is None}
        with _locked(self.root):
            jobs = self.list()
            running = [self._look_at(job) for job in jobs if job.state == "running"]
            free = self.at_once - sum(not job.is_over for job in running)
            for job in [job for job in jobs if job.state == "queued"][: max(free, 0)]:
                self._start(job)
            return bool(self._children) or any(not job.is_over for job in self.list())

    def _look_at(self, job: Job) -> Job:
        if _is_alive(job):
            if job.stopping and time.time() - job.stopping > self.grace_s and job.pid:
                with suppress(ProcessLookupError):
                    os.killpg(job.pid, signal.SIGKILL)
            return job
        if job.stopping:
            return _update(job, state="cancelled", ended=time.time())
        return _update(
            job,
            state="failed",
            ended=time.time(),
            message="the work was stopped from outside; start it again.",
        )

    def _start(self, job: Job) -> None:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "common.jobs", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=job.folder,
        )
        with self._guard:
            self._children[job.id] = child
        _update(job, state="running", started=time.time(), pid=child.pid, pid_started=_start_time(child.pid))

    def _prune(self) -> None:
        over = [job for job in self.list() if job.is_over]
        for job in over[: max(len(over) - self.keep, 0)]:
            shutil.rmtree(job.folder, ignore_errors=True)


def pilot_command(pilot: str, *options: str) -> list[str]:
    """The command that runs a pilot as a job: result into `out/`, progress into `progress.json`."""
    run = [sys.executable, "-P", "-m", "common.cli", "run", pilot, *options, "--quiet"]
    return [*run, "--output", f"{FOLDER_MARK}/out", "--progress-file", f"{FOLDER_MARK}/{PROGRESS_FILE}"]


def run(folder: Path) -> int:
    """Run one job's command in this process's session and write down how it ended; its exit code."""
    # The group's SIGTERM reaches the command itself, which cleans up; this process stays to write the end.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    os.nice(5)  # the app answers first: on two cores its reruns stay fluent while a forecast trains
    with _locked(folder.parent):  # held by the starter until the job stands as running
        job = _read(folder)
    if job is None:
        return 1
    try:
        with (folder / LOG_FILE).open("wb") as log:
            code = subprocess.call(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # The page translates what it says, for each visitor in another language.
                env=os.environ | {"PILOTS_LANGUAGE": "en"},
            )
    except OSError as error:
        code = 127
        (folder / LOG_FILE).write_text(f"the program cannot be started ({error.strerror})\n")
    with _locked(folder.parent):
        now = _read(folder) or job
        state: State = "done" if code == 0 else "cancelled" if now.stopping else "failed"
        message = (_last_line(folder / LOG_FILE) or f"it ended with exit code {code}") if code else ""
        _update(now, state=state, ended=time.time(), message=message if state == "failed" else "")
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
