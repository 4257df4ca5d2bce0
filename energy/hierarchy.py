"""Meters that add up to feeders, stations and regions, and forecasts of all of them that add up too.

Quantiles do not add up: the 90 % quantile of a station is less than the sum of its feeders' unless their
errors move as one. What adds up is a sample path. So the base forecasts are turned into joint samples with
the dependence that past errors showed, every sample is projected onto the sums, and each node's quantiles
are read from those (Taieb, Taylor and Hyndman 2021, "Hierarchical Probabilistic Forecasting of Electricity
Demand with Smart Meter Data"; Panagiotelis et al. 2023, "Probabilistic forecast reconciliation"). The mean
forecast adds up exactly.

The projection is MinT (Wickramasuriya, Athanasopoulos and Hyndman 2019, "Optimal Forecast Reconciliation for
Hierarchical and Grouped Time Series Through Trace Minimization") with the shrunk covariance of Schäfer and
Strimmer 2005; it equals the one of the library hierarchicalforecast, which a test holds it to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from common.errors import DataError
from energy.arrays import truth_of
from energy.data import Load

Floats = NDArray[np.float64]
Method = Literal["mint_shrink", "wls_struct", "bottom_up"]

TOTAL = "total"
RIDGE = 2e-8
"""Added to the variances, in units of their mean: keeps a node with a single child invertible."""
MOST_NODES = 200
"""Nodes up to which forecasts are made to add up: their joint samples have to fit in memory."""
NEIGHBOURS = 2
"""Steps on either side whose past errors also count as this step's: five times the samples."""


@dataclass(frozen=True)
class Hierarchy:
    """Which meters are under which node.

    Attributes:
        nodes: sums first, from the top down, then the meters.
        meters: the lowest level, in the order of the columns of `summing`.
        summing: shape (node, meter), 1 where the meter counts in the node.
    """

    nodes: tuple[str, ...]
    meters: tuple[str, ...]
    summing: Floats

    @classmethod
    def from_paths(cls, paths: Mapping[str, str], series: Sequence[str]) -> Hierarchy:
        """Read the hierarchy from paths.

        Args:
            paths: series id -> "region/station/feeder/meter"; the last part stands for the meter itself. A
                node is named by its path from the top ("region/station").
            series: ids of all meters.

        Raises:
            DataError: a meter has no path or an empty part in it, or a node and a meter share a name.
        """
        above: dict[str, list[int]] = {}
        for column, name in enumerate(series):
            parts = [part.strip() for part in paths.get(name, "").split("/")]
            if not all(parts):
                raise DataError(
                    f"the path '{paths.get(name, '')}' has an empty part"
                    if name in paths
                    else "it has no path",
                    where=f"series '{name}'",
                    mend="give every series a path like region/station/feeder/meter",
                )
            for depth in range(1, len(parts)):
                above.setdefault("/".join(parts[:depth]), []).append(column)
        if not any(len(columns) == len(series) for columns in above.values()):
            above = {TOTAL: list(range(len(series))), **above}
        if clash := sorted(above.keys() & set(series)):
            raise DataError(
                f"'{clash[0]}' names a meter and a sum of meters", where="paths", mend="rename one of them"
            )
        sums = sorted(above, key=lambda node: (node != TOTAL, node.count("/"), node))
        summing = np.zeros((len(sums) + len(series), len(series)))
        for row, node in enumerate(sums):
            summing[row, above[node]] = 1
        summing[len(sums) :] = np.eye(len(series))
        return cls((*sums, *map(str, series)), tuple(map(str, series)), summing)


@dataclass(frozen=True)
class Reconciled:
    """Forecasts of every node of a hierarchy.

    Attributes:
        forecast: `load_kw` (origin, step, series, quantile), kW, the contract of every forecaster.
        mean: `load_kw` (origin, step, series), kW; adds up exactly.
        samples: `load_kw` (origin, sample, step, series), kW; every sample adds up exactly.
    """

    forecast: xr.DataArray
    mean: xr.DataArray
    samples: xr.DataArray


