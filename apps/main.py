"""The app: its frame and its navigation. Started by apps/serve.py."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from apps.gate import session
from apps.ui import frame
from apps.ui.text import t

PAGES = Path(__file__).parent / "pages"

st.set_page_config(page_title="Sector pilots", page_icon=str(frame.ICON), layout="wide")
session.check()
frame.style()
frame.language_switch()
page = st.navigation(
    [
        st.Page(PAGES / "start.py", title=t("nav_start"), icon=":material/home:", default=True),
        st.Page(PAGES / "energy.py", title=t("nav_energy"), icon=":material/bolt:", url_path="energy"),
        st.Page(PAGES / "about.py", title=t("nav_about"), icon=":material/info:", url_path="about"),
    ],
    position="top",
)
frame.run(page)
session.foot()
