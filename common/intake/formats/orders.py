"""The suite's JSON of orders: depots, vehicles and clients with their places, amounts and time windows.

    {"depot": {"lat": 53.2, "lon": 6.56, "tw": [28800, 64800]},
     "vehicles": [{"capacity": 10, "count": 2, "shift": [28800, 61200], "max_km": 300}],
     "clients": [{"id": 7, "lat": 53.21, "lon": 6.5, "demand": 2, "tw": [28800, 61200], "service": 300}]}

Degrees are WGS 84, times are seconds since midnight of the first day, amounts are in the unit of the
capacity. `depots` with a list stands for several; what is not known here is left out with a note. Orders
that make no sense are refused with the client's name: a route past a client at NaN looks like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.errors import DataError, IntakeError
from common.intake.formats import places
from common.intake.formats.members import Members
from common.intake.parcel import Parcel
from common.intake.source import Source
from common.intake.strict_json import loads, shown

MAX_CLIENTS, MAX_VEHICLES, MAX_DEPOTS = 100_000, 100_000, 10_000
_LONGEST_S = 31 * 86_400
_MOST = 1e12
_DEPOT = ("id", "name", "lat", "lon", "tw")
_VEHICLE = ("name", "capacity", "count", "start", "end", "shift", "max_km", "skills")
_CLIENT = ("id", "name", "lat", "lon", "demand", "tw", "service", "prize", "required", "skills")
_MONAI = ("_target_", "_requires_", "_disabled_", "_mode_", "_desc_")
_NUMBERS = {
    "lat_deg",
    "lon_deg",
    "demand",
    "capacity",
    "tw_start_s",
    "tw_end_s",
    "service_s",
    "prize",
    "max_km",
}
_NUMBERS |= {"shift_start_s", "shift_end_s"}
_WHOLE = {"position", "count", "start_depot", "end_depot"}
_LISTS = {"skills"}

Row = dict[str, Any]


def read(source: Source) -> Parcel:
    """Read orders.

    Returns:
        Tables `clients` (position, id, lat_deg, lon_deg, demand, tw_start_s, tw_end_s, service_s, prize,
        required, skills), `vehicles` (one row a type: name, capacity, count, start_depot and end_depot as
        positions, shift_start_s, shift_end_s, max_km, skills) and `depots`. What is not given is null.
        Facts: clients, vehicles (all of them), depots, demand and capacity in total.

    Raises:
        IntakeError: it is damaged, no such JSON, or too large.
        DataError: a value makes no sense; the message names the client, vehicle or depot.
    """
    document = loads(source.read(), source.name, keep_nan=True)
    instance = _instance(document, source.name)
    notes: list[str] = []
    depots = list(_depots(instance, source.name, notes))
    vehicles = list(_vehicles(instance["vehicles"], depots, source.name, notes))
    clients = list(_clients(instance["clients"], source.name, notes))
    unknown = [name for name in instance if name not in ("depot", "depots", "vehicles", "clients")]
    _left_out(unknown, "", notes)
    _named_once(depots, "depot", source.name)
    _named_once(clients, "client", source.name)
    capacity = sum(row["capacity"] * row["count"] for row in vehicles)
    demand = sum(row["demand"] for row in clients)
    _carried(clients, vehicles, source.name)
    if demand > capacity:
        notes.append(
            f"the demand in total, {demand:g}, is more than all vehicles carry at once, {capacity:g}: "
            "some have to drive more than one tour, or clients are left out"
        )
    notes += _tight(clients)
    notes += places.odd([*_places(depots, "depot"), *_places(clients, "client")])
    facts = {
        "clients": len(clients), "vehicles": sum(row["count"] for row in vehicles), "depots": len(depots),
        "total_demand": demand, "total_capacity": capacity, "crs": "EPSG:4326",
    }  # fmt: skip
    tables = {"clients": _table(clients), "vehicles": _table(vehicles), "depots": _table(depots)}
    return Parcel(facts, {}, tables, notes)


def _instance(document: Any, where: str) -> Row:
    """The document, if it is an instance at all."""
    keys = set(document) if isinstance(document, dict) else set()
    lacking = [name for name in ("clients", "vehicles") if name not in keys]
    if not keys & {"depot", "depots"}:
        lacking.append("depot")
    if _is_monai(document, bool(lacking) and isinstance(document, dict)):
        raise IntakeError(
            "this is a MONAI configuration, which can run code", where=where, mend="bring orders or data"
        )
    mend = 'bring {"depot": {…}, "vehicles": […], "clients": […]}'
    if not isinstance(document, dict):
        form = "list" if isinstance(document, list) else "single value"
        raise IntakeError(f"this JSON is a {form}, no orders", where=where, mend=mend)
    if lacking:
        raise IntakeError(f"this JSON is no orders: '{lacking[0]}' is missing", where=where, mend=mend)
    if {"depot", "depots"} <= keys:
        raise DataError("both 'depot' and 'depots' are given", where=where, mend="leave one out")
    for name, most in (("depots", MAX_DEPOTS), ("vehicles", MAX_VEHICLES), ("clients", MAX_CLIENTS)):
        if name not in document:
            continue
        if not isinstance(document[name], list) or not document[name]:
            said = "is empty" if document[name] == [] else "is no list"
            raise DataError(f"'{name}' {said}", where=where, mend=f"list at least one of the {name}")
        if len(document[name]) > most:
            raise IntakeError(
                f"it lists {len(document[name]):,} {name}, more than {most:,}",
                where=where,
                mend="bring a part",
            )
    return document


def _is_monai(document: Any, stranger: bool) -> bool:
    """Whether members of MONAI's configurations occur, and in what is no instance, its expressions."""
    left = [document]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            if any(name in item for name in _MONAI):
                return True
            left += item.values()
        elif isinstance(item, list):
            left += item
        elif stranger and isinstance(item, str) and item.startswith("$"):
            return True
    return False


