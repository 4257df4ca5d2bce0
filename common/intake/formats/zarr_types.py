"""Types and fill values of Zarr, version 2 and 3: numbers, times and text pass, objects do not."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.intake.formats.stored import shown

_DTYPE_2 = re.compile(
    r"[<>|](?:b1|[iu][1248]|f[248]|[Mm]8\[(?:\d{1,4})?(?:[YMWDhms]|ms|us|ns)\]|[US]\d{1,4})"
)
_NUMBERS_3 = re.compile(r"bool|u?int(?:8|16|32|64)|float(?:16|32|64)")
_UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
OBJECT = np.dtype("O")


class Odd(Exception):
    """Why the description of an array is not taken in."""


def dtype2(said: Any, steps: Sequence[str]) -> np.dtype[Any]:
    """The type that version 2 names; `steps` are the codecs, by which text of any length is known."""
    if said == "|O" and steps and steps[-1] == "vlen-utf8":
        return OBJECT
    if not isinstance(said, str) or not _DTYPE_2.fullmatch(said):
        raise Odd("holds objects, structures or other things than numbers, times and text")
    return np.dtype(said)


def dtype3(said: Any) -> np.dtype[Any]:
    """The type that version 3 names."""
    if isinstance(said, str):
        if said == "string":
            return OBJECT
        if _NUMBERS_3.fullmatch(said):
            return np.dtype(said)
        raise Odd("holds other things than numbers, times and text")
    name, settings = named(said)
    if name in ("numpy.datetime64", "numpy.timedelta64"):
        unit, scale = one_of(settings["unit"], _UNITS), settings.get("scale_factor", 1)
        if not isinstance(scale, int) or not 0 < scale < 10_000:
            raise ValueError
        return np.dtype(f"<{'M' if 'date' in name else 'm'}8[{scale}{unit}]")
    if name in ("fixed_length_utf32", "null_terminated_bytes"):
        length, kind = settings["length_bytes"], "U" if "utf32" in name else "S"
        width = length // 4 if kind == "U" else length
        if not isinstance(length, int) or not 0 < width < 10_000:
            raise ValueError
        return np.dtype(f"<{kind}{width}")
    raise Odd(f"holds other things than numbers, times and text ({shown(name)})")


def named(said: Any) -> tuple[str, Mapping[str, Any]]:
    """Name and settings of a codec, type or grid of version 3."""
    if isinstance(said, str):
        return said, {}
    # numcodecs' own codecs carry its name before theirs.
    name = str(said["name"]).removeprefix("numcodecs.")
    settings = said.get("configuration") or {}
    if not isinstance(settings, dict):
        raise TypeError
    return name, settings


def fill_value(said: Any, dtype: np.dtype[Any]) -> Any:
    """What stands where no piece is, as a value of the type."""
    if dtype == OBJECT:
        return said if isinstance(said, str) else ""
    if said is None:
        return np.zeros((), dtype)[()]
    if isinstance(said, list | dict):
        raise ValueError("no fill value")
    if dtype.kind == "f" and isinstance(said, str):
        if said.startswith("0x"):
            return np.frombuffer(bytes.fromhex(said[2:]), dtype.newbyteorder(">"))[0].astype(dtype)
        return dtype.type(_SPECIAL[said])
    if dtype.kind in "Mm":
        return np.array("NaT" if said == "NaT" else int(said), dtype if said == "NaT" else np.int64).astype(
            dtype
        )[()]
    if dtype.kind == "S":
        return np.array(base64.b64decode(said) if isinstance(said, str) else b"", dtype)[()]
    if dtype.kind == "U":
        return np.array(said if isinstance(said, str) else "", dtype)[()]
    return np.array(said).astype(dtype)[()]


def unwrapped(said: str, dtype: np.dtype[Any]) -> Any:
    """A mark for missing values as xarray writes it for version 3; None where it is none."""
    if dtype.kind != "f":
        return None
    if said in _SPECIAL:
        return dtype.type(_SPECIAL[said])
    try:
        return dtype.type(struct.unpack("<d", base64.b64decode(said, validate=True))[0])
    except (binascii.Error, struct.error, ValueError):
        return None


def one_of(said: Any, known: Sequence[str]) -> str:
    """One of the words that are known, or a ValueError."""
    if said not in known:
        raise ValueError
    return str(said)
