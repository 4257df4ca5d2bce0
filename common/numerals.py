"""Numbers as people write them: decimal and thousands marks decided over a whole column, never by a cell.

`1.234` is 1234 in a Dutch export and 1.234 in an English one. A column decides by the cells that can be read
in one way alone (`12,5`, `1.234.567`, `0.125`); where it has none, the rest of the file decides, and where
that says nothing either, the column is refused instead of guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Cells that stand for "no value"; compared in lower case.
MISSING = ("", "-", "--", "n/a", "na", "n.a.", "#n/a", "nan", "null", "none", "?", "<na>")
_SPACES = r"[ '’\x{00a0}\x{2007}\x{2009}\x{202f}]"
_FORM = rf"^[+-]?(?:[0-9](?:[0-9.,]|{_SPACES})*|[.,][0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?$"
_SPACED = rf"^[+-]?[0-9]{{1,3}}(?:{_SPACES}[0-9]{{3}})+(?:[.,][0-9]*)?$"
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?$"
EXACT_INT = 2**53
"""Whole numbers beyond this are rounded by a float: ids of many digits are text, not numbers."""
_OTHER = {".": ",", ",": "."}


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes:
        values: float64, NaN where the cell is missing or no number.
        bad: positions of cells that hold something else.
        decimal: its decimal mark, "" where no cell has one.
        thousands: its thousands mark, "" where no cell has one.
        problem: why the marks cannot be told apart, "" where they can.
        at: position of a cell that shows the problem.
    """

    values: NDArray[np.float64]
    bad: NDArray[np.int64]
    decimal: str = ""
    thousands: str = ""
    problem: str = ""
    at: int = 0


class _Marks:
    """What the cells that hold one mark alone, "." or ",", say of it."""

    def __init__(self, mark: str, cells: NDArray[np.bool_], text: pa.Array) -> None:
        self.mark, self.cells = mark, cells
        self.grouped = self.single = np.zeros(len(cells), dtype=bool)
        if cells.any():
            dot = rf"\{mark}"
            self.grouped = cells & _matches(text, rf"^[+-]?[1-9][0-9]{{0,2}}(?:{dot}[0-9]{{3}})+$")
            self.single = cells & _matches(text, rf"^[+-]?[0-9]*{dot}[0-9]*{_EXPONENT}")

    @property
    def decimal(self) -> NDArray[np.bool_]:
        return self.single & ~self.grouped

    @property
    def thousands(self) -> NDArray[np.bool_]:
        return self.grouped & ~self.single


def _mask(array: pa.Array) -> NDArray[np.bool_]:
    return pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(bool)


def _matches(text: pa.Array, form: str) -> NDArray[np.bool_]:
    return _mask(pc.match_substring_regex(text, form))


