from __future__ import annotations

import csv
import io
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from common.dialect import Stated
from common.errors import DataError, IntakeError
from common.intake import take
from common.tables import Table, read_table


@pytest.fixture
def read(tmp_path):
    """Reads a text, as it stands in a file."""

    def reads(text: str | bytes, encoding: str = "utf-8") -> Table:
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_table(take(path))

    return reads


HOURS = [(f"2024-01-01 {h:02d}:00", 1234.5 + h) for h in range(24)]
DUTCH = "tijd;verbruik_kWh;locatie\n" + "".join(f"{t};{v:.1f};Dré €5\n" for t, v in HOURS).replace(".", ",")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("cp1252", "cp1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_dutch_export_in_any_encoding(read, encoding, shown, end):
    table = read(DUTCH.replace("\n", end), encoding)
    assert table.names == ["tijd", "verbruik_kWh", "locatie"]
    assert list(table.numbers("verbruik_kWh")) == [v for _, v in HOURS]
    assert set(table.frame["locatie"]) == {"Dré €5"}
    dialect = table.dialect
    assert (dialect.encoding, dialect.separator, dialect.decimal) == (shown, ";", ",")
    assert "decimal comma" in dialect.words


def test_what_stands_around_the_data_is_no_data_and_rows_keep_their_number(read):
    table = read(
        "Export van portaal\nPeriode;2024\n\ntijd;kWh;temp\n;[kWh];°C\n# uitval\n"
        "01-01-2024 00:00;1.234,5;3,5;\n\n01-01-2024 01:00;234,5;n/a;\n;;;\n"
    )
    assert table.names == ["tijd", "kWh", "temp"]
    assert table.units == {"kWh": "[kWh]", "temp": "°C"}
    assert list(table.rows) == [7, 9]
    assert table.dialect.header_row == 4
    assert table.dialect.units_row
    assert (table.dialect.decimal, table.dialect.thousands) == (",", ".")
    assert list(table.numbers("kWh")) == [1234.5, 234.5]


def test_separators_and_headers_of_digits(read):
    for separator in ";,\t|":
        table = read(f"tijd{separator}1001{separator}1002\n2024-01-01 00:00{separator}12.5{separator}3\n" * 1)
        assert table.names == ["tijd", "1001", "1002"]
        assert table.dialect.separator == separator
    assert read("sep=;\na;b\n1;2\n").names == ["a", "b"]


def test_quoted_cells_with_line_breaks_keep_the_rows_right(read):
    table = read('"a","b"\n"x\ny",1\n\n"z, ""q""",2\n')
    assert list(table.rows) == [2, 5]
    assert list(table.frame["a"]) == ["x\ny", 'z, "q"']
    table = read('tijd;"Verbruik\n(kWh)"\n2024-01-01 00:00;1\n2024-01-01 01:00;2\n')
    assert table.names == ["tijd", "Verbruik (kWh)"]
    assert list(table.rows) == [3, 4]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12,5", "1.234"], [12.5, 1234]),
        (["12.5", "1,234"], [12.5, 1234]),
        (["1.234.567,8", "5"], [1234567.8, 5]),
        (["1,234,567.8", "5"], [1234567.8, 5]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1 234,5", "-3"], [1234.5, -3]),
        (["1'234.5", "+3"], [1234.5, 3]),
        (["1\u00a0234", "999"], [1234, 999]),
        (["0,125", "1,234"], [0.125, 1.234]),
        (["0.125", "1.234"], [0.125, 1.234]),
        (["1.234", "985"], [1234, 985]),
        (["1.5e3", "2E-2"], [1500, 0.02]),
        (["−4", ".5"], [-4, 0.5]),
        (["-", "n/a"], [np.nan, np.nan]),
    ],
)
def test_marks_are_decided_over_a_whole_column(read, cells, values):
    table = read("name;x\n" + "".join(f"a;{cell}\n" for cell in cells))
    np.testing.assert_array_equal(table.numbers("x"), values)


