from __future__ import annotations

import csv

import pandas as pd
import pytest

from common.exports import csv_text


def rows(table: pd.DataFrame) -> list[list[str]]:
    return list(csv.reader(csv_text(table).splitlines()))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\tx=1", "\r=1", "safe\n=1+1"]
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    text = csv_text(pd.DataFrame({"place": [cell, "Groningen"], "kWh": [-6.5, 2.0]}))
    found = list(csv.reader(text.splitlines(keepends=True)))
    assert found[1][0].startswith("'")
    assert found[-1] == ["Groningen", "2.0"]
    assert ",-6.5" in text


def test_column_names_are_defused_too_and_numbers_stay_numbers():
    assert rows(pd.DataFrame({"=HYPERLINK(1)": [-1]})) == [["'=HYPERLINK(1)"], ["-1"]]


def test_times_carry_their_offset_and_what_is_missing_stays_empty():
    at = pd.to_datetime(["2024-07-01T10:00", None]).tz_localize("Europe/Amsterdam")
    found = rows(pd.DataFrame({"at": at, "note": ["a", None]}))
    assert found[1] == ["2024-07-01T10:00:00+02:00", "a"]
    assert found[2] == ["", ""]
