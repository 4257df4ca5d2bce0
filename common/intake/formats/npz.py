"""NumPy arrays in an NPZ: each header is read first, and nothing but numbers, times and text comes in.

numpy's own loader believes the header's shape before it looks at the data, and reads pickles where it is let.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.lib import format as npy

from common.errors import DataError, IntakeError
from common.intake.archive import Archive
from common.intake.parcel import Parcel
from common.intake.source import Source

MAX_BYTES = 512 << 20
"""Most bytes of all arrays together."""
MAX_ARRAYS = 1000
_HEADER_BYTES = 10_000
_BROKEN = (
    ValueError, TypeError, LookupError, SyntaxError, RecursionError, OverflowError, EOFError, OSError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy and zipfile raise on damaged headers."""
_KINDS = "biufcSUmM"
_ANEW = "save it anew with numpy.savez"


def read(source: Source) -> Parcel:
    """Read all arrays, by their names, in this machine's byte order.

    Raises:
        IntakeError: damaged, cut off, too large, or with objects in it.
        DataError: it holds no array.
    """
    archive, where = source.archive(), source.name
    if len(archive.names) > MAX_ARRAYS:
        raise IntakeError(
            f"it holds more than {MAX_ARRAYS:,} arrays", where=where, mend="bring a part of them"
        )
    forms = {name: _form(archive, name, where) for name in archive.names}
    if not forms:
        raise DataError("it holds no array", where=where, mend=_ANEW)
    total = sum(math.prod(shape) * dtype.itemsize for shape, _, dtype, _ in forms.values())
    if total > MAX_BYTES:
        raise IntakeError(
            f"its arrays declare {total / 1e6:,.0f} MB, more than the {MAX_BYTES / 1e6:,.0f} MB taken in",
            where=where, mend="bring a part of them",
        )  # fmt: skip
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, (shape, by_column, dtype, begin) in forms.items():
        size = math.prod(shape) * dtype.itemsize
        if archive.size_bytes(name) != begin + size:
            raise IntakeError(
                f"'{_bare(name)}' declares {size:,} bytes and holds {archive.size_bytes(name) - begin:,}",
                where=where, mend=_ANEW,
            )  # fmt: skip
        found = np.frombuffer(_content(archive, name, begin + size, where), dtype, math.prod(shape), begin)
        found = found.reshape(shape, order="F" if by_column else "C")
        arrays[_bare(name)] = found.astype(dtype.newbyteorder("="), copy=False)
    facts = {
        "names": list(arrays),
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
        "dtypes": {name: array.dtype.str.lstrip("<|=") for name, array in arrays.items()},
    }
    return Parcel(facts, arrays)


def _bare(name: str) -> str:
    return name.removesuffix(".npy")


def _form(archive: Archive, name: str, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether by column, type, and where the data begin."""
    said = _bare(name)
    if "/" in said or not name.endswith(".npy") or not 0 < len(said) <= 100:
        raise IntakeError(f"'{said[:60]}' is no name of an array", where=where, mend=_ANEW)
    try:
        head = io.BytesIO(archive.head(name, _HEADER_BYTES + 12))
        version = npy.read_magic(head)
        reads = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, by_column, dtype = reads[version](head, max_header_size=_HEADER_BYTES)
    except _BROKEN as error:
        raise IntakeError(f"the header of '{said}' is damaged", where=where, mend=_ANEW) from error
    if dtype.hasobject:
        raise IntakeError(
            f"'{said}' holds Python objects, which can run code", where=where,
            mend="save numbers or text of a fixed length",
        )  # fmt: skip
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise IntakeError(
            f"'{said}' holds records or nothing, not numbers", where=where, mend="save plain arrays"
        )
    # Zeros among the lengths make any size look small.
    if len(shape) > 32 or min(shape, default=0) < 0 or math.prod(n or 1 for n in shape) > 2**48:
        raise IntakeError(f"the shape of '{said}' makes no sense", where=where, mend=_ANEW)
    return shape, by_column, dtype, head.tell()


def _content(archive: Archive, name: str, size: int, where: str) -> memoryview:
    out, at = memoryview(bytearray(size)), 0
    for block in archive.blocks(name):
        if at + len(block) > size:
            break
        out[at : at + len(block)] = block
        at += len(block)
    if at != size:
        raise IntakeError(f"'{_bare(name)}' is cut off", where=where, mend=_ANEW)
    return out
