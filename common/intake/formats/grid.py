"""What NetCDF and Zarr have in common: values by the CF conventions, times and place, and their checks.

Reads nothing itself: the reader of each kind hands in variables as they are stored.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats import grid_times
from common.intake.formats.position import code_of
from common.intake.formats.stored import Stored, plain_attrs, shown, text
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import xarray as xr

MAX_BYTES, FREE_BYTES, MAX_RATIO = 512 << 20, 128 << 20, 64
"""Most that is read at once; beyond 128 MB no more than 64 bytes for each byte of the file."""
_TEXT_BYTES, _NAMED = 64 << 20, 5
_NORTH = ("degrees_north", "degree_north", "degrees_n", "degree_n", "degreesn", "degreen")
_EAST = ("degrees_east", "degree_east", "degrees_e", "degree_e", "degreese", "degreee")
_UNWRITTEN = 9.9e36
"""What the NetCDF library fills with where nothing was written is a little more than this."""
_HELPERS = ("bounds", "grid_mapping", "climatology", "ancillary_variables", "cell_measures", "coordinates")


def check_size(
    declared: Mapping[str, tuple[Sequence[int], np.dtype[Any], bool]], size_bytes: int, where: str
) -> None:
    """Refuse more than is read at once, before anything is.

    Args:
        declared: shape, type, and whether values are stored scaled or with a mark for what is missing.
        size_bytes: of the upload.
        where: its name, for messages.

    Raises:
        IntakeError: it is too much.
    """
    needed, largest, most = 0, "", -1
    for name, (shape, dtype, packed) in declared.items():
        count = 1
        for length in shape:
            count *= int(length)
        size = count * max(dtype.itemsize, 8 if packed else 1)
        if size > most:
            largest, most = name, size
        needed += size
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size_bytes))
    if needed > allowed:
        form = " by ".join(f"{length:,}" for length in declared[largest][0])
        raise IntakeError(
            f"it declares {needed / 1e6:,.0f} MB of values, more than the {allowed / 1e6:,.0f} MB that are "
            f"read at once ('{shown(largest)}' has {form})",
            where=where,
            mend="bring fewer variables or a smaller part",
        )


def choose(
    wanted: Sequence[str] | None, dims: Mapping[str, Sequence[str]], attrs: Mapping[str, Any], where: str
) -> list[str]:
    """Names to read: what is wanted, with its coordinates.

    Args:
        wanted: names of variables; None: all.
        dims: dimensions of each variable that there is.
        attrs: what is said of each.
        where: the file's name, for messages.

    Raises:
        DataError: there is no such variable, or none at all.
    """
    if not dims:
        raise DataError("it holds no variable", where=where, mend="export it anew with its variables")
    if wanted is None:
        return list(dims)
    for name in wanted:
        if name not in dims:
            some = ", ".join(f"'{shown(one)}'" for one in list(dims)[:10])
            raise DataError(
                f"there is no variable '{shown(str(name))}'", where=where, mend=f"choose from {some}"
            )
    found = dict.fromkeys(wanted)
    for name in wanted:
        said = attrs[name]
        helpers = " ".join(str(said[key]) for key in _HELPERS if isinstance(said.get(key), str))
        found.update(dict.fromkeys(one for one in (*dims[name], *helpers.split()) if one in dims))
    return list(found)


def pack(
    stored: Mapping[str, Stored], attrs: Mapping[str, Any], where: str, notes: Iterable[str] = ()
) -> Parcel:
    """Decode variables by the CF conventions, check them, and hand them on.

    Args:
        stored: the variables.
        attrs: what is said of the whole.
        where: the file's name, for messages.
        notes: what the reader has to say itself.

    Returns:
        A parcel with one array a variable: scaled, missing values NaN, times datetime64[ns]. Its facts are
        `n` (length of the time dimension, else of the longest), `sizes` of the dimensions, `dims`, `units`
        and `attrs` of each variable, `global_attrs`, and where there are such `time`, `time_zone`, `crs`,
        `crs_wkt`, `grid_mapping` and `region` (west, south, east, north in degrees).

    Raises:
        DataError: times cannot be read, or nothing has a value.
    """
    import xarray as xr

    said = list(notes)
    times = grid_times.check(stored, where, said)
    variables = {name: xr.Variable(one.dims, one.values, one.attrs) for name, one in stored.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = xr.decode_cf(
                xr.Dataset(variables), decode_times=grid_times.coder(), decode_timedelta=False
            )
            arrays = {
                str(name): _plain(data[name].variable, str(name), where, said) for name in data.variables
            }
    except (ValueError, TypeError, KeyError, OverflowError, IndexError, AttributeError) as error:
        raise IntakeError(
            "its variables do not fit together, or their descriptions are damaged", where=where,
            mend="export it anew",
        ) from error  # fmt: skip
    _check_values(arrays, {str(name) for name in data.data_vars}, stored, where, said)
    sizes = {shown(str(name)): int(length) for name, length in data.sizes.items()}
    facts: dict[str, Any] = {
        "n": max(sizes.values(), default=1),
        "sizes": sizes,
        "dims": {shown(name): [shown(dim) for dim in one.dims] for name, one in stored.items()},
        "units": {
            shown(name): text(one.attrs["units"]) for name, one in stored.items() if "units" in one.attrs
        },
        "attrs": {shown(name): plain_attrs(one.attrs) for name, one in stored.items()},
        "global_attrs": plain_attrs(attrs),
    }
    facts |= grid_times.said(times, arrays, stored, where, said)
    facts |= _crs(stored) | _region(arrays, stored, where)
    return Parcel(facts, {shown(name): one for name, one in arrays.items()}, notes=tuple(said))


def _plain(variable: xr.Variable, name: str, where: str, notes: list[str]) -> np.ndarray[Any, Any]:
    """Values as an array that can be handed on, in this machine's byte order."""
    values = variable.to_numpy()
    if values.dtype.kind == "O":
        return _from_objects(values, name, where, notes)
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]", copy=False)
    if values.dtype.kind == "f" and values.size:
        most = np.fmax.reduce(values, axis=None)
        if _UNWRITTEN < most < 1.1 * _UNWRITTEN:
            values = np.where(values > _UNWRITTEN, np.nan, values).astype(values.dtype)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _from_objects(
    values: np.ndarray[Any, Any], name: str, where: str, notes: list[str]
) -> np.ndarray[Any, Any]:
    """Text of any length, and dates of other calendars."""
    flat = values.ravel().tolist()
    if all(one is None or isinstance(one, str | bytes) for one in flat):
        texts = [one.decode("utf-8", "replace") if isinstance(one, bytes) else one or "" for one in flat]
        if 4 * len(texts) * max(map(len, texts), default=0) > _TEXT_BYTES:
            raise IntakeError(
                f"the texts of '{shown(name)}' are too long", where=where, mend="leave them out"
            )
        return np.array(texts, dtype=np.str_).reshape(values.shape)
    if all(hasattr(one, "calendar") and hasattr(one, "isoformat") for one in flat):
        return grid_times.ordinary(flat, name, where, notes).reshape(values.shape)
    raise IntakeError(
        f"the values of '{shown(name)}' are of no plain type", where=where, mend="leave them out"
    )


