"""The energy page in all its states, without a browser and without running a forecast."""

from __future__ import annotations

import sys
import time

import pandas as pd
import pytest

from common.jobs import Jobs


def test_it_opens_with_a_choice_and_says_that_data_stay_here(energy, text):
    page = energy()
    assert not page.exception
    assert page.title[0].value == "Energy forecast"
    assert "Your files stay on the computer" in text(page)
    assert [b.label for b in page.button] == ["Use the sample"]


def test_a_result_is_shown_with_its_figures(put_job, energy, text, result):
    page = energy(job=put_job("done", result))
    assert not page.exception
    assert not page.error
    said = text(page)
    assert "Peak of 1.00 MW expected on Tue 16 Jan 17:00" in said
    metrics = {m.label: m.value for m in page.metric}
    assert metrics["Peak"] == "1.00 MW"
    assert metrics["Energy"] == "13.0 MWh"  # 22 h at 500 kW and 2 h at 1000 kW
    assert metrics["Typical error"] == "25.0 kW"
    assert metrics["Time under alarm"] == "2 h"
    assert "8 in 10 times between 0.92 MW and 1.08 MW" in said
    assert "50% less than same time last week" in said
    assert "the weather after the origin was not known" in said
    assert [tab.label for tab in page.tabs] == [
        "Peaks and alarms",
        "How good is it?",
        "What drives it?",
        "Best hours for a flexible load",
        "Unusual readings",
        "What was read",
    ]
    assert "hour of the day adds 120 kW; temperature takes off 30.0 kW" in said
    assert "100% of the truth inside the band" not in said  # on the last day it lay 100 kW off
    assert "off by 100 kW on average, 0% of the truth inside the band" in said
    assert page.code[0].value == "pilots run energy --sample --horizon 24h --output out"


def test_the_same_result_in_dutch(app, put_job, energy, text, result):
    app.query_params["lang"] = "nl"
    page = energy(job=put_job("done", result))
    assert not page.exception
    said = text(page)
    assert "Piek van 1,00 MW verwacht op di 16 jan 17:00" in said
    assert "uur van de dag voegt 120 kW toe" in said
    assert {m.label: m.value for m in page.metric}["Energie"] == "13,0 MWh"


def test_a_result_without_limit_backtest_or_drivers_is_shown_too(put_job, energy, text, result):
    few = type(result)(
        summary="", tables={name: result.tables[name] for name in ("forecast", "history")}, numbers={}
    )
    page = energy(job=put_job("done", few))
    assert not page.exception
    assert not page.error
    assert "too little history for a backtest" in text(page)
    assert "does not tell its drivers" in text(page)


def test_many_series_are_shown_one_by_one(put_job, energy, text, result):
    tables = dict(result.tables)
    for name, table in result.tables.items():
        if "series" in table:
            other = table.assign(series="feeder 8")
            for column in other.filter(regex=r"_kw$").columns:
                other[column] = other[column] * 2
            tables[name] = pd.concat([table, other], ignore_index=True)
    both = type(result)(summary="", tables=tables, numbers={}, provenance={})
    page = energy(job=put_job("done", both))
    assert "Peak of 2.00 MW" in text(page)  # the one with the highest peak comes first
    page.selectbox(key="series").set_value("feeder 7").run()
    assert "Peak of 1.00 MW" in text(page)


def test_a_failed_job_shows_its_one_line_and_a_way_back(put_job, energy, text):
    page = energy(job=put_job("failed", message="load.csv, row 3: no number; write one."))
    assert [e.value for e in page.error] == ["The forecast stopped: load.csv, row 3: no number; write one."]
    page.button[0].click().run()
    assert "job" not in page.query_params
    assert "Real data, ready to go" in text(page)


def test_a_cancelled_job_says_so(put_job, energy):
    page = energy(job=put_job("cancelled"))
    assert [i.value for i in page.info] == ["This forecast was cancelled."]


