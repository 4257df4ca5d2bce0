"""NPZ: what numpy saves comes back; headers are believed only as far as the data bear them out."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile

from common.errors import PilotError
from common.intake import kinds, take


def parse(tmp_path, data, name="data.npz"):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.NPZ]).parse()


def refused(tmp_path, data, said):
    with pytest.raises(PilotError, match=said) as caught:
        parse(tmp_path, data)
    assert str(caught.value).startswith("data.npz: ")
    assert caught.value.mend


def saved(save=np.savez, **arrays) -> bytes:
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/") + ".npy", data)
    return out.getvalue()


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    body = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    length = len(body).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + length + body + data


def described(descr: str = "'<f8'", shape: str = "(2,)", data: bytes = bytes(16)) -> bytes:
    return zipped(a=npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", data))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path, save):
    arrays = {
        "whole": np.arange(24, dtype=np.int16).reshape(2, 3, 4),
        "by_column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big_endian": np.arange(5, dtype=">i4"),
        "scalar": np.float32(7.5),
        "nothing": np.zeros((0, 3)),
        "yes": np.array([True, False]),
        "times": np.array(["2024-01-01", "2024-02-01"], "M8[D]"),
        "words": np.array(["veld", "gras"]),
    }
    found = parse(tmp_path, saved(save, **arrays))
    assert list(found.arrays) == found.facts["names"] == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == np.asarray(array).dtype.newbyteorder("=")
        assert found.facts["shapes"][name] == list(np.shape(array))
    assert found.facts["dtypes"]["whole"] == "i2"


class Opens:
    def __reduce__(self):
        return (open, ("/tmp/marker-of-a-pickle", "w"))


REFUSED = {
    "objects": (saved(a=np.array([Opens()], object)), "'a' holds Python objects"),
    "objects beside numbers": (saved(b=np.arange(3), a=np.array([Opens()], object)), "'a' holds Python"),
    "objects in records": (saved(a=np.zeros(2, [("x", "O"), ("y", "f4")])), "Python objects"),
    "records": (saved(a=np.zeros(2, [("x", "f4")])), "records"),
    "declares 8 TB": (described(shape="(1000000000000,)"), "8,000,000 MB"),
    "declares more than it holds": (described(shape="(3,)"), "'a' declares 24 bytes and holds 16"),
    "declares less than it holds": (described(shape="(1,)"), "'a' declares 8 bytes and holds 16"),
    "negative": (described(shape="(-2,)"), "makes no sense|damaged"),
    "endless behind a zero": (described(shape="(0, 9999999999999999999)", data=b""), "no sense|damaged"),
    "of no width": (described("'<U0'", "(99999999999,)", data=b""), "nothing"),
    "no literal": (described("__import__('os').getcwd()"), "damaged"),
    "nested brackets": (zipped(a=npy("(" * 9000)), "damaged"),
    "long header": (zipped(a=npy("{" + " " * 200_000 + "}", version=b"\2\0")), "damaged"),
    "unknown version": (zipped(a=npy("{}", version=b"\7\0")), "damaged"),
    "no array": (zipped(a=b"text"), "damaged"),
    "nested name": (zipped(deep__a=npy("{}")), "no name of an array"),
    "cut": (saved(a=np.arange(99))[:-30], "cut off|damaged"),
    "bomb": (saved(np.savez_compressed, a=np.zeros(200 << 20, np.uint8)), "grows past"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    refused(tmp_path, *REFUSED[name])


def test_real_arrays_are_numpys(benchmark_data):
    path = benchmark_data / "healthcare" / "pneumonia_train_val.npz"
    found = take(path, [kinds.NPZ]).parse()
    with np.load(path, allow_pickle=False) as there:
        assert set(there.files) == set(found.arrays)
        for name in there.files:
            np.testing.assert_array_equal(found.arrays[name], there[name])


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "data.npz", [kinds.NPZ])
    plain, packed = (saved(save, a=np.arange(6), b=np.eye(2)) for save in (np.savez, np.savez_compressed))

    @fuzzed
    @given(hostile(plain, packed, head=180))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()
