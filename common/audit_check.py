"""Whether the audit log is as it was written, and what it says: `pilots audit verify | show`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import audit
from common.errors import StoreError

DAMAGED = 5
"""Exit code when something is found."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Found:
    """One thing that is not as it was written.

    Attributes:
        line: number of the line in the log, counted from 1.
        what: what is wrong with it, as a clause.
    """

    line: int
    what: str


@dataclass(frozen=True)
class Report:
    """What a check of the log came to.

    Attributes:
        lines: how many lines there are.
        found: what is not as it was written, in the order of the lines; empty: the log is whole.
        interrupted: whether a process was ended while it wrote the last line; the next one completes it.
    """

    lines: int
    found: tuple[Found, ...]
    interrupted: bool = False


def verify(paths: audit.Paths | None = None) -> Report:
    """Compare every line with its hash, its neighbours and the head.

    Raises:
        StoreError: the log or its head cannot be read.
    """
    paths = paths or audit.Paths()
    folder = paths.log.parent
    try:
        # A log on a read-only disk has no writer to keep out.
        writable = folder.is_dir() and _can_lock(folder)
        with audit.locked(folder, shared=True) if writable else nullcontext():
            return _verify(paths)
    except OSError as error:
        raise StoreError(f"the audit log cannot be read ({error.strerror})") from error


def _can_lock(folder: Path) -> bool:
    try:
        (folder / audit.LOCK).open("a").close()
    except OSError:
        return False
    return True


def _verify(paths: audit.Paths) -> Report:
    found: list[Found] = []
    try:
        head = audit.read_head(paths.head)
    except StoreError as error:
        head = None
        found.append(Found(0, error.what))
    at, due, before, part = 0, 1, audit.START, b""
    for raw in _lines(paths.log):
        if not raw.endswith(b"\n"):
            part = raw
            break
        at += 1
        facts = _parsed(raw[:-1])
        if facts is None:
            # What a changed line says of itself is not believed, so nothing is held against the next one.
            found.append(Found(at, "it was changed"))
            due, before = due + 1, ""
            continue
        if facts["number"] != due or (before and facts["before"] != before):
            found.append(Found(at, _misplaced(facts["number"], due)))
        due, before = facts["number"] + 1, facts["hash"]
    if head is None:
        if (at or part) and not found:
            found.append(Found(0, "the head of the log is missing"))
        return Report(at, tuple(found))
    going_on = before == head.hash and due == head.count + 1
    if part and not (going_on and head.pending.encode().startswith(part)):
        found.append(Found(at + 1, "it is cut short"))
    if head.pending and before == audit.own_hash(head.pending):
        return Report(at, tuple(found), True)  # written, and not yet counted
    if not going_on:
        found += _against(head, at, due - 1, before)
    return Report(at, tuple(found), bool(head.pending))


def _against(head: audit.Head, at: int, last: int, before: str) -> list[Found]:
    """What the head says of the end of the log, whose last line stands at `at` and says it is `last`."""
    if last < head.count:
        return [
            Found(at, f"the log ends here, and its head counts {head.count}: the rest was cut or replaced")
        ]
    if last > head.count:
        return [Found(at, f"its head counts {head.count}: what follows that was added")]
    if before:
        return [Found(at, "its head knows another last line: this one, or all from some line on, is new")]
    return []


def _lines(log: Path) -> Iterator[bytes]:
    try:
        with log.open("rb") as file:
            while line := file.readline(audit.LONGEST_LINE):
                yield line
    except FileNotFoundError:
        return


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """A line whose own hash and spelling hold; None: it was changed."""
    try:
        facts = json.loads(raw)
        whole = audit.sealed(facts, facts["number"], facts["before"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fits = whole.encode() == raw and type(facts["number"]) is int and _HASH.fullmatch(str(facts["before"]))
    return facts if fits else None


def _misplaced(stated: int, due: int) -> str:
    if stated > due:
        return f"it says that it is number {stated}, and {due} is due: lines were removed or reordered"
    if stated < due:
        return f"it says that it is number {stated}, and {due} is due: it was put in, repeated or reordered"
    return "it does not follow from the line before: one of the two was changed or put in"


def read(last: int, paths: audit.Paths | None = None) -> list[dict[str, Any]]:
    """The last lines as they stand, without a check; what cannot be read is left out.

    Raises:
        StoreError: the log cannot be read.
    """
    paths = paths or audit.Paths()
    try:
        kept = deque(_lines(paths.log), maxlen=last)
    except OSError as error:
        raise StoreError(f"the audit log cannot be read ({error.strerror})") from error
    return [facts for raw in kept if (facts := _parsed(raw.rstrip(b"\n"))) is not None]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare `pilots audit verify` and `pilots audit show`."""
    parser = commands.add_parser("audit", help="check or show the log of what was run")
    actions = parser.add_subparsers(dest="audit", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="find changed, removed, reordered, inserted or cut lines")
    shown = actions.add_parser("show", help="show the newest lines")
    shown.add_argument("--last", type=int, default=20, metavar="N", help="how many (default: %(default)s)")
    for action in (check, shown):
        action.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Do what `pilots audit` was asked; 5 when the log is not as it was written."""
    if options.audit == "show":
        return _show(read(max(options.last, 1)), options.json)
    from common.language import chosen
    from common.language import sentence as said

    report = verify()
    if options.json:
        print(json.dumps(asdict(report)))
    else:
        for sentence in _told(report):
            print(said(sentence, chosen()))
    if report.found:
        print(f"pilots: {said('the audit log is not as it was written.', chosen())}", file=sys.stderr)
        return DAMAGED
    return 0


def _told(report: Report) -> Iterator[str]:
    for one in report.found:
        yield f"line {one.line}: {one.what}" if one.line else one.what
    if not report.found:
        yield f"{report.lines:,} lines, all as they were written"
    if report.interrupted:
        yield "the last line was being written when its process was ended; the next run completes it"


def _show(lines: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        print(json.dumps(lines))
        return 0
    for facts in lines:
        inputs = ", ".join(str(one)[:12] for one in facts.get("inputs") or facts.get("data", ())) or "-"
        what = f"{facts.get('action', '')} {facts.get('pilot', '')}".strip()
        ended = f"{facts.get('outcome', '')} ({facts.get('exit_code', '')})"
        fault = f"  fault {facts['error_id']}" if facts.get("error_id") else ""
        fault += f"  because: {facts['reason']}" if facts.get("reason") else ""
        model, when = str(facts.get("model", ""))[:12] or "-", str(facts.get("at", ""))[:19]
        print(f"{facts['number']:>6}  {when}Z  {what:<20} {ended:<14} input {inputs}  model {model}{fault}")
    if not lines:
        from common.language import chosen, sentence

        print(sentence("the audit log is empty", chosen()))
    return 0
