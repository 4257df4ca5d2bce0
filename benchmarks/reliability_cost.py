"""What the door costs: `take` and `parse`, warm, beside the stock reader of the same file in the same run.

Both then add up all values: nibabel maps an uncompressed file and reads nothing before it is used.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

REPEATS = 7
ALLOWED_RATIO, ALLOWED_S = 1.3, 0.05


def costs() -> list[tuple[str, float, float, bool]]:
    """Medians over turns taken one after the other.

    Returns:
        What, seconds of the door, seconds of the stock reader, and whether it stays within 1.3 times + 50 ms.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for what, make, door, stock in (
            ("5 MB GeoTIFF against rasterio", _geotiff, _parse, _rasterio),
            ("20 MB CSV against pandas", _csv, _table, _pandas),
            ("30 MB NIfTI against nibabel", _nifti, _parse, _nibabel),
        ):
            path = make(Path(folder))
            ours, theirs = [], []
            for turn in range(REPEATS + 1):
                mine, other = _time(door, path), _time(stock, path)
                if turn:  # the first warms both up
                    ours.append(mine)
                    theirs.append(other)
            here, there = statistics.median(ours), statistics.median(theirs)
            rows.append((what, here, there, here <= ALLOWED_RATIO * there + ALLOWED_S))
    return rows


def _time(read: Callable[[Path], float], path: Path) -> float:
    began = time.perf_counter()
    read(path)
    return time.perf_counter() - began


def _parse(path: Path) -> float:
    from common.intake import take
    from common.intake.kinds import KINDS

    parcel = take(path, tuple(KINDS)).parse()
    return float(max(parcel.arrays.values(), key=lambda array: array.size).sum(dtype=np.float64))


def _table(path: Path) -> float:
    from common.intake import take
    from common.tables import read_table

    return float(read_table(take(path)).numbers("kWh").sum())


def _pandas(path: Path) -> float:
    import pandas as pd

    return float(pd.read_csv(path)["kWh"].sum())


def _rasterio(path: Path) -> float:
    import rasterio

    with rasterio.open(path) as file:
        return float(file.read().sum(dtype=np.float64))


def _nibabel(path: Path) -> float:
    import nibabel

    return float(np.asarray(nibabel.load(path).dataobj).sum(dtype=np.float64))


def _geotiff(folder: Path) -> Path:
    import rasterio
    from rasterio.transform import from_origin

    path, chance = folder / "ndvi.tif", np.random.default_rng(1)
    bands = chance.integers(0, 4000, (4, 800, 800), dtype="uint16")
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=800,
        height=800,
        count=4,
        dtype="uint16",
        crs="EPSG:28992",
        transform=from_origin(230000, 580000, 10, 10),
    ) as file:
        file.write(bands)
    return path


def _csv(folder: Path) -> Path:
    import pandas as pd

    path, chance, count = folder / "load.csv", np.random.default_rng(1), 640_000
    times = pd.date_range("2006-01-01", periods=count, freq="15min").strftime("%Y-%m-%d %H:%M")
    values = {"kWh": chance.uniform(0, 9, count).round(3), "temp_c": chance.normal(10, 6, count).round(2)}
    pd.DataFrame({"time": times, **values}).to_csv(path, index=False)
    return path


def _nifti(folder: Path) -> Path:
    import nibabel

    path, chance = folder / "scan.nii", np.random.default_rng(1)
    voxels = chance.integers(0, 1200, (256, 256, 230), dtype=np.int16)
    nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 1.2, 1.0])).to_filename(path)
    return path
