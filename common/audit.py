"""The audit log: who asks later what was run on which data finds it here, and sees if a line was touched.

One JSON object a line in `audit/log.jsonl` of the PILOTS_HOME folder. Each holds the hash of the line before
and its own; how many there are and the last one's hash (the head) are kept apart, by default in
`seal/audit-head.json`, or in the file that PILOTS_AUDIT_HEAD names, so that an operator can put it on
another disk. No line holds a user's name, a file's name, a content or a place.

A line is written in three steps: the head announces it, the line itself, the head counts it. A process that
is killed between them leaves an announcement, by which the next one completes the log; without one, a line
too few or a line cut short is tampering. New lines always follow the head, never the last line found: what
was changed before stays visible for good.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from common import home
from common.errors import StoreError

FOLDER, LOG, LOCK = "audit", "log.jsonl", ".lock"
SEAL, HEAD = "seal", "audit-head.json"
HEAD_VARIABLE = "PILOTS_AUDIT_HEAD"
START = "0" * 64
"""Stands for the hash of the line before the first."""
LOCK_TIMEOUT_S = 10.0
LONGEST_LINE = 64 * 1024

Outcome = Literal["done", "refused", "failed", "stopped"]


@dataclass(frozen=True)
class Entry:
    """What one line says of one run.

    Attributes:
        pilot: name of the pilot, "unknown" where there is none of the name that was given.
        action: run, train, evaluate, import, …
        outcome: done, refused (the user's input), failed (the suite or the machine), or stopped.
        exit_code: of the command.
        inputs: sha256 of each file that was brought.
        data: hashes (hexadecimal) of what was read out of them, as the result's provenance has them.
        model: sha256 of the stored model's manifest, or the name of a model that was trained on the way.
        code: version of the suite, and the git commit where there is one.
        error_id: id of a fault in `log/faults.jsonl`, "" where there was none.
        reason: why a person decided so, one word of a list of the pilot's; "" where nobody did.
    """

    pilot: str
    action: str
    outcome: Outcome
    exit_code: int
    inputs: Sequence[str] = ()
    data: Sequence[str] = ()
    model: str = ""
    code: str = ""
    error_id: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Head:
    """How the log stands, kept apart from it.

    Attributes:
        count: number of lines.
        hash: of the last line.
        pending: the line that is being written, or "".
    """

    count: int = 0
    hash: str = START
    pending: str = ""


@dataclass(frozen=True)
class Paths:
    """Where the log and its head are."""

    log: Path = field(default_factory=lambda: home.folder() / FOLDER / LOG)
    head: Path = field(
        default_factory=lambda: Path(os.environ.get(HEAD_VARIABLE) or home.folder() / SEAL / HEAD)
    )


def append(entry: Entry, paths: Paths | None = None) -> None:
    """Add one line, on disk when this returns.

    Raises:
        StoreError: the log or its head cannot be written, or another process holds the log too long.
    """
    paths = paths or Paths()
    try:
        paths.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(paths.log.parent):
            head = _recovered(paths)
            facts = asdict(entry) | {"at": datetime.now(UTC).isoformat(timespec="milliseconds")}
            line = sealed(facts, head.count + 1, head.hash)
            _write_head(paths.head, Head(head.count, head.hash, line))
            _add(paths.log, (b"\n" if _unfinished(paths.log) else b"") + line.encode() + b"\n")
            _write_head(paths.head, Head(head.count + 1, own_hash(line)))
    except OSError as error:
        raise StoreError(
            f"the audit log cannot be written ({error.strerror or type(error).__name__})",
            mend="free some space, or set PILOTS_HOME to a folder that you may write to",
        ) from error


def sealed(facts: Mapping[str, Any], number: int, before: str) -> str:
    """A line with its number, the hash of the line before, and its own."""
    whole = {**facts, "number": number, "before": before}
    whole.pop("hash", None)
    return canonical(whole | {"hash": hashlib.sha256(canonical(whole).encode()).hexdigest()})


def canonical(facts: Mapping[str, Any]) -> str:
    """The one way in which a line is spelt, so that another spelling of the same facts shows."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def own_hash(line: str) -> str:
    """The hash that a line states."""
    return str(json.loads(line)["hash"])


def read_head(path: Path) -> Head | None:
    """The head; None where there is none.

    Raises:
        StoreError: it is damaged.
    """
    try:
        found = json.loads(path.read_bytes())
        head = Head(found["count"], found["hash"], found["pending"])
        fits = isinstance(head.count, int) and isinstance(head.hash, str) and isinstance(head.pending, str)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise StoreError("the head of the audit log is damaged", mend="put a copy of it back")
    return head


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Keep others from writing the log; readers share it.

    Raises:
        StoreError: another process holds it too long.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise StoreError(
                        "another process holds the audit log", mend="wait for it, or stop it"
                    ) from error
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _recovered(paths: Paths) -> Head:
    """The head to go on from, after completing what a killed process had announced."""
    try:
        head = read_head(paths.head)
    except StoreError:
        # Kept for who looks into it; the new chain that starts here shows as a break for good.
        paths.head.replace(paths.head.with_suffix(".damaged"))
        head = None
    if head is None:
        if os.environ.get(HEAD_VARIABLE) and _tail(paths.log, 1):
            raise StoreError(
                f"the head of the audit log is not where {HEAD_VARIABLE} says",
                mend="mount its disk, or put a copy of it there",
            )
        return Head()
    if not head.pending:
        return head
    line = head.pending.encode() + b"\n"
    if _tail(paths.log, len(line)) != line:
        begun = _unfinished(paths.log)
        _add(paths.log, line[len(begun) :] if line.startswith(begun) else b"\n" + line)
    done = Head(head.count + 1, own_hash(head.pending))
    _write_head(paths.head, done)
    return done


def _unfinished(log: Path) -> bytes:
    """What stands after the last whole line."""
    return _tail(log, LONGEST_LINE).rpartition(b"\n")[2]


def _tail(log: Path, size: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - size, 0))
            return file.read(size)
    except FileNotFoundError:
        return b""


def _add(log: Path, content: bytes) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while content:
            content = content[os.write(handle, content) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    _sync_folder(log.parent)


def _write_head(path: Path, head: Head) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.part")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, canonical(asdict(head)).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems of networks refuse it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
