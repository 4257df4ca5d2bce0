"""Damaged and random tables through the door: only the suite's own errors, and no number read wrongly."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, hostile, mutated
from pyarrow import parquet

from common.intake import kinds
from common.tables import read_table

HOURS = [f"2024-01-01 {hour:02}:00" for hour in range(24)]


def used(taken):
    """All of a table: the frame, and the first columns as they were written."""
    table = read_table(taken)
    frame = table.frame
    assert len(frame) == len(table.rows)
    for name in table.names[:2]:
        assert len(table.text(name)) == len(frame)
    return table


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    made = {
        ending: Attempts(tmp_path_factory.mktemp(ending), f"load.{ending}", kinds.TABLES)
        for ending in ("csv", "grammar.csv", "xlsx", "xml.xlsx", "parquet")
    }
    yield made
    for ending, one in made.items():
        print(f"\n{ending}: {one.report()}", end="")


def tried(attempts, data, *others):
    found = attempts.read(data, used)
    assert set(attempts.ends) <= {"read", "refused", *others}, (attempts.ends, attempts.last)
    return found


# Delimited text


def lines(separator, mark, header="tijd{}verbruik_kWh{}locatie", date=lambda hour: hour):
    body = [
        f"{date(h)}{separator}{1234.5 + i:.2f}{separator}Groningen".replace(".", mark)
        for i, h in enumerate(HOURS)
    ]
    return "\n".join([header.format(separator, separator), *body, ""])


NL = lines(";", ",")
CSVS = [
    NL.encode(),
    NL.replace("Groningen", "Dré €5").encode("cp1252"),
    NL.encode("utf-16"),
    b"\xef\xbb\xbf" + NL.replace("\n", "\r\n").encode(),
    lines(",", ".").encode(),
    lines("\t", ".", "time{}kWh{}site").encode(),
    lines(";", ",", date=lambda h: f"01-01-2024 {h[-5:]}").encode(),
    ("EAN;871685900000000000\nPeriode;2024\n\n" + NL).encode(),
    ("tijd;kWh\n;kWh\n" + "".join(f'"{h}";"1.{i:03},5"\n' for i, h in enumerate(HOURS))).encode(),
    ('a,b\n"x, ""y""\nz",1\n' + "k,2\n" * 20).encode(),
]


@fuzzed
@given(data=hostile(*CSVS))
def test_csv(attempts, data):
    tried(attempts["csv"], data)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=8)


@st.composite
def grammar(draw):
    """A random table: what was meant, how it was written, and its bytes."""
    separator, mark = draw(
        st.sampled_from([(";", ","), (";", "."), (",", "."), ("\t", ","), ("\t", "."), ("|", ".")])
    )
    quoted, end = draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n"]))
    number = st.none() | st.integers(-(10**8), 10**8).map(lambda n: n / 100)
    other = WORDS | st.sampled_from(["n.v.t.", '"', "-", "1e5", "NaN", "01-02-2024"])
    meant = draw(
        st.lists(
            st.tuples(st.dates(dt.date(1990, 1, 1), dt.date(2040, 1, 1)), number, other),
            min_size=1,
            max_size=12,
        )
    )

    def cell(text):
        if quoted or any(c in text for c in (separator, '"', "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text

    rows = [["day", "kWh", "note"]]
    rows += [[f"{day}", "" if n is None else f"{n:.2f}".replace(".", mark), other] for day, n, other in meant]
    text = end.join(separator.join(cell(value) for value in row) for row in rows) + end
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return [n for _, n, _ in meant], text.encode(encoding)


@fuzzed
@given(table=grammar())
def test_random_tables_are_read_as_they_were_meant(attempts, table):
    numbers, data = table
    found = tried(attempts["grammar.csv"], data)
    if found is None or "kWh" not in found.names or not found.is_number("kWh"):
        return
    read = found.numbers("kWh")
    meant = np.array([np.nan if n is None else n for n in numbers])
    assert len(read) == len(meant)
    np.testing.assert_array_equal(read, meant)


# Excel


def workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["tijd", "kWh", "locatie", "ok"])
    for hour in range(24):
        sheet.append([dt.datetime(2024, 1, 1, hour), 1234.5 + hour, f"Groningen {hour % 3}", hour % 2 == 0])
    sheet["E2"], sheet["E3"], sheet["E4"] = "=B2*2", dt.time(8, 30), dt.timedelta(hours=30)
    sheet.merge_cells("F1:G3")
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    book.create_sheet("empty")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
    # Without the moment of its making the same examples are tried each time.
    PARTS = {
        name: re.sub(rb"202\d-[^<]*Z", b"2024-01-01T00:00:00Z", archive.read(name))
        for name in archive.namelist()
    }


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


BOOK = packed(PARTS)


@fuzzed
@given(data=hostile(BOOK))
def test_xlsx(attempts, data):
    tried(attempts["xlsx"], data)


REFERENCES = [
    "A1",
    "AZ40",
    "A5000",
    "XFD1048576",
    "A0",
    "A99999999999",
    "ZZZZZZ1",
    "A",
    "1",
    "",
    "A-1",
    "B2:A1",
]
ROWS = ["0", "-1", "1", "1048577", "4294967296", "x"]
TYPES = ["s", "n", "b", "e", "str", "inlineStr", "d", "z", ""]
VALUES = ["", "-1", "999999999", "4294967296", "99999999999999999999", "1e400", "-1e308", "nan", "2958466",
          "-700000", "true", "#REF!", "2024-13-45", "1" * 5000, "&amp;", "\u202e", "_x0000_"]  # fmt: skip


@st.composite
def rebuilt(draw):
    """A sound zip whose XML is odd."""
    parts = dict(PARTS)
    for _ in range(draw(st.integers(1, 4))):
        how = draw(
            st.sampled_from(
                ("reference", "type", "value", "style", "dimension", "merge", "drop", "bytes", "row")
            )
        )
        sheet = parts.get(SHEET, b"").decode("utf-8", "replace")
        changed = None
        if how == "drop":
            parts.pop(draw(st.sampled_from(sorted(PARTS))), None)
        elif how == "bytes":
            name = draw(st.sampled_from(sorted(PARTS)))
            if name in parts:
                parts[name] = draw(mutated(parts[name]))
        elif how == "dimension":
            changed = re.sub(
                r'<dimension ref="[^"]*"', f'<dimension ref="A1:{draw(st.sampled_from(REFERENCES))}"', sheet
            )
        elif how == "merge":
            merged = f'<mergeCell ref="A1:{draw(st.sampled_from(REFERENCES))}"/>'
            changed = sheet.replace(
                "<mergeCells", f"<mergeCells><mergeCell ref='A1:B9'/></mergeCells><mergeCells{merged}", 1
            )
        else:
            pattern, values = {
                "reference": (r'<c r="[^"]*"', [f'<c r="{r}"' for r in REFERENCES]),
                "row": (r'<row r="[^"]*"', [f'<row r="{r}"' for r in ROWS]),
                "type": (r'(?<=") t="[^"]*"', [f' t="{t}"' for t in TYPES]),
                "style": (r' s="\d+"', [f' s="{s}"' for s in ("0", "1", "99", "-1", "4294967296")]),
                "value": (r"<v>[^<]*</v>", [f"<v>{v}</v>" for v in VALUES]),
            }[how]  # fmt: skip
            found = list(re.finditer(pattern, sheet))
            if found:
                at = draw(st.sampled_from(found))
                changed = sheet[: at.start()] + draw(st.sampled_from(values)) + sheet[at.end() :]
        if changed is not None and SHEET in parts:
            parts[SHEET] = changed.encode()
    return packed(parts)


@fuzzed
@given(data=rebuilt())
def test_xlsx_with_odd_xml(attempts, data):
    # The library behind aborts on some of these: the walls of the child are what stops it, in one sentence.
    tried(attempts["xml.xlsx"], data, "fault", "late", "death")


@pytest.mark.parametrize("reference", ["XFE1", "A1048577", "XFD1048576", "ZZZZZZ1"])
def test_a_cell_at_the_end_of_the_world_stops_nothing(tmp_path, reference):
    sheet = PARTS[SHEET].replace(b'r="B2"', f'r="{reference}"'.encode())
    one = Attempts(tmp_path, "load.xlsx", kinds.TABLES)
    one.read(packed(PARTS | {SHEET: sheet}), used)
    assert one.ends.total() == 1


# Parquet


def stored(compression, dictionary):
    stamps = [dt.datetime(2024, 1, 1, hour) for hour in range(24)]
    table = pa.table(
        {
            "time": pa.array(stamps, pa.timestamp("us", "Europe/Amsterdam")),
            "kWh": pa.array([1234.5 + hour for hour in range(24)]),
            "count": pa.array([None, *range(23)], pa.int32()),
            "site": pa.array([f"Groningen {hour % 3}" for hour in range(24)]),
            "on": pa.array([hour % 2 == 0 for hour in range(24)]),
            "day": pa.array([stamp.date() for stamp in stamps]),
        }
    )
    out = io.BytesIO()
    parquet.write_table(table, out, compression=compression, use_dictionary=dictionary, row_group_size=10)
    return out.getvalue()


PARQUETS = [stored("snappy", True), stored("none", False), stored("zstd", True), stored("gzip", False)]


@st.composite
def broken(draw):
    """A Parquet file with damage in its pages or its footer, whose end stays as it is."""
    data = draw(st.sampled_from(PARQUETS))
    footer = int.from_bytes(data[-8:-4], "little")
    at = len(data) - 8 - footer
    pages, foot = data[:at], data[at:-8]
    if draw(st.booleans()):
        foot = draw(mutated(foot))
    else:
        pages = b"PAR1" + draw(mutated(pages[4:]))
    return pages + foot + len(foot).to_bytes(4, "little") + b"PAR1"


@fuzzed
@given(data=st.one_of(broken(), broken(), hostile(*PARQUETS)))
def test_parquet(attempts, data):
    tried(attempts["parquet"], data)


@pytest.mark.parametrize("data", [CSVS[0], BOOK, PARQUETS[0]], ids=["csv", "xlsx", "parquet"])
def test_the_undamaged_ones_are_read(tmp_path, data):
    one = Attempts(tmp_path, "load", kinds.TABLES)
    table = one.read(data, used)
    assert table.numbers(next(n for n in table.names if "kWh" in n)).tolist() == [
        1234.5 + h for h in range(24)
    ]
