"""Weights as safetensors: a length, a JSON head that names tensors and places, then their bytes.

Read without the `safetensors` package, so that each number of the head is held against the file before any
memory is taken, and a name that stands twice is refused instead of the last one winning. The text under
`__metadata__` is left aside.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from common.errors import IntakeError
from common.intake.parcel import Parcel
from common.intake.source import Source
from common.intake.strict_json import loads, shown

MAX_HEAD_BYTES = 20_000_000
MAX_DIMENSIONS = 16
_LONGEST_NAME = 500
_LENGTH_BYTES = 8
_METADATA = "__metadata__"
# NumPy has neither bfloat16 nor floats of 8 bits: these are handed on as their bits.
_BITS = {"BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1", "F8_E8M0": "u1"}
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8", **_BITS,
}  # fmt: skip
_MEND = "export or copy it anew"


def read(source: Source) -> Parcel:
    """Read all tensors.

    Returns:
        Arrays by name. Facts: n (elements in all), tensors (how many), bits (name -> the type of tensors
        handed on as whole numbers of their bits: BF16 and floats of 8 bits).

    Raises:
        IntakeError: it is cut off or damaged, or its head and its bytes do not fit each other.
    """
    view, where = source.view, source.name
    places = _places(_head(view, where), where)
    start = _LENGTH_BYTES + int.from_bytes(view[:_LENGTH_BYTES], "little")
    end = 0
    for name, (_, _, begin, stop) in sorted(places.items(), key=lambda item: item[1][2:]):
        if begin != end:
            said = "overlaps the one before it" if begin < end else "leaves a hole before it"
            raise IntakeError(f"the tensor '{shown(name)}' {said}", where=where, mend=_MEND)
        end = stop
    if start + end != len(view):
        more = len(view) - start - end
        said = (
            f"it is cut off: {-more:,} bytes are missing"
            if more < 0
            else f"{more:,} bytes follow after its end"
        )
        raise IntakeError(said, where=where, mend=_MEND)
    arrays, odd = {}, []
    for name, (kind, shape, begin, _) in places.items():
        values = np.frombuffer(view, _TYPES[kind], math.prod(shape), start + begin).reshape(shape)
        if kind == "BOOL" and values.view(np.uint8).max(initial=0) > 1:
            raise IntakeError(f"the tensor '{shown(name)}' is damaged", where=where, mend=_MEND)
        if values.dtype.kind in "fc" and not np.isfinite(values).all():
            odd.append(name)
        arrays[name] = values
    facts = {
        "n": sum(array.size for array in arrays.values()),
        "tensors": len(arrays),
        "bits": {name: kind for name, (kind, *_) in places.items() if kind in _BITS},
    }
    notes = (
        [f"{len(odd)} tensors hold NaN or infinite numbers, the first is '{shown(odd[0])}'"] if odd else []
    )
    return Parcel(facts, arrays, {}, notes)


def _head(view: memoryview, where: str) -> dict[str, Any]:
    """The JSON head, once its length was held against the file."""
    length = int.from_bytes(view[:_LENGTH_BYTES], "little")
    if len(view) < _LENGTH_BYTES or length > len(view) - _LENGTH_BYTES:
        raise IntakeError(
            f"its head is said to be {length:,} bytes long, more than the file", where=where, mend=_MEND
        )
    if length > MAX_HEAD_BYTES:
        raise IntakeError(f"its head is {length:,} bytes long", where=where, mend="bring fewer tensors")
    text = bytes(view[_LENGTH_BYTES : _LENGTH_BYTES + length])
    head = loads(text, where, max_depth=4) if text.startswith(b"{") else None
    if not isinstance(head, dict):
        raise IntakeError("its head is no JSON object", where=where, mend=_MEND)
    said = head.pop(_METADATA, {})
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise IntakeError("its metadata are not texts", where=where, mend=_MEND)
    return head


def _places(head: dict[str, Any], where: str) -> dict[str, tuple[str, tuple[int, ...], int, int]]:
    """Name -> type, shape, begin and end among the bytes; each fits in itself."""
    found = {}
    for name, told in head.items():
        at = f"{where}, tensor '{shown(name)}'"
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise IntakeError("its name is empty, endless or unprintable", where=at, mend=_MEND)
        if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
            raise IntakeError("it needs dtype, shape and data_offsets", where=at, mend=_MEND)
        kind, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
        if not isinstance(kind, str) or kind not in _TYPES:
            raise IntakeError(f"its type '{shown(str(kind))}' is not known", where=at, mend="store it as F32")
        if not _are_counts(shape) or len(shape) > MAX_DIMENSIONS:
            raise IntakeError("its shape is no list of a few whole numbers", where=at, mend=_MEND)
        if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
            raise IntakeError("its data_offsets are no begin and end", where=at, mend=_MEND)
        needed, given = math.prod(shape) * np.dtype(_TYPES[kind]).itemsize, offsets[1] - offsets[0]
        if needed != given:
            raise IntakeError(
                f"its shape and type need {needed:,} bytes, its place has {given:,}", where=at, mend=_MEND
            )
        found[name] = (kind, tuple(shape), offsets[0], offsets[1])
    if not found:
        raise IntakeError("there is no tensor in it", where=where, mend="bring the weights")
    return found


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)
