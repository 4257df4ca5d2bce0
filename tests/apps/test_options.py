"""What is set on the page reaches the pilot as the same options that its command line takes."""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from apps.ui import energy_read
from common.errors import DataError
from energy.data import Load
from energy.pilot import PILOT


def parsed(options: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    PILOT.add_run_arguments(parser)
    return parser.parse_args(options)


def make_load(hours: int = 24 * 60) -> Load:
    time = pd.date_range("2024-03-01", periods=hours, freq="h").to_numpy()
    values = 500 + 100 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), values[:, None]), "temperature_c": (("time",), np.zeros(hours))},
        coords={"time": time, "series": ["feeder 7"]},
    )
    return Load(ds, "Europe/Amsterdam", "NL")


@pytest.mark.parametrize("country", ["", "BE"])
def test_how_a_file_is_read_survives_the_way_to_the_command_line(country):
    reading = {
        "timezone": "Europe/Brussels",
        "country": country,
        "label": "end",
        "time_column": "-tijd",
        "load_columns": ("feeder 1", "feeder 2"),
        "unit": "MW",
    }
    options = parsed(energy_read.options(reading))
    assert {name: getattr(options, name) for name in reading} == reading | {
        "load_columns": ["feeder 1", "feeder 2"]
    }


def test_what_was_left_to_be_guessed_is_no_option():
    reading = {
        "timezone": "UTC",
        "country": "",
        "label": "start",
        "time_column": None,
        "load_columns": None,
        "unit": None,
    }
    options = parsed(energy_read.options(reading))
    assert (options.time_column, options.load_columns, options.unit) == (None, None, None)


@pytest.fixture
def submitted(monkeypatch):
    """What the page puts in the queue, which is not run here."""
    from common.jobs import Jobs

    caught = []

    def submit(self, command, **more):
        caught.append((list(command), more))
        return "20240101-000000-00000000"

    monkeypatch.setattr(Jobs, "submit", submit)
    return caught


@pytest.fixture
def checking(energy, monkeypatch):
    """The energy page at the step where a file was read."""

    def opened(load):
        def read(source, choices):
            if isinstance(load, Exception):
                raise load
            return load

        monkeypatch.setattr(energy_read, "_read", read)
        page = energy()
        page.session_state["source"] = "/nowhere/input.csv"
        return page.run()

    return opened


def test_a_file_is_checked_and_the_settings_reach_the_job(checking, submitted, text):
    page = checking(make_load())
    assert not page.exception
    said = text(page)
    metrics = {m.label: m.value for m in page.metric}
    assert metrics["Period"] == "60 days"
    assert metrics["Step"] == "60 min"
    assert metrics["Mean load"] == "500 kW"
    assert "1,440 readings" in said
    assert "1 Mar 2024 – 30 Apr 2024" in said
    assert "Local time: Europe/Amsterdam. Public holidays: NL." in said
    page.segmented_control(key="horizon").set_value(168)
    page.number_input(key="limit").set_value(0.65)
    page.selectbox(key="limit_unit").set_value("MW")
    page.number_input(key="missed").set_value(50.0)
    page.number_input(key="whatif").set_value(-2.0)
    page.selectbox(key="model").set_value("ensemble")
    page.selectbox(key="country").set_value("BE")
    page.run()
    next(b for b in page.button if b.label == "Forecast").click().run()
    [(command, more)] = submitted
    begin = command.index("energy") + 1
    own = command[begin : command.index("--quiet")]
    options = parsed(own)
    assert str(options.input) == "{job}/in/input.csv"
    assert (options.horizon_h, options.limit_kw, options.cost_missed_eur) == (168, 650, 50)
    assert (options.temperature_change_c, options.model, options.country) == (-2, "ensemble", "BE")
    assert more["facts"]["source"] == "upload"
    assert more["facts"]["options"][:2] == ["--input", "input.csv"]
    assert page.query_params["job"] == "20240101-000000-00000000"


def test_a_file_that_makes_no_sense_is_one_sentence_and_can_be_left(checking, text):
    error = DataError("the column 'kWh' holds words", where="input.csv, row 3", mend="write numbers only")
    page = checking(error)
    assert not page.exception
    assert [e.value for e in page.error] == [
        "input.csv, row 3: the column 'kWh' holds words; write numbers only."
    ]
    assert not [b for b in page.button if b.label == "Forecast"]
    next(b for b in page.button if b.label == "Choose other data").click().run()
    assert "Your own load" in text(page)
    assert not page.error


def test_settings_are_still_there_after_a_look_at_a_job(checking, submitted):
    page = checking(make_load())
    page.number_input(key="limit").set_value(0.7).run()
    next(b for b in page.button if b.label == "Forecast").click().run()
    assert page.error  # the job was not really started
    page.button[0].click().run()
    assert page.number_input(key="limit").value == 0.7
