"""What was found in a user's data and what was done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        field: the column or series it is about, "" for the file as a whole.
        kind: short name of the kind, the same for all of its sort ("gap", "duplicate", "unit", …).
        what: what was found, as a short clause.
        done: what was done about it, as a short clause.
        row: row in the file, or the first of several; None where it is about no row.
        count: how many readings it is about.
    """

    field: str
    kind: str
    what: str
    done: str
    row: int | None = None
    count: int = 1


@dataclass(frozen=True)
class ValidationReport:
    """All findings of one reading, in the order in which they were made."""

    findings: Sequence[Finding] = ()

    def __len__(self) -> int:
        """Number of findings."""
        return len(self.findings)

    def of(self, kind: str) -> list[Finding]:
        """Findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def table(self) -> pd.DataFrame:
        """One row a finding.

        Returns:
            Columns row (Int64, the first row in the file, NA where there is none), field, kind, what, done.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "row": pd.array([f.row for f in self.findings], dtype="Int64"),
                **{
                    name: pd.Series([getattr(f, name) for f in self.findings], dtype=object)
                    for name in ("field", "kind", "what", "done")
                },
            }
        )
