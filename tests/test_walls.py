"""The walls of the house: who may import whom, and what must not be there at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("common", "energy", "healthcare", "agriculture", "logistics", "apps")
PILOTS = ("energy",)
ROLES = ("data", "sample", "model", "training", "evaluate", "report", "pilot")
VERBS = {"energy": "forecast", "healthcare": "diagnose"}


def product_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imported_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sorted({{n.partition('.')[0] for n in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_layers_hold():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    "statement",
    [
        "import energy",
        "import energy.pilot",
        "import healthcare",
        "import healthcare.pilot",
        "import common.cli",
    ],
)
def test_light_imports_stay_light(statement):
    heavy = {"torch", "monai", "streamlit", "lightgbm", "pandas", "xarray", "sklearn", "lightning_fabric"}
    heavy |= {"pydicom", "nibabel", "highdicom", "PIL", "fpdf", "scipy"}
    assert not imported_by(statement) & heavy


def test_only_apps_imports_streamlit():
    users = {p.relative_to(ROOT).parts[0] for p in product_files() if "import streamlit" in p.read_text()}
    assert users <= {"apps"}


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_short(path):
    assert path.read_text().count("\n") <= 400
    assert path.stem not in {"utils", "helpers", "misc"}


@pytest.mark.parametrize("pilot", PILOTS)
def test_every_pilot_has_the_same_role_files(pilot):
    missing = [role for role in (*ROLES, VERBS[pilot]) if not (ROOT / pilot / f"{role}.py").exists()]
    assert not missing
    assert (ROOT / pilot / "README.md").exists()
