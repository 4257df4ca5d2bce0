"""Where OpenSTEF 4 can run for `energy_dayahead.py`: a Python 3.12 or later, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from energy.data import Load
from energy.predictive import QUANTILES

OPENSTEF = "4.7.0"
"""The version that is installed where --openstef asks for it."""


def openstef_version(python: str) -> str | None:
    """The version of OpenSTEF 4 that an interpreter has, "" for none.

    None where the interpreter does not run or is older than Python 3.12, which OpenSTEF 4 needs. A name on
    PATH is not enough: pyenv puts commands there for Pythons that are installed but not selected. Earlier
    versions of OpenSTEF count as none: they have no presets.
    """
    code = "import sys; print(sys.version_info >= (3, 12))\n"
    code += "from importlib import metadata; print(metadata.version('openstef'))"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    works, *version = done.stdout.split() or ["False"]
    if works != "True":
        return None
    return version[0] if version and version[0].startswith("4.") else ""


def openstef_python(named: str | None) -> tuple[str | None, str]:
    """An interpreter that has OpenSTEF 4, if there is one, and its version or why there is none.

    Args:
        named: with --openstef; if it lacks OpenSTEF an environment is made for it, and only then.

    Raises:
        SystemExit: what was named does not run or is too old, or the installation failed.
    """
    if named and openstef_version(named) is None:
        raise SystemExit(f"--openstef {named}: does not run, or is older than Python 3.12")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sector-pilots" / f".openstef-env-{OPENSTEF}"
    own = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    on_path = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    for python in filter(None, [named, own] if named else [own, *on_path]):
        if version := openstef_version(python):
            return python, f"version {version}"
    if not named:
        return None, "not at hand (name a Python 3.12 or later with --openstef to have it installed)"
    print(f"installing openstef {OPENSTEF} into {folder}", file=sys.stderr, flush=True)
    pip = [own, "-m", "pip", "install", "--quiet", f"openstef=={OPENSTEF}"]
    for command in ([named, "-m", "venv", "--clear", str(folder)], pip):
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            raise SystemExit(f"--openstef {named}: failed, see above: {' '.join(command)}")
    return own, f"version {OPENSTEF}"


def openstef(
    load: Load, origins: np.ndarray, horizon: int, *, python: str, threads: int
) -> dict[str, tuple[np.ndarray, float, float]]:
    """OpenSTEF's presets with default settings, by name of the row; they train on one thread.

    Raises:
        RuntimeError: the script failed; its last line is in the message.
    """
    times = load.ds["time"].values
    frame = pd.DataFrame({"time": times, "load": load.ds["load_kw"].values[:, 0]})
    frame = frame.assign(temperature=load.ds["temperature_c"].values, origin=np.isin(times, origins))
    # mlflow, which OpenSTEF brings along, would report its use.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as name:
        series, found = Path(name) / "series.parquet", Path(name) / "forecasts.npz"
        frame.to_parquet(series)
        command = [python, str(Path(__file__).with_name("openstef_peer.py")), str(series), str(found)]
        command += ["--timezone", load.timezone, "--horizon", str(horizon)]
        command += ["--quantiles", *map(str, QUANTILES)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | quiet, check=False)
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise RuntimeError(f"failed under {python}: {last}")
        with np.load(found, allow_pickle=False) as arrays:
            return {
                f"openstef_{key}": (arrays[key], *map(float, arrays[f"{key}_seconds"]))
                for key in arrays.files
                if not key.endswith("_seconds")
            }
