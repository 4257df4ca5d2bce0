"""The frame around every page: navigation, language, faults, and what stays on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apps import serve


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_start_page_leads_to_each_pilot(app, text, language):
    app.query_params["lang"] = language
    page = app.run()
    assert not page.exception
    assert (
        page.title[0].value
        == {"en": "From your own files to a decision", "nl": "Van uw eigen bestanden naar een besluit"}[
            language
        ]
    )
    page.button(key="open_energy").click().run()
    assert page.title[0].value == {"en": "Energy forecast", "nl": "Energievoorspelling"}[language]


def test_the_language_can_be_switched_on_the_page(app, text):
    page = app.run()
    page.segmented_control(key="lang").set_value("nl").run()
    assert page.title[0].value == "Van uw eigen bestanden naar een besluit"
    assert "Niets verlaat deze computer" in text(page)


def test_about_tells_of_privacy_and_of_this_machine(app, text):
    app.run()
    page = app.switch_page("pages/about.py").run()
    assert not page.exception
    said = text(page)
    assert "listens on this machine only (127.0.0.1)" in said
    assert "Energy-use forecasting" in said
    assert "PyTorch" in said or "torch" in said


def test_a_fault_inside_a_page_is_one_sentence_without_its_details(app, monkeypatch, text):
    from common import pilot

    def broken() -> list[str]:
        raise RuntimeError("secret.csv")

    monkeypatch.setattr(pilot, "names", broken)
    page = app.run()
    assert not page.exception
    assert "went wrong (RuntimeError)" in page.error[0].value
    assert "secret.csv" not in text(page)


def test_the_server_stays_on_loopback_and_tells_nobody():
    command = serve.command(8765)
    assert command == [sys.executable, "-m", "apps.serve", "--port", "8765"]
    assert serve.FLAGS["server_address"] == serve.FLAGS["browser_serverAddress"] == "127.0.0.1"
    assert serve.FLAGS["browser_gatherUsageStats"] is False
    assert serve.FLAGS["client_showErrorDetails"] == "none"
    assert serve.FLAGS["server_enableXsrfProtection"] is True
    assert serve.FLAGS["server_enableCORS"] is True


def test_streamlit_cannot_look_up_its_address_outside():
    code = """
import socket, urllib.request
from apps import serve
serve.stay_inside()
def refuse(*args, **kwargs):
    raise AssertionError("asked outside")
socket.socket.connect = refuse
from streamlit.web.server import server_util
assert not server_util.is_url_from_allowed_origins("http://evil.example")
assert server_util.is_url_from_allowed_origins("http://127.0.0.1:8501")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_flags_and_config_file_agree():
    import tomllib

    config = tomllib.loads((Path(serve.__file__).parent / ".streamlit" / "config.toml").read_text())
    for flag, value in serve.FLAGS.items():
        section, name = flag.split("_")
        if name in config.get(section, {}):
            assert str(config[section][name]).lower() == str(value).lower(), flag


def test_the_start_page_shows_the_newest_result_and_not_a_damaged_one(app, put_job, result, home, text):
    put_job("done", result, number=1)
    assert "Your newest forecast" in text(app.run())
    damaged = put_job("done", result, number=2, created=1.8e9)
    (home / "jobs" / damaged / "out" / "result.json").unlink()
    page = app.run()
    assert not page.error
    assert "Your newest forecast" not in text(page)
