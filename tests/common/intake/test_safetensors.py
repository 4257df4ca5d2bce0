"""Weights as safetensors: what loads, and heads that lie about the bytes behind them."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, hostile
from safetensors.numpy import save

from common import intake
from common.errors import IntakeError
from common.intake import kinds

ARRAYS = {
    "weight": np.arange(6, dtype="<f4").reshape(2, 3),
    "half": np.array([1.5, -2], "<f2"),
    "steps": np.array(7, "<i8"),
    "mask": np.array([True, False, True]),
    "none": np.zeros((0, 4), "<f8"),
}

TYPES = ["F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL", "C64"]
TYPES += ["BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0"]


def made(head, body=b"", length=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def one(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.fixture
def read(tmp_path):
    def reads(data):
        path = tmp_path / "model.safetensors"
        path.write_bytes(data)
        return intake.take(path, kinds.MODELS).parse()

    return reads


def test_reads_what_the_library_writes(read):
    parcel = read(save(ARRAYS, {"format": "pt"}))
    assert parcel.facts["n"] == 12
    assert parcel.facts["tensors"] == 5
    for name, array in ARRAYS.items():
        assert parcel.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(parcel.arrays[name], array)


@pytest.mark.parametrize("kind", TYPES)
def test_reads_each_type(read, kind):
    size = {"C64": 8, "BF16": 2, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1}.get(kind) or int(
        kind[1:]
    ) // 8
    parcel = read(made({"a": one(kind, (2, 2), (0, 4 * size))}, bytes(4 * size)))
    assert parcel.arrays["a"].shape == (2, 2)
    assert parcel.facts["bits"] == ({"a": kind} if kind.startswith(("BF", "F8")) else {})


def test_reads_tensors_in_any_order_of_names_and_padding(read):
    head = json.dumps({"b": one(offsets=(16, 32)), "a": one()}).encode() + b"   "
    parcel = read(made(head, bytes(16) + np.ones(4, "<f4").tobytes()))
    assert parcel.arrays["b"].tolist() == [1, 1, 1, 1]


def test_notes_what_is_not_finite(read):
    assert "NaN" in read(save({"a": np.array([1, np.nan], "<f4")})).notes[0]


HOSTILE = [
    (made(b"{}", length=2**60), "1,152,921,504,606,846,976 bytes long, more than the file"),
    (made({"a": one()}, bytes(16), 10_000), "10,000 bytes long, more than the file"),
    (made({"a": one()}, bytes(15)), "1 bytes are missing"),
    (made({"a": one()}, bytes(17)), "1 bytes follow after its end"),
    (made({"a": one()}), "16 bytes are missing"),
    (made({"a": one(offsets=(4, 20))}, bytes(20)), "leaves a hole before it"),
    (made({"a": one(), "b": one(offsets=(8, 24))}, bytes(24)), "overlaps the one before it"),
    (made({"a": one(), "b": one()}, bytes(16)), "overlaps the one before it"),
    (made({"a": one(shape=(5,))}, bytes(16)), "need 20 bytes, its place has 16"),
    (made({"a": one(shape=(2**62, 4))}, bytes(16)), "its place has 16"),
    (made({"a": one(shape=(-4, -1))}, bytes(16)), "its shape is no list"),
    (made({"a": one(shape=(4.0,))}, bytes(16)), "its shape is no list"),
    (made({"a": one(shape=(True, 4))}, bytes(16)), "its shape is no list"),
    (made({"a": one(shape=(4,) + (1,) * 40)}, bytes(16)), "its shape is no list"),
    (made({"a": one(offsets=(16, 0))}, bytes(16)), "no begin and end"),
    (made({"a": one(offsets=(-16, 0))}, bytes(16)), "no begin and end"),
    (made({"a": one(offsets=(0, 8, 16))}, bytes(16)), "no begin and end"),
    (made({"a": one("F3")}, bytes(16)), "its type 'F3' is not known"),
    (made({"a": one("F4", (32,))}, bytes(16)), "its type 'F4' is not known"),
    (made({"a": one(["F32"])}, bytes(16)), "is not known"),
    (made({"a": one("BOOL", (2,), (0, 2))}, b"\x01\x02"), "the tensor 'a' is damaged"),
    (made({"a": one() | {"file": "/etc/passwd"}}, bytes(16)), "it needs dtype, shape and data_offsets"),
    (made({"a": {"dtype": "F32"}}), "it needs dtype, shape and data_offsets"),
    (made({"a": 5}), "it needs dtype, shape and data_offsets"),
    (made({"": one()}, bytes(16)), "its name is empty"),
    (made({"a\n": one()}, bytes(16)), "unprintable"),
    (made({}), "there is no tensor"),
    (made({"__metadata__": {"a": "b"}}), "there is no tensor"),
    (made({"__metadata__": {"a": 1}, "a": one()}, bytes(16)), "metadata are not texts"),
    (made(b'{"a":%b,"a":%b}' % ((json.dumps(one()).encode(),) * 2), bytes(16)), "'a' is given twice"),
    (made(b"{" * 9 + b"}" * 9), "nested more than 4 deep"),
    (made(b'{"a":' * 100_000), "nested more than 4 deep"),
    (made(b"{]"), "no valid JSON"),
    (made(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,0]}}'), "5000 digits"),
    (made(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,0]}}'), "'NaN' is no finite number"),
]


@pytest.mark.parametrize(("data", "what"), HOSTILE)
def test_refuses_a_head_that_lies(read, data, what):
    with pytest.raises(IntakeError) as error:
        read(data)
    assert what in error.value.what
    assert error.value.where.startswith("model.safetensors")
    assert error.value.mend


def test_a_cut_anywhere_is_noticed(read):
    data = save(ARRAYS)
    for length in range(0, len(data), 7):
        with pytest.raises(IntakeError):
            read(data[:length])


@st.composite
def lying(draw):
    """A head with values of the right kind but any size."""
    numbers = st.integers(-2, 40) | st.sampled_from([2**31, 2**63, 2**64])
    head = {
        name: one(
            draw(st.sampled_from(["F32", "U8", "BOOL", "F16", "I64"])),
            draw(st.lists(numbers, max_size=3)),
            draw(st.lists(numbers, min_size=2, max_size=2)),
        )
        for name in draw(st.lists(st.text(max_size=3), max_size=3, unique=True))
    }
    return made(head, bytes(draw(st.integers(0, 80))))


@fuzzed
@given(data=st.one_of(hostile(save(ARRAYS), head=300), lying()))
def test_nothing_but_own_errors_escapes(tmp_path_factory, data):
    attempts = Attempts(tmp_path_factory.getbasetemp(), "model.safetensors", kinds.MODELS)
    parcel = attempts.read(data)
    assert set(attempts.ends) <= {"read", "refused"}, attempts.last
    if parcel is not None:
        length = int.from_bytes(data[:8], "little")
        assert sum(array.nbytes for array in parcel.arrays.values()) == len(data) - 8 - length
