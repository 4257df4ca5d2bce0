"""The suite's JSON of orders: what loads, what is refused and by which sentence."""

from __future__ import annotations

import copy
import json

import pytest
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, hostile

from common import intake
from common.errors import DataError, IntakeError, PilotError
from common.intake import kinds

BASE = {
    "depot": {"lat": 53.2, "lon": 6.56},
    "vehicles": [{"capacity": 10, "count": 2}],
    "clients": [
        {"id": i, "lat": 53.2 + i / 100, "lon": 6.5, "demand": 2, "tw": [28800, 61200], "service": 300}
        for i in range(6)
    ],
}


@pytest.fixture
def read(tmp_path):
    def reads(content, name="orders.json"):
        path = tmp_path / name
        content = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return intake.take(path, kinds.ROUTES).parse()

    return reads


def changed(**members):
    return copy.deepcopy(BASE) | members


def with_client(position, **members):
    made = copy.deepcopy(BASE)
    made["clients"][position].update(members)
    return made


def without(position, *names):
    made = copy.deepcopy(BASE)
    for name in names:
        del made["clients"][position][name]
    return made


def test_reads_orders_as_tables_with_units(read):
    parcel = read(BASE)
    assert parcel.facts["clients"] == 6
    assert parcel.facts["vehicles"] == 2
    assert parcel.facts["depots"] == 1
    clients = parcel.tables["clients"]
    assert clients.column("id").to_pylist() == ["0", "1", "2", "3", "4", "5"]
    assert clients.column("lat_deg").to_pylist()[1] == pytest.approx(53.21)
    assert clients.column("tw_start_s").to_pylist() == [28800.0] * 6
    assert clients.column("service_s").to_pylist() == [300.0] * 6
    assert parcel.tables["vehicles"].column("capacity").to_pylist() == [10.0]
    assert not parcel.notes


def test_reads_a_richer_instance(read):
    made = changed(
        depots=[
            {"id": "north", "lat": 53.2, "lon": 6.5, "tw": [0, 90000]},
            {"name": "south", "lat": 52.1, "lon": 5.1},
        ],
        vehicles=[
            {
                "name": "van",
                "capacity": 8.5,
                "start": "south",
                "end": "north",
                "shift": [0, 36000],
                "max_km": 300,
            },
            {"name": "truck", "capacity": 40, "count": 3, "skills": ["cooled"]},
            {"name": "spare", "capacity": 5, "count": 0},
        ],
    )
    del made["depot"]
    made["clients"][2] |= {
        "prize": 12.5,
        "required": False,
        "skills": ["cooled"],
        "id": "Bakkerij Dré",
        "shoe": 1,
    }
    del made["clients"][3]["tw"]
    parcel = read(made)
    vehicles = parcel.tables["vehicles"]
    assert parcel.facts["vehicles"] == 4
    assert vehicles.column("start_depot").to_pylist() == [1, 0]
    assert vehicles.column("end_depot").to_pylist() == [0, 0]
    assert vehicles.column("shift_end_s").to_pylist() == [36000.0, None]
    clients = parcel.tables["clients"]
    assert clients.column("id").to_pylist()[2] == "Bakkerij Dré"
    assert clients.column("required").to_pylist()[2] is False
    assert clients.column("tw_start_s").to_pylist()[3] is None
    assert clients.column("skills").to_pylist()[2] == ["cooled"]
    said = " ".join(parcel.notes)
    assert "'spare' has a count of 0" in said
    assert "left out, as members of clients not known here: 'shoe'" in said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_reads_what_windows_writes(read, encoding):
    parcel = read(json.dumps(with_client(2, id="Dré"), ensure_ascii=False).encode(encoding))
    assert parcel.tables["clients"].column("id").to_pylist()[2] == "Dré"


def test_ids_and_demands_that_nobody_gives_are_noted(read):
    made = copy.deepcopy(BASE)
    for client in made["clients"]:
        del client["id"], client["demand"]
    parcel = read(made)
    assert parcel.facts["total_demand"] == 0
    assert "numbered from 0" in " ".join(parcel.notes)


