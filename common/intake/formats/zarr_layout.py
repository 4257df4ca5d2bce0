"""What the JSON of a Zarr array says, in version 2 and 3: shape, pieces, type, and how pieces are packed.

All of it is looked over before any piece is read. What is not listed is not taken in: objects, structures,
codecs that run code, and storage that lies elsewhere.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from common.errors import IntakeError
from common.intake.formats.stored import MAX_CHUNK_BYTES, MAX_TEXTS, shown
from common.intake.formats.zarr_codecs import BYTES, VALUES
from common.intake.formats.zarr_types import OBJECT, Odd, dtype2, dtype3, fill_value, named, one_of, unwrapped

Step = tuple[str, Mapping[str, Any]]
_MAX_DIMENSIONS, _LONGEST = 16, 2**48


@dataclass(frozen=True)
class Layout:
    """How an array is kept.

    Attributes:
        shape, chunks: of the array and of a piece.
        dtype: of the values; objects stand for text of any length.
        fill: what stands where no piece is.
        dims: names of the dimensions, where they are told.
        attrs: what is said of it.
        prefix, separator: of the names of the pieces: prefix, then numbers with separators.
        order: "C" or "F", by rows or by columns.
        steps: how a piece was packed, in the order in which it has to be undone.
        inner: how the parts of a piece are kept, where a piece holds many.
        transposed: order of the axes within a piece, where it was changed.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any
    dims: tuple[str, ...]
    attrs: dict[str, Any]
    prefix: str
    separator: str
    order: str
    steps: tuple[Step, ...]
    inner: Layout | None = None
    index_first: bool = False
    index_checked: bool = False
    transposed: tuple[int, ...] = field(default=())

    @property
    def chunk_bytes(self) -> int:
        """Size of a piece, unpacked."""
        return math.prod(self.chunks) * self.dtype.itemsize


def version2(said: Mapping[str, Any], attrs: dict[str, Any], name: str, where: str) -> Layout:
    """The layout that a `.zarray` describes.

    Raises:
        IntakeError: it describes what is not taken in.
    """
    return _looked_over(_version2, said, attrs, name, where)


def version3(said: Mapping[str, Any], name: str, where: str) -> Layout:
    """The layout that the `zarr.json` of an array describes.

    Raises:
        IntakeError: it describes what is not taken in.
    """
    attrs = said.get("attributes")
    return _looked_over(_version3, said, dict(attrs) if isinstance(attrs, dict) else {}, name, where)


def _looked_over(read: Any, said: Mapping[str, Any], attrs: dict[str, Any], name: str, where: str) -> Layout:
    mend = "write it anew with numbers, times or text and a usual compressor"
    try:
        found: Layout = read(said, attrs)
    except Odd as error:
        raise IntakeError(f"the array '{shown(name)}' {error}", where=where, mend=mend) from error
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        struct.error,
    ) as error:
        raise IntakeError(
            f"the description of the array '{shown(name)}' is damaged", where=where, mend="write it anew"
        ) from error
    if found.chunk_bytes > MAX_CHUNK_BYTES:
        raise IntakeError(
            f"the array '{shown(name)}' is kept in pieces of {found.chunk_bytes / 1e6:,.0f} MB, too large to "
            "unpack one", where=where, mend="write it anew in smaller pieces",
        )  # fmt: skip
    if found.dtype == OBJECT and math.prod(found.shape) > MAX_TEXTS:
        raise IntakeError(
            f"the array '{shown(name)}' holds more than {MAX_TEXTS:,} texts", where=where, mend="leave it out"
        )
    return found


def _version2(said: Mapping[str, Any], attrs: dict[str, Any]) -> Layout:
    if said.get("zarr_format") != 2:
        raise Odd("is of no version that is known")
    shape, chunks = _lengths(said["shape"], 0), _lengths(said["chunks"], 1)
    packed, filters = said.get("compressor"), said.get("filters") or []
    steps = [_step2(packed)] if packed else []
    steps += [_step2(one) for one in reversed(filters)]
    dtype = dtype2(said["dtype"], [name for name, _ in steps])
    fill = fill_value(said.get("fill_value"), dtype)
    dims = attrs.pop("_ARRAY_DIMENSIONS", None)
    if dims is not None and said.get("fill_value") is not None and dtype.kind in "iuf":
        # So xarray keeps which value stands for a missing one.
        attrs.setdefault("_FillValue", fill)
    separator = said.get("dimension_separator", ".")
    return Layout(
        shape, _same_length(chunks, shape), dtype, fill, _dims(dims, shape), attrs, "",
        one_of(separator, (".", "/")), one_of(said.get("order", "C"), ("C", "F")), tuple(steps),
    )  # fmt: skip