def _check_values(
    arrays: Mapping[str, np.ndarray[Any, Any]], data: set[str], stored: Mapping[str, Stored], where: str,
    notes: list[str],
) -> None:  # fmt: skip
    """Whether anything has a value, and notes on what is missing."""
    named = {
        one for v in stored.values() for key in _HELPERS if isinstance(v.attrs.get(key), str)
        for one in v.attrs[key].split()
    }  # fmt: skip
    empty, partly, checked = [], [], 0
    for name in sorted(data - named):
        values = arrays[name]
        if values.dtype.kind not in "iufM":
            continue
        checked += 1
        if values.dtype.kind == "f":
            missing = values.size - int(np.isfinite(values).sum())
        else:
            missing = int(np.isnat(values).sum()) if values.dtype.kind == "M" else 0
        if missing == values.size:
            empty.append(name)
        elif missing:
            partly.append(f"'{shown(name)}' has no value in {missing:,} of {values.size:,} places")
    if empty and len(empty) == checked:
        raise DataError(
            f"every value is missing in {', '.join(map(repr, map(shown, empty[:_NAMED])))}", where=where,
            mend="export it anew with its values",
        )  # fmt: skip
    notes += [f"'{shown(name)}' has no value at all" for name in empty[:_NAMED]]
    notes += partly[:_NAMED]


def _crs(stored: Mapping[str, Stored]) -> dict[str, Any]:
    """The coordinate system that a variable names as its grid mapping."""
    for one in stored.values():
        mapping = one.attrs.get("grid_mapping")
        if not isinstance(mapping, str) or not mapping.split():
            continue
        name = mapping.split()[0].rstrip(":")
        if name not in stored:
            continue
        attrs = stored[name].attrs
        wkt = next((attrs[key] for key in ("crs_wkt", "spatial_ref") if isinstance(attrs.get(key), str)), "")
        kind = text(attrs.get("grid_mapping_name", ""))
        found: dict[str, Any] = {"grid_mapping": kind, "crs": code_of(wkt) or wkt[:20_000] or kind}
        return found | ({"crs_wkt": wkt[:20_000]} if wkt else {})
    return {}


def _region(
    arrays: Mapping[str, np.ndarray[Any, Any]], stored: Mapping[str, Stored], where: str
) -> dict[str, Any]:
    """Bounds in degrees, where there are coordinates in degrees."""
    found: dict[str, tuple[float, float]] = {}
    for name, one in stored.items():
        units = text(one.attrs.get("units", "")).lower()
        side = "north" if units in _NORTH else "east" if units in _EAST else ""
        values = arrays[name]
        if not side or values.dtype.kind not in "iuf" or not np.isfinite(values).any() or side in found:
            continue
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        most = 90.01 if side == "north" else 540.0
        if max(abs(low), abs(high)) > most:
            raise DataError(
                f"'{shown(name)}' should hold degrees but reaches {low:,.6g} to {high:,.6g}", where=where,
                mend="export it with the units that it is in",
            )  # fmt: skip
        found[side] = (low, high)
    if len(found) < 2:
        return {}
    return {"region": [found["east"][0], found["north"][0], found["east"][1], found["north"][1]]}
