"""The contract that every installed pilot keeps."""

from __future__ import annotations

import argparse

import pytest

from common import pilot as pilots
from common.errors import PilotError


@pytest.fixture(params=pilots.names())
def pilot(request):
    return pilots.load(request.param)


def test_at_least_the_energy_pilot_is_installed():
    assert "energy" in pilots.names()


def test_a_pilot_is_what_the_cli_and_the_app_expect(pilot):
    assert isinstance(pilot, pilots.Pilot)
    assert pilot.title
    assert pilot.summary.endswith(".")


@pytest.mark.parametrize("command", ["run", "train", "evaluate"])
def test_every_command_has_defaults_for_all_its_options(pilot, command):
    parser = argparse.ArgumentParser()
    getattr(pilot, f"add_{command}_arguments")(parser)
    options = parser.parse_args([])
    assert vars(options)


def test_doctor_says_how_to_mend_each_fact(pilot):
    facts = pilot.doctor()
    assert facts
    assert all(what and (fine or mend) for what, fine, mend in facts)


def test_an_unknown_pilot_names_the_known_ones():
    with pytest.raises(PilotError, match=r"choose one of: .*energy"):
        pilots.load("astrology")