@pytest.mark.parametrize("name", ["20240116-000000-ffffffff", "../../etc/passwd", ""])
def test_a_link_to_no_job_is_one_sentence(name, energy):
    page = energy(job=name)
    assert not page.exception
    assert len(page.error) == 1
    assert "There is no such job" in page.error[0].value


def test_a_damaged_result_is_one_sentence(put_job, home, energy, result):
    name = put_job("done", result)
    (home / "jobs" / name / "out" / "result" / "result.json").write_text("{")
    page = energy(job=name)
    assert not page.exception
    assert "cannot be read" in page.error[0].value


def test_earlier_forecasts_can_be_opened_again(put_job, energy, text, result):
    name = put_job("done", result)
    page = energy()
    page.button(key=name).click().run()
    assert page.query_params["job"] == name
    assert "Peak of 1.00 MW" in text(page)


WORKS = """
import json, pathlib, sys, time
job = pathlib.Path(sys.argv[1])
(job / "progress.json").write_text(json.dumps({"fraction": 0.25, "words": "reading the load"}))
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("code", "words"), [("en", "Reading the load"), ("nl", "De belasting wordt gelezen")]
)
def test_a_running_job_shows_how_far_it_is_and_can_be_cancelled(app, home, energy, text, code, words):
    app.query_params["lang"] = code
    jobs = Jobs(home / "jobs", grace_s=0.5)
    name = jobs.submit([sys.executable, "-c", WORKS, "{job}"])
    second = jobs.submit([sys.executable, "-c", WORKS, "{job}"])
    while not jobs.get(name).progress()[1]:
        time.sleep(0.05)
    page = energy(job=name)
    assert not page.exception
    bar = page.get("progress")[0].proto
    assert (bar.value, bar.text) == (25, words)
    assert "to go" in text(page) or "nog ongeveer" in text(page)
    app.query_params["job"] = second
    page.run()
    assert (
        page.get("progress")[0].proto.text
        == {"en": "Waiting for one other run", "nl": "Wacht op één andere berekening"}[code]
    )
    page.button[0].click().run()
    assert jobs.wait(second, 20).state == "cancelled"
    jobs.cancel(name)
    assert jobs.wait(name, 20).state == "cancelled"
    page.run()
    assert len(page.info) == 1


def test_a_flexible_load_gets_its_cheapest_hours_within_the_capacity(put_job, energy, text, result):
    page = energy(job=put_job("done", result))
    # 400 kWh at 100 kW from 17:00 to 24:00: no room until 19:00, and the price is low only from 23:00.
    assert "400 kWh from" in text(page)
    assert "€ 115.00 instead of € 124.00 when started at once, 7% less" in text(page)
    page.number_input(key="flex_low").set_value(0.40).run()
    assert "€ 124.00 instead of € 124.00 when started at once, 0% less" in text(page)
    page.number_input(key="flex_energy").set_value(4000.0).run()
    assert not page.exception
    assert "does not fit before the deadline" in page.error[0].value


def test_a_what_if_is_shown_where_it_was_asked_for(put_job, energy, text, result):
    forecast = result.tables["forecast"]
    table = forecast[["series", "valid_from_utc", "valid_from_local", "q50_kw"]].assign(
        temperature_c=10.0, changed_temperature_c=13.0, changed_q50_kw=forecast["q50_kw"]
    )
    table.loc[table["q50_kw"] == 1000, "changed_q50_kw"] = 900.0
    table["change_kw"] = table["changed_q50_kw"] - table["q50_kw"]
    asked = type(result)(summary="", tables={**result.tables, "what_if": table}, numbers={})
    page = energy(job=put_job("done", asked))
    assert not page.exception
    assert "What if" in [tab.label for tab in page.tabs]
    assert "With 3.0 °C added" in text(page)
    assert "Tue 16 Jan 17:00: from 1.00 MW to 0.90 MW" in text(page)
