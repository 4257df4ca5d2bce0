"""How many random edits of an audit log `pilots audit verify` finds.

    python benchmarks/reliability_audit.py [--times 1000] [--seed 1]

A log of 200 lines is written as the command line writes it. Each edit is made on a copy: one bit turned over,
a field changed with its hash made anew, a line removed, two swapped, one repeated, one put in, the end cut,
cut within a line, the whole log replaced by an older copy, or everything from some line on made anew with a
chain that holds. The head, which an operator keeps elsewhere, is not edited.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from common import audit
from common.audit_check import verify

LINES = 200
OUTCOMES: tuple[audit.Outcome, ...] = ("done", "refused", "failed", "stopped")


def write_log(paths: audit.Paths, chance: random.Random, lines: int = LINES) -> None:
    for _ in range(lines):
        outcome = chance.choice(OUTCOMES)
        audit.append(
            audit.Entry(
                pilot=chance.choice(("energy", "logistics", "unknown")),
                action=chance.choice(("run", "train", "evaluate")),
                outcome=outcome,
                exit_code=OUTCOMES.index(outcome),
                inputs=[f"{chance.getrandbits(256):064x}"] * chance.randint(0, 2),
                data=[f"{chance.getrandbits(64):016x}"],
                model="trees",
                code="0.1.0",
                error_id=f"{chance.getrandbits(32):08x}" if outcome == "failed" else "",
            ),
            paths,
        )


def _chained(lines: list[str], first: int, before: str) -> list[str]:
    """Lines with fresh numbers and hashes that hold among themselves."""
    made = []
    for number, line in enumerate(lines, first):
        made.append(audit.sealed(json.loads(line), number, before))
        before = audit.own_hash(made[-1])
    return made


def _changed(line: str, chance: random.Random) -> str:
    facts = json.loads(line)
    facts |= chance.choice(
        ({"outcome": "denied"}, {"pilot": "other"}, {"exit_code": 99}, {"inputs": ["0" * 64]}, {"at": "2020"})
    )
    return audit.sealed(facts, facts["number"], facts["before"])


def bit(log: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(log))
    return log[:at] + bytes([log[at] ^ 1 << chance.randrange(8)]) + log[at + 1 :]


def end_cut(log: bytes, chance: random.Random) -> bytes:
    return b"".join(log.splitlines(keepends=True)[: chance.randrange(LINES)])


def cut_within(log: bytes, chance: random.Random) -> bytes:
    return log[: chance.randrange(len(log))]


def _by_lines(edit: Callable[[list[str], int, random.Random], list[str]]) -> Callable[..., bytes]:
    def made(log: bytes, chance: random.Random) -> bytes:
        lines = log.decode().splitlines()
        return "".join(f"{line}\n" for line in edit(lines, chance.randrange(len(lines)), chance)).encode()

    return made


def _swapped(lines: list[str], at: int, chance: random.Random) -> list[str]:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return lines


def _put_in(lines: list[str], at: int, chance: random.Random) -> list[str]:
    before = audit.own_hash(lines[at - 1]) if at else audit.START
    return [*lines[:at], *_chained([_changed(chance.choice(lines), chance)], at + 1, before), *lines[at:]]


def _made_anew(lines: list[str], at: int, chance: random.Random) -> list[str]:
    before = audit.own_hash(lines[at - 1]) if at else audit.START
    return lines[:at] + _chained([_changed(lines[at], chance), *lines[at + 1 :]], at + 1, before)


def edits_on(older: bytes) -> dict[str, Callable[[bytes, random.Random], bytes]]:
    """The kinds of edit; `older` is an earlier copy of the log."""
    return {
        "a bit turned over": bit,
        "a field changed, its hash made anew": _by_lines(
            lambda lines, at, chance: [*lines[:at], _changed(lines[at], chance), *lines[at + 1 :]]
        ),
        "a line removed": _by_lines(lambda lines, at, chance: lines[:at] + lines[at + 1 :]),
        "two lines swapped": _by_lines(_swapped),
        "a line repeated": _by_lines(lambda lines, at, chance: [*lines[:at], lines[at], *lines[at:]]),
        "a line put in": _by_lines(_put_in),
        "the end cut": end_cut,
        "cut within a line": cut_within,
        "an older copy put back": lambda log, chance: older,
        "all from a line on made anew": _by_lines(_made_anew),
    }


def kinds_found(times: int, seed: int) -> dict[str, tuple[int, int]]:
    """Edits found and made, by kind; the kinds take turns.

    Args:
        times: how many edits.
        seed: of everything random.
    """
    chance = random.Random(seed)
    made, found = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        paths = audit.Paths(Path(folder) / "audit" / "log.jsonl", Path(folder) / "seal" / "head.json")
        write_log(paths, chance, LINES - 50)
        older = paths.log.read_bytes()
        write_log(paths, chance, 50)
        log = paths.log.read_bytes()
        assert not verify(paths).found
        kinds = edits_on(older)
        for number in range(times):
            name = list(kinds)[number % len(kinds)]
            while (edited := kinds[name](log, chance)) == log:
                continue  # bytes that stay the same are no edit
            paths.log.write_bytes(edited)
            made[name] += 1
            found[name] += bool(verify(paths).found)
        paths.log.write_bytes(log)
        assert not verify(paths).found
    return {name: (found[name], made[name]) for name in made}


def edits(times: int, seed: int) -> int:
    """How many of `times` random edits of a log of 200 lines are found."""
    return sum(found for found, _ in kinds_found(times, seed).values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = kinds_found(options.times, options.seed)
    for name, (found, made) in kinds.items():
        print(f"{name:<38} {found:>5} of {made}")
    print(f"{'all':<38} {sum(f for f, _ in kinds.values()):>5} of {sum(m for _, m in kinds.values())}")


if __name__ == "__main__":
    main()
