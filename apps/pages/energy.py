"""The energy page: choose, check, run, understand, take away."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from apps.gate import session
from apps.ui import energy_options, energy_read, energy_result, job_progress, take_away, workspace
from apps.ui.frame import sorry, steps
from apps.ui.text import said, t
from common.errors import PilotError
from common.jobs import FOLDER_MARK, Job, pilot_command

FILES = {
    "forecast.csv": ("take_csv", "text/csv", ":material/csv:"),
    "forecast.parquet": ("take_parquet", "application/vnd.apache.parquet", ":material/table_chart:"),
    "report.html": ("take_html", "text/html", ":material/description:"),
}


def prepare() -> None:
    """Choose data, check what was read, set the options, and start."""
    source = st.session_state.get("source")
    if source is None:
        energy_read.choose()
        return
    steps("check")
    if st.button(t("check_other"), icon=":material/arrow_back:", type="tertiary"):
        del st.session_state.source
        st.rerun()
    reading: dict[str, object] = {}
    place = None
    if source != energy_read.SAMPLE:
        reading, place = energy_read.how_read()
    else:
        st.markdown(f"**{t('check_sample_name')}**")
    try:
        load = energy_read.read(source, reading)
    except PilotError as error:
        sorry(error)
        return
    if place is not None:
        energy_read.found(load, place)
    energy_read.check(load)
    st.divider()
    chosen = energy_options.ask(load)
    if st.button(t("run_button"), type="primary", icon=":material/play_arrow:"):
        start(source, [*energy_read.options(reading), *chosen])


def start(source: str, options: list[str]) -> None:
    """Put the forecast in the queue; its id goes into the link."""
    own = None if source == energy_read.SAMPLE else Path(source)
    inputs = {own.name: own} if own else {}
    brought = ["--input", f"{FOLDER_MARK}/in/{own.name}"] if own else ["--sample"]
    kind = "upload" if own else energy_read.SAMPLE
    shown = [*(["--input", own.name] if own else brought), *options]
    st.query_params["job"] = workspace.jobs().submit(
        pilot_command("energy", *brought, *options),
        inputs=inputs,
        title=kind,
        facts={"pilot": "energy", "source": kind, "options": shown},
    )
    st.rerun()


def leave() -> None:
    """Go back from a job to the settings."""
    del st.query_params["job"]
    st.rerun()


def finished(job: Job) -> None:
    """A job that is done: the result, and what to take along."""
    try:
        result = workspace.result(job.out)
        energy_result.show(job.out)
    except PilotError as error:
        st.error(t("job_unreadable", message=said(str(error))), icon=":material/error:")
        return
    st.divider()
    st.subheader(t("take_title"), anchor=False)
    take_away.downloads(job.out, FILES)
    take_away.provenance(result.provenance, job.facts.get("options", []), "energy")


def follow(name: str) -> None:
    """Show a job as it stands."""
    try:
        job = workspace.jobs().get(name)
    except PilotError as error:
        sorry(error)
        if st.button(t("job_new"), icon=":material/add:"):
            leave()
        return
    if not job.is_over:
        steps("run")
        job_progress.progress(name)
        return
    steps("understand" if job.state == "done" else "run")
    if st.button(
        t("job_new") if job.state == "done" else t("job_again"), icon=":material/arrow_back:", type="tertiary"
    ):
        leave()
    if job.state == "done":
        finished(job)
    elif job.state == "cancelled":
        st.info(t("job_cancelled"), icon=":material/cancel:")
    else:
        st.error(t("job_failed", message=said(job.message)), icon=":material/error:")


session.check()
st.title(t("energy_title"), anchor=False)
st.markdown(t("energy_intro"))
if "job" in st.query_params:
    follow(st.query_params["job"])
else:
    prepare()
