"""How a text table is written: separator, header row, units row, decimal mark, found together and shown."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from common.numerals import MISSING, parse

SEPARATORS = ("\t", ";", "|", ",")  # in this order: a comma may also be a decimal mark
_NAMES = {"\t": "tab", ";": "semicolon", "|": "vertical bar", ",": "comma", ".": "point", "": "none"}
_SAMPLE_ROWS, _SAMPLE_BYTES, _LONGEST_LINE = 500, 1 << 18, 1 << 23
_SAMPLE_COLUMNS = 50
_EVEN_SHARE = 0.9
_TIME = re.compile(
    r"^\s*(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ,].*)?|\d{1,2}:\d{2}(?::\d{2})?(?:\s*[-–].*)?"
    r"|\d{1,2}[-/. ][A-Za-z]{3,9}\.?[-/. ]\d{2,4}.*|\d{8}[T ]\d.*)\s*$"
)
_NUMBER = re.compile(r"^\s*[+-−]?[\d.,]*\d[\d.,'’\s]*(?:[eE][+-]?\d+)?\s*$")
_CODE = re.compile(r"^\s*0\d+\s*$")
_UNIT = re.compile(
    r"^\s*[\[(]?\s*(?:[kKmMgG]?[wW][hH]?|[kKmM]?V|A|°?\s?[CFK]|celsius|fahrenheit|%|pct|m/s|km/h|mm|cm|"
    r"[WJ]/(?:m|cm)[²2^]*|h?Pa|mbar|UTC|CET|lokaal|local|\d+|[dmyjhs:\-/ ]{4,})\s*[\])]?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Dialect:
    """How a table was read, to be shown to who brought it.

    Attributes:
        kind: "csv", "xlsx" or "parquet".
        encoding: of the text, "" for XLSX and Parquet.
        separator: between columns.
        decimal: decimal mark that the numbers show, "" where none has a fraction.
        thousands: thousands mark, "" where there is none.
        header_row: row that names the columns, counted from 1; 0 for Parquet.
        units_row: whether the row below the header holds units.
        sheet: name of a workbook's sheet, else "".
    """

    kind: str
    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    thousands: str = ""
    header_row: int = 0
    units_row: bool = False
    sheet: str = ""

    @property
    def words(self) -> str:
        """The dialect in one line for people."""
        if self.kind == "parquet":
            return "Parquet"
        if self.kind == "xlsx":
            return f"Excel, sheet '{self.sheet}', header in row {self.header_row}"
        parts = [f"text in {self.encoding}", f"columns separated by {_NAMES[self.separator]}"]
        parts.append(f"decimal {_NAMES[self.decimal]}" if self.decimal else "whole numbers")
        if self.thousands:
            parts.append(f"thousands mark {_NAMES.get(self.thousands, repr(self.thousands))}")
        parts.append(f"header in row {self.header_row}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Stated:
    """What who brings a table says of how it is written; "" and 0 leave it to be found.

    Attributes:
        encoding: name of a text encoding ("utf-8", "cp1252", "utf-16").
        separator: between columns, one character.
        decimal: decimal mark of all numbers, "." or ",".
        header_row: row that names the columns, counted from 1.
        date_order: "day-month-year", "month-day-year" or "year-month-day".
        sheet: name of a workbook's sheet.
    """

    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    header_row: int = 0
    date_order: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Content:
    """What a reader hands on.

    Attributes:
        columns: name -> column.
        rows: row of each record in the file.
        dialect: how it was written.
        units: name -> unit from a row of units.
        as_written: gives a column's text as it stands in the file; None where numbers have no text.
    """

    columns: Mapping[str, pa.Array]
    rows: NDArray[np.int64]
    dialect: Dialect
    units: Mapping[str, str]
    as_written: Callable[[str], pa.Array] | None = None


@dataclass(frozen=True)
class Layout:
    """Where things stand in a text.

    Attributes:
        separator: between columns.
        header: row of the header, counted from 0 in lines.
        body: line in which the data begin.
        names: the header's cells, as they stand there.
        units: cells of the units row by position, empty where there is none.
        width: number of fields in the rows of data; one more than names with a trailing separator.
        decimal: decimal mark that the sample shows beyond doubt, else "".
        texts: positions of columns that hold no numbers in the sample.
    """

    separator: str
    header: int
    body: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    width: int
    decimal: str
    texts: frozenset[int]


_NOTHING = Stated()


class LayoutError(Exception):
    """The text has no layout of a table: what is wrong, and how to mend it."""

    def __init__(self, what: str, mend: str) -> None:
        self.what, self.mend = what, mend
        super().__init__(what, mend)


def sample_lines(text: bytes) -> list[str]:
    """The first lines of a UTF-8 text, whole."""
    size = _SAMPLE_BYTES
    while True:
        head = text[:size]
        lines = head.decode("utf-8", errors="ignore").split("\n")
        if len(head) == len(text):
            return lines[: _SAMPLE_ROWS * 2]
        # The last line may be cut; many columns make long lines, so look further until there are some.
        if len(lines) > 40:
            return lines[:-1][: _SAMPLE_ROWS * 2]
        if size > _LONGEST_LINE * 4:
            raise LayoutError("its lines are too long for a table", "bring one reading a line")
        size *= 4


def find_layout(lines: Sequence[str], stated: Stated = _NOTHING) -> Layout:
    """Separator, header and units row of a text's first lines.

    Args:
        lines: the first lines.
        stated: what is known beforehand.

    Raises:
        LayoutError: no separator, no header, or no data.
    """
    start, told = max(stated.header_row - 1, 0), stated.separator
    if not told and lines and (found := re.match(r"^\"?sep=(.)\"?\s*$", lines[0])):
        start, told = max(start, 1), found[1]
    numbered = [
        (number, line)
        for number, line in enumerate(lines)
        if number >= start and line.strip() and not line.startswith("#")
    ]
    if not numbered:
        raise LayoutError("there is no header row", "name the columns in the first row")
    separator = told or _separator([line for _, line in numbered])
    reader = csv.reader((f"{line}\n" for _, line in numbered), delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    try:
        while (begun := reader.line_num) < len(numbered):  # a cell may hold line breaks, above all a header
            rows.append((numbered[begun][0], next(reader)))
    except csv.Error as error:
        raise LayoutError("its cells cannot be told apart", "check the quotation marks") from error
    width = _width([row for _, row in rows])
    if stated.header_row and rows[0][0] != stated.header_row - 1:
        raise LayoutError(f"row {stated.header_row} is no header", "state the row that names the columns")
    kinds = _kinds([row for _, row in rows if len(row) == width])
    first = next((i for i, (_, row) in enumerate(rows) if len(row) == width and _is_data(row, kinds)), None)
    head, units = _header(rows, first, width)
    if stated.header_row and head:
        head, units = 0, ()
    cells = tuple(cell.strip() for cell in rows[head][1])
    after = head + 1 + bool(units)
    if after >= len(rows):
        raise LayoutError("there is a header but no row of data", "bring a file with readings")
    body = [row for _, row in rows[after:] if len(row) == width]
    decimal = stated.decimal or _decimal(body[: _rows(width, _SAMPLE_ROWS)], kinds)
    texts = frozenset(i for i, kind in enumerate(kinds) if kind in ("time", "text"))
    return Layout(separator, rows[head][0], rows[after][0], cells, units, width, decimal, texts)


def _separator(lines: Sequence[str]) -> str:
    best, most = "", 0.0
    for candidate in SEPARATORS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=candidate) if row)
        except csv.Error:  # a cell longer than any cell is
            continue
        wide = {width: count for width, count in widths.items() if width > 1}
        if not wide:
            continue
        share = max(wide.values()) / sum(widths.values())
        # Few lines: a preamble weighs much, so the shortest lead decides nothing.
        if share >= _EVEN_SHARE:
            return candidate
        if share > most:
            best, most = candidate, share
    if not best:
        raise LayoutError(
            "no columns were found", "separate them by semicolons, commas, tabs or vertical bars"
        )
    return best


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        raise LayoutError(
            "no columns were found", "separate them by semicolons, commas, tabs or vertical bars"
        )
    # Of two that are equally frequent, the one that comes last: a preamble comes first.
    most = max(counts.values())
    return next(len(row) for row in reversed(rows) if counts.get(len(row)) == most)


def _kind(cell: str) -> str:
    if cell.strip().lower() in MISSING:
        return ""
    if _TIME.match(cell):
        return "time"
    # 0012 is an id or a postcode.
    return "number" if _NUMBER.match(cell) and not _CODE.match(cell) else "text"


def _kinds(rows: Sequence[Sequence[str]]) -> list[str]:
    """What each column holds in most of its filled cells."""
    found = []
    # The first row may be the header, which counts where there are few others.
    for column in zip(*(rows[1:] or rows)[-_rows(len(rows[0]), 200) :], strict=False):
        counts = Counter(kind for cell in column if (kind := _kind(cell)))
        found.append(counts.most_common(1)[0][0] if counts else "")
    return found


def _is_data(row: Sequence[str], kinds: Sequence[str]) -> bool:
    pairs = [(_kind(cell), kind) for cell, kind in zip(row, kinds, strict=True)]
    times = [found == kind for found, kind in pairs if kind == "time" and found]
    if times:
        return all(times)
    if "time" in kinds:
        return False
    numbers = [found == kind for found, kind in pairs if kind == "number" and found]
    return bool(numbers) and all(numbers)


def _header(
    rows: Sequence[tuple[int, Sequence[str]]], first: int | None, width: int
) -> tuple[int, tuple[str, ...]]:
    """Position of the header among the rows, and the units row below it."""
    # A separator at the end of the data alone adds a field there.
    body = [row for _, row in rows if len(row) == width]
    fits = (width, width - 1) if all(not row[-1].strip() for row in body) else (width,)
    named = [i for i, (_, row) in enumerate(rows) if len(row) in fits and any(c.strip() for c in row)]
    if first is None and named:
        return named[0], ()
    before = [i for i in named if first is not None and i < first]
    if not before:
        raise LayoutError("there is no header row", "name the columns in the first row")
    last = rows[before[-1]][1]
    filled = [cell for cell in last if cell.strip()]
    if len(before) > 1 and filled and all(_UNIT.match(cell) for cell in filled):
        above = rows[before[-2]][1]
        if sum(bool(c.strip()) for c in above) >= len(filled) and not all(
            _UNIT.match(c) for c in above if c.strip()
        ):
            return before[-2], tuple(cell.strip() for cell in last)
    return before[-1], ()


def _rows(width: int, most: int) -> int:
    """How many rows to look at: fewer where there are many columns, so that the look stays short."""
    return min(most, max(20, 40_000 // width))


def _decimal(rows: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    """The decimal mark that the sample shows beyond doubt, "" where it shows none or several."""
    marks = set()
    columns = [i for i, kind in enumerate(kinds) if kind == "number"][:_SAMPLE_COLUMNS]
    for i in columns:
        found = parse(pa.array([row[i] for row in rows], pa.string()))
        marks |= {found.decimal, {".": ",", ",": "."}.get(found.thousands, "")} - {""}
    return marks.pop() if len(marks) == 1 else ""
