"""The one door for files from outside: a regular file, not too large, and what it is by its content.

The name of a file says nothing here: `load.csv` may hold a picture. What is not wanted is named in the
refusal, so that a reader knows what to do. Nothing is unpacked, executed or fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.encoding import as_utf8
from common.errors import IntakeError

MAX_BYTES = 200_000_000
CSV, PARQUET = "csv", "parquet"
_KIND_WORDS = {CSV: "delimited text (CSV)", PARQUET: "Parquet"}
_PARQUET_MARK, _ENCRYPTED_MARK = b"PAR1", b"PARE"
_LONGEST_NAME = 60

# First bytes -> what to call it. Long marks before the short ones that they begin with.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"II+\x00", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (XLSX)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (XLS)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 or NetCDF-4 file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"CDF\x02", "a NetCDF file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"ARROW1\x00\x00", "an Arrow (Feather) file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"RIFF", "a sound, film or picture"),
    (b"OggS", "a sound"),
    (b"ID3", "a sound"),
)
# Signatures that ordinary letters make too, so that a header such as "MZ-meter;kWh" would match: they count
# only where the file is no text.
_LETTERS = (b"MZ", b"ORC", b"BZh", b"GIF8", b"RIFF", b"OggS", b"ID3")
_PICKLE_TEXT = re.compile(rb"(?:\(dp?\d*\n|\(lp?\d*\n|c[\w.]+\n\w+\n)")
_TEXTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\s*<"), "a web page or XML"),
    (re.compile(rb"\s*(?:\{|\[\s*[\[{\]])"), "JSON"),
    (re.compile(rb"#!\s*/"), "a script"),
    (re.compile(rb"\{\\rtf"), "an RTF document"),
    (_PICKLE_TEXT, "a Python pickle, which can run code"),
)


@dataclass(frozen=True)
class Taken:
    """A file that came through the door.

    Attributes:
        path: where it lies.
        kind: what it is by its content: "csv" (delimited text) or "parquet".
        sha256: hash of its bytes, as hexadecimal digits.
        size_bytes: its size in bytes.
    """

    path: Path
    kind: str
    sha256: str
    size_bytes: int

    @property
    def name(self) -> str:
        """The name to show: without folders and unprintable characters."""
        return shown_name(self.path)

    def read(self) -> bytes:
        """The bytes, which must still be those that were looked at.

        Raises:
            IntakeError: the file is gone or another one by now.
        """
        data = _bytes_of(self.path, max(self.size_bytes, 1))
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise IntakeError("the file changed while it was read", where=self.name, mend="try again")
        return data


def shown_name(path: Path | str) -> str:
    """A file's name for messages: no folders, one line, not endless."""
    # A name made on Windows may carry its folders along.
    base = re.split(r"[/\\]", str(path))[-1]
    name = "".join(c if c.isprintable() else "?" for c in base) or "file"
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def take(path: Path | str, kinds: Sequence[str] = (CSV, PARQUET), max_bytes: int = MAX_BYTES) -> Taken:
    """Let a file in, or say why not.

    Args:
        path: the file; links, folders, devices and pipes are refused.
        kinds: what is wanted: "csv", "parquet".
        max_bytes: largest size in bytes, checked before anything is read.

    Raises:
        IntakeError: the file is not there, not a plain file, empty, too large, or not of a wanted kind.
    """
    where, data = shown_name(path), _bytes_of(Path(path), max_bytes)
    if not data:
        raise IntakeError("the file is empty", where=where, mend="choose a file with content")
    wanted = " or ".join(_KIND_WORDS[kind] for kind in kinds)
    kind, looks = _recognise(data)
    if kind not in kinds:
        raise IntakeError(f"this looks like {looks}", where=where, mend=f"bring {wanted} instead")
    return Taken(Path(path), kind, hashlib.sha256(data).hexdigest(), len(data))


def _bytes_of(path: Path, max_bytes: int) -> bytes:
    """Content of a plain file; opened once, so that what is checked is what is read."""
    where = shown_name(path)
    # Not blocking: opening a pipe must not wait for its other end.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise IntakeError("this is a link", where=where, mend="give the file itself")
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise IntakeError("this is no plain file", where=where, mend="choose a file")
            if found.st_size > max_bytes:
                raise IntakeError(
                    f"the file has {found.st_size / 1e6:,.1f} MB, more than the {max_bytes / 1e6:,.1f} MB "
                    "that are taken in",
                    where=where,
                    mend="split it, leave columns out, or bring it as Parquet",
                )
            data = file.read(max_bytes + 1)
    except IsADirectoryError as error:
        raise IntakeError("this is a folder", where=where, mend="choose a file in it") from error
    except FileNotFoundError as error:
        raise IntakeError("there is no such file", where=where, mend="check the name") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not allowed"
        raise IntakeError(f"the file cannot be opened ({reason})", where=where, mend="check it") from error
    if len(data) > max_bytes:
        raise IntakeError("the file grew while it was read", where=where, mend="try again")
    return data


def _recognise(data: bytes) -> tuple[str, str]:
    """The kind ("" where none is known) and words for what the bytes look like."""
    if data.startswith(_PARQUET_MARK):
        return _parquet(data)
    if data.startswith(_ENCRYPTED_MARK):
        return "", "an encrypted Parquet file"
    for mark, words in _SIGNATURES:
        if data.startswith(mark) and mark not in _LETTERS:
            return "", words
    if data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05" and data.endswith(b"."):
        return "", "a Python pickle, which can run code"
    if data[128:132] == b"DICM":
        return "", "a DICOM scan"
    text = as_utf8(data)
    if text is not None:
        return next((("", words) for form, words in _TEXTS if form.match(text[1])), (CSV, "delimited text"))
    for mark, words in _SIGNATURES:
        if data.startswith(mark):
            return "", words
    if b"\x00" in data and as_utf8(data.replace(b"\x00", b"")) is not None:
        return "", "a damaged text (it holds zero bytes)"
    return "", "no text, nor anything else that is known here"


def _parquet(data: bytes) -> tuple[str, str]:
    """Parquet ends with its footer, the footer's length and the mark that it began with."""
    if not data.endswith(_PARQUET_MARK) or len(data) < 12:
        return "", "a Parquet file that was cut off"
    (length,) = struct.unpack("<I", data[-8:-4])
    if not 0 < length <= len(data) - 12:
        return "", "a damaged Parquet file"
    return PARQUET, "Parquet"
