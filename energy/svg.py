"""Charts of the report as inline SVG: no script, no request, sharp on paper, colours from the page's style.

Classes name meanings (`measured`, `median`, `band`, `limit`, ...); the report's style sheet colours them for
light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from energy.wording import Unit, day

WIDTH = 1000
LEFT, RIGHT = 58, 14


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers that span the range."""
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / count
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(f * size for f in (1, 2, 2.5, 5, 10) if f * size >= rough * 0.999)
    first, last = np.floor(low / step), np.ceil(high / step)
    return [round(float(k * step), 10) for k in np.arange(first, last + 1)]


def text(x: float, y: float, words: object, css: str = "", anchor: str = "start") -> str:
    """One piece of text; the words are escaped."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" text-anchor="{anchor}">{escape(str(words))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def rect(x: float, y: float, width: float, height: float, css: str, *, title: str = "") -> str:
    """A filled rectangle with words that show under the pointer."""
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'{shape} class="{css}"><title>{escape(title)}</title></rect>'


def path(x: Sequence[float], y: Sequence[float], css: str) -> str:
    """A line through points, broken where a value is unknown."""
    parts, pen = [], "M"
    for across, down in zip(x, y, strict=True):
        if not np.isfinite(down):
            pen = "M"
            continue
        parts.append(f"{pen}{across:.1f} {down:.1f}")
        pen = "L"
    return f'<path d="{"".join(parts)}" class="{css}"/>'


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], css: str) -> str:
    """The area between two lines, broken where one is unknown."""
    known = np.isfinite(np.asarray(low)) & np.isfinite(np.asarray(high))
    parts = []
    for piece in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1):
        if len(piece) and known[piece[0]]:
            there = [f"{x[i]:.1f} {low[i]:.1f}" for i in piece]
            back = [f"{x[i]:.1f} {high[i]:.1f}" for i in piece[::-1]]
            parts.append(f"M{'L'.join([*there, *back])}Z")
    return f'<path d="{"".join(parts)}" class="{css}"/>'


def picture(
    parts: Sequence[str], height: float, words: str, width: float = WIDTH, css: str = "wide"
) -> Markup:
    """The whole drawing, with a description for those who cannot see it."""
    box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg class="{css}" {box} role="img" aria-label="{escape(words)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 -- every text in the parts is escaped


class TimeAxis:
    """Places times on the drawing and draws days and hours of the local calendar below it."""

    def __init__(self, start: pd.Timestamp, end: pd.Timestamp) -> None:
        self.start, self.end = start, end
        self.span = (end - start) / pd.Timedelta(hours=1)

    def at(self, times: pd.Series | pd.DatetimeIndex) -> list[float]:
        """Horizontal places of zone-aware times."""
        hours = np.asarray((times - self.start) / pd.Timedelta(hours=1), dtype=float)
        return [float(h) for h in LEFT + hours / self.span * (WIDTH - LEFT - RIGHT)]

    def draw(self, top: float, bottom: float, labels: bool = True) -> list[str]:
        """Upright lines at local midnights, with day names, and clock times between where there is room."""
        every = next((h for most, h in ((40, 3), (80, 6), (150, 12)) if self.span <= most), 24)
        days = pd.date_range(self.start.normalize(), self.end, freq="D")
        skip = max(1, round(len(days) / 12))
        roomy = 12 / self.span * WIDTH > 110  # half a day holds the day's name and the hour
        parts = []
        for number, midnight in enumerate(days):
            (x,) = self.at(pd.DatetimeIndex([midnight]))
            if x >= LEFT and number % skip == 0:
                parts.append(line(x, top, x, bottom, "midnight"))
            if labels and number % skip == 0 and LEFT <= x < WIDTH - 50:
                parts.append(text(x + 4, bottom + 17, day(midnight), "tick strong"))
            for hour in range(every, 24, every):
                # Wall-clock hours, so that a 23- or 25-hour day keeps its noon.
                wall = midnight.tz_localize(None) + pd.Timedelta(hours=hour)
                when = wall.tz_localize(midnight.tz, ambiguous=True, nonexistent="shift_forward")
                (x,) = self.at(pd.DatetimeIndex([when]))
                if LEFT <= x <= WIDTH - RIGHT:
                    parts.append(line(x, bottom, x, bottom + 4, "grid"))
                    if labels and hour == 12 and roomy:
                        parts.append(text(x, bottom + 17, f"{hour:02d}:00", "tick", "middle"))
        return parts


class PowerAxis:
    """Places powers on the drawing and draws their lines and labels."""

    def __init__(self, low_kw: float, high_kw: float, unit: Unit, top: float, bottom: float) -> None:
        self.ticks = nice_ticks(low_kw / unit.kw, high_kw / unit.kw)
        self.unit, self.top, self.bottom = unit, top, bottom
        self.low, self.high = self.ticks[0], max(self.ticks[-1], self.ticks[0] + 1e-9)

    def at(self, power_kw: pd.Series | Sequence[float]) -> list[float]:
        """Vertical places of powers in kW."""
        share = (np.asarray(power_kw, dtype=float) / self.unit.kw - self.low) / (self.high - self.low)
        return [float(y) for y in self.bottom - share * (self.bottom - self.top)]

    def draw(self) -> list[str]:
        """Lines across with their values, and the unit."""
        parts = [text(LEFT - 8, self.top - 12, self.unit.name, "tick strong", "end")]
        digits = max((len(f"{tick:.10g}".partition(".")[2]) for tick in self.ticks), default=0)
        for tick in self.ticks:
            (y,) = self.at([tick * self.unit.kw])
            parts.append(line(LEFT, y, WIDTH - RIGHT, y, "grid"))
            parts.append(text(LEFT - 8, y + 4, f"{tick:,.{digits}f}".replace("-", "−"), "tick", "end"))
        return parts
