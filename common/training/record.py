"""The run folder and what it says of a run: settings, data, versions, hardware, time, energy, scores.

runs/<pilot>/<yyyymmdd-hhmmss>-<4 letters>/
config.toml     everything that was set, seeds too
record.json     the record below, replaced whole
metrics.jsonl   one JSON object a line, with the step
checkpoints/    complete ones only
model/          the stored model, once there is one
log.txt         what happened, with the time (UTC)
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import secrets
import string
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from common import faults
from common.errors import StoreError, TrainingError
from common.store import atomic_write, refusal, save_model
from common.training.power import Meter

CONFIG, RECORD, METRICS, LOG = "config.toml", "record.json", "metrics.jsonl", "log.txt"
CHECKPOINTS, MODEL, LOCK = "checkpoints", "model", ".lock"
LIBRARIES = ("sector-pilots", "torch", "lightning-fabric", "lightgbm", "numpy", "safetensors")


def new_run(runs: Path, pilot: str) -> Path:
    """Make an empty run folder `runs/<pilot>/<yyyymmdd-hhmmss>-<4 letters>/`, named in UTC.

    Raises:
        StoreError: it cannot be made.
    """
    while True:
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
        folder = runs / pilot / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{letters}"
        with refusal("the run folder cannot be made", folder), suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder


def plain(value: Any) -> Any:
    """Settings as TOML takes them: paths as text, None left out, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value if v is not None]
    return value if isinstance(value, bool | int | float | str) else str(value)


def write_config(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write `config.toml`."""
    import tomli_w

    atomic_write(folder / CONFIG, tomli_w.dumps(plain(settings)))


def read_config(folder: Path) -> dict[str, Any]:
    """Read `config.toml`.

    Raises:
        StoreError: it is not there or cannot be read.
    """
    try:
        return tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            "there is no run here that could go on", where=str(folder), mend="name a run folder"
        ) from error


def read_record(folder: Path) -> dict[str, Any]:
    """Read `record.json`; empty when there is none yet.

    Raises:
        StoreError: it is there but cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StoreError("the record cannot be read", where=str(folder / RECORD)) from error
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide what comes out."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware(gpus: int = 0) -> dict[str, Any]:
    """Processor, cores, memory, and GPUs in use; no host name."""
    found: dict[str, Any] = {
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
    }
    if gpus:
        import torch

        found["gpus"] = [torch.cuda.get_device_name(i) for i in range(min(gpus, torch.cuda.device_count()))]
    return found


class Run:
    """An open run folder, for the one process that writes it. Use it in a `with` block.

    Leaving the block notes how the run ended: finished, interrupted or failed. Time and energy go on
    counting where a resumed run left off.

    Args:
        folder: the run folder; made when it is not there.
        pilot, task: names for the record.
        settings: everything that was set; None: `config.toml` stays as it is.
        data: fingerprint of the data.
        resume: go on with a run; False: the folder must not hold one.
        processes, gpus: what it runs on.

    Raises:
        TrainingError: the folder is in use, holds a run already, or the data have changed since.
        StoreError: it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pilot: str,
        task: str,
        settings: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        resume: bool = False,
        processes: int = 1,
        gpus: int = 0,
    ) -> None:
        self.folder = folder
        self._lock = _locked(folder)
        try:
            before = read_record(folder)
            fingerprint = json.loads(json.dumps(dict(data or {}), default=str))
            if before and not resume:
                raise TrainingError("there is a run here already", where=str(folder), mend="resume it")
            if before and before.get("data") != fingerprint:
                raise TrainingError(
                    "the data have changed since this run began", where=str(folder), mend="start a new run"
                )
            if settings is not None:
                write_config(folder, settings)
            self.facts: dict[str, Any] = {
                "pilot": pilot,
                "task": task,
                "started_utc": _now(),
                "resumed": 0,
                "duration_s": 0.0,
                "energy_kwh": 0.0,
                "co2_g": 0.0,
            }
            self.facts |= before
            self.facts["resumed"] += 1 if before else 0
            self.facts |= {
                "state": "running",
                "data": fingerprint,
                "versions": versions(),
                "hardware": hardware(gpus),
                "processes": processes,
                "scores": before.get("scores", {}),
            }
            self._before = {k: float(self.facts[k]) for k in ("duration_s", "energy_kwh", "co2_g")}
            self._meter = Meter(gpus, processes)
            self._began = time.monotonic()
            self._metrics = (folder / METRICS).open("a", encoding="utf-8")
            self.save()
        except BaseException:
            os.close(self._lock)
            raise

    def metrics(self, **values: Any) -> None:
        """Add a line to `metrics.jsonl`; it is flushed, not synced."""
        with refusal("the metrics cannot be written", self.folder / METRICS):
            self._metrics.write(json.dumps(values, default=float) + "\n")
            self._metrics.flush()

    def forget_after(self, step: int) -> None:
        """Drop the metrics of steps that will be done again."""
        path = self.folder / METRICS
        kept = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line).get("step", 0) <= step:
                    kept.append(line + "\n")
            except ValueError:
                continue  # the last line of a killed run may be cut short
        self._metrics.close()
        atomic_write(path, "".join(kept))
        self._metrics = path.open("a", encoding="utf-8")

    def log(self, text: str) -> None:
        """Add a line to `log.txt`."""
        path = self.folder / LOG
        with refusal("the log cannot be written", path), path.open("a", encoding="utf-8") as handle:
            handle.write(f"{_now()} {text}\n")

    def save(self, **facts: Any) -> None:
        """Bring time and energy up to date, add facts, and replace `record.json`."""
        energy = self._meter.read()
        self.facts |= {
            "updated_utc": _now(),
            "duration_s": round(self._before["duration_s"] + time.monotonic() - self._began, 3),
            "energy_kwh": self._before["energy_kwh"] + energy.kwh,
            "co2_g": self._before["co2_g"] + energy.co2_g,
            "energy_source": energy.source,
            "co2_g_kwh": self._meter.co2_g_kwh,
        }
        self.facts |= facts
        atomic_write(self.folder / RECORD, json.dumps(self.facts, indent=2, ensure_ascii=False, default=str))

    def save_model(self, write: Callable[[Path], None], card: Mapping[str, Any]) -> Path:
        """Store the trained model in `model/`; its card names the run, its data and its scores."""
        facts = {"pilot": self.facts["pilot"], "name": self.facts["task"], "run": self.folder.name}
        facts |= {"data": self.facts["data"], "metrics": self.facts["scores"]}
        return save_model(
            self.folder / MODEL, write, facts | {"versions": self.facts["versions"]} | dict(card)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        state = "finished" if error is None else "interrupted" if stopped else "failed"
        try:
            self.log(state if error is None or stopped else f"{state}: {faults.kind(error)}")
            self.save(state=state)
        except (OSError, StoreError):
            if error is None:
                raise  # otherwise the first error is the one to tell
        finally:
            self._metrics.close()
            os.close(self._lock)


def _locked(folder: Path) -> int:
    with refusal("the run folder cannot be written", folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise TrainingError(
            "another process is training in this run folder",
            where=str(folder),
            mend="wait for it, or stop it",
        ) from error
    return handle


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
