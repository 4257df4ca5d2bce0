"""Where on earth something lies: its bounds in degrees, and whether that is where it was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence

EUROPE = (-32.0, 27.0, 46.0, 72.0)
"""West, south, east and north in degrees, with the Azores, the Canaries and Cyprus."""
_ROOT_CODE = re.compile(r'(?:AUTHORITY\["EPSG",\s*"(\d+)"\]|ID\["EPSG",\s*(\d+)\])\s*\]\s*$')


def code_of(wkt: str) -> str:
    """The code with which well-known text ends, such as EPSG:28992; "" where it ends with none."""
    found = _ROOT_CODE.search(wkt)
    return f"EPSG:{found[1] or found[2]}" if found else ""


def region_notes(bounds: Sequence[float], region: Sequence[float] | None, what: str) -> list[str]:
    """A note where something lies outside the region in which it was expected, or looks swapped.

    Args:
        bounds: west, south, east, north in degrees.
        region: where it was expected, in the same order; None: Europe.
        what: what lies there, for the note ("the features").
    """
    expected = tuple(region) if region is not None else EUROPE
    west, south, east, north = bounds
    if _within(bounds, expected):
        return []
    place = "Europe" if region is None else "the expected region"
    lies = f"{what} lie at {_degrees((west + east) / 2, 'EW')}, {_degrees((south + north) / 2, 'NS')}"
    if _within((south, west, north, east), expected):
        return [
            f"{lies}, not in {place}; latitude and longitude look swapped: the other way round they do "
            "lie in it"
        ]
    return [f"{lies}, not in {place}"]


def _within(bounds: Sequence[float], region: Sequence[float]) -> bool:
    return (
        region[0] <= bounds[0] <= bounds[2] <= region[2] and region[1] <= bounds[1] <= bounds[3] <= region[3]
    )


def _degrees(value: float, sides: str) -> str:
    return f"{abs(value):.2f}° {sides[value < 0]}"
