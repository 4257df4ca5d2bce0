"""GeoTIFF: pixels and place as rasterio has them, and what is refused before pixels are loaded."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import rasterio
from affine import Affine
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasters import RD, changed, entries, geotiff, noise, renumbered

from common.errors import DataError, IntakeError
from common.intake import kinds, take

WIDTH, HEIGHT, COMPRESSION, OFFSETS, SAMPLES, ROWS, COUNTS = 256, 257, 259, 273, 277, 278, 279


def parse(tmp_path, data, name="field.tif", **options):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.GEOTIFF]).parse(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"BIGTIFF": "YES"},
        {"ENDIANNESS": "BIG"},
        {"BIGTIFF": "YES", "ENDIANNESS": "BIG", "compress": "deflate"},
        {"compress": "lzw", "predictor": 2},
        {"compress": "deflate", "tiled": True, "blockxsize": 16, "blockysize": 32},
        {"compress": "zstd", "interleave": "band"},
        {"compress": "packbits"},
        {"compress": "lerc"},
        {"compress": "lzma", "interleave": "pixel"},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": "band"},
        {"blockysize": 7, "interleave": "band"},
        {"blockysize": 7, "interleave": "pixel"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_pixels_are_rasterios(tmp_path, options, dtype):
    values = noise(3, dtype=dtype)
    found = parse(tmp_path, geotiff(values, **options))
    np.testing.assert_array_equal(found.arrays["bands"], values)
    assert found.arrays["bands"].dtype == np.dtype(dtype)
    assert found.facts["crs"] == "EPSG:28992"
    assert found.facts["shape"] == found.facts["file_shape"] == [40, 50]
    assert found.facts["count"] == 3
    assert found.facts["pixel_size"] == [10, 10]
    assert found.facts["pixel_unit"] == "metre"
    assert found.facts["bounds"] == [230000, 579600, 230500, 580000]
    assert found.facts["transform"] == list(RD)[:6]
    assert not found.notes


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "uint32", "int64", "uint64", "float64"])
def test_other_types(tmp_path, dtype):
    values = noise(dtype=dtype)
    np.testing.assert_array_equal(parse(tmp_path, geotiff(values)).arrays["bands"], values)


def test_cloud_optimised(tmp_path):
    values = noise(1, 600, 600)
    with MemoryFile(geotiff(values)) as source, source.open() as raster, MemoryFile() as memory:
        copy(raster, memory.name, driver="COG", blocksize=128, overviews="AUTO", level=1)
        data = memory.read()
    found = parse(tmp_path, data)
    np.testing.assert_array_equal(found.arrays["bands"], values)
    assert not found.notes
    assert parse(tmp_path, data, shape=[60, 60]).arrays["bands"].shape == (1, 60, 60)


def test_window_bands_and_fewer_pixels(tmp_path):
    values = noise(4)
    data = geotiff(values)
    found = parse(tmp_path, data, window=[5, 10, 20, 30], bands=[3, 1])
    np.testing.assert_array_equal(found.arrays["bands"], values[[2, 0], 5:25, 10:40])
    assert found.facts["bounds"] == [230100, 579750, 230400, 579950]
    assert found.facts["window"] == [5, 10, 20, 30]
    assert found.facts["bands"] == [3, 1]
    half = parse(tmp_path, data, shape=[20, 25])
    assert half.facts["pixel_size"] == [20, 20]
    assert half.facts["bounds"] == [230000, 579600, 230500, 580000]


@pytest.mark.parametrize(
    "window", [[0, 0, 41, 50], [-1, 0, 5, 5], [0, 0, 0, 5], [40, 0, 1, 1], [1, 2, 3], ["a"] * 4]
)
def test_windows_beside_it(tmp_path, window):
    with pytest.raises(DataError, match="does not lie within 40 rows and 50 columns"):
        parse(tmp_path, geotiff(), window=window)


@pytest.mark.parametrize("options", [{"bands": [2]}, {"bands": [0]}, {"bands": []}, {"shape": [0, 5]}])
def test_no_such_part(tmp_path, options):
    with pytest.raises(DataError):
        parse(tmp_path, geotiff(), **options)


def test_window_of_what_is_too_large(tmp_path):
    data = geotiff(size=(60_000, 60_000), tiled=True, blockxsize=2048, blockysize=2048)
    with pytest.raises(IntakeError, match=r"3,600 MB of pixels.*window"):
        parse(tmp_path, data)
    assert parse(tmp_path, data, window=[100, 100, 10, 10]).arrays["bands"].shape == (1, 10, 10)


def test_small_sparse_file(tmp_path):
    assert not parse(tmp_path, geotiff(size=(300, 300))).arrays["bands"].any()


def test_nan_nodata_and_partly_missing(tmp_path):
    values = noise(2, dtype="float32")
    values[0, 3, 3] = np.nan
    found = parse(tmp_path, geotiff(values, nodata=np.nan))
    assert found.facts["nodata"] == "nan"
    np.testing.assert_array_equal(found.arrays["bands"], values)
    values[0] = np.nan
    assert parse(tmp_path, geotiff(values)).notes == ("no pixel has a value in band 1",)
    assert parse(tmp_path, geotiff(noise(dtype="int16"), nodata=-32768)).facts["nodata"] == -32768


@pytest.mark.parametrize("missing", [np.nan, -9999.0, np.inf, -np.inf])
def test_nothing_but_missing_pixels(tmp_path, missing):
    data = geotiff(np.full((2, 9, 9), missing, "float32"), nodata=-9999)
    with pytest.raises(DataError, match="every pixel is missing"):
        parse(tmp_path, data)
    assert "no pixel" in parse(tmp_path, data, window=[0, 0, 3, 3]).notes[0]


def test_south_up_and_rotated_are_noted(tmp_path):
    up = parse(tmp_path, geotiff(transform=Affine(10, 0, 230000, 0, 10, 579000)))
    assert up.notes == ("its first row lies in the south",)
    turned = parse(tmp_path, geotiff(transform=RD @ Affine.rotation(30)))
    assert "rotated" in turned.notes[0]
    assert turned.facts["pixel_size"] == pytest.approx([10, 10])


def test_degrees_and_codes(tmp_path):
    world = parse(tmp_path, geotiff(crs="EPSG:4326", transform=Affine(0.1, 0, 4, 0, -0.1, 54)))
    assert world.facts["crs"] == "EPSG:4326"
    assert world.facts["pixel_unit"] == "degree"
    own = "+proj=tmerc +lat_0=1 +lon_0=3.3 +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
    assert "Transverse_Mercator" in parse(tmp_path, geotiff(crs=own)).facts["crs"]


def edited(tmp_path, data, change):
    """The same file after rasterio changed it in place."""
    path = tmp_path / "edited.tif"
    path.write_bytes(data)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as raster:
        change(raster)
    return path.read_bytes()


def test_scales_are_told(tmp_path):
    def change(raster):
        raster.scales, raster.offsets = (0.01,), (5.0,)
        raster.set_band_description(1, "NDVI")

    found = parse(tmp_path, edited(tmp_path, geotiff(noise(dtype="int16")), change))
    assert (found.facts["scales"], found.facts["offsets"]) == ([0.01], [5.0])
    assert found.facts["band_names"] == ["NDVI"]
    assert "scaled" in found.notes[0]


def test_mask_is_noted(tmp_path):
    data = edited(tmp_path, geotiff(), lambda raster: raster.write_mask(np.ones((40, 50), bool)))
    assert "mask" in parse(tmp_path, data).notes[0]


def test_file_beside_it_is_not_read(tmp_path):
    bare = geotiff(crs=None, transform=None)
    (tmp_path / "field.tfw").write_text("10\n0\n0\n-10\n230000\n580000\n")
    (tmp_path / "field.prj").write_text(rasterio.CRS.from_epsg(28992).to_wkt())
    with pytest.raises(DataError, match="where on earth"):
        parse(tmp_path, bare)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"crs": None}, "no coordinate system"),
        ({"crs": 'LOCAL_CS["here",UNIT["metre",1]]'}, "no coordinate system"),
        ({"transform": None}, "where on earth"),
        ({"transform": Affine(0, 0, 230000, 0, 0, 580000)}, "where on earth|no size"),
        ({"crs": "EPSG:4326"}, "degrees"),
        ({"gcps": [rasterio.control.GroundControlPoint(r, c, c, r) for r in (0, 9) for c in (0, 9)],
          "transform": None}, "ground control points"),
    ],
)  # fmt: skip
def test_without_place(tmp_path, options, what):
    with pytest.raises(DataError, match=what) as caught:
        parse(tmp_path, geotiff(**options))
    assert caught.value.where == "field.tif"
    assert caught.value.mend


@pytest.mark.parametrize(
    "options", [{"dtype": "complex64"}, {"dtype": "complex128"}, {"dtype": "complex_int16"}]
)
def test_complex_numbers(tmp_path, options):
    with pytest.raises(IntakeError, match="complex"):
        parse(tmp_path, geotiff(size=(9, 9), **options))


def test_colour_table(tmp_path):
    colours = {i: (i, i, i, 255) for i in range(256)}
    data = edited(tmp_path, geotiff(), lambda raster: raster.write_colormap(1, colours))
    found = parse(tmp_path, data)  # a map of land cover, say
    assert "its pixels are numbers of classes with a colour each, not measured values" in found.notes
    assert np.array_equal(found.arrays["bands"], parse(tmp_path, geotiff()).arrays["bands"])


@pytest.mark.parametrize(
    "options", [{}, {"compress": "lzw"}, {"tiled": True, "blockxsize": 16, "blockysize": 16}]
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_cut_off(tmp_path, options, share):
    data = geotiff(noise(2, 200, 200), **options)
    with pytest.raises(IntakeError, match="cut off"):
        parse(tmp_path, data[: int(share * len(data))])


def test_cut_in_the_last_block(tmp_path):
    data = geotiff(noise(1, 200, 200), tiled=True, blockxsize=64, blockysize=64)
    at = entries(data)
    assert max(at) < len(data)
    last = len(data) - 1
    with pytest.raises(IntakeError, match="1 of its 16 blocks"):
        parse(tmp_path, data[:last])


@pytest.mark.parametrize(
    ("tag", "value", "what"),
    [
        (SAMPLES, 65535, "65,535 bands"),
        (WIDTH, 0, "size of 40 by 0"),
        (HEIGHT, 65535, "blocks"),
        (COMPRESSION, 4, "compression 4"),
        (COMPRESSION, 777, "compression 777"),
        (ROWS, 0, "blocks of 0"),
        (OFFSETS, 0xFFFFFF00, "beyond the end|cut off"),
    ],
)
def test_tags_that_make_no_sense(tmp_path, tag, value, what):
    data = geotiff(noise(1, 40, 50), blockysize=40)
    with pytest.raises(IntakeError, match=what):
        parse(tmp_path, changed(data, tag, value))


def test_huge_block(tmp_path):
    data = changed(changed(geotiff(size=(60_000, 60_000), blockysize=60_000), ROWS, 60_000), COMPRESSION, 5)
    with pytest.raises(IntakeError, match="too large to unpack"):
        parse(tmp_path, data, window=[0, 0, 5, 5])


def test_missing_tables_of_blocks(tmp_path):
    data = geotiff(noise(1, 40, 50), blockysize=10)
    with pytest.raises(IntakeError, match="lists 0 of the 4 blocks"):
        parse(tmp_path, renumbered(data, COUNTS, 280))
    with pytest.raises(IntakeError, match="lists 2 of the 4 blocks"):
        parse(tmp_path, changed(changed(data, OFFSETS, 8, 2), COUNTS, 500, 2))


def test_pages_in_a_circle(tmp_path):
    data = bytearray(geotiff())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    with pytest.raises(IntakeError, match="no end"):
        parse(tmp_path, bytes(data))


@pytest.mark.parametrize(
    "tags", [{"ns": "SUBDATASETS", "SUBDATASET_1_NAME": "/vsicurl/http://127.0.0.1:9/x"}]
)
def test_other_files_in_its_description(tmp_path, tags):
    with pytest.raises(IntakeError, match="other files"):
        parse(tmp_path, geotiff(tags=tags))


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "field.tif", [kinds.GEOTIFF])
    forms = (
        geotiff(noise(1, 9, 9)),
        geotiff(
            noise(2, 20, 20, "float32"),
            tiled=True,
            blockxsize=16,
            blockysize=16,
            compress="lzw",
            BIGTIFF="YES",
        ),
        geotiff(noise(2, 9, 9, "int16"), ENDIANNESS="BIG", compress="deflate"),
    )

    @fuzzed
    @given(hostile(*forms, head=400))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()
