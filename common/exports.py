"""Tables that leave the suite for a spreadsheet: CSV in which no cell is run as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes Excel and LibreOffice run a cell as a formula (OWASP, CSV injection)."""


def harmless(texts: pd.Series) -> pd.Series:
    """Text cells with an apostrophe before those that a spreadsheet would run; numbers are not touched."""
    words = texts.astype(str)
    # A line feed too: some programs look at the cell's second line.
    risky = words.str.startswith(FORMULA_STARTS) | words.str.contains(r"\n[=+\-@]", regex=True)
    return texts.where(~risky | texts.isna(), "'" + words)


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV: comma, decimal point, UTF-8, ISO 8601 times with their offset from UTC.

    Text that a spreadsheet would run as a formula, column names too, is preceded by an apostrophe.

    Args:
        table: its index is left out.
    """
    import pandas as pd

    made = table.copy()
    for name in made.columns:
        if isinstance(made[name].dtype, pd.DatetimeTZDtype):
            words = {at: at.isoformat(timespec="seconds") for at in made[name].dropna().unique()}
            made[name] = made[name].map(words)
        elif not (
            pd.api.types.is_numeric_dtype(made[name]) or pd.api.types.is_datetime64_any_dtype(made[name])
        ):
            made[name] = harmless(made[name])
    made.columns = pd.Index(harmless(pd.Series([str(name) for name in made.columns], dtype=object)))
    return made.to_csv(index=False, lineterminator="\n")
