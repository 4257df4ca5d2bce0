"""Unpack the pieces that a Zarr array is kept in, one by one, with a cap on what each may grow to.

zarr-python lets a piece grow as far as its compressor says; it also brings an event loop in a thread, which a
short-lived child can do without. So the codecs of its specifications are put together here from zlib and
numcodecs. Those that are not listed are not taken in, pickle among them.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Config = Mapping[str, Any]
_SLACK_BYTES, _LZMA_BYTES = 1 << 16, 256 << 20
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Damaged(Exception):
    """A piece cannot be unpacked."""


def unpack(name: str, config: Config, data: bytes, limit: int) -> bytes:
    """Undo one step that turned bytes into bytes.

    Args:
        name: of the codec, see BYTES.
        config: its settings.
        data: what it made.
        limit: most bytes that may come out.

    Raises:
        Damaged: they are no such bytes, or too many come out.
    """
    try:
        out = BYTES[name](data, config, limit + _SLACK_BYTES)
    except Damaged:
        raise
    except (
        zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError, IndexError, struct.error
    ) as error:  # fmt: skip
        raise Damaged from error
    if len(out) > limit + _SLACK_BYTES:
        raise Damaged
    return out


def _gzip(data: bytes, config: Config, limit: int) -> bytes:
    return _whole(zlib.decompressobj(31), data, limit)


def _zlib(data: bytes, config: Config, limit: int) -> bytes:
    return _whole(zlib.decompressobj(15), data, limit)


def _bz2(data: bytes, config: Config, limit: int) -> bytes:
    return _whole(bz2.BZ2Decompressor(), data, limit)


def _lzma(data: bytes, config: Config, limit: int) -> bytes:
    return _whole(lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_BYTES), data, limit)


def _whole(engine: Any, data: bytes, limit: int) -> bytes:
    out: bytes = engine.decompress(data, limit + 1)
    if not engine.eof and len(out) <= limit:
        raise Damaged
    return out


def _blosc(data: bytes, config: Config, limit: int) -> bytes:
    from numcodecs import blosc

    grown, packed = struct.unpack_from("<I4xI", data, 4)
    if grown > limit or packed > len(data):
        raise Damaged
    blosc.use_threads = False
    out: bytes = blosc.decompress(data)
    return out


def _zstd(data: bytes, config: Config, limit: int) -> bytes:
    from numcodecs.zstd import Zstd

    if not data.startswith(_ZSTD_MAGIC):
        raise Damaged
    # RFC 8878, 3.1.1.1: where the size is declared, and how many bytes it takes.
    flags = data[4]
    single = flags >> 5 & 1
    width = (single, 2, 4, 8)[flags >> 6]
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[flags & 3]
    if width and int.from_bytes(data[at : at + width], "little") > limit:
        raise Damaged
    return bytes(Zstd().decode(data))


def _lz4(data: bytes, config: Config, limit: int) -> bytes:
    from numcodecs.lz4 import LZ4

    if not 0 <= struct.unpack_from("<i", data)[0] <= limit:
        raise Damaged
    return bytes(LZ4().decode(data))


def _shuffle(data: bytes, config: Config, limit: int) -> bytes:
    width = int(config.get("elementsize", 4))
    if width < 1:
        raise Damaged
    whole = len(data) // width * width
    turned = np.frombuffer(data[:whole], np.uint8).reshape(width, -1).T.tobytes()
    return turned + data[whole:]


def _crc32c(data: bytes, config: Config, limit: int) -> bytes:
    """The checksum behind the bytes; the zip that they came in has one of its own, which was checked."""
    if len(data) < 4:
        raise Damaged
    return data[:-4]


BYTES: dict[str, Callable[[bytes, Config, int], bytes]] = {
    "gzip": _gzip, "zlib": _zlib, "bz2": _bz2, "lzma": _lzma, "blosc": _blosc, "zstd": _zstd, "lz4": _lz4,
    "shuffle": _shuffle, "crc32c": _crc32c,
}  # fmt: skip
"""Codecs from bytes to bytes, by their names in both versions of the format."""

VALUES = ("delta", "fixedscaleoffset", "bitround", "quantize", "vlen-utf8")
"""Codecs of version 2 that change the values themselves."""


def restore(name: str, config: Config, data: bytes, dtype: np.dtype[Any]) -> bytes | np.ndarray[Any, Any]:
    """Undo one step of version 2 that changed the values.

    Args:
        name: of the codec, see VALUES.
        config: its settings, looked over by `number`.
        data: what it made.
        dtype: of the array, for text.

    Raises:
        Damaged: they are no such bytes.
    """
    try:
        if name == "vlen-utf8":
            return texts(data)
        if name in ("bitround", "quantize"):
            return data
        plain = number(config.get("dtype", dtype.str))
        kept = np.frombuffer(data, number(config.get("astype") or plain.str))
        if name == "delta":
            return np.cumsum(kept, dtype=plain).tobytes()
        scale, offset = float(config.get("scale", 1)), float(config.get("offset", 0))
        return (kept / scale + offset).astype(plain).tobytes()
    except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise Damaged from error


def number(text: Any) -> np.dtype[Any]:
    """A type of numbers from its description.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str) or len(text) != 3 or text[0] not in "<>|" or text[1] not in "iufb":
        raise ValueError("no number")
    try:
        return np.dtype(text)
    except TypeError as error:
        raise ValueError("no number") from error


def texts(data: bytes) -> np.ndarray[Any, Any]:
    """Texts of any length: how many, then the length of each before it."""
    (count,) = struct.unpack_from("<I", data)
    if 4 * count > len(data):
        raise Damaged
    found, at = [], 4
    for _ in range(count):
        if at + 4 > len(data):
            raise Damaged
        (length,) = struct.unpack_from("<I", data, at)
        if at + 4 + length > len(data):
            raise Damaged
        found.append(data[at + 4 : at + 4 + length].decode("utf-8", "replace"))
        at += 4 + length
    return np.array(found, dtype=object)
