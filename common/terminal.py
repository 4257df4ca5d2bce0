"""A result on a terminal: the finding in words, then the short tables, aligned and with units."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from common.pilot import Result

MOST_ROWS = 60


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def _table(name: str, frame: pd.DataFrame) -> Table:
    from rich.table import Table

    numeric = {c for c in frame.columns if frame[c].dtype.kind in "fiu"}
    table = Table(
        title=name.replace("_", " "), title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for column in frame.columns:
        side: Literal["left", "right"] = "right" if column in numeric else "left"
        table.add_column(str(column), justify=side, header_style="dim", overflow="fold")
    for row in frame.head(MOST_ROWS).itertuples(index=False):
        table.add_row(*(_cell(v) for v in row))
    if len(frame) > MOST_ROWS:
        table.caption = f"{len(frame) - MOST_ROWS} more rows are in the output folder"
    return table


def show(result: Result) -> None:
    """Print a result's summary, warnings and the tables named in `result.shown` to stdout."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(result.summary))
    for warning in result.warnings:
        console.print(Text(f"note: {warning}", style="yellow"))
    for name in result.shown:
        if name in result.tables and len(result.tables[name]):
            console.print()
            console.print(_table(name, result.tables[name]))
