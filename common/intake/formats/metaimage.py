"""MetaImage (MHA) with its data inside; a header that names any other file is refused.

The usual readers of this format open whatever file the header names, and hand back its bytes as voxels. So
the header is read here, strictly, by a few lines.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from common.errors import IntakeError
from common.intake.archive import Counter, inflate
from common.intake.formats import voxel_space
from common.intake.parcel import Parcel
from common.intake.source import Source

MAX_BYTES = 512 << 20
_HEADER_BYTES, _MAX_AXIS = 1 << 16, 100_000
_ANEW = "save it as NIfTI, or as one .mha file with its data inside"
_DTYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_ZLIB_HEAD, _ZLIB_TAIL = 2, 4


def read(source: Source) -> Parcel:
    """Read a picture or scan: array "voxels" (x, y[, z]), and for three axes "affine" (4, 4) to RAS+ mm.

    Raises:
        IntakeError: damaged, cut off, too large, or its data lie elsewhere.
        DataError: a geometry that no scan has.
    """
    where, view = source.name, source.view
    fields, begin = _header(bytes(view[:_HEADER_BYTES]), where)
    shape = tuple(int(n) for n in _numbers(fields, "dimsize", where, whole=True))
    if not 2 <= len(shape) <= 3 or fields.get("ndims") != str(len(shape)):
        raise _broken("the number of axes", where)
    if not all(0 < n <= _MAX_AXIS for n in shape):
        raise _broken("a length along an axis", where)
    dtype = _dtype(fields, where)
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_BYTES:
        raise IntakeError(
            f"it declares {size / 1e6:,.0f} MB, more than the {MAX_BYTES / 1e6:,.0f} MB that are taken in",
            where=where, mend="bring a part of it",
        )  # fmt: skip
    data = _data(fields, view[begin:], size, where)
    voxels = (
        np.frombuffer(data, dtype)
        .reshape(shape, order="F")
        .astype(dtype.newbyteorder("="), order="F", copy=False)
    )
    key = "elementspacing" if "elementspacing" in fields else "elementsize"
    spacing = _numbers(fields, key, where, len(shape))
    facts: dict[str, Any] = {
        "n": voxels.size,
        "shape": list(shape),
        "spacing_mm": spacing,
        "dtype": voxels.dtype.name,
    }
    arrays: dict[str, np.ndarray[Any, Any]] = {"voxels": voxels}
    affine = _affine(fields, spacing + [1.0] * (3 - len(shape)), len(shape), where)
    voxel_space.check(affine, where)
    if len(shape) == 3:
        facts |= {"voxel_mm3": voxel_space.voxel_mm3(affine), "orientation": voxel_space.orientation(affine)}
        arrays["affine"] = affine
    return Parcel(facts, arrays)


def _broken(what: str, where: str) -> IntakeError:
    return IntakeError(
        f"the header of this MetaImage is damaged: {what} makes no sense", where=where, mend=_ANEW
    )


def _header(head: bytes, where: str) -> tuple[dict[str, str], int]:
    """Fields by name in small letters, and where the data begin."""
    fields: dict[str, str] = {}
    at = 0
    while (end := head.find(b"\n", at)) >= 0:
        line, at = head[at:end].decode("latin-1").strip(), end + 1
        if not line:
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        name = name.lower()
        if not equals or not name.isidentifier() or name in fields:
            raise _broken(f"line {len(fields) + 1}", where)
        fields[name] = value
        if name == "elementdatafile":
            break
    if fields.get("elementdatafile", "").upper() != "LOCAL":
        raise IntakeError("its data do not lie in the file itself", where=where, mend=_ANEW)
    if (
        fields.get("objecttype", "Image").lower() != "image"
        or fields.get("binarydata", "True").lower() != "true"
    ):
        raise IntakeError("it holds something else than an image in binary form", where=where, mend=_ANEW)
    if fields.get("headersize", "0") != "0" or fields.get("elementnumberofchannels", "1") != "1":
        raise IntakeError("its data are laid out in a way that is not taken in", where=where, mend=_ANEW)
    return fields, at


def _numbers(
    fields: dict[str, str], name: str, where: str, count: int | None = None, *, whole: bool = False
) -> list[float]:
    try:
        found = [float(int(word) if whole else float(word)) for word in fields.get(name, "").split()]
    except (ValueError, OverflowError) as error:
        raise _broken(name, where) from error
    if not found or (count is not None and len(found) != count) or not all(map(math.isfinite, found)):
        raise _broken(name, where)
    return found


def _dtype(fields: dict[str, str], where: str) -> np.dtype[Any]:
    kind = _DTYPES.get(fields.get("elementtype", "").upper())
    if kind is None:
        raise IntakeError("its type of numbers is not taken in", where=where, mend=_ANEW)
    big = fields.get("elementbyteordermsb", fields.get("binarydatabyteordermsb", "False")).lower() == "true"
    return np.dtype((">" if big else "<") + kind)


def _data(fields: dict[str, str], rest: memoryview, size: int, where: str) -> memoryview | bytearray:
    data: memoryview | bytearray = rest
    if fields.get("compresseddata", "False").lower() == "true":
        # zlib's own frame around the deflate stream: two bytes before it, a check sum behind it.
        if len(rest) < _ZLIB_HEAD + _ZLIB_TAIL or rest[0] & 15 != 8 or rest[1] & 32:
            raise IntakeError("its packed data are damaged", where=where, mend=_ANEW)
        counter = Counter(where, len(rest), max_total_bytes=size)
        data = inflate(rest[_ZLIB_HEAD:], counter, gzipped=False)
        if len(data) == size and zlib.adler32(data) != int.from_bytes(rest[-_ZLIB_TAIL:], "big"):
            raise IntakeError("its packed data are damaged", where=where, mend=_ANEW)
    if len(data) != size:
        raise IntakeError(
            f"it declares {size:,} bytes of data and holds {len(data):,}",
            where=where,
            mend="copy or export it anew",
        )
    return data


def _affine(fields: dict[str, str], spacing: list[float], axes: int, where: str) -> voxel_space.Matrix:
    """To RAS+ mm; MetaImage counts towards the left and the back, and names one axis a line."""
    affine = np.eye(4)
    name = next((n for n in ("transformmatrix", "rotation", "orientation") if n in fields), None)
    if name is not None:
        turned = np.array(_numbers(fields, name, where, axes * axes)).reshape(axes, axes).T
        affine[:axes, :axes] = turned
    affine[:3, :3] *= spacing
    origin = next((n for n in ("offset", "position", "origin") if n in fields), None)
    if origin is not None:
        affine[:axes, 3] = _numbers(fields, origin, where, axes)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