def _step2(said: Any) -> Step:
    name = said["id"]
    if not isinstance(name, str) or (name not in BYTES and name not in VALUES):
        raise Odd(f"is packed in a way that is not taken in ({shown(str(name))})")
    if name == "lzma" and said.get("filters"):
        raise Odd("is packed in a way that is not taken in (lzma with filters)")
    return name, {key: value for key, value in said.items() if key != "id"}


def _version3(said: Mapping[str, Any], attrs: dict[str, Any]) -> Layout:
    if said.get("zarr_format") != 3:
        raise Odd("is of no version that is known")
    if said.get("storage_transformers"):
        raise Odd("is kept in a way that is not taken in (storage transformers)")
    shape = _lengths(said["shape"], 0)
    name, grid = named(said["chunk_grid"])
    if name != "regular":
        raise Odd("is kept in pieces of different sizes")
    chunks = _same_length(_lengths(grid["chunk_shape"], 1), shape)
    dtype = dtype3(said["data_type"])
    fill = fill_value(said["fill_value"], dtype)
    if isinstance(marked := attrs.get("_FillValue"), str):
        attrs["_FillValue"] = unwrapped(marked, dtype)
        if attrs["_FillValue"] is None:
            del attrs["_FillValue"]
    encoding, settings = named(said["chunk_key_encoding"])
    old = one_of(encoding, ("default", "v2")) == "v2"
    separator = one_of(settings.get("separator", "." if old else "/"), (".", "/"))
    known = [name or "" for name in said["dimension_names"]] if said.get("dimension_names") else None
    dims = _dims(known, shape) if known and all(known) else ()
    base = Layout(shape, chunks, dtype, fill, dims, attrs, "" if old else "c", separator, "C", ())
    return _chain3(said["codecs"], base)


def _chain3(codecs: Any, base: Layout, nested: bool = False) -> Layout:
    """A layout with the codecs of version 3: turning axes, making bytes of values, packing these."""
    chunks, dtype = base.chunks, base.dtype
    transposed: tuple[int, ...] = ()
    inner: Layout | None = None
    first = checked = False
    steps: list[Step] = []
    stored: np.dtype[Any] | None = None
    for one in codecs:
        name, settings = named(one)
        if name == "transpose" and stored is None and not transposed:
            transposed = tuple(settings["order"])
            if sorted(transposed) != list(range(len(chunks))):
                raise ValueError
        elif name == "bytes" and stored is None:
            stored = dtype.newbyteorder("<" if settings.get("endian", "little") == "little" else ">")
        elif name == "vlen-utf8" and stored is None and dtype == OBJECT:
            stored = dtype
            steps.insert(0, (name, settings))
        elif name == "sharding_indexed" and stored is None and not nested and not transposed:
            parts = _same_length(_lengths(settings["chunk_shape"], 1), chunks)
            if any(whole % part for whole, part in zip(chunks, parts, strict=True)):
                raise ValueError
            inner = _chain3(settings["codecs"], replace(base, shape=chunks, chunks=parts), nested=True)
            first = one_of(settings.get("index_location", "end"), ("start", "end")) == "start"
            index = [named(codec) for codec in settings["index_codecs"]]
            usual = [("bytes", {"endian": "little"}), ("crc32c", {})]
            if index not in (usual, usual[:1]):
                raise Odd("is packed in a way that is not taken in (index)")
            checked = len(index) == 2
            stored = dtype
        elif name in BYTES and stored is not None:
            # Version 3 calls by "shuffle" what numcodecs does; its width is always told.
            steps.insert(0, (name, settings))
        else:
            raise Odd(f"is packed in a way that is not taken in ({shown(name)})")
    texts = any(name == "vlen-utf8" for name, _ in steps)
    if stored is None or (not inner and (dtype == OBJECT) != texts):
        raise Odd("holds other things than numbers, times and text")
    return replace(
        base, dtype=stored, steps=tuple(steps), inner=inner, index_first=first, index_checked=checked,
        transposed=transposed,
    )  # fmt: skip


def _lengths(said: Any, least: int) -> tuple[int, ...]:
    found = tuple(said)
    if len(found) > _MAX_DIMENSIONS or not all(
        isinstance(length, int) and not isinstance(length, bool) and least <= length <= _LONGEST
        for length in found
    ):
        raise ValueError
    return found


def _same_length(chunks: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(chunks) != len(shape):
        raise ValueError
    return chunks


def _dims(said: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    if said is None:
        return ()
    names = tuple(map(str, said))
    if len(names) != len(shape) or len(set(names)) != len(names):
        raise ValueError
    return names
