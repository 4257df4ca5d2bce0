"""Read a Zarr store, version 2 or 3, from a folder or a zip: its root's arrays, decoded by xarray.

The descriptions of all arrays are looked over before any piece of one is read, and pieces are unpacked one by
one with a cap on each, see `zarr_codecs`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.errors import IntakeError
from common.intake.archive import MAX_PIECES
from common.intake.formats import grid, zarr_layout, zarr_pieces
from common.intake.formats.stored import Stored, shown
from common.intake.parcel import Parcel
from common.intake.recognise import ZARR_MARKS

if TYPE_CHECKING:
    from common.intake.archive import Archive
    from common.intake.source import Source

_JSON_BYTES, _MAX_ARRAYS = 4 << 20, 2_000
_ALONE = "values"
_NUMBER = re.compile(r"\d{1,15}")


def read(source: Source, variables: Sequence[str] | None = None) -> Parcel:
    """Read the arrays of a Zarr store that lie in its root.

    Args:
        source: the upload.
        variables: names of those to read, each with its coordinates; None: all.

    Returns:
        What `grid.pack` hands on; a store that is an array itself gives the variable "values".

    Raises:
        IntakeError: it is damaged, too large, or kept in a way that is not taken in.
        DataError: it has no such variable, times cannot be read, or nothing has a value.
    """
    name, archive = source.name, source.archive(max_entries=MAX_PIECES)
    files: dict[str, list[str]] = {}
    for entry in archive.names:
        folder, _, file = entry.rpartition("/")
        files.setdefault(folder, []).append(file)
    root, arrays, groups = _find(archive, files, name)
    layouts = {short: _layout(archive, folder, short, name) for short, folder in arrays.items()}
    dims = {short: layout.dims or tuple(f"{short}_{axis}" for axis in range(len(layout.shape)))
            for short, layout in layouts.items()}  # fmt: skip
    wanted = grid.choose(variables, dims, {short: layout.attrs for short, layout in layouts.items()}, name)
    grid.check_size(
        {short: (layouts[short].shape, layouts[short].dtype, "_FillValue" in layouts[short].attrs
                 or "scale_factor" in layouts[short].attrs) for short in wanted}, source.size_bytes, name,
    )  # fmt: skip
    notes = [f"groups were left out: {', '.join(map(shown, groups[:5]))}"] if groups else []
    stored = {}
    for short in wanted:
        layout = layouts[short]
        pieces = _pieces(layout, arrays[short], archive)
        whole = math.prod(
            -(-length // chunk) for length, chunk in zip(layout.shape, layout.chunks, strict=True)
        )
        if len(pieces) < whole / 2:
            notes.append(
                f"of '{shown(short)}' {whole - len(pieces):,} of {whole:,} pieces are not there and were "
                "filled with its fill value"
            )
        values = zarr_pieces.assemble(layout, pieces, lambda key: archive.read(key, packed=True), short, name)
        stored[short] = Stored(dims[short], values, layout.attrs)
    return grid.pack(stored, _attrs(archive, root), name, notes)


def _find(archive: Archive, files: dict[str, list[str]], where: str) -> tuple[str, dict[str, str], list[str]]:
    """The folder of the store, the folder of each array in it, and the groups that are left out."""
    marked = [folder for folder, inner in files.items() if set(inner) & set(ZARR_MARKS)]
    if not marked:
        raise IntakeError("no Zarr store is in it", where=where, mend="pack the whole store")
    least = min(map(_depth, marked))
    tops = [folder for folder in marked if _depth(folder) == least]
    root = tops[0]
    if len(tops) > 1:
        # A store may lack the description of its root.
        parents = {folder.rpartition("/")[0] for folder in tops}
        if len(parents) > 1 or not all(_is_array(archive, folder, files[folder], where) for folder in tops):
            raise IntakeError("several Zarr stores are in it", where=where, mend="bring one of them")
        root = parents.pop()
    elif _is_array(archive, root, files[root], where):
        return root, {_ALONE: root}, []
    arrays, groups = {}, []
    for folder in marked:
        short = folder[len(root) :].strip("/")
        if not short:
            continue
        if "/" not in short and _is_array(archive, folder, files[folder], where):
            arrays[short] = folder
        else:
            groups.append(short)
    if len(arrays) > _MAX_ARRAYS:
        raise IntakeError(f"it holds {len(arrays):,} arrays", where=where, mend="bring fewer of them")
    return root, arrays, sorted(groups)


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _is_array(archive: Archive, folder: str, inner: list[str], where: str) -> bool:
    if "zarr.json" in inner:
        return _json(archive, _join(folder, "zarr.json"), where).get("node_type") == "array"
    return ".zarray" in inner


def _layout(archive: Archive, folder: str, short: str, where: str) -> zarr_layout.Layout:
    if _join(folder, "zarr.json") in archive.names:
        return zarr_layout.version3(_json(archive, _join(folder, "zarr.json"), where), short, where)
    said = _json(archive, _join(folder, ".zarray"), where)
    attrs = _join(folder, ".zattrs")
    return zarr_layout.version2(
        said, _json(archive, attrs, where) if attrs in archive.names else {}, short, where
    )


def _attrs(archive: Archive, root: str) -> dict[str, Any]:
    """What is said of the whole store."""
    for file in ("zarr.json", ".zattrs"):
        if (path := _join(root, file)) in archive.names:
            said = _json(archive, path, "")
            attrs = said.get("attributes", {}) if file == "zarr.json" else said
            return attrs if isinstance(attrs, dict) else {}
    return {}


def _json(archive: Archive, path: str, where: str) -> dict[str, Any]:
    if archive.size_bytes(path) > _JSON_BYTES:
        raise IntakeError(f"its description '{shown(path)}' is too large", where=where, mend="write it anew")
    try:
        found = json.loads(archive.read(path))
    except (ValueError, RecursionError) as error:
        raise IntakeError(
            f"its description '{shown(path)}' is damaged", where=where, mend="write it anew"
        ) from error
    if not isinstance(found, dict):
        raise IntakeError(f"its description '{shown(path)}' is damaged", where=where, mend="write it anew")
    return found


def _pieces(layout: zarr_layout.Layout, folder: str, archive: Archive) -> list[tuple[tuple[int, ...], str]]:
    """Places and names of the pieces that are there; what lies beyond the array is left from earlier."""
    start = f"{folder}/" if folder else ""
    if layout.prefix:
        start += layout.prefix + (layout.separator if layout.shape else "")
    found: list[tuple[tuple[int, ...], str]] = []
    for entry in archive.names:
        if not entry.startswith(start):
            continue
        rest = entry[len(start) :]
        if not layout.shape:
            if rest == ("" if layout.prefix else "0"):
                found.append(((), entry))
            continue
        parts = rest.split(layout.separator)
        if len(parts) == len(layout.shape) and all(map(_NUMBER.fullmatch, parts)):
            place = tuple(map(int, parts))
            if all(
                at * chunk < whole
                for at, chunk, whole in zip(place, layout.chunks, layout.shape, strict=True)
            ):
                found.append((place, entry))
    return found


def _join(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file
