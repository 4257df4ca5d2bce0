"""The first steps of the energy page: choose what to forecast, and check what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from apps.ui import charts, energy_charts, energy_sections, frame, upload, workspace
from apps.ui.energy_options import KEPT
from apps.ui.format import date, number, percent, power, unit_for
from apps.ui.text import language, said, t
from common import intake, table_options
from energy.data import Load
from energy.units import UNITS

TYPES = ("csv", "txt", "tsv", "xlsx", "parquet")
RECENT = 5
COUNTRIES = ("NL", "BE", "DE", "FR", "GB", "IE", "ES", "US", "AU-VIC", "")
ZONES = (
    "Europe/Amsterdam",
    "Europe/Brussels",
    "Europe/Berlin",
    "Europe/London",
    "UTC",
    "Australia/Melbourne",
)
GUESS = ""
SAMPLE = "sample"


def choose() -> None:
    """Sample, own file, or an earlier forecast; what is chosen lands in the session."""
    frame.steps("choose")
    intake.warm(intake.TABLES)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader(t("sample_title"), anchor=False)
        st.markdown(t("sample_text"))
        if st.button(t("sample_button"), type="primary", icon=":material/database:"):
            st.session_state.source = SAMPLE
            st.rerun()
    with right, st.container(border=True, height="stretch"):
        st.subheader(t("upload_title"), anchor=False)
        st.markdown(t("upload_text"))
        path = upload.take(t("upload_label"), TYPES, "load")
        if path is not None:
            st.session_state.source = str(path)
            st.session_state.reading = {}
            st.rerun()
    st.caption(f":material/lock: {t('local_only')}")
    _recent()


def _recent() -> None:
    done = workspace.finished("energy")
    if not done:
        return
    st.markdown(f"**{t('recent')}**")
    with st.container(horizontal=True):
        for job in reversed(done[-RECENT:]):
            at = pd.Timestamp(job.created, unit="s", tz="UTC").tz_convert(st.context.timezone or "UTC")
            what = t("recent_sample" if job.facts.get("source") == SAMPLE else "recent_upload")
            if st.button(
                f"{what} · {date(at, language())} {at:%H:%M}", key=job.id, icon=":material/history:"
            ):
                st.query_params["job"] = job.id
                st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(source: str, choices: tuple[tuple[str, object], ...]) -> Load:
    if source == SAMPLE:
        from energy.sample import load_sample

        return load_sample()
    from energy.data import read_load

    reading: dict[str, Any] = {name: value for name, value in choices if name not in table_options.FIELDS}
    return read_load(Path(source), **reading, stated=table_options.stated(dict(choices)))


def read(source: str, choices: Mapping[str, object]) -> Load:
    """What a source holds; the few last read are shared by all sessions.

    Raises:
        PilotError: the file cannot be taken in or makes no sense.
    """
    with st.spinner(t("reading")):
        return _read(source, tuple(sorted(choices.items())))


def check(load: Load) -> None:
    """Say what was read, by figures, a picture, and what had to be mended."""
    code = language()
    time = pd.DatetimeIndex(load.ds["time"].values).tz_localize("UTC").tz_convert(load.timezone)
    values = load.ds["load_kw"]
    minutes = int(load.step.astype("timedelta64[m]").astype(int))
    low, high = float(values.min()), float(values.max())
    unit = unit_for(max(abs(low), abs(high)))
    weather = ", ".join(name.rsplit("_", 1)[0] for name in load.weather) or t("check_no_weather")
    days = number(len(time) * minutes / (24 * 60), code)
    facts = (
        (t("check_period"), t("check_days", n=days), f"{date(time[0], code)} – {date(time[-1], code)}"),
        (
            t("check_step"),
            t("check_minutes", n=minutes),
            t("check_readings", n=number(len(time), code)),
        ),
        (
            t("check_mean"),
            power(float(values.mean()), code, unit),
            t("check_range_words", low=power(low, code, unit), high=power(high, code, unit)),
        ),
        (
            t("check_series"),
            number(len(load.series), code),
            f"{t('check_weather')}: {weather}",
        ),
    )
    frame.figures(facts)
    names = load.series
    name = names[0] if len(names) == 1 else st.selectbox(t("series_pick"), names, key="checked_series")
    read = pd.DataFrame({"valid_from_local": time, "load_kw": values.sel(series=name).values})
    charts.draw(
        energy_charts.history(read, unit),
        alt_text=f"{facts[0][2]}: {facts[2][2]}",
        key="history",
        height=240,
    )
    holidays = load.country or t("check_no_country")
    st.caption(t("check_clock", zone=load.timezone, country=holidays))
    missing = float(values.isnull().mean())
    if missing:
        st.caption(t("check_missing", p=percent(missing, code, 1)))
    findings = findings_of(load)
    if findings.empty:
        st.caption(f":material/check_circle: {t('findings_none')}")
        return
    title = t("findings_one") if len(findings) == 1 else t("findings_some", n=number(len(findings), code))
    with st.expander(title, icon=":material/fact_check:"):
        energy_sections.findings_table(findings)


def findings_of(load: Load) -> pd.DataFrame:
    """Rows of the validation report: row, field, kind, what, done."""
    return load.report.table() if load.report else pd.DataFrame()


def how_read() -> tuple[dict[str, object], DeltaGenerator]:
    """Let the visitor confirm or change how a file is read.

    Returns:
        Arguments of `energy.data.read_load` and options of `common.table_options`, and the place in which
        `found` says how the table turned out to be written.
    """
    with st.expander(t("check_how"), icon=":material/tune:"):
        st.caption(t("check_how_text"))
        cells = st.columns(3)
        zone = cells[0].selectbox(t("check_zone"), ZONES, accept_new_options=True, key="zone", **KEPT)
        country = cells[1].selectbox(
            t("check_country"),
            COUNTRIES,
            accept_new_options=True,
            help=t("check_country_help"),
            format_func=lambda code: code or t("check_no_country"),
            key="country",
            **KEPT,
        )
        label = cells[2].selectbox(
            t("check_label"),
            ("start", "end"),
            format_func=lambda side: t(f"check_label_{side}"),
            key="label",
            **KEPT,
        )
        guess = t("check_guess")
        time_column = cells[0].text_input(
            t("check_time_column"), placeholder=guess, key="time_column", **KEPT
        )
        columns = cells[1].text_input(t("check_load_columns"), placeholder=guess, key="load_columns", **KEPT)
        unit = cells[2].selectbox(
            t("check_unit"), (GUESS, *UNITS), format_func=lambda u: u or guess, key="unit", **KEPT
        )
        place = st.empty()
        written = _how_written()
    reading: dict[str, object] = {
        "timezone": zone,
        "country": country or "",
        "label": label,
        "time_column": time_column.strip() or None,
        "load_columns": tuple(name.strip() for name in columns.split(",") if name.strip()) or None,
        "unit": unit or None,
        **written,
    }
    return reading, place


def found(load: Load, place: DeltaGenerator) -> None:
    """Say how the table turned out to be written: encoding, separator, decimal mark, header."""
    formats = load.report.of("format") if load.report else []
    place.caption(t("check_written_text", found=said(formats[0].what) if formats else t("check_guess")))


def _how_written() -> dict[str, object]:
    """How a table is written, where the visitor states it; options of `common.table_options`."""
    cells = st.columns(4)
    choices = {
        "separator": tuple(table_options.SEPARATORS),
        "decimal": tuple(table_options.DECIMALS),
        "date_order": tuple(table_options.DATE_ORDERS),
        "encoding": table_options.ENCODINGS,
    }
    found: dict[str, object] = {
        name: cell.selectbox(
            t(f"check_{name}"),
            (GUESS, *values),
            format_func=lambda value: t(f"written_{value.replace('-', '')}") if value else t("check_found"),
            key=name,
            **KEPT,
        )
        or None
        for cell, (name, values) in zip(cells, choices.items(), strict=True)
    }
    row = cells[0].number_input(
        t("check_header_row"), min_value=1, value=None, placeholder=t("check_found"), key="header_row", **KEPT
    )
    sheet = cells[1].text_input(t("check_sheet"), placeholder=t("check_found"), key="sheet", **KEPT)
    return found | {"header_row": row, "sheet": sheet.strip() or None}


def options(reading: Mapping[str, object]) -> list[str]:
    """How a file is read, as options of `pilots run energy`."""
    parts: list[str] = []
    for name, value in reading.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, tuple):
            parts += [flag, *(str(v) for v in value)]
        elif value is not None:
            parts.append(f"{flag}={value}")  # in one piece: an empty country means none, not the default
    return parts
