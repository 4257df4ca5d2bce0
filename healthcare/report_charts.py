"""The report's two charts as inline SVG: values with their intervals, and the reliability curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from common.svg import line, path, picture, rect, text
from healthcare.report_content import Bar

WIDTH, LABEL, ROOM = 520, 150, 86
"""Of the chart, of the names on its left, and of the figures on its right, in its own units."""
ROW = 30


def reach(bars: Sequence[Bar]) -> float:
    """The largest value that a chart of these bars must hold."""
    ends = [end for bar in bars for end in (bar.value, bar.high) if math.isfinite(end)]
    return max(ends, default=0.0) or 1.0


def bars_svg(bars: Sequence[Bar], words: str) -> Markup:
    """Bars with whiskers.

    Args:
        bars: from the top.
        words: what the picture shows, in a sentence.
    """
    most, parts = reach(bars), []
    span = WIDTH - LABEL - ROOM
    for number, bar in enumerate(bars):
        y = number * ROW + 4
        length = max(bar.value, 0.0) / most * span
        colour = f"rgb{tuple(bar.colour)}"
        parts.append(text(LABEL - 10, y + 16, bar.name, "name", "end"))
        parts.append(f'<g style="fill:{colour}">{rect(LABEL, y + 3, length, ROW - 12, "bar")}</g>')
        end = length
        if math.isfinite(bar.low) and math.isfinite(bar.high):
            low, high = (LABEL + max(value, 0.0) / most * span for value in (bar.low, bar.high))
            middle = y + 3 + (ROW - 12) / 2
            parts.append(line(low, middle, high, middle, "whisker"))
            parts += [line(at, middle - 5, at, middle + 5, "whisker") for at in (low, high)]
            end = max(end, high - LABEL)
        parts.append(text(LABEL + end + 8, y + 16, bar.words, "name"))
    return picture(parts, len(bars) * ROW + 4, words, WIDTH, "half")


def reliability_svg(points: Sequence[Mapping[str, float]], words: str) -> Markup:
    """Share that came true by the probability given, beside the diagonal on which it should lie."""
    size, left, top = 200, 46, 10
    width, height = left + size + 14, top + size + 40
    parts = []
    for share in (0.0, 0.5, 1.0):
        y, x = top + (1 - share) * size, left + share * size
        parts += [line(left, y, left + size, y, "grid"), line(x, top, x, top + size, "grid")]
        parts += [text(left - 6, y + 4, f"{share:.0%}", "tick", "end")]
        parts += [text(x, top + size + 16, f"{share:.0%}", "tick", "middle")]
    parts.append(line(left, top + size, left + size, top, "diagonal"))
    across = [left + float(p["said"]) * size for p in points]
    down = [top + (1 - float(p["true"])) * size for p in points]
    parts.append(path(across, down, "curve"))
    for x, y, radius in zip(across, down, dot_sizes(points), strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="dot"/>')
    parts.append(text(left + size / 2, top + size + 34, "probability said", "tick", "middle"))
    return picture(parts, height, words, width, "narrow")


def dot_sizes(points: Sequence[Mapping[str, float]]) -> list[float]:
    """Radius of each dot, by the cases behind it; all alike where that is not known."""
    cases = [float(p.get("cases", math.nan)) for p in points]
    most = max((c for c in cases if math.isfinite(c)), default=0.0)
    return [2.5 + 3.5 * math.sqrt(c / most) if most and math.isfinite(c) else 4.0 for c in cases]
