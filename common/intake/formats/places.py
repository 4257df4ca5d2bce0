"""Places that look odd among the others: far away, at 0, 0, or with latitude and longitude swapped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FAR_KM = 2_000
_RADIUS_KM = 6_371.0
_NAMED = 3

Place = tuple[str, float, float]
"""What to call it, latitude and longitude in degrees."""


def odd(places: list[Place]) -> list[str]:
    """One sentence for each place that is likely wrong, a few at most.

    The middle of all is the median of latitudes and of longitudes, which a few wrong places do not move.
    """
    lat, lon = np.array([[p[1], p[2]] for p in places]).T
    middle = float(np.median(lat)), float(np.median(lon))
    away = _km(lat, lon, middle)
    turned = np.where(np.abs(lon) <= 90, _km(lon, lat, middle), np.inf)
    found = []
    for at in np.flatnonzero((away > FAR_KM) | ((lat == 0) & (lon == 0))):
        said = f"{places[at][0]} lies {away[at]:,.0f} km from the middle of the others"
        if lat[at] == 0 == lon[at]:
            said = f"{places[at][0]} lies at 0, 0, which often means that its place is not known"
        elif turned[at] < FAR_KM:
            said += ": its latitude and longitude seem to be swapped"
        found.append(said)
    return some(found)


def some(sentences: list[str]) -> list[str]:
    """The first few sentences, and how many there are more."""
    more = len(sentences) - _NAMED
    return sentences[:_NAMED] + ([f"and {more} more of this kind"] if more > 0 else [])


def _km(lat: NDArray[np.float64], lon: NDArray[np.float64], to: tuple[float, float]) -> NDArray[np.float64]:
    """Great-circle distances in km."""
    one, other = np.radians(lat), np.radians(to[0])
    half = np.sin((one - other) / 2) ** 2
    half = half + np.cos(one) * np.cos(other) * np.sin(np.radians(lon - to[1]) / 2) ** 2
    return 2 * _RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
