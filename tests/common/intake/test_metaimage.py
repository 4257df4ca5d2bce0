"""MetaImage: data in the file alone, and its geometry in RAS+ mm."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from scans import noise

from common.errors import PilotError
from common.intake import kinds, take

VOXELS = noise(4, 3, 2)
DATA = VOXELS.tobytes(order="F")


def header(**changes: str | None) -> bytes:
    """A header; underscores stand for nothing, and fields given as None go."""
    fields: dict[str, str | None] = {
        "ObjectType": "Image", "NDims": "3", "BinaryData": "True", "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False", "TransformMatrix": "0 1 0 -1 0 0 0 0 1", "Offset": "10 20 30",
        "ElementSpacing": "0.5 0.75 2", "DimSize": "4 3 2", "ElementType": "MET_SHORT",
    }  # fmt: skip
    fields |= changes
    last = fields.pop("ElementDataFile", "LOCAL")
    lines = [f"{name} = {value}\n" for name, value in fields.items() if value is not None]
    return ("".join(lines) + f"ElementDataFile = {last}\n").encode()


def parse(tmp_path, data):
    path = tmp_path / "scan.mha"
    path.write_bytes(data)
    return take(path, [kinds.METAIMAGE]).parse()


def test_volume(tmp_path):
    found = parse(tmp_path, header() + DATA)
    np.testing.assert_array_equal(found.arrays["voxels"], VOXELS)
    expected = [[0, 0.75, 0, -10], [-0.5, 0, 0, -20], [0, 0, 2, 30], [0, 0, 0, 1]]
    np.testing.assert_allclose(found.arrays["affine"], expected)
    assert (found.facts["n"], found.facts["shape"], found.facts["voxel_mm3"]) == (24, [4, 3, 2], 0.75)
    assert found.facts["orientation"] == "PRS"


def test_packed_big_endian_and_flat(tmp_path):
    packed = parse(tmp_path, header(CompressedData="True") + zlib.compress(DATA))
    np.testing.assert_array_equal(packed.arrays["voxels"], VOXELS)
    big = header(BinaryDataByteOrderMSB="True") + VOXELS.astype(">i2").tobytes(order="F")
    np.testing.assert_array_equal(parse(tmp_path, big).arrays["voxels"], VOXELS)
    flat = header(NDims="2", TransformMatrix=None, Offset=None, ElementSpacing="1 1", DimSize="6 4")
    assert parse(tmp_path, flat + DATA).facts["shape"] == [6, 4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (header(ElementDataFile="/etc/passwd"), "do not lie in the file"),
        (header(ElementDataFile="LIST"), "do not lie in the file"),
        (header(ElementDataFile="x.raw"), "do not lie in the file"),
        (header(ElementDataFile=""), "do not lie in the file"),
        (header(DimSize="32767 32767 32767"), "are taken in"),
        (header(DimSize="4 3 -2"), "length along an axis"),
        (header(DimSize="4 3"), "number of axes"),
        (header(DimSize="4 3 1e9"), "dimsize"),
        (header(ElementType="MET_STRING"), "type of numbers"),
        (header(ElementNumberOfChannels="3"), "laid out"),
        (header(HeaderSize="-1"), "laid out"),
        (header(BinaryData="False"), "binary"),
        (header(ElementSpacing="0 0 0"), "0 mm"),
        (header(ElementSpacing=None), "elementsize"),
        (header(ElementSpacing="nan 1 1"), "elementspacing"),
        (header(TransformMatrix="0 0 0 0 0 0 0 0 0"), "0 mm"),
        (header(CompressedData="True") + zlib.compress(bytes(300 << 20), 9), "grows past"),
        (header(CompressedData="True") + zlib.compress(DATA)[:-1] + b"#", "damaged"),
        (header(CompressedData="True") + zlib.compress(DATA)[:-9], "cut off|damaged"),
        (header(CompressedData="True") + b"#" * 48, "damaged"),
        (header() + b"#", "1 bytes of data|holds 49"),
        (header()[:-20], "line 11"),
        (header().replace(b"NDims", b"NDims = 3\nNDims"), "line 3"),
    ],
)
def test_refused(tmp_path, data, said):
    if not data.endswith(b"#") and b"CompressedData = True" not in data:
        data += DATA
    elif data.endswith(b"LOCAL\n#"):
        data = data[:-1] + DATA + b"#"
    with pytest.raises(PilotError, match=said) as caught:
        parse(tmp_path, data)
    assert "passwd" not in str(caught.value)
    assert caught.value.mend


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "scan.mha", [kinds.METAIMAGE])
    forms = (header() + DATA, header(CompressedData="True") + zlib.compress(DATA))

    @fuzzed
    @given(hostile(*forms))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 20, attempts.report()
