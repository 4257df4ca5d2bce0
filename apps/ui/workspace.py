"""Where the app keeps its jobs and uploads, and the results it holds in memory: a bounded few, shared."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

import streamlit as st

from common import home
from common.jobs import Job, Jobs
from common.pilot import Result
from common.results import RESULT_FILE, read_result

JOBS_AT_ONCE = 1
"""A forecast takes all cores it may use, so a second one at the same time would slow both."""
UPLOADS_KEPT_S = 24 * 3600


def jobs() -> Jobs:
    """The queue of this machine's user."""
    return _jobs(home.folder() / "jobs")


def finished(pilot: str) -> list[Job]:
    """A pilot's jobs that ended well, oldest first."""
    return [job for job in jobs().list() if job.state == "done" and job.facts.get("pilot") == pilot]


@st.cache_resource(max_entries=4)
def _jobs(root: Path) -> Jobs:
    return Jobs(root, at_once=JOBS_AT_ONCE)


def result(folder: Path) -> Result:
    """A finished job's result; read once, then shared by all sessions that look at it.

    Raises:
        StoreError: there is no complete result in the folder.
    """
    try:
        written = (folder / RESULT_FILE).stat().st_mtime_ns
    except OSError:
        written = 0
    return _result(folder, written)


@st.cache_resource(max_entries=8)
def _result(folder: Path, written: int) -> Result:
    return read_result(folder)


def new_upload_folder() -> Path:
    """A fresh folder for one upload; uploads older than a day are removed on the way."""
    root = home.folder() / "uploads"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in root.iterdir():
        if time.time() - old.stat().st_mtime > UPLOADS_KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
    folder = root / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    return folder
