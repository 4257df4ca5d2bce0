"""What gets in, what gets lost, who is talked to: one table for the door, the vault, the log and the network.

    python benchmarks/reliability.py [--json] [--quick] [--bad-inputs FOLDER] [--only inputs vault …]

The crafted inputs lie beside the benchmark data (`PILOTS_DATA`), or in FOLDER with a manifest.json of the
same form. Connections are counted by strace. `--quick` does a tenth of the vault's and the log's trials and
leaves out the fuzzing; `--examples 2000` sets how many each reader's fuzz test does.

Keys: `refused`, `sanitised`, `accepted`, `leaks`, `requests`, `code_run`, `deaths`, `kill9_ok`,
`corrupt_silent`, `connects`, `listeners`, `audit_found`; and `refused_of`, `fuzz_failed`, `cost_ratio_*`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

Row = tuple[str, str, str, str]
PARTS = ("inputs", "cost", "vault", "audit", "network", "fuzz")


def inputs(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """The crafted files."""
    from benchmarks.reliability_inputs import generate, run

    with tempfile.TemporaryDirectory() as place:
        folder = options.bad_inputs or generate(Path(place) / "bad")
        if folder is None:
            return [("crafted inputs", "not here", "", "set PILOTS_DATA, or give --bad-inputs")]
        trace = Path(place) / "trace" if shutil.which("strace") else None
        outcomes, counts = run(Path(folder), Path(place) / "home", trace)
    rows = []
    for key, expect, before in (
        ("refused", "refuse", "27 of 94"),
        ("sanitised", "sanitise", ""),
        ("accepted", "accept", "1 of 10 awkward CSVs"),
    ):
        found = [outcome for outcome in outcomes if outcome.expect == expect]
        good = sum(outcome.good for outcome in found)
        numbers[key], numbers[f"{key}_of"] = good, len(found)
        rows.append((f"crafted inputs {key}", f"{good} of {len(found)}", f"{len(found)}", before))
        rows += [(f"  {o.file}", o.said[:90], "", "") for o in found if not o.good]
    numbers |= counts
    known = {"leaks": "9", "requests": "4", "code_run": "2", "deaths": "6"}
    rows += [(name.replace("_", " "), str(counts[name]), "0", before) for name, before in known.items()]
    slowest, largest = max(o.seconds for o in outcomes), max(o.peak_bytes for o in outcomes) / 2**20
    rows.append(
        (
            "slowest file, most memory of all processes",
            f"{slowest:.1f} s, {largest:.0f} MiB",
            "10 s, 1024",
            "",
        )
    )
    return rows


def cost(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """What the door costs."""
    from benchmarks.reliability_cost import costs

    rows = []
    for what, ours, theirs, fine in costs():
        numbers["cost_ratio_" + what.split()[2].lower()] = round(ours / theirs, 2)
        goal = "1.3x + 50 ms" if fine else "1.3x + 50 ms: MISSED"
        rows.append((what, f"{ours * 1e3:.0f} ms", goal, f"{theirs * 1e3:.0f} ms"))
    return rows


def vault(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """What survives."""
    from benchmarks import reliability_vault as drills

    times, flips = (20, 100) if options.quick else (200, 1000)
    numbers["kill9_ok"] = fine = drills.kill9(times)
    numbers["corrupt_silent"] = silent = drills.corruptions(flips, 37)
    return [
        (f"kill -9 while saving, {times} times: loadable", str(fine), str(times), "1 of 12"),
        (f"cut at every 37th byte and {flips} bit flips: loaded silently", str(silent), "0", "374 of 400"),
        *(row for name in ("full_disk", "read_only", "two_writers", "sigterm") for row in _drill(name)),
    ]  # fmt: skip


def _drill(name: str) -> list[Row]:
    """What a drill found, and on a line of its own what a user reads; it raises where something was lost."""
    from benchmarks import reliability_vault as drills

    said = getattr(drills, name)()
    state = "not tried here" if said.startswith("skipped") else "old state intact"
    return [(name.replace("_", " "), state, "old state intact, one line", ""), (f"  {said}", "", "", "")]


def audit(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """What the log notices."""
    from benchmarks.reliability_audit import edits

    times = 100 if options.quick else 1000
    numbers["audit_found"] = found = edits(times, seed=1)
    return [(f"edits of the audit log found, of {times}", str(found), str(times), "")]


def network(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """Who is talked to."""
    from benchmarks.reliability_network import app_connects, training_listeners

    connects, listeners = app_connects()
    training = training_listeners()
    numbers["connects"], numbers["listeners"] = connects, listeners + training
    return [
        ("connections of the app to elsewhere", str(connects), "0", "9"),
        ("listeners beyond loopback: app", str(listeners), "0", "all addresses"),
        ("listeners beyond loopback: two-process training", str(training), "0", "all addresses"),
    ]


def fuzz(options: argparse.Namespace, numbers: dict[str, object]) -> list[Row]:
    """Damaged files by the thousand, by the tests of each reader."""
    root = Path(__file__).resolve().parents[1]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--timeout=3600",
        "-m",
        "fuzz",
    ]
    done = subprocess.run(
        [*command, "tests/common/intake"],
        env=os.environ | {"PILOTS_EXAMPLES": str(options.examples)},
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    numbers["fuzz_failed"] = failed = int(done.returncode != 0)
    said = done.stdout.strip().splitlines()[-1]
    return [
        (f"{options.examples} damaged files a reader", f"failed: {failed} ({said[:50]})", "failed: 0", "")
    ]


def main() -> int:
    """Run the parts and print one table, or one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    parser.add_argument("--quick", action="store_true", help="fewer trials, no fuzzing")
    parser.add_argument("--bad-inputs", type=Path, metavar="FOLDER", help="with a manifest.json")
    parser.add_argument("--examples", type=int, default=2000, help="damaged files a reader")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    parts: dict[str, Callable[[argparse.Namespace, dict[str, object]], list[Row]]] = {
        "inputs": inputs, "cost": cost, "vault": vault, "audit": audit, "network": network, "fuzz": fuzz,
    }  # fmt: skip
    numbers: dict[str, object] = {}
    rows: list[Row] = [("what", "measured", "goal", "plain readers")]
    for name, part in parts.items():
        if name in options.only and not (name == "fuzz" and options.quick):
            began = time.monotonic()
            rows += part(options, numbers)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(numbers))
        return 0
    for what, measured, goal, before in rows:
        print(f"{what:<62} {measured:<28} {goal:<22} {before}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
