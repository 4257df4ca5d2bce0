"""What all kinds of features have in common: where they lie, whether their outlines make sense, their area.

Reads nothing itself: the reader of each kind hands in attributes, geometries and the coordinate system.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError
from common.intake.formats.columns import GEOMETRY
from common.intake.formats.position import code_of, region_notes
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import pyarrow as pa
    from pyproj import CRS

MAX_ROWS, MAX_COLUMNS = 2_000_000, 2_000
_POLYGONS, _COLLECTION = (3, 6), 7
_FAMILIES = {0: "points", 1: "lines", 2: "lines", 3: "polygons", 4: "points", 5: "lines", 6: "polygons"}
_NAMES = (
    "Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
_NAMED = 5
_HA = 1e4
_SMALLEST_M2 = 1e-6


def coordinate_system(text: str, where: str) -> CRS:
    """A coordinate system from its code or well-known text.

    Raises:
        DataError: it is not known, or says nothing about where on earth.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        crs = CRS.from_string(text)
        earthly = crs.is_geographic or crs.is_projected
    except CRSError as error:
        raise DataError(
            "its coordinate system is not known", where=where, mend="export it in EPSG:4326 or EPSG:28992"
        ) from error
    if not earthly:
        raise DataError(
            "its coordinate system says nothing about where on earth it lies", where=where,
            mend="export it in EPSG:4326 or EPSG:28992",
        )  # fmt: skip
    return crs


def pack(
    columns: dict[str, pa.Array],
    geometries: np.ndarray[Any, Any],
    crs: CRS,
    where: str,
    *,
    region: Sequence[float] | None = None,
    notes: Sequence[str] = (),
) -> Parcel:
    """Check features and hand them on.

    Args:
        columns: attributes, one value a feature.
        geometries: shapely geometries, None where a feature has none.
        crs: what their coordinates mean.
        where: the file's name, for messages.
        region: west, south, east, north in degrees where they are expected; None: Europe.
        notes: what the reader has to say itself.

    Returns:
        A parcel with the table "features": the attributes, and "geometry" as WKB. Its facts are `rows`,
        `crs`, `crs_wkt`, `geometry` (how many of each type), `bounds` in the CRS and `region` in degrees
        (both west, south, east, north), and `area_ha`, the ground area, where there are polygons.

    Raises:
        DataError: there are no features, or they lie nowhere.
    """
    import pyarrow as pa
    import shapely
    from pyproj.exceptions import ProjError

    if not len(geometries):
        raise DataError("it holds no feature", where=where, mend="export it anew with its features")
    said = list(notes)
    geometries = geometries.copy()
    geometries[shapely.is_empty(geometries)] = None
    missing = shapely.is_missing(geometries)
    if missing.all():
        raise DataError("no feature has a geometry", where=where, mend="export it anew with its outlines")
    if missing.any():
        said.append(f"{named(missing)} {'has' if missing.sum() == 1 else 'have'} no geometry")
    _check_finite(geometries, where)
    kinked = shapely.get_type_id(geometries) > _COLLECTION
    if kinked.any():
        raise curved(f"{where}, {named(kinked)}")
    if crs.is_geographic:
        _check_degrees(geometries, where)
    try:
        to_degrees = _Degrees(crs)
    except ProjError as error:
        raise DataError(
            "its coordinate system cannot be converted to degrees", where=where,
            mend="export it in EPSG:4326 or EPSG:28992",
        ) from error  # fmt: skip
    geometries, repairs = _repaired(geometries, to_degrees)
    said += repairs
    if shapely.is_missing(geometries).all():
        raise DataError("no outline encloses an area", where=where, mend="draw or export it anew")
    bounds = shapely.total_bounds(geometries)
    degrees = to_degrees.points(shapely.get_coordinates(geometries))
    if not np.isfinite(degrees).all():
        raise DataError(
            f"its coordinates lie outside of where {crs.name} is defined", where=where,
            mend="export it with the coordinate system that it is in",
        )  # fmt: skip
    place = [float(number) for number in (*degrees.min(axis=0), *degrees.max(axis=0))]
    if crs.is_projected and np.abs(bounds).max() <= 180:
        said.append(f"its coordinates look like degrees, but its coordinate system is {crs.name}")
    said += region_notes(place, region, "the features")
    kinds = shapely.get_type_id(geometries)
    counts = {_NAMES[kind]: int((kinds == kind).sum()) for kind in np.unique(kinds) if kind >= 0}
    families = {_FAMILIES.get(int(kind), "collections") for kind in np.unique(kinds) if kind >= 0}
    if len(families) > 1:
        said.append(f"it mixes {' and '.join(sorted(families))}")
    wkt = crs.to_wkt()
    code = code_of(wkt) or (f"EPSG:{found}" if (found := crs.to_epsg()) else wkt)
    facts = {
        "rows": len(geometries),
        "crs": code,
        "crs_wkt": wkt,
        "geometry": counts,
        "bounds": bounds.tolist(),
        "region": place,
    }
    if families & {"polygons", "collections"}:
        facts["area_ha"] = float(to_degrees.areas_m2(geometries, degrees).sum() / _HA)
    held = pa.array(shapely.to_wkb(geometries), pa.binary())
    return Parcel(facts, tables={"features": pa.table({**columns, GEOMETRY: held})}, notes=tuple(said))


