"""Numbers, powers, energies and times as people of each language write them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Language = Literal["en", "nl"]

DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "nl": ("ma", "di", "wo", "do", "vr", "za", "zo"),
}
MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "nl": ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
}
LONG_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
}
LONG_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
}
NO_VALUE = "–"


@dataclass(frozen=True)
class Unit:
    """A unit of power chosen to suit the numbers: `value_kw / kw` is the number to show."""

    name: str
    kw: float


UNITS = (Unit("GW", 1e6), Unit("MW", 1e3), Unit("kW", 1.0), Unit("W", 1e-3))


def unit_for(largest_kw: float) -> Unit:
    """The unit in which the largest number has one to three digits before the point."""
    size = abs(largest_kw)
    if not math.isfinite(size) or size == 0:
        return UNITS[2]
    return next((unit for unit in UNITS if size >= unit.kw), UNITS[-1])


def number(value: float | None, language: Language, digits: int = 0) -> str:
    """1,234.5 in English, 1.234,5 in Dutch; an en dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    text = f"{value:,.{digits}f}"
    text = text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
    if language == "nl":
        text = text.translate(str.maketrans(",.", ".,"))
    return text.replace("-", "−")


def figure(value: float | None, language: Language, significant: int = 3) -> str:
    """A number with three significant digits, and no fewer than all digits before the point."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    return number(value, language, max(significant - max(before, 1), 0))


def power(value_kw: float | None, language: Language, unit: Unit | None = None) -> str:
    """A power with its unit, the unit chosen by its size unless it is given."""
    if value_kw is None or not math.isfinite(value_kw):
        return NO_VALUE
    unit = unit or unit_for(value_kw)
    return f"{figure(value_kw / unit.kw, language)} {unit.name}"


def energy(value_kwh: float | None, language: Language) -> str:
    """An energy with its unit, chosen by its size."""
    text = power(value_kwh, language)
    return text if text == NO_VALUE else f"{text}h"


def percent(share: float | None, language: Language, digits: int = 0) -> str:
    """A share of one as a percentage."""
    if share is None or not math.isfinite(share):
        return NO_VALUE
    return f"{number(share * 100, language, digits)}{'%' if language == 'en' else ' %'}"


def day(at: datetime, language: Language) -> str:
    """Thu 1 Jan."""
    return f"{DAYS[language][at.weekday()]} {at.day} {MONTHS[language][at.month - 1]}"


def date(at: datetime, language: Language) -> str:
    """1 Jan 2015."""
    return f"{at.day} {MONTHS[language][at.month - 1]} {at.year}"


def moment(at: datetime, language: Language) -> str:
    """Thu 1 Jan 18:30, in the time of `at` itself."""
    return f"{day(at, language)} {at:%H:%M}"


def chart_locale(language: Language) -> dict[str, object]:
    """The `locale` of a Vega-Lite configuration."""
    english = language == "en"
    return {
        "number": {
            "decimal": "." if english else ",",
            "thousands": "," if english else ".",
            "grouping": [3],
            "currency": ["", ""],
        },
        "time": {
            "dateTime": "%a %e %b %X %Y",
            "date": "%d-%m-%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": [LONG_DAYS[language][-1], *LONG_DAYS[language][:-1]],
            "shortDays": [DAYS[language][-1], *DAYS[language][:-1]],
            "months": list(LONG_MONTHS[language]),
            "shortMonths": list(MONTHS[language]),
        },
    }