def test_other_columns_help_where_one_says_nothing(read):
    table = read("x;y\n1.234;3,5\n1.985;4\n")
    assert list(table.numbers("x")) == [1234, 1985]
    table = read("x,y\n1.234,3\n1.985,4\n")
    assert list(table.numbers("x")) == [1.234, 1.985]
    assert table.dialect.decimal == "."
    table = read("x;y\n1.234;3.5\n1.985;4\n")
    assert list(table.numbers("x")) == [1.234, 1.985]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1.234", "1.985"], "row 2, column 'x': '1.234' can be read in two ways"),
        (["1,234", "1,985"], "can be read in two ways"),
        (["12.5", "12,5"], "the decimal marks are mixed"),
        (["1", "n.v.t.", "storing"], "row 3, column 'x': 'n.v.t.' is no finite number"),
        (["1", "inf"], "row 3, column 'x': 'inf' is no finite number"),
        (["1", "1e400"], "row 3, column 'x': '1e400' is no finite number"),
        (["1", "12 kWh"], "'12 kWh' is no finite number"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_row(read, cells, words):
    table = read("name;x\n" + "".join(f"a;{cell}\n" for cell in cells))
    with pytest.raises(DataError) as error:
        table.numbers("x")
    assert words in str(error.value)


def test_a_rare_mark_far_down_decides_too(read):
    cells = ["1.234"] * 3000 + ["12,5"]
    assert list(read("name;x\n" + "".join(f"a;{c}\n" for c in cells)).numbers("x"))[:2] == [1234, 1234]
    cells[-1] = "12.5"
    assert list(read("name;x\n" + "".join(f"a;{c}\n" for c in cells)).numbers("x"))[:2] == [1.234, 1.234]


def test_ids_stay_as_they_stand(read):
    table = read("ean;postcode;x\n871687140012345678;0012;1\n871687140012345679;0013;2\n")
    assert table.text("ean").to_pylist() == ["871687140012345678", "871687140012345679"]
    assert table.text("postcode").to_pylist() == ["0012", "0013"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (",\n", "no header row"),
        ("tijd;kWh\n", "a header but no row of data"),
        ("# only a comment\n", "no header row"),
        ("2024-01-01 00:00;1\n2024-01-01 01:00;2\n", "no header row"),
        ("a" * 900_000, "no columns were found"),
        ("tijd,kWh,kWh\n2024-01-01 00:00,1,2\n", "two columns are called 'kWh'"),
        ("tijd,kWh\n2024-01-01 00:00,1\n2024-01-01 01:00,2,3,4\n", "table.csv, row 3: the row has 4 cells"),
        ("tijd,kWh\n2024-01-01 00:00,1\n\n2024-01-01 01:00\n", "table.csv, row 4: the row has 1 cell "),
    ],
)
def test_what_is_no_table_is_refused(read, text, words):
    with pytest.raises(DataError) as error:
        read(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_cells_that_a_spreadsheet_or_a_browser_would_run_stay_text(read):
    table = read(
        'locatie,kWh\n"=HYPERLINK(""http://127.0.0.1:9/x"",""klik"")",1\n@SUM(1),3\n-2+3,4\n'
        "<script>document.title='x'</script>,2\nGroningen,-6.5\n"
    )
    assert list(table.numbers("kWh")) == [1, 3, 4, 2, -6.5]
    assert table.frame["locatie"][4] == "-2+3"


@pytest.mark.parametrize(
    ("cells", "first", "order"),
    [
        ([f"0{d}-02-2024 00:00" for d in range(1, 10)], "2024-02-01", "day-month-year"),
        (["01-02-2024 00:00", "13-02-2024 00:00"], "2024-02-01", "day-month-year"),
        (["02/01/2024 12:00 AM", "02/13/2024 1:00 PM"], "2024-02-01", "month-day-year"),
        (["2024-02-01", "2024-02-02"], "2024-02-01", "year-month-day"),
        (["1-2-24", "13-2-24"], "2024-02-01", "day-month-year"),
        (["20240201", "20240202"], "2024-02-01", "year-month-day"),
        (["202402010000", "202402010015"], "2024-02-01", "year-month-day"),
        (["2024-02-01T00:00:00Z", "2024-02-01T01:00:00+00:00"], "2024-02-01", "year-month-day"),
        (["2024-02-01 01:00+01:00", "2024-01-31T23:30:00-0100"], "2024-02-01", "year-month-day"),
        (["1706745600", "1706749200"], "2024-02-01", "Unix time"),
        (["1706745600000", "1706749200000"], "2024-02-01", "Unix time"),
        (["31-01-2024 24:00", "01-02-2024 01:00"], "2024-02-01", "day-month-year"),
        (["1 feb. 2024 00:00", "2 mrt 2024 00:00"], "2024-02-01", "day-month-year"),
    ],
)
def test_dates_in_any_order(read, cells, first, order):
    times = read("t;x\n" + "".join(f"{c};1\n" for c in cells)).times("t")
    assert times.values[times.codes[0]] == np.datetime64(first, "ns")
    assert times.order == order
    assert not len(times.bad)


def test_times_that_are_none_are_counted_and_mixed_ones_refused(read):
    times = read("t;x\n2024-02-30;1\n2024-02-01 25:00;1\n;1\n2024-02-01;1\n").times("t")
    assert list(times.bad) == [0, 1]
    assert times.codes[2] == -1
    for cells in (["31-12-2024", "12-31-2024"], ["2024-01-01 00:00Z", "2024-01-01 01:00"]):
        with pytest.raises(DataError):
            read("t;x\n" + "".join(f"{c};1\n" for c in cells)).times("t")


def test_parquet_is_read_without_what_pandas_left_in_it(tmp_path):
    frame = pd.DataFrame(
        {"t": pd.date_range("2024-01-01", periods=3, freq="h", tz="Europe/Amsterdam"), "x": [1, 2, 3]},
        index=pd.Index([7, 8, 9], name="i"),
    )
    frame.to_parquet(tmp_path / "a.parquet")
    table = read_table(take(tmp_path / "a.parquet"))
    assert table.names == ["t", "x", "i"]
    assert list(table.rows) == [1, 2, 3]
    times = table.times("t")
    assert times.utc
    assert times.values[0] == np.datetime64("2023-12-31T23:00", "ns")


def test_parquet_with_anything_but_numbers_times_and_text_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    for column in (pa.array([[1, 2]]), pa.array([b"\x80\x04N."]), pa.array([{"a": 1}])):
        parquet.write_table(pa.table({"x": column}), path)
        with pytest.raises(IntakeError):
            read_table(take(path))
    parquet.write_table(pa.table({"x": [1.0, float("inf")]}), path)
    with pytest.raises(DataError, match="row 2"):
        read_table(take(path))
    many = pa.table({"x": pa.DictionaryArray.from_arrays(pa.array(np.zeros(10, "int32")), pa.array(["a"]))})
    parquet.write_table(many, path)
    assert set(read_table(take(path)).frame["x"]) == {"a"}


NUMBERS = st.floats(-1e7, 1e7).map(lambda v: round(v, 2))


def written(values, decimal, thousands, digits):
    swap = str.maketrans({",": thousands, ".": decimal})
    return [f"{v:,.{digits}f}".translate(swap) for v in values]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_table_written_in_any_dialect_is_read_back_equal(tmp_path_factory, data):
    rows = data.draw(st.integers(5, 30))
    separator = data.draw(st.sampled_from(";\t|,"))
    decimal = data.draw(st.sampled_from(".,"))
    thousands = data.draw(st.sampled_from(["", " ", "'", "." if decimal == "," else ","]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]))
    form = data.draw(
        st.sampled_from(
            ["%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M", "%Y%m%d%H%M"]
        )
    )
    start = data.draw(st.datetimes(pd.Timestamp("2001-01-01"), pd.Timestamp("2040-01-01"))).replace(
        second=0, microsecond=0
    )
    # Long enough a stretch that some day of the month is beyond 12.
    times = pd.date_range(start, periods=rows, freq="7D")
    assume((times.day > 12).any())
    x = data.draw(st.lists(NUMBERS, min_size=rows, max_size=rows))
    y = data.draw(st.lists(st.integers(-(10**6), 10**6), min_size=rows, max_size=rows))
    names = data.draw(st.lists(st.sampled_from("abcdé€ ;,x"), min_size=rows, max_size=rows))
    quoting = csv.QUOTE_ALL if data.draw(st.booleans()) else csv.QUOTE_MINIMAL
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\r\n")
    for line in range(data.draw(st.integers(0, 2))):
        out.write(f"note {line}\r\n")
    lead = out.getvalue().count("\n")
    writer.writerow(["tijd", "vermogen", "heel", "naam"])
    writer.writerows(zip(times.strftime(form), written(x, decimal, thousands, 2), y, names, strict=True))
    path = tmp_path_factory.getbasetemp() / "round.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    table = read_table(take(path))
    np.testing.assert_array_equal(table.numbers("vermogen"), x)
    np.testing.assert_array_equal(table.numbers("heel"), y)
    found = table.times("tijd")
    np.testing.assert_array_equal(found.values[found.codes], times.to_numpy().astype("datetime64[ns]"))
    assert list(table.rows) == list(range(lead + 2, lead + 2 + rows))
    assert list(table.column("naam").to_pylist()) == names


