"""Sentences in Dutch: errors are raised in English, and put into the user's language where they are shown.

As with gettext, the English sentence is the key. What code fills in (`f"there is no column '{name}'"`) is
`{}` in the catalogue ("there is no column '{}'"), so a finished sentence is matched against the templates
and what was filled in is carried over. The catalogue is in `common.language.dutch*` and in a module `dutch`
beside each installed pilot: `DUTCH` for sentences, `PLACES` for where an error stands, `WORDS` for what is
filled in. A sentence without Dutch stays English.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module, metadata, util
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from common.language.catalogue import Catalogue

if TYPE_CHECKING:
    from common.errors import PilotError

Language = Literal["en", "nl"]
VARIABLE = "PILOTS_LANGUAGE"
LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
OWN = (
    "dutch",
    "dutch_access",
    "dutch_geo",
    "dutch_grids",
    "dutch_intake",
    "dutch_models",
    "dutch_routing",
    "dutch_scans",
    "dutch_store",
    "dutch_training",
    "dutch_words",
)
LONGEST = 2000
"""Characters of a sentence beyond which it is not looked up."""
BEFORE, AFTER = ": ", "; "
"""What stands between where and what, and between what and how to mend it."""
MOST_CUTS = 4


def chosen(environment: Mapping[str, str] = os.environ) -> Language:
    """The language for the terminal: PILOTS_LANGUAGE, else the locale that the system's variables name."""
    said = environment.get(VARIABLE) or next(filter(None, map(environment.get, LOCALE_VARIABLES)), "")
    return "nl" if said.lower().startswith("nl") else "en"


def translated(error: PilotError, language: Language) -> str:
    """An error as one sentence in a language."""
    if language == "en":
        return str(error)
    sentences, places = _dutch()
    known, what = sentences.find(error.what)
    if not known:  # what another process printed, with its own place and advice
        what = sentence(error.what, language)
    mend = sentences.find(error.mend)[1]
    where = places.find(error.where)[1]
    text = f"{where}: {what}" if where else what
    return f"{text}; {mend}." if mend else f"{text}."


def sentence(text: str, language: Language) -> str:
    """A finished sentence in a language: a clause, or a whole error as it was printed.

    Args:
        text: as it came, with or without "file, row 3: " before and "; how to mend it" after.
        language: en: as it came.
    """
    if language == "en" or not text or len(text) > LONGEST:
        return text
    clause = text.removesuffix(".")
    # Of two readings that are known equally well the later one has the place apart.
    known, _, said = max((_read_as(clause, *cut) for cut in _cuts(clause)), default=(0, 0, ""))
    return said + text[len(clause) :] if known else text


def _read_as(text: str, begin: int, end: int) -> tuple[int, int, str]:
    """A printed error whose middle stands from `begin` to `end`: how much is known, `begin`, translated."""
    sentences, places = _dutch()
    known, said = sentences.find(text[begin:end])
    if begin:
        said = f"{places.find(text[: begin - len(BEFORE)])[1]}{BEFORE}{said}"
    if end < len(text):
        more, mend = sentences.find(text[end + len(AFTER) :])
        return (known + more if known else 0), begin, f"{said}{AFTER}{mend}"
    return known, begin, said


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Where the middle of a printed error may begin and end."""
    begins = [0, *(found.end() for found in islice(re.finditer(BEFORE, text), MOST_CUTS))]
    ends = [len(text), *(found.start() for found in islice(re.finditer(AFTER, text), MOST_CUTS))]
    return ((begin, end) for begin in begins for end in ends if begin < end)


class Words(NamedTuple):
    """The Dutch of everything: English template -> Dutch template."""

    sentences: dict[str, str]
    places: dict[str, str]
    words: dict[str, str]


def gathered() -> Words:
    """The catalogue of the suite and of the installed pilots."""
    found = Words({}, {}, {})
    for name in [*(f"{__name__}.{own}" for own in OWN), *_of_pilots()]:
        try:
            module = import_module(name)
        except Exception:  # noqa: S112 -- an error is being told: a fork's broken words must not hide it
            continue
        found.sentences.update(getattr(module, "DUTCH", {}))
        found.places.update(getattr(module, "PLACES", {}))
        found.words.update(getattr(module, "WORDS", {}))
    return found


@cache
def _dutch() -> tuple[Catalogue, Catalogue]:
    """What is known of sentences, and of the places that errors name."""
    found = gathered()
    return Catalogue(found.sentences, found.words), Catalogue(
        found.places, {}
    )  # places name files as they are


def _of_pilots() -> list[str]:
    """Modules `dutch` of the installed pilots' packages, where they have one."""
    # Named as a text: common knows no sector.
    points = metadata.entry_points(group="sector_pilots")
    packages = sorted({point.module.partition(".")[0] for point in points})
    return [f"{package}.dutch" for package in packages if util.find_spec(f"{package}.dutch") is not None]
