"""The one door for files from outside: a plain file or folder, not too large, and what it is by its content.

What is brought is copied into a sealed spool at once, so that what was checked is what is read; nothing is
unpacked, executed or fetched here. The parse itself runs in a child, see `common.intake.child`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from functools import cached_property
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import IntakeError, MissingExtraError
from common.intake import child, copying, spool
from common.intake import kinds as known
from common.intake.naming import shown_name
from common.intake.recognise import HEAD_BYTES, recognise

if TYPE_CHECKING:
    from common.intake.parcel import Parcel

_TAIL_BYTES = 16
_FOLDERS = (known.DICOM, known.ZARR)


class Taken:
    """A file that came through the door.

    Attributes:
        path: where it lies; for messages and records, its content is read from the sealed copy alone.
        kind: what it is by its content, see `common.intake.kinds`.
        size_bytes: its size in bytes.
    """

    def __init__(self, path: Path, kind: str, size_bytes: int, handle: int) -> None:
        self.path, self.kind, self.size_bytes = path, kind, size_bytes
        self._handle = handle
        weakref.finalize(self, os.close, handle)

    @cached_property
    def sha256(self) -> str:
        """Hash of its bytes, as hexadecimal digits; of a folder, over names and content of its files."""
        return spool.sha256(self._handle)

    @property
    def name(self) -> str:
        """The name to show: without folders and unprintable characters."""
        return shown_name(self.path)

    def parse(self, reader: str = "", *, modules: Sequence[str] = (), **options: Any) -> Parcel:
        """Let a reader parse it in the child.

        Args:
            reader: "package.module:function"; "" for the kind's own reader.
            modules: libraries that this reader needs.
            options: the reader's keyword arguments, fit for JSON.

        Raises:
            PilotError: the content is refused, damaged, too large, or makes no sense.
            MissingExtraError: a library is not installed.
        """
        own = known.KINDS[self.kind]
        wanted = tuple(modules) if reader else own.modules
        for module in wanted:
            if util.find_spec(module.partition(".")[0]) is None:
                raise MissingExtraError(module, own.extra or "dev")
        return child.parse(
            self._handle,
            reader or own.reader,
            name=self.name,
            kind=self.kind,
            words=own.words,
            size_bytes=self.size_bytes,
            modules=wanted,
            options=options,
        )


def warm(kinds: Sequence[str]) -> None:
    """Start what will read these kinds, without waiting: libraries are then imported when a file comes."""
    for kind in kinds:
        child.warm(known.KINDS[kind].reader, known.KINDS[kind].modules)


def take(path: Path | str, kinds: Sequence[str] = known.TABLES, max_bytes: int | None = None) -> Taken:
    """Let a file in, or say why not.

    Args:
        path: the file, or the folder of a DICOM study or Zarr store; links, devices and pipes are refused.
        kinds: what is taken in, see `common.intake.kinds`.
        max_bytes: largest size in bytes, checked before anything is read; None: as the kinds allow.

    Raises:
        IntakeError: it is not there, no plain file, empty, too large, or not of a wanted kind.
    """
    path, wanted = Path(path), tuple(kinds)
    handle = spool.fresh("upload")
    try:
        if set(wanted) & set(_FOLDERS) and path.is_dir() and not path.is_symlink():
            most = max_bytes or max(known.KINDS[kind].max_mb for kind in wanted) * known.MB
            size = copying.folder(path, handle, most)
            kind = _kind(handle, size, shown_name(path), wanted)
        else:
            source, size = copying.opened(path)
            try:
                kind = _kind(source, size, shown_name(path), wanted)
                os.lseek(source, 0, os.SEEK_SET)
                most = max_bytes or known.KINDS[kind].max_mb * known.MB
                size = copying.file(source, handle, shown_name(path), most)
            finally:
                os.close(source)
        spool.seal(handle)
        return Taken(path, kind, size, handle)
    except BaseException:
        os.close(handle)
        raise


def _kind(handle: int, size: int, name: str, wanted: tuple[str, ...]) -> str:
    """What an opened file is, if it is wanted."""
    if not size:
        raise IntakeError("the file is empty", where=name, mend="choose a file with content")
    head = os.pread(handle, HEAD_BYTES, 0)
    tail = os.pread(handle, _TAIL_BYTES, max(size - _TAIL_BYTES, 0))
    try:
        kind, looks = recognise(head, tail, size, handle)
    except IntakeError as error:
        raise IntakeError(error.what, where=name, mend=error.mend) from error
    # Its type may stand far behind, after the features.
    if kind == known.JSON and kind not in wanted and known.GEOJSON in wanted:
        return known.GEOJSON
    if kind not in wanted:
        raise IntakeError(
            f"this looks like {looks}", where=name, mend=f"bring {known.wanted(wanted)} instead"
        )
    return kind
