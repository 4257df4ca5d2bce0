"""Times of a grid by the CF conventions: "hours since 2024-01-01", in UTC unless said otherwise."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.errors import DataError
from common.intake.formats.stored import Stored, shown, text

_TIMES = ("time", "tijd", "datetime", "date", "datum", "valid_time", "tijdstip", "timestamp")
_ZONE = re.compile(r"(?:UTC|GMT|Z|\d\s*[+-]\d{1,2}(?::?\d{2})?)\s*$", re.I)
_ORDINARY = ("standard", "gregorian", "proleptic_gregorian")
_DATE = re.compile(r"^\s*since\s+-?\d+-\d+-\d+", re.I)


def coder() -> Any:
    """How xarray decodes times here."""
    from xarray.coders import CFDatetimeCoder

    return CFDatetimeCoder(time_unit="ns")


def check(stored: Mapping[str, Stored], where: str, notes: list[str]) -> list[str]:
    """Names of the variables that hold times; each is decoded once, so that an error can name it."""
    import xarray as xr

    found = []
    for name, one in stored.items():
        units = one.attrs.get("units")
        since = isinstance(units, str) and "since" in units.lower()
        timely = (
            name.lower() in _TIMES or one.attrs.get("standard_name") == "time" or one.attrs.get("axis") == "T"
        )
        if one.values.dtype.kind == "M":
            found.append(name)
        if one.values.dtype.kind not in "iuf" or not (since or timely):
            continue
        if since:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    decoded = xr.conventions.decode_cf_variable(
                        name, xr.Variable(one.dims, one.values, one.attrs), decode_times=coder()
                    ).to_numpy()
            except Exception as error:  # xarray, pandas and cftime raise of many kinds
                raise _no_times(name, units, where) from error
            if decoded.dtype.kind == "O" and str(one.attrs.get("calendar", "standard")) in _ORDINARY:
                # An ordinary calendar, but years that no datetime64[ns] holds.
                raise _no_times(name, units, where)
            found.append(name)
        elif units is not None:
            raise _no_times(name, units, where)
        else:
            notes.append(f"'{shown(name)}' has no units, so that it stays numbers and is no time")
    return found


def _no_times(name: str, units: Any, where: str) -> DataError:
    return DataError(
        f"its times cannot be read: the units of '{shown(name)}' are '{shown(text(units))}'", where=where,
        mend="write them like 'hours since 2024-01-01 00:00', in a calendar with leap days",
    )  # fmt: skip


def said(
    times: Sequence[str],
    arrays: Mapping[str, np.ndarray[Any, Any]],
    stored: Mapping[str, Stored],
    where: str,
    notes: list[str],
) -> dict[str, Any]:
    """Facts on the main time of a grid, and notes where it looks odd.

    Raises:
        DataError: a place on its time axis has no time.
    """
    timed = [name for name in times if arrays[name].dtype.kind == "M"]
    if not timed:
        return {}
    flat = [name for name in timed if stored[name].values.ndim == 1]
    main = next((name for name in flat if stored[name].dims == (name,)), (flat or timed)[0])
    values = arrays[main]
    if stored[main].dims == (main,):
        if np.isnat(values).any():
            place = int(np.flatnonzero(np.isnat(values))[0])
            raise DataError(
                f"'{shown(main)}' has no time in place {place}",
                where=where,
                mend="export it anew with all of them",
            )
        if (np.diff(values) <= np.timedelta64(0)).any():
            notes.append(f"the times of '{shown(main)}' do not all increase")
    units = text(stored[main].attrs.get("units", ""))
    since = units[units.lower().find("since") :] if "since" in units.lower() else ""
    if not _ZONE.search(_DATE.sub("", since)):
        notes.append("its times name no zone and are taken as UTC, as the CF conventions say")
    facts = {"time": shown(main), "time_zone": "UTC"}
    return {**facts, "n": len(values)} if values.ndim == 1 and values.size else facts


def ordinary(flat: Sequence[Any], name: str, where: str, notes: list[str]) -> np.ndarray[Any, Any]:
    """Dates of another calendar (cftime) as ordinary ones, where they all exist.

    Raises:
        DataError: one of them does not, such as 30 February.
    """
    calendar = shown(str(flat[0].calendar))
    try:
        dates = np.array([one.isoformat() for one in flat], "datetime64[us]").astype("datetime64[ns]")
        fits = [one.year for one in flat] == (dates.astype("datetime64[Y]").astype(int) + 1970).tolist()
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise DataError(
            f"the dates of '{shown(name)}' do not all exist: they are of the calendar {calendar}",
            where=where, mend="convert it to the standard calendar",
        )  # fmt: skip
    notes.append(
        f"the dates of '{shown(name)}' are of the calendar {calendar} and are given as ordinary dates"
    )
    return dates
