"""Times as people write them: the order of day, month and year decided over a whole column.

What is understood: year first (`2024-02-01 13:30`, ISO 8601, with or without an offset), day or month first
with `-`, `/` or `.`, two-digit years after the day, month names in English and Dutch, `24:00`, am and pm,
compact digits (`20240201`, `202402011330`) and Unix seconds or milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.numerals import is_missing

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day-month-year", "month-day-year", "year-month-day"
UNIX = "Unix time"
_CLOCK = (
    r"(?P<h>[0-9]{1,2})(?::(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9})[0-9]*)?)?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?"
)
_ZONE = r"\s*(?P<z>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_DELIMITED = (
    rf"^(?P<a>[0-9]{{1,4}})[-/.](?P<b>[0-9]{{1,2}})[-/.](?P<c>[0-9]{{1,4}})(?:(?:T|,?\s+){_CLOCK}{_ZONE})?$"
)
_COMPACT = (
    r"^(?P<a>[0-9]{4})(?P<b>[0-9]{2})(?P<c>[0-9]{2})"
    r"(?:[T ]?(?P<h>[0-9]{2}):?(?P<m>[0-9]{2})(?::?(?P<s>[0-9]{2}))?(?P<f>)(?P<ap>)"
    rf"{_ZONE}|\s+(?P<hour>[0-9]{{1,2}}))?$"
)
_UNIX_S, _UNIX_MS = r"^[0-9]{9,10}(?:\.[0-9]+)?$", r"^[0-9]{13}$"
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan januari january", "feb februari february", "mrt maart mar march", "apr april"),
            *("mei may", "jun juni june", "jul juli july", "aug augustus august", "sep sept september"),
            *("okt oktober oct october", "nov november", "dec december"),
        ),
        start=1,
    )
    for name in names.split()
}
_NAMED = re.compile(r"^([0-9]{1,2})[-/. ]+([A-Za-z]{3,9})\.?[-/., ]+([0-9]{2,4})")
_NS = "datetime64[ns]"


@dataclass(frozen=True)
class Times:
    """A column read as times; equal cells share one entry.

    Attributes:
        codes: shape (rows,), position of the row's time in `values`, -1 where the cell is empty.
        values: datetime64[ns], UTC where `utc`, else the clock on the wall; NaT where it is no time.
        utc: whether the cells say where they stand (offset, Z, or Unix time).
        order: how dates were read: "day-month-year", "month-day-year", "year-month-day" or "Unix time".
        unsure: the order could not be told from the cells alone.
        midnight_24: a day ends at 24:00 here and none starts at 0:00, so that times stamp ends.
        problem: why the column as a whole makes no sense, "" where it does.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.datetime64]
    utc: bool
    order: str
    unsure: bool = False
    midnight_24: bool = False
    problem: str = ""

    @property
    def bad(self) -> NDArray[np.int64]:
        """Rows that hold something, but no time."""
        at = np.flatnonzero(self.codes >= 0)
        return at[np.isnat(self.values[self.codes[at]])]


