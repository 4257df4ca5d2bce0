"""Options by which a user says how a table is written, the same for every command that reads one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.dialect import Stated

FIELDS = ("encoding", "separator", "decimal", "header_row", "date_order", "sheet")
DATE_ORDERS = {"dmy": "day-month-year", "mdy": "month-day-year", "ymd": "year-month-day"}
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DECIMALS = {"point": ".", "comma": ","}
ENCODINGS = ("utf-8", "cp1252", "utf-16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; what is not said is found from the file."""
    group = parser.add_argument_group("how the table is written (found by itself; state it to be sure)")
    group.add_argument("--separator", choices=SEPARATORS, help="between columns")
    group.add_argument("--decimal", choices=DECIMALS, help="decimal mark of all numbers")
    group.add_argument("--date-order", choices=DATE_ORDERS, help="order of day, month and year")
    group.add_argument("--header-row", type=int, metavar="N", help="row that names the columns, from 1")
    group.add_argument("--encoding", choices=ENCODINGS, help="of the text")
    group.add_argument("--sheet", metavar="NAME", help="sheet of an Excel workbook")


def stated(options: Mapping[str, Any]) -> Stated:
    """What was said, from parsed options or from choices on a page; other names are left alone."""
    from common.dialect import Stated

    said = {name: options.get(name) or None for name in FIELDS}
    return Stated(
        encoding=said["encoding"] or "",
        separator=SEPARATORS.get(said["separator"] or "", ""),
        decimal=DECIMALS.get(said["decimal"] or "", ""),
        header_row=int(said["header_row"] or 0),
        date_order=DATE_ORDERS.get(said["date_order"] or "", ""),
        sheet=said["sheet"] or "",
    )