@pytest.mark.parametrize(
    ("made", "where", "what"),
    [
        (with_client(2, demand=-3), "client '2' (number 3)", "'demand' is negative: -3"),
        (with_client(2, demand=-0.5), "client '2' (number 3)", "'demand' is negative: -0.5"),
        (with_client(5, demand=float("nan")), "client '5' (number 6)", "'demand' is not a number (NaN)"),
        (with_client(1, demand=99), "client '1' (number 2)", "99 is more than any vehicle carries, 10"),
        (with_client(1, demand="2"), "client '1' (number 2)", "'demand' is '2'"),
        (with_client(1, demand=True), "client '1' (number 2)", "'demand' is no number"),
        (without(1, "demand"), "client '1' (number 2)", "'demand' is missing"),
        (with_client(3, tw=[50000, 40000]), "client '3' (number 4)", "'tw' ends before it starts"),
        (with_client(3, tw=[-1, 40000]), "client '3' (number 4)", "the start of 'tw' is negative"),
        (with_client(3, tw=[0, 1.7e9]), "client '3' (number 4)", "the end of 'tw' is above"),
        (with_client(3, tw=[0, float("inf")]), "client '3' (number 4)", "the end of 'tw' is infinite"),
        (with_client(3, tw=[0]), "client '3' (number 4)", "'tw' is no pair"),
        (with_client(3, tw=["08:00", "17:00"]), "client '3' (number 4)", "the start of 'tw' is '08:00'"),
        (with_client(3, service=-1), "client '3' (number 4)", "'service' is negative"),
        (with_client(4, lat=float("nan")), "client '4' (number 5)", "'lat' is not a number (NaN)"),
        (with_client(4, lon=float("-inf")), "client '4' (number 5)", "not in degrees"),
        (with_client(4, lat=None), "client '4' (number 5)", "'lat' is missing"),
        (without(4, "lon"), "client '4' (number 5)", "'lon' is missing"),
        (with_client(4, lat=91, lon=10), "client '4' (number 5)", "the latitude is 91"),
        (with_client(4, lat=580000, lon=230000), "client '4' (number 5)", "not in degrees"),
        (without(4, "id"), "client 5", "'id' is missing"),
        (with_client(4, id=[]), "client 5", "'id' is no text"),
        (with_client(4, id=0), "orders.json", "clients 1 and 5 share the id '0'"),
        (with_client(4, id="0"), "orders.json", "clients 1 and 5 share the id '0'"),
        (changed(clients=[7]), "client 1", "the client is no object"),
        (changed(clients=[]), "orders.json", "'clients' is empty"),
        (changed(vehicles=[]), "orders.json", "'vehicles' is empty"),
        (changed(vehicles={}), "orders.json", "'vehicles' is no list"),
        (changed(vehicles=[{"capacity": 10, "count": 0}]), "orders.json", "there is no vehicle"),
        (changed(vehicles=[{"capacity": 10, "count": -1}]), "vehicle type 1", "'count' is negative"),
        (changed(vehicles=[{"capacity": 10, "count": 1.5}]), "vehicle type 1", "'count' is 1.5"),
        (changed(vehicles=[{"capacity": 0, "count": 1}]), "vehicle type 1", "its capacity is 0"),
        (changed(vehicles=[{"count": 1}]), "vehicle type 1", "'capacity' is missing"),
        (changed(vehicles=[{"capacity": 9, "start": 4}]), "vehicle type 1", "'start' names no depot"),
        (changed(vehicles=[{"capacity": 9, "start": True}]), "vehicle type 1", "'start' names no depot"),
        (changed(depot=None), "depot 1", "no object"),
        (changed(depot={"lat": 53}), "depot 1", "'lon' is missing"),
        (changed(depots=[{"lat": 53, "lon": 6}]), "orders.json", "both 'depot' and 'depots'"),
    ],
)  # fmt: skip
def test_refuses_what_makes_no_sense_and_names_it(read, made, where, what):
    with pytest.raises(DataError) as error:
        read(made)
    assert where in error.value.where
    assert what in error.value.what
    assert error.value.mend


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 100_000, "nested more than 64 deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested more than 64 deep"),
        ('{"clients": [], "clients": []}', "'clients' is given twice"),
        ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        (json.dumps(BASE)[:300], "no valid JSON or cut off"),
        ("[1, 2, 3]", "this JSON is a list"),
        ('{"clients": []}', "'vehicles' is missing"),
        ('{"clients": [], "vehicles": []}', "'depot' is missing"),
        ('{"x": {"_target_": "os.system"}}', "MONAI configuration"),
        (json.dumps(changed(extra=[{"_target_": "os.system"}])), "MONAI configuration"),
        ('{"x": ["$import os"]}', "MONAI configuration"),
        (json.dumps(changed(clients=[{}] * 100_001)), "it lists 100,001 clients"),
    ],
)
def test_refuses_what_is_no_orders(read, text, what):
    with pytest.raises(IntakeError) as error:
        read(text)
    assert what in error.value.what
    assert error.value.where.startswith("orders.json")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            changed(vehicles=[{"capacity": 5, "count": 2}]),
            "the demand in total, 12, is more than all vehicles carry",
        ),
        (with_client(1, service=40000), "client '1': its service of 40000 s is longer than its time window"),
        (with_client(1, lat=6.5, lon=53.2), "latitude and longitude seem to be swapped"),
        (with_client(1, lat=0, lon=0), "lies at 0, 0"),
        (changed(depot={"lat": -33.9, "lon": 151.2}), "depot '0' lies"),
        (changed(speed=3), "left out, as not known here: 'speed'"),
    ],
)
def test_notes_what_looks_odd(read, made, said):
    assert said in " ".join(read(made).notes)


