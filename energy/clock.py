"""From the clock on the wall to UTC, through the hours that autumn repeats and spring leaves out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.dates import Times
from common.errors import DataError
from energy.validation import Finding

_NAT = np.datetime64("NaT", "ns")
_MINUTE = np.timedelta64(60 * 10**9, "ns")

Instants = NDArray[np.datetime64]
Ints = NDArray[np.int64]


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name.

    Raises:
        DataError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        shown = name if name.isprintable() and len(name) < 40 else "this"
        raise DataError(
            f"'{shown}' is no time zone", mend="use a name such as Europe/Amsterdam or UTC"
        ) from error


def usual_step(values: Instants) -> np.timedelta64:
    """The most frequent distance between neighbouring times, zero where there is none."""
    known = np.unique(values[~np.isnat(values)])
    if len(known) < 2:
        return np.timedelta64(0, "ns")
    steps, counts = np.unique(np.diff(known), return_counts=True)
    return np.timedelta64(steps[counts.argmax()], "ns")


def words_of(step: np.timedelta64) -> str:
    """A distance in time for people."""
    minutes = float(step / _MINUTE)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes / size
            return f"{count:.4g} {name}{'' if count == 1 else 's'}"
    return f"{minutes * 60:.4g} seconds"


def to_utc(
    times: Times,
    zone: ZoneInfo,
    rows: Ints,
    *,
    ids: Ints | None = None,
    ends: bool = False,
) -> tuple[Instants, list[Finding]]:
    """The start of each reading's interval in UTC.

    An hour that occurs twice in autumn is told apart by the order of the rows. A time that spring leaves out
    becomes NaT, and so does a row without a time.

    Args:
        times: as read from the file.
        zone: whose clock it is, where the times do not say themselves.
        rows: row of each reading in the file.
        ids: meter of each reading, where a file holds several below each other.
        ends: a time stamps the end of its interval.

    Returns:
        datetime64[ns], shape (readings,), and what was found.
    """
    step = usual_step(times.values)
    if times.utc:
        utc = _rowwise(times.values - step * int(ends), times.codes)
        return utc, []
    if not ends:
        return _localise(times.values, times.codes, zone, rows, ids)
    # Ends of intervals are written in two ways around the change of clocks: as the clock shows them, or as
    # the start's reading plus one step. The right way gives more distinct times.
    shown, found = _localise(times.values, times.codes, zone, rows, ids)
    shown = shown - step
    plus, plus_found = _localise(times.values - step, times.codes, zone, rows, ids)
    if times.midnight_24 or _distinct(plus, ids) > _distinct(shown, ids):
        return plus, plus_found
    return shown, found


def _rowwise(values: Instants, codes: Ints) -> Instants:
    return np.where(codes >= 0, values[codes], _NAT) if len(values) else np.full(len(codes), _NAT)


def _distinct(utc: Instants, ids: Ints | None) -> int:
    known = ~np.isnat(utc)
    seconds = utc[known].astype("datetime64[s]").astype(np.int64)
    if ids is not None:
        seconds = seconds + ids[known] * np.int64(10**11)
    return len(np.unique(seconds))


def _localise(
    wall: Instants, codes: Ints, zone: ZoneInfo, rows: Ints, ids: Ints | None
) -> tuple[Instants, list[Finding]]:
    clock = pd.DatetimeIndex(wall)
    both = [
        clock.tz_localize(zone, ambiguous=np.full(len(wall), first), nonexistent="NaT")
        .tz_convert("UTC")
        .tz_localize(None)
        .to_numpy()
        .astype("datetime64[ns]")
        for first in (True, False)
    ]
    first, second = (_rowwise(b, codes) for b in both)
    findings = []
    missing = np.flatnonzero(np.isnat(first) & ~np.isnat(_rowwise(wall, codes)))
    if len(missing):
        day = pd.Timestamp(wall[codes[missing[0]]])
        findings.append(
            Finding(
                "time",
                "clock change",
                f"{counted(len(missing), 'time')} that spring's clock skips, such as {day:%Y-%m-%d %H:%M}",
                "left out; a file on winter time all year needs a zone without summer time (Etc/GMT-1)",
                int(rows[missing[0]]),
                len(missing),
            )
        )
    twice = np.flatnonzero((first != second) & ~np.isnat(first) & ~np.isnat(second))
    if not len(twice):
        return first, findings
    order = twice[::-1] if _descending(wall, codes) else twice
    keys = pd.DataFrame({"code": codes[order], "id": 0 if ids is None else ids[order]})
    groups = keys.groupby(["code", "id"], sort=False)
    turn, size = groups.cumcount().to_numpy(), groups["code"].transform("size").to_numpy()
    later = order[turn >= np.maximum(1, size // 2)]
    first[later] = second[later]
    once = np.sort(order[size == 1])
    if len(once):
        findings.append(
            Finding(
                "time",
                "clock change",
                f"{counted(len(once), 'time')} of the repeated hour in autumn, given once instead of twice",
                "taken as the first of the two",
                int(rows[once[0]]),
                len(once),
            )
        )
    return first, findings


def _descending(wall: Instants, codes: Ints) -> bool:
    head = wall[codes[:20_000][codes[:20_000] >= 0]]
    steps = np.diff(head[~np.isnat(head)]).astype(np.int64)
    return bool((steps < 0).sum() > (steps > 0).sum())


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
