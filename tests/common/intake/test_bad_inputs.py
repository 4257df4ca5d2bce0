"""The crafted bad inputs that lie beside the benchmark data: each fares as its manifest says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.reliability_inputs import Outcome, generate, run


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> tuple[list[Outcome], dict[str, int]]:
    folder = generate(tmp_path_factory.mktemp("bad"))
    if folder is None:
        pytest.skip("the generator of bad inputs is not here: set PILOTS_DATA to the folder beside it")
    return run(folder, tmp_path_factory.mktemp("home"))


@pytest.mark.data
@pytest.mark.parametrize(("expect", "count"), [("refuse", 66), ("sanitise", 7), ("accept", 17)])
def test_each_is_refused_sanitised_or_accepted_as_it_should_be(outcomes, expect, count):
    found = [outcome for outcome in outcomes[0] if outcome.expect == expect]
    assert len(found) >= count
    assert not [(outcome.file, outcome.said, outcome.seconds) for outcome in found if not outcome.good]


@pytest.mark.data
def test_nothing_leaks_connects_runs_or_dies(outcomes):
    assert outcomes[1] == {"leaks": 0, "requests": 0, "code_run": 0, "deaths": 0}
