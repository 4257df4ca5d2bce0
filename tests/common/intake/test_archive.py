from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed

from common.errors import IntakeError, PilotError
from common.intake import archive
from common.intake.archive import Counter, inflate, open_archive

MB = 1 << 20


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as file:
        for name, content in entries:
            file.writestr(name, content)
    return out.getvalue()


def info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


def test_a_plain_zip_is_read_and_folders_are_no_files():
    found = open_archive(packed(("map/", b""), ("map/veld.shp", b"abc"), ("é.txt", b"d")), "x.zip")
    assert found.names == ["map/veld.shp", "é.txt"]
    assert found.read("map/veld.shp") == b"abc"
    assert found.head("map/veld.shp", 2) == b"ab"
    assert found.size_bytes("é.txt") == 1
    with pytest.raises(IntakeError, match="'no' is missing"):
        found.read("no")


@pytest.mark.parametrize(
    "name",
    ["../a", "a/../../b", "/etc/passwd", "C:/x", "C:x", "a\\b", "a\nb", "\x1b[2J", "x" * 600, "a\x00b"],
)
def test_names_that_are_no_plain_names_are_refused(name):
    # zipfile mends some names while it writes, so that the crafted one is put in afterwards.
    neutral = "n" * len(name.encode())
    data = packed((neutral, b"x")).replace(neutral.encode(), name.encode())
    with pytest.raises(IntakeError, match="climbs out of its folder or is no plain name"):
        open_archive(data, "x.zip")


@pytest.mark.parametrize(
    ("mode", "words"), [(0o120777, "a link"), (0o010644, "a link"), (0o060644, "a link")]
)
def test_links_and_devices_are_refused(mode, words):
    with pytest.raises(IntakeError, match=words):
        open_archive(packed((info("veld.shp", mode), b"/etc/passwd")), "x.zip")


def test_two_entries_of_one_name_are_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = packed(("a", b"1"), ("a", b"2"))
    with pytest.raises(IntakeError, match="occurs twice"):
        open_archive(data, "x.zip")


def test_encrypted_and_unusual_compression_are_refused():
    data = bytearray(packed(("a", b"1")))
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    with pytest.raises(IntakeError, match="encrypted"):
        open_archive(bytes(data), "x.zip")
    with pytest.raises(IntakeError, match="packed in a way"):
        open_archive(packed(("a", b"1"), how=zipfile.ZIP_LZMA), "x.zip")


def test_a_bomb_is_refused_by_what_it_declares_and_by_what_comes_out():
    honest = packed(("a", bytes(300 * MB)))
    with pytest.raises(IntakeError, match=r"grows past \d+ MB from 0\.3 MB"):
        open_archive(honest, "x.zip")
    # It declares 10 bytes and holds 300 MB.
    lying = bytearray(honest)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", lying, lying.index(mark) + offset, 10)
    found = open_archive(bytes(lying), "x.zip")
    with pytest.raises(IntakeError):
        found.read("a")


def test_many_entries_and_overlapping_ones_are_refused():
    with pytest.raises(IntakeError, match="5,001 entries"):
        open_archive(packed(*((f"f{i}", b"") for i in range(5001))), "x.zip")
    data = bytearray(packed(("a", b"1" * 1000), ("b", b"2" * 1000), how=zipfile.ZIP_STORED))
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 10)  # the second entry begins inside the first
    with pytest.raises(IntakeError, match="overlap"):
        open_archive(bytes(data), "x.zip")


@pytest.mark.parametrize(
    "inner", [packed(("a", b"1")), gzip.compress(b"x" * 100), b"7z\xbc\xaf\x27\x1c" + bytes(20)]
)
def test_archives_in_archives_are_refused(inner):
    found = open_archive(packed(("study.zip", inner)), "x.zip")
    with pytest.raises(IntakeError, match=r"'study\.zip' in it is an archive itself"):
        found.read("study.zip")


def test_a_cut_zip_is_refused():
    whole = packed(("a", b"1" * 1000), ("b", b"2" * 1000))
    for cut in range(4, len(whole), 7):
        with pytest.raises(IntakeError):
            open_archive(whole[:cut], "x.zip").read("a")


def test_gzip_and_deflate_come_out_whole():
    content = bytes(range(256)) * 5000
    assert inflate(gzip.compress(content), Counter("x", len(content)), gzipped=True) == content
    two = gzip.compress(content) + gzip.compress(b"tail")
    assert inflate(two, Counter("x", len(content)), gzipped=True) == content + b"tail"
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = engine.compress(content) + engine.flush()
    assert inflate(raw, Counter("x", len(content)), gzipped=False) == content
    for cut in (10, len(raw) // 2, len(raw) - 1):
        with pytest.raises(IntakeError, match=r"cut off|damaged"):
            inflate(raw[:cut], Counter("x", 1), gzipped=False)


def test_gzip_is_stopped_while_it_grows(monkeypatch):
    data = gzip.compress(bytes(200 * MB))
    counter = Counter("x.nii.gz", len(data))
    with pytest.raises(IntakeError, match="grows past"):
        inflate(data, counter, gzipped=True)
    assert counter.total_bytes < archive.FREE_BYTES + 2 * MB


@fuzzed
@given(st.data())
def test_a_damaged_zip_raises_the_projects_own_errors_or_opens(data):
    content = bytearray(packed(("a/b.shp", b"1" * 300), ("c", bytes(300))))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PilotError):
        found = open_archive(bytes(content[: data.draw(st.integers(0, len(content)))]), "x.zip")
        assert all(len(found.read(name)) <= 1 << 20 for name in found.names)