def is_missing(cells: pa.Array) -> NDArray[np.bool_]:
    """Which cells stand for "no value"."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    return _mask(pc.is_in(lower, value_set=pa.array(MISSING, cells.type))) | _mask(pc.is_null(cells))


def parse(cells: pa.Array, hint: str = "", *, sure: bool = False) -> Numbers:
    """Read text as numbers.

    Args:
        cells: one column (pyarrow string array).
        hint: decimal mark that other columns of the file show, "" where none does.
        sure: the decimal mark was stated, so that what contradicts it is a problem.
    """
    text = pc.replace_substring(pc.utf8_trim_whitespace(cells), "−", "-")
    missing = is_missing(cells)
    good = ~missing & _matches(text, _FORM)
    nothing = np.full(len(cells), np.nan)
    if not good.any():
        return Numbers(nothing, np.flatnonzero(~missing))
    thousands = ""
    spaced = good & _matches(text, rf"[0-9]{_SPACES}[0-9]")
    if spaced.any():
        good &= ~spaced | _matches(text, _SPACED)
        first = text[int(np.flatnonzero(spaced)[0])].as_py()
        thousands = next(c for c in first if not c.isascii() or c in " '")
        text = pc.replace_substring_regex(text, _SPACES, "")
    has_point, has_comma = (good & _mask(pc.match_substring(text, mark)) for mark in ".,")
    both = has_point & has_comma
    point, comma = _Marks(".", has_point & ~both, text), _Marks(",", has_comma & ~both, text)
    decimal, grouping, problem, at = _decide(
        text, good=good, point=point, comma=comma, both=both, hint=hint, sure=sure
    )
    if problem:
        return Numbers(nothing, np.flatnonzero(~missing & ~good), "", "", problem, at)
    thousands = thousands or grouping
    for mark in (point, comma):
        good &= ~mark.cells | mark.single | mark.grouped
    if decimal:
        text = pc.replace_substring(text, _OTHER[decimal], "")
        text = pc.replace_substring(text, decimal, ".")
    elif thousands in _OTHER:
        text = pc.replace_substring(text, thousands, "")
    values = _floats(pc.if_else(pa.array(good), text, None))
    good &= np.isfinite(values)
    values[~good] = np.nan
    return Numbers(values, np.flatnonzero(~missing & ~good), decimal, thousands)


def _floats(text: pa.Array) -> NDArray[np.float64]:
    plain = pc.replace_substring_regex(text, r"^\+", "")
    try:
        found = pc.cast(plain, pa.float64())
    except pa.ArrowInvalid:
        # A number beyond what a float holds: slower, and it becomes infinite.
        return np.array([np.nan if v is None else float(v) for v in plain.to_pylist()], dtype=np.float64)
    return np.array(found.to_numpy(zero_copy_only=False), dtype=np.float64)


def _decide(
    text: pa.Array,
    *,
    good: NDArray[np.bool_],
    point: _Marks,
    comma: _Marks,
    both: NDArray[np.bool_],
    hint: str,
    sure: bool,
) -> tuple[str, str, str, int]:
    """Decimal mark, thousands mark, problem and where it shows; cells that fit neither leave `good`."""
    dutch = english = np.zeros(len(good), dtype=bool)
    if both.any():
        dutch = both & _matches(text, rf"^[+-]?[0-9]{{1,3}}(?:\.[0-9]{{3}})+,[0-9]*{_EXPONENT}")
        english = both & _matches(text, rf"^[+-]?[0-9]{{1,3}}(?:,[0-9]{{3}})+\.[0-9]*{_EXPONENT}")
        good &= ~both | dutch | english
    says = {
        ".": point.decimal | comma.thousands | english,
        ",": comma.decimal | point.thousands | dutch,
    }
    if says["."].any() and says[","].any():
        rarer = min(says, key=lambda mark: int(says[mark].sum()))
        return "", "", "the decimal marks are mixed", int(np.flatnonzero(says[rarer])[0])
    for mark, other in ((".", comma), (",", point)):
        if says[mark].any() and sure and mark != hint:
            at = int(np.flatnonzero(says[mark])[0])
            return "", "", f"'{text[at].as_py()}' has another decimal mark than was stated", at
        if says[mark].any():
            return mark, other.mark if other.cells.any() or both.any() else "", "", 0
    return _unclear(text, good & ~point.cells & ~comma.cells, point, comma, hint=hint, sure=sure)


def _unclear(
    text: pa.Array, bare: NDArray[np.bool_], point: _Marks, comma: _Marks, *, hint: str, sure: bool
) -> tuple[str, str, str, int]:
    """As `_decide`, where every mark stands before three digits; `bare` are numbers without a mark."""
    unclear = point.grouped | comma.grouped
    if not unclear.any():
        return "", "", "", 0
    at = int(np.flatnonzero(unclear)[0])
    words = f"'{text[at].as_py()}' can be read in two ways, with a decimal or a thousands mark"
    if point.grouped.any() and comma.grouped.any():
        return "", "", words, at
    mark = "." if point.grouped.any() else ","
    if hint and hint != mark:
        return "", mark, "", 0
    if sure:
        return mark, "", "", 0
    # Numbers from 100 to 999 without a mark, and none from 1000 on: then larger ones have a thousands mark.
    large = bool((bare & _matches(text, r"^[+-]?[0-9]{4,}$")).any())
    small = bool((bare & _matches(text, r"^[+-]?[1-9][0-9]{2}$")).any())
    if large or (hint == mark and not small):
        return mark, "", "", 0
    if small and not hint:
        return "", mark, "", 0
    return "", "", words, at


def looks_grouped(values: NDArray[np.float64]) -> bool:
    """Whether numbers read with a decimal mark could as well have had a thousands mark.

    So it is when every broken number is 1 to 999 with three decimals: `1.234` may be 1234.
    """
    broken = values[np.isfinite(values) & (values != np.round(values))]
    if not len(broken):
        return False
    size = np.abs(broken)
    if size.min() < 1 or size.max() >= 1000:
        return False
    thousandfold = size * 1000
    return bool((np.abs(thousandfold - np.round(thousandfold)) < 1e-6).all())
