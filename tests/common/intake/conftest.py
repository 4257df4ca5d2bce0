"""Makes `mutations` importable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what tries many damaged files, so that a benchmark can run these alone with more of them."""
    for item in items:
        test = getattr(item, "obj", None)
        names = getattr(getattr(test, "__code__", None), "co_names", ())  # some fuzz a function within
        if item.path.parent == HERE and (getattr(test, "is_hypothesis_test", False) or "fuzzed" in names):
            item.add_marker(pytest.mark.fuzz)
