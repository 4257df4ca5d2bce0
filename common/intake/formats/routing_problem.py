"""A routing problem of the literature, from VRPLIB or Solomon's form: checked for sense, then handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.intake.formats.places import some
from common.intake.formats.vrplib_sections import Floats
from common.intake.parcel import Parcel
from common.intake.strict_json import shown

Ints = NDArray[np.int64]
Lines = Mapping[str, Ints]

_ROUNDING = {"EUC_2D": "not stated", "CEIL_2D": "up", "FLOOR_2D": "down", "ATT": "up", "GEO": "down"}


@dataclass
class Problem:
    """Nodes and vehicles; these files state no units.

    Attributes:
        name: of the file, for messages.
        title, kind: of the instance, as it states them.
        first_id: the id of the first node in the file, 0 or 1.
        depots: positions of the depots, from 0.
        demand: shape (nodes,).
        capacity: shape (vehicles,), or (1,) where all are alike.
        vehicles: how many; None where any number may drive.
        weights: how distances come about: EXPLICIT, EUC_2D, ...
        coordinates, windows: shape (nodes, 2); windows are earliest and latest start of service.
        service, prize, release, backhaul: shape (nodes,).
        distances: shape (nodes, nodes), from row to column.
        fleet: name -> value for each vehicle, shape (vehicles,).
        pairs: name -> names of the columns, and rows.
        lines: name of an array -> line of each node, for messages.
        limits: name -> limit of each vehicle's route.
    """

    name: str
    title: str
    kind: str
    first_id: int
    depots: list[int]
    demand: Floats
    capacity: Floats
    vehicles: int | None
    weights: str
    coordinates: Floats | None = None
    windows: Floats | None = None
    service: Floats | None = None
    prize: Floats | None = None
    release: Floats | None = None
    backhaul: Floats | None = None
    distances: Floats | None = None
    fleet: dict[str, Floats] = field(default_factory=dict)
    pairs: dict[str, tuple[tuple[str, str], list[tuple[int, int]]]] = field(default_factory=dict)
    lines: dict[str, Ints] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)

    def at(self, name: str, node: int) -> str:
        """Where a node's value stands, for messages."""
        line = f", line {self.lines[name][node]}" if name in self.lines else ""
        return f"{self.name}{line}, node {node + self.first_id}"

    @property
    def clients(self) -> NDArray[np.bool_]:
        """Which nodes are clients, shape (nodes,)."""
        mask = np.ones(len(self.demand), bool)
        mask[self.depots] = False
        return mask


def parcel(problem: Problem, notes: list[str]) -> Parcel:
    """Check that it makes sense, and hand it on.

    Raises:
        DataError: a value makes no sense; the message names its line and node.
    """
    _check_values(problem)
    notes = [*notes, *_doubts(problem)]
    arrays: dict[str, Any] = {"demand": problem.demand, "depots": np.array(problem.depots, np.int64)}
    for name in ("coordinates", "windows", "service", "prize", "release", "backhaul", "distances"):
        if (values := getattr(problem, name)) is not None:
            arrays[name] = values
    capacity = problem.capacity
    facts = {
        "form": "problem",
        "name": shown(problem.title, 100),
        "type": shown(problem.kind),
        "dimension": len(problem.demand),
        "clients": int(problem.clients.sum()),
        "depots": len(problem.depots),
        "first_id": problem.first_id,
        "vehicles": problem.vehicles,
        "capacity": float(capacity.max()),
        "total_demand": float(problem.demand[problem.clients].sum()),
        "edge_weight_type": problem.weights,
        "rounding": _ROUNDING.get(problem.weights, "as written"),
        "limits": problem.limits,
    }
    return Parcel(facts, arrays, _tables(problem), notes)


def _check_values(problem: Problem) -> None:
    for name, what in (
        ("demand", "demand"), ("service", "service time"), ("prize", "prize"), ("release", "release time"),
        ("backhaul", "backhaul"), ("windows", "time window"),
    ):  # fmt: skip
        values = getattr(problem, name)
        if values is not None and (bad := np.flatnonzero((values < 0).reshape(len(values), -1).any(1))).size:
            raise DataError(f"its {what} is negative", where=problem.at(name, bad[0]), mend="write 0 or more")
    if (
        problem.windows is not None
        and (bad := np.flatnonzero(problem.windows[:, 1] < problem.windows[:, 0])).size
    ):
        early, late = problem.windows[bad[0]]
        raise DataError(
            f"its time window ends before it starts: {early:g} to {late:g}",
            where=problem.at("windows", bad[0]),
            mend="write the earlier time first",
        )
    if not problem.clients.any():
        raise DataError("all nodes are depots", where=problem.name, mend="bring at least one client")
    most = problem.capacity.max()
    over = np.flatnonzero(problem.clients & (problem.demand > most))
    # With split deliveries (SDVRP) several vehicles may serve one client.
    if over.size and not problem.kind.upper().startswith("SD"):
        raise DataError(
            f"its demand of {problem.demand[over[0]]:g} is more than any vehicle carries, {most:g}",
            where=problem.at("demand", over[0]),
            mend="check CAPACITY and the demand",
        )


def _doubts(problem: Problem) -> list[str]:
    """What looks odd or is not stated, one sentence each."""
    notes = []
    if problem.weights == "EUC_2D":
        notes.append(
            "EUC_2D distances: the file does not say how they are rounded; "
            "CVRPLIB's X instances round to whole numbers, Solomon's are cut after one decimal"
        )
    if problem.demand[problem.depots].any():
        notes.append("a depot has a demand, which is left aside")
    count = len(problem.capacity) if len(problem.capacity) > 1 else problem.vehicles
    total = problem.demand[problem.clients].sum()
    if count and total > (carried := problem.capacity.sum() * (count if len(problem.capacity) == 1 else 1)):
        notes.append(
            f"the demand in total, {total:g}, is more than all vehicles carry at once, {carried:g}: "
            "some have to drive more than one tour, or clients are left out"
        )
    if problem.windows is not None:
        closes = problem.windows[problem.depots, 1].max()
        late = np.flatnonzero(problem.clients & (problem.windows[:, 0] > closes))
        notes += some([f"node {node + problem.first_id} opens after all depots have closed" for node in late])
    return notes


def _tables(problem: Problem) -> dict[str, Any]:
    import pyarrow as pa

    tables = {}
    if problem.fleet:
        ids = np.arange(1, len(next(iter(problem.fleet.values()))) + 1)
        tables["vehicles"] = pa.table({"vehicle": pa.array(ids, pa.int64())} | {
            name: pa.array(values, pa.float64()) for name, values in problem.fleet.items()
        })  # fmt: skip
    for name, (columns, rows) in problem.pairs.items():
        tables[name] = pa.table(
            {column: pa.array([row[i] for row in rows], pa.int64()) for i, column in enumerate(columns)}
        )
    return tables
