"""Read GeoJSON by Python's own JSON reader and shapely; GDAL, which follows links in it, is not used."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.encoding import as_utf8
from common.errors import DataError, IntakeError
from common.intake.formats import columns, features, shapes
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    from common.intake.source import Source

_DEFAULT = "EPSG:4326"
_EPSG = re.compile(
    r"(?:urn:(?:ogc|x-ogc):def:crs:EPSG:[\w.]*:|(?:https?://www\.opengis\.net)?/?def/crs/EPSG/[\w.]+/|EPSG:{1,2})"
    r"(\d{4,6})",
    re.I,
)
_CRS84 = re.compile(
    r"(?:urn:ogc:def:crs:OGC:[\w.]*:|https?://www\.opengis\.net/def/crs/OGC/[\w.]+/|OGC:)CRS84", re.I
)
_GEOMETRIES = {"Point", "LineString", "Polygon", "GeometryCollection"} | {
    "MultiPoint", "MultiLineString", "MultiPolygon"
}  # fmt: skip


def read(source: Source, region: Sequence[float] | None = None) -> Parcel:
    """Read GeoJSON: a collection of features, one feature, or one geometry.

    Args:
        source: the upload.
        region: west, south, east, north in degrees where the features are expected; None: Europe.

    Returns:
        What `features.pack` hands on. Coordinates are degrees (EPSG:4326) unless the old `crs` member names
        another system; a link in its place is never followed.

    Raises:
        IntakeError: it is damaged, cut off, nested without end, or no GeoJSON.
        DataError: there are no features, or they lie nowhere.
    """
    # The collector would look through the tree of a large file again and again, for half of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _read(source, region)
    finally:
        if collects:
            gc.enable()


def _read(source: Source, region: Sequence[float] | None) -> Parcel:
    name = source.name
    content = _loaded(source.read(), name)
    found = _features(content, name)
    crs, notes = _crs(content, found, name)
    geometries, rows = [], []
    for number, feature in enumerate(found):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise IntakeError("this is no feature", where=f"{name}, feature {number}", mend="export it anew")
        geometries.append(feature.get("geometry"))
        row = feature.get("properties")
        if row is not None and not isinstance(row, dict):
            raise IntakeError(
                "its properties are no list of names and values", where=f"{name}, feature {number}",
                mend="export it anew",
            )  # fmt: skip
        rows.append(row or {})
    built = shapes.build(geometries, name)
    if built.open_rings:
        notes.append(f"{features.named(sorted(built.open_rings))}: the outline was not closed and was closed")
    if built.flattened:
        notes.append("only some positions have a height, so heights were left out")
    system = features.coordinate_system(crs, name)
    return features.pack(
        _columns(found, rows, name), built.geometries, system, name, region=region, notes=notes
    )


def _loaded(data: bytes, name: str) -> Any:
    text = as_utf8(data)
    if text is None:
        raise IntakeError("it is no text", where=name, mend="export it anew as GeoJSON in UTF-8")
    try:
        return json.loads(text[1])
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            what, mend = "text follows after its end", "bring one collection of features"
        else:
            what, mend = "it is cut off or damaged", "copy or export it anew"
        raise IntakeError(what, where=f"{name}, line {error.lineno}", mend=mend) from error
    except RecursionError as error:
        raise IntakeError("its brackets are nested too deep", where=name, mend="export it anew") from error
    except ValueError as error:  # a number of thousands of digits
        raise IntakeError("it holds a number without end", where=name, mend="export it anew") from error


def _features(content: Any, name: str) -> list[Any]:
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection":
        found = content.get("features")
        if not isinstance(found, list):
            raise IntakeError("its collection has no list of features", where=name, mend="export it anew")
    elif kind == "Feature":
        found = [content]
    elif isinstance(kind, str) and kind in _GEOMETRIES:
        found = [{"type": "Feature", "properties": {}, "geometry": content}]
    else:
        raise IntakeError(
            "it is no GeoJSON: its type is no collection of features", where=name, mend="export it as GeoJSON"
        )
    if not found:
        raise DataError("it holds no feature", where=name, mend="export it anew with its features")
    if len(found) > features.MAX_ROWS:
        raise IntakeError(f"it holds {len(found):,} features", where=name, mend="bring a part of them")
    return found


def _crs(content: Any, found: list[Any], name: str) -> tuple[str, list[str]]:
    """The coordinate system by its code, and a note where what was said of it was not followed."""
    said = content.get("crs")
    inner = any(isinstance(one, dict) and one.get("crs") is not None for one in found if one is not content)
    notes = ["a coordinate system named within single features was left aside"] if inner else []
    if said is None:
        return _DEFAULT, notes
    properties = said.get("properties") if isinstance(said, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    kind = said.get("type") if isinstance(said, dict) else None
    if isinstance(kind, str) and kind.lower() == "epsg" and str(properties.get("code", "")).isdigit():
        return f"EPSG:{properties['code']}", notes
    wanted = properties.get("name")
    if not isinstance(wanted, str) or kind == "link":
        what = "a link, which was removed and not followed" if kind == "link" else "not named"
        return _DEFAULT, [*notes, f"its coordinate system is {what}; it is read in degrees (EPSG:4326)"]
    if _CRS84.fullmatch(wanted.strip()):
        return _DEFAULT, notes
    if code := _EPSG.fullmatch(wanted.strip()):
        return f"EPSG:{code[1]}", notes
    raise DataError(
        "the coordinate system that it names is not known", where=name,
        mend="export it in degrees (EPSG:4326), as GeoJSON has it",
    )  # fmt: skip


def _columns(found: list[Any], rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    wanted = list(dict.fromkeys(key for row in rows for key in row))
    if len(wanted) > features.MAX_COLUMNS or len(wanted) * len(rows) > 20 * features.MAX_ROWS:
        raise IntakeError(
            f"its features have {len(wanted):,} different properties", where=name, mend="bring fewer of them"
        )
    values = {key: [row.get(key) for row in rows] for key in wanted}
    if "id" not in values and any("id" in feature for feature in found):
        values = {"id": [feature.get("id") for feature in found], **values}
    return dict(zip(columns.names(list(values)), map(columns.column, values.values()), strict=True))
