"""The frame around every page: navigation, language, faults, and what stays on this machine."""

from __future__ import annotations

import pytest


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
    assert "Uw bestanden blijven op de computer" in text(page)


def test_about_tells_of_privacy_and_of_this_machine(app, text):
    app.run()
    page = app.switch_page("pages/about.py").run()
    assert not page.exception
    said = text(page)
    assert "listens on its own computer only (127.0.0.1)" in said
    assert "Energy-use forecasting" in said
    assert "PyTorch" in said or "torch" in said


def test_a_fault_inside_a_page_is_one_sentence_without_its_details(app, monkeypatch, text):
    from common import pilot

    def broken() -> list[str]:
        raise RuntimeError("secret.csv")

    monkeypatch.setattr(pilot, "names", broken)
    page = app.run()
    assert not page.exception
    assert "went wrong (RuntimeError, id " in page.error[0].value
    assert "secret.csv" not in text(page)


def test_the_start_page_shows_the_newest_result_and_not_a_damaged_one(app, put_job, result, home, text):
    put_job("done", result, number=1)
    assert "Your newest forecast" in text(app.run())
    damaged = put_job("done", result, number=2, created=1.8e9)
    (home / "jobs" / damaged / "out" / "result" / "result.json").unlink()
    page = app.run()
    assert not page.error
    assert "Your newest forecast" not in text(page)
