"""From the disk into the spool: a plain file, or a folder as one archive; links and devices stay out."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from common.errors import IntakeError
from common.intake import spool
from common.intake.archive import MAX_ENTRIES, MAX_PIECES
from common.intake.naming import shown_name
from common.intake.recognise import ZARR_MARKS

_SYSTEM_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")


def too_large(name: str, size: int, most: int) -> IntakeError:
    """The refusal of a file by its size in bytes."""
    return IntakeError(
        f"the file has {size / 1e6:,.1f} MB, more than the {most / 1e6:,.1f} MB that are taken in",
        where=name,
        mend="split it, leave out what is not needed, or bring it in a more compact form",
    )


def file(source: int, spooled: int, name: str, most: int) -> int:
    """Copy an opened file of at most so many bytes; its size.

    Raises:
        IntakeError: it is too large, or cannot be read.
    """
    try:
        size = os.fstat(source).st_size
        if size > most:
            raise too_large(name, size, most)
        return spool.fill(
            spooled,
            source,
            most,
            lambda: IntakeError("the file grew while it was read", where=name, mend="try again"),
        )
    except OSError as error:
        raise _unreadable(name, error) from error


def folder(path: Path, spooled: int, most: int) -> int:
    """Copy a folder as an uncompressed zip, so that readers know one form; its size.

    A hash of it covers names and content: times and rights of the files do not change it.

    Raises:
        IntakeError: it holds something else than plain files, too many, or more than so many bytes.
    """
    name, total = shown_name(path), 0
    with os.fdopen(os.dup(spooled), "w+b") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for inner in _files(path, name):
            handle, size = opened(inner)
            total += size
            if total > most:
                os.close(handle)
                raise too_large(name, total, most)
            with os.fdopen(handle, "rb") as content:
                archive.writestr(zipfile.ZipInfo(inner.relative_to(path).as_posix()), content.read(size))
    return os.fstat(spooled).st_size if total else 0


def opened(path: Path) -> tuple[int, int]:
    """Handle and size of a plain file; opened once, so that what is checked is what is read.

    Raises:
        IntakeError: it is a link, folder, device or pipe, not there, or must not be read.
    """
    name = shown_name(path)
    # Not blocking: opening a pipe must not wait for its other end.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise IntakeError("this is a link", where=name, mend="give the file itself")
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise IntakeError("there is no such file", where=name, mend="check the name") from error
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode):
        return handle, found.st_size
    os.close(handle)
    if stat.S_ISDIR(found.st_mode):
        raise IntakeError("this is a folder", where=name, mend="choose a file in it")
    raise IntakeError("this is no plain file", where=name, mend="choose a file")


def _unreadable(name: str, error: Exception) -> IntakeError:
    reason = getattr(error, "strerror", None) or "its name is not allowed"
    return IntakeError(f"the file cannot be opened ({reason})", where=name, mend="check it")


def _files(top: Path, name: str) -> Iterator[Path]:
    """Plain files below a folder in a fixed order; links are refused, system files passed over."""
    count = 0
    most = MAX_PIECES if any((top / mark).exists() for mark in ZARR_MARKS) else MAX_ENTRIES
    for here, inner, files in os.walk(top):
        inner.sort()
        for one in inner:
            if (Path(here) / one).is_symlink():
                raise IntakeError(
                    f"'{shown_name(one)}' in it is a link", where=name, mend="copy the files themselves"
                )
        for one in sorted(files):
            if one in _SYSTEM_FILES:
                continue
            count += 1
            if count > most:
                raise IntakeError(
                    f"the folder holds more than {most:,} files", where=name, mend="choose a part of it"
                )
            yield Path(here) / one
