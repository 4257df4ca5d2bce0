"""The members of one object in the suite's JSON, each checked for kind and bounds when it is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from common.errors import DataError
from common.intake.strict_json import shown

_LONGEST_TEXT = 200
_MOST_WORDS = 50


class Members:
    """One client, vehicle type or depot.

    Attributes:
        where: what to call it in messages, with the file's name.
    """

    def __init__(self, item: Any, where: str, what: str) -> None:
        self.where = where
        if not isinstance(item, dict):
            raise DataError(f"{what} is no object with members", where=where, mend="write {…}")
        self._item = item

    def get(self, name: str) -> Any:
        """A member as it stands; None where it is missing or null."""
        return self._item.get(name)

    def unknown(self, known: Sequence[str]) -> list[str]:
        """Names of members beside the known ones."""
        return [name for name in self._item if name not in known]

    def number(self, name: str, least: float, most: float, *, needed: bool = True) -> float | None:
        """A finite number within bounds; None where it is missing and not needed.

        Raises:
            DataError: it is missing, no number, NaN, infinite or out of bounds.
        """
        value = self.get(name)
        if value is None:
            if needed:
                raise DataError(f"'{name}' is missing", where=self.where, mend=f"write '{name}' as a number")
            return None
        return self._bounded(value, f"'{name}'", least, most)

    def _bounded(self, value: Any, what: str, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            said = f"{what} is '{shown(value)}'" if isinstance(value, str) else f"{what} is no number"
            raise DataError(said, where=self.where, mend="write one number, without quotes")
        if not math.isfinite(value):
            said = "not a number (NaN)" if math.isnan(value) else "infinite"
            raise DataError(f"{what} is {said}", where=self.where, mend="write a finite number")
        if value < least:
            said = "negative" if least == 0 else f"below {least:g}"
            raise DataError(f"{what} is {said}: {value:g}", where=self.where, mend=f"write {least:g} or more")
        if value > most:
            raise DataError(
                f"{what} is above {most:g}: {value:g}", where=self.where, mend=f"write {most:g} or less"
            )
        return float(value)

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number within bounds, as `number`."""
        value = self.number(name, least, most, needed=False)
        if value is None:
            return default
        if value != int(value):
            raise DataError(f"'{name}' is {value:g}", where=self.where, mend="write a whole number")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false.

        Raises:
            DataError: it is something else.
        """
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise DataError(
                f"'{name}' is neither true nor false", where=self.where, mend="write true or false"
            )
        return value

    def label(self, name: str) -> str:
        """A name or id as text, "" where it is missing; printable.

        Raises:
            DataError: it is neither text nor a whole number, or endless.
        """
        value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            value = int(value)  # spreadsheets write ids as 7.0
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise DataError(f"'{name}' is no text or whole number", where=self.where, mend="write a text")
        text = "".join(c if c.isprintable() else "?" for c in str(value)).strip()
        if not 0 < len(text) <= _LONGEST_TEXT:
            said = "is empty" if not text else f"has {len(text):,} characters"
            raise DataError(f"'{name}' {said}", where=self.where, mend="write a short text")
        return text

    def words(self, name: str) -> list[str] | None:
        """A list of short texts; None where it is missing.

        Raises:
            DataError: it is something else.
        """
        value = self.get(name)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) > _MOST_WORDS
            or not all(isinstance(v, str) for v in value)
        ):
            raise DataError(f"'{name}' is no list of texts", where=self.where, mend='write ["…", "…"]')
        return [shown(v, _LONGEST_TEXT) for v in value]

    def place(self) -> tuple[float, float]:
        """Latitude and longitude in degrees.

        Raises:
            DataError: one is missing, NaN or out of range.
        """
        lat, lon = self.get("lat"), self.get("lon")
        plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (lat, lon))
        if plain and 90 < abs(lat) <= 180 and abs(lon) <= 90:
            raise DataError(
                f"the latitude is {lat:g}", where=self.where, mend="latitude and longitude seem to be swapped"
            )
        if plain and max(abs(lat), abs(lon)) > 180:
            raise DataError(
                f"the place {lat:g}, {lon:g} is not in degrees", where=self.where, mend="write WGS 84 degrees"
            )
        found = [self.number(name, -most, most) for name, most in (("lat", 90.0), ("lon", 180.0))]
        assert found[0] is not None
        assert found[1] is not None
        return found[0], found[1]

    def window(self, name: str, longest_s: int) -> tuple[float | None, float | None]:
        """Start and end in seconds since midnight of the first day; twice None where it is missing.

        Raises:
            DataError: it is no pair of numbers, negative, reversed or beyond the longest.
        """
        value = self.get(name)
        if value is None:
            return None, None
        if not isinstance(value, list) or len(value) != 2:
            raise DataError(
                f"'{name}' is no pair of numbers", where=self.where, mend="write [start, end] in seconds"
            )
        start, end = (
            self._bounded(moment, f"the {what} of '{name}'", 0, longest_s)
            for moment, what in zip(value, ("start", "end"), strict=True)
        )
        if end < start:
            raise DataError(
                f"'{name}' ends before it starts: {start:g} to {end:g}",
                where=self.where,
                mend="write [start, end] in seconds since midnight; past midnight they go on beyond 86400",
            )
        return start, end
