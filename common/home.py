"""The folder in which the suite keeps a user's jobs, models and forecasts."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """Folder named by the environment variable PILOTS_HOME, else the user's own data folder.

    It is not created here; whoever writes into it does that (with mode 0700).
    """
    named = os.environ.get("PILOTS_HOME")
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "sector-pilots"