def aggregate(load: Load, hierarchy: Hierarchy, known_share: float = 0.95) -> Load:
    """The load of all nodes, weather and all else as they were.

    Args:
        load: the meters.
        hierarchy: built from the same meters.
        known_share: a sum is given where meters with at least this share of its mean (absolute) load are
            known; an unknown meter then counts with its mean at that hour of the week (UTC). Elsewhere the
            sum is NaN.
    """
    load_kw = load.ds["load_kw"].transpose("time", "series").sel(series=list(hierarchy.meters)).values
    load_kw = load_kw.astype(np.float64)
    known = np.isfinite(load_kw)
    filled = load_kw
    if not known.all():
        filled = np.where(known, load_kw, _usual(load_kw, known, 7 * load.steps_per_day))
    sums_kw = np.nan_to_num(filled) @ hierarchy.summing.T
    weight = np.abs(np.where(known, load_kw, 0)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    weight = np.where(known.any(axis=0) & (weight > 0), weight, 1e-9)
    share = ((known & np.isfinite(filled)) * weight) @ hierarchy.summing.T / (hierarchy.summing @ weight)
    sums_kw[share < known_share] = np.nan
    sums_kw[:, len(hierarchy.nodes) - len(hierarchy.meters) :] = load_kw
    ds = load.ds.drop_dims("series").assign_coords(series=list(hierarchy.nodes))
    ds["load_kw"] = (("time", "series"), sums_kw, load.ds["load_kw"].attrs)
    return replace(load, ds=ds)


def with_sums(load: Load) -> tuple[Load, Hierarchy | None]:
    """The load with the sums of its meters, and the hierarchy; as it was, and None, where it has no paths.

    With more than MOST_NODES nodes it stays as it was, too.

    Raises:
        DataError: a path makes no sense.
    """
    if not load.paths or len(load.series) < 2:
        return load, None
    structure = Hierarchy.from_paths(load.paths, load.series)
    if len(structure.nodes) > MOST_NODES:
        return load, None
    return aggregate(load, structure), structure


def _usual(load_kw: Floats, known: NDArray[np.bool_], period: int) -> Floats:
    """Mean of every series at the same step of the week, else its mean; NaN where nothing is known."""
    slot = np.arange(len(load_kw)) % period
    total, count = np.zeros((2, period, load_kw.shape[1]))
    np.add.at(total, slot, np.where(known, load_kw, 0))
    np.add.at(count, slot, known)
    with np.errstate(invalid="ignore"):
        overall = total.sum(axis=0) / count.sum(axis=0)
        weekly = np.where(count > 0, total / np.maximum(count, 1), overall)
    return np.asarray(weekly[slot])


def shrunk_covariance(errors: Floats) -> Floats:
    """Covariance whose correlations are drawn towards 0 by the share that minimises the expected error.

    Args:
        errors: shape (sample, node), without NaN.

    Returns:
        Shape (node, node), after Schäfer and Strimmer 2005, "A Shrinkage Approach to Large-Scale Covariance
        Matrix Estimation".
    """
    n = len(errors)
    centred = errors - errors.mean(axis=0)
    covariance = centred.T @ centred / (n - 1)
    spread = np.sqrt(np.diag(covariance))
    scaled = centred / np.where(spread > 0, spread, 1)
    correlation = scaled.T @ scaled / (n - 1)
    # Variance of the products, without a (sample, node, node) array.
    squares = (scaled**2).T @ (scaled**2)
    variance = n / (n - 1) ** 3 * (squares - (scaled.T @ scaled) ** 2 / n)
    np.fill_diagonal(variance, 0)
    off = correlation - np.diag(np.diag(correlation))
    shrink = np.clip(variance.sum() / max(np.square(off).sum(), 1e-300), 0, 1)
    shrunk = (1 - shrink) * covariance
    np.fill_diagonal(shrunk, np.diag(covariance))
    return np.asarray(shrunk)


def projection(hierarchy: Hierarchy, errors: Floats | None, method: Method = "mint_shrink") -> Floats:
    """Matrix P, shape (meter, node): `summing @ P @ base` adds up, and leaves what added up as it was.

    Args:
        hierarchy: the sums.
        errors: past errors of the base forecasts in kW, shape (sample, node), without NaN; used by
            "mint_shrink" alone.
        method: "mint_shrink" weighs by past errors; "wls_struct" by the number of meters under a node;
            "bottom_up" takes the meters' forecasts and sums them.

    Raises:
        DataError: "mint_shrink" with fewer than ten past errors.
    """
    n_nodes, n_meters = hierarchy.summing.shape
    n_sums = n_nodes - n_meters
    keep = np.concatenate([np.zeros((n_meters, n_sums)), np.eye(n_meters)], axis=1)
    if method == "bottom_up":
        return keep
    if method == "wls_struct":
        weights = np.diag(hierarchy.summing.sum(axis=1))
    else:
        if errors is None or len(errors) < 10:
            raise DataError(
                "there are fewer than ten past errors to weigh the nodes by",
                where="reconciliation",
                mend="backtest on more days, or use the method wls_struct",
            )
        weights = shrunk_covariance(errors)
    weights = weights + RIDGE * max(float(np.diag(weights).mean()), 1e-12) * np.eye(n_nodes)
    # By the constraints instead of the meters' normal equations: a system of the size of the sums, no inverse
    # of the weights (Wickramasuriya et al. 2019, eq. 11).
    constraints = np.concatenate([np.eye(n_sums), -hierarchy.summing[:n_sums]], axis=1)
    crossed = constraints @ weights
    return np.asarray(keep - np.linalg.solve(crossed @ constraints.T, crossed @ keep.T).T @ constraints)


def reconcile(
    forecast: xr.DataArray,
    past: xr.DataArray,
    load: Load,
    hierarchy: Hierarchy,
    method: Method = "mint_shrink",
) -> Reconciled:
    """Make base forecasts of all nodes add up, quantiles included.

    Args:
        forecast: base forecast (origin, step, series, quantile) of every node, kW.
        past: earlier base forecasts of the same model, same dims, at least as many steps, made before what
            came true was known (a backtest); the errors' dependence between nodes and steps comes from them.
        load: the load of all nodes (`aggregate`), with the truth of `past`.
        hierarchy: the sums.
        method: see `projection`.

    Raises:
        DataError: a node has no forecast, or fewer than ten past forecasts have their truth.
    """
    nodes = list(hierarchy.nodes)
    missing = [node for node in nodes if node not in set(forecast["series"].values.tolist())]
    if missing:
        raise DataError(f"'{missing[0]}' has no forecast", where="hierarchy", mend="forecast every node")
    order = ("origin", "step", "series", "quantile")
    forecast = forecast.sel(series=nodes).transpose(*order)
    horizon, levels = forecast.sizes["step"], forecast["quantile"].values
    errors_kw = _errors(past.sel(series=nodes).transpose(*order), load, horizon)
    errors_kw = errors_kw[np.isfinite(errors_kw).all(axis=(1, 2))]
    if len(errors_kw) < 10:
        raise DataError(
            f"only {len(errors_kw)} past forecasts have their whole truth and ten are needed",
            where="reconciliation",
            mend="backtest on more days or fill gaps in the load",
        )
    onto = hierarchy.summing @ projection(hierarchy, errors_kw.reshape(-1, len(nodes)), method)
    chances = _chances(errors_kw)
    out = np.empty((forecast.sizes["origin"], len(chances), horizon, len(nodes)))
    for i, base_kw in enumerate(forecast.values.astype(np.float64)):
        out[i] = _inverse(base_kw, levels, chances) @ onto.T
    # The meters decide: sums of them are exact, where the product above is so to rounding alone.
    meters_kw = out[..., len(nodes) - len(hierarchy.meters) :]
    out[..., : len(nodes) - len(hierarchy.meters)] = (
        meters_kw @ hierarchy.summing[: len(nodes) - len(hierarchy.meters)].T
    )
    coords = {"origin": forecast["origin"].values, "step": np.arange(horizon), "series": nodes}
    samples = xr.DataArray(out, dims=("origin", "sample", "step", "series"), coords=coords, name="load_kw")
    quantiles = np.moveaxis(np.quantile(out, levels, axis=1), 0, -1)
    return Reconciled(
        xr.DataArray(quantiles, dims=order, coords=coords | {"quantile": levels}, name="load_kw"),
        samples.mean("sample"),
        samples,
    )


def _errors(past: xr.DataArray, load: Load, horizon: int) -> Floats:
    """Truth minus median in kW, shape (origin, step, node); NaN where the truth is unknown."""
    median = int(np.abs(past["quantile"].values - 0.5).argmin())
    seen = truth_of(load, past["origin"].values, horizon).sel(series=past["series"].values).values
    return np.asarray(seen - past.values[:, :horizon, :, median], dtype=np.float64)


def _chances(errors_kw: Floats) -> Floats:
    """Past errors as ranks in (0, 1) within their node and step, shape (sample, step, node).

    The rank of a past day's error says where in its distribution that day was, for all nodes and steps at
    once; errors of neighbouring steps stand in for more days.
    """
    ranks = errors_kw.argsort(axis=0).argsort(axis=0)
    chances = (ranks + 0.5) / len(errors_kw)
    steps = np.arange(errors_kw.shape[1])
    # Each past day fills its own slot [rank, rank + 1) / n at five places, so the samples lie closer.
    shifts = range(-NEIGHBOURS, NEIGHBOURS + 1)
    width = 1 / len(errors_kw) / len(shifts)
    return np.concatenate(
        [chances[:, np.clip(steps + shift, 0, len(steps) - 1)] + shift * width for shift in shifts]
    )


def _inverse(base_kw: Floats, levels: Floats, chances: Floats) -> Floats:
    """Base quantile functions at given chances, shape (sample, step, node).

    Straight lines between the levels; beyond them exponential tails whose scale is that of the outermost
    spacing, as in `energy.predictive`.
    """
    right = np.clip(np.searchsorted(levels, chances), 1, len(levels) - 1)
    low, high = levels[right - 1], levels[right]
    steps, nodes = np.arange(base_kw.shape[0])[:, None], np.arange(base_kw.shape[1])
    at_low, at_high = base_kw[steps, nodes, right - 1], base_kw[steps, nodes, right]
    share = np.clip((chances - low) / (high - low), 0, 1)
    values = at_low + share * (at_high - at_low)
    inner = 2 if len(levels) > 4 else 1
    above = (base_kw[..., -1] - base_kw[..., -1 - inner]) / np.log(
        (1 - levels[-1 - inner]) / (1 - levels[-1])
    )
    below = (base_kw[..., inner] - base_kw[..., 0]) / np.log(levels[inner] / levels[0])
    over = np.maximum(chances, levels[-1])
    under = np.minimum(chances, levels[0])
    values += above * np.log((1 - levels[-1]) / (1 - over)) - below * np.log(levels[0] / under)
    return np.asarray(values)
