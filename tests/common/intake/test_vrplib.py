"""Routing problems and solutions of the literature: forms, real instances, and what is refused where."""

from __future__ import annotations

import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, hostile

from common import intake
from common.errors import DataError, IntakeError
from common.intake import kinds

CVRP = """NAME : tiny
COMMENT : "a: b"
TYPE : CVRP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 1.5 -2
3 3e0 4
4 5 6
DEMAND_SECTION
1 0
2 3
3 4
4 5
DEPOT_SECTION
 1
 -1
EOF
"""
WINDOWS = CVRP.replace(
    "DEPOT_SECTION",
    "TIME_WINDOW_SECTION\n1 0 100\n2 10 20\n3 10 30\n4 0 90\n"
    "SERVICE_TIME_SECTION\n1 0\n2 5\n3 5\n4 5\nPRIZE_SECTION\n1 0\n2 7\n3 8\n4 9\nDEPOT_SECTION",
)
FLEET = CVRP.replace("CAPACITY : 10\n", "VEHICLES : 2\n").replace(
    "DEPOT_SECTION",
    "CAPACITY_SECTION\n1 5\n2 8\nVEHICLES_FIXED_COST_SECTION\n1 10\n2 20\nVEHICLES_DEPOT_SECTION\n1 1\n2 2\n"
    "VEHICLES_ALLOWED_CLIENTS_SECTION\n1 3 4 -1\n2 4\nDEPOT_SECTION\n2",
)
SOLOMON = """C101

VEHICLE
NUMBER     CAPACITY
  25         200

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      40         50          0          0       1236          0
    1      45         68         10        912        967         90
    2      45         70         30        825        870         90
"""
SOLUTION = "Route #1: 1 3\nRoute #2: 2\nCost 27.5\n"
FULL = "0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0"


def explicit(form, numbers, extra=""):
    return (
        f"NAME: m\n{extra}TYPE: CVRP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}\n"
        f"CAPACITY: 10\nEDGE_WEIGHT_SECTION\n{numbers}\nDEMAND_SECTION\n1 0\n2 3\n3 4\n4 5\n"
        "DEPOT_SECTION\n1\n-1\nEOF\n"
    )


@pytest.fixture
def read(tmp_path):
    def reads(text, **options):
        path = tmp_path / "problem.vrp"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return intake.take(path, kinds.ROUTES).parse(**options)

    return reads


def test_reads_vrplib(read):
    parcel = read(CVRP)
    facts = parcel.facts
    assert (facts["clients"], facts["dimension"], facts["capacity"], facts["vehicles"]) == (3, 4, 10, None)
    assert (facts["name"], facts["edge_weight_type"], facts["rounding"]) == ("tiny", "EUC_2D", "not stated")
    assert parcel.arrays["coordinates"].tolist() == [[0, 0], [1.5, -2], [3, 4], [5, 6]]
    assert parcel.arrays["demand"].tolist() == [0, 3, 4, 5]
    assert parcel.arrays["depots"].tolist() == [0]
    assert "how they are rounded" in parcel.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace(" : ", ":"),
        lambda t: t.replace(" : ", " : \t").replace("SECTION\n", "SECTION \t\n"),
        lambda t: t.replace("EOF\n", ""),
        lambda t: t.replace("EOF\n", "").rstrip("\n"),
        lambda t: t.rstrip("\n"),
        lambda t: t.replace("3 3e0 4\n4 5 6", "4 5 6\n3 3 4"),
        lambda t: "\ufeff" + t.replace("tiny", "Dré"),
    ],
)
def test_reads_it_however_it_is_written(read, change):
    assert read(change(CVRP)).arrays["coordinates"].tolist() == [[0, 0], [1.5, -2], [3, 4], [5, 6]]


def test_reads_windows_services_and_prizes(read):
    parcel = read(WINDOWS)
    assert parcel.arrays["windows"].tolist() == [[0, 100], [10, 20], [10, 30], [0, 90]]
    assert parcel.arrays["service"].tolist() == [0, 5, 5, 5]
    assert parcel.arrays["prize"].tolist() == [0, 7, 8, 9]
    everywhere = read(CVRP.replace("CAPACITY", "SERVICE_TIME : 9\nCAPACITY"))
    assert everywhere.arrays["service"].tolist() == [0, 9, 9, 9]


