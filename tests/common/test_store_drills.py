"""The drills of benchmarks/reliability_vault.py, a few turns each."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "reliability_vault.py"


@pytest.fixture(scope="module")
def drills():
    spec = importlib.util.spec_from_file_location("reliability_vault", BENCHMARK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_kill_at_any_moment_loses_at_most_what_was_being_stored(drills):
    assert drills.kill9(20, seed=int.from_bytes(os.urandom(4), "big")) == 20


def test_no_damage_is_opened_without_a_word(drills):
    assert drills.corruptions(300, 37, seed=int.from_bytes(os.urandom(4), "big")) == 0


@pytest.mark.parametrize("name", ["full_disk", "read_only"])
def test_a_disk_that_takes_nothing_is_one_line(drills, name):
    said = getattr(drills, name)()
    if said.startswith("skipped"):
        pytest.skip(said)
    assert said.startswith("one line each")


def test_two_writers_never_mix(drills):
    assert "every one whole" in drills.two_writers(30)


def test_sigterm_leaves_the_old_state(drills):
    assert drills.sigterm(2).startswith("one line, old state intact")
