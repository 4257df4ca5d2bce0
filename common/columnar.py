"""Parquet into columns of numbers, times and text; nothing else is taken from it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from common.dialect import Content, Dialect
from common.errors import DataError, IntakeError
from common.intake.kinds import PARQUET
from common.intake.source import Source

MAX_CELLS = 500_000_000
_EARLIEST_US, _LATEST_US = (np.datetime64(year, "us").astype(np.int64) for year in ("1700", "2200"))


def read_parquet(source: Source) -> tuple[Content, list[str]]:
    """Read a Parquet file without what pandas or extensions have noted in it.

    Returns:
        The columns, and notes on times that count as empty.

    Raises:
        DataError: it has no row, two columns of one name, or an infinite number.
        IntakeError: it is damaged, declares too much, or holds more than numbers, times and text.
    """
    try:
        file = parquet.ParquetFile(pa.BufferReader(pa.py_buffer(source.view)))
        meta, schema = file.metadata, file.schema_arrow
        if meta.num_rows * max(meta.num_columns, 1) > MAX_CELLS:
            raise IntakeError(
                f"it declares {meta.num_rows:,} rows of {meta.num_columns:,} columns",
                where=source.name,
                mend="bring a part of it",
            )
        for field in schema:
            extended = isinstance(field.type, pa.BaseExtensionType) or any(
                key.startswith(b"ARROW:extension") for key in (field.metadata or {})
            )
            if extended or pa.types.is_nested(field.type):
                raise IntakeError(
                    f"the column '{field.name}' is neither numbers, times nor text",
                    where=source.name,
                    mend="leave it out",
                )
        table = file.read(use_threads=True)
        table.validate(full=True)  # text that is no UTF-8, lengths that do not fit
    except (pa.ArrowException, OSError, ValueError) as error:
        raise IntakeError("the Parquet file is damaged", where=source.name, mend="export it anew") from error
    if len(set(table.column_names)) < table.num_columns:
        raise DataError("two columns share a name", where=source.name, mend="give each its own name")
    if not table.num_rows:
        raise DataError("there is no row of data", where=source.name, mend="bring a file with readings")
    notes: list[str] = []
    try:
        columns = {name: _plain(table.column(name), name, source.name, notes) for name in table.column_names}
    except (pa.ArrowException, ValueError) as error:  # such as a time zone that is no text
        raise IntakeError("the Parquet file is damaged", where=source.name, mend="export it anew") from error
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return Content(columns, rows, Dialect(PARQUET), {}), notes


def _plain(column: pa.ChunkedArray, name: str, where: str, notes: list[str]) -> pa.Array:
    """A Parquet column as one of a few types; what it says of itself is added to the notes."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    one = column.combine_chunks()
    if isinstance(one, pa.ChunkedArray):
        one = pa.concat_arrays(one.chunks)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return one.cast(pa.string())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _moments(one, name, where, notes)
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind) or pa.types.is_null(kind):
        return one.cast(pa.float64())
    if pa.types.is_floating(kind):
        values = one.to_numpy(zero_copy_only=False)
        if np.isinf(values).any():
            at = int(np.flatnonzero(np.isinf(values))[0]) + 1
            raise DataError(
                "an infinite number", where=f"{where}, row {at}, column '{name}'", mend="leave the cell empty"
            )
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise IntakeError(f"the column '{name}' holds bytes", where=where, mend="leave it out")
    return one


def _moments(column: pa.Array, name: str, where: str, notes: list[str]) -> pa.Array:
    """Dates and times in microseconds; those with a zone in UTC, as not every library knows each zone."""
    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    exact = not (pa.types.is_timestamp(column.type) and column.type.unit == "ns")
    try:
        moments = column.cast(pa.timestamp("us", "UTC" if zoned else None), safe=exact)
    except pa.ArrowInvalid as error:
        raise DataError(
            "a time is too far off", where=f"{where}, column '{name}'", mend="check the dates"
        ) from error
    at = moments.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    # The year 1 and the year 9999 stand for "none" in many systems; nanoseconds reach from 1677 to 2262.
    far = (at < _EARLIEST_US) | (at >= _LATEST_US)
    if far.any():
        notes.append(
            f"{int(far.sum()):,} of the times in '{name}' lie before 1700 or after 2200 and count as empty"
        )
        moments = pc.if_else(pa.array(far), None, moments)
    return moments
