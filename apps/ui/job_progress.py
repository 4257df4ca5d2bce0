"""A job on the page: its progress while it runs, its place in the queue, and the button that stops it."""

from __future__ import annotations

import time

import streamlit as st

from apps.ui import workspace
from apps.ui.format import number
from apps.ui.text import language, stage, t
from common.errors import PilotError
from common.jobs import Job

EVERY_S = 0.7
SURE_ENOUGH = 0.1
"""Fraction from which the time so far says something about the time to go."""


@st.fragment(run_every=EVERY_S)
def progress(name: str) -> None:
    """Draw a job's progress again and again; load the whole page anew when it is over."""
    try:
        job = workspace.jobs().get(name)
        if job.is_over:
            st.rerun()
        fraction, words = _standing(job)
    except PilotError:
        st.rerun()
    st.progress(fraction, text=words)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(t("job_cancel"), icon=":material/close:", disabled=job.stopping is not None):
            workspace.jobs().cancel(name)
            st.rerun(scope="fragment")
        st.caption(f"{_duration(job, fraction)} {t('job_link')}")


def _duration(job: Job, fraction: float) -> str:
    if job.started is None:
        return ""
    so_far = time.time() - job.started
    text = t("job_elapsed", s=number(so_far, language()))
    if fraction < SURE_ENOUGH:
        return f"{text}."
    left = so_far * (1 - fraction) / fraction
    return f"{text}, {t('job_left', s=number(max(left, 1), language()))}."


def _standing(job: Job) -> tuple[float, str]:
    if job.state == "queued":
        ahead = workspace.jobs().ahead(job.id)
        return 0.0, t("job_queued_one") if ahead == 1 else t("job_queued", n=ahead)
    if job.stopping is not None:
        return job.progress()[0], t("job_cancelling")
    fraction, words = job.progress()
    return fraction, stage(words) if words else t("job_starting")
