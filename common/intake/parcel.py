"""What a reader hands back, and how it crosses from the child: npy and Arrow bytes and JSON, never pickle."""

from __future__ import annotations

import io
import json
import mmap
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"PARCEL01"
_ALIGN = 64
_KINDS = "biufcSUmM"


@dataclass(frozen=True)
class Parcel:
    """Content of a file as arrays and tables, read-only once it came through the door.

    Attributes:
        facts: what is known of it (shape, CRS, spacing_mm, ...), fit for JSON; units in the names.
        arrays: named arrays of numbers, times or fixed-length text.
        tables: named Arrow tables.
        notes: what was changed or looks odd, one sentence each.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    notes: Sequence[str] = ()


def write(parcel: Parcel, file: BinaryIO, upload: memoryview) -> None:
    """Write a parcel: magic, place of the head, the parts, each aligned to 64 bytes, and the head.

    Args:
        parcel: what to hand back.
        file: where to.
        upload: the bytes it was read from; an array that is a view of them is handed back as its place there.

    Raises:
        TypeError: an array holds objects, or a fact is not fit for JSON.
    """
    parts: list[tuple[str, str, int, Any]] = []
    base = np.frombuffer(upload, np.uint8).__array_interface__["data"][0]
    start = file.tell()
    file.write(_MAGIC + bytes(8))
    for name, array in parcel.arrays.items():
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"an array of {array.dtype} cannot be handed on")
        at = array.__array_interface__["data"][0] - base
        whole = array.flags.c_contiguous or array.flags.f_contiguous
        if whole and array.nbytes and 0 <= at <= len(upload) - array.nbytes:
            order = "C" if array.flags.c_contiguous else "F"
            parts.append(("view", name, at, [array.dtype.str, array.shape, order]))
            continue
        parts.append(("array", name, _pad(file, start), None))
        # Volumes come by columns (NIfTI): turning them over would take longer than reading them.
        kept = array if array.flags.f_contiguous else np.ascontiguousarray(array).reshape(array.shape)
        npy.write_array(file, kept, version=(1, 0), allow_pickle=False)
    for name, table in parcel.tables.items():
        import pyarrow as pa

        parts.append(("table", name, _pad(file, start), None))
        sink = pa.PythonFile(file, mode="w")
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    at = file.tell() - start
    head = {"parts": parts, "facts": dict(parcel.facts), "notes": list(parcel.notes)}
    file.write(json.dumps(head).encode())
    end = file.tell()
    file.seek(start + len(_MAGIC))
    file.write(at.to_bytes(8, "little"))
    file.seek(end)
    file.flush()


def read(handle: int, upload: int) -> Parcel:
    """Read what `write` wrote, without copying: arrays and tables are views of the file, or of the upload.

    Args:
        handle: of what was written.
        upload: handle of what it was read from.

    Raises:
        ValueError: it is not a whole parcel.
    """
    size = os.fstat(handle).st_size
    if size < len(_MAGIC) + 8:
        raise ValueError("nothing was handed back")
    view = memoryview(mmap.mmap(handle, size, prot=mmap.PROT_READ))
    if bytes(view[:8]) != _MAGIC:
        raise ValueError("what was handed back is no parcel")
    at = int.from_bytes(view[8:16], "little")
    head = json.loads(bytes(view[at:]))
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    tables: dict[str, pa.Table] = {}
    for what, name, begin, form in head["parts"]:
        if what == "array":
            arrays[name] = _array(view[begin:])
        elif what == "view":
            arrays[name] = _view(upload, begin, *form)
        else:
            import pyarrow as pa

            tables[name] = pa.ipc.open_stream(pa.py_buffer(view[begin:])).read_all()
            tables[name].validate(full=True)
    return Parcel(head["facts"], arrays, tables, tuple(head["notes"]))


def _pad(file: BinaryIO, start: int) -> int:
    at = file.tell() - start
    file.write(bytes(-at % _ALIGN))
    return at + -at % _ALIGN


def _array(view: memoryview) -> np.ndarray[Any, Any]:
    head = io.BytesIO(bytes(view[:4096]))
    if npy.read_magic(head) != (1, 0):
        raise ValueError("an array's form is not known")
    shape, by_column, dtype = npy.read_array_header_1_0(head)
    if dtype.kind not in _KINDS:
        raise ValueError("an array's form is not known")
    count = int(np.prod(shape, dtype=np.int64))
    if dtype.itemsize * count == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer(view, dtype, count, head.tell()).reshape(shape, order="F" if by_column else "C")


def _view(upload: int, begin: int, kind: str, shape: Sequence[int], order: str) -> np.ndarray[Any, Any]:
    dtype = np.dtype(kind)
    if dtype.kind not in _KINDS or order not in ("C", "F"):
        raise ValueError("an array's form is not known")
    held = mmap.mmap(upload, os.fstat(upload).st_size, prot=mmap.PROT_READ)
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(held, dtype, count, begin).reshape(shape, order="F" if order == "F" else "C")
