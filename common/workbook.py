"""Excel workbooks (XLSX) as text: one sheet becomes delimited text, so that all tables are read one way."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re

from common.errors import DataError, IntakeError
from common.intake.source import Source

MAX_CELLS = 20_000_000
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
# A cell that is not closed at once holds something; formatted empty ones reach far in many real sheets.
_FILLED = re.compile(rb'<(?:\w{1,20}:)?c\s[^>]{0,200}?\br="([A-Za-z]{1,9})([0-9]{1,15})"[^>/]{0,200}>')
_SHEETS_NAMED = 8


def as_text(source: Source, sheet: str = "") -> tuple[bytes, str, list[str]]:
    """A sheet as tab-separated UTF-8, one line a row of the sheet.

    Numbers carry a point and dates are ISO, as they are stored: what Excel shows for them does not matter.

    Args:
        source: the workbook.
        sheet: name of the sheet; "" takes the first visible one with two columns and two rows.

    Returns:
        The text, the sheet's name, and notes on what was left out.

    Raises:
        IntakeError: it is damaged or grows too much.
        DataError: there is no such sheet, or none with a table.
    """
    import python_calamine as calamine

    archive = source.archive()
    for name in archive.names:  # inflated once with a counter, before a library does it without
        content = archive.read(name)
        if b"<!DOCTYPE" in content and name.endswith((".xml", ".rels")):
            raise IntakeError(
                "the Excel workbook declares entities of its own", where=source.name, mend="save it anew"
            )
        if name.startswith("xl/worksheets/"):
            _check_reach(content, source.name)
    try:
        book = calamine.CalamineWorkbook.from_object(io.BytesIO(source.read()))
        visible = [
            s.name
            for s in book.sheets_metadata
            if s.visible == calamine.SheetVisibleEnum.Visible and s.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if sheet and sheet not in visible:
            named = ", ".join(f"'{name}'" for name in visible[:_SHEETS_NAMED])
            raise DataError(
                f"there is no sheet '{sheet[:60]}'", where=source.name, mend=f"choose among {named}"
            )
        for name in [sheet] if sheet else visible:
            rows = _rows(book.get_sheet_by_name(name), source.name)
            if rows is not None:
                others = [f"'{other}'" for other in visible if other != name]
                left = f"the sheet '{name}' was read; left out: {', '.join(others[:_SHEETS_NAMED])}"
                return _text(rows), name, [left] if others and not sheet else []
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise IntakeError(
            "the Excel workbook is damaged or protected",
            where=source.name,
            mend="save it anew, without a password",
        ) from error
    raise DataError(
        "no sheet holds a table",
        where=source.name,
        mend="put the column names in a row and the values below it",
    )


def _check_reach(sheet: bytes, where: str) -> None:
    """Refuse filled cells that span too much: one far away makes a library allocate all between."""
    width = height = 0
    for letters, digits in set(_FILLED.findall(sheet)):
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - 64
        width, height = max(width, column), max(height, int(digits))
    if width > _MOST_COLUMNS or height > _MOST_ROWS or width * height > MAX_CELLS:
        raise IntakeError(
            f"a sheet has {height:,} rows of {width:,} columns",
            where=where,
            mend="bring a part of it, or CSV",
        )


def _rows(sheet: object, where: str) -> list[list[object]] | None:
    """All rows from the sheet's first on, or None where there is no table in it."""
    width, height = sheet.total_width, sheet.total_height  # type: ignore[attr-defined]
    if width * height > MAX_CELLS:
        raise IntakeError(
            f"a sheet has {height:,} rows of {width:,} columns",
            where=where,
            mend="bring a part of it, or CSV",
        )
    rows: list[list[object]] = sheet.to_python(skip_empty_area=False)  # type: ignore[attr-defined]
    filled = [row for row in rows if sum(cell != "" for cell in row) > 1]
    return rows if len(filled) > 1 else None


def _text(rows: list[list[object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isfinite(value) and value == round(value) and abs(value) < 2**53:
            return str(int(value))
        text = repr(value)
        # 1.234 could also be 1234 with a thousands mark; 1.2340 could not.
        return text + "0" if len(text.partition(".")[2]) == 3 and "e" not in text else text
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    # A line break in a cell would shift the numbers of the rows after it.
    return " ".join(str(value).split("\n")).replace("\r", " ")
