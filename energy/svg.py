"""Axes of the report's charts: times on the local calendar, and powers in their unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from common.svg import WIDTH, line, nice_ticks, text
from energy.wording import Unit, day

LEFT, RIGHT = 58, 14


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
