"""Read a GeoPackage by SQLite and shapely, without letting anything that the file defines run.

Views, triggers, virtual tables and functions in an SQLite file are code of its maker. The database is read
from memory under an authorizer that lets nothing pass but reading plain tables: none of it is reached.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats import columns, features
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import pyarrow as pa

    from common.intake.source import Source

_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_WAL_AT = 18
_ROW_BYTES = 4
_BATCH = 2_000
_UNDEFINED = (0, -1)


@dataclass(frozen=True)
class _Layer:
    name: str
    geometry: str
    srs: int


def read(source: Source, layer: str = "", region: Sequence[float] | None = None) -> Parcel:
    """Read one layer of a GeoPackage.

    Args:
        source: the upload.
        layer: which; "": the first with features.
        region: west, south, east, north in degrees where the features are expected; None: Europe.

    Returns:
        What `features.pack` hands on; the fact `layer` names it, `layers` all of them.

    Raises:
        IntakeError: it is damaged, or the layer is not a plain table.
        DataError: it has no such layer, no coordinate system, or no features.
    """
    name = source.name
    try:
        with closing(_opened(source)) as database:
            layers = _layers(database, name)
            chosen, notes = _chosen(database, layers, layer, name)
            crs = features.coordinate_system(_crs(database, chosen, name), name)
            table, geometries = _read(database, chosen, source)
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        raise IntakeError("the database is damaged", where=name, mend="copy or export it anew") from error
    parcel = features.pack(table, geometries, crs, name, region=region, notes=notes)
    facts = {**parcel.facts, "layer": chosen.name, "layers": [one.name for one in layers]}
    return Parcel(facts, tables=parcel.tables, notes=parcel.notes)


def _opened(source: Source) -> sqlite3.Connection:
    data = bytearray(source.view)
    # QGIS leaves files set to keep a journal beside them, which a database in memory cannot have.
    data[_WAL_AT : _WAL_AT + 2] = b"\x01\x01"
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(bytes(data))
    for setting in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
        database.execute(f"PRAGMA {setting}").close()
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(len(data), 1 << 20))
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    database.set_authorizer(_authorize)
    return database


def _authorize(action: int, *words: str | None) -> int:
    """Reading alone; the last word names the view or trigger from which something is asked."""
    if action in _ALLOWED and words[-1] is None:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _layers(database: sqlite3.Connection, name: str) -> list[_Layer]:
    """Layers of features that are registered."""
    schema = {
        str(table).lower(): (str(kind), str(sql or ""))
        for kind, table, sql in database.execute("SELECT type, name, sql FROM sqlite_master")
        if kind in ("table", "view")
    }
    for needed in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"):
        if not _is_plain(schema.get(needed)):
            raise IntakeError(
                f"it is no GeoPackage of features: its table '{needed}' is missing", where=name,
                mend="export it anew as a GeoPackage",
            )  # fmt: skip
    registered = [
        str(table)
        for table, kind in database.execute("SELECT table_name, data_type FROM gpkg_contents")
        if kind == "features"
    ]
    placed = {
        str(table).lower(): (str(column), srs)
        for table, column, srs in database.execute(
            "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
        )
    }
    found = []
    for table in registered:
        if not _is_plain(schema.get(table.lower())):
            raise IntakeError(
                f"its layer '{_shown(table)}' is no plain table but computed when it is read, or missing",
                where=name, mend="export the layer anew into a GeoPackage of its own",
            )  # fmt: skip
        if table.lower() in placed:
            column, srs = placed[table.lower()]
            found.append(_Layer(table, column, srs if isinstance(srs, int) else 0))
    if not found:
        raise DataError("it holds no layer with features", where=name, mend="export the layer into it")
    return found


def _is_plain(entry: tuple[str, str] | None) -> bool:
    return entry is not None and entry[0] == "table" and entry[1].lower().split()[:2] != ["create", "virtual"]


def _chosen(
    database: sqlite3.Connection, layers: list[_Layer], wanted: str, name: str
) -> tuple[_Layer, list[str]]:
    if wanted:
        found = [layer for layer in layers if layer.name == wanted]
        if not found:
            some = ", ".join(f"'{_shown(layer.name)}'" for layer in layers[:10])
            raise DataError(f"there is no layer '{_shown(wanted)}'", where=name, mend=f"choose from {some}")
        return found[0], []
    chosen = next(
        (one for one in layers if database.execute(f"SELECT 1 FROM {_quoted(one.name)} LIMIT 1").fetchone()),  # noqa: S608 -- names cannot be parameters
        layers[0],
    )
    others = [f"'{_shown(layer.name)}'" for layer in layers if layer != chosen]
    if not others:
        return chosen, []
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return chosen, [f"the layer '{_shown(chosen.name)}' was read; left out: {', '.join(others[:5])}{more}"]


def _crs(database: sqlite3.Connection, layer: _Layer, name: str) -> str:
    row = database.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys "
        "WHERE srs_id = ?",
        (layer.srs,),
    ).fetchone()
    if row is None or layer.srs in _UNDEFINED:
        raise DataError(
            f"its layer '{_shown(layer.name)}' has no coordinate system", where=name,
            mend="set one, such as EPSG:28992, and export it anew",
        )  # fmt: skip
    organization, code, definition = row
    if str(organization).upper() == "EPSG" and isinstance(code, int):
        return f"EPSG:{code}"
    definition = str(definition).strip()
    # Text that is no well-known text could name files to the projection library.
    return definition if definition[:1].isalpha() and "[" in definition[:40] else "unknown"


def _read(
    database: sqlite3.Connection, layer: _Layer, source: Source
) -> tuple[dict[str, pa.Array], np.ndarray[Any, Any]]:
    """Attributes and geometries of a layer."""
    cursor = database.execute(f"SELECT * FROM {_quoted(layer.name)}")  # noqa: S608 -- as above
    names = [str(column[0]) for column in cursor.description]
    lower = [name.lower() for name in names]
    if layer.geometry.lower() not in lower or len(names) > features.MAX_COLUMNS:
        raise IntakeError(
            f"its layer '{_shown(layer.name)}' has no column of geometries", where=source.name,
            mend="export it anew",
        )  # fmt: skip
    rows = list(_rows(cursor, source))
    at = lower.index(layer.geometry.lower())
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    geometries = _geometries(values[at], source.name)
    kept = [number for number in range(len(names)) if number != at]
    found = [_column(values[number]) for number in kept]
    return dict(zip(columns.names([names[number] for number in kept]), found, strict=True)), geometries


def _rows(cursor: sqlite3.Cursor, source: Source) -> Iterator[tuple[Any, ...]]:
    """Rows, as long as they can have come from a file of this size: damaged pages may lead in circles."""
    total, limit = 0, source.size_bytes
    while batch := cursor.fetchmany(_BATCH):
        total += _ROW_BYTES * len(batch)
        total += sum(len(value) for row in batch for value in row if isinstance(value, bytes | str))
        if total > limit:
            raise IntakeError(
                "the database is damaged: it holds more than fits in it", where=source.name,
                mend="copy or export it anew",
            )  # fmt: skip
        yield from batch


def _geometries(values: Sequence[Any], name: str) -> np.ndarray[Any, Any]:
    import shapely

    bare: list[bytes | None] = []
    for row, value in enumerate(values):
        if value is None:
            bare.append(None)
            continue
        blob = value if isinstance(value, bytes) else b""
        kind = blob[3] >> 1 & 0b111 if len(blob) > 8 else 5
        if not blob.startswith(b"GP") or kind >= len(_ENVELOPE_BYTES):
            raise _no_geometry(name, row)
        # Without a geometry after its head it is an empty one.
        bare.append(blob[8 + _ENVELOPE_BYTES[kind] :] or None)
    try:
        return np.asarray(shapely.from_wkb(np.array(bare, dtype=object)), dtype=object)
    except (shapely.errors.ShapelyError, NotImplementedError):
        for row, one in enumerate(bare):
            try:
                shapely.from_wkb(one)
            except shapely.errors.ShapelyError as error:
                raise _no_geometry(name, row) from error
            except NotImplementedError as error:
                raise features.curved(f"{name}, feature {row}") from error
        raise


def _no_geometry(name: str, row: int) -> IntakeError:
    return IntakeError("its geometry is damaged", where=f"{name}, feature {row}", mend="export it anew")


def _column(values: Sequence[Any]) -> pa.Array:
    """A column; text that is a date or time in all rows becomes one."""
    import pyarrow as pa

    if any(isinstance(value, bytes) for value in values):
        values = [f"{len(value):,} bytes" if isinstance(value, bytes) else value for value in values]
    first = next((value for value in values if value is not None), None)
    if isinstance(first, str) and first[:4].isdigit() and first[4:5] == "-":
        try:
            if len(first) == 10:
                return pa.array([value and date.fromisoformat(value) for value in values], pa.date32())
            moments = [value and datetime.fromisoformat(value) for value in values]
            zoned = {moment.tzinfo is not None for moment in moments if moment}
            if len(zoned) == 1:
                return pa.array(moments, pa.timestamp("us", "UTC" if zoned.pop() else None))
        except (ValueError, TypeError, pa.ArrowException):
            pass
    return columns.column(values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(name: str) -> str:
    plain = "".join(c if c.isprintable() else "?" for c in name)
    return plain if len(plain) <= 60 else plain[:59] + "…"
