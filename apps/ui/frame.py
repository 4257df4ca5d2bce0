"""What surrounds every page: style, language switch, steps, and the sentence that stands in for a fault."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

from apps.ui.text import LANGUAGES, language, t
from common import faults
from common.errors import PilotError
from common.language import translated

ICON = Path(__file__).parent / "icon.svg"
STEPS = ("choose", "check", "run", "understand", "take")
# The primary colour of .streamlit/config.toml and what can be read on it (contrast 6.4 and 8.0 to 1).
LIGHT, DARK = ("#00639B", "#FFFFFF"), ("#56B4E9", "#0E151C")
CSS = """
<style>
.stMainBlockContainer { max-width: 1240px; padding-top: 4.5rem; padding-bottom: 4rem; }
.st-key-language { position: fixed; top: .7rem; right: 1rem; width: auto !important; z-index: 1000000; }
.st-key-language button { min-height: 1.7rem; padding: 0 .6rem; }
ol.steps { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; font-size: .92rem;
           margin: 0 0 .5rem 0 !important; padding: 0 !important; }
ol.steps li { display: flex; align-items: center; gap: .45rem; margin: 0 !important; opacity: .75; }
ol.steps b { display: inline-flex; align-items: center; justify-content: center; border-radius: 50%;
             width: 1.45rem; height: 1.45rem; font-size: .8rem; border: 1.5px solid currentColor; }
ol.steps li.now { opacity: 1; font-weight: 650; }
ol.steps li.now b { background: VAR_PRIMARY; border-color: VAR_PRIMARY; color: VAR_ON_PRIMARY; }
button[kind="primary"], button[kind="primary"] p, button[kind="primary"] span { color: VAR_ON_PRIMARY; }
div[data-testid="stCaptionContainer"] { opacity: .8; }
h3 { padding-top: .2rem !important; }
</style>
"""


class Runnable(Protocol):
    """A page of `st.navigation`."""

    def run(self) -> None:
        """Draw the page."""


def style() -> None:
    """Put the app's own few rules of style into the page."""
    keep_contents_out_of_logs()  # here, as main.py calls this before anything else may fail
    primary, on_primary = DARK if st.context.theme.type == "dark" else LIGHT
    st.html(CSS.replace("VAR_PRIMARY", primary).replace("VAR_ON_PRIMARY", on_primary))


def language_switch() -> None:
    """English or Dutch, kept in the link as `?lang=`."""
    if "lang" not in st.session_state:
        st.session_state.lang = language()
    with st.container(horizontal=True, horizontal_alignment="right", key="language"):
        st.segmented_control(
            t("language"),
            list(LANGUAGES),
            format_func=lambda code: code.upper(),
            key="lang",
            required=True,
            label_visibility="collapsed",
            bind="query-params",
        )


def steps(now: str) -> None:
    """The five steps that every pilot's page has, with the present one marked."""
    items = "".join(
        f'<li class="{"now" if step == now else ""}"{" aria-current=step" if step == now else ""}>'
        f"<b>{i}</b>{t(f'step_{step}')}</li>"
        for i, step in enumerate(STEPS, 1)
    )
    st.html(f'<ol class="steps">{items}</ol>')


def figures(facts: Sequence[tuple[str, str, str]], widths: Sequence[float] | None = None) -> None:
    """A row of figures.

    Args:
        facts: label, value, and a few words below it, of each.
        widths: relative widths; None: all the same.
    """
    for cell, (label, value, below) in zip(st.columns(widths or len(facts)), facts, strict=True):
        with cell.container(gap=None):
            st.metric(label, value)
            st.caption(below)


def sorry(error: PilotError) -> None:
    """Show what a user can mend, in one sentence in the page's language."""
    text = translated(error, language())
    # A sentence begins large, a file's name as it is written.
    st.error(text if error.where else f"{text[:1].upper()}{text[1:]}", icon=":material/error:")


def keep_contents_out_of_logs() -> None:
    """Streamlit logs what a callback or a fragment raises; let it log the kind and an id alone."""
    faults.discreet_logging()
    if st.get_option("logger.enableRich"):  # prints tracebacks with messages past all loggers
        st.set_option("logger.enableRich", False)


def run(page: Runnable | Any) -> None:
    """Draw a page; what it cannot handle becomes one sentence with an id that leads to it in the log."""
    keep_contents_out_of_logs()
    try:
        page.run()
    except PilotError as error:
        sorry(error)
    except Exception as error:  # Streamlit's own stop and rerun are BaseException and pass
        st.error(t("fault", kind=faults.kind(error), id=faults.note(error)), icon=":material/error:")
