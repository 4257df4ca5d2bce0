"""A home of its own for every test of the app, and a finished forecast small enough to make by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from common.pilot import Result
from common.results import write_result

MAIN = Path(__file__).resolve().parents[2] / "apps" / "main.py"
ZONE = "Europe/Amsterdam"
ORIGIN = pd.Timestamp("2024-01-15 23:00", tz="UTC")
LIMIT_KW = 900.0


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path))
    st.cache_resource.clear()
    return tmp_path


@pytest.fixture
def app(home) -> AppTest:
    test = AppTest.from_file(str(MAIN), default_timeout=30)
    test.query_params["lang"] = "en"
    return test


@pytest.fixture
def energy(app):
    """Opens the energy page by a link."""

    def opened(**query: str) -> AppTest:
        app.run()
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page("pages/energy.py").run()

    return opened


def all_words(app: AppTest) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "error", "info", "warning", "metric")
    found = [element for kind in kinds for element in app.get(kind)]
    said = [str(getattr(e, "value", "")) + " " + str(getattr(e, "label", "")) for e in found]
    return "\n".join(said)


@pytest.fixture
def text():
    """Gives all words on a page."""
    return all_words


@pytest.fixture
def result() -> Result:
    """24 hours in a shape known by heart: 500 kW, and 1000 kW from 17:00 to 19:00 local time."""
    at = pd.date_range(ORIGIN, periods=24, freq="h")
    local = at.tz_convert(ZONE)
    middle = np.where((local.hour == 17) | (local.hour == 18), 1000.0, 500.0)
    common = {"series": "feeder 7", "valid_from_utc": at, "valid_from_local": local}
    spread = {f"q{10 * i}_kw": middle + 20.0 * (i - 5) for i in range(1, 10)}
    forecast = pd.DataFrame(common | {"origin_utc": ORIGIN} | spread)
    chance = np.where(middle > LIMIT_KW, 0.95, 0.02)
    alarms = pd.DataFrame(
        common | {"probability": chance, "limit_kw": LIMIT_KW, "alarm": chance > 0.09, "threshold": 1 / 11}
    )
    before = pd.date_range(ORIGIN - pd.Timedelta(days=14), ORIGIN, freq="h", inclusive="left")
    history = pd.DataFrame(
        {
            "series": "feeder 7",
            "valid_from_utc": before,
            "valid_from_local": before.tz_convert(ZONE),
            "load_kw": 480.0,
        }
    )
    columns = ["model", "mae_kw", "mase", "pinball_kw", "coverage80", "width80_kw", "peak_hour_error_kw"]
    accuracy = pd.DataFrame(
        [
            ["trees", 25.0, 0.5, 9.0, 0.8, 160.0, 40.0],
            ["seasonal naive (week)", 50.0, 1.0, 20.0, 0.7, 200.0, 90.0],
        ],
        columns=columns,
    )
    quantiles = np.arange(1, 10) / 10
    drivers = pd.DataFrame(
        [
            ("feeder 7", when, driver, size, 1.0)
            for when in at
            for driver, size in (("temperature", -30.0), ("hour of the day", 120.0))
        ],
        columns=["series", "valid_from_utc", "driver", "contribution_kw", "value"],
    )
    days = [ORIGIN - pd.Timedelta(days=2), ORIGIN - pd.Timedelta(days=1)]
    backtest = pd.DataFrame(
        [
            ("feeder 7", day, day + pd.Timedelta(hours=h), 500.0 + day_no * 100, 400.0, 500.0, 580.0)
            for day_no, day in enumerate(days)
            for h in range(24)
        ],
        columns=["series", "origin_utc", "valid_from_utc", "load_kw", "q10_kw", "q50_kw", "q90_kw"],
    )
    anomalies = pd.DataFrame(
        [("feeder 7", before[5], 0.0, 470.0, "flat line", 7.0)],
        columns=["series", "valid_from_utc", "load_kw", "expected_kw", "kind", "score"],
    )
    findings = pd.DataFrame(
        [(3, "load", "gap", "one hour is missing", "left empty")],
        columns=["row", "field", "kind", "what", "done"],
    )
    return Result(
        summary="Peak of 1000 kW.",
        tables={
            "forecast": forecast,
            "history": history,
            "alarms": alarms,
            "accuracy": accuracy,
            "calibration": pd.DataFrame({"quantile": quantiles, "observed": quantiles}),
            "drivers": drivers,
            "backtest": backtest,
            "anomalies": anomalies,
            "findings": findings,
        },
        numbers={"mase": 0.5},
        warnings=["the weather after the origin was not known"],
        provenance={"model": "trees", "input_sha256": "ab12"},
    )


@pytest.fixture
def put_job(home):
    """Put a job on disk in any state, as if it had been run; its id."""

    def put(state: str, made: Result | None = None, number: int = 1, **changes) -> str:
        name = f"20240116-000000-{number:08x}"
        folder = home / "jobs" / name
        (folder / "out").mkdir(parents=True)
        (folder / "in").mkdir()
        stored = {"state": state, "command": ["true"], "title": "sample", "created": 1.7e9, "message": ""}
        stored["facts"] = {"pilot": "energy", "source": "sample", "options": ["--sample", "--horizon", "24h"]}
        (folder / "job.json").write_text(json.dumps(stored | changes))
        if made is not None:
            write_result(made, folder / "out")
            made.tables["forecast"].to_csv(folder / "out" / "forecast.csv", index=False)
        return name

    return put
