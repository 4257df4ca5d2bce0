"""What looks wrong in load and weather once they stand on their grid: impossible, flat, far outside.

Only what cannot be load is taken out. Everything else stays as it was measured and is flagged, since a flat
line may be a closed factory and an outlier the peak that matters most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from energy.validation import Finding

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
RowOf = Callable[[int, int], "int | None"]
"""Row in the file of a place on the grid and a series."""

IMPOSSIBLE = 1e6
OUTLIER_RANGES = 10
# Codes for "no value" of loggers and exports; only where nothing else is negative.
SENTINELS = (-99.0, -999.0, -9999.0, -99999.0, -999999.0)
_MANY = 3
_KEPT = "kept as measured"


class _Kind(NamedTuple):
    name: str
    words: str
    done: str


def clean(load_kw: Floats, names: Sequence[str], per_day: int, row_of: RowOf) -> list[Finding]:
    """Set impossible values to NaN in place, and flag what looks odd.

    Args:
        load_kw: shape (time, series), kW.
        names: of the series.
        per_day: intervals in a day; a value that stays the same for so long is a flat line.
        row_of: finds the row in the file.
    """
    found: list[Finding] = []
    with np.errstate(invalid="ignore", over="ignore"):
        for look, kind, words in (
            (sentinels, "no value", "of a code for 'no value'"),
            (impossible, "impossible value", "more than a million times the median"),
        ):
            mask = look(load_kw)
            found += _told(mask, names, row_of, _Kind(kind, words, "set to missing"))
            load_kw[mask] = np.nan
        same = _Kind("flat line", "in a flat line of a day or longer", _KEPT)
        found += _told(flat(load_kw, per_day), names, row_of, same)
        far = f"more than {OUTLIER_RANGES} interquartile ranges away from the middle half"
        found += _told(outliers(load_kw), names, row_of, _Kind("outlier", far, _KEPT))
    return found


def is_register(energy: Floats, position: NDArray[np.int64]) -> bool:
    """Whether values only rise in time, as the register of a meter does, and are no energy per interval."""
    ordered = energy[np.argsort(position, kind="stable")]
    known = ordered[np.isfinite(ordered)]
    steps = np.diff(known)
    if len(steps) < 3 or (steps < 0).any():
        return False
    return bool((steps > 0).mean() > 0.5 and known[0] > 10 * steps.max())


def sentinels(load_kw: Floats) -> Mask:
    """Where a code such as -999 stands among loads that are never negative otherwise."""
    marked = np.isin(load_kw, SENTINELS)
    if not marked.any():
        return marked
    rest = np.where(marked, np.nan, load_kw)
    return marked & ~(rest < 0).any(axis=0)


def impossible(load_kw: Floats) -> Mask:
    """Where a value is a million times the median size of its series or more."""
    size = np.abs(load_kw)
    return size > IMPOSSIBLE * _quantiles(np.where(size > 0, size, np.nan), (0.5,))[0]


def flat(load_kw: Floats, length: int) -> Mask:
    """Where one value is repeated for `length` intervals or more, gaps apart."""
    mask = np.zeros(load_kw.shape, dtype=bool)
    for number in range(load_kw.shape[1]):
        column = load_kw[:, number]
        same = column[1:] == column[:-1]
        # Most series have no run at all, which one look at every `length`-th place shows.
        if not same[length // 2 :: max(1, length - 1)].any():
            continue
        edges = np.flatnonzero(np.diff(np.r_[False, same, False].astype(np.int8)))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if end - begin + 1 >= length:
                mask[begin : end + 1, number] = True
    return mask


def outliers(load_kw: Floats) -> Mask:
    """Where a value is far outside the middle half of its series."""
    low, high = _quantiles(load_kw, (0.25, 0.75))
    reach = OUTLIER_RANGES * (high - low)
    return (reach > 0) & ((load_kw < low - reach) | (load_kw > high + reach))


def _quantiles(values: Floats, shares: Sequence[float]) -> Floats:
    """Quantiles of each column, over what is known; shape (shares, columns)."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=0)
    at = np.array([np.round(share * np.maximum(count - 1, 0)) for share in shares]).astype(np.int64)
    return np.take_along_axis(ordered, at, axis=0)


def _told(mask: Mask, names: Sequence[str], row_of: RowOf, kind: _Kind) -> list[Finding]:
    """One finding a series, or one for all where there are many."""
    hit = [int(i) for i in np.flatnonzero(mask.any(axis=0))]
    if len(hit) > _MANY:
        return [_finding(mask, hit, row_of, f"{len(hit):,} series", kind)]
    return [_finding(mask, [i], row_of, names[i], kind) for i in hit]


def _finding(mask: Mask, among: list[int], row_of: RowOf, field: str, kind: _Kind) -> Finding:
    chosen = mask[:, among]
    count, place = int(chosen.sum()), int(chosen.any(axis=1).argmax())
    series = next(i for i in among if mask[place, i])
    noun = "value" if count == 1 else "values"
    what = f"{count:,} {noun} {kind.words}"
    return Finding(field, kind.name, what, kind.done, row_of(place, series), count)
