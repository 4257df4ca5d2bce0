"""What becomes of damaged files: read, refused, or a reader that failed in a way it should not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import intake
from common.errors import PilotError


class Attempts:
    """Counts how attempts at reading ended; any error but a PilotError goes on to the test.

    Attributes:
        ends: "read", "refused", "fault" (the reader raised what it should have named), "late" and "death".
        last: an example of each, for the report.
    """

    def __init__(self, folder: Path, name: str, wanted: Sequence[str]) -> None:
        self._path, self._wanted = folder / name, tuple(wanted)
        self.ends: Counter[str] = Counter()
        self.last: dict[str, bytes] = {}

    def read(self, data: bytes, use: Callable[[Any], Any] | None = None, **options: Any) -> Any:
        """Read it; what was read, or None where it was refused.

        Args:
            data: the file.
            use: what is done with what came through the door; None parses it.
            options: of the reader.
        """
        self._path.write_bytes(data)
        found, said = None, ""
        try:
            taken = intake.take(self._path, self._wanted)
            found = use(taken) if use else taken.parse(**options)
            end = "read"
        except PilotError as error:
            said, what = str(error), error.what
            end = "death" if "gave up" in what else "late" if "too long" in what else "refused"
            end = "fault" if "of an unusual kind" in what else end
        assert "\n" not in said
        assert "Traceback" not in said
        self.ends[end] += 1
        self.last[end] = data
        return found

    def report(self) -> str:
        """How they ended, in a line."""
        return ", ".join(f"{count} {end}" for end, count in self.ends.most_common())
