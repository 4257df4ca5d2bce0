"""Train in this process or in several: the same task, the same run folder.

Several processes are started by torchrun (torch.distributed.run) and find each other through a file; gloo and
NCCL talk over the loopback interface alone, so nothing listens where other machines could reach it.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from common import errors
from common.errors import PilotError, TrainingError
from common.pilot import Progress, silent
from common.training.config import FitConfig
from common.training.record import LOG, RECORD, new_run, read_config, write_config

if TYPE_CHECKING:
    from common.training.task import Task

POLL_S = 0.2
STOP_TIMEOUT_S = 60.0
"""How long stopping processes may take to write their last checkpoint."""
PR_SET_PDEATHSIG = 1
SHARED_VARIABLE = "PILOTS_LAUNCH_FOLDER"
LOG_TAIL_LINES = 40


def train(
    factory: str,
    config: Mapping[str, Any],
    *,
    pilot: str,
    runs: Path,
    processes: int = 1,
    resume: Path | None = None,
    progress: Progress = silent,
) -> Path:
    """Train a task into a run folder.

    Ctrl-C and SIGTERM stop it at the next step with a complete checkpoint.

    Args:
        factory: importable function that makes the task from the [task] settings: "package.module:function".
        config: settings by table: "task" for the factory, "fit" for the loop (see FitConfig); plain values.
        pilot: the pilot's name.
        runs: folder of all runs; a new run folder is made in it.
        processes: processes on this machine; on GPUs, one a GPU.
        resume: run folder to go on with, with the settings stored there; those in `config` override them.
        progress: called a few times a second.

    Returns:
        The run folder, with the trained model in `model/`.

    Raises:
        TrainingError, StoreError: see `common.training.loop.fit`.
    """
    if processes < 1:
        raise TrainingError(f"{processes} processes cannot train", mend="give a whole number from 1 on")
    make = _function(factory)
    settings: dict[str, Any] = read_config(resume) if resume else {}
    for table, values in config.items():
        settings[table] = {**settings.get(table, {}), **values}
    FitConfig.of(settings.setdefault("fit", {}))
    settings.setdefault("task", {})
    settings["run"] = {"pilot": pilot, "factory": factory, "processes": processes}
    folder = resume or new_run(runs, pilot)
    try:
        if processes == 1:
            _fit_here(make, settings, folder, resume is not None, progress)
        else:
            write_config(folder, settings)
            _launch(factory, folder, processes, resume is not None, progress)
    except BaseException:
        if not resume and not (folder / RECORD).exists() and not (folder / LOG).exists():
            shutil.rmtree(folder, ignore_errors=True)  # it never began
        raise
    return folder


def _function(factory: str) -> Callable[[Mapping[str, Any]], Task]:
    module, _, name = factory.partition(":")
    try:
        found: Callable[[Mapping[str, Any]], Task] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise TrainingError(
            f"there is no task factory '{factory}' ({error})", mend="name it as package.module:function"
        ) from error
    return found


def _fit_here(
    make: Callable[[Mapping[str, Any]], Task],
    settings: Mapping[str, Any],
    folder: Path,
    resume: bool,
    progress: Progress,
) -> None:
    from common.training.loop import fit

    progress(0.0, "preparing the data")
    fit(
        make(settings["task"]),
        FitConfig.of(settings["fit"]),
        folder,
        resume=resume,
        progress=progress,
        pilot=settings["run"]["pilot"],
        settings={table: values for table, values in settings.items() if table != "fit"},
    )


def _launch(factory: str, folder: Path, processes: int, resume: bool, progress: Progress) -> None:
    shared = Path(tempfile.mkdtemp(prefix="pilots-launch-"))
    try:
        command = [sys.executable, "-m", "common.training.launch", "torchrun", str(processes), factory]
        environment = _environment(shared, processes)
        with (shared / "torchrun.txt").open("wb") as said:
            launcher = subprocess.Popen(
                [*command, str(folder.resolve()), *(["--resume"] if resume else [])],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        progress(0.0, f"starting {processes} processes")
        try:
            news = ""
            while launcher.poll() is None:
                news = _pass_on(shared / "progress.json", progress, news)
                time.sleep(POLL_S)
        except BaseException:
            _stop(launcher)
            raise
        if launcher.returncode:
            _keep_log(shared, folder)
            raise _failure(shared, folder)
        progress(1.0, "trained")
    finally:
        shutil.rmtree(shared, ignore_errors=True)


def _environment(shared: Path, processes: int) -> dict[str, str]:
    loopback = next(
        name for name, found in psutil.net_if_addrs().items() if any(a.address == "127.0.0.1" for a in found)
    )
    paths = [p for p in dict.fromkeys([str(Path.cwd()), *sys.path]) if p]
    threads = str(max(1, (os.cpu_count() or 1) // processes))
    return {
        "OMP_NUM_THREADS": threads,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        SHARED_VARIABLE: str(shared),
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        # Otherwise torchrun opens a store of its own, which listens on all interfaces.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }


def _pass_on(path: Path, progress: Progress, before: str) -> str:
    """Hand on the progress of the first process when there is news."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return before
    if text != before:
        found = json.loads(text)
        progress(found["fraction"], found["words"])
    return text


