"""Faults of the suite itself: each gets an id that a user can name, and where it arose goes to a log.

The log (`log/faults.jsonl` in the PILOTS_HOME folder) says when, which kind, and which functions were on the
way. An exception's message, arguments and local values may hold what a user brought, so they are never
written, here or by any logger of a process that calls `discreet_logging`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import secrets
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from common import home

FOLDER, FILE, OLDER = "log", "faults.jsonl", "faults.1.jsonl"
MOST_BYTES = 1_000_000
"""Size from which the log is moved aside; one older file stays, so that both take 2 MB at most."""
MOST_FRAMES = 40
MOST_CAUSES = 5
_MARK = "_pilots_fault_id"
_SUITE = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"[\w.<>]{1,120}")


def note(error: BaseException) -> str:
    """Write down where a fault arose and return its id; the same exception keeps its id.

    Returns:
        Eight hexadecimal digits. They are returned even where the log cannot be written: this never raises.
    """
    known = getattr(error, _MARK, None)
    if isinstance(known, str):
        return known
    with suppress(Exception):
        name = _noted(_chain(error))
        setattr(error, _MARK, name)
        return name
    return secrets.token_hex(4)


def note_told(name: str, frames: Sequence[str]) -> str:
    """As `note`, for a fault in another process of the suite, which told its kind and where it arose.

    Args:
        name: the exception's class.
        frames: "module:function:line", the outermost first.
    """
    places = [":".join(_safe(part) for part in frame.split(":")) for frame in frames[-MOST_FRAMES:]]
    return _noted([{"kind": _safe(name), "frames": places}])


def _noted(chain: Sequence[Mapping[str, Any]]) -> str:
    name = secrets.token_hex(4)
    with suppress(Exception):
        facts = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "id": name, "faults": chain}
        _append(json.dumps(facts) + "\n")
    return name


def kind(error: BaseException) -> str:
    """The kind of an exception, as its class is called."""
    return _safe(type(error).__name__)


def discreet_logging() -> None:
    """Keep exceptions out of every log of this process: their kind and an id stand in for them.

    Libraries log exceptions with message and traceback (Streamlit does for a page that fails, asyncio for
    a task), and a message may quote a cell or a file's name. This takes hold where a record is made, so
    before any handler, whoever sets one up. Calling it again changes nothing.
    """
    before = logging.getLogRecordFactory()
    if getattr(before, _MARK, False):
        return

    def make(*given: Any, **named: Any) -> logging.LogRecord:
        record = before(*given, **named)
        with suppress(Exception):
            _make_discreet(record)
        return record

    setattr(make, _MARK, True)
    logging.setLogRecordFactory(make)


def _make_discreet(record: logging.LogRecord) -> None:
    if isinstance(record.args, tuple):
        record.args = tuple(_stand_in(part) for part in record.args)
    elif isinstance(record.args, dict):
        record.args = {key: _stand_in(part) for key, part in record.args.items()}
    if isinstance(record.msg, BaseException):
        record.msg, record.args = _stand_in(record.msg), ()
    error = record.exc_info[1] if record.exc_info else None
    record.exc_info, record.exc_text = None, None
    if error is not None:
        words = f"({kind(error)}, id {note(error)})"
        record.msg = f"{record.msg} {words.replace('%', '%%') if record.args else words}"


def _stand_in(part: object) -> Any:
    return kind(part) if isinstance(part, BaseException) else part


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """The exception and what caused it, latest first."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and len(found) < MOST_CAUSES:
        seen.add(id(now))
        frames = [_place(frame, line) for frame, line in traceback.walk_tb(now.__traceback__)]
        found.append({"kind": kind(now), "frames": frames[-MOST_FRAMES:]})
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return found


def _place(frame: FrameType, line: int) -> str:
    """module:function:line."""
    module = str(frame.f_globals.get("__name__", "?"))
    if module == "__main__":
        # The pages of the app and `python -m` run under this name; a script elsewhere stays nameless.
        with suppress(ValueError):
            inside = Path(frame.f_code.co_filename).resolve().relative_to(_SUITE)
            module = ".".join(inside.with_suffix("").parts)
    return f"{_safe(module)}:{_safe(frame.f_code.co_qualname)}:{line}"


def _safe(name: str) -> str:
    # Names of modules, functions and classes are code. What does not look like one was made at run time.
    return name if _NAME.fullmatch(name) else "?"


def _append(line: str) -> None:
    folder = home.folder() / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held for one short write
        path = folder / FILE
        if path.exists() and path.stat().st_size + len(line) > MOST_BYTES:
            path.replace(folder / OLDER)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
    finally:
        os.close(lock)


def words(error: BaseException) -> str:
    """The sentence on a fault for users, in English, with its id."""
    return (
        f"a fault of the suite itself ({kind(error)}, id {note(error)}); run it again with --debug to see "
        "where, or give the id to who keeps the suite."
    )
