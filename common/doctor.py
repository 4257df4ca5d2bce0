"""`pilots doctor`: versions and devices, what is missing and how to mend it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from common import home
from common import pilot as pilots

CORE = ("torch", "lightning-fabric", "lightgbm", "xarray", "pandas", "pyarrow", "safetensors")
FRONT = ("streamlit", "altair")
GB = 1e9
Fact = tuple[str, bool, str]


def _library(name: str, extra: str) -> Fact:
    try:
        return (f"{name} {metadata.version(name)}", True, "")
    except metadata.PackageNotFoundError:
        wanted = "sector-pilots" + (f"[{extra}]" if extra else "")
        return (f"{name} is not installed", False, f"python -m pip install '{wanted}'")


def _devices() -> list[Fact]:
    import psutil

    memory_gb = psutil.virtual_memory().total / GB
    facts: list[Fact] = [(f"{os.cpu_count()} CPU cores, {memory_gb:.0f} GB of memory", True, "")]
    try:
        import torch

        count = torch.cuda.device_count()
        if count:
            facts += [(f"GPU {i}: {torch.cuda.get_device_name(i)}", True, "") for i in range(count)]
        else:
            facts.append(("no GPU that PyTorch can use: training runs on the CPU", True, ""))
    except ImportError:
        facts.append(("PyTorch is not installed", False, "python -m pip install torch==2.13.0"))
    return facts


def _disk() -> list[Fact]:
    place = home.folder()
    exists = next(p for p in (place, *place.parents) if p.exists())
    free_gb = shutil.disk_usage(exists).free / GB
    return [
        (
            f"{free_gb:.0f} GB free for jobs and models in {place}",
            free_gb > 1,
            "free some disk, or set PILOTS_HOME",
        ),
        ("that folder can be written", os.access(exists, os.W_OK), "set PILOTS_HOME to a folder of yours"),
    ]


def _power() -> list[Fact]:
    rapl = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
    if rapl.exists() and os.access(rapl, os.R_OK):
        return [("energy of a run is measured (RAPL)", True, "")]
    return [("energy of a run on the CPU is estimated: RAPL cannot be read here", True, "")]


def _walls() -> list[Fact]:
    """What stands around the child that reads files from outside."""
    from common.intake import sandbox

    found = sandbox.state()
    mend = "nothing to install: it takes Linux 5.13 or newer with Landlock switched on (lsm=landlock,…)"
    walls = (
        (
            found["landlock"],
            f"files are read behind Landlock (version {found['landlock']}): nothing else is seen",
        ),
        (found["seccomp"], "and behind seccomp: no connection, no other program"),
    )
    missing = "this system has no {}: files are read in a child with limits on memory and time alone"
    facts = [(words, True, "") for fine, words in walls if fine]
    # Elsewhere than on Linux there is nothing to mend, so it is said and no more.
    on_linux = sys.platform == "linux"
    absent = [name for name in ("Landlock", "seccomp") if not found[name.lower()]]
    return facts + [(missing.format(name), not on_linux, mend if on_linux else "") for name in absent]


def examine() -> dict[str, list[Fact]]:
    """Facts by topic: (what was found, whether it is in order, how to mend it)."""
    facts: dict[str, list[Fact]] = {
        "python": [(f"Python {platform.python_version()} on {platform.platform(terse=True)}", True, "")],
        "core": [_library(name, "") for name in CORE],
        "app": [_library(name, "apps") for name in FRONT],
        "devices": _devices(),
        "disk": _disk(),
        "energy meter": _power(),
        "intake": _walls(),
    }
    for name in pilots.names():
        facts[f"{name} pilot"] = list(pilots.load(name).doctor())
    return facts


def run(as_json: bool) -> int:
    """Print the facts; exit code 0 when all is in order, 7 when something is missing."""
    facts = examine()
    missing = [fact for group in facts.values() for fact in group if not fact[1]]
    if as_json:
        rows = {k: [{"what": w, "ok": ok, "mend": m} for w, ok, m in v] for k, v in facts.items()}
        print(json.dumps({"ok": not missing, "facts": rows}))
        return 7 if missing else 0
    for topic, group in facts.items():
        for what, fine, mend in group:
            print(
                f"{'ok     ' if fine else 'MISSING'}  {topic:<14} {what}"
                + (f"\n{'':<25}→ {mend}" if not fine else "")
            )
    print("all in order" if not missing else f"{len(missing)} to mend: the lines marked MISSING say how")
    return 7 if missing else 0
