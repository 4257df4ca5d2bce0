"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from common import benchmark_data as real_data


@pytest.fixture(scope="session")
def benchmark_data() -> Path:
    folder = real_data.folder()
    if folder is None:
        pytest.skip("the real benchmark data are not here: set PILOTS_DATA to their folder")
    return folder
