"""What a visitor takes along from a result: files, how it was made, and the command for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from apps.ui.text import t


def downloads(out: Path, files: Mapping[str, tuple[str, str, str]]) -> None:
    """Buttons for the files that the job wrote; they are read from disk when clicked.

    Args:
        out: the job's output folder.
        files: name in the folder -> (key of its words, media type, icon).
    """
    with st.container(horizontal=True):
        for name, (words, mime, icon) in files.items():
            path = out / name
            if path.exists():
                st.download_button(
                    t(words),
                    data=path.read_bytes,
                    file_name=name,
                    mime=mime,
                    icon=icon,
                    key=f"take_{name}",
                    on_click="ignore",
                )


def provenance(facts: Mapping[str, object], options: Sequence[str], pilot: str) -> None:
    """How the result was made, and the command that makes it again.

    Args:
        facts: the result's provenance.
        options: options of `pilots run`.
        pilot: the pilot's name.
    """
    with st.expander(t("take_made"), icon=":material/receipt_long:"):
        st.caption(t("take_command"))
        st.code(" ".join(["pilots", "run", pilot, *options, "--output", "out"]), language=None)
        rows = [
            {
                t("take_what"): name.replace("_", " "),
                t("take_value"): value if isinstance(value, str) else json.dumps(value, default=str),
            }
            for name, value in facts.items()
        ]
        if rows:
            st.dataframe(rows, hide_index=True, width="stretch")
        st.caption(t("take_link"))
