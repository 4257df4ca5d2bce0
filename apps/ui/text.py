"""Every word of the app, in English and Dutch, and the language in which a visitor reads it."""

from __future__ import annotations

import streamlit as st

from apps.ui.format import Language
from apps.ui.words import SHARED
from apps.ui.words_energy import DRIVERS, ENERGY, MODELS, NOTES, STAGES
from common.language import sentence

LANGUAGES: dict[Language, str] = {"en": "English", "nl": "Nederlands"}
WORDS: dict[str, tuple[str, str]] = SHARED | ENERGY


def language() -> Language:
    """The language chosen on the page or in the link, else the browser's when it is one of ours."""
    chosen = st.session_state.get("lang") or st.query_params.get("lang")
    if chosen in LANGUAGES:
        return "nl" if chosen == "nl" else "en"
    return "nl" if (st.context.locale or "").lower().startswith("nl") else "en"


def t(key: str, **values: object) -> str:
    """The words for a key in the visitor's language, with values filled in."""
    return WORDS[key][0 if language() == "en" else 1].format(**values)


def stage(words: str) -> str:
    """A job's own words on what it does, which come in English, in the visitor's language where known."""
    known = STAGES.get(words.split(" (", maxsplit=1)[0].lower())
    if language() == "nl" and known:
        return known[:1].upper() + known[1:]
    return words[:1].upper() + words[1:]


def model_name(model: str) -> str:
    """A model's name in plain words."""
    english, dutch = MODELS.get(model, (model, model))
    return english if language() == "en" else dutch


def driver_name(driver: str) -> str:
    """A driver's name, which comes in English, in the visitor's language where known."""
    return DRIVERS.get(driver, driver) if language() == "nl" else driver


def note(words: str) -> str:
    """A result's note, which comes in English, in the visitor's language where known."""
    if language() == "en" or words in NOTES:
        return NOTES[words] if language() == "nl" else words
    # Notes begin large, and are known by the clause that they were made from.
    told = sentence(f"{words[:1].lower()}{words[1:]}", "nl")
    return f"{told[:1].upper()}{told[1:]}"


def said(text: str) -> str:
    """A sentence of the suite that comes in English, an error or a finding, in the visitor's language."""
    return sentence(text, language())
