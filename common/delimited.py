"""Delimited text into columns: fast by Arrow once the dialect is known, with exact rows for messages."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from common import numerals
from common.dialect import Content, Dialect, Layout, LayoutError, Stated, find_layout, sample_lines
from common.encoding import as_utf8
from common.errors import DataError, IntakeError

_NO_MARK = "~"  # a decimal mark that no number has: what carries any mark is then judged by its column
_NULLS = sorted({c for m in numerals.MISSING for c in (m, m.upper(), m.capitalize())})
_NOTHING = Stated()
_AWKWARD = re.compile(rb"\n +(?:\n|$)")


def read_text(data: bytes, name: str, stated: Stated = _NOTHING) -> Content:
    """Read delimited text in any dialect.

    Args:
        data: the text as bytes, in any encoding.
        name: the file's name, for messages.
        stated: what is known of how it is written; `sheet` where `common.workbook` made the text.

    Raises:
        DataError: it is no table, has no row, rows of different length, or two columns of one name.
        IntakeError: it is no text.
    """
    decoded = as_utf8(data, stated.encoding)
    if decoded is None:
        if stated.encoding and as_utf8(data) is not None:
            raise DataError(
                f"it is not written in {stated.encoding[:20]}", where=name, mend="state another encoding"
            )
        if b"\x00" in data and as_utf8(data.replace(b"\x00", b"")) is not None:
            raise IntakeError(
                "this looks like a damaged text (it holds zero bytes)", where=name, mend="export it anew"
            )
        raise IntakeError("this is no text", where=name, mend="bring delimited text (CSV)")
    encoding, text = decoded
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        layout = find_layout(sample_lines(text), stated)
    except LayoutError as error:
        raise DataError(error.what, where=name, mend=error.mend) from error
    names = _names(layout, name)
    begin = 0
    for _ in range(layout.body):
        begin = text.index(b"\n", begin) + 1
    # Tabs at the end may be cells, so they stay.
    body = text[begin:].rstrip(b"\n")
    # A last line of spaces is no row, but spaces at the end of a row may be a cell.
    while (last := body.rfind(b"\n")) >= 0 and not body[last:].strip(b"\n "):
        body = body[:last]
    read, columns, rows = _parse(body, layout, names, name)
    columns, keep = _without_blanks(columns, len(rows))
    dialect = Dialect("csv", encoding, layout.separator, layout.decimal, "", layout.header + 1)
    if stated.sheet:
        dialect = Dialect("xlsx", decimal=layout.decimal, header_row=layout.header + 1, sheet=stated.sheet)
    dialect = replace(dialect, units_row=bool(layout.units))
    units = {n: u for n, u in zip(names, layout.units, strict=False) if u} if layout.units else {}
    columns, dialect = _settle(columns, dialect, stated.decimal)

    def as_written(name: str) -> pa.Array:
        return read.text(name).filter(pa.array(keep))

    return Content(columns, rows[keep], dialect, units, as_written)


def _names(layout: Layout, where: str) -> list[str]:
    raw = list(layout.names) + [""] * (layout.width - len(layout.names))
    names = [" ".join(name.split()) or f"column {i + 1}" for i, name in enumerate(raw)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"two columns are called '{twice[0]}'",
            where=f"{where}, row {layout.header + 1}",
            mend="give each column a name of its own",
        )
    return names


def _parse(
    body: bytes, layout: Layout, names: Sequence[str], where: str
) -> tuple[_Body, dict[str, pa.Array], NDArray[np.int64]]:
    """How to read the body, its columns, and the row of each record."""
    quoted = b'"' in body
    lines: NDArray[np.int64] | None = None
    # Plain searches before the regular expression, which takes 30 times as long.
    if (
        b"\n\n" in body
        or b"\n#" in body
        or body.startswith((b"#", b"\n"))
        or (b"\n " in body and _AWKWARD.search(body))
    ):
        body, lines = _cleaned(body, layout, where)
    read = _Body(body, layout, names, where, quoted, lines)
    table = read.all()
    if lines is None:
        if quoted and table.num_rows != body.count(b"\n") + 1:
            lines = _cleaned(body, layout, where)[1]
        else:
            lines = np.arange(table.num_rows, dtype=np.int64)
    columns = {name: table.column(name).combine_chunks() for name in names}
    return read, columns, lines + layout.body + 1


def _cleaned(body: bytes, layout: Layout, where: str) -> tuple[bytes, NDArray[np.int64]]:
    """The body without empty lines and comments, and the line (from 0) on which each record begins."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=layout.separator, lineterminator="\n")
    reader = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), delimiter=layout.separator)
    lines, before = [], 0
    try:
        for row in reader:
            if row and not row[0].startswith("#") and (len(row) > 1 or row[0].strip()):
                writer.writerow(row)
                lines.append(before)
            before = reader.line_num
    except csv.Error as error:
        row_number = layout.body + reader.line_num
        raise DataError(
            "its cells cannot be told apart", where=f"{where}, row {row_number}", mend="check the quotes"
        ) from error
    return out.getvalue().encode().rstrip(b"\n"), np.array(lines, dtype=np.int64)


