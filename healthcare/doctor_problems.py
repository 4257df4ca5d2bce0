"""What the data doctor finds wrong: how grave, what, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, Severity, Severity] = ("error", "warning", "note")
"""Error: scores or training would be wrong; warning: look before training; note: to be known."""
_SHOWN = 8


@dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        severity: see `SEVERITIES`.
        kind: what sort of problem it is, in a few fixed words, by which they are counted.
        what: a clause with the particulars.
        where: case, file or row, by number: "case 3", "train[221]"; never a name.
        mend: what to do about it.
    """

    severity: Severity
    kind: str
    what: str
    where: str
    mend: str


@dataclass(frozen=True)
class Findings:
    """What one kind of data came to.

    Attributes:
        held: what it is, in words: "192 volumes with masks".
        problems: in any order.
        tables: to be shown beside the problems.
        sha256: of what was looked at.
    """

    held: str
    problems: Sequence[Problem]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    sha256: str | Sequence[str] = ""


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """The gravest first, those of one kind together."""
    return sorted(problems, key=lambda one: (SEVERITIES.index(one.severity), one.kind))


def table(problems: Sequence[Problem]) -> pd.DataFrame:
    """Problems as a table: severity, kind, what, where, mend."""
    import pandas as pd

    columns = ["severity", "kind", "what", "where", "mend"]
    return pd.DataFrame([[getattr(one, name) for name in columns] for one in problems], columns=columns)


def places(names: Sequence[str]) -> str:
    """Where several things are, the first few by number: "case 3, case 8 and 4 more"."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
