"""Tables as people have them: delimited text in any dialect, or Parquet, as columns of numbers and text.

How the text is written is found from the whole of it and kept as a `Dialect` to be shown. Rows carry the
number that an editor shows: the first line of the file is row 1, whatever stands in it. In Parquet, which
has no lines, the first record is row 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common import dates, numerals
from common.dialect import Content, Dialect, Stated
from common.errors import DataError
from common.intake.kinds import PARQUET, XLSX
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    import pandas as pd

    from common.intake import Taken
    from common.intake.source import Source

_NOTHING = Stated()


@dataclass(frozen=True)
class Table:
    """A table that was read.

    Attributes:
        name: the file's name, for messages.
        columns: name -> column, as read: strings where the cells are text, else numbers or times.
        rows: shape (records,), row of each record in the file.
        dialect: how it was written.
        units: name -> unit from a row of units below the header.
        as_written: gives a column of a text file as it stands there.
        notes: what was chosen or left out while reading, one sentence each.
        stated: what was said of how it is written.
    """

    name: str
    columns: Mapping[str, pa.Array]
    rows: NDArray[np.int64]
    dialect: Dialect
    units: Mapping[str, str]
    as_written: Callable[[str], pa.Array] | None = None
    notes: Sequence[str] = ()
    stated: Stated = _NOTHING

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.columns)

    @property
    def frame(self) -> pd.DataFrame:
        """All columns, numbers as float64 and the rest as text, indexed by row in the file."""
        import pandas as pd

        held = {
            name: self.numbers(name) if self.is_number(name) else c.to_pandas()
            for name, c in self.columns.items()
        }
        made = pd.DataFrame({n: np.asarray(v, dtype=None) for n, v in held.items()})
        made.index = pd.Index(self.rows, name="row")
        return made

    def at(self, name: str, position: int) -> str:
        """Where a cell stands, for messages."""
        return f"{self.name}, row {self.rows[position]}, column '{name}'"

    def column(self, name: str) -> pa.Array:
        """A column as read.

        Raises:
            DataError: there is none of this name.
        """
        if name not in self.columns:
            known = ", ".join(f"'{n}'" for n in self.names[:20]) + (", …" if len(self.names) > 20 else "")
            raise DataError(f"there is no column '{name}'", where=self.name, mend=f"choose among {known}")
        return self.columns[name]

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers and nothing else."""
        kind = self.column(name).type
        return pa.types.is_floating(kind) or pa.types.is_integer(kind)

    def text(self, name: str) -> pa.Array:
        """A column as text, as it stands in the file; numbers of a Parquet file without useless zeros.

        Raises:
            DataError: there is none of this name.
        """
        column = self.column(name)
        if self.as_written is not None and not pa.types.is_string(column.type):
            return self.as_written(name)
        if pa.types.is_floating(column.type):
            values = column.to_numpy(zero_copy_only=False)
            known = values[np.isfinite(values)]
            if (known == np.round(known)).all() and np.abs(known).max(initial=0) < numerals.EXACT_INT:
                column = pc.cast(column, pa.int64())
        return pc.cast(column, pa.string())

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64, NaN where a cell is empty.

        Raises:
            DataError: a cell holds something else, or its marks cannot be told apart.
        """
        column = self.column(name)
        if pa.types.is_boolean(column.type):
            column = pc.cast(column, pa.int8())
        if not pa.types.is_string(column.type):
            if not self.is_number(name):
                raise DataError(
                    f"the column '{name}' holds no numbers", where=self.name, mend="choose another column"
                )
            return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        found = numerals.parse(column, self.dialect.decimal, sure=bool(self.stated.decimal))
        if found.problem:
            raise DataError(
                found.problem,
                where=self.at(name, found.at),
                mend="write the numbers of a column alike, without a thousands mark",
            )
        if len(found.bad):
            cell = " ".join(str(column[int(found.bad[0])].as_py()).split())
            shown = cell if len(cell) <= 30 else cell[:29] + "…"
            raise DataError(
                f"'{shown}' is no finite number",
                where=self.at(name, int(found.bad[0])),
                mend="write numbers only, or leave the cell empty",
            )
        return found.values

    def times(self, name: str, clock: str | None = None) -> dates.Times:
        """A column as times.

        Args:
            name: the column with the date, or with date and time.
            clock: the column with the time of day, or with the hour alone, where it stands apart.

        Raises:
            DataError: the column as a whole makes no sense as times.
        """
        column = self.column(name)
        if pa.types.is_temporal(column.type) and clock is None:
            return _stamps(column)
        cells = self.text(name)
        if clock is not None:
            day = pc.replace_substring_regex(cells, r"[T ]+0?0:00(?::00(?:\.0+)?)?$", "")
            part = pc.utf8_trim_whitespace(self.text(clock))
            part = pc.replace_substring_regex(part, r"^(\d{1,2}:\d{2}(?::\d{2})?)\s*[-–].*$", r"\1")
            part = pc.replace_substring_regex(part, r"^(\d{1,2})\.0$", r"\1")
            cells = pc.binary_join_element_wise(day, part, " ")
        found = dates.parse(cells, self.stated.date_order)
        if found.problem:
            raise DataError(found.problem, where=f"{self.name}, column '{name}'", mend="write all alike")
        return found


def _stamps(column: pa.Array) -> dates.Times:
    kind = column.type
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        raise DataError("a column of clock times has no dates", mend="name the column with the date")
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    plain = pc.cast(column, pa.timestamp("us"), safe=False)
    values = plain.to_numpy(zero_copy_only=False).astype("datetime64[us]").astype("datetime64[ns]")
    codes = np.where(np.isnat(values), -1, np.arange(len(values)))
    return dates.Times(codes, values, zoned, dates.YEAR_FIRST)


def read_table(taken: Taken, stated: Stated = _NOTHING) -> Table:
    """Read a file that came through `common.intake`; the parse itself runs in its child.

    Args:
        taken: CSV, XLSX or Parquet.
        stated: what is known of how it is written; the rest is found, see `Table.dialect`.

    Raises:
        DataError: it is no table, has no row, rows of different length, two columns of one name, or is not
            written as stated.
        IntakeError: it is damaged.
    """
    said = {name: value for name, value in vars(stated).items() if value and name != "date_order"}
    parcel = taken.parse(**said)
    facts, content = parcel.facts, parcel.tables["columns"]

    def as_written(name: str) -> pa.Array:
        return taken.parse(**said, only=name).tables["columns"].column(name).combine_chunks()

    return Table(
        taken.name,
        {name: content.column(name).combine_chunks() for name in content.column_names},
        parcel.arrays["rows"],
        Dialect(**facts["dialect"]),
        facts["units"],
        as_written if facts["has_text"] else None,
        tuple(parcel.notes),
        stated,
    )


def parse(source: Source, only: str = "", **stated: Any) -> Parcel:
    """The reader of CSV, XLSX and Parquet, which runs in the child.

    Args:
        source: what was brought.
        only: give this column alone, as its text stands in the file.
        stated: fields of `Stated`.
    """
    content, notes = _content(source, Stated(**stated))
    if not len(content.rows):
        raise DataError("there is no row of data", where=source.name, mend="bring a file with readings")
    columns = dict(content.columns)
    if only and content.as_written is not None:
        columns = {only: content.as_written(only)}
    facts = {
        "dialect": vars(content.dialect),
        "units": dict(content.units),
        "has_text": content.as_written is not None,
    }
    return Parcel(facts, {"rows": content.rows}, {"columns": pa.table(columns)}, notes)


def _content(source: Source, stated: Stated) -> tuple[Content, list[str]]:
    if source.kind == PARQUET:
        from common.columnar import read_parquet

        return read_parquet(source)
    from common.delimited import read_text

    if source.kind == XLSX:
        from common.workbook import as_text

        text, sheet, notes = as_text(source, stated.sheet)
        # Numbers carry a point; cells of text may hold numbers as well, as people write them.
        written = Stated("utf-8", "\t", header_row=stated.header_row, sheet=sheet)
        return read_text(text, source.name, written), notes
    return read_text(source.read(), source.name, replace(stated, sheet="")), []
