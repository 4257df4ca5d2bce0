"""The exact plans behind `energy.flexible`: intervals and numbers in, energy per interval out.

A load that may stop and go takes the cheapest intervals first. A least power makes it a mixed-integer
programme, where a start implies staying on for the least run (Rajan and Takriti 2005, "Minimum Up/Down
Polytopes of the Unit Commitment Problem with Start-Up Costs"); HiGHS solves it. A run in one go has its best
start where it begins or ends at an edge of two intervals.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from common.errors import DataError

Floats = NDArray[np.float64]

SOLVER_SECONDS = 20.0
"""A week of quarter hours with a least run takes a few; past it the best plan so far is given, and said."""
TILT = 1e-5
"""Of the size of the price: what waiting to the deadline costs on top, so that equal prices mean early.
HiGHS tells costs apart down to 1e-7."""


class Need(Protocol):
    """What a plan must keep: see `energy.flexible.Flexible`."""

    @property
    def energy_kwh(self) -> float:
        """Energy needed."""

    @property
    def max_kw(self) -> float:
        """Most power."""

    @property
    def min_kw(self) -> float:
        """Least power while on."""

    @property
    def min_run_h(self) -> float:
        """Least time on."""


def runs(edges: NDArray[np.datetime64], price: Floats, hours: float) -> tuple[Floats, Floats]:
    """Starts (hours after the first edge) among which a best one lies, and their costs at 1 kW.

    The cost is piecewise linear in the start, so a best one begins or ends at an edge.
    """
    at = (edges - edges[0]) / np.timedelta64(1, "h")
    begins = np.unique(np.concatenate([at, at - hours]))
    # A run that fits to the last microsecond may begin a rounding error before the earliest start.
    begins = np.unique(np.clip(begins[(begins > -1e-9) & (begins < at[-1] - hours + 1e-9)], 0, None))
    summed = np.concatenate([[0], np.cumsum(price * np.diff(at))])
    return begins, np.interp(begins + hours, at, summed) - np.interp(begins, at, summed)


def cheapest(costs: Floats) -> int:
    """The earliest of the cheapest."""
    return int(np.flatnonzero(costs <= costs.min() + 1e-9 * max(float(np.ptp(costs)), 1e-3))[0])


def in_one_go(
    need: Need, edges: NDArray[np.datetime64], price: Floats, limit_kw: Floats
) -> tuple[Floats, Floats]:
    """Energy per interval of the cheapest and of the earliest run, kWh."""
    hours = need.energy_kwh / need.max_kw
    begins, costs = runs(edges, price, hours)
    at = (edges - edges[0]) / np.timedelta64(1, "h")
    overlap = np.clip(
        np.minimum(begins[:, None] + hours, at[1:]) - np.maximum(begins[:, None], at[:-1]), 0, None
    )
    allowed = ~((overlap > 1e-9) & (limit_kw < need.max_kw - 1e-9)).any(axis=1)
    if not allowed.any():
        raise DataError(
            f"nowhere before the deadline are {need.max_kw:g} kW left for {hours:.1f} h on end",
            where="flexible load",
            mend="let it be interrupted, or lower its power",
        )
    energy = overlap[allowed] * need.max_kw
    return energy[cheapest(costs[allowed])], energy[0]


def in_parts(need: Need, hours: Floats, price: Floats, limit_kw: Floats) -> tuple[Floats, Floats, bool]:
    """Energy per interval of the cheapest and of the earliest plan, kWh, and whether the first is proven."""
    elapsed = np.cumsum(hours) - hours
    early = elapsed / max(float(elapsed[-1]), 1e-9)
    if need.min_kw <= 0:
        by_price = np.lexsort((elapsed, price))
        by_time = np.arange(len(hours))
        return _fill(need, hours, limit_kw, by_price), _fill(need, hours, limit_kw, by_time), True
    tilted = price / max(float(np.abs(price).max()), 1e-12) + TILT * early
    on_or_off = need.min_kw * float(hours.max())
    for surplus in (0.0, on_or_off):
        best, proven = _solve(need, hours, tilted, limit_kw, surplus)
        if best is None:
            continue
        base, _ = _solve(need, hours, early + 1e-3, limit_kw, surplus)
        if base is not None:
            # Without the tilt the earliest plan can be the better one by less than the tilt.
            return (best if price @ best <= price @ base else base), base, proven
    raise DataError(
        f"no plan keeps at least {need.min_kw:g} kW for at least {need.min_run_h:g} h within the limits",
        where="flexible load",
        mend="allow more time, a lower least power or a shorter least run",
    )


def _fill(need: Need, hours: Floats, limit_kw: Floats, order: NDArray[np.intp]) -> Floats:
    """Energy per interval (kWh), taken in the given order until it is enough.

    Without a least power this is the linear programme's optimum: a fractional knapsack (Dantzig 1957).
    """
    most = (limit_kw * hours)[order]
    energy = np.zeros(len(hours))
    energy[order] = np.clip(need.energy_kwh - (np.cumsum(most) - most), 0, most)
    return energy


def _solve(
    need: Need, hours: Floats, cost: Floats, limit_kw: Floats, surplus_kwh: float
) -> tuple[Floats | None, bool]:
    """Energy per interval (kWh) at the least cost, and whether that is proven.

    Variables: energy of each interval, whether it is on, and whether it starts there.
    """
    n, most = len(hours), limit_kw * hours
    one = sparse.identity(n, format="csr")
    none = sparse.csr_matrix((n, n))
    least = need.min_kw * hours
    possible = (most >= least * (1 - 1e-9)).astype(float)
    # On: between least and most. Starts: where it is on and was not. A start stays on for the least run.
    stay, enough = _least_run(hours, need.min_run_h)
    before = sparse.diags([np.ones(n - 1)], [-1], shape=(n, n))
    limits = [
        (sparse.hstack([one, sparse.diags(-np.maximum(most, least)), none]), -np.inf, 0),
        (sparse.hstack([one, sparse.diags(-least), none]), 0, np.inf),
        (sparse.hstack([none, before - one, one]), 0, np.inf),
        (sparse.hstack([none, stay, -sparse.diags(np.asarray(stay.sum(axis=1)).ravel())]), 0, np.inf),
        (
            sparse.csr_matrix(np.concatenate([np.ones(n), np.zeros(2 * n)])[None]),
            need.energy_kwh * (1 - 1e-12),
            need.energy_kwh + surplus_kwh,
        ),
    ]
    done = optimize.milp(
        np.concatenate([cost, np.zeros(2 * n)]),
        constraints=[optimize.LinearConstraint(a.tocsr(), low, high) for a, low, high in limits],
        integrality=np.concatenate([np.zeros(n), np.ones(2 * n)]),
        bounds=optimize.Bounds(0, np.concatenate([most * possible, possible, possible * enough])),
        options={"time_limit": SOLVER_SECONDS, "mip_rel_gap": 1e-9},
    )
    if done.x is None:
        return None, False
    on = np.round(done.x[n : 2 * n])
    return np.where(on > 0, np.clip(done.x[:n], np.minimum(least, most), most), 0.0), done.status == 0


def _least_run(hours: Floats, least_h: float) -> tuple[sparse.csr_matrix, Floats]:
    """Row i: the intervals that a start at i keeps on; and whether so many are left."""
    edges = np.concatenate([[0], np.cumsum(hours)])
    n = len(hours)
    until = np.searchsorted(edges, edges[:-1] + least_h - 1e-9)
    enough = (until <= n).astype(float)
    until = np.clip(until, np.arange(n) + 1, n)
    rows = np.concatenate([np.full(u - i, i) for i, u in enumerate(until)])
    columns = np.concatenate([np.arange(i, u) for i, u in enumerate(until)])
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n)), enough
