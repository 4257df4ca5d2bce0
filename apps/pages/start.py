"""Start: what each installed pilot does, with a picture it made itself, and the way into it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from apps.gate import session
from apps.ui import energy_result, workspace
from apps.ui.text import WORDS, t
from common import pilot as pilots
from common.errors import PilotError

PAGES = Path(__file__).parent
ICONS = {"energy": ":material/bolt:"}
PICTURES = {"energy": energy_result.preview}


def card(name: str) -> None:
    """One pilot: what it does, a button, and its newest result where there is one."""
    pilot = pilots.load(name)
    own = f"start_{name}_what" in WORDS
    words, picture = st.columns([2, 3], gap="large", vertical_alignment="center")
    with words:
        icon = ICONS.get(name, ":material/extension:")
        st.subheader(f"{icon} {t(f'nav_{name}') if own else pilot.title}", anchor=False)
        st.markdown(t(f"start_{name}_what") if own else pilot.summary)
        page = PAGES / f"{name}.py"
        if page.exists() and st.button(t("start_open"), key=f"open_{name}", type="primary"):
            st.switch_page(page)
    newest = next((job for job in reversed(workspace.finished(name))), None)
    if newest is not None and name in PICTURES:
        with picture:
            try:
                PICTURES[name](newest.out)
                st.caption(t("start_newest"))
            except PilotError:  # a damaged result is told on its own page; here it is only not shown
                pass


session.check()
st.title(t("start_title"), anchor=False)
st.markdown(t("start_intro"))
found = pilots.names()
if not found:
    st.info(t("start_none"))
for installed in found:
    with st.container(border=True):
        card(installed)
st.caption(f":material/lock: {t('local_only')}")
