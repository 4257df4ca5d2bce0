"""Cases that are unlike their like in one number: a wrong unit, another scanner, a slip of the hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FAR = 6.0
"""Robust standard deviations from the median beyond which a case is pointed out.

Normal numbers lie beyond it once in a thousand million times.
"""
LEAST = 8
"""Fewer cases than that have no usual value."""


def far_off(values: Sequence[float], *, floor: float = 0.0, far: float = FAR) -> list[int]:
    """Places of the values that lie far from the median, by the median absolute deviation.

    Args:
        values: one a case; NaN where it has none.
        floor: least standard deviation, for numbers that hardly differ.
        far: how many deviations are far.
    """
    known = np.asarray(values, np.float64)
    good: NDArray[np.bool_] = np.isfinite(known)
    if good.sum() < LEAST:
        return []
    middle = float(np.median(known[good]))
    spread = max(1.4826 * float(np.median(np.abs(known[good] - middle))), floor)
    if spread == 0:
        return []
    off = np.abs(np.where(good, known, middle) - middle) / spread
    return np.flatnonzero(off > far).tolist()