@dataclass(frozen=True)
class _Body:
    """The rows of data as text, to be read in whole or by the column.

    Attributes:
        body: UTF-8.
        layout: of the text.
        names: of the columns.
        where: the file's name.
        quoted: whether a quotation mark occurs.
        lines: line of each record where they do not follow each other.
    """

    body: bytes
    layout: Layout
    names: Sequence[str]
    where: str
    quoted: bool
    lines: NDArray[np.int64] | None

    def all(self) -> pa.Table:
        """All columns, numbers where Arrow is sure of them and text elsewhere."""
        kinds = {self.names[i]: pa.string() for i in self.layout.texts}
        table = self._arrow(kinds)
        # Dates, times, truth values, and numbers that need a closer look: their text is wanted.
        odd = {n: pa.string() for n in self.names if _doubtful(table.column(n))}
        return self._arrow(kinds | odd) if odd else table

    def text(self, name: str) -> pa.Array:
        """One column as it is written."""
        return self._arrow({name: pa.string()}, [name]).column(name).combine_chunks()

    def _arrow(self, kinds: dict[str, pa.DataType], only: Sequence[str] = ()) -> pa.Table:
        uneven: list[int] = []

        def note(row: arrow_csv.InvalidRow) -> str:
            uneven.append(row.actual_columns)
            return "skip"

        # Many columns make long rows, of which a block has to hold at least one.
        size = len(self.body) if self.layout.width > 100 else 0
        try:
            table = arrow_csv.read_csv(
                pa.py_buffer(self.body),
                arrow_csv.ReadOptions(
                    column_names=list(self.names), block_size=max(1 << 20, min(size, 1 << 26))
                ),
                arrow_csv.ParseOptions(
                    delimiter=self.layout.separator,
                    newlines_in_values=self.quoted,
                    ignore_empty_lines=False,
                    invalid_row_handler=note,
                ),
                arrow_csv.ConvertOptions(
                    column_types=kinds,
                    include_columns=list(only),
                    null_values=_NULLS,
                    strings_can_be_null=False,
                    true_values=[],
                    false_values=[],
                    decimal_point=self.layout.decimal or _NO_MARK,
                ),
            )
        except pa.ArrowInvalid as error:
            raise DataError(
                "its rows cannot be told apart", where=self.where, mend="check the quotes"
            ) from error
        if uneven:
            _say_uneven(self.body, self.layout, self.where, self.lines)
        return table


