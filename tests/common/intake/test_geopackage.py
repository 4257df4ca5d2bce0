"""GeoPackage: the features that GDAL wrote, and nothing that the file would run."""

from __future__ import annotations

import sqlite3
import struct
import warnings

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from fields import BOWTIE, SQUARE, frame, geometries
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile

from common.errors import DataError, IntakeError
from common.intake import kinds, take
from common.intake.formats.geopackage import _opened
from common.intake.source import Source


def parse(tmp_path, data, **options):
    path = tmp_path / "velden.gpkg"
    path.write_bytes(data)
    return take(path, [kinds.GEOPACKAGE]).parse(**options)


def geopackage(tmp_path, *frames, statements=(), **options):
    """Bytes of a GeoPackage with layers named veld0, veld1, ..., after some statements."""
    path = tmp_path / "made.gpkg"
    path.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, one in enumerate(frames or (frame(),)):
            one.to_file(path, layer=f"veld{number}", driver="GPKG", **options)
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path.read_bytes()


@pytest.mark.parametrize("crs", [28992, 4326, 25831])
def test_features_are_gdals(tmp_path, crs):
    some = frame(5, crs)
    found = parse(tmp_path, geopackage(tmp_path, some))
    assert shapely.equals_exact(geometries(found), some.geometry.values).all()
    assert found.facts["crs"] == f"EPSG:{crs}"
    assert found.facts["rows"] == 5
    assert found.facts["area_ha"] == pytest.approx(5, rel=2e-4)
    assert (found.facts["layer"], found.facts["layers"]) == ("veld0", ["veld0"])
    table = found.tables["features"]
    assert table.column("veld").to_pylist() == list(some["veld"])
    assert table.column("opbrengst").to_pylist() == list(some["opbrengst"])
    assert not found.notes


def test_times_and_gaps(tmp_path):
    some = frame(3)
    some["dag"] = pd.to_datetime(["2024-01-01", None, "2024-02-01"])
    some["uur"] = pd.to_datetime(["2024-01-01T10:30:00Z"] * 3)
    some["n"] = pd.array([1, None, 3], "Int64")
    table = parse(tmp_path, geopackage(tmp_path, some)).tables["features"]
    assert [str(one)[:10] for one in table.column("dag").to_pylist()] == ["2024-01-01", "None", "2024-02-01"]
    assert str(table.column("uur").type) == "timestamp[us, tz=UTC]"
    assert table.column("uur").to_pylist()[0].isoformat() == "2024-01-01T10:30:00+00:00"
    assert table.column("n").to_pylist() == [1, None, 3]


def test_left_open_by_qgis(tmp_path):
    path = tmp_path / "made.gpkg"
    path.write_bytes(geopackage(tmp_path))
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    data = path.read_bytes()
    assert data[18:20] == b"\x02\x02"
    assert parse(tmp_path, data).facts["rows"] == 3


def test_layers(tmp_path):
    data = geopackage(tmp_path, frame(2).iloc[:0], frame(4), frame(1, 4326))
    found = parse(tmp_path, data)
    assert (found.facts["layer"], found.facts["rows"]) == ("veld1", 4)
    assert found.notes == ("the layer 'veld1' was read; left out: 'veld0', 'veld2'",)
    assert parse(tmp_path, data, layer="veld2").facts["crs"] == "EPSG:4326"
    with pytest.raises(DataError, match=r"no layer 'x'.*'veld0', 'veld1', 'veld2'"):
        parse(tmp_path, data, layer="x")
    with pytest.raises(DataError, match="no feature"):
        parse(tmp_path, data, layer="veld0")


def test_repairs_and_missing_geometries(tmp_path):
    shapes = [shapely.Polygon(BOWTIE), None, shapely.Polygon(SQUARE), shapely.Polygon()]
    found = parse(tmp_path, geopackage(tmp_path, gpd.GeoDataFrame(geometry=shapes, crs=4326)))
    assert found.notes[0] == "features 1 and 3 have no geometry"
    assert found.notes[1].startswith("feature 0: its outline crossed itself")


def test_unused_view_and_trigger_do_no_harm(tmp_path):
    statements = [
        "CREATE VIEW endless AS WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x FROM a) SELECT x FROM a",
        "CREATE TRIGGER t AFTER INSERT ON veld0 BEGIN SELECT load_extension('/tmp/x'); END",
    ]
    assert parse(tmp_path, geopackage(tmp_path, statements=statements)).facts["rows"] == 3


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE veld0 RENAME TO hidden", "CREATE VIEW veld0 AS SELECT * FROM hidden"],
        ["DROP TABLE veld0", "CREATE VIRTUAL TABLE veld0 USING fts5(geom)"],
        ["DROP TABLE veld0"],
    ],
)
def test_layers_that_are_no_tables(tmp_path, statements):
    with pytest.raises(IntakeError, match="no plain table") as caught:
        parse(tmp_path, geopackage(tmp_path, statements=statements, SPATIAL_INDEX="NO"))
    assert caught.value.where == "velden.gpkg"


