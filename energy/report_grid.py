"""Tables of the report: heads, the first rows, and how many are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_ROWS = 8


def grid(
    heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], *, own: int | None = None, of: str = ""
) -> dict[str, Any]:
    """A table for the template.

    Args:
        heads: names of the columns and whether they hold numbers.
        rows: cells as text.
        own: number of the row that stands out, or None.
        of: the result's table where the rest is, named when not all rows are shown.
    """
    more = len(rows) - MOST_ROWS
    return {
        "heads": [{"name": name, "number": number} for name, number in heads],
        "rows": rows[:MOST_ROWS],
        "own": own,
        "rest": f"and {more} more in the table '{of}' of the result" if more > 0 else "",
    }
