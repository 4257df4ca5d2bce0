"""Zarr: the values that zarr-python and xarray have, in both versions, and no piece that outgrows its cap."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib

import numcodecs
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, mutated
from zarr import codecs as v3

from common.errors import DataError, IntakeError
from common.intake import kinds, take

GZIP2 = {"id": "gzip", "level": 5}


def parse(tmp_path, store, **options):
    """A store given as a folder, or as a dict of names and bytes that is packed into a zip."""
    path = store
    if isinstance(store, dict):
        path = tmp_path / "weer.zip"
        path.write_bytes(packed(store))
    return take(path, [kinds.ZARR]).parse(**options)


def packed(files, how=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as made:
        for name, data in files.items():
            made.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return out.getvalue()


def files(folder):
    return {
        one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }


def grid(hours=24):
    random = np.random.default_rng(0)
    return xr.Dataset(
        {
            "t2m": (
                ("time", "lat", "lon"),
                random.normal(280, 5, (hours, 5, 7)).astype("f4"),
                {"units": "K"},
            ),
            "count": (("time",), np.arange(hours, dtype="i2")),
            "station": (("lat",), np.array([f"é{i}" for i in range(5)])),
            "longer": (("lat",), np.array([f"ü{'x' * i}" for i in range(5)], dtype=object)),
        },
        {
            "time": pd.date_range("2024-01-01", periods=hours, freq="h"),
            "lat": ("lat", np.linspace(50, 54, 5), {"units": "degrees_north"}),
            "lon": ("lon", np.linspace(3, 7, 7), {"units": "degrees_east"}),
        },
        {"title": "weer"},
    )


def made(tmp_path, data, version, **options):
    path = tmp_path / "made.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.to_zarr(path, zarr_format=version, mode="w", **options)
    return path


def one_array(tmp_path, values, version=2, name="values", **options):
    """A store of one array, written by zarr-python."""
    path = tmp_path / "one.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(path, mode="w", zarr_format=version)
        array = group.create_array(name, shape=values.shape, dtype=values.dtype, **options)
        array[...] = values
    return path


def description(shape=(4,), chunks=(4,), dtype="<f4", **more):
    plain = {"compressor": None, "fill_value": 0, "order": "C", "filters": None}
    return {"zarr_format": 2, "shape": list(shape), "chunks": list(chunks), "dtype": dtype, **plain, **more}


def described(piece=None, **more):
    """A store of one array by its description, with one piece."""
    raw = np.arange(4, dtype="<f4").tobytes() if piece is None else piece
    return {".zgroup": {"zarr_format": 2}, "a/.zarray": description(**more), "a/0": raw}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "encoding",
    [
        {},
        {"chunks": (10, 2, 3)},
        {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768},
        {"dtype": "f8", "_FillValue": -999.0},
    ],
    ids=str,
)
def test_values_are_xarrays(tmp_path, version, zipped, encoding):
    some = grid()
    some["t2m"][3, 2, 1] = np.nan
    folder = made(tmp_path, some, version, encoding={"t2m": encoding} if encoding else {})
    store = {f"map/weer.zarr/{name}": data for name, data in files(folder).items()} if zipped else folder
    found = parse(tmp_path, store)
    with xr.open_zarr(folder) as expected:
        for name, one in expected.variables.items():
            values = np.array(one.values.tolist()) if one.dtype.kind in "OT" else one.values
            np.testing.assert_array_equal(found.arrays[name], values)
    assert found.arrays["time"].dtype == np.dtype("datetime64[ns]")
    assert found.facts["n"] == 24
    assert found.facts["dims"]["t2m"] == ["time", "lat", "lon"]
    assert found.facts["units"]["t2m"] == "K"
    assert found.facts["global_attrs"] == {"title": "weer"}
    assert found.facts["region"] == [3, 50, 7, 54]
    assert found.notes[0] == "'t2m' has no value in 1 of 840 places"


@pytest.mark.parametrize(
    "dtype", ["|b1", "<i1", ">i2", "<u4", ">f8", "<f2", "<u8", "<M8[s]", ">M8[ns]", "<U7", "|S4"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_of_version_2(tmp_path, dtype, order):
    values = np.arange(35).reshape(5, 7).astype(dtype)
    found = parse(tmp_path, one_array(tmp_path, values, order=order, chunks=(2, 3)))
    np.testing.assert_array_equal(found.arrays["values"], values)
    assert found.facts["dims"] == {"values": ["values_0", "values_1"]}


@pytest.mark.parametrize(
    "compressor",
    [
        None,
        numcodecs.Zlib(1),
        numcodecs.GZip(1),
        numcodecs.BZ2(1),
        numcodecs.LZMA(),
        numcodecs.Zstd(1),
        numcodecs.LZ4(),
        *(
            numcodecs.Blosc(name, shuffle=how)
            for name in ("lz4", "zstd", "zlib", "blosclz")
            for how in (0, 1, 2)
        ),
    ],
    ids=str,
)
def test_compressors_of_version_2(tmp_path, compressor):
    values = np.random.default_rng(0).integers(0, 9, (50, 31)).astype("i4")
    found = parse(tmp_path, one_array(tmp_path, values, compressors=compressor, chunks=(20, 20)))
    np.testing.assert_array_equal(found.arrays["values"], values)


@pytest.mark.parametrize(
    "filters",
    [
        [numcodecs.Delta("<i4")],
        [numcodecs.Delta("<i4", "<i8"), numcodecs.Shuffle(8)],
        [numcodecs.Shuffle(4)],
        [numcodecs.FixedScaleOffset(5, 2, "<i4", "<i8")],
    ],
    ids=str,
)
def test_filters_of_version_2(tmp_path, filters):
    values = np.random.default_rng(0).integers(5, 900, (40,)).astype("<i4")
    found = parse(tmp_path, one_array(tmp_path, values, filters=filters, compressors=numcodecs.Zlib(1)))
    np.testing.assert_array_equal(found.arrays["values"], values)


@pytest.mark.parametrize("dtype", ["bool", "i1", "u2", "i8", "f2", "f4", "f8", "M8[s]", "m8[ns]", "U7", "S4"])
@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (2, 3)},
        {"chunks": (2, 3), "compressors": [v3.GzipCodec(), v3.Crc32cCodec()]},
        {"chunks": (5, 7), "compressors": None, "filters": [v3.TransposeCodec(order=(1, 0))]},
        {"chunks": (2, 3), "shards": (4, 6), "compressors": v3.ZstdCodec()},
        {"chunks": (2, 3), "chunk_key_encoding": {"name": "v2", "separator": "."}},
    ],
    ids=["zstd", "gzip", "transposed", "shards", "old names"],
)
def test_types_and_codecs_of_version_3(tmp_path, dtype, options):
    values = np.arange(35).reshape(5, 7).astype(dtype)
    found = parse(tmp_path, one_array(tmp_path, values, 3, **options))
    np.testing.assert_array_equal(found.arrays["values"], values)


@pytest.mark.parametrize("cname", ["lz4", "zstd", "blosclz"])
def test_blosc_and_big_endian_of_version_3(tmp_path, cname):
    values = np.arange(35.0).reshape(5, 7)
    options = {"serializer": v3.BytesCodec(endian="big"), "compressors": v3.BloscCodec(cname=cname)}
    found = parse(tmp_path, one_array(tmp_path, values, 3, chunks=(2, 3), **options))
    np.testing.assert_array_equal(found.arrays["values"], values)


def test_a_store_that_is_an_array(tmp_path):
    values = np.arange(5.0)
    for version in (2, 3):
        zarr.save_array(tmp_path / f"{version}.zarr", values, zarr_format=version)
        np.testing.assert_array_equal(parse(tmp_path, tmp_path / f"{version}.zarr").arrays["values"], values)
    bare = {name: data for name, data in described().items() if name != ".zgroup"}
    assert list(
        parse(tmp_path, {f"x/{k}": v for k, v in bare.items()} | {"x/b/.zarray": description()}).arrays
    ) == ["a", "b"]


def test_groups_and_scalars(tmp_path):
    store = described() | {
        "g/.zgroup": {"zarr_format": 2},
        "g/b/.zarray": description(),
        "s/0": b"\x00\x00\x80\x3f",
    }
    found = parse(tmp_path, store | {"s/.zarray": description((), ())})
    assert found.arrays["s"] == 1
    assert found.notes == ("groups were left out: g, g/b",)


def test_missing_pieces_are_filled_and_noted(tmp_path):
    more = {"shape": (40,), "chunks": (4,), "fill_value": 7}
    found = parse(tmp_path, described(**more))
    assert found.arrays["a"][:5].tolist() == [0, 1, 2, 3, 7]
    assert found.notes == ("of 'a' 9 of 10 pieces are not there and were filled with its fill value",)
    beyond = described(**more) | {"a/99": b"left from earlier", "a/1.1": b"x", "a/x": b"x"}
    np.testing.assert_array_equal(parse(tmp_path, beyond).arrays["a"], found.arrays["a"])


@pytest.mark.parametrize(
    ("fill", "expected"), [("NaN", np.nan), ("Infinity", np.inf), ("-Infinity", -np.inf), (None, 0)]
)
def test_fill_values(tmp_path, fill, expected):
    found = parse(tmp_path, described(shape=(8,), fill_value=fill))
    np.testing.assert_array_equal(found.arrays["a"][4:], [expected] * 4)


def test_variables_come_with_their_coordinates(tmp_path):
    folder = made(tmp_path, grid(), 2)
    assert set(parse(tmp_path, folder, variables=["t2m"]).arrays) == {"t2m", "time", "lat", "lon"}
    with pytest.raises(DataError, match="no variable 'x'"):
        parse(tmp_path, folder, variables=["x"])


def test_meaning_is_checked(tmp_path):
    some = grid()[["t2m"]]
    with pytest.raises(DataError, match="every value is missing in 't2m'"):
        parse(tmp_path, made(tmp_path, some * np.nan, 3))
    odd = xr.Dataset(
        {"load": ("time", np.arange(3.0))}, {"time": ("time", [0, 1, 2], {"units": "uren sinds gisteren"})}
    )
    with pytest.raises(DataError, match="times cannot be read"):
        parse(tmp_path, made(tmp_path, odd, 2))


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"shape": (10**7, 10**7), "chunks": (10**3, 10**3)}, "MB of values"),
        ({"shape": (10**7, 10**7), "chunks": (10**5, 10**5)}, "too large to unpack one"),
        ({"shape": (4, 4)}, "description of the array 'a' is damaged"),
        ({"shape": (-4,)}, "is damaged"),
        ({"shape": (4.5,)}, "is damaged"),
        ({"shape": (True,)}, "is damaged"),
        ({"chunks": (0,)}, "is damaged"),
        ({"shape": "4"}, "is damaged"),
        ({"shape": [2] * 40, "chunks": [1] * 40}, "is damaged"),
        ({"dtype": "|O"}, "objects"),
        ({"dtype": "|O", "filters": [{"id": "pickle"}]}, r"not taken in \(pickle\)"),
        ({"dtype": "|O", "filters": [{"id": "json2"}]}, r"not taken in \(json2\)"),
        ({"dtype": [["a", "<f4"]]}, "objects"),
        ({"dtype": "<c8"}, "objects"),
        ({"dtype": "<f4, <f4"}, "objects"),
        ({"dtype": "<U99999999"}, "objects"),
        ({"compressor": {"id": "reference"}}, "not taken in"),
        ({"compressor": {"id": ["zlib"]}}, "not taken in"),
        ({"compressor": {"name": "zlib"}}, "is damaged"),
        ({"compressor": "zlib"}, "is damaged"),
        ({"compressor": {"id": "lzma", "filters": [{"id": 33}]}}, "lzma with filters"),
        ({"fill_value": "AAAA"}, "is damaged"),
        ({"fill_value": [1]}, "is damaged"),
        ({"order": "X"}, "is damaged"),
        ({"dimension_separator": ".."}, "is damaged"),
        ({"zarr_format": 4}, "no version"),
    ],
)
def test_descriptions_that_are_refused(tmp_path, more, what):
    with pytest.raises(IntakeError, match=what) as caught:
        parse(tmp_path, described(**more))
    assert caught.value.where == "weer.zip"
    assert caught.value.mend


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"codecs": [{"name": "numcodecs.pickle"}]}, "not taken in"),
        ({"codecs": [{"name": "bytes"}, {"name": "https://x/y"}]}, "not taken in"),
        ({"codecs": []}, "other things"),
        ({"codecs": [{"name": "gzip"}, {"name": "bytes"}]}, "not taken in"),
        ({"storage_transformers": [{"name": "indirection"}]}, "storage transformers"),
        ({"data_type": "variable_length_bytes"}, "other things"),
        ({"data_type": {"name": "struct", "configuration": {}}}, "other things"),
        ({"data_type": "complex64"}, "other things"),
        ({"chunk_grid": {"name": "rectilinear", "configuration": {}}}, "different sizes"),
        ({"chunk_key_encoding": {"name": "else"}}, "is damaged"),
        ({"fill_value": "0xzz"}, "is damaged"),
        ({"dimension_names": ["a", "b"]}, "is damaged"),
        ({"shape": [10**9], "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [9]}}},
         "MB of values"),
    ],
)  # fmt: skip
def test_descriptions_of_version_3_that_are_refused(tmp_path, more, what):
    store = files(one_array(tmp_path, np.arange(5.0), 3))
    said = json.loads(store["values/zarr.json"]) | more
    with pytest.raises(IntakeError, match=what):
        parse(tmp_path, store | {"values/zarr.json": said})


@pytest.mark.parametrize(
    "wrong", [b"", b"[1]", b"{", b"[" * 99_999, b"\xff" * 9, b'{"shape": ' + b"9" * 9999 + b"}"]
)
def test_descriptions_that_are_no_json(tmp_path, wrong):
    with pytest.raises(IntakeError, match="is damaged"):
        parse(tmp_path, described() | {"a/.zarray": wrong})


BOMB = bytes(80 << 20)


@pytest.mark.parametrize(
    ("compressor", "piece"),
    [
        (GZIP2, bytes(numcodecs.GZip(9).encode(BOMB))),
        ({"id": "zlib"}, zlib.compress(BOMB)),
        ({"id": "bz2"}, numcodecs.BZ2(1).encode(BOMB)),
        ({"id": "lzma"}, bytes(numcodecs.LZMA(preset=0).encode(BOMB))),
        ({"id": "zstd"}, bytes(numcodecs.Zstd(1).encode(BOMB))),
        ({"id": "lz4"}, bytes(numcodecs.LZ4().encode(BOMB))),
        ({"id": "blosc"}, bytes(numcodecs.Blosc("zstd").encode(BOMB))),
        ({"id": "blosc"}, struct.pack("<4B3I", 2, 1, 1, 4, 2**31 - 1, 2**20, 16)),
        ({"id": "lz4"}, struct.pack("<i", 2**31 - 1) + b"xx"),
        ({"id": "zlib"}, zlib.compress(bytes(16))[:-5]),
        (GZIP2, b"no gzip"),
        ({"id": "zstd"}, b"\x28\xb5\x2f\xfd"),
        (None, b"short"),
    ],
)
def test_pieces_that_grow_or_are_damaged(tmp_path, compressor, piece):
    with pytest.raises(IntakeError, match=r"a piece of the array 'a' is damaged \(0\)"):
        parse(tmp_path, described(piece=piece, compressor=compressor))


def test_bomb_is_never_unpacked(tmp_path):
    engine, block = zlib.compressobj(1), bytes(1 << 20)
    # More than the child may use, so that it would die of memory if it were unpacked.
    piece = b"".join(engine.compress(block) for _ in range(1200)) + engine.flush()
    with pytest.raises(IntakeError, match="a piece of the array 'a' is damaged"):
        parse(tmp_path, described(piece=piece, compressor={"id": "zlib"}))


def test_shards_that_point_beyond(tmp_path):
    store = files(one_array(tmp_path, np.arange(8.0), 3, chunks=(2,), shards=(8,), compressors=None))
    shard = bytearray(store["values/c/0"])
    struct.pack_into("<Q", shard, len(shard) - 4 - 64, 2**40)
    with pytest.raises(IntakeError, match="a piece of the array"):
        parse(tmp_path, store | {"values/c/0": bytes(shard)})


def test_several_stores(tmp_path):
    store = {f"{at}/{name}": data for at in "xy" for name, data in described().items()}
    with pytest.raises(IntakeError, match="several Zarr stores"):
        parse(tmp_path, store)


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "weer.zip", [kinds.ZARR])
    some = grid(6)
    stores = [
        files(made(tmp_path, some, 2, consolidated=False, encoding={"t2m": {"chunks": (3, 3, 3)}})),
        files(
            made(
                tmp_path,
                some[["t2m"]],
                3,
                consolidated=False,
                encoding={"t2m": {"chunks": (3, 5, 7), "shards": (6, 5, 7)}},
            )
        ),
    ]

    @st.composite
    def damaged(draw):
        store = draw(st.sampled_from(stores))
        name = draw(st.sampled_from(sorted(store)))
        return packed(store | {name: draw(mutated(store[name]))})

    whole = [packed(store, zipfile.ZIP_DEFLATED) for store in stores]

    @fuzzed
    @given(st.one_of(damaged(), damaged(), damaged(), *map(mutated, whole)))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()


def test_a_store_may_have_thousands_of_pieces_and_a_study_may_not(tmp_path):
    store = tmp_path / "fine.zarr"
    zarr.create_array(store, shape=(6_000,), chunks=(1,), dtype="u1", zarr_format=2)[:] = 7
    found = take(store, [kinds.ZARR]).parse()
    assert int(found.arrays["values"].sum()) == 42_000
    for mark in store.glob(".z*"):
        mark.unlink()
    with pytest.raises(IntakeError, match="the folder holds more than 5,000 files"):
        take(store, [kinds.ZARR, kinds.DICOM])
