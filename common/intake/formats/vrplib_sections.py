"""The lines of a VRPLIB file as sections of numbers, each counted and each number with its line.

An own parser, not the `vrplib` package: that one takes what it finds, so a cut section, an id twice or a word
among the numbers comes out as a smaller or ragged problem, or as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from common.encoding import as_utf8
from common.errors import DataError, IntakeError
from common.intake.strict_json import shown

Floats = NDArray[np.float64]

MAX_NODES = 100_000
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MOST = 1e12
_MEND = "export or copy it anew"


@dataclass
class Line:
    """A line of numbers and where it stands."""

    number: int
    words: list[str]


@dataclass
class Text:
    """A VRPLIB file, split.

    Attributes:
        name: of the file, for messages.
        fields: upper-case key -> value and line, of `KEY : value`.
        sections: upper-case name without `_SECTION` -> its lines.
        starts: the same name -> line of its heading.
        has_end: whether EOF closes it.
    """

    name: str
    fields: dict[str, tuple[str, int]] = field(default_factory=dict)
    sections: dict[str, list[Line]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    has_end: bool = False

    def at(self, line: int) -> str:
        """Where a line is, for messages."""
        return f"{self.name}, line {line}"

    def number(self, key: str, least: float, most: float = _MOST) -> float | None:
        """A field's number within bounds; None where there is none."""
        if key not in self.fields:
            return None
        value, line = self.fields[key]
        found = self.value(value, line, key)
        if not least <= found <= most:
            raise DataError(
                f"{key} is {found:g}", where=self.at(line), mend=f"write a number from {least:g} to {most:g}"
            )
        return found

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A field's whole number within bounds; None where there is none."""
        found = self.number(key, least, most)
        if found is not None and found != int(found):
            raise DataError(
                f"{key} is {found:g}", where=self.at(self.fields[key][1]), mend="write a whole number"
            )
        return None if found is None else int(found)

    def value(self, word: str, line: int, what: str) -> float:
        """A word as a finite number.

        Raises:
            DataError: it is none.
        """
        if len(word) > 60 or not _NUMBER.fullmatch(word) or not abs(float(word)) <= _MOST:
            raise DataError(f"'{shown(word)}' in {what} is no number", where=self.at(line), mend=_MEND)
        return float(word)

    def row(self, line: Line, width: int, what: str) -> list[float]:
        """A line of exactly so many numbers."""
        if len(line.words) != width:
            raise DataError(
                f"{what} has {len(line.words)} values in this line instead of {width}",
                where=self.at(line.number),
                mend=_MEND,
            )
        return [self.value(word, line.number, what) for word in line.words]

    def id(self, number: float, most: int, line: int, what: str) -> int:
        """A whole number from 1 to the largest id.

        Raises:
            DataError: it is another.
        """
        if number != int(number) or not 1 <= number <= most:
            raise DataError(
                f"{what} names {number:g}, but ids run from 1 to {most:,}", where=self.at(line), mend=_MEND
            )
        return int(number)

    def by_id(self, section: str, count: int, width: int) -> tuple[Floats, NDArray[np.int64]]:
        """A section with one line for each id from 1 on, in any order.

        Returns:
            Its values, shape (count, width), and the line of each, shape (count,).

        Raises:
            DataError: a line is missing, twice, out of range, or has another number of values.
        """
        what = f"{section}_SECTION"
        values, lines = np.zeros((count, width)), np.zeros(count, np.int64)
        for line in self.sections[section]:
            number, *rest = self.row(line, width + 1, what)
            at = self.id(number, count, line.number, what) - 1
            if lines[at]:
                raise DataError(
                    f"{what} gives {at + 1} twice, first in line {lines[at]}",
                    where=self.at(line.number),
                    mend=_MEND,
                )
            values[at], lines[at] = rest, line.number
        if not lines.all():
            missing = int(np.flatnonzero(lines == 0)[0]) + 1
            given = int((lines > 0).sum())
            raise IntakeError(
                f"{what} has {given:,} of {count:,} lines, {missing} is missing; it is cut off or damaged",
                where=self.at(self.starts[section]),
                mend=_MEND,
            )
        return values, lines

    def pairs(self, section: str, firsts: int, seconds: int) -> list[tuple[int, int]]:
        """A section whose lines give for one id a list of others, as pairs; -1 may close a line."""
        what, found = f"{section}_SECTION", []
        for line in self.sections[section]:
            words = line.words[:-1] if line.words[-1] == "-1" else line.words
            numbers = [self.value(word, line.number, what) for word in words]
            first = self.id(numbers[0] if numbers else 0, firsts, line.number, what)
            found += [(first, self.id(n, seconds, line.number, what)) for n in numbers[1:]]
        return found


def decoded(data: bytes, name: str) -> str:
    """The bytes as text.

    Raises:
        IntakeError: they are none.
    """
    found = as_utf8(data)
    if found is None:
        raise IntakeError("the text is damaged: it holds control characters", where=name, mend=_MEND)
    return found[1].decode("utf-8")


def split(text: str, name: str) -> Text:
    """Split a VRPLIB text into fields and sections.

    Raises:
        IntakeError: a line is neither, a heading occurs twice, or the end is cut off.
    """
    made, section = Text(name), ""
    for number, line in _lines(text):
        if made.has_end:
            raise IntakeError("text follows after EOF", where=made.at(number), mend="leave it out")
        key, colon, value = (part.strip() for part in line.partition(":"))
        key = key.upper()
        if key == "EOF" and not value:
            made.has_end = True
        elif key.endswith("_SECTION") and key.isidentifier() and not value:
            section = key.removesuffix("_SECTION")
            if section in made.sections:
                raise IntakeError(f"{shown(key)} occurs twice", where=made.at(number), mend=_MEND)
            made.sections[section], made.starts[section] = [], number
        elif colon and key.isidentifier():
            if key in made.fields and key != "COMMENT":
                raise IntakeError(f"{shown(key)} occurs twice", where=made.at(number), mend=_MEND)
            made.fields[key] = value, number
        elif section:
            made.sections[section].append(Line(number, line.split()))
        else:
            raise IntakeError(
                f"'{shown(line.strip())}' is neither a field nor a section", where=made.at(number), mend=_MEND
            )
    if not made.has_end and not text.endswith("\n") and text.rstrip().split()[-1:] != ["-1"]:
        raise IntakeError("it is cut off: neither EOF nor an end of line closes it", where=name, mend=_MEND)
    return made


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that hold something, numbered as an editor does."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line
