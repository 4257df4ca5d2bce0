"""Units of load and weather: found in headers, turned into kW and into the units of the weather's names."""

from __future__ import annotations

import re

KW_PER = {"W": 1e-3, "kW": 1.0, "MW": 1e3, "GW": 1e6}
KWH_PER = {f"{name}h": factor for name, factor in KW_PER.items()}
UNITS = (*KW_PER, *KWH_PER)
_LOWER = {name.lower(): name for name in UNITS}
# A unit stands in brackets ("Verbruik (kWh)", "[MW]") or as a word of its own ("load_mw", "kWh").
_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]")
_WORDS = re.compile(r"[^A-Za-z0-9°%/²]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=(?:k|M|G)Wh?$)")
_TAIL = re.compile(r"[\s_\-]+[kKmMgG]?[wW][hH]?$")


def unit_in(header: str) -> str | None:
    """The power or energy unit that a header names, None where it names none."""
    bracketed = [cell for found in _BRACKETS.findall(header) for cell in _WORDS.split(found)]
    words = [*bracketed, *reversed(_WORDS.split(_CAMEL.sub(" ", header)))]
    for word in words:
        # "w" alone is a column's name (w1, w), "W" a unit.
        if word.lower() in _LOWER and (len(word) > 1 or word == "W"):
            return _LOWER[word.lower()]
    return None


def without_unit(header: str) -> str:
    """A header without its unit; the header itself where nothing else is left."""
    return _TAIL.sub("", _BRACKETS.sub("", header)).strip(" _-:,") or header


def is_energy(unit: str) -> bool:
    """Whether a unit measures energy per interval, not power."""
    return unit in KWH_PER


def kw_factor(unit: str, hours: float) -> float:
    """What a number in `unit` is multiplied by to give the mean power in kW.

    Args:
        unit: one of `UNITS`.
        hours: length of the interval, which energies are spread over.
    """
    return KWH_PER[unit] / hours if unit in KWH_PER else KW_PER[unit]


def bracketed(header: str) -> str:
    """What stands in the brackets of a header, in lower case without spaces; "" without brackets."""
    found = _BRACKETS.findall(header)
    return re.sub(r"\s+", "", found[-1].lower()) if found else ""
