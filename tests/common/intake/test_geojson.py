"""GeoJSON: the geometries that shapely has, honest areas, and links that nobody follows."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from fields import BOWTIE, POLYGON, SQUARE, as_json, collection, feature, frame, geometries
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from pyproj import Geod

from common.errors import DataError, IntakeError
from common.intake import kinds, take

HOLE = [[6.54, 53.24], [6.56, 53.24], [6.56, 53.26], [6.54, 53.24]]
GEOMETRIES = [
    {"type": "Point", "coordinates": [6.5, 53.2]},
    {"type": "Point", "coordinates": [6.5, 53.2, 3.0]},
    {"type": "MultiPoint", "coordinates": [[6.5, 53.2], [6.6, 53.2]]},
    {"type": "LineString", "coordinates": [[6.5, 53.2], [6.6, 53.2], [6.6, 53.4]]},
    {"type": "MultiLineString", "coordinates": [[[6.5, 53.2], [6.6, 53.2]], [[7, 53], [7.1, 53], [7.2, 53]]]},
    {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[x + 1, y] for x, y in SQUARE]]]},
    {
        "type": "Polygon",
        "coordinates": [SQUARE, [[6.54, 53.24], [6.56, 53.24], [6.56, 53.26], [6.54, 53.24]]],
    },
    {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [6.5, 53.2]}, POLYGON]},
]
AREA_HA = Geod(ellps="WGS84").geometry_area_perimeter(shapely.Polygon(SQUARE))[0] / 1e4


def parse(tmp_path, content, **options):
    path = tmp_path / "velden.geojson"
    path.write_bytes(content if isinstance(content, bytes) else as_json(content))
    return take(path, [kinds.GEOJSON]).parse(**options)


def refused(tmp_path, content, what, error=IntakeError, where="velden.geojson"):
    with pytest.raises(error, match=what) as caught:
        parse(tmp_path, content)
    assert caught.value.where.startswith(where)
    assert caught.value.mend


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda one: one["type"])
def test_geometries_are_shapelys(tmp_path, geometry):
    found = geometries(parse(tmp_path, collection(feature(geometry), feature(geometry))))
    expected = shapely.from_geojson(json.dumps(geometry))
    assert shapely.equals_exact(found, expected).all()
    assert (shapely.has_z(found) == shapely.has_z(expected)).all()


def test_kinds_together_keep_their_rows(tmp_path):
    found = parse(tmp_path, collection(*map(feature, GEOMETRIES)))
    expected = shapely.from_geojson([json.dumps(one) for one in GEOMETRIES])
    assert shapely.equals_exact(geometries(found), expected).all()
    assert found.notes == ("it mixes collections and lines and points and polygons",)
    assert found.facts["geometry"] == {
        "Point": 2, "LineString": 1, "Polygon": 1, "MultiPoint": 1, "MultiLineString": 1, "MultiPolygon": 1,
        "GeometryCollection": 1,
    }  # fmt: skip


def test_facts(tmp_path):
    found = parse(tmp_path, collection(feature(veld="F1", jaar=2024), feature(veld="é", jaar=None)))
    assert found.facts["rows"] == 2
    assert found.facts["crs"] == "EPSG:4326"
    assert found.facts["bounds"] == found.facts["region"] == [6.5, 53.2, 6.6, 53.3]
    assert found.facts["area_ha"] == pytest.approx(2 * AREA_HA, rel=1e-5)
    assert not found.notes
    table = found.tables["features"]
    assert table.drop_columns("geometry").to_pydict() == {"veld": ["F1", "é"], "jaar": [2024, None]}


@pytest.mark.parametrize(
    "content", [feature(a=1), POLYGON, {"type": "Feature", "geometry": POLYGON, "properties": None}]
)
def test_one_feature_or_geometry(tmp_path, content):
    assert parse(tmp_path, content).facts["area_ha"] == pytest.approx(AREA_HA, rel=1e-5)


def test_attributes_become_columns(tmp_path):
    rows = [
        {
            "n": 1,
            "x": 1,
            "mixed": 1,
            "flag": True,
            "deep": {"a": [1]},
            "big": 2**70,
            "half": "\ud800",
        },
        {"n": None, "x": 2.5, "mixed": "a", "flag": None, "deep": None, "big": 1, "new": "only here"},
    ]
    content = collection(*(feature(**row) for row in rows))
    content["features"][0]["id"] = "first"
    content["features"][0]["properties"]["geometry"] = "g"
    table = parse(tmp_path, json.dumps(content).encode()).tables["features"]
    assert table.column("n").to_pylist() == [1, None]
    assert table.column("x").to_pylist() == [1.0, 2.5]
    assert table.column("mixed").to_pylist() == ["1", "a"]
    assert table.column("flag").to_pylist() == [True, None]
    assert table.column("deep").to_pylist() == ['{"a": [1]}', None]
    assert table.column("big").to_pylist() == [str(2**70), "1"]
    assert table.column("geometry_2").to_pylist() == ["g", None]
    assert table.column("half").to_pylist() == ["?", None]
    assert table.column("new").to_pylist() == [None, "only here"]
    assert table.column("id").to_pylist() == ["first", None]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    data = json.dumps(collection(feature(veld="Dré €")), ensure_ascii=False).encode(encoding)
    assert parse(tmp_path, data).tables["features"].column("veld").to_pylist() == ["Dré €"]


def test_type_behind_the_features(tmp_path):
    content = {"features": [feature(text="x" * 200) for _ in range(600)], "type": "FeatureCollection"}
    assert parse(tmp_path, content).facts["rows"] == 600


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:EPSG::28992", "EPSG:28992", "http://www.opengis.net/def/crs/EPSG/0/28992"]
)
def test_named_systems_of_old_files(tmp_path, name):
    content = json.loads(frame().to_json())
    content["crs"] = {"type": "name", "properties": {"name": name}}
    found = parse(tmp_path, content)
    assert found.facts["crs"] == "EPSG:28992"
    expected = frame(crs=4326)
    assert found.facts["region"] == pytest.approx(list(expected.total_bounds), abs=2e-3)
    exact = [Geod(ellps="bessel").geometry_area_perimeter(one)[0] for one in frame(crs=4289).geometry]
    assert found.facts["area_ha"] == pytest.approx(sum(exact) / 1e4, rel=1e-6)
    assert not found.notes


def test_crs84_is_degrees(tmp_path):
    said = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    found = parse(tmp_path, collection(feature(), crs=said))
    assert (found.facts["crs"], found.notes) == ("EPSG:4326", ())


@pytest.mark.parametrize(
    "said",
    [
        {"type": "link", "properties": {"href": "http://127.0.0.1:9/canary", "type": "proj4"}},
        {"type": "link", "properties": {"href": "/etc/passwd", "name": "EPSG:28992"}},
        {"type": "link"},
    ],
)
def test_links_are_removed_and_noted(tmp_path, said):
    found = parse(tmp_path, collection(feature(), crs=said))
    assert found.facts["crs"] == "EPSG:4326"
    assert "a link, which was removed and not followed" in found.notes[0]
    assert "127.0.0.1" not in repr(found)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "http://127.0.0.1:9/x", "+init=/etc/passwd:1", "EPSG:999999", "RD"]
)
def test_unknown_systems(tmp_path, name):
    said = {"type": "name", "properties": {"name": name}}
    refused(tmp_path, collection(feature(), crs=said), "not known", DataError)


def test_self_crossing_outline_is_repaired_and_named(tmp_path):
    bowtie = {"type": "Polygon", "coordinates": [BOWTIE]}
    found = parse(tmp_path, collection(feature(), feature(bowtie)))
    assert found.facts["area_ha"] == pytest.approx(1.5 * AREA_HA, rel=1e-4)
    assert found.notes == (
        "feature 1: its outline crossed itself and was repaired, 0 ha before and 3,714.3 ha after",
    )
    assert shapely.is_valid(geometries(found)).all()


def test_repair_keeps_polygons_alone(tmp_path):
    spike = [[6.5, 53.2], [6.6, 53.2], [6.6, 53.3], [6.6, 53.5], [6.6, 53.3], [6.5, 53.3], [6.5, 53.2]]
    found = parse(tmp_path, feature({"type": "Polygon", "coordinates": [spike]}))
    assert set(found.facts["geometry"]) <= {"Polygon", "MultiPolygon"}
    assert "feature 0" in found.notes[0]


def test_many_repairs_are_counted(tmp_path):
    bowtie = {"type": "MultiPolygon", "coordinates": [[BOWTIE]]}
    notes = parse(tmp_path, collection(*[feature(bowtie)] * 9)).notes
    assert len(notes) == 6
    assert notes[-1].startswith("4 more")


def test_outlines_without_area(tmp_path):
    line = {"type": "Polygon", "coordinates": [[[6.5, 53.2], [6.6, 53.2], [6.5, 53.2], [6.5, 53.2]]]}
    found = parse(tmp_path, collection(feature(line), feature()))
    assert found.notes == ("feature 0: the outline encloses no area and was left out",)
    assert geometries(found)[0] is None
    refused(tmp_path, collection(feature(line)), "no outline encloses an area", DataError)


def test_missing_geometries(tmp_path):
    found = parse(
        tmp_path, collection(feature(None), feature(), feature({"type": "Polygon", "coordinates": []}))
    )
    assert found.facts["rows"] == 3
    assert found.notes == ("features 0 and 2 have no geometry",)
    refused(tmp_path, collection(feature(None), feature(None)), "no feature has a geometry", DataError)


def test_open_outline_is_closed_and_noted(tmp_path):
    found = parse(tmp_path, feature({"type": "Polygon", "coordinates": [SQUARE[:-1]]}))
    assert found.facts["area_ha"] == pytest.approx(AREA_HA, rel=1e-5)
    assert found.notes == ("feature 0: the outline was not closed and was closed",)


def test_heights_of_some_positions(tmp_path):
    line = {"type": "LineString", "coordinates": [[6, 53], [6.1, 53, 4]]}
    assert "heights were left out" in parse(tmp_path, feature(line)).notes[0]


def test_swapped_and_far_away_are_noted(tmp_path):
    swapped = {"type": "Polygon", "coordinates": [[[y, x] for x, y in SQUARE]]}
    [note] = parse(tmp_path, feature(swapped)).notes
    assert "look swapped" in note
    assert "53.25° E, 6.55° N" in note
    brazil = {"type": "Point", "coordinates": [-47.9, -15.8]}
    [note] = parse(tmp_path, feature(brazil)).notes
    assert note == "the features lie at 47.90° W, 15.80° S, not in Europe"
    assert not parse(tmp_path, feature(brazil), region=[-75, -35, -30, 6]).notes
    assert parse(tmp_path, feature(), region=[-75, -35, -30, 6]).notes


@pytest.mark.parametrize("place", [[2300000, 99999], [181, 5], [6, -90.5], [-1e300, 0]])
def test_no_degrees(tmp_path, place):
    inside = feature({"type": "Point", "coordinates": [6, 53]})
    outside = feature({"type": "Point", "coordinates": place})
    refused(tmp_path, collection(inside, outside), "no degrees", DataError, "velden.geojson, feature 1")


def test_degrees_called_metres(tmp_path):
    said = {"type": "name", "properties": {"name": "EPSG:28992"}}
    assert any("look like degrees" in note for note in parse(tmp_path, collection(feature(), crs=said)).notes)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize("kind", ["Point", "Polygon", "LineString"])
def test_no_finite_number(tmp_path, number, kind):
    inner = f"[[6.5, 53.2], [6.6, {number}], [6.6, 53.3], [6.5, 53.2]]"
    places = {"Point": f"[6.5, {number}]", "Polygon": f"[{inner}]", "LineString": inner}[kind]
    content = as_json(feature({"type": kind, "coordinates": "PLACES"}, n=float("nan")))
    text = content.decode().replace('"PLACES"', places)
    refused(tmp_path, text.encode(), "not a finite number", DataError, "velden.geojson, feature 0")


@pytest.mark.parametrize(
    "coordinates",
    [
        [["6.5", "53.2"]], "ab", {"a": 1}, [[6.5]], [None], [[None, 1]], 5, [[[6.5, 53.2]]], ["ab", "cd"],
        [[[6, 53], 5]], [[{"a": 1, "b": 2}] * 4], None,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Polygon", "LineString", "MultiPoint"])
def test_coordinates_that_are_none(tmp_path, coordinates, kind):
    odd = feature({"type": kind, "coordinates": coordinates})
    refused(tmp_path, collection(feature(), odd), "coordinates|points", where="velden.geojson, feature 1")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (collection(), "no feature"),
        ({"type": "FeatureCollection"}, "no list of features"),
        ({"type": "FeatureCollection", "features": {}}, "no list of features"),
        (collection(5), "no feature"),
        (collection(POLYGON), "no feature"),
        (collection({"type": "Feature", "properties": [1], "geometry": POLYGON}), "properties"),
        (collection(feature({"type": "Circle", "coordinates": []})), "no type that GeoJSON knows"),
        (collection(feature({"type": ["Polygon"], "coordinates": []})), "no type that GeoJSON knows"),
        (collection(feature({"coordinates": [1, 2]})), "no type that GeoJSON knows"),
        (collection(feature([1, 2])), "no type that GeoJSON knows"),
        (collection(feature({"type": "GeometryCollection"})), "coordinates"),
        (as_json(collection(feature()))[:-40], "cut off"),
        (as_json(collection(feature())) + b"x", "after its end"),
        (as_json(collection(feature())) + b"\n" + as_json(feature()), "after its end"),
        (b'{"type": "FeatureCollection", "features": ' + b"[" * 100_000, "nested too deep"),
        (b'{"type": "Feature", "properties": {"n": ' + b"9" * 5000 + b"}}", "without end"),
    ],
)
def test_refused(tmp_path, content, what):
    with pytest.raises((IntakeError, DataError), match=what) as caught:
        parse(tmp_path, content)
    assert caught.value.where.startswith("velden.geojson")


def test_collections_in_collections(tmp_path):
    inner = {"type": "Point", "coordinates": [6, 53]}
    for _ in range(30):
        inner = {"type": "GeometryCollection", "geometries": [inner]}
    refused(tmp_path, collection(feature(inner)), "nested more than", where="velden.geojson, feature 0")


def test_same_as_geopandas(tmp_path):
    count = 400
    x, y = np.random.default_rng(0).uniform((4, 51), (6, 53), (count, 2)).T
    some = gpd.GeoDataFrame({"n": range(count)}, geometry=gpd.points_from_xy(x, y).buffer(0.01), crs=4326)
    found = geometries(parse(tmp_path, some.to_json().encode()))
    assert shapely.equals_exact(found, some.geometry.values, 1e-12).all()


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "velden.geojson", [kinds.GEOJSON])
    said = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4258"}}
    forms = (
        as_json(collection(feature(veld="F1", n=1.5), feature({"type": "Polygon", "coordinates": [BOWTIE]}))),
        as_json(collection(*map(feature, GEOMETRIES), crs=said)),
    )

    @fuzzed
    @given(hostile(*forms))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()
