"""Routing problems of the literature: VRPLIB as CVRPLIB and PyVRP write it, Solomon's form, and solutions."""

from __future__ import annotations

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats.routing_problem import Problem, parcel
from common.intake.formats.solomon import SOLOMON, read_solomon
from common.intake.formats.vrplib_sections import MAX_NODES, Text, decoded, split
from common.intake.formats.vrplib_solution import SOLUTION, read_solution
from common.intake.formats.vrplib_weights import matrix
from common.intake.parcel import Parcel
from common.intake.source import Source
from common.intake.strict_json import shown

_WEIGHTS = ("EUC_2D", "CEIL_2D", "FLOOR_2D", "EXACT_2D", "MAN_2D", "MAX_2D", "ATT", "GEO", "EXPLICIT")
_NODE_SECTIONS = {
    "SERVICE_TIME": "service", "PRIZE": "prize", "RELEASE_TIME": "release", "BACKHAUL": "backhaul",
}  # fmt: skip
_FLEET_SECTIONS = {
    "CAPACITY": "capacity", "VEHICLES_DEPOT": "depot", "VEHICLES_FIXED_COST": "fixed_cost",
    "VEHICLES_UNIT_DISTANCE_COST": "unit_distance_cost", "VEHICLES_UNIT_DURATION_COST": "unit_duration_cost",
    "VEHICLES_MAX_DURATION": "max_duration", "VEHICLES_MAX_DISTANCE": "max_distance",
    "VEHICLES_MAX_RELOADS": "max_reloads",
}  # fmt: skip
_PAIR_SECTIONS = {
    "VEHICLES_ALLOWED_CLIENTS": ("vehicle", "node"), "VEHICLES_RELOAD_DEPOT": ("vehicle", "node"),
    "MUTUALLY_EXCLUSIVE_GROUP": ("group", "node"),
}  # fmt: skip
_LIMITS = {
    "DISTANCE": "distance", "VEHICLES_MAX_DISTANCE": "distance", "VEHICLES_MAX_DURATION": "duration",
    "VEHICLES_MAX_RELOADS": "reloads",
}  # fmt: skip
_OTHER_SECTIONS = ("NODE_COORD", "DEMAND", "DEPOT", "TIME_WINDOW", "EDGE_WEIGHT")
_OTHER_FIELDS = (
    "NAME", "COMMENT", "TYPE", "DIMENSION", "CAPACITY", "VEHICLES", "SERVICE_TIME", "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE",
)  # fmt: skip


def read(source: Source, expects: str = "problem") -> Parcel:
    """Read a problem, or a solution of one.

    Args:
        source: what was brought.
        expects: "problem", "solution" or "either".

    Returns:
        For a problem, arrays demand, depots (positions from 0), and as far as the file has them
        coordinates, windows, service, prize, release, backhaul and distances; tables `vehicles` where they
        differ, and what else pairs vehicles or groups with nodes (ids as in the file). Facts: form, name,
        type, dimension, clients, depots, first_id, vehicles (null where any number may drive), capacity (the
        largest), edge_weight_type, rounding, limits. These files state no units.
        For a solution see `read_solution`.

    Raises:
        IntakeError: it is cut off, damaged, or too large; the message names the line.
        DataError: a value makes no sense; the message names line and node.
    """
    text = decoded(source.read(), source.name)
    form = "solution" if SOLUTION.match(text) else "problem"
    if expects not in (form, "either"):
        raise DataError(f"this is a {form}", where=source.name, mend=f"bring a {expects}")
    if form == "solution":
        return read_solution(text, source.name)
    notes: list[str] = []
    if SOLOMON.match(text.replace("\r", "")[:4096]):
        return parcel(read_solomon(text, source.name, notes), notes)
    return parcel(_problem(split(text, source.name), notes), notes)


def _frame(text: Text) -> tuple[int, str]:
    """How many nodes there are, and how distances come about."""
    count = text.whole("DIMENSION", 1, 10**12)
    if count is None:
        raise IntakeError("DIMENSION is missing", where=text.name, mend="write how many nodes there are")
    if not 1 < count <= MAX_NODES:
        raise IntakeError(
            f"DIMENSION is {count:,}",
            where=text.at(text.fields["DIMENSION"][1]),
            mend=f"bring 2 to {MAX_NODES:,} nodes",
        )
    weights = text.fields.get("EDGE_WEIGHT_TYPE", ("", 0))[0].upper()
    if weights not in _WEIGHTS:
        said = f"EDGE_WEIGHT_TYPE is '{shown(weights)}'" if weights else "EDGE_WEIGHT_TYPE is missing"
        raise DataError(said, where=text.name, mend="write EUC_2D or EXPLICIT")
    return count, weights


