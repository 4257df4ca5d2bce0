"""What a file is called in messages: "the scan" or "file 3 of 22"; its name may be a person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import PilotError
from common.intake import shown_name

_INNER = re.compile(r"^(the name )?'.*'", re.DOTALL)
"""How the door begins a sentence about one file within a folder or zip."""


@contextmanager
def called(path: Path, words: str, *, inner: bool = False) -> Iterator[None]:
    """Take a file's name out of the errors that are raised within.

    Args:
        path: the file or folder that is read.
        words: what it is called instead.
        inner: names of what it holds may be said: they are names of arrays, not of files.

    Raises:
        PilotError: the one that was raised, without names.
    """
    name = shown_name(path)
    try:
        yield
    except PilotError as error:
        if error.where.startswith(name):
            error.where = words + error.where[len(name) :]
        if not inner:
            error.what = _INNER.sub(lambda m: "the name of a file" if m[1] else "a file", error.what)
        error.args = (error.what, error.where, error.mend)
        # What it came from may hold the path.
        raise error from None
