"""Makes `synthetic` and `files` importable; reads texts as files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from energy.data import read_load

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file called load.csv."""

    def reads(content, **options):
        path = tmp_path / "load.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_load(path, **options)

    return reads