def named(chosen: np.ndarray[Any, Any] | Sequence[int]) -> str:
    """Features by their numbers from 0, such as "features 3, 7 and 9"; of many, the first few."""
    numbers = np.flatnonzero(chosen) if isinstance(chosen, np.ndarray) and chosen.dtype == bool else chosen
    shown = [str(number) for number in numbers[:_NAMED]]
    if len(numbers) > _NAMED:
        return f"features {', '.join(shown)} and {len(numbers) - _NAMED:,} more"
    if len(shown) == 1:
        return f"feature {shown[0]}"
    return f"features {', '.join(shown[:-1])} and {shown[-1]}"


def curved(where: str) -> DataError:
    """The refusal of an outline of arcs."""
    return DataError(
        "its outline has curves", where=where, mend="convert curves to straight lines and export it anew"
    )


class _Degrees:
    """Coordinates of a CRS as longitude and latitude of its own datum, and ground areas."""

    def __init__(self, crs: CRS) -> None:
        from pyproj import Transformer

        ellipsoid = crs.ellipsoid
        self._axis_m = ellipsoid.semi_major_metre if ellipsoid else 6378137.0
        flattening = 1 / ellipsoid.inverse_flattening if ellipsoid and ellipsoid.inverse_flattening else 0.0
        self._e = float(np.sqrt(flattening * (2 - flattening)))
        base = crs.geodetic_crs
        self._transformer = None
        if not crs.is_geographic and base is not None:
            self._transformer = Transformer.from_crs(crs, base, always_xy=True)

    def points(self, coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Longitude and latitude (n, 2) in degrees; not finite where there is none."""
        if self._transformer is None:
            return coordinates
        return np.column_stack(self._transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    def areas_m2(
        self, geometries: np.ndarray[Any, Any], points: np.ndarray[Any, Any] | None = None
    ) -> np.ndarray[Any, Any]:
        """Ground area of each geometry, by the cylindrical equal-area projection of its ellipsoid.

        Args:
            geometries: in the CRS.
            points: their coordinates as longitude and latitude, where these were computed already.
        """
        import shapely

        if points is None:
            points = self.points(shapely.get_coordinates(geometries))
        flat = shapely.set_coordinates(geometries.copy(), self._flat(points))
        return np.nan_to_num(shapely.area(flat))

    def _flat(self, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        radians = np.radians(points)
        sine, e = np.sin(radians[:, 1]), self._e
        height = 2 * sine
        if e:
            # Snyder, Map Projections (1987), equation 3-12.
            height = (1 - e * e) * (
                sine / (1 - e * e * sine**2) - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e)
            )
        return self._axis_m * np.column_stack((radians[:, 0], height / 2))


def _check_finite(geometries: np.ndarray[Any, Any], where: str) -> None:
    import shapely

    numbers, of = shapely.get_coordinates(geometries, include_z=False, return_index=True)
    odd = ~np.isfinite(numbers).all(axis=1)
    if odd.any():
        raise DataError(
            "a coordinate is not a finite number", where=f"{where}, {named(np.unique(of[odd]).tolist())}",
            mend="draw or export it anew",
        )  # fmt: skip


def _check_degrees(geometries: np.ndarray[Any, Any], where: str) -> None:
    import shapely

    numbers, of = shapely.get_coordinates(geometries, return_index=True)
    odd = (np.abs(numbers) > (180 + 1e-6, 90 + 1e-6)).any(axis=1)
    if odd.any():
        first = int(np.flatnonzero(odd)[0])
        raise DataError(
            f"the coordinates ({numbers[first, 0]:,.6g}, {numbers[first, 1]:,.6g}) are no degrees of "
            "longitude and latitude",
            where=f"{where}, feature {of[first]}",
            mend="export it in EPSG:4326, or with the coordinate system that it is in",
        )


def _repaired(geometries: np.ndarray[Any, Any], degrees: _Degrees) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Outlines that cross themselves, made sound; each is named with its area before and after."""
    import shapely

    kinds = shapely.get_type_id(geometries)
    wrong = np.flatnonzero(np.isin(kinds, (*_POLYGONS, _COLLECTION)) & ~shapely.is_valid(geometries))
    if not len(wrong):
        return geometries, []
    before = degrees.areas_m2(geometries[wrong]) / _HA
    mended = shapely.make_valid(geometries[wrong])
    for at, geometry in enumerate(mended):
        if kinds[wrong[at]] != _COLLECTION and shapely.get_type_id(geometry) == _COLLECTION:
            parts = shapely.get_parts(shapely.get_parts(geometry))
            parts = [part for part in parts if shapely.get_type_id(part) in _POLYGONS]
            mended[at] = shapely.union_all(parts) if parts else None
        elif kinds[wrong[at]] != _COLLECTION and shapely.get_type_id(geometry) not in _POLYGONS:
            mended[at] = None
    after = degrees.areas_m2(mended) / _HA
    mended[(after * _HA < _SMALLEST_M2) & np.isin(kinds[wrong], _POLYGONS)] = None
    geometries[wrong] = mended
    gone = shapely.is_missing(mended)
    notes = [
        f"feature {wrong[at]}: its outline crossed itself and was repaired, {_hectares(before[at])} before "
        f"and {_hectares(after[at])} after"
        for at in np.flatnonzero(~gone)[:_NAMED]
    ]
    if (left := int((~gone).sum()) - _NAMED) > 0:
        notes.append(f"{left:,} more outlines crossed themselves and were repaired")
    if gone.any():
        notes.append(f"{named(wrong[gone].tolist())}: the outline encloses no area and was left out")
    return geometries, notes


def _hectares(area_ha: float) -> str:
    return f"{area_ha:,.1f} ha" if area_ha >= 10 else f"{area_ha:.4g} ha"