def _depots(instance: Row, where: str, notes: list[str]) -> Iterator[Row]:
    given = instance.get("depots", [instance.get("depot")])
    unknown: list[str] = []
    for position, item in enumerate(given):
        one = Members(item, f"{where}, depot {position + 1}", "the depot")
        unknown += one.unknown(_DEPOT)
        row: Row = {"position": position, "id": one.label("id") or one.label("name") or str(position)}
        row["lat_deg"], row["lon_deg"] = one.place()
        row["tw_start_s"], row["tw_end_s"] = one.window("tw", _LONGEST_S)
        yield row
    _left_out(unknown, "members of depots ", notes)


def _vehicles(given: list[Any], depots: list[Row], where: str, notes: list[str]) -> Iterator[Row]:
    unknown: list[str] = []
    total = 0
    for position, item in enumerate(given):
        one = Members(item, f"{where}, vehicle type {position + 1}", "the vehicle type")
        unknown += one.unknown(_VEHICLE)
        count = one.whole("count", 0, MAX_VEHICLES, 1)
        row: Row = {"position": position, "name": one.label("name") or str(position)}
        row["capacity"], row["count"] = one.number("capacity", 0, _MOST), count
        for end in ("start", "end"):
            row[f"{end}_depot"] = _depot(one, end, depots)
        row["shift_start_s"], row["shift_end_s"] = one.window("shift", _LONGEST_S)
        row["max_km"] = one.number("max_km", 0, 1e6, needed=False)
        row["skills"] = one.words("skills")
        if not row["capacity"]:
            raise DataError("its capacity is 0", where=one.where, mend="write how much it carries")
        total += count
        if count:
            yield row
        else:
            notes.append(f"vehicle type '{row['name']}' has a count of 0 and was left out")
    if not 0 < total <= MAX_VEHICLES:
        what = "there is no vehicle" if not total else f"there are {total:,} vehicles"
        raise DataError(what, where=where, mend=f"write counts of 1 to {MAX_VEHICLES:,} in 'vehicles'")
    _left_out(unknown, "members of vehicles ", notes)