def test_a_hundred_odd_places_are_a_few_notes(read):
    clients = [{"id": i, "lat": 53.2, "lon": 6.5, "demand": 0} for i in range(300)]
    clients += [{"id": i, "lat": 6.5, "lon": 53.2, "demand": 0} for i in range(300, 400)]
    notes = read(changed(clients=clients)).notes
    assert len(notes) == 4
    assert notes[-1] == "and 97 more of this kind"


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5),
        st.sampled_from([0, 1, 53.2, 6.5, [0, 9], "0", "$x"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = st.sampled_from(
    ["id", "lat", "lon", "demand", "tw", "service", "prize", "required", "skills", "capacity", "count", 
     "start", "shift", "max_km", "name", "clients", "vehicles", "depot", "depots"]
)  # fmt: skip


@st.composite
def strange(draw):
    """Orders in which a few members are replaced by anything."""
    made = copy.deepcopy(BASE)
    places = [made, made["depot"], made["vehicles"][0], *made["clients"]]
    for _ in range(draw(st.integers(1, 4))):
        draw(st.sampled_from(places))[draw(NAMES)] = draw(VALUES)
    return json.dumps(made).encode()


@fuzzed
@given(data=st.one_of(hostile(json.dumps(BASE).encode()), strange()))
def test_nothing_but_own_errors_escapes(tmp_path_factory, data):
    attempts = Attempts(tmp_path_factory.getbasetemp(), "orders.json", kinds.ROUTES)
    parcel = attempts.read(data)
    assert set(attempts.ends) <= {"read", "refused"}, attempts.last
    if parcel is not None and "clients" in parcel.tables:
        demand = parcel.tables["clients"].column("demand").to_numpy()
        assert (demand >= 0).all()
        assert parcel.facts["vehicles"] > 0


def test_a_name_from_the_file_cannot_break_the_line(read):
    with pytest.raises(PilotError) as error:
        read(with_client(2, id="a\nb\x1b[31m\u202e" + "c" * 100, demand=-1))
    assert str(error.value).isprintable()
