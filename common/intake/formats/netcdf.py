"""Read NetCDF-4: HDF5 that was looked over first, its root's variables by h5netcdf, decoded by xarray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError, PilotError
from common.intake.formats import grid, hdf5
from common.intake.formats.stored import Stored, shown
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import h5netcdf

    from common.intake.source import Source

_PACKED = ("_FillValue", "missing_value", "scale_factor", "add_offset")
_INTERNAL = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates")


def read(source: Source, variables: Sequence[str] | None = None) -> Parcel:
    """Read the variables of a NetCDF-4 file that lie in its root.

    Args:
        source: the upload.
        variables: names of those to read, each with its coordinates; None: all.

    Returns:
        What `grid.pack` hands on.

    Raises:
        IntakeError: it is damaged, cut off, too large, or reaches out of itself.
        DataError: it has no such variable, times cannot be read, or nothing has a value.
    """
    import h5netcdf
    import h5py

    name = source.name
    try:
        # HDF5 wants a file's real name where it opens one by path, and the upload has none.
        with Path(source.path).open("rb", buffering=0) as raw, h5py.File(raw, "r") as file:
            looked = hdf5.look_over(file, name)
            notes = []
            if looked.groups:
                some = ", ".join(shown(group.strip("/")) for group in looked.groups[:5])
                notes.append(f"groups were left out: {some}")
            with h5netcdf.File(file, "r", phony_dims="sort") as data:
                stored = _stored(data, variables, source, bool(looked.groups))
                attrs = dict(data.attrs)
    except (PilotError, MemoryError):
        raise
    except Exception as error:  # h5py and h5netcdf raise of nearly every kind on damaged files
        if "truncated" in str(error):
            raise IntakeError("it was cut off", where=name, mend="copy or export it anew") from error
        raise IntakeError("it is damaged", where=name, mend="copy or export it anew") from error
    return grid.pack(stored, attrs, name, notes)


def _stored(
    data: h5netcdf.File, wanted: Sequence[str] | None, source: Source, grouped: bool
) -> dict[str, Stored]:
    found = dict(data.variables.items())
    if not found and grouped:
        raise DataError(
            "its root holds no variable, only its groups do", where=source.name,
            mend="move the group that is wanted to the root, for example with ncks -G :",
        )  # fmt: skip
    attrs = {name: _attrs(one) for name, one in found.items()}
    names = grid.choose(wanted, {name: one.dimensions for name, one in found.items()}, attrs, source.name)
    declared = {}
    for name in names:
        dtype = found[name].dtype
        packed = any(key in attrs[name] for key in _PACKED)
        # Text of any length is held by reference, whatever its length.
        declared[name] = (found[name].shape, np.dtype("O") if dtype is str else np.dtype(dtype), packed)
    grid.check_size(declared, source.size_bytes, source.name)
    return {
        name: Stored(tuple(found[name].dimensions), np.asarray(found[name][...]), attrs[name])
        for name in names
    }


def _attrs(variable: Any) -> dict[str, Any]:
    """Attributes as plain text and numbers, as the CF conventions want them."""
    found: dict[str, Any] = {}
    for name, value in variable.attrs.items():
        if name in _INTERNAL:
            continue
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")  # noqa: PLW2901 -- the same value, plainer
        elif isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biufSU":
            value = value.reshape(()).item() if value.dtype.kind in "SU" else value.reshape(())[()]  # noqa: PLW2901
        found[name] = value
    return found