def _sure(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_floating(kind) or types.is_integer(kind) or types.is_string(kind) or types.is_null(kind)


def _doubtful(column: pa.ChunkedArray) -> bool:
    """Whether a column is better judged by its text: no number, infinite, too long, or perhaps grouped."""
    if not _sure(column.type):
        return True
    if pa.types.is_integer(column.type):
        low, high = pc.min_max(column).as_py().values()
        return low is not None and max(-low, high) > numerals.EXACT_INT
    if not pa.types.is_floating(column.type):
        return False
    values = column.to_numpy()
    return bool(np.isinf(values).any()) or numerals.looks_grouped(values)


def _say_uneven(body: bytes, layout: Layout, where: str, lines: NDArray[np.int64] | None) -> None:
    reader = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), delimiter=layout.separator)
    before = 0
    for record, row in enumerate(reader):
        if len(row) != layout.width:
            line = before if lines is None else int(lines[record])
            cells = f"{len(row)} {'cell' if len(row) == 1 else 'cells'}"
            raise DataError(
                f"the row has {cells} where the others have {layout.width}",
                where=f"{where}, row {layout.body + line + 1}",
                mend="give every row the same cells; with decimal commas, put semicolons between them",
            )
        before = reader.line_num
    raise DataError("its rows have different lengths", where=where, mend="give every row the same cells")


def _without_blanks(
    columns: dict[str, pa.Array], length: int
) -> tuple[dict[str, pa.Array], NDArray[np.bool_]]:
    """Without rows and unnamed columns that hold nothing; and which rows are left."""
    empty = np.ones(length, dtype=bool)
    held: dict[str, pa.Array] = {}
    for name, read in columns.items():
        column = pc.cast(read, pa.float64()) if pa.types.is_null(read.type) else read
        if pa.types.is_string(column.type) and empty.any():
            blank = pc.equal(pc.utf8_trim_whitespace(column), "").to_numpy(zero_copy_only=False)
        else:
            blank = column.is_null().to_numpy(zero_copy_only=False) if empty.any() else empty
        empty &= blank.astype(bool)
        unnamed = re.fullmatch(r"column \d+", name) is not None
        if not (unnamed and len(column) and column.null_count == len(column)):
            held[name] = column
    if empty.any():
        keep = pa.array(~empty)
        held = {name: column.filter(keep) for name, column in held.items()}
    return held, ~empty


def _settle(
    columns: dict[str, pa.Array], dialect: Dialect, stated: str
) -> tuple[dict[str, pa.Array], Dialect]:
    """Read as numbers what the fast way left as text, with what all columns say of the decimal mark."""
    texts = {n: c for n, c in columns.items() if pa.types.is_string(c.type)}
    marks: set[str] = {dialect.decimal} - {""}
    found: dict[str, numerals.Numbers] = {}
    for name, column in texts.items():
        if len(column) and not len(numerals.parse(column[: min(50, len(column))], stated).bad) > 25:
            found[name] = numerals.parse(column, stated, sure=bool(stated))
            marks |= {found[name].decimal} - {""}
    if stated:
        marks = {stated}
    decimal = marks.pop() if len(marks) == 1 else ""
    if not marks and not decimal and dialect.separator == "," and any(n.problem for n in found.values()):
        decimal = "."  # who separates columns by commas has another decimal mark
    thousands = dialect.thousands
    settled = dict(columns)
    for name, alone in found.items():
        again = bool(alone.problem) or (bool(decimal) and not len(alone.bad))
        numbers = numerals.parse(texts[name], decimal, sure=bool(stated)) if again else alone
        if numbers.problem or len(numbers.bad):
            continue
        thousands = thousands or numbers.thousands
        if _exact(numbers.values) and not pc.any(_begins_with_zero(texts[name])).as_py():
            settled[name] = pa.array(numbers.values, from_pandas=True)
    return settled, replace(dialect, decimal=decimal, thousands=thousands)


def _exact(values: NDArray[np.float64]) -> bool:
    """Whether floats hold what stood in the cells: ids of many digits stay text."""
    finite = values[np.isfinite(values)]
    whole = len(finite) > 0 and bool((finite == np.round(finite)).all())
    return not (whole and np.abs(finite).max() > numerals.EXACT_INT)


def _begins_with_zero(text: pa.Array) -> pa.Array:
    """Which cells are ids or postcodes such as 0012, not numbers."""
    return pc.match_substring_regex(text, r"^0[0-9]+$")
