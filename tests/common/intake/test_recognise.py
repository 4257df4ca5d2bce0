"""What a file is recognised by: in little time, and without the names of what is in a zip."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from common.errors import IntakeError
from common.intake import kinds, take
from common.intake.recognise import HEAD_BYTES, recognise

SOLOMON = "C101\n{0}VEHICLE\nNUMBER CAPACITY\n 25 200\n{0}CUSTOMER\n"


def words(data: bytes) -> str:
    return recognise(data[:HEAD_BYTES], data[-16:], len(data), -1)[1]


@pytest.mark.parametrize(
    "first", ["", "x", "Route ", "Route #", "DIMENSION", "NDims", "a: ", "[", '{"type"', "<"]
)
@pytest.mark.parametrize("blank", [" ", "\n", "\r\n", "\t", "\r", " \n", "0"])
def test_blanks_without_end_take_no_time(first, blank):
    data = (first + blank * HEAD_BYTES)[: HEAD_BYTES - 1].encode() + b";"
    began = time.process_time()
    recognise(data, data[-16:], len(data), -1)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text", [SOLOMON.format(""), SOLOMON.format("\n"), "\n" + SOLOMON.format("\n\n")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_solomon(text, end):
    assert words(text.replace("\n", end).encode()) == "a VRPLIB problem"


@pytest.mark.parametrize("text", ["Route #1: 2 3\n", "Route 1 : 2\n", "route # 12: 4\n"])
def test_solution(text):
    assert words(text.encode()) == "a solution of a routing problem"


@pytest.mark.parametrize(
    "text", ["a: &a [x, x]\nb: &b [*a, *a]\n", "# uit\nimports:\n  - os, re\n\nnet: 1\r\n", "a: 1\n- b\n"]
)
def test_yaml(text):
    assert words(text.encode()) == "a YAML file"


@pytest.mark.parametrize(
    "text",
    [
        "Meter: 12\nNaam: x\n\ntijd;kWh\n1;2\n",
        "tijd: x;y\n00:15;3\n",
        "-\n-5\n",
        "NAME: x\nDIMENSION: 3\nCAPACITY: 4\n",
    ],
)
def test_what_only_looks_like_yaml(text):
    assert words(text.encode()) in ("delimited text", "a VRPLIB problem")


@pytest.mark.parametrize("case", ["climbs", "link", "twice"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_in_a_zip_of_which_nothing_is_known_stay_inside(tmp_path, case):
    made = io.BytesIO()
    name = {"climbs": "../JANSEN^PIET/IM1", "link": "JANSEN's/IM1", "twice": "JANSEN/IM1"}[case]
    entry = zipfile.ZipInfo(name)
    if case == "link":
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(made, "w") as file:
        for _ in range(2 if case == "twice" else 1):
            file.writestr(entry, bytes(128) + b"DICM")
    path = tmp_path / "study.zip"
    path.write_bytes(made.getvalue())
    with pytest.raises(IntakeError, match="'…'") as caught:
        take(path, tuple(kinds.KINDS))
    assert "JANSEN" not in str(caught.value)
    assert caught.value.where == "study.zip"
