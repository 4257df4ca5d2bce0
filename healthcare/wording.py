"""Volumes, shares and lists of things, as people read them in English."""

from __future__ import annotations

import math
from collections.abc import Sequence


def figure(value: float, significant: int = 3) -> str:
    """A number with three significant digits, no fewer than all before the point; – where it is unknown."""
    if not math.isfinite(value):
        return "–"
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    return f"{value:,.{max(significant - max(before, 1), 0)}f}".replace("-", "−")


def millilitres(low: float, high: float | None = None) -> str:
    """A volume with its unit, or an interval of two."""
    return f"{figure(low)} ml" if high is None else f"{figure(low)} to {figure(high)} ml"


def percent(share: float) -> str:
    """A share as per cent, with a digit where it is near 0 or 1; – where it is unknown."""
    if not math.isfinite(share):
        return "–"
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "under 0.1%" if share < 0.5 else "over 99.9%"
    near = min(share, 1 - share) < 0.095 and share not in (0.0, 1.0)
    return f"{share:.{1 if near else 0}%}"


def rate(coverage: float) -> str:
    """A rate that was asked for, without digits that it does not have: 90%, 99.5%."""
    return f"{100 * coverage:.4g}%"


def extents(lengths: Sequence[float], unit: str = "mm") -> str:
    """Lengths along several axes, "0.94 × 0.94 × 5 mm"."""
    return f"{' × '.join(f'{length:.3g}' for length in lengths)} {unit}"


def listed(names: Sequence[str], joint: str = "and") -> str:
    """Names as in a sentence, "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
