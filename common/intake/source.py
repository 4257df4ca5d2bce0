"""What a reader in the child gets: the bytes of what was brought, as a view, a path or an archive."""

from __future__ import annotations

import mmap
import os
import sys
from functools import cached_property

from common.intake.archive import Archive, open_archive


class Source:
    """One upload, in the child.

    Attributes:
        name: the file's name, for messages (`where=source.name`); it is no path.
        kind: what it is by its content, see `common.intake.kinds`.
        size_bytes: its size.
    """

    def __init__(self, name: str, kind: str, handle: int) -> None:
        self.name, self.kind, self._handle = name, kind, handle
        self.size_bytes = os.fstat(handle).st_size

    @cached_property
    def view(self) -> memoryview:
        """All bytes, not copied; an array over them is handed back without a copy as well."""
        return memoryview(mmap.mmap(self._handle, self.size_bytes, prot=mmap.PROT_READ))

    def read(self) -> bytes:
        """All bytes."""
        return bytes(self.view)

    @property
    def path(self) -> str:
        """A path under which a library can open it; it ends in no name, so a driver has to be stated."""
        return f"/proc/self/fd/{self._handle}" if sys.platform == "linux" else f"/dev/fd/{self._handle}"

    def archive(self, **caps: int) -> Archive:
        """The upload as a looked-over zip; a folder that was brought is one as well.

        Args:
            caps: as for `common.intake.archive.open_archive`.
        """
        file = os.fdopen(os.dup(self._handle), "rb")
        return open_archive(file, self.name, **caps)