def test_reads_vehicles_that_differ(read):
    parcel = read(FLEET)
    assert parcel.facts["vehicles"] == 2
    assert parcel.facts["depots"] == 2
    assert parcel.tables["vehicles"].to_pydict() == {
        "vehicle": [1, 2], "capacity": [5, 8], "depot": [1, 2], "fixed_cost": [10, 20],
    }  # fmt: skip
    assert parcel.tables["vehicles_allowed_clients"].to_pydict() == {"vehicle": [1, 1, 2], "node": [3, 4, 4]}


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("FULL_MATRIX", FULL),
        ("FULL_MATRIX", FULL.replace("\n", " ")),
        ("LOWER_ROW", "1\n2 4\n3 5 6"),
        ("LOWER_ROW", "1 2\n4 3 5 6"),
        ("LOWER_DIAG_ROW", "0\n1 0\n2 4 0\n3 5 6 0"),
        ("UPPER_ROW", "1 2 3\n4 5\n6"),
        ("UPPER_DIAG_ROW", "0 1 2 3 0 4 5 0 6 0"),
        ("LOWER_COL", "1 2 3\n4 5\n6"),
        ("UPPER_COL", "1\n2 4\n3 5 6"),
    ],
)
def test_reads_distances_in_each_form(read, form, numbers):
    found = read(explicit(form, numbers)).arrays["distances"]
    assert found.tolist() == [[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]]


def test_reads_one_way_distances_from_row_to_column(read):
    found = read(explicit("FULL_MATRIX", "0 1 2 3\n9 0 4 5\n2 4 0 6\n3 5 6 0")).arrays["distances"]
    assert (found[0, 1], found[1, 0]) == (1, 9)


def test_the_oldest_instances_are_read_by_columns_and_say_so(read):
    parcel = read(explicit("LOWER_ROW", "1 2 3\n4 5\n6", "COMMENT: (Christofides and Eilon, Min: 3)\n"))
    assert parcel.arrays["distances"][1].tolist() == [1, 0, 4, 5]
    assert "column by column" in parcel.notes[0]


def test_reads_solomon(read):
    for text in (SOLOMON, SOLOMON.replace("\n", "\r\n")):
        parcel = read(text)
        assert (parcel.facts["clients"], parcel.facts["vehicles"], parcel.facts["capacity"]) == (2, 25, 200)
        assert parcel.facts["name"] == "C101"
        assert parcel.arrays["windows"].tolist() == [[0, 1236], [912, 967], [825, 870]]
        assert parcel.arrays["service"].tolist() == [0, 90, 90]


def test_reads_a_solution_when_that_is_wanted(read):
    parcel = read(SOLUTION, expects="solution")
    assert parcel.facts["cost"] == 27.5
    table = parcel.tables["routes"].to_pydict()
    assert table == {"route": [1, 1, 2], "stop": [1, 2, 1], "client": [1, 3, 2]}
    with pytest.raises(DataError, match="this is a solution"):
        read(SOLUTION)
    with pytest.raises(DataError, match="this is a problem"):
        read(CVRP, expects="solution")
    with pytest.raises(DataError, match="line 2: client 1 is visited twice, first in route 1"):
        read(SOLUTION.replace("#2: 2", "#2: 1"), expects="either")
    with pytest.raises(DataError, match="line 1: 'x' in route 1 is no number"):
        read(SOLUTION.replace("1 3", "1 x"), expects="either")
    assert "no cost" in read(SOLUTION[:24], expects="either").notes[0]