def _depot(one: Members, member: str, depots: list[Row]) -> int:
    """The position of the depot that a vehicle starts from or ends at; the first one where none is named."""
    given = one.get(member)
    if given is None:
        return 0
    for row in depots:
        if row["id"] == str(given) and isinstance(given, str | int) and not isinstance(given, bool):
            return int(row["position"])
    raise DataError(
        f"'{member}' names no depot", where=one.where, mend="write a depot's id, or its position from 0"
    )


def _clients(given: list[Any], where: str, notes: list[str]) -> Iterator[Row]:
    unknown: list[str] = []
    named = any(isinstance(item, dict) and item.get("id") is not None for item in given)
    weighed = any(isinstance(item, dict) and item.get("demand") is not None for item in given)
    for position, item in enumerate(given):
        at = f"{where}, client {position + 1}"
        one = Members(item, at, "the client")
        label = one.label("id") or ("" if named else str(position))
        if not label:
            raise DataError("'id' is missing", where=at, mend="give each client an id of its own")
        one.where = f"{where}, client '{label}' (number {position + 1})"
        unknown += one.unknown(_CLIENT)
        row: Row = {"position": position, "id": label}
        row["lat_deg"], row["lon_deg"] = one.place()
        row["demand"] = one.number("demand", 0, _MOST, needed=weighed) or 0.0
        row["tw_start_s"], row["tw_end_s"] = one.window("tw", _LONGEST_S)
        row["service_s"] = one.number("service", 0, _LONGEST_S, needed=False) or 0.0
        row["prize"] = one.number("prize", 0, _MOST, needed=False)
        row["required"] = one.flag("required", True)
        row["skills"] = one.words("skills")
        yield row
    if not named:
        notes.append("no client has an id: they are numbered from 0")
    if not weighed:
        notes.append("no client has a demand: it is taken as 0")
    _left_out(unknown, "members of clients ", notes)


def _places(rows: list[Row], what: str) -> Iterator[places.Place]:
    for row in rows:
        yield f"{what} '{row['id']}'", row["lat_deg"], row["lon_deg"]


def _carried(clients: list[Row], vehicles: list[Row], where: str) -> None:
    most = max(row["capacity"] for row in vehicles)
    for row in clients:
        if row["demand"] > most:
            raise DataError(
                f"its demand of {row['demand']:g} is more than any vehicle carries, {most:g}",
                where=f"{where}, client '{row['id']}' (number {row['position'] + 1})",
                mend="split the order, or bring a larger vehicle",
            )


def _tight(clients: list[Row]) -> list[str]:
    found = [
        f"client '{row['id']}': its service of {row['service_s']:g} s is longer than its time window"
        for row in clients
        if row["tw_start_s"] is not None and row["service_s"] > row["tw_end_s"] - row["tw_start_s"]
    ]
    return places.some(found)


def _named_once(rows: list[Row], what: str, where: str) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        if row["id"] in seen:
            raise DataError(
                f"{what}s {seen[row['id']] + 1} and {row['position'] + 1} share the id '{row['id']}'",
                where=where,
                mend="give each its own",
            )
        seen[row["id"]] = row["position"]


def _left_out(names: list[str], of: str, notes: list[str]) -> None:
    known = list(dict.fromkeys(names))
    if known:
        said = ", ".join(f"'{shown(name)}'" for name in known[:5]) + (", …" if len(known) > 5 else "")
        notes.append(f"left out, as {of}not known here: {said}")


def _table(rows: list[Row]) -> Any:
    import pyarrow as pa

    columns = {}
    for name in rows[0]:
        kind = pa.float64() if name in _NUMBERS else pa.int64() if name in _WHOLE else pa.string()
        kind = pa.bool_() if name == "required" else pa.list_(pa.string()) if name in _LISTS else kind
        columns[name] = pa.array([row[name] for row in rows], kind)
    return pa.table(columns)
