"""About: what the suite is, what is installed, what this machine has, and what happens to data."""

from __future__ import annotations

import streamlit as st

from apps.gate import session
from apps.ui.text import t
from common import doctor
from common import pilot as pilots


@st.cache_data(ttl=300, show_spinner=False)
def facts() -> dict[str, list[tuple[str, bool, str]]]:
    """What `pilots doctor` finds; looked at once in five minutes, since it imports PyTorch."""
    return doctor.examine()


session.check()
st.title(t("about_title"), anchor=False)
st.markdown(t("about_intro"))
st.subheader(t("about_privacy"), anchor=False)
st.markdown(t("about_privacy_text"))
st.subheader(t("about_pilots"), anchor=False)
for name in pilots.names():
    pilot = pilots.load(name)
    st.markdown(f"**{pilot.title}** (`{name}`)  \n{pilot.summary}")
st.subheader(t("about_doctor"), anchor=False)
st.caption(t("about_doctor_text"))
with st.spinner(t("about_looking")):
    found = facts()
for topic, group in found.items():
    lines = [
        f"{':green[:material/check_circle:]' if fine else ':orange[:material/warning:]'} {what}"
        + (f"  \n  {t('about_mend', mend=f'`{mend}`')}" if not fine else "")
        for what, fine, mend in group
    ]
    left, right = st.columns([1, 4])
    left.markdown(f"**{topic.capitalize()}**")
    right.markdown("  \n".join(lines))
