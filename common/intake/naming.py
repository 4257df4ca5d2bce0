"""A file's name as it may be shown: one line, no folders, not endless, without a person's number in it."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_NAME = 60
_LONG_NUMBER = re.compile(r"\d{9,}")
_MOMENT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
)


def shown_name(path: Path | str) -> str:
    """A file's name for messages.

    Numbers of nine digits and more become `#`: scans are often named after the patient's number, and a
    message may be copied into a mail. Moments such as 202401011330 stay.
    """
    # A name made on Windows may carry its folders along.
    base = re.split(r"[/\\]", str(path))[-1]
    name = "".join(c if c.isprintable() else "?" for c in base) or "file"
    name = _LONG_NUMBER.sub(lambda m: m[0] if _MOMENT.fullmatch(m[0]) else "#" * len(m[0]), name)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
