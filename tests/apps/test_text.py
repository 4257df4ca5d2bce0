"""The catalogue is complete in both languages and no word in it is dead."""

from __future__ import annotations

import re
import string
from pathlib import Path

from apps.ui.text import WORDS

APPS = Path(__file__).resolve().parents[2] / "apps"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_everything_with_the_same_values():
    for key, (english, dutch) in WORDS.items():
        assert all((english.strip(), dutch.strip())), key
        assert fields(english) == fields(dutch), key


def test_every_key_on_the_pages_exists_and_every_word_is_used():
    code = "\n".join(p.read_text() for p in APPS.rglob("*.py") if not p.name.startswith("words"))
    exact = set(re.findall(r"\bt\(\s*[\"'](\w+)[\"']", code))
    assert exact <= WORDS.keys()
    made = tuple(re.findall(r"f[\"'](\w+_)\{", code))
    quoted = set(re.findall(r"[\"'](\w+)[\"']", code))
    dead = {k for k in WORDS if k not in quoted and not k.startswith(made)}
    assert dead == set()
