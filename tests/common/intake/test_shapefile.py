"""Zipped Shapefile: the features that GDAL wrote, wherever its parts lie in the zip."""

from __future__ import annotations

import io
import struct
import zipfile

import geopandas as gpd
import pytest
import shapely
from fields import BOWTIE, SQUARE, frame, geometries
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, mutated

from common.errors import DataError, IntakeError
from common.intake import kinds, take

PARTS = ("shp", "shx", "dbf", "prj", "cpg")


def parse(tmp_path, parts, **options):
    path = tmp_path / "velden.zip"
    path.write_bytes(parts if isinstance(parts, bytes) else packed(parts))
    return take(path, [kinds.SHAPEFILE]).parse(**options)


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def shapefile(tmp_path, some=None, name="veld", **options):
    """Parts of a Shapefile by their names."""
    path = tmp_path / f"{name}.shp"
    (frame() if some is None else some).to_file(path, driver="ESRI Shapefile", **options)
    return {f"{name}.{end}": path.with_suffix(f".{end}").read_bytes() for end in PARTS}


def refused(tmp_path, parts, what, error=IntakeError):
    with pytest.raises(error, match=what) as caught:
        parse(tmp_path, parts)
    assert caught.value.where == "velden.zip"
    assert caught.value.mend


@pytest.mark.parametrize("crs", [28992, 4326, 25832, 3035])
def test_features_are_gdals(tmp_path, crs):
    some = frame(5, crs)
    found = parse(tmp_path, shapefile(tmp_path, some))
    assert shapely.equals(geometries(found), some.geometry.values).all()
    assert found.facts["crs"] == f"EPSG:{crs}"
    assert found.facts["area_ha"] == pytest.approx(5, rel=2e-4)
    assert (found.facts["layer"], found.facts["layers"]) == ("veld", ["veld"])
    table = found.tables["features"]
    assert table.column("veld").to_pylist() == list(some["veld"])
    assert table.column("jaar").to_pylist() == list(some["jaar"])
    assert not found.notes


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: f"map/in/{name}",
        str.upper,
        lambda name: name.replace("shp", "SHP").replace("dbf", "Dbf"),
        lambda name: name.replace("veld", "VELD") if name.endswith("x") else name,
    ],
)
def test_wherever_and_however_named(tmp_path, rename):
    parts = {rename(name): data for name, data in shapefile(tmp_path).items()}
    parts |= {
        "__MACOSX/._veld.shp": b"shadow",
        "leesmij.txt": b"x",
        "map/": b"",
        "veld.qpj": b"x",
        "veld.shp.xml": b"<a/>",
    }
    found = parse(tmp_path, parts)
    assert found.facts["rows"] == 3
    assert found.facts["layer"].lower() == "veld"


@pytest.mark.parametrize(
    "geometry",
    ["POINT(6 53)", "MULTIPOINT(6 53, 7 53)", "LINESTRING(6 53, 7 53)", "POINT Z(6 53 1)",
     "MULTIPOLYGON(((6 53, 7 53, 7 54, 6 53)), ((3 53, 4 53, 4 54, 3 53)))",
     "POLYGON((6 53, 7 53, 7 54, 6 54, 6 53), (6.4 53.4, 6.4 53.6, 6.6 53.6, 6.6 53.4, 6.4 53.4))"],
)  # fmt: skip
def test_kinds_of_shapes(tmp_path, geometry):
    shape = shapely.from_wkt(geometry)
    found = parse(tmp_path, shapefile(tmp_path, gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs=4326)))
    assert shapely.equals(geometries(found), shape).all()
    assert ("area_ha" in found.facts) == ("POLY" in geometry)


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("cp1252", b"1252"),
        ("cp1252", b"ANSI 1252"),
        ("cp1252", None),
        ("cp1252", b"nonsense"),
        ("utf-8", b"UTF-8"),
        ("utf-8", None),
    ],
)
def test_encodings(tmp_path, codec, said):
    parts = shapefile(tmp_path, encoding="UTF-8")
    dbf = bytearray(parts["veld.dbf"].replace("é".encode(), "é".encode(codec).ljust(2)))
    dbf[29] = 0
    parts["veld.dbf"] = bytes(dbf)
    del parts["veld.cpg"]
    if said:
        parts["veld.cpg"] = said
    assert parse(tmp_path, parts).tables["features"].column("veld").to_pylist() == ["F0é", "F1é", "F2é"]


def test_text_that_does_not_fit_its_encoding(tmp_path):
    parts = shapefile(tmp_path, encoding="UTF-8")
    parts["veld.dbf"] = parts["veld.dbf"].replace("F1é".encode(), b"F1\xff\xfe")
    assert parse(tmp_path, parts).tables["features"].column("veld").to_pylist() == [
        "F0é",
        "F1\ufffd\ufffd",
        "F2é",
    ]


def test_several_layers(tmp_path):
    parts = shapefile(tmp_path) | {f"b/{k}": v for k, v in shapefile(tmp_path, frame(7), "sloot").items()}
    found = parse(tmp_path, parts)
    assert found.facts["rows"] == 3
    assert found.notes == ("the Shapefile 'veld' was read; left out: 'sloot'",)
    assert parse(tmp_path, parts, layer="sloot").facts["rows"] == 7
    with pytest.raises(DataError, match=r"no Shapefile 'x' in it.*'veld', 'sloot'"):
        parse(tmp_path, parts, layer="x")
    del parts["veld.dbf"]
    assert parse(tmp_path, parts).facts["layer"] == "sloot"


