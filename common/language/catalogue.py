"""Templates with gaps: finds the one that a finished sentence was made from, and fills its translation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GAP = "{}"
LEAST_KNOWN = 8
"""Characters that a template must have beside its gaps to be believed for a part of a sentence."""
DEEPEST = 2
"""Sentences within sentences that are looked into: a reason of a reason."""
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_MARKS = str.maketrans(",.", ".,")
_UNIT = re.compile(r" ?(?:mm|km|m|MB|GB|ha|kg|s|%|°|kWh?|MWh?)(?![\w/])")
_PRODUCT = " × "
_MOST_FACTORS = 4
_OR = " or "
_LIST, _LONGEST_LIST = ", ", 8
_TIMES = re.compile(r"(.+?)((?: \(\d+\))?)")
_COUNTED = re.compile(r"(-?[\d.,]+) (.+)")


@dataclass(frozen=True)
class Template:
    """A sentence with gaps and its translation, which has the same gaps in the same order.

    Where the other language wants another order, its gaps are numbered: "{1} … {0}".
    """

    parts: tuple[str, ...]
    other: str

    def filled(self, text: str) -> list[str] | None:
        """What stands in the gaps when a text was made from this template, else None.

        The parts are looked for from left to right, each as early as can be, the last at the end. That
        finds a way to read the text whenever there is one, in time that grows with its length alone: a
        text may come from whoever wrote the file.
        """
        first, last = self.parts[0], self.parts[-1]
        if len(self.parts) == 1:
            return [] if text == first else None
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return None
        gaps, at, end = [], len(first), len(text) - len(last)
        for part in self.parts[1:-1]:
            found = text.find(part, at, end)
            if found < 0:
                return None
            gaps.append(text[at:found])
            at = found + len(part)
        return [*gaps, text[at:end]]

    @property
    def weight(self) -> int:
        """Characters beside the gaps."""
        return sum(map(len, self.parts))

    @property
    def is_measured(self) -> bool:
        """Whether a unit follows one of its gaps: then its numbers are quantities, not versions or codes."""
        return any(_UNIT.match(part) for part in self.parts[1:])

    def is_quoted(self, gap: int) -> bool:
        """Whether a gap stands in quotation marks: a name or a content, which no language changes."""
        return self.parts[gap].endswith("'") and self.parts[gap + 1].startswith("'")


class Catalogue:
    """Sentences of one language in another.

    Args:
        templates: English template -> translation.
        words: English words -> translation, for what is filled into gaps: units, kinds, reasons of the
            system.
    """

    def __init__(self, templates: Mapping[str, str], words: Mapping[str, str]) -> None:
        made = [Template(tuple(english.split(GAP)), other) for english, other in templates.items()]
        # What says most about a sentence is tried first: the longest text beside the gaps.
        self._templates: Sequence[Template] = sorted(made, key=lambda one: -one.weight)
        self._words, self._or = words, f" {words.get(_OR.strip(), _OR.strip())} "

    def find(self, text: str, deep: int = 0) -> tuple[int, str]:
        """How much of a sentence is known, in characters beside the gaps, and its translation.

        (0, the text itself) where no template fits. `deep` counts the sentences around this one.
        """
        for template in self._templates:
            gaps = template.filled(text)
            if gaps is not None:
                measured = template.is_measured
                said = [
                    gap if template.is_quoted(i) else self._filling(gap, deep, measured)
                    for i, gap in enumerate(gaps)
                ]
                return template.weight, template.other.format(*said)
        return 0, text

    def _filling(self, gap: str, deep: int, measured: bool = False) -> str:
        """What was filled in, translated where it is known; `measured`: a number in it is a quantity."""
        if gap in self._words:
            return self._words[gap]
        if _GROUPED.fullmatch(gap) or (measured and _DECIMAL.fullmatch(gap)):
            return gap.translate(_MARKS)
        counted = _COUNTED.fullmatch(gap)
        if counted and counted[2] in self._words:
            return f"{self._filling(counted[1], deep, measured=True)} {self._words[counted[2]]}"
        factors = gap.split(_PRODUCT, _MOST_FACTORS)
        if len(factors) > 1 and all(map(_NUMBER.fullmatch, factors)):
            return _PRODUCT.join(self._filling(factor, DEEPEST, measured) for factor in factors)
        choices = gap.split(_OR)
        if len(choices) > 1 and any(choice in self._words for choice in choices):
            return self._or.join(self._filling(choice, deep) for choice in choices)
        if deep < DEEPEST and (listed := self._list(gap, deep)):
            return listed
        # A reason in brackets is often a sentence of its own.
        weight, said = self.find(gap, deep + 1) if " " in gap and deep < DEEPEST else (0, gap)
        return said if weight >= LEAST_KNOWN else gap

    def _list(self, gap: str, deep: int) -> str:
        """A list of things that are all known, some with how often they occur: "raw data (3), a spectrum"."""
        found = [_TIMES.fullmatch(part) for part in gap.split(_LIST, _LONGEST_LIST)]
        if len(found) == 1 and found[0] and not found[0][2]:
            return ""
        said = []
        for part in found:
            # One word alone may be a name, such as that of a column.
            told = self._filling(part[1], deep + 1) if part and " " in part[1] and "'" not in part[1] else ""
            if part is None or told in ("", part[1]):
                return ""
            said.append(told + part[2])
        return _LIST.join(said)
