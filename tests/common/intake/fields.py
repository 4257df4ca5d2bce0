"""Small fields as GeoJSON, and what became of them."""

from __future__ import annotations

import json

import geopandas as gpd
import shapely
from shapely.geometry import Polygon

SQUARE = [[6.5, 53.2], [6.6, 53.2], [6.6, 53.3], [6.5, 53.3], [6.5, 53.2]]
BOWTIE = [[6.5, 53.2], [6.6, 53.3], [6.6, 53.2], [6.5, 53.3], [6.5, 53.2]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE]}


def feature(geometry=POLYGON, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


def as_json(content):
    return json.dumps(content, ensure_ascii=False).encode()


def frame(count=3, crs=28992):
    """Fields of one hectare side by side near Groningen."""
    boxes = [
        Polygon([(x, 580000), (x + 100, 580000), (x + 100, 580100), (x, 580100)])
        for x in range(230000, 230000 + 100 * count, 100)
    ]
    columns = {"veld": [f"F{i}é" for i in range(count)], "jaar": range(2000, 2000 + count)}
    columns["opbrengst"] = [1.5 * i for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=boxes, crs=28992).to_crs(crs)


def geometries(parcel):
    """Geometries that were read, as shapely's."""
    return shapely.from_wkb(parcel.tables["features"].column("geometry").to_pylist())
