"""Zip, gzip and raw deflate, inflated with a counter: what a file claims about its size is never believed.

Nothing is ever unpacked onto the disk. A zip is looked over before anything in it is read: names that climb
out, links, encryption, entries that overlap or occur twice, and archives within the archive are refused.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from common.errors import IntakeError

MAX_ENTRIES, MAX_PIECES = 5_000, 50_000
"""Most entries of an archive or folder; a Zarr store has one for each of its pieces."""
MAX_TOTAL_BYTES = 1 << 30
MAX_RATIO = 250
"""Bytes out for a byte in. Scans and rasters reach 100; zeros alone, of which bombs are made, 1,000."""
FREE_BYTES = 64 << 20
"""Up to this much the ratio does not matter: a small file of nearly nothing harms nobody."""
_BLOCK = 1 << 20
_END, _END_BYTES = b"PK\x05\x06", 22
_NESTED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")

Buffer = bytes | bytearray | memoryview


@dataclass
class Counter:
    """Counts what is inflated, over all entries of one upload.

    Attributes:
        where: the file's name, for messages.
        packed_bytes: size of what is inflated, for the ratio.
        max_total_bytes, max_ratio: the caps.
        total_bytes: inflated so far.
    """

    where: str
    packed_bytes: int
    max_total_bytes: int = MAX_TOTAL_BYTES
    max_ratio: float = MAX_RATIO
    total_bytes: int = 0

    def add(self, count: int) -> None:
        """Count so many bytes more.

        Raises:
            IntakeError: it is more than a sound file of this size grows to.
        """
        self.total_bytes += count
        allowed = min(self.max_total_bytes, max(FREE_BYTES, self.max_ratio * self.packed_bytes))
        if self.total_bytes > allowed:
            raise IntakeError(
                f"unpacked, it grows past {allowed / 1e6:,.0f} MB from {self.packed_bytes / 1e6:,.1f} MB",
                where=self.where,
                mend="bring it unpacked, or a part of it",
            )


def inflate(data: Buffer, counter: Counter, *, gzipped: bool) -> bytearray:
    """Inflate a gzip file or a raw deflate stream (DICOM's deflated transfer syntax), counting.

    Raises:
        IntakeError: it is damaged, cut off, or grows too much.
    """
    out, packed = bytearray(), memoryview(data)
    engine = zlib.decompressobj(31 if gzipped else -15)
    at = 0
    try:
        while True:
            if engine.eof:
                rest = engine.unused_data
                # gzip files may hold several members one after the other; padding after them is allowed.
                at -= len(rest)
                if not gzipped or not bytes(packed[at : at + 2]).startswith(b"\x1f\x8b"):
                    return out
                engine = zlib.decompressobj(31)
                rest = b""
            chunk = engine.unconsumed_tail
            if not chunk:
                chunk = bytes(packed[at : at + _BLOCK])
                at += len(chunk)
            if not chunk and not engine.eof:
                raise IntakeError("it is cut off", where=counter.where, mend="export or copy it anew")
            block = engine.decompress(chunk, _BLOCK)
            counter.add(len(block))
            out += block
    except zlib.error as error:
        raise IntakeError("it is damaged", where=counter.where, mend="export or copy it anew") from error


class Archive:
    """The entries of a zip that was looked over; made by `open_archive`."""

    def __init__(self, file: zipfile.ZipFile, counter: Counter, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._file, self._counter, self._entries = file, counter, entries

    @property
    def names(self) -> list[str]:
        """Names of the files in it, with `/` between folders, in the archive's order."""
        return list(self._entries)

    def size_bytes(self, name: str) -> int:
        """Size that an entry declares."""
        return self._entries[name].file_size

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of an entry."""
        with self._opened(name) as file:
            return self._next(file, name, count)

    def read(self, name: str, *, packed: bool = False) -> bytes:
        """An entry's bytes.

        Args:
            name: of the entry.
            packed: whether it may be packed itself, for a reader that unpacks it counting.

        Raises:
            IntakeError: there is none, it is damaged, an archive itself, or grows too much.
        """
        out = bytearray()
        for block in self.blocks(name, packed=packed):
            out += block
        return bytes(out)

    def blocks(self, name: str, *, packed: bool = False) -> Iterator[bytes]:
        """An entry's bytes in blocks of at most 1 MB; arguments and errors as of `read`."""
        first = not packed
        with self._opened(name) as file:
            while block := self._next(file, name):
                self._counter.add(len(block))
                if first and block.startswith(_NESTED):
                    raise IntakeError(
                        f"'{_short(name)}' in it is an archive itself", where=self._counter.where,
                        mend="bring what is in it",
                    )  # fmt: skip
                first = False
                yield block

    def _opened(self, name: str) -> zipfile.ZipExtFile:
        try:
            return self._file.open(self._entries[name])  # type: ignore[return-value]
        except KeyError as error:
            raise IntakeError(f"'{_short(name)}' is missing in it", where=self._counter.where) from error
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
            ValueError,
        ) as error:
            raise self._damaged(name) from error

    def _next(self, file: zipfile.ZipExtFile, name: str, count: int = _BLOCK) -> bytes:
        try:
            return file.read(count)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> IntakeError:
        return IntakeError(
            f"'{_short(name)}' in it is damaged", where=self._counter.where, mend="pack it anew"
        )


