"""Crafted bad inputs through the door: what is refused, sanitised and accepted, and what it cost.

One worker process looks at all files in turn, as an app does that lives on; what it writes anywhere is
searched for what the files try to leak. Used by `reliability.py` and by the tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANARIES = ("TOP-SECRET-LOCAL-FILE", "LEAKED-CSV", "CANARY", "111222333")
MOST_BYTES, MOST_S = 1 << 30, 10.0
AREA_SHARE = 0.005
"""How far an area may be off: a geodesic and a projected one differ by less."""


@dataclass(frozen=True)
class Outcome:
    """How one file fared.

    Attributes:
        file: its name in the manifest.
        expect: refuse, sanitise or accept.
        good: whether that came true.
        said: the sentence, or the facts.
        seconds: wall time.
        peak_bytes: most memory of all processes together, 0 where it was not measured.
    """

    file: str
    expect: str
    good: bool
    said: str
    seconds: float
    peak_bytes: int = 0


def generate(target: Path) -> Path | None:
    """Make the crafted files afresh with the generator beside the data; None where there is none."""
    from common import benchmark_data

    data = benchmark_data.folder()
    script = data.parent / "bad-inputs" / "generate.py" if data else None
    if script is None or not script.exists():
        return None
    subprocess.run([sys.executable, str(script), str(target)], check=True, stdout=subprocess.DEVNULL)
    return target


def run(folder: Path, home: Path, trace: Path | None = None) -> tuple[list[Outcome], dict[str, int]]:
    """Look at every file of a manifest.

    Args:
        folder: with `manifest.json`.
        home: a fresh folder for all that the suite keeps; searched for leaks.
        trace: file for strace's record of connections; None: they are not looked at.

    Returns:
        Outcomes in the manifest's order, and counts of leaks, requests, code_run and deaths.
    """
    import psutil

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "benchmarks.reliability_inputs", str(folder)]
    if trace:
        command = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace), *command]
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PILOTS_HOME": str(home), "TMPDIR": str(home)}
    outcomes: list[Outcome] = []
    texts: list[str] = []
    deaths = 0
    left = manifest["files"]
    while left:
        with (home / "worker.txt").open("wb") as stderr:
            worker = subprocess.Popen(
                [*command, str(len(outcomes))],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=Path(__file__).resolve().parents[1],
            )
        tree = _Tree(psutil.Process(worker.pid))
        assert worker.stdout is not None
        for line in worker.stdout:
            texts.append(line)
            told = json.loads(line)
            if "start" in told:
                tree.peak_bytes = 0
                continue
            outcomes.append(judged(left[0], told, tree.peak_bytes))
            left = left[1:]
        tree.stop()
        worker.wait()
        if left:  # it died on this one; the next worker goes on behind it
            deaths += 1
            outcomes.append(Outcome(left[0]["file"], left[0]["expect"], False, "the process died", 0.0))
            left = left[1:]
    texts += [p.read_text(encoding="utf-8", errors="replace") for p in home.rglob("*") if p.is_file()]
    leaks = sum(any(canary in text for text in texts) for canary in CANARIES)
    requests = _requests(trace) if trace else 0
    code_run = int(Path(manifest["marker"]).exists())
    return outcomes, {"leaks": leaks, "requests": requests, "code_run": code_run, "deaths": deaths}


class _Tree:
    """Most memory that a process and all below it held together, looked at every 20 ms."""

    def __init__(self, root: Any) -> None:
        import threading

        self.root, self.peak_bytes, self._on = root, 0, True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        import psutil

        while self._on:
            total = 0
            try:
                for process in [self.root, *self.root.children(recursive=True)]:
                    if process.name() != "strace":
                        found = process.memory_full_info() if total == 0 else process.memory_info()
                        total += getattr(found, "uss", 0) or found.rss - getattr(found, "shared", 0)
            except psutil.Error:
                pass
            self.peak_bytes = max(self.peak_bytes, total)
            time.sleep(0.02)

    def stop(self) -> None:
        self._on = False
        self._thread.join()


def _requests(trace: Path) -> int:
    """Connections to anything but this machine's own sockets; a refused try to 127.0.0.1:9 counts."""
    found = re.findall(r"connect\(.*sa_family=AF_INET6?.*", trace.read_text(errors="replace"))
    return len(found)


def judged(entry: Mapping[str, Any], told: Mapping[str, Any], peak_bytes: int) -> Outcome:
    """Whether a file fared as the manifest says."""
    said, expect, facts = (
        str(told.get("refused") or told.get("fault") or told["facts"]),
        entry["expect"],
        entry["facts"],
    )
    within = told["seconds"] < MOST_S and peak_bytes < MOST_BYTES
    if expect == "refuse":
        name = Path(entry["file"]).name
        good = "refused" in told and "\n" not in said and "Traceback" not in said and name in said
    elif "fault" in told:
        good = False
    elif expect == "sanitise":
        good = bool(told.get("safe"))
    else:
        good = "facts" in told and not (wrong := list(_wrong(entry, told)))
        said = said if good else f"{said} instead of {facts}: {wrong if 'facts' in told else ''}"
    clean = not any(canary in json.dumps(told) for canary in CANARIES)
    return Outcome(entry["file"], expect, good and within and clean, said, told["seconds"], peak_bytes)


