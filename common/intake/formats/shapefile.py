"""Read a zipped Shapefile: its parts are taken out, checked, packed anew in memory, and read by pyogrio.

GDAL never sees the archive that was brought, nor any name in it: of a layer only the parts that are needed
are handed on, under a name of our own. The child registers no other vector driver.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats import columns, features
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import pyarrow as pa

    from common.intake.archive import Archive
    from common.intake.source import Source

_NEEDED = (".shp", ".shx", ".dbf")
_MAIN_CODE, _HEADER_BYTES, _INDEX_BYTES = 9994, 100, 8
_EMPTY_BYTES = 44
"""Of a line or outline without a point; what is longer has some."""
_PRJ_BYTES, _CPG_BYTES = 1 << 16, 64
# What a .cpg may say, as GDAL knows it.
_ENCODINGS = {"": "", "utf8": "UTF-8", "65001": "UTF-8", "1252": "CP1252", "ansi1252": "CP1252"} | {
    "cp1252": "CP1252", "windows1252": "CP1252", "latin1": "ISO-8859-1", "88591": "ISO-8859-1",
    "iso88591": "ISO-8859-1", "885915": "ISO-8859-15", "iso885915": "ISO-8859-15", "437": "CP437",
    "cp437": "CP437", "850": "CP850", "cp850": "CP850", "ibm850": "CP850", "1250": "CP1250", 
    "cp1250": "CP1250", "ascii": "CP1252", "usascii": "CP1252", "system": "",
}  # fmt: skip


def read(source: Source, layer: str = "", region: Sequence[float] | None = None) -> Parcel:
    """Read one Shapefile of a zip, which may lie in a folder of it.

    Args:
        source: the upload.
        layer: name of the Shapefile without its ending, where there are several; "": the first.
        region: west, south, east, north in degrees where the features are expected; None: Europe.

    Returns:
        What `features.pack` hands on; the fact `layer` names it, `layers` all of them.

    Raises:
        IntakeError: a part is missing or damaged.
        DataError: it has no coordinate system, no features, or no such layer.
    """
    import shapely

    name, archive = source.name, source.archive()
    found = _layers(archive, name)
    chosen, notes = _chosen(found, layer, name)
    parts = found[chosen]
    missing = [ending for ending in _NEEDED if ending not in parts]
    if missing:
        raise IntakeError(
            f"of the Shapefile '{_shown(chosen)}' the part {' and '.join(missing)} is missing", where=name,
            mend="pack .shp, .shx, .dbf and .prj together",
        )  # fmt: skip
    if ".prj" not in parts:
        raise DataError(
            f"the Shapefile '{_shown(chosen)}' has no .prj, so that its coordinate system is not known",
            where=name, mend="pack .shp, .shx, .dbf and .prj together",
        )  # fmt: skip
    data = {ending: archive.read(parts[ending]) for ending in _NEEDED}
    drawn = _check(data, name)
    projection = archive.head(parts[".prj"], _PRJ_BYTES)
    encoding = _encoding(archive.head(parts[".cpg"], _CPG_BYTES)) if ".cpg" in parts else ""
    table, geometries, said = _read(_packed(data, projection), encoding, data[".dbf"], name)
    lost = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    if len(lost) == len(drawn) and (lost := lost & drawn).any():
        raise IntakeError(
            "its geometry is damaged", where=f"{name}, {features.named(lost)}", mend="export it anew"
        )
    crs = features.coordinate_system(said, name)
    parcel = features.pack(table, geometries, crs, name, region=region, notes=notes)
    shown = {_plain(one): None for one in found}
    facts = {**parcel.facts, "layer": _plain(chosen), "layers": list(shown)}
    return Parcel(facts, tables=parcel.tables, notes=parcel.notes)


def _layers(archive: Archive, name: str) -> dict[str, dict[str, str]]:
    """Path of each Shapefile without its ending -> ending in small letters -> name of the entry."""
    found: dict[str, dict[str, str]] = {}
    stems: dict[str, str] = {}
    for entry in archive.names:
        path = PurePosixPath(entry)
        ending = path.suffix.lower()
        # macOS adds a shadow of each file.
        if ending not in (*_NEEDED, ".prj", ".cpg") or "__MACOSX" in path.parts or path.name.startswith("._"):
            continue
        stem = str(path.with_suffix(""))
        layer = stems.setdefault(stem.lower(), stem)
        if ending in found.setdefault(layer, {}):
            raise IntakeError(
                f"the part {ending} of '{_shown(layer)}' occurs twice", where=name, mend="pack it anew"
            )
        found[layer][ending] = entry
    main = {layer: parts for layer, parts in found.items() if set(parts) & set(_NEEDED)}
    whole = {layer: parts for layer, parts in main.items() if ".shp" in parts}
    if not main:
        raise IntakeError("no Shapefile is in it", where=name, mend="pack .shp, .shx, .dbf and .prj together")
    return whole or main


def _chosen(found: dict[str, dict[str, str]], wanted: str, name: str) -> tuple[str, list[str]]:
    if wanted:
        for layer in found:
            if wanted.lower() in (layer.lower(), _plain(layer).lower()):
                return layer, []
        some = ", ".join(f"'{_plain(layer)}'" for layer in list(found)[:10])
        raise DataError(
            f"there is no Shapefile '{_shown(wanted)}' in it", where=name, mend=f"choose from {some}"
        )
    complete = [layer for layer, parts in found.items() if set(_NEEDED) <= set(parts)]
    chosen = complete[0] if complete else next(iter(found))
    others = [f"'{_plain(layer)}'" for layer in found if layer != chosen]
    if not others:
        return chosen, []
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return chosen, [f"the Shapefile '{_plain(chosen)}' was read; left out: {', '.join(others[:5])}{more}"]


def _check(data: dict[str, bytes], name: str) -> np.ndarray[Any, Any]:
    """The lengths that the parts' headers declare against what is there, and against each other.

    Returns:
        Which rows have more than the head of an empty shape, so that GDAL, which passes over what is
        damaged, has to find a geometry there.
    """
    for ending in (".shp", ".shx"):
        part = data[ending]
        if len(part) < _HEADER_BYTES or struct.unpack_from(">i", part)[0] != _MAIN_CODE:
            raise _damaged(f"its {ending} is none", name)
        declared = 2 * struct.unpack_from(">i", part, 24)[0]
        if declared > len(part) or declared < _HEADER_BYTES:
            raise _damaged(
                f"its {ending} declares {declared:,} bytes but has {len(part):,}: it was cut off", name
            )
    shx, shp, dbf = data[".shx"], data[".shp"], data[".dbf"]
    length = 2 * struct.unpack_from(">i", shx, 24)[0]
    entries = np.frombuffer(shx, ">i4", (length - _HEADER_BYTES) // 4 // 2 * 2, _HEADER_BYTES)
    starts, sizes = 2 * entries[::2].astype(np.int64), 2 * entries[1::2].astype(np.int64)
    if ((starts < _HEADER_BYTES) | (sizes < 0) | (starts + 8 + sizes > len(shp))).any():
        raise _damaged("its .shx points beyond the end of its .shp", name)
    if len(starts) > features.MAX_ROWS:
        raise IntakeError(f"it holds {len(starts):,} features", where=name, mend="bring a part of them")
    # Records may share bytes: a small file would then grow without end.
    if int(sizes.sum()) > 2 * len(shp):
        raise _damaged("its .shx points to the same shapes again and again", name)
    if len(dbf) < 33:
        raise _damaged("its .dbf is none", name)
    rows, head, width = struct.unpack_from("<IHH", dbf, 4)
    if rows and (width < 1 or head < 33 or head + rows * width > len(dbf) + 1):
        raise _damaged(f"its .dbf declares {rows:,} rows but was cut off", name)
    if rows != len(starts):
        raise _damaged(f"its .shx lists {len(starts):,} shapes but its .dbf {rows:,} rows", name)
    found = np.frombuffer(shp, np.uint8)
    stated = 2 * found[starts[:, None] + np.arange(4, 8)].copy().view(">i4")[:, 0].astype(np.int64)
    if ((stated < 0) | (starts + 8 + stated > len(shp))).any():
        raise _damaged("its shapes or its table cannot be read", name)
    # GDAL leaves out the rows that are marked as deleted.
    marks = (
        np.frombuffer(dbf, np.uint8)[head : head + rows * width : width] if rows else np.zeros(0, np.uint8)
    )
    drawn: np.ndarray[Any, Any] = (sizes > _EMPTY_BYTES)[: len(marks)][marks != ord("*")]
    return drawn


def _packed(data: dict[str, bytes], projection: bytes) -> bytes:
    """A plain zip of the parts under a name of our own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for ending, part in {**data, ".prj": projection}.items():
            made.writestr(f"layer{ending}", part)
    return out.getvalue()


