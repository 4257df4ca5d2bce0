"""Geometries of GeoJSON as shapely's, all of a kind at once.

One geometry at a time costs more than reading the text does. Positions are flattened into one array of
numbers, which refuses words and nulls on the way, and shapely builds rings and polygons from it by number.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from common.errors import IntakeError

_DEEPEST = 8
_FEWEST = {"Polygon": 3, "LineString": 2, "Point": 1}


@dataclass
class _Kind:
    """Simple geometries of one kind: their sequences of positions, and what each belongs to."""

    sequences: list[Any] = field(default_factory=list)
    part_of: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    single: list[bool] = field(default_factory=list)


@dataclass
class Shapes:
    """What was built.

    Attributes:
        geometries: one a feature, None where it has none.
        open_rings: features whose outline was closed here.
        flattened: whether heights were left out, as only some positions had them.
    """

    geometries: np.ndarray[Any, Any]
    open_rings: set[int]
    flattened: bool = False


def build(found: Sequence[Any], where: str) -> Shapes:
    """Build geometries of the `geometry` members of features.

    Raises:
        IntakeError: one of them is none; the sentence names the feature.
    """
    try:
        return _build(found, 0)
    except _Odd as error:
        row, what = error.row, error.what
    except (TypeError, ValueError, OverflowError, KeyError):
        row, what = _culprit(found), "its coordinates are not all numbers in the nesting that its type needs"
    raise IntakeError(what, where=f"{where}, feature {row}", mend="draw or export it anew")


class _Odd(Exception):
    def __init__(self, row: int, what: str) -> None:
        self.row, self.what = row, what
        super().__init__(what)


def _culprit(found: Sequence[Any]) -> int:
    for row, geometry in enumerate(found):
        try:
            _build([geometry], 0)
        except (TypeError, ValueError, OverflowError, KeyError, _Odd):
            return row
    return 0


def _build(found: Sequence[Any], depth: int) -> Shapes:
    import shapely

    # Those with heights apart from those without, as one array holds either.
    kinds = {(name, width): _Kind() for name in _FEWEST for width in (2, 3)}
    shapes = Shapes(np.full(len(found), None, dtype=object), set())
    for row, geometry in enumerate(found):
        if geometry is None:
            continue
        name = geometry.get("type") if isinstance(geometry, dict) else None
        if name == "GeometryCollection":
            shapes.geometries[row] = _collection(geometry, row, depth, shapes)
            continue
        simple = name.removeprefix("Multi") if isinstance(name, str) else ""
        if simple not in _FEWEST:
            raise _Odd(row, "its geometry is of no type that GeoJSON knows")
        parts = [geometry["coordinates"]] if name == simple else geometry["coordinates"]
        if not isinstance(geometry["coordinates"], list):
            raise TypeError
        _sort_in(kinds[simple, _width(parts)], simple, name == simple, row, parts)
    makers: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
        "Polygon": (shapely.polygons, shapely.multipolygons),
        "LineString": (shapely.linestrings, shapely.multilinestrings),
        "Point": (shapely.points, shapely.multipoints),
    }
    for (name, _), kind in kinds.items():
        if kind.rows:
            _make(name, kind, *makers[name], shapes)
    return shapes


def _collection(geometry: dict[str, Any], row: int, depth: int, shapes: Shapes) -> Any:
    import shapely

    if depth >= _DEEPEST:
        raise _Odd(row, f"its geometries are nested more than {_DEEPEST} deep")
    parts = geometry["geometries"]
    if not isinstance(parts, list):
        raise TypeError
    try:
        inner = _build(parts, depth + 1)
    except _Odd as error:
        raise _Odd(row, error.what) from None
    if inner.open_rings:
        shapes.open_rings.add(row)
    shapes.flattened |= inner.flattened
    return shapely.geometrycollections([one for one in inner.geometries if one is not None])


def _width(parts: Any) -> int:
    """2 or 3: how many numbers the first position has."""
    inner, first = parts, parts
    while isinstance(first, list) and first:
        inner, first = first, first[0]
    return 3 if len(inner) > 2 else 2


def _sort_in(kind: _Kind, name: str, single: bool, row: int, parts: list[Any]) -> None:
    """Put a geometry's parts with their like; one without coordinates stays without geometry."""
    for part in parts:
        if isinstance(part, list) and not part:
            continue
        sequences = part if name == "Polygon" else [part] if name == "LineString" else [[part]]
        kind.part_of.extend([len(kind.rows)] * len(sequences))
        kind.sequences.extend(sequences)
        kind.rows.append(row)
        kind.single.append(single)


def _make(name: str, kind: _Kind, make: Callable[..., Any], join: Callable[..., Any], shapes: Shapes) -> None:
    import shapely

    lengths = np.fromiter(map(len, kind.sequences), np.intp, len(kind.sequences))
    if lengths.min() < _FEWEST[name]:
        row = kind.rows[kind.part_of[int(lengths.argmin())]]
        raise _Odd(row, f"an outline or line of it has fewer than {_FEWEST[name]} points")
    positions = list(chain.from_iterable(kind.sequences))
    numbers, flattened = _numbers(positions)
    shapes.flattened |= flattened
    numbered = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.asarray(kind.rows)
    if name == "Polygon":
        ends = np.cumsum(lengths) - 1
        opened = (numbers[ends] != numbers[ends - lengths + 1]).any(axis=1) & ~np.isnan(numbers[ends]).any(
            axis=1
        )
        shapes.open_rings.update(rows[np.asarray(kind.part_of)[opened]].tolist())
        rings = shapely.linearrings(numbers, indices=numbered, handle_nan="allow")
        simple = make(rings, indices=np.asarray(kind.part_of))
    elif name == "LineString":
        simple = make(numbers, indices=numbered, handle_nan="allow")
    else:
        simple = make(numbers, handle_nan="allow")
    single = np.asarray(kind.single)
    shapes.geometries[rows[single]] = simple[single]
    if not single.all():
        several, numbers_of = np.unique(rows[~single], return_inverse=True)
        shapes.geometries[several] = join(simple[~single], indices=numbers_of)


def _numbers(positions: list[Any]) -> tuple[np.ndarray[Any, Any], bool]:
    """Positions as an array (n, 2) or (n, 3), and whether heights were left out."""
    widths = set(map(len, positions))
    if min(widths) < 2:
        raise ValueError("a position has fewer than two numbers")
    if len(widths) > 1:
        positions = [position[:2] for position in positions]
    width = 2 if len(widths) > 1 else widths.pop()
    flat = np.frombuffer(array("d", chain.from_iterable(positions)), np.float64).reshape(-1, width)
    return flat[:, :3], width == 2 and len(widths) > 1
