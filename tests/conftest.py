"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from common import benchmark_data as real_data


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """No test writes into the folder of whoever runs the tests, nor speaks that person's language."""
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PILOTS_LANGUAGE", "en")


@pytest.fixture(scope="session")
def benchmark_data() -> Path:
    folder = real_data.folder()
    if folder is None:
        pytest.skip("the real benchmark data are not here: set PILOTS_DATA to their folder")
    return folder
