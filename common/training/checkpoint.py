"""Checkpoints of a run: complete or absent, checked before they are read, for any number of processes.

Tensors go through torch.distributed.checkpoint in its safetensors form, all else is JSON: unlike DCP's own
format, whose metadata is a pickle, nothing here is ever unpickled from a file. (The processes of one run
exchange plans among themselves as DCP does.) A checkpoint is the folder `step-00001200/`:

    shard-*.safetensors   weights, optimiser state, best weights: each process writes its share
    shared.json           what all processes have in common (position in the data, scheduler, ...)
    rank-00000.json       what each has of its own (random states)
    manifest.json         sha256 of every file, last
"""

from __future__ import annotations

import json
import logging
import secrets
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner, DefaultSavePlanner
from torch.distributed.checkpoint.metadata import TensorStorageMetadata

from common.errors import StoreError
from common.store import (
    PREVIOUS,
    clear,
    discard,
    make_folder,
    previous_of,
    publish,
    refusal,
    seal,
    unfinished,
    verify,
    writing,
)

SHARED, OWN, STEP, DAMAGED = "shared.json", "rank-{:05d}.json", "step-", "damaged-"
OPTIONAL = "optimizer."
"""State an optimiser makes only once a parameter had a gradient may be absent from a checkpoint."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one run. All processes of the run call its methods together.

    Args:
        folder: where they are; process 0 makes it and clears what a killed run left half-written.
        keep: how many complete ones stay.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder, self.keep = folder, keep
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        if self.rank == 0:
            with refusal("the folder for checkpoints cannot be made", folder):
                make_folder(folder)
            clear(folder)
        self._barrier()

    def save(
        self,
        step: int,
        tensors: Mapping[str, torch.Tensor],
        shared: Mapping[str, Any],
        own: Mapping[str, Any],
    ) -> Path:
        """Save a checkpoint; older ones beyond `keep` go once it is complete.

        Args:
            step: number of the step it stands after.
            tensors: state by name; DTensors are saved in shards, plain ones by the first process.
            shared: values fit for JSON, the same in all processes.
            own: values fit for JSON, this process's own.

        Raises:
            StoreError: it cannot be written, in any process; the older ones are untouched.
        """
        path = self.folder / f"{STEP}{step:08d}"
        with ExitStack() as block:
            fresh = self._begun(path, block)
            self._together(lambda: self._write_plain(fresh, shared, own))
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="torch.distributed is disabled")
                self._together(
                    lambda: dcp.save(
                        dict(tensors),
                        storage_writer=dcp.HuggingFaceStorageWriter(str(fresh), save_distributed=True),
                        # Buffers may differ between processes (running means): the first one's count.
                        planner=DefaultSavePlanner(dedup_save_to_lowest_rank=True),
                    )
                )
            self._together(lambda: self._complete(fresh, path) if self.rank == 0 else None)
        return path

    def newest(self) -> Path | None:
        """The newest checkpoint that is whole, every file checked; None when there is none.

        A damaged one is renamed to `damaged-step-...`, with a warning in the log, and the one before taken.

        Raises:
            StoreError: there are checkpoints, but none is whole.
        """
        found: Path | None = None
        problem = ""
        if self.rank == 0:
            for path in self._complete_ones():
                try:
                    found = verify(path)
                    break
                except StoreError as error:
                    problem = error.what
                    _log.warning("%s The checkpoint before it is used instead.", error)
                    with suppress(OSError):  # a disk that cannot be written still gives its checkpoints
                        path.replace(self.folder / f"{DAMAGED}{secrets.token_hex(2)}-{path.name}")
        found, problem = _from_first((found, problem))
        if found is None and problem:
            raise StoreError(
                f"no checkpoint is whole ({problem})", where=str(self.folder), mend="start a new run"
            )
        return found

    def shared(self, path: Path) -> dict[str, Any]:
        """The values that all processes have in common, of a checkpoint that `newest` gave."""
        return _read(path / SHARED)

    def load(self, path: Path, tensors: dict[str, torch.Tensor]) -> dict[str, Any] | None:
        """Load a checkpoint that `newest` gave into tensors, in place.

        Returns:
            This process's own values; None when it was saved by fewer processes.

        Raises:
            StoreError: it belongs to another network or optimiser.
        """
        reader = dcp.HuggingFaceStorageReader(str(path))
        stored = {
            name: tuple(entry.size)
            for name, entry in reader.read_metadata().state_dict_metadata.items()
            if isinstance(entry, TensorStorageMetadata)
        }
        wanted = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        differ = [n for n, shape in stored.items() if wanted.get(n) != shape]
        differ += [n for n in wanted if n not in stored and not n.startswith(OPTIONAL)]
        if differ:
            raise StoreError(
                f"'{differ[0]}' does not fit the model that shall be trained",
                where=str(path),
                mend="resume with the settings and version that began this run, or start a new one",
            )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            dcp.load(tensors, storage_reader=reader, planner=DefaultLoadPlanner(allow_partial_load=True))
        own = path / OWN.format(self.rank)
        return _read(own) if own.exists() else None

    def _complete_ones(self) -> list[Path]:
        """Newest first; of one step, the one that was saved before it comes after it."""
        found = self.folder.glob(f"{STEP}*")
        return sorted(
            found, key=lambda p: (p.name.removesuffix(PREVIOUS), not p.name.endswith(PREVIOUS)), reverse=True
        )

    def _begun(self, path: Path, block: ExitStack) -> Path:
        """The unfinished folder that all processes write into; the first one holds it for the block."""
        fresh: Path | None = None

        def begin() -> None:
            nonlocal fresh
            if self.rank == 0:
                fresh = block.enter_context(unfinished(path, folder=True))

        self._together(begin)
        name: str = _from_first(fresh.name if fresh else "")
        return self.folder / name

    def _write_plain(self, fresh: Path, shared: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        fresh.mkdir(exist_ok=True)  # on a network disk it may not show yet
        if self.rank == 0:
            (fresh / SHARED).write_text(json.dumps(shared), encoding="utf-8")
        (fresh / OWN.format(self.rank)).write_text(json.dumps(own), encoding="utf-8")

    def _complete(self, fresh: Path, path: Path) -> None:
        seal(fresh)
        with writing(self.folder):  # one lock for all steps, so that a killed run leaves one file at most
            publish(fresh, path)
        discard(previous_of(path))  # the same step, saved by this run before it was resumed
        for old in self._complete_ones()[self.keep :]:
            with suppress(OSError):
                discard(old)

    def _together(self, act: Any) -> None:
        """Act in every process; when it fails in one, it fails in all, so that none waits for ever."""
        problem: BaseException | None = None
        try:
            act()
        except (Exception, CheckpointException) as error:  # DCP's own is no Exception
            problem = error
        failures = [None if problem is None else _words(problem)]
        if dist.is_initialized():
            gathered: list[Any] = [None] * dist.get_world_size()
            dist.all_gather_object(gathered, failures[0])
            failures = gathered
        first = next((f for f in failures if f), None)
        if first:
            raise StoreError(
                f"the checkpoint cannot be written ({first})",
                where=str(self.folder),
                mend="free some space; the run can be resumed from the checkpoint before it",
            ) from problem

    def _barrier(self) -> None:
        if dist.is_initialized():
            dist.barrier()


def _words(error: BaseException) -> str:
    """The reason in a few words; DCP wraps the error of each process."""
    inner: Any = getattr(error, "failures", None)
    if isinstance(inner, dict) and inner:
        return _words(next(iter(inner.values()))[0])
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return getattr(error, "strerror", None) or lines[-1]


def _from_first(value: Any) -> Any:
    if not dist.is_initialized():
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
