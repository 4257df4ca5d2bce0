"""Where the real data for measuring lies; it is never part of the project."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path | None:
    """Folder named by the environment variable PILOTS_DATA, else `../shared/data` beside the project.

    Returns:
        The folder, or None where there is none (tests then skip, benchmarks say what they miss).
    """
    named = os.environ.get("PILOTS_DATA")
    path = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return path if path.is_dir() else None