@pytest.mark.parametrize(
    ("text", "stated", "values"),
    [
        ("a;b\n1.234;x\n2.345;y\n", Stated(decimal="."), [1.234, 2.345]),
        ("a;b\n1.234;x\n2.345;y\n", Stated(decimal=","), [1234.0, 2345.0]),
        ("a,b;c\n1,5;x\n2,5;y\n", Stated(separator=";"), None),
        ("report\nmade;by\na;b\n1;2\n", Stated(header_row=3), [1.0]),
        ("old;names\na;b\n1;2\n3;4\n", Stated(header_row=2), [1.0, 3.0]),
    ],
)
def test_what_is_stated_goes_before_what_is_found(tmp_path, text, stated, values):
    path = tmp_path / "load.csv"
    path.write_text(text, encoding="utf-8")
    table = read_table(take(path), stated)
    if values is None:
        assert table.names == ["a,b", "c"]
    else:
        assert list(table.numbers("a")) == values


@pytest.mark.parametrize(
    ("text", "stated", "words"),
    [
        (
            "a;b\n1,5;x\n",
            Stated(decimal="."),
            "row 2, column 'a': '1,5' has another decimal mark than was stated",
        ),
        ("a;b\n1;x\n", Stated(separator="|"), "no columns were found"),
        ("a;b\n1;x\n", Stated(header_row=9), "no header row"),
        ("a;b\n\n1;x\n", Stated(header_row=2), "row 2 is no header"),
        ("a;é\n1;x\n", Stated(encoding="utf-16"), "it is not written in utf-16"),
    ],
)
def test_what_does_not_fit_what_is_stated_is_refused(tmp_path, text, stated, words):
    path = tmp_path / "load.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_table(take(path), stated).numbers("a")


