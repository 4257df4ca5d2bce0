from __future__ import annotations

import json
import zipfile

import openpyxl
import pytest

from common import cli
from common.check import check
from common.dialect import Stated
from common.errors import DataError, IntakeError

CSV = "tijd;verbruik_kWh;plaats\n2024-01-31 00:00;1,5;Assen\n2024-01-31 01:00;;Assen\n2024-01-31 02:00;-2;\n"


@pytest.fixture
def put(tmp_path):
    def write(content: str, name: str = "load.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_a_table_is_described_by_its_columns(put):
    found = check(put(CSV))
    assert (found.kind, found.facts["rows"], found.notes) == ("csv", 3, [])
    assert "decimal comma" in found.facts["written"]
    times, numbers, text = found.facts["columns"]
    assert times == {
        "name": "tijd",
        "holds": "times",
        "empty": 0,
        "first": "2024-01-31T00:00:00",
        "last": "2024-01-31T02:00:00",
        "order": "year-month-day",
    }
    assert numbers == {
        "name": "verbruik_kWh",
        "holds": "numbers",
        "empty": 1,
        "first": 1.5,
        "last": -2.0,
        "least": -2.0,
        "most": 1.5,
    }
    assert text == {"name": "plaats", "holds": "text", "empty": 1}


@pytest.mark.parametrize("header", ["kWh", "verbruik (kW)", "temp_°C", "yield t/ha"])
def test_words_under_a_unit_are_refused_with_their_row(put, header):
    with pytest.raises(
        DataError, match=rf"row 3, column '{header.replace('(', '.').replace(')', '.')}': 'storing'"
    ):
        check(put(f"tijd,{header}\n2024-01-01 00:00,1\n2024-01-01 01:00,storing\n2024-01-01 02:00,n.v.t.\n"))


def test_a_column_of_words_with_a_number_or_two_is_text(put):
    found = check(put("tijd,opmerking\n2024-01-01 00:00,goed\n2024-01-01 01:00,2\n2024-01-01 02:00,slecht\n"))
    assert found.facts["columns"][1]["holds"] == "text"


def test_an_order_of_dates_that_could_be_another_is_said_and_can_be_stated(put):
    path = put("datum;kWh\n01-02-2024;1\n02-02-2024;2\n")
    found = check(path)
    assert "read as day-month-year; state the order" in found.notes[0]
    assert found.facts["columns"][0]["first"] == "2024-02-01T00:00:00"
    stated = check(path, stated=Stated(date_order="month-day-year"))
    assert stated.facts["columns"][0]["first"] == "2024-01-02T00:00:00"
    assert not stated.notes


def test_a_workbook_is_a_table_like_any_other(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Uitleg"
    book.active["A1"] = "Meterstanden"
    sheet = book.create_sheet("Data")
    sheet.append(["tijd", "verbruik kWh", "meter"])
    import datetime as dt

    for hour in range(24):
        sheet.append([dt.datetime(2024, 1, 1, hour), 1.234 + hour, "0012"])
    book.create_sheet("Rest").append(["a", "b"])
    book.save(tmp_path / "meter.xlsx")
    found = check(tmp_path / "meter.xlsx")
    assert found.kind == "xlsx"
    assert found.facts["rows"] == 24
    assert found.facts["written"] == "Excel, sheet 'Data', header in row 1"
    assert found.facts["columns"][0]["last"] == "2024-01-01T23:00:00"
    assert found.facts["columns"][1]["first"] == 1.234
    assert found.facts["columns"][2]["holds"] == "text"
    assert found.notes == ["the sheet 'Data' was read; left out: 'Uitleg', 'Rest'"]
    with pytest.raises(DataError, match="no sheet 'Nee'; choose among 'Uitleg', 'Data', 'Rest'"):
        check(tmp_path / "meter.xlsx", stated=Stated(sheet="Nee"))


def test_what_is_no_file_of_ours_is_refused_by_what_it_is(put):
    with pytest.raises(IntakeError, match=r"this looks like a list of links to other files \(VRT, WMS\)"):
        check(put("<VRTDataset rasterXSize='1'/>", "field.tif"))
    with pytest.raises(IntakeError, match="this looks like a YAML file"):
        check(put("---\nx: !!python/object 1\n", "x.yaml"))


def test_the_command_prints_facts_or_one_line(put, capsys):
    path = put(CSV)
    assert cli.main(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["rows"] == 3
    assert cli.main(["check", str(path)]) == 0
    assert "verbruik_kWh" in capsys.readouterr().out
    assert cli.main(["check", str(path), "--decimal", "point"]) == 4
    said = capsys.readouterr().err
    assert "'1,5' has another decimal mark than was stated" in said
    assert said.count("\n") == 1
    assert cli.main(["check", str(path.with_name("none.csv"))]) == 3
    with pytest.raises(IntakeError):
        cli.main(["check", str(path.with_name("none.csv")), "--debug"])


def test_what_stands_in_a_file_cannot_steer_the_terminal(put, capsys):
    assert cli.main(["check", str(put("tijd;a\u202eb\n2024-01-01;1\n"))]) == 0
    assert "\u202e" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["30-01-2024", "31-01-2024", "31-02-2024"], 4),
        (["2024-01-01 23:00", "2024-01-01 25:00", "2024-01-02 00:00"], 3),
        (["2024-01-01", "2024-01-02", "Totaal"], 4),
    ],
)
def test_a_date_that_there_is_not_is_refused_with_its_row(put, cells, row):
    with pytest.raises(DataError, match=rf"row {row}, column 'tijd': the cell holds no date or time"):
        check(put("tijd;kWh\n" + "".join(f"{cell};{i}\n" for i, cell in enumerate(cells))))


def test_numbers_stored_as_text_in_a_workbook_are_numbers(tmp_path):
    book = openpyxl.Workbook()
    for cells in (["naam", "kWh"], ["a", "2,5"], ["b", "3,75"]):
        book.active.append(cells)
    book.save(tmp_path / "text.xlsx")
    assert check(tmp_path / "text.xlsx").facts["columns"][1]["first"] == 2.5


def test_a_workbook_with_entities_of_its_own_is_refused(tmp_path):
    book = openpyxl.Workbook()
    for cells in (["a", "b"], [1, 2]):
        book.active.append(cells)
    book.save(tmp_path / "fine.xlsx")
    with zipfile.ZipFile(tmp_path / "fine.xlsx") as fine, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad:
        for name in fine.namelist():
            content = fine.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "b">]>' + content
            bad.writestr(name, content)
    with pytest.raises(IntakeError, match="declares entities of its own"):
        check(tmp_path / "bad.xlsx")


def test_rows_that_are_all_empty_are_no_data(put):
    with pytest.raises(DataError, match="there is no row of data"):
        check(put("a;b\n;\n;\n"))
