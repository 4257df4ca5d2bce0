"""Start: what each installed pilot does, and the way into it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from apps.ui.text import WORDS, t
from common import pilot as pilots

PAGES = Path(__file__).parent
ICONS = {"energy": ":material/bolt:"}

st.title(t("start_title"), anchor=False)
st.markdown(t("start_intro"))
found = pilots.names()
if not found:
    st.info(t("start_none"))
for row in range(0, len(found), 2):
    for column, name in zip(st.columns(2), found[row : row + 2], strict=False):
        with column, st.container(border=True):
            pilot = pilots.load(name)
            own = f"start_{name}_what" in WORDS
            icon = ICONS.get(name, ":material/extension:")
            st.subheader(f"{icon} {t(f'nav_{name}') if own else pilot.title}", anchor=False)
            st.markdown(t(f"start_{name}_what") if own else pilot.summary)
            page = PAGES / f"{name}.py"
            if page.exists() and st.button(t("start_open"), key=f"open_{name}", type="primary"):
                st.switch_page(page)
st.caption(f":material/lock: {t('local_only')}")
