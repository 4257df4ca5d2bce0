"""What the vault's drills store and read back: a model, a result, a checkpoint and a record, each stamped.

    python benchmarks/vault_things.py

is the process that the drills kill. It reads lines "KIND FOLDER WRITER FIRST COUNT" and forks a writer for
each, which stores things with rising numbers: so that heavy imports are paid for once. It says "begun PID",
"stored NUMBER", and "ended PID killed" or "ended PID itself".
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from common.errors import StoreError
from common.pilot import Result
from common.results import read_result, write_result
from common.store import atomic_write, reading, save_model

KINDS = ("model", "result", "record", "checkpoint")
SIZE_BYTES = 200_000
"""Large enough that a kill often comes while it is written."""


def store(kind: str, folder: Path, stamp: str, number: int, size_bytes: int = SIZE_BYTES) -> None:
    """Store one thing, every part of which says who stored it and the how many-th it is."""
    mark = f"{stamp} {number}"
    if kind == "model":

        def write(fresh: Path) -> None:
            (fresh / "weights.bin").write_bytes(_filled(mark, size_bytes))
            (fresh / "inner").mkdir()
            (fresh / "inner" / "settings.json").write_text(json.dumps(mark))

        save_model(folder / "model", write, {"name": mark})
    elif kind == "result":
        import pandas as pd

        table = pd.DataFrame({"mark": [mark], "rest": [os.urandom(size_bytes).hex()]})
        write_result(Result(mark, {"marks": table}, {"number": number}), folder)
    elif kind == "record":
        atomic_write(folder / "record.json", json.dumps([mark, "x" * size_bytes, mark]))
    else:
        import torch

        from common.training.checkpoint import Checkpoints

        tensors = {"model.a": torch.full((size_bytes // 4,), float(number))}
        Checkpoints(folder / "checkpoints").save(
            number, tensors, {"mark": mark, "size_bytes": size_bytes}, {}
        )


def opened(kind: str, folder: Path) -> tuple[str, int]:
    """Who stored what is there, and the how many-th it is.

    Raises:
        StoreError: nothing whole is there.
        AssertionError: its parts are not of one and the same.
    """
    marks: set[Any]
    if kind == "model":
        with reading(folder / "model") as checked:
            weights = (checked / "weights.bin").read_bytes()
            marks = {json.loads((checked / "inner" / "settings.json").read_text())}
            marks.add(json.loads((checked / "card.json").read_text())["name"])
            assert weights == _filled(next(iter(marks)), len(weights)), "two models are mixed"
    elif kind == "result":
        result = read_result(folder)
        marks = {result.summary, *result.tables["marks"]["mark"]}
    elif kind == "record":
        found = json.loads((folder / "record.json").read_text())
        marks = {found[0], found[-1]}
    else:
        marks = {_of_checkpoint(folder)}
    (mark,) = marks
    writer, number = str(mark).split()
    return writer, int(number)


def _of_checkpoint(folder: Path) -> str:
    import torch

    from common.training.checkpoint import Checkpoints

    checkpoints = Checkpoints(folder / "checkpoints")
    path = checkpoints.newest()
    if path is None:
        raise StoreError("there is no checkpoint", where=str(folder))
    shared = checkpoints.shared(path)
    mark = str(shared["mark"])
    tensors = {"model.a": torch.zeros(shared["size_bytes"] // 4)}
    checkpoints.load(path, tensors)
    assert (tensors["model.a"] == float(mark.split()[1])).all(), "two checkpoints are mixed"
    return mark


def _filled(mark: str, size_bytes: int) -> bytes:
    line = mark.encode() + b"\n"
    return (line * (size_bytes // len(line) + 1))[:size_bytes]


def _say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def _write(kind: str, folder: Path, stamp: str, first: int, count: int) -> None:
    for number in range(first, first + count):
        store(kind, folder, stamp, number)
        _say(f"stored {number}")


def _serve() -> None:
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import torch

    import common.training.checkpoint  # noqa: F401

    torch.set_num_threads(1)
    for line in sys.stdin:
        kind, folder, stamp, first, count = line.rstrip("\n").split("\t")
        if child := os.fork():
            _say(f"begun {child}")
            _, status = os.waitpid(child, 0)
            _say(f"ended {child} {'killed' if os.WIFSIGNALED(status) else 'itself'}")
            continue
        code = 1
        try:
            _write(kind, Path(folder), stamp, int(first), int(count))
            code = 0
        finally:
            os._exit(code)


if __name__ == "__main__":
    _serve()
