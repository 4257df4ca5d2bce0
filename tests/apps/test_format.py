"""Numbers, units and times in both languages."""

from __future__ import annotations

from datetime import datetime

import pytest

from apps.ui.format import (
    chart_locale,
    energy,
    figure,
    moment,
    number,
    percent,
    power,
    unit_for,
)


@pytest.mark.parametrize(
    ("kw", "name"),
    [
        (5.1e6, "GW"),
        (999_999, "MW"),
        (-2000, "MW"),
        (1000, "MW"),
        (999, "kW"),
        (0.4, "W"),
        (0, "kW"),
        (float("nan"), "kW"),
    ],
)
def test_a_unit_suits_its_numbers(kw, name):
    assert unit_for(kw).name == name


@pytest.mark.parametrize(
    ("value", "digits", "english", "dutch"),
    [
        (1234.5, 1, "1,234.5", "1.234,5"),
        (-0.04, 1, "0.0", "0,0"),
        (-1234567.0, 0, "−1,234,567", "−1.234.567"),
        (None, 0, "–", "–"),
        (float("nan"), 2, "–", "–"),
    ],
)
def test_numbers_are_written_as_each_language_does(value, digits, english, dutch):
    assert number(value, "en", digits) == english
    assert number(value, "nl", digits) == dutch


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0491, "5.05"), (50.49, "50.5"), (504.9, "505"), (5049.0, "5,049"), (0.05, "0.05"), (0, "0.00")],
)
def test_a_figure_has_three_digits(value, text):
    assert figure(value, "en") == text


def test_powers_and_energies_carry_their_unit():
    assert power(4_390_000, "en") == "4.39 GW"
    assert power(4_390_000, "nl") == "4,39 GW"
    assert power(920, "en", unit_for(1000)) == "0.92 MW"
    assert energy(186e6, "en") == "186 GWh"
    assert power(None, "en") == energy(float("inf"), "nl") == "–"


def test_shares_and_moments():
    assert (percent(0.795, "en", 1), percent(0.795, "nl", 1)) == ("79.5%", "79,5 %")
    at = datetime(2015, 3, 1, 18, 30)
    assert (moment(at, "en"), moment(at, "nl")) == ("Sun 1 Mar 18:30", "zo 1 mrt 18:30")


@pytest.mark.parametrize("language", ["en", "nl"])
def test_charts_begin_their_week_on_sunday_as_vega_does(language):
    time = chart_locale(language)["time"]
    assert time["shortDays"][0] in ("Sun", "zo")
    assert (len(time["days"]), len(time["shortMonths"])) == (7, 12)
