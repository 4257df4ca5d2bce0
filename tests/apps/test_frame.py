"""What a page says when something goes wrong: in the visitor's language, with an id, and no more in logs."""

from __future__ import annotations

import json
import logging
import re

import pytest
from streamlit.testing.v1 import AppTest

SECRET = "Jansen 12-3-1961"


@pytest.fixture(autouse=True)
def logging_as_before():
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


def refusing():
    from apps.ui import frame
    from common.errors import DataError

    frame.sorry(
        DataError(
            "the column 'kWh' is empty", where="load.csv, row 3, column 'kWh'", mend="fill it with times"
        )
    )


def failing():
    from apps.ui import frame

    class Page:
        def run(self):
            raise ValueError("Jansen 12-3-1961")

    frame.run(Page())


def failing_in_a_callback():
    import streamlit as st

    from apps.ui import frame

    def clicked():
        raise ValueError("Jansen 12-3-1961")

    class Page:
        def run(self):
            st.button("go", on_click=clicked)

    frame.run(Page())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "load.csv, row 3, column 'kWh': the column 'kWh' is empty; fill it with times."),
        ("nl", "load.csv, rij 3, kolom 'kWh': de kolom 'kWh' is leeg; vul ze met tijden."),
    ],
)
def test_a_mistake_is_told_in_the_pages_language(home, language, words):
    page = AppTest.from_function(refusing)
    page.session_state["lang"] = language
    assert page.run().error[0].value == words


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_fault_shows_its_kind_and_an_id_and_nothing_else(home, language, caplog):
    page = AppTest.from_function(failing)
    page.session_state["lang"] = language
    said = page.run().error[0].value
    name = re.search(r"\(ValueError, id ([0-9a-f]{8})\)", said)
    assert name
    assert SECRET not in said + caplog.text
    log = (home / "log" / "faults.jsonl").read_text()
    assert [json.loads(line)["id"] for line in log.splitlines()] == [name[1]]
    assert SECRET not in log


def test_what_streamlit_logs_of_a_callback_has_no_contents(home, caplog, capsys):
    page = AppTest.from_function(failing_in_a_callback).run()
    streamlit = logging.getLogger("streamlit")
    streamlit.addHandler(caplog.handler)
    try:
        page.button[0].click().run()
    finally:
        streamlit.removeHandler(caplog.handler)
    out, err = capsys.readouterr()
    assert SECRET not in caplog.text + out + err
    assert re.search(r"\(ValueError, id [0-9a-f]{8}\)", caplog.text)
    assert SECRET not in (home / "log" / "faults.jsonl").read_text()
