"""Problems with time windows as Solomon wrote them, and Gehring and Homberger after him.

A name, a table VEHICLE with one row, and a table CUSTOMER whose first row is the depot. The form does not
say how many customers there are, so a cut between two lines cannot be seen.
"""

from __future__ import annotations

import re

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats.routing_problem import Problem
from common.intake.formats.vrplib_sections import MAX_NODES, Line, Text
from common.intake.strict_json import shown

SOLOMON = re.compile(r"\s*\S[^\n]*\n\s*VEHICLE\s*\n", re.I)
_WIDTH = 7
_FRAME = ("VEHICLE", "NUMBER CAPACITY", "", "CUSTOMER", "CUST")


def read_solomon(text: str, name: str, notes: list[str]) -> Problem:
    """Read a problem in Solomon's form.

    Raises:
        IntakeError: it is cut off, or too large.
        DataError: a row has another number of values, a word, or an id out of order.
    """
    lines = [Line(n, line.split()) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    made = Text(name)
    for begin, line in zip(_FRAME, lines[1:], strict=False):
        if not " ".join(line.words).upper().startswith(begin):
            raise IntakeError(
                f"'{shown(' '.join(line.words))}' stands where '{begin}' is expected",
                where=made.at(line.number),
                mend="bring the file as it was published",
            )
    head, rows = lines[: len(_FRAME) + 1], lines[len(_FRAME) + 1 :]
    if len(rows) < 2:
        raise IntakeError("it is cut off: there is no customer", where=name, mend="copy it anew")
    if len(rows) > MAX_NODES:
        raise IntakeError(
            f"it has {len(rows):,} nodes, more than {MAX_NODES:,}", where=name, mend="bring a part"
        )
    vehicles, capacity = made.row(head[3], 2, "VEHICLE")
    if not (capacity > 0 and vehicles >= 1 and vehicles == int(vehicles)):
        raise DataError(
            f"{vehicles:g} vehicles of capacity {capacity:g}",
            where=made.at(head[3].number),
            mend="write 1 or more",
        )
    values = np.array([made.row(row, _WIDTH, "CUSTOMER") for row in rows])
    wrong = np.flatnonzero(values[:, 0] != np.arange(len(rows)))
    if wrong.size:
        raise DataError(
            f"number {values[wrong[0], 0]:g} stands where {wrong[0]} is expected",
            where=made.at(rows[wrong[0]].number),
            mend="number the depot 0 and the customers from 1 on",
        )
    if not text.endswith("\n"):
        notes.append("the last line is not closed: check that it is whole")
    numbers = np.array([row.number for row in rows])
    return Problem(
        name, " ".join(lines[0].words), "VRPTW", 0, [0], values[:, 3], np.array([capacity]), int(vehicles),
        "EUC_2D",
        coordinates=values[:, 1:3], windows=values[:, 4:6], service=values[:, 6],
        lines=dict.fromkeys(("demand", "windows", "service"), numbers),
    )  # fmt: skip
