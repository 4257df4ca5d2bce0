"""Of GDAL's two hundred drivers, the child knows the one that it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from common.intake.child import ENVIRONMENT

HARMLESS = {"MEM", "Memory"}
RASTER = "import rasterio\nwith rasterio.Env() as env: print(*env.drivers(), sep=';', end='')"
VECTOR = "import pyogrio; print(*pyogrio.list_drivers(), sep=';', end='')"


@pytest.mark.parametrize("program", [RASTER, VECTOR], ids=["rasterio", "pyogrio"])
def test_only_what_is_needed_is_registered(program):
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert set(ended.stdout.split(";")) - HARMLESS <= {"GTiff", "ESRI Shapefile"}
    assert "ESRI Shapefile" in ended.stdout