def test_a_stated_order_of_dates_is_kept_to(tmp_path):
    path = tmp_path / "load.csv"
    path.write_text("d;a\n01-02-2024;1\n13-02-2024;2\n", encoding="utf-8")
    assert read_table(take(path), Stated(date_order="day-month-year")).times("d").order == "day-month-year"
    with pytest.raises(DataError, match="some dates are not written as month-day-year"):
        read_table(take(path), Stated(date_order="month-day-year")).times("d")
    with pytest.raises(DataError, match="some dates are not written as year-month-day"):
        read_table(take(path), Stated(date_order="year-month-day")).times("d")


def test_stamps_of_parquet_are_utc_and_empty_dates_are_empty(tmp_path):
    path = tmp_path / "a.parquet"
    year_one, day = -62135596800 * 10**6, 86_400 * 10**6
    zoned = pa.array([year_one, 0, None, day], pa.int64()).cast(pa.timestamp("us", "Europe/Amsterdam"))
    dates = pa.array([0, 2932896, 1, None], pa.int32()).cast(pa.date32())  # 9999-12-31
    parquet.write_table(pa.table({"time": zoned, "until": dates, "kWh": [1.0, 2.0, 3.0, 4.0]}), path)
    table = read_table(take(path))
    assert table.frame["time"].isna().tolist() == [True, False, True, False]
    assert table.times("time").utc
    assert not table.times("until").utc
    assert table.column("until").null_count == 2
    assert table.notes == (
        "1 of the times in 'time' lie before 1700 or after 2200 and count as empty",
        "1 of the times in 'until' lie before 1700 or after 2200 and count as empty",
    )


def test_a_cell_far_away_in_a_workbook_is_refused_and_formatted_ones_are_not(tmp_path):
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    book.active["XFD900000"].font = Font(bold=True)
    book.save(tmp_path / "styled.xlsx")
    assert read_table(take(tmp_path / "styled.xlsx")).names == ["a", "b"]
    book.active["XFD900000"] = 1
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(IntakeError, match="a sheet has 900,000 rows of 16,384 columns"):
        read_table(take(tmp_path / "far.xlsx"))


def test_a_zone_that_is_no_text_is_damage(tmp_path):
    path = tmp_path / "a.parquet"
    stamps = pa.array([0, 1], pa.int64()).cast(pa.timestamp("us", "Europe/Amsterdam"))
    parquet.write_table(pa.table({"time": stamps, "kWh": [1.0, 2.0]}), path, store_schema=True)
    import base64

    content = path.read_bytes()
    found = re.search(rb"ARROW:schema\x18..([A-Za-z0-9+/=]+)", content)
    schema = base64.b64decode(found[1])
    odd = base64.b64encode(schema.replace(b"Amsterdam", b"Amsterd\xff\xfe"))
    path.write_bytes(content.replace(found[1], odd))
    with pytest.raises(IntakeError, match="the Parquet file is damaged"):
        read_table(take(path))