def open_archive(
    data: Buffer | io.BufferedIOBase,
    where: str,
    *,
    max_entries: int = MAX_ENTRIES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    max_ratio: float = MAX_RATIO,
) -> Archive:
    """Look over a zip before anything in it is read.

    Args:
        data: the whole zip, or a seekable file of it.
        where: its name, for messages.
        max_entries: most entries.
        max_total_bytes: most bytes unpacked, over all entries that are read.
        max_ratio: most bytes unpacked for a byte packed, beyond 64 MB.

    Raises:
        IntakeError: it is damaged, encrypted, declares too much, or holds a name that climbs out, a link, two
            entries of one name, or entries that overlap.
    """
    stream = io.BytesIO(bytes(data)) if isinstance(data, bytes | bytearray | memoryview) else data
    size = stream.seek(0, io.SEEK_END)
    _check_end(stream, size, where, max_entries)
    try:
        file = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
        raise IntakeError("the ZIP archive is damaged", where=where, mend="pack it anew") from error
    counter = Counter(where, size, max_total_bytes, max_ratio)
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in file.infolist():
        _check_entry(entry, where)
        if entry.is_dir():
            continue
        if entry.filename in entries:
            raise IntakeError(
                f"'{_short(entry.filename)}' occurs twice in it", where=where, mend="pack it anew"
            )
        entries[entry.filename] = entry
    _check_overlap(list(entries.values()), where)
    declared = sum(entry.file_size for entry in entries.values())
    Counter(where, size, max_total_bytes, max_ratio).add(declared)
    return Archive(file, counter, entries)


def _check_end(stream: io.BufferedIOBase | io.BytesIO, size: int, where: str, max_entries: int) -> None:
    """What the archive's end declares, read before the list of entries is."""
    stream.seek(max(size - _END_BYTES - 0xFFFF, 0))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise IntakeError("the ZIP archive is cut off", where=where, mend="copy or pack it anew")
    count, listed = struct.unpack_from("<HI", tail, at + 10)
    # 0xFFFF announces zip64, for archives far beyond what is taken in here.
    if count > max_entries or listed > 1000 * max_entries:
        raise too_many(count, max_entries, where)
    stream.seek(0)


def too_many(count: int, most: int, where: str) -> IntakeError:
    """The refusal of an archive by the number of its entries."""
    return IntakeError(
        f"the ZIP archive holds {count:,} entries, more than {most:,}",
        where=where,
        mend="bring only what is needed",
    )


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    name, said = entry.filename, _short(entry.filename)
    # zipfile cuts a name at a zero byte and turns backslashes on Windows: what was written counts.
    raw = entry.orig_filename
    parts = PurePosixPath(raw).parts
    if (
        not raw or raw.startswith("/") or "\\" in raw or ".." in parts or not raw.isprintable()
        or (len(raw) > 1 and raw[1] == ":") or len(raw) > 500 or name != raw
    ):  # fmt: skip
        raise IntakeError(
            f"the name '{said}' in it climbs out of its folder or is no plain name",
            where=where,
            mend="pack it anew",
        )
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise IntakeError(f"'{said}' in it is a link", where=where, mend="pack the file itself")
    if entry.flag_bits & 0x1:
        raise IntakeError("the ZIP archive is encrypted", where=where, mend="bring it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise IntakeError(
            f"'{said}' is packed in a way that is not taken in", where=where, mend="pack it as a plain ZIP"
        )


def _check_overlap(entries: list[zipfile.ZipInfo], where: str) -> None:
    """Entries that share their bytes make a small archive endless."""
    end = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < end:
            raise IntakeError("entries of the ZIP archive overlap", where=where, mend="pack it anew")
        end = entry.header_offset + 30 + len(entry.orig_filename) + entry.compress_size


def _short(name: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return shown if len(shown) <= 60 else "…" + shown[-59:]
