from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from common.errors import IntakeError, PilotError
from common.intake import shown_name, take
from common.tables import read_table

CSV = b"time;kWh\n2024-01-01;1\n"


def put(folder, content, name="load.csv"):
    path = folder / name
    path.write_bytes(content)
    return path


def outcome(path) -> str:
    """What the project's own error says; anything else is raised."""
    try:
        read_table(take(path)).frame.describe()
    except PilotError as error:
        return str(error)
    return ""


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return out.getvalue()


def test_text_and_parquet_are_known_by_their_content_not_their_name(tmp_path):
    taken = take(put(tmp_path, CSV, "load.parquet"))
    assert (taken.kind, taken.size_bytes, taken.name) == ("csv", len(CSV), "load.parquet")
    parquet.write_table(pa.table({"a": [1.0]}), tmp_path / "load.csv")
    assert take(tmp_path / "load.csv").kind == "parquet"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG or JPEG picture"),
        (b"%PDF-1.7\n%", "a PDF document"),
        (zipped(), "a ZIP archive of something else"),
        (gzip.compress(CSV), "a gzip archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (b"\x7fELF" + bytes(100), "a program"),
        (b"MZ\x90\x00" + bytes(100), "a Windows program"),
        (pickle.dumps({"a": 1}), "a Python pickle"),
        (pickle.dumps({"a": 1}, protocol=0), "a Python pickle"),
        (b"<!DOCTYPE html><html></html>", "a web page or XML"),
        (b'{"a": [1, 2]}', "JSON"),
        (b"[[1, 2], [3, 4]]", "JSON"),
        (b"PAR1 this is no parquet file PAR1", "a damaged Parquet file"),
        (b"PAR1" + bytes(50), "cut off"),
        (b"PARE" + bytes(50) + b"PARE", "encrypted"),
        (CSV + b"\x00\x00", "zero bytes"),
        (bytes(range(128, 256)) * 4, "no text"),
    ],
)
def test_what_is_not_wanted_is_named_in_one_sentence(tmp_path, content, words):
    with pytest.raises(IntakeError) as error:
        take(put(tmp_path, content))
    said = str(error.value)
    assert words in said
    assert said.startswith("load.csv: ")
    assert "\n" not in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize("header", ["MZ meter;kWh", "ORC;kWh", "[MW];kWh", "tijd;[kWh]", "BZh;kWh"])
def test_letters_that_also_begin_a_program_are_still_text(tmp_path, header):
    assert take(put(tmp_path, f"{header}\n1;2\n".encode())).kind == "csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_any_encoding_comes_in(tmp_path, encoding):
    assert take(put(tmp_path, "tijd;Dré (°C)\n1;2\n".encode(encoding))).kind == "csv"


def test_a_file_is_refused_by_its_size_before_it_is_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(3 * 10**9)
    with pytest.raises(IntakeError, match=r"3,000\.0 MB, more than the 200\.0 MB"):
        take(path)
    with pytest.raises(IntakeError, match="more than"):
        take(put(tmp_path, CSV), max_bytes=5)


def test_only_plain_files_come_in(tmp_path):
    path = put(tmp_path, CSV)
    (tmp_path / "link.csv").symlink_to(path)
    os.mkfifo(tmp_path / "pipe.csv")
    for name, words in (
        ("link.csv", "a link"),
        ("pipe.csv", "no plain file"),
        ("", "a folder"),
        ("none.csv", "no such file"),
    ):
        with pytest.raises(IntakeError, match=words):
            take(tmp_path / name)
    with pytest.raises(IntakeError, match="no plain file"):
        take("/dev/zero")
    with pytest.raises(IntakeError):
        take(str(tmp_path / "a\x00b.csv"))
    with pytest.raises(IntakeError):
        take(tmp_path / ("x" * 300 + ".csv"))


def test_another_kind_than_wanted_is_refused(tmp_path):
    with pytest.raises(IntakeError, match="looks like delimited text; bring Parquet instead"):
        take(put(tmp_path, CSV), kinds=("parquet",))


def test_what_was_checked_is_what_is_read_though_the_file_changes(tmp_path):
    taken = take(put(tmp_path, CSV))
    taken.path.write_bytes(CSV.replace(b";1", b";2"))
    assert list(read_table(taken).numbers("kWh")) == [1.0]


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x.csv", "..\\..\\x.csv", "a\nb.csv", "x" * 300 + ".csv", "/", ""],
)
def test_a_shown_name_is_one_short_line_without_folders(name):
    shown = shown_name(name)
    assert 0 < len(shown) <= 60
    assert shown.isprintable()
    assert "/" not in shown
    assert "\\" not in shown


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"PAR1", b"time;kWh\n", b"a,b\n1,", b"\xff\xfe", b'"']))
def test_random_bytes_raise_the_projects_own_errors_or_come_in(tmp_path_factory, content, begin):
    path = tmp_path_factory.getbasetemp() / "random.csv"
    path.write_bytes(begin + content)
    assert "\n" not in outcome(path)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_parquet_file_raises_the_projects_own_errors_or_comes_in(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.parquet"
    table = pa.table({"time": ["2024-01-01 00:00"] * 20, "kw": [1.5] * 20})
    parquet.write_table(table, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    assert "\n" not in outcome(path)