def _ints(array: pa.Array, default: int = 0) -> NDArray[np.int64]:
    filled = pc.if_else(pc.equal(pc.fill_null(array, ""), ""), str(default), array)
    return np.asarray(pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _named_months(text: pa.Array) -> pa.Array:
    def digits(cell: str) -> str:
        found = _NAMED.match(cell)
        month = _MONTHS.get(found[2].lower()) if found else None
        return f"{found[1]}-{month}-{found[3]}{cell[found.end() :]}" if found and month else cell

    return pa.array([digits(cell) for cell in text.to_pylist()], pa.string())


def parse(cells: pa.Array, order: str = "") -> Times:
    """Read text as times.

    Args:
        cells: one column (pyarrow string array).
        order: of day, month and year where it was stated, else "".
    """
    encoded = pc.dictionary_encode(pc.utf8_trim_whitespace(cells))
    unique = encoded.dictionary
    codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    empty = is_missing(unique)
    codes[(codes >= 0) & empty[codes]] = -1
    if empty.all():
        return Times(codes, np.full(len(unique), "NaT", _NS), False, YEAR_FIRST)
    if pc.any(pc.match_substring_regex(unique, r"^[0-9]{1,2}[-/. ]+[A-Za-z]{3}")).as_py():
        unique = _named_months(unique)
    for form, scale in ((_UNIX_S, 1e9), (_UNIX_MS, 1e6)):
        if _share(unique, form, ~empty) == 1:
            at = np.array([0.0 if e else float(v) for v, e in zip(unique.to_pylist(), empty, strict=True)])
            whole = np.floor(at)
            ns = whole.astype(np.int64) * int(scale) + np.round((at - whole) * scale).astype(np.int64)
            values = ns.astype(_NS)
            values[empty] = np.datetime64("NaT")
            return Times(codes, values, True, UNIX)
    form = _COMPACT if _share(unique, _COMPACT, ~empty) > 0.5 else _DELIMITED
    return _civil(codes, unique, form, order)


def _share(text: pa.Array, form: str, among: NDArray[np.bool_]) -> float:
    hits = pc.fill_null(pc.match_substring_regex(text, form), False).to_numpy(zero_copy_only=False)
    return float(hits[among].mean())


def _civil(codes: NDArray[np.int64], unique: pa.Array, form: str, stated: str) -> Times:
    found = pc.extract_regex(unique, form)
    good = pc.is_valid(found).to_numpy(zero_copy_only=False).astype(bool)
    part = {name: found.field(i) for i, name in enumerate(f.name for f in found.type)}
    a, b, c = (_ints(part[n]) for n in "abc")
    order, unsure, problem = YEAR_FIRST, False, ""
    if stated:
        order = stated
        fits: NDArray[np.bool_] = (
            (a > 31) == (order == YEAR_FIRST) if form == _DELIMITED else np.full(len(a), True)
        )
        fits &= (a if order == MONTH_FIRST else b) <= 12
        if (good & ~fits).any():
            problem = f"some dates are not written as {order}"
    elif not (good & (a > 31)).any():
        order, unsure, problem = _order(a[good], b[good], c[good], part["a"], good)
    elif (good & (a <= 31)).any():
        problem = "dates begin with the year in some rows and not in others"
    year, month, day = {
        YEAR_FIRST: (a, b, c),
        DAY_FIRST: (c, b, a),
        MONTH_FIRST: (c, a, b),
    }[order]
    year = np.where((year < 100) & (order != YEAR_FIRST), year + 2000, year)
    # Beyond these, nanoseconds since 1970 no longer fit in 64 bits.
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1700) & (year <= 2200)
    months = (np.where(good, year, 2000) - 1970) * 12 + np.where(good, month, 1) - 1
    dates = months.astype("datetime64[M]").astype("datetime64[D]") + np.where(good, day, 1) - 1
    good &= dates.astype("datetime64[M]").astype(np.int64) == months
    hour, minute, second = (_ints(part[n]) for n in "hms")
    if "hour" in part:
        hour = np.where(np.asarray(_ints(part["hour"], -1)) >= 0, _ints(part["hour"]), hour)
    half = pc.fill_null(pc.utf8_lower(part["ap"]), "").to_numpy(zero_copy_only=False).astype(str)
    noon, morning = np.char.startswith(half, "p"), np.char.startswith(half, "a")
    good &= ~(noon | morning) | ((hour >= 1) & (hour <= 12))
    hour = np.where(noon | morning, hour % 12 + 12 * noon, hour)
    good &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))
    good &= (minute < 60) & (second < 60)
    ns = _ints(pc.utf8_rpad(pc.fill_null(part["f"], ""), 9, "0"))
    values = dates.astype(_NS) + ((hour * 3600 + minute * 60 + second) * 10**9 + ns).astype("timedelta64[ns]")
    offset, zoned = _offsets(part["z"])
    if (zoned & good).any():
        values = values - offset
        if not zoned[good].all():
            problem = "some times carry an offset from UTC and others do not"
    values[~good] = np.datetime64("NaT")
    has_clock = pc.is_valid(part["h"]).to_numpy(zero_copy_only=False) & good
    ends = bool((hour[good] == 24).any()) and not ((hour == 0) & (minute == 0) & has_clock).any()
    return Times(codes, values, bool((zoned & good).any()), order, unsure, ends, problem)


def _offsets(zone: pa.Array) -> tuple[NDArray[np.timedelta64], NDArray[np.bool_]]:
    words = pc.fill_null(zone, "").to_pylist()
    seconds = {}
    for word in set(words):
        digits = re.sub(r"[^0-9]", "", word).ljust(4, "0") if word[:1] in ("+", "-") else "0000"
        size = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
        seconds[word] = -size if word.startswith("-") else size
    found = np.array([seconds[word] for word in words], dtype=np.int64)
    return (found * 10**9).astype("timedelta64[ns]"), np.array([word != "" for word in words], dtype=bool)


def _order(
    a: NDArray[np.int64], b: NDArray[np.int64], c: NDArray[np.int64], first: pa.Array, good: NDArray[np.bool_]
) -> tuple[str, bool, str]:
    """Day first or month first; whether that is a guess; and what is wrong with it."""
    day, month = bool((a > 12).any()), bool((b > 12).any())
    if day and month:
        return DAY_FIRST, False, "the day comes first in some dates and the month in others"
    if day or month:
        return (DAY_FIRST if day else MONTH_FIRST), False, ""

    def evenness(months: NDArray[np.int64], days: NDArray[np.int64]) -> float:
        at = np.unique((c * 12 + months) * 31 + days)
        steps = np.unique(np.diff(at), return_counts=True)[1]
        return float(steps.max() / steps.sum()) if len(steps) else 0.0

    # Both can be: readings follow each other evenly, and days do so more often than months.
    day_even, month_even = evenness(b, a), evenness(a, b)
    spread_day, spread_month = np.ptp(c * 12 + b) if len(b) else 0, np.ptp(c * 12 + a) if len(a) else 0
    if (day_even, -spread_day) >= (month_even, -spread_month):
        return DAY_FIRST, True, ""
    return MONTH_FIRST, True, ""
