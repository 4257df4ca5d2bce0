"""Put a Zarr array together from its pieces."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from common.errors import IntakeError
from common.intake.formats.stored import shown
from common.intake.formats.zarr_codecs import BYTES, Damaged, restore, unpack
from common.intake.formats.zarr_layout import Layout

_TEXT_BYTES = 64 << 20
_MISSING = 2**64 - 1
_OBJECT = np.dtype("O")


def assemble(
    layout: Layout,
    pieces: Iterable[tuple[tuple[int, ...], str]],
    load: Callable[[str], bytes],
    name: str,
    where: str,
) -> np.ndarray[Any, Any]:
    """All values of an array; where no piece is, its fill value stands.

    Args:
        layout: how it is kept; its size was checked.
        pieces: place in the grid of pieces, and what `load` takes to hand out its bytes.
        load: reads a piece.
        name: of the array, for messages.
        where: the file's name, for messages.

    Raises:
        IntakeError: a piece is damaged.
    """
    out = np.full(layout.shape, layout.fill, layout.dtype)
    for place, key in pieces:
        try:
            values = _piece(layout, load(key))
        except (Damaged, struct.error, ValueError) as error:
            raise IntakeError(
                f"a piece of the array '{shown(name)}' is damaged ({', '.join(map(str, place))})",
                where=where,
                mend="copy or write it anew",
            ) from error
        _put(out, values, place, layout.chunks)
    return out


def _put(
    out: np.ndarray[Any, Any], values: np.ndarray[Any, Any], place: tuple[int, ...], chunks: tuple[int, ...]
) -> None:
    """The last pieces of an axis reach over its end."""
    starts = [at * length for at, length in zip(place, chunks, strict=True)]
    target = tuple(slice(start, start + length) for start, length in zip(starts, chunks, strict=True))
    fitting = tuple(
        slice(0, max(min(length, whole - start), 0))
        for start, length, whole in zip(starts, chunks, out.shape, strict=True)
    )
    out[target] = values[fitting]


def _piece(layout: Layout, data: bytes) -> np.ndarray[Any, Any]:
    count = math.prod(layout.chunks)
    limit = _TEXT_BYTES
    if layout.dtype != _OBJECT:
        # Filters may make values wider, and what cannot be packed grows a little.
        limit = max(8 * count, layout.chunk_bytes) + layout.chunk_bytes // 64
    if layout.inner:
        limit += 20 * _parts(layout, layout.inner)
    unpacked: bytes | np.ndarray[Any, Any] = data
    for name, config in layout.steps:
        if isinstance(unpacked, np.ndarray):
            raise Damaged
        unpacked = (
            unpack(name, config, unpacked, limit)
            if name in BYTES
            else restore(name, config, unpacked, layout.dtype)
        )
    if layout.inner and isinstance(unpacked, bytes):
        return _shard(layout, layout.inner, unpacked)
    values = unpacked if isinstance(unpacked, np.ndarray) else np.frombuffer(unpacked, layout.dtype)
    if values.size != count:
        raise Damaged
    if layout.transposed:
        turned = values.reshape([layout.chunks[axis] for axis in layout.transposed])
        return turned.transpose(np.argsort(layout.transposed))
    return values.reshape(layout.chunks, order="F" if layout.order == "F" else "C")


def _parts(layout: Layout, inner: Layout) -> int:
    return math.prod(whole // part for whole, part in zip(layout.chunks, inner.chunks, strict=True))


def _shard(layout: Layout, inner: Layout, data: bytes) -> np.ndarray[Any, Any]:
    """A piece that holds many parts, with a list of where each begins and how long it is."""
    grid = tuple(whole // part for whole, part in zip(layout.chunks, inner.chunks, strict=True))
    width = 16 * math.prod(grid)
    behind = 4 if layout.index_checked else 0
    if len(data) < width + behind:
        raise Damaged
    at = 0 if layout.index_first else len(data) - width - behind
    index = np.frombuffer(data, "<u8", 2 * math.prod(grid), at).reshape(-1, 2)
    out = np.full(layout.chunks, layout.fill, layout.dtype)
    for place, (start, length) in zip(np.ndindex(*grid), index.tolist(), strict=True):
        if start == _MISSING and length == _MISSING:
            continue
        if start + length > len(data):
            raise Damaged
        _put(out, _piece(inner, data[start : start + length]), place, inner.chunks)
    return out
