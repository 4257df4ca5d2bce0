"""Solutions of routing problems (.sol): routes as lists of clients, and what they cost."""

from __future__ import annotations

import re

from common.errors import DataError, IntakeError
from common.intake.formats.vrplib_sections import Line, Text
from common.intake.parcel import Parcel
from common.intake.strict_json import shown

SOLUTION = re.compile(r"\s*Route\s*#?\s*\d+\s*:", re.I)
_ROUTE = re.compile(r"\s*Route\s*#?\s*(\d{1,9})\s*:", re.I)
_COST = re.compile(r"\s*(?:Cost|Objective)\s*:?\s*(\S+)\s*", re.I)
_MOST = 10_000_000


def read_solution(text: str, name: str) -> Parcel:
    """Read a solution.

    Returns:
        Table `routes` (route and stop from 1, client: its position from 0 among all nodes, depots first).
        Facts: routes, visits, cost (null where none is given).

    Raises:
        IntakeError: a line is neither a route nor the cost.
        DataError: a client is visited twice, or a number is none.
    """
    import pyarrow as pa

    made, cost, route, notes = Text(name), None, 0, []
    rows: dict[str, list[int]] = {"route": [], "stop": [], "client": []}
    seen: dict[int, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if match := _COST.fullmatch(line):
            cost = made.value(match[1], number, "Cost")
        elif cost is None and (match := _ROUTE.match(line)):
            route += 1
            if int(match[1]) != route:
                raise DataError(f"route {match[1]} stands where {route} is expected", where=made.at(number))
            stops = Line(number, line[match.end() :].split())
            for stop, value in enumerate(made.row(stops, len(stops.words), f"route {route}"), 1):
                client = made.id(value, _MOST, number, f"route {route}")
                if client in seen:
                    raise DataError(
                        f"client {client} is visited twice, first in route {seen[client]}",
                        where=made.at(number),
                        mend="bring the solution as the solver wrote it",
                    )
                seen[client] = route
                for column, cell in zip(rows.values(), (route, stop, client), strict=True):
                    column.append(cell)
        elif cost is None:
            raise IntakeError(
                f"'{shown(line.strip())}' is neither a route nor the cost", where=made.at(number)
            )
    if cost is None:
        notes.append("no cost closes it: check that it is whole")
    facts = {"form": "solution", "routes": route, "visits": len(seen), "cost": cost}
    table = pa.table({column: pa.array(cells, pa.int64()) for column, cells in rows.items()})
    return Parcel(facts, {}, {"routes": table}, notes)
