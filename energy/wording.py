"""Powers, numbers and times, as people read them in English."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Unit(NamedTuple):
    """A unit of power for people: its name and how many kW it is."""

    name: str
    kw: float


def interval(times: pd.Series) -> pd.Timedelta:
    """Length of the intervals that start at these times; an hour where there is one time alone."""
    distinct = times.drop_duplicates().sort_values()
    return distinct.diff().min() if len(distinct) > 1 else pd.Timedelta(hours=1)


def unit_for(largest_kw: float) -> Unit:
    """The unit in which a power of this size has one to three digits before the point (GW: any number)."""
    units = (Unit("GW", 1e6), Unit("MW", 1e3), Unit("kW", 1.0))
    return next((unit for unit in units if abs(largest_kw) >= unit.kw), Unit("W", 1e-3))


def figure(value: float, significant: int = 3) -> str:
    """A number with three significant digits, no fewer than all before the point, and a true minus."""
    if not np.isfinite(value):
        return "–"
    before = int(np.floor(np.log10(abs(value)))) + 1 if value else 1
    return f"{value:,.{max(significant - max(before, 1), 0)}f}".replace("-", "−")


def power(value_kw: float, unit: Unit | None = None) -> str:
    """A power with its unit, which goes by its size unless it is given."""
    unit = unit or unit_for(value_kw)
    return f"{figure(value_kw / unit.kw)} {unit.name}"


def day(at: pd.Timestamp) -> str:
    """Thu 1 Jan."""
    return f"{DAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]}"


def moment(at: pd.Timestamp) -> str:
    """Thu 1 Jan 18:30, in the zone of `at`."""
    return f"{day(at)} {at.hour:02d}:{at.minute:02d}"