def _stop(launcher: subprocess.Popen[bytes]) -> None:
    launcher.send_signal(signal.SIGTERM)
    try:
        launcher.wait(STOP_TIMEOUT_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        launcher.kill()
        launcher.wait()


def _keep_log(shared: Path, folder: Path) -> None:
    for path in [shared / "torchrun.txt", *sorted((shared / "logs").rglob("stderr.log"))]:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.writelines(f"  {path.parent.name}/{path.name}: {line}\n" for line in lines)


def _failure(shared: Path, folder: Path) -> PilotError:
    for path in sorted(shared.glob("error-*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        kind = getattr(errors, found.pop("kind"), TrainingError)
        error: PilotError = kind(found["what"], where=found["where"], mend=found["mend"])
        return error
    return TrainingError(
        "a training process ended unexpectedly",
        where=str(folder / LOG),
        mend="see there why, then resume the run",
    )


def _follow_parent() -> None:
    """Let SIGTERM come when the parent dies, so that no process trains on alone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _torchrun(processes: int, rest: Sequence[str]) -> None:
    from torch.distributed import run

    shared = Path(os.environ[SHARED_VARIABLE])
    run.main(
        [
            "--nnodes=1",
            f"--nproc-per-node={processes}",
            "--max-restarts=0",
            "--rdzv-backend=c10d",
            "--rdzv-conf=store_type=file",
            f"--rdzv-endpoint={shared / 'rendezvous'}",
            "--local-addr=127.0.0.1",
            f"--log-dir={shared / 'logs'}",
            "--redirects=3",
            "-m",
            "common.training.launch",
            "worker",
            *rest,
        ]
    )


def _worker(factory: str, folder: Path, resume: bool) -> int:
    import torch
    import torch.distributed as dist

    from common.progress import to_file

    shared = Path(os.environ[SHARED_VARIABLE])
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    settings = read_config(folder)
    on_gpu = settings["fit"].get("accelerator", "cpu") != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    try:
        dist.init_process_group(
            "nccl" if on_gpu else "gloo",
            init_method=(shared / "processes").as_uri(),
            rank=rank,
            world_size=world,
        )
        progress = to_file(shared / "progress.json") if rank == 0 else silent
        _fit_here(_function(factory), settings, folder, resume, progress)
    except PilotError as error:
        found = {"kind": type(error).__name__, "what": error.what, "where": error.where, "mend": error.mend}
        (shared / f"error-{rank:05d}.json").write_text(json.dumps(found), encoding="utf-8")
        return error.exit_code
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def main(arguments: Sequence[str]) -> int:
    """Entry of the processes that `train` starts; not for people."""
    parser = argparse.ArgumentParser(prog="python -m common.training.launch")
    roles = parser.add_subparsers(dest="role", required=True)
    torchrun, worker = roles.add_parser("torchrun"), roles.add_parser("worker")
    torchrun.add_argument("processes", type=int)
    for role in (torchrun, worker):
        role.add_argument("factory")
        role.add_argument("folder", type=Path)
        role.add_argument("--resume", action="store_true")
    options = parser.parse_args(arguments)
    _follow_parent()
    if options.role == "worker":
        code = _worker(options.factory, options.folder, options.resume)
        sys.stdout.flush()
        sys.stderr.flush()
        # gloo's threads now and then abort the interpreter while it shuts down, which would turn a finished
        # training into a failed one. Everything is closed and written by now.
        os._exit(code)
    rest = [options.factory, str(options.folder), *(["--resume"] if options.resume else [])]
    _torchrun(options.processes, rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