LINES = [
    (CVRP.replace("2 1.5 -2\n", ""), "line 7", "NODE_COORD_SECTION has 3 of 4 lines, 2 is missing"),
    (CVRP.replace("2 1.5 -2", "2 1.5"), "line 9", "has 2 values in this line instead of 3"),
    (CVRP.replace("2 1.5 -2", "2 1.5 -2 7"), "line 9", "has 4 values in this line instead of 3"),
    (CVRP.replace("2 1.5 -2", "2 nan -2"), "line 9", "'nan' in NODE_COORD_SECTION is no number"),
    (CVRP.replace("2 1.5 -2", "2 1_5 -2"), "line 9", "'1_5' in NODE_COORD_SECTION is no number"),
    (CVRP.replace("2 1.5 -2", "2 1e400 -2"), "line 9", "'1e400' in NODE_COORD_SECTION is no number"),
    (CVRP.replace("2 1.5 -2", "5 1.5 -2"), "line 9", "names 5, but ids run from 1 to 4"),
    (CVRP.replace("2 1.5 -2", "0 1.5 -2"), "line 9", "names 0, but ids run from 1 to 4"),
    (CVRP.replace("2 1.5 -2", "2.5 1.5 -2"), "line 9", "names 2.5, but ids run"),
    (CVRP.replace("2 1.5 -2", "3 1.5 -2"), "line 10", "gives 3 twice, first in line 9"),
    (CVRP.replace("2 3\n", "2 -3\n"), "line 14, node 2", "its demand is negative"),
    (CVRP.replace("2 3\n", "2 30\n"), "line 14, node 2", "demand of 30 is more than any vehicle carries, 10"),
    (CVRP.replace("CAPACITY : 10\n", ""), "problem.vrp", "CAPACITY is missing"),
    (CVRP.replace("CAPACITY : 10", "CAPACITY : 0"), "problem.vrp", "the capacity is 0"),
    (CVRP.replace("CAPACITY : 10", "CAPACITY : -5"), "line 6", "CAPACITY is -5"),
    (CVRP.replace("CAPACITY : 10", "CAPACITY : many"), "line 6", "'many' in CAPACITY is no number"),
    (CVRP.replace("DIMENSION : 4", "DIMENSION : 5"), "line 12", "has 4 of 5 lines, 5 is missing"),
    (CVRP.replace("DIMENSION : 4", "DIMENSION : 999999999"), "line 4", "DIMENSION is 999,999,999"),
    (CVRP.replace("DIMENSION : 4", "DIMENSION : 4.5"), "line 4", "DIMENSION is 4.5"),
    (CVRP.replace("DIMENSION : 4\n", ""), "problem.vrp", "DIMENSION is missing"),
    (CVRP.replace("EUC_2D", "XRAY1"), "problem.vrp", "EDGE_WEIGHT_TYPE is 'XRAY1'"),
    (CVRP.replace("TYPE : CVRP", "what is this"), "line 3", "neither a field nor a section"),
    (CVRP.replace("TYPE : CVRP", "DIMENSION : 4"), "line 4", "DIMENSION occurs twice"),
    (CVRP.replace("DEMAND_SECTION", "NODE_COORD_SECTION"), "line 12", "NODE_COORD_SECTION occurs twice"),
    (CVRP.replace("DEPOT_SECTION\n 1\n -1\n", ""), "problem.vrp", "DEPOT_SECTION is missing"),
    (CVRP.replace(" 1\n -1\n", " -1\n"), "line 17", "names no depot"),
    (CVRP.replace(" 1\n -1\n", " 9\n -1\n"), "line 18", "names 9, but ids run"),
    (CVRP.replace(" 1\n -1\n", " 1\n -1\n 2\n"), "line 20", "'2' follows after -1"),
    (CVRP.replace(" 1\n -1\n", " 1\n 1\n"), "line 19", "depot 1 is given twice"),
    (CVRP.replace(" 1\n -1\n", " 1\n 2\n 3\n 4\n"), "problem.vrp", "all nodes are depots"),
    (CVRP + "more\n", "line 21", "text follows after EOF"),
    (CVRP[:120], "problem.vrp", "cut off"),
    (CVRP[: CVRP.index("3 4\n4 5\n")], "problem.vrp", "DEPOT_SECTION is missing"),
    (CVRP.replace("tiny", "ti\x00ny"), "problem.vrp", "zero bytes"),
    (WINDOWS.replace("2 10 20", "2 20 10"), "line 19, node 2", "ends before it starts: 20 to 10"),
    (WINDOWS.replace("2 10 20", "2 -1 20"), "line 19, node 2", "its time window is negative"),
    (WINDOWS.replace("4 5\nPRIZE", "4 -5\nPRIZE"), "line 26, node 4", "its service time is negative"),
    (WINDOWS.replace("4 9\n", ""), "line 27", "PRIZE_SECTION has 3 of 4 lines"),
    (FLEET.replace("1 5\n2 8\n", "1 5\n"), "line 17", "CAPACITY_SECTION has 1 of 2 lines"),
    (FLEET.replace("1 5\n2 8\n", "1 5\n2 -8\n"), "line 19", "CAPACITY_SECTION is negative"),
    (FLEET.replace("1 1\n2 2\n", "1 1\n2 3\n"), "line 25", "names 3, which is no depot"),
    (FLEET.replace("2 4\nDEPOT", "3 4\nDEPOT"), "line 28", "names 3, but ids run from 1 to 2"),
    (explicit("FULL_MATRIX", FULL[:-2]), "line 7", "has 15 of the 16 values"),
    (explicit("FULL_MATRIX", FULL + " 7"), "line 11", "more than the 16 values"),
    (explicit("FULL_MATRIX", FULL.replace("4 0 6", "4 nan 6")), "line 10", "'nan' in EDGE_WEIGHT_SECTION"),
    (explicit("FULL_MATRIX", FULL.replace("4 0 6", "4 1e999 6")), "line 10", "'1e999' in EDGE_WEIGHT"),
    (explicit("FULL_MATRIX", FULL.replace("4 0 6", "4 -1 6")), "line 10", "a distance is negative"),
    (explicit("SPIRAL", FULL), "problem.vrp", "EDGE_WEIGHT_FORMAT is 'SPIRAL'"),
    (explicit("LOWER_ROW", FULL).replace("DIMENSION: 4", "DIMENSION: 90000"), "problem.vrp", "90,000 nodes"),
    (SOLOMON.replace("825        870", "825        800"), "line 12, node 2", "ends before it starts"),
    (SOLOMON.replace("         90\n    2", "\n    2"), "line 11", "has 6 values in this line instead of 7"),
    (SOLOMON.replace("    2      45", "    7      45"), "line 12", "number 7 stands where 2 is expected"),
    (SOLOMON.replace("  25         200", "  25"), "line 5", "has 1 values"),
    (SOLOMON.replace("  25         200", "  0  200"), "line 5", "0 vehicles of capacity 200"),
    (SOLOMON.replace("CUSTOMER", "CLIENTS"), "line 7", "where 'CUSTOMER' is expected"),
    (SOLOMON[:150], "problem.vrp", "there is no customer"),
]


