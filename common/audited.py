"""What the audit log is told of a command: gathered while it runs, written when it ends, however it ends."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from common import audit, faults
from common.errors import MissingExtraError, PilotError, StoreError, TrainingError
from common.signals import put_off

MANIFEST = "manifest.json"
MOST_HASHED_BYTES = 1 << 30
"""Files up to this size are hashed: about a second."""
WRITTEN = ("progress_file", "output", "log", "runs")
"""Options that name what a run writes."""
_HASH = re.compile(r"[0-9a-f]{16,64}")
_MODEL = re.compile(r"[\w ()+.,-]{1,80}")
_SUITE = Path(__file__).resolve().parents[1]
_STOPPED = 128
"""Exit codes from here on say that a signal ended the command."""


class Audited:
    """Use it in a `with` block around a command; leaving the block writes the line.

    A line that cannot be written is one warning, never an error. Asking for help is no run: no line.

    Args:
        action: run, train, evaluate, import, …
        pilot: the pilot's name, "unknown" where there is none of that name, "" where none is involved.
        warn: told in one sentence when the line cannot be written.
    """

    def __init__(self, action: str, pilot: str, warn: Callable[[str], None]) -> None:
        self.action, self.pilot, self._warn = action, pilot, warn
        self._options: argparse.Namespace | None = None
        self._data: tuple[str, ...] = ()
        self._model = ""
        self.exit_code = 0

    def options(self, options: argparse.Namespace) -> None:
        """What was asked for: the files that it names, and a stored model, are told by their hashes."""
        self._options = options

    def result(self, provenance: Mapping[str, Any]) -> None:
        """Where a result came from: `input_sha256` (one or several), `model_sha256` or else `model`."""
        data = provenance.get("input_sha256", ())
        several = data if isinstance(data, list | tuple) else [data]
        self._data = tuple(str(one) for one in several if _HASH.fullmatch(str(one)))
        self._model = str(provenance.get("model_sha256") or provenance.get("model") or "")

    def trained(self, folder: Path) -> None:
        """A run folder: its data's hash, and the model that came out."""
        with suppress(OSError, ValueError, AttributeError):
            data = json.loads((folder / "record.json").read_text(encoding="utf-8")).get("data", {})
            self.result({"input_sha256": data.get("sha256", ())})
        self._model = _model_in(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, SystemExit) and error.code in (0, None):
            return
        if not _is_first():
            return
        with put_off():
            try:
                audit.append(self._entry(error))
            except PilotError as refused:
                self._warn(f"this run is not in the audit log: {refused}")
            except Exception as fault:
                self._warn(f"this run is not in the audit log: {faults.words(fault)}")

    def _entry(self, error: BaseException | None) -> audit.Entry:
        outcome, code = _ended(error, self.exit_code)
        model, inputs = self._model, list[str]()
        if self._options is not None:
            named = getattr(self._options, "trained", None)
            model = (_model_in(Path(named)) if named else "") or model
            inputs = list(_hashes(self._options))
        return audit.Entry(
            pilot=self.pilot,
            action=self.action,
            outcome=outcome,
            exit_code=code,
            inputs=inputs,
            data=self._data,
            model=model if _MODEL.fullmatch(model) else "",
            code=code_version(),
            error_id=faults.note(error) if error is not None and code == 1 else "",
        )


def _ended(error: BaseException | None, exit_code: int) -> tuple[audit.Outcome, int]:
    if error is None or isinstance(error, BrokenPipeError):  # who read along went away; the work was done
        return ("done" if exit_code == 0 else "failed"), exit_code
    if isinstance(error, KeyboardInterrupt):
        return "stopped", 130
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 1
        return ("stopped" if code >= _STOPPED else "refused"), code
    if isinstance(error, StoreError | TrainingError | MissingExtraError):
        return "failed", error.exit_code
    if isinstance(error, PilotError):
        return "refused", error.exit_code
    return "failed", 1


def _hashes(options: argparse.Namespace) -> Iterator[str]:
    """Sha256 of the files that options name."""
    for name, value in vars(options).items():
        if name in WRITTEN:
            continue
        for path in value if isinstance(value, list | tuple) else [value]:
            if isinstance(path, Path):
                with suppress(OSError):
                    if path.is_file() and path.stat().st_size <= MOST_HASHED_BYTES:
                        with path.open("rb") as file:
                            yield hashlib.file_digest(file, "sha256").hexdigest()


def _model_in(folder: Path) -> str:
    """Sha256 of a stored model's manifest, which holds the hashes of its files; "" where there is none."""
    for place in (folder / "model", folder):
        with suppress(OSError):
            return hashlib.sha256((place / MANIFEST).read_bytes()).hexdigest()
    return ""


def code_version() -> str:
    """Version of the suite, and the git commit where it runs from a checkout ("0.1.0 29b7ca2…")."""
    try:
        version = metadata.version("sector-pilots")
    except metadata.PackageNotFoundError:
        version = "unknown"
    return f"{version} {_commit()}".strip()


def _commit() -> str:
    git = _SUITE / ".git"
    with suppress(OSError):
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        name = head.removeprefix("ref: ")
        if name == head:
            return head if _HASH.fullmatch(head) else ""
        with suppress(OSError):
            found = (git / name).read_text(encoding="utf-8").strip()
            return found if _HASH.fullmatch(found) else ""
        for line in (git / "packed-refs").read_text(encoding="utf-8").splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name and _HASH.fullmatch(commit):
                return commit
    return ""


def _is_first() -> bool:
    # Under torchrun or Slurm every process runs the command; one line a run is enough.
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "SLURM_PROCID"))
