"""A file that a visitor brings goes to disk at once, so that no session keeps it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from apps.ui import workspace
from apps.ui.text import t
from common.intake import sandbox


def take(label: str, types: Sequence[str], key: str) -> Path | None:
    """Draw an uploader; the file of a fresh upload on disk under a neutral name, else None.

    The uploader is emptied at once: Streamlit would keep the file's bytes as long as the session lives.

    Args:
        label: what is asked for.
        types: endings that the file dialogue offers.
        key: name of the element.
    """
    if not all(sandbox.state().values()):
        st.caption(f":material/shield: {t('walls_missing')}")
    turn = st.session_state.setdefault(f"{key}_turn", 0)
    brought = st.file_uploader(label, type=list(types), key=f"{key}_{turn}", label_visibility="collapsed")
    if brought is None:
        return None
    ending = Path(brought.name).suffix.lower()
    path = workspace.new_upload_folder() / f"input{ending if ending.lstrip('.') in types else ''}"
    with path.open("wb") as file:
        while block := brought.read(1 << 20):
            file.write(block)
    st.session_state[f"{key}_turn"] = turn + 1
    return path
