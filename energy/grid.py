"""From readings in any order to one regular grid in UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.errors import DataError
from energy.clock import Instants, Ints, counted, usual_step, words_of
from energy.validation import Finding

STEPS_MIN = (5, 10, 15, 30, 60)
EARLIEST, LATEST = np.datetime64("1980-01-01", "ns"), np.datetime64("2100-01-01", "ns")
_MINUTE = np.timedelta64(60 * 10**9, "ns")
_OFF_GRID_SHARE = 0.01
_STEADY = 24  # so many readings in a row at another distance are another step, not gaps
_SPARSE = 10  # a grid so many times longer than its readings comes from a wrong date


@dataclass(frozen=True)
class Grid:
    """A regular grid that readings stand on.

    Attributes:
        time: start of each interval, UTC, datetime64[ns], without a gap.
        step: length of an interval.
        position: shape (readings,), place of each reading on the grid, -1 where it has none.
    """

    time: Instants
    step: np.timedelta64
    position: Ints

    @property
    def hours(self) -> float:
        """Length of an interval in hours."""
        return float(self.step / np.timedelta64(3600 * 10**9, "ns"))


def grid_of(utc: Instants, rows: Ints, where: str) -> tuple[Grid, list[Finding]]:
    """The grid on which readings stand, and what was found: readings off it, and gaps.

    Raises:
        DataError: the times are too far off, too few, or have no or more than one step.
    """
    known = np.flatnonzero(~np.isnat(utc))
    if not len(known):
        raise DataError("no row has a time", where=where, mend="fill the column of time")
    far = known[(utc[known] < EARLIEST) | (utc[known] >= LATEST)]
    if len(far):
        raise DataError(
            f"the time {pd.Timestamp(utc[far[0]]):%Y-%m-%d} is too far off",
            where=f"{where}, row {rows[far[0]]}",
            mend="check the order of day, month and year",
        )
    at, first = np.unique(utc[known], return_index=True)
    step = usual_step(at)
    if len(at) < 2:
        raise DataError("there is only one time", where=where, mend="bring a series of readings")
    minutes = step / _MINUTE
    if minutes not in STEPS_MIN:
        steps = ", ".join(str(m) for m in STEPS_MIN[:-1])
        raise DataError(
            f"the readings are {words_of(step)} apart",
            where=where,
            mend=f"bring readings every {steps} or {STEPS_MIN[-1]} minutes",
        )
    file_rows = rows[known][first]
    _refuse_mix(at, step, file_rows, where)
    offsets = (at - at.astype("datetime64[D]")).astype("timedelta64[ns]") % step
    values, counts = np.unique(offsets, return_counts=True)
    phase = values[counts.argmax()]
    beside = (at - at.astype("datetime64[D]") - phase).astype("timedelta64[ns]") % step
    late = np.minimum(beside, step - beside)
    off = late > np.timedelta64(0, "ns")
    findings = []
    near = late <= step // 10
    if (off & near).any():
        # Loggers write seconds late; a tenth of the step decides nothing.
        at = np.where(off & near, at + np.where(beside < step // 2, -beside, step - beside), at)
        number = int((off & near).sum())
        row = int(file_rows[np.flatnonzero(off & near)[0]])
        findings.append(
            Finding(
                "time",
                "time off grid",
                f"{counted(number, 'time')} a little beside the step",
                "moved onto it",
                row,
                number,
            )
        )
    stray = off & ~near
    if stray.mean() > _OFF_GRID_SHARE:
        row = int(file_rows[np.flatnonzero(stray)[0]])
        raise DataError(
            f"{counted(int(stray.sum()), 'time')} do not fit into steps of {words_of(step)}",
            where=f"{where}, row {row}",
            mend="bring one regular step",
        )
    if stray.any():
        row = int(file_rows[np.flatnonzero(stray)[0]])
        number = int(stray.sum())
        findings.append(
            Finding(
                "time",
                "time off grid",
                f"{counted(number, 'time')} between the steps",
                "left out",
                row,
                number,
            )
        )
    placed = at[~stray]
    start, length = placed.min(), int((placed.max() - placed.min()) / step) + 1
    steps_per_day = int(1440 // minutes)
    if length > _SPARSE * len(placed) + 366 * steps_per_day:
        gap = int(np.diff(placed).argmax())
        raise DataError(
            f"nothing lies between {pd.Timestamp(placed[gap]):%Y-%m-%d} and "
            f"{pd.Timestamp(placed[gap + 1]):%Y-%m-%d}",
            where=f"{where}, row {file_rows[~stray][gap + 1]}",
            mend="check the dates, above all the order of day and month",
        )
    findings += _gaps(placed, step, file_rows[~stray])
    place = np.where(stray, -1, ((at - start) / step).astype(np.int64))
    position = np.full(len(utc), -1, dtype=np.int64)
    position[known] = place[np.searchsorted(np.unique(utc[known]), utc[known])]
    return Grid(start + np.arange(length) * step, step, position), findings


def _refuse_mix(at: Instants, step: np.timedelta64, rows: Ints, where: str) -> None:
    distance = np.diff(at)
    change = np.flatnonzero(np.diff(distance) != np.timedelta64(0, "ns")) + 1
    begins = np.r_[0, change]
    lengths = np.diff(np.r_[begins, len(distance)])
    other = begins[(lengths >= _STEADY) & (distance[begins] != step)]
    if len(other):
        raise DataError(
            f"from here on the readings are {words_of(distance[other[0]])} apart, elsewhere {words_of(step)}",
            where=f"{where}, row {rows[other[0]]}",
            mend="bring one step in one file",
        )


def _gaps(placed: Instants, step: np.timedelta64, rows: Ints) -> list[Finding]:
    missing = (np.diff(placed) / step).astype(np.int64) - 1
    holes = np.flatnonzero(missing > 0)
    if not len(holes):
        return []
    total, longest = int(missing.sum()), step * int(missing.max())
    stretches = "1 stretch" if len(holes) == 1 else f"{len(holes):,} stretches"
    what = f"{counted(total, 'time')} missing in {stretches}"
    if len(holes) > 1 or total > 1:
        what += f", the longest of {words_of(longest)}"
    return [Finding("time", "gap", what, "left empty", int(rows[holes[0] + 1]), total)]