@pytest.mark.parametrize("end", ["shp", "shx", "dbf"])
def test_missing_part_is_named(tmp_path, end):
    parts = shapefile(tmp_path)
    del parts[f"veld.{end}"]
    refused(tmp_path, parts, rf"'veld' the part \.{end} is missing")


def test_without_coordinate_system(tmp_path):
    parts = shapefile(tmp_path)
    refused(tmp_path, parts | {"veld.prj": b"nonsense"}, "no coordinate system that is known", DataError)
    refused(tmp_path, parts | {"veld.prj": b"+init=/etc/passwd"}, "no coordinate system", DataError)
    del parts["veld.prj"]
    refused(tmp_path, parts, r"no \.prj", DataError)


def test_twice_the_same_part(tmp_path):
    parts = shapefile(tmp_path)
    refused(tmp_path, parts | {"VELD.SHP": parts["veld.shp"]}, "occurs twice")


@pytest.mark.parametrize("end", ["shp", "shx", "dbf"])
@pytest.mark.parametrize("left", [0, 20, 101, 0.5, 0.9])
def test_cut_off(tmp_path, end, left):
    parts = shapefile(tmp_path, frame(20))
    whole = parts[f"veld.{end}"]
    parts[f"veld.{end}"] = whole[: left if isinstance(left, int) else int(left * len(whole))]
    refused(tmp_path, parts, r"cut off|is none|cannot be read")


def test_parts_of_different_shapefiles(tmp_path):
    parts = shapefile(tmp_path, frame(4))
    parts["veld.dbf"] = shapefile(tmp_path, frame(9))["veld.dbf"]
    refused(tmp_path, parts, "lists 4 shapes but its .dbf 9 rows")


def test_index_that_points_beyond(tmp_path):
    parts = shapefile(tmp_path)
    shx = bytearray(parts["veld.shx"])
    struct.pack_into(">i", shx, 108, 1 << 30)
    refused(tmp_path, parts | {"veld.shx": bytes(shx)}, "points beyond the end")
    many = bytes(shx[:100]) + struct.pack(">ii", 50, (len(parts["veld.shp"]) - 108) // 2) * 500
    many = many[:24] + struct.pack(">i", len(many) // 2) + many[28:]
    refused(tmp_path, parts | {"veld.shx": many}, "again and again")


def test_repairs_and_missing_shapes(tmp_path):
    shapes = [shapely.Polygon(BOWTIE), None, shapely.Polygon(SQUARE)]
    found = parse(
        tmp_path, shapefile(tmp_path, gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapes, crs=4326))
    )
    assert found.notes[0] == "feature 1 has no geometry"
    assert found.notes[1].startswith("feature 0: its outline crossed itself")


def test_other_parts_are_not_looked_at(tmp_path):
    canary = tmp_path / "canary.txt"
    canary.write_text("TOP-SECRET")
    layer = f'<OGRVRTLayer name="x"><SrcDataSource>{canary}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    found = parse(tmp_path, shapefile(tmp_path) | {"a.vrt": vrt.encode(), "veld.sbn": b"x", "veld.idm": b"x"})
    assert found.facts["rows"] == 3
    refused(tmp_path, shapefile(tmp_path) | {"veld.shp": vrt.encode()}, r"\.shp is none")


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "velden.zip", [kinds.SHAPEFILE])
    whole = shapefile(tmp_path, frame(3))

    @st.composite
    def damaged(draw):
        end = draw(st.sampled_from(["shp", "shp", "shx", "dbf", "dbf", "prj", "cpg"]))
        return packed(whole | {f"veld.{end}": draw(mutated(whole[f"veld.{end}"]))})

    @fuzzed
    @given(st.one_of(damaged(), damaged(), damaged(), mutated(packed(whole))))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()


@pytest.mark.parametrize("number", [0, 2])
def test_a_shape_that_lies_about_its_points(tmp_path, number):
    parts = shapefile(tmp_path)
    (start,) = struct.unpack_from(">i", parts["veld.shx"], 100 + 8 * number)
    shp = bytearray(parts["veld.shp"])
    struct.pack_into("<i", shp, 2 * start + 8 + 40, 2**30)
    with pytest.raises(IntakeError, match="its geometry is damaged") as caught:
        parse(tmp_path, parts | {"veld.shp": bytes(shp)})
    assert caught.value.where == f"velden.zip, feature {number}"


@pytest.mark.parametrize("length", [-1, 2**30])
def test_a_shape_that_lies_about_its_length(tmp_path, length):
    parts = shapefile(tmp_path)
    (start,) = struct.unpack_from(">i", parts["veld.shx"], 100 + 8)
    shp = bytearray(parts["veld.shp"])
    struct.pack_into(">i", shp, 2 * start + 4, length)
    refused(tmp_path, parts | {"veld.shp": bytes(shp)}, "its shapes or its table cannot be read")


def test_rows_marked_as_deleted_are_left_out(tmp_path):
    parts = shapefile(tmp_path)
    dbf = bytearray(parts["veld.dbf"])
    rows, head, width = struct.unpack_from("<IHH", dbf, 4)
    dbf[head + width] = ord("*")
    assert parse(tmp_path, parts | {"veld.dbf": bytes(dbf)}).facts["rows"] == rows - 1