@pytest.mark.parametrize("what", ["hex(zeroblob(500000000))", "printf('%.*c', 90000, 'x')"])
def test_computed_column_cannot_outgrow_the_file(tmp_path, what):
    statements = [f"ALTER TABLE veld0 ADD COLUMN bomb AS ({what})"]
    with pytest.raises(IntakeError, match="damaged"):
        parse(tmp_path, geopackage(tmp_path, statements=statements))


def test_nothing_but_plain_reading_is_authorized(tmp_path):
    path = tmp_path / "made.gpkg"
    path.write_bytes(geopackage(tmp_path, statements=["CREATE VIEW v AS SELECT * FROM veld0"]))
    with path.open("rb") as file:
        database = _opened(Source("velden.gpkg", kinds.GEOPACKAGE, file.fileno()))
        assert database.execute("SELECT * FROM veld0").fetchone()
        for statement in (
            "SELECT * FROM v", "ATTACH '/tmp/x' AS x", "PRAGMA query_only = OFF", "SELECT upper('x')",
            "INSERT INTO veld0 DEFAULT VALUES", "CREATE TABLE t (a)",
            "WITH RECURSIVE a(x) AS (SELECT 1 UNION SELECT x FROM a) SELECT * FROM a",
        ):  # fmt: skip
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                database.execute(statement)
        database.close()


@pytest.mark.parametrize("table", ["gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"])
def test_register_that_is_a_view(tmp_path, table):
    path = tmp_path / "made.gpkg"
    path.write_bytes(geopackage(tmp_path))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA legacy_alter_table = ON")
        database.execute(f"ALTER TABLE {table} RENAME TO kept")
        database.execute(f"CREATE VIEW {table} AS SELECT * FROM kept")
    database.close()
    with pytest.raises(IntakeError, match="no GeoPackage of features"):
        parse(tmp_path, path.read_bytes())


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE gpkg_geometry_columns SET srs_id = -1", "no coordinate system"),
        ("UPDATE gpkg_geometry_columns SET srs_id = 777", "no coordinate system"),
        ("UPDATE gpkg_geometry_columns SET srs_id = 'x'", "no coordinate system"),
        ("UPDATE gpkg_spatial_ref_sys SET organization = 'X', definition = '/etc/passwd'", "not known"),
        (
            "UPDATE gpkg_spatial_ref_sys SET organization = 'X', definition = '+init=/etc/passwd:1'",
            "not known",
        ),
        ("UPDATE gpkg_contents SET data_type = 'attributes'", "no layer with features"),
        ("UPDATE veld0 SET geom = NULL", "no feature has a geometry"),
        ("DELETE FROM veld0", "no feature"),
    ],
)
def test_makes_no_sense(tmp_path, statement, what):
    with pytest.raises(DataError, match=what):
        parse(tmp_path, geopackage(tmp_path, statements=[statement], SPATIAL_INDEX="NO"))


@pytest.mark.parametrize(
    "value", ["x'00'", "'text'", "7", "x'47500001'", "x'4750000F0000000000'", "x'475000010000000001ffffffff'"]
)
def test_damaged_geometry_is_named(tmp_path, value):
    statement = f"UPDATE veld0 SET geom = {value} WHERE fid = 2"
    with pytest.raises(IntakeError, match="geometry is damaged") as caught:
        parse(tmp_path, geopackage(tmp_path, statements=[statement], SPATIAL_INDEX="NO"))
    assert caught.value.where == "velden.gpkg, feature 1"


def test_curves(tmp_path):
    circle = struct.pack("<BII10d", 1, 8, 5, 6, 53, 6.1, 53.1, 6, 53.2, 5.9, 53.1, 6, 53)
    blob = b"GP\x00\x01" + (28992).to_bytes(4, "little") + struct.pack("<BII", 1, 10, 1) + circle
    statement = f"UPDATE veld0 SET geom = x'{blob.hex()}' WHERE fid = 1"
    with pytest.raises(DataError, match="curves"):
        parse(tmp_path, geopackage(tmp_path, statements=[statement], SPATIAL_INDEX="NO"))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_cut_off(tmp_path, share):
    data = geopackage(tmp_path, frame(3000))
    with pytest.raises(IntakeError, match="damaged"):
        parse(tmp_path, data[: int(share * len(data))])


def test_other_databases(tmp_path):
    path = tmp_path / "x.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    with pytest.raises(IntakeError, match="SQLite database"):
        take(path, [kinds.GEOPACKAGE])
    data = bytearray(path.read_bytes())
    data[68:72] = b"GPKG"
    with pytest.raises(IntakeError, match="no GeoPackage of features"):
        parse(tmp_path, bytes(data))


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "velden.gpkg", [kinds.GEOPACKAGE])
    geopackage(tmp_path, frame(2), SPATIAL_INDEX="NO")
    path = tmp_path / "made.gpkg"
    database = sqlite3.connect(path)
    database.execute("PRAGMA page_size = 512")
    database.execute("VACUUM")
    database.close()
    small = path.read_bytes()

    @fuzzed
    @given(hostile(small))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()