def _wrong(entry: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    """Facts of the manifest that did not come true."""
    found = told["facts"]
    columns = (
        {c["name"]: c for c in found.get("columns", ())} if isinstance(found.get("columns"), list) else {}
    )
    numbers = [c for c in columns.values() if c["holds"] == "numbers"]
    times = [c for c in columns.values() if c["holds"] == "times"]
    for name, wanted in entry["facts"].items():
        if name in ("first", "last"):
            got: Any = numbers[0][name] if numbers else None
        elif name == "column":
            got = wanted if wanted in columns else None
        elif name == "month":
            months = {at[5:7] for c in times for at in (c["first"], c["last"])}
            got = int(months.pop()) if len(months) == 1 else None
        elif name == "text":
            got = wanted if wanted in told["texts"] else None
        elif name == "check":
            got = wanted if told.get("safe") else None
        else:
            got = found.get(name)
        if name == "area_ha" and isinstance(got, int | float) and abs(got / wanted - 1) < AREA_SHARE:
            continue
        if got != wanted and (not isinstance(wanted, float) or abs(float(got or 0) - wanted) > 1e-6):
            yield f"{name}: {got}"


# ---- The worker -----------------------------------------------------------------------------------------


def work(folder: Path, first: int) -> None:
    """Look at the files from the given one on, one JSON line each before and after."""
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"][first:]:
        print(json.dumps({"start": entry["file"]}), flush=True)
        began = time.perf_counter()
        told = _looked(folder / entry["file"], entry)
        print(json.dumps(told | {"seconds": time.perf_counter() - began}, default=str), flush=True)


def _looked(path: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    from common.check import check
    from common.errors import PilotError

    try:
        if entry["kind"] == "names":
            return {"facts": {}, "safe": _names(json.loads(path.read_text(encoding="utf-8")))}
        found = check(path)
        told: dict[str, Any] = {"facts": dict(found.facts), "notes": list(found.notes)}
        if entry["kind"] == "csv":
            told |= _table(path, entry)
        elif entry["expect"] == "sanitise":
            told["safe"] = _safe(entry, told)
        return told
    except PilotError as error:
        # A file that may be sanitised or refused is safe when it is refused.
        return {"refused": str(error), "safe": "or refused" in entry["facts"].get("check", "")}
    except Exception as error:
        return {"fault": f"{type(error).__name__}: {error}"}


def _safe(entry: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether the named danger is gone, as the manifest's `check` says for this one."""
    notes, facts = " ".join(told["notes"]), told["facts"]
    if "crs" in entry["file"]:
        return bool(facts["crs"] == "EPSG:4326")
    if "burned" in entry["file"] or entry["kind"] == "dicom":
        return "burned" in notes
    if "swapped" in entry["file"] or "outside" in entry["facts"].get("check", ""):
        return "not in" in notes or "swapped" in notes
    return "feature 0" in notes and facts.get("area_ha", 0) > 0


def _table(path: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked of tables beyond `check`: their texts, safe exports, and instants that are told apart."""
    from common.exports import FORMULA_STARTS, csv_text
    from common.intake import take
    from common.tables import read_table

    table = read_table(take(path))
    texts = [cell for n in table.names if not table.is_number(n) for cell in table.text(n).to_pylist()]
    if entry["expect"] == "sanitise":
        import csv

        rows = list(csv.reader(csv_text(table.frame).splitlines()))[1:]
        numbers = [str(value) for n in table.names if table.is_number(n) for value in table.numbers(n)]
        cells = [cell for row in rows for cell in row]
        return {
            "texts": [],
            "safe": not any(c.startswith(FORMULA_STARTS) and c not in numbers for c in cells),
        }
    told: dict[str, Any] = {"texts": texts}
    if "Amsterdam" in entry["facts"].get("check", ""):
        from energy.data import read_load

        load = read_load(path, timezone="Europe/Amsterdam")
        told["safe"] = load.ds.sizes["time"] == entry["facts"]["rows"] and not bool(
            load.ds["load_kw"].isnull().any()
        )
    return told


def _names(names: list[str]) -> bool:
    """Whether names from outside are never used as a path, and are shown as one plain line."""
    import tempfile

    from common.errors import PilotError
    from common.intake import shown_name, take

    safe = True
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            shown = shown_name(name)
            safe &= shown.isprintable() and "/" not in shown and "\\" not in shown and len(shown) <= 60
            try:
                (Path(folder) / shown).write_bytes(b"")
                take(Path(folder) / name)
            except (PilotError, OSError, ValueError) as error:
                safe &= not any(canary in str(error) for canary in CANARIES)
    return safe


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]))