def _encoding(said: bytes) -> str:
    return _ENCODINGS.get("".join(c for c in said.decode("ascii", "ignore").lower() if c.isalnum()), "")


def _read(
    packed: bytes, encoding: str, dbf: bytes, name: str
) -> tuple[dict[str, pa.Array], np.ndarray[Any, Any], str]:
    import pyarrow as pa
    import pyogrio
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

    # Without a .cpg and without a language in its head, text is what Windows writes in Western Europe,
    # unless it is UTF-8 all through.
    if not encoding and not dbf[29]:
        try:
            dbf[struct.unpack_from("<H", dbf, 8)[0] :].decode("utf-8")
            encoding = "UTF-8"
        except UnicodeDecodeError:
            encoding = "CP1252"
    try:
        meta, table = pyogrio.read_arrow(packed, encoding=encoding or None)
        geometry = meta["geometry_name"] or "wkb_geometry"
        held = table.column(geometry)
        geometries = np.asarray(shapely.from_wkb(held.to_numpy(zero_copy_only=False)), dtype=object)
        # By number, because two columns may have one name.
        kept = [number for number, column in enumerate(table.column_names) if column != geometry]
        found = [_sound(table.column(number).combine_chunks()) for number in kept]
    except (
        DataSourceError, DataLayerError, FeatureError, shapely.errors.ShapelyError, pa.ArrowException,
        ValueError, KeyError, UnicodeError,
    ) as error:  # fmt: skip
        raise _damaged("its shapes or its table cannot be read", name) from error
    if not meta["crs"]:
        raise DataError(
            "its .prj names no coordinate system that is known", where=name, mend="export it anew"
        )
    names = columns.names([table.column_names[number] for number in kept])
    return dict(zip(names, found, strict=True)), geometries, meta["crs"]


def _sound(column: pa.Array) -> pa.Array:
    """A column whose text is UTF-8: GDAL hands on what does not fit the encoding as it is."""
    import pyarrow as pa

    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        texts = column.cast(pa.binary(), safe=False).to_pylist()
        return pa.array([one and one.decode("utf-8", "replace") for one in texts], pa.string())
    return column


def _damaged(what: str, name: str) -> IntakeError:
    return IntakeError(what, where=name, mend="export and pack it anew")


def _plain(layer: str) -> str:
    return _shown(PurePosixPath(layer).name)


def _shown(name: str) -> str:
    plain = "".join(c if c.isprintable() else "?" for c in name)
    return plain if len(plain) <= 60 else "…" + plain[-59:]