def _problem(text: Text, notes: list[str]) -> Problem:
    count, weights = _frame(text)
    distances = matrix(text, count, notes) if weights == "EXPLICIT" else None
    _needed(text, "DEMAND", *(() if weights == "EXPLICIT" else ("NODE_COORD",)), "DEPOT")
    demand, demand_lines = text.by_id("DEMAND", count, 1)
    vehicles = text.whole("VEHICLES", 1, MAX_NODES)
    depots = _depots(text, count)
    fleet = _fleet(text, vehicles, depots)
    made = Problem(
        text.name, text.fields.get("NAME", ("", 0))[0].strip('"'), text.fields.get("TYPE", ("", 0))[0], 1,
        depots, demand[:, 0], _capacity(text, fleet),
        vehicles or next(map(len, fleet.values()), None), weights, distances=distances, fleet=fleet,
        lines={"demand": demand_lines},
    )  # fmt: skip
    if "NODE_COORD" in text.sections:
        made.coordinates, made.lines["coordinates"] = text.by_id("NODE_COORD", count, 2)
        if weights == "GEO" and (np.abs(made.coordinates) > (90, 180)).any():
            raise DataError(
                "GEO coordinates are out of range", where=text.name, mend="write latitude, longitude"
            )
    if "TIME_WINDOW" in text.sections:
        made.windows, made.lines["windows"] = text.by_id("TIME_WINDOW", count, 2)
    for section, name in _NODE_SECTIONS.items():
        if section in text.sections:
            values, made.lines[name] = text.by_id(section, count, 1)
            setattr(made, name, values[:, 0])
    everywhere = text.number("SERVICE_TIME", 0)
    if made.service is None and everywhere is not None:
        made.service = np.where(made.clients, everywhere, 0.0)
    made.limits = {_LIMITS[key]: found for key in _LIMITS if (found := text.number(key, 0)) is not None}
    for section, columns in _PAIR_SECTIONS.items():
        if section in text.sections:
            firsts = made.vehicles if columns[0] == "vehicle" else count
            made.pairs[section.lower()] = columns, text.pairs(section, firsts or count, count)
    _leave_out(text, notes)
    return made


def _needed(text: Text, *sections: str) -> None:
    for section in sections:
        if not text.sections.get(section):
            said = "is empty" if section in text.sections else "is missing"
            raise IntakeError(
                f"{section}_SECTION {said}; the file is cut off or no routing problem", where=text.name,
                mend="export or copy it anew",
            )  # fmt: skip


def _depots(text: Text, count: int) -> list[int]:
    """Positions of the depots; -1 closes their list."""
    found: list[int] = []
    closed = 0
    for line in text.sections["DEPOT"]:
        for value in text.row(line, len(line.words), "DEPOT_SECTION"):
            if closed:
                raise DataError(
                    f"'{value:g}' follows after -1", where=text.at(line.number), mend="leave it out"
                )
            if value == -1:
                closed = line.number
                continue
            depot = text.id(value, count, line.number, "DEPOT_SECTION") - 1
            if depot in found:
                raise DataError(
                    f"depot {depot + 1} is given twice", where=text.at(line.number), mend="leave one out"
                )
            found.append(depot)
    if not found:
        raise DataError("DEPOT_SECTION names no depot", where=text.at(text.starts["DEPOT"]), mend="name one")
    return found


def _fleet(text: Text, vehicles: int | None, depots: list[int]) -> dict[str, np.ndarray]:
    """What differs from vehicle to vehicle."""
    found = {}
    for section, name in _FLEET_SECTIONS.items():
        if section in text.sections:
            vehicles = vehicles or min(len(text.sections[section]), MAX_NODES)
            _needed(text, section)
            values, lines = text.by_id(section, vehicles, 1)
            if (bad := np.flatnonzero(values[:, 0] < 0)).size:
                raise DataError(
                    f"{section}_SECTION is negative", where=text.at(lines[bad[0]]), mend="write 0 or more"
                )
            if name == "depot" and (bad := np.flatnonzero(~np.isin(values[:, 0] - 1, depots))).size:
                raise DataError(
                    f"it names {values[bad[0], 0]:g}, which is no depot",
                    where=text.at(lines[bad[0]]),
                    mend="name one of DEPOT_SECTION",
                )
            found[name] = values[:, 0]
    return found


def _capacity(text: Text, fleet: dict[str, np.ndarray]) -> np.ndarray:
    stated = text.number("CAPACITY", 0)
    found = fleet.get("capacity", np.array([0.0 if stated is None else stated]))
    if stated is None and "capacity" not in fleet:
        raise DataError("CAPACITY is missing", where=text.name, mend="write what a vehicle carries")
    if not found.max() > 0:
        raise DataError("the capacity is 0", where=text.name, mend="write what a vehicle carries")
    return found


def _leave_out(text: Text, notes: list[str]) -> None:
    known = {*_NODE_SECTIONS, *_FLEET_SECTIONS, *_PAIR_SECTIONS, *_OTHER_SECTIONS}
    left = [f"{section}_SECTION" for section in text.sections if section not in known]
    left += [key for key in text.fields if key not in _OTHER_FIELDS and key not in _LIMITS]
    if left:
        notes.append(f"left out, as it is not known here: {', '.join(shown(name) for name in left[:5])}")
    if not text.has_end:
        notes.append("no EOF closes the file; its sections are complete")