@pytest.mark.parametrize(("text", "where", "what"), LINES)
def test_refuses_with_the_line(read, text, where, what):
    with pytest.raises((IntakeError, DataError)) as error:
        read(text)
    assert f"{where}," in f"{error.value.where},"
    assert what in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            CVRP.replace("CAPACITY", "VEHICLES : 1\nCAPACITY"),
            "the demand in total, 12, is more than all vehicles",
        ),
        (CVRP.replace("1 0\n2 3", "1 2\n2 3"), "a depot has a demand"),
        (
            CVRP.replace("CAPACITY", "BEST_KNOWN : 7\nCAPACITY"),
            "left out, as it is not known here: BEST_KNOWN",
        ),
        (CVRP.replace("DEPOT_", "TWIN_SECTION\n1 2\nDEPOT_"), "not known here: TWIN_SECTION"),
        (CVRP.replace("EOF\n", ""), "no EOF closes the file"),
        (WINDOWS.replace("4 0 90", "4 200 300"), "node 4 opens after all depots have closed"),
        (SOLOMON.rstrip("\n"), "the last line is not closed"),
    ],
)
def test_notes_what_looks_odd(read, text, said):
    assert said in " ".join(read(text).notes)


def test_a_split_delivery_may_exceed_a_vehicle(read):
    assert read(CVRP.replace("TYPE : CVRP", "TYPE : SDVRP").replace("2 3\n", "2 30\n")).facts["clients"] == 3


@pytest.mark.data
def test_reads_every_real_instance(benchmark_data):
    paths = sorted((benchmark_data / "logistics").rglob("*.vrp"))
    assert len(paths) > 15
    for path in paths:
        problem = intake.take(path, kinds.ROUTES).parse()
        solution = intake.take(path.with_suffix(".sol"), kinds.ROUTES).parse(expects="solution")
        table = solution.tables["routes"]
        # Known routes fit the problem as it was read: every client is one of its own, no vehicle overflows.
        clients, route = table.column("client").to_numpy(), table.column("route").to_numpy()
        demand = problem.arrays["demand"][clients]
        assert not set(clients) & set(problem.arrays["depots"])
        if "PC" not in problem.facts["type"]:
            assert len(clients) == problem.facts["clients"]
        assert np.bincount(route, demand).max() <= problem.facts["capacity"]


@pytest.mark.data
def test_distances_of_a_real_instance_give_its_known_cost(benchmark_data):
    path = next((benchmark_data / "logistics").glob("*-d1-n212-*.vrp"))
    distances = intake.take(path, kinds.ROUTES).parse().arrays["distances"]
    solution = intake.take(path.with_suffix(".sol"), kinds.ROUTES).parse(expects="solution")
    table = solution.tables["routes"].to_pandas()
    cost = 0
    for _, route in table.groupby("route"):
        stops = [0, *route["client"], 0]
        cost += distances[stops[:-1], stops[1:]].sum()
    assert cost == solution.facts["cost"]


WORDS = ["-1", "0", "5", "1e9", "nan", "", "\n", ":", "EOF\n", "\nDEPOT_SECTION\n", "x"]
VALID = [CVRP, WINDOWS, FLEET, SOLOMON, SOLUTION, explicit("LOWER_ROW", "1\n2 4\n3 5 6")]


@st.composite
def strange(draw):
    """Valid texts in which some words are others."""
    parts = draw(st.sampled_from(VALID)).split(" ")
    for _ in range(draw(st.integers(1, 5))):
        parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from(WORDS))
    return " ".join(parts).encode()


@fuzzed
@given(data=st.one_of(hostile(*(text.encode() for text in VALID)), strange()))
def test_nothing_but_own_errors_escapes(tmp_path_factory, data):
    attempts = Attempts(tmp_path_factory.getbasetemp(), "problem.vrp", (kinds.VRPLIB,))
    parcel = attempts.read(data, expects="either")
    assert set(attempts.ends) <= {"read", "refused"}, attempts.last
    if parcel is not None and parcel.facts["form"] == "problem":
        count = parcel.facts["dimension"]
        assert parcel.arrays["demand"].shape == (count,)
        assert (parcel.arrays["demand"] >= 0).all()
        assert all(np.isfinite(array).all() for array in parcel.arrays.values())
