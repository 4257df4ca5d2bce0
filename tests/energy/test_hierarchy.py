from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import DataError
from energy.data import Load
from energy.hierarchy import Hierarchy, aggregate, projection, reconcile, shrunk_covariance

HOUR = np.timedelta64(1, "h")
LEVELS = np.arange(1, 10) / 10
PATHS = {
    "a": "north/s1/f1/a",
    "b": "north/s1/f1/b",
    "c": "north/s1/f2/c",
    "d": "north/s2/f3/d",
    "e": "south/s3/f4/e",
    "f": "south/s3/f4/f",
}
METERS = list(PATHS)


def meters(days: int = 80, seed: int = 0) -> Load:
    """Six meters whose errors share a common part."""
    rng = np.random.default_rng(seed)
    n = days * 24
    hour = np.arange(n) % 24
    common = np.repeat(rng.normal(0, 0.3, days), 24)
    noise = rng.normal(0, 0.25, (n, 6)) + common[:, None]
    load_kw = (2 + np.sin((hour - 9) / 24 * 2 * np.pi)[:, None] + noise) * np.array([1, 2, 3, 1, 5, 2])
    times = np.datetime64("2024-01-01", "ns") + np.arange(n) * HOUR
    ds = xr.Dataset({"load_kw": (("time", "series"), load_kw)}, coords={"time": times, "series": METERS})
    return Load(ds=ds, timezone="UTC", paths=PATHS)


def simple_forecast(load: Load, origins: np.ndarray, days: int = 14) -> xr.DataArray:
    """Quantiles of the same hour over the last days, from what lies before each origin alone."""
    values, first = load.ds["load_kw"].values, load.ds["time"].values[0]
    out = []
    for origin in origins:
        start = int((origin - first) / HOUR)
        past = values[start - days * 24 : start].reshape(days, 24, -1)
        out.append(np.moveaxis(np.quantile(past, LEVELS, axis=0), 0, -1))
    coords = {"origin": origins, "step": np.arange(24), "series": load.series, "quantile": LEVELS}
    return xr.DataArray(np.stack(out), dims=tuple(coords), coords=coords, name="load_kw")


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    return Hierarchy.from_paths(PATHS, METERS)


@pytest.fixture(scope="module")
def nodes(hierarchy: Hierarchy) -> Load:
    return aggregate(meters(), hierarchy)


@pytest.fixture(scope="module")
def base(nodes: Load) -> xr.DataArray:
    return simple_forecast(nodes, nodes.ds["time"].values[20 * 24 :: 24])


def test_nodes_are_the_parts_of_the_paths(hierarchy: Hierarchy):
    assert hierarchy.nodes[:3] == ("total", "north", "south")
    assert hierarchy.nodes[-6:] == tuple(METERS)
    assert hierarchy.summing[hierarchy.nodes.index("north/s1")].tolist() == [1, 1, 1, 0, 0, 0]
    assert (hierarchy.summing[0] == 1).all()


def test_one_root_is_the_total_itself():
    one = Hierarchy.from_paths({"a": "all/a", "b": "all/b"}, ["a", "b"])
    assert one.nodes == ("all", "a", "b")


def test_a_bad_path_is_named():
    with pytest.raises(DataError, match=r"series 'b'.*no path"):
        Hierarchy.from_paths({"a": "x/a"}, ["a", "b"])
    with pytest.raises(DataError, match="empty part"):
        Hierarchy.from_paths({"a": "x//a"}, ["a"])
    with pytest.raises(DataError, match="meter and a sum"):
        Hierarchy.from_paths({"a": "a/x", "b": "b/y"}, ["a", "b"])


def test_sums_of_the_load(hierarchy: Hierarchy, nodes: Load):
    load = meters()
    assert np.allclose(nodes.ds["load_kw"].sel(series="total"), load.ds["load_kw"].sum("series"))
    assert np.array_equal(nodes.ds["load_kw"].sel(series=METERS), load.ds["load_kw"])


def test_a_small_gap_is_bridged_in_sums_and_a_large_one_is_not(hierarchy: Hierarchy, nodes: Load):
    load = meters()
    load.ds["load_kw"][{"time": slice(100, 110), "series": 0}] = np.nan
    load.ds["load_kw"][{"time": slice(300, 310), "series": 4}] = np.nan
    summed = aggregate(load, hierarchy, known_share=0.9).ds["load_kw"]
    total, truth = summed.sel(series="total").values, nodes.ds["load_kw"].sel(series="total").values
    assert np.abs(total[100:110] - truth[100:110]).max() < 2
    assert np.isnan(total[300:310]).all()
    assert np.isnan(summed.sel(series="a").values[100:110]).all()
    assert np.isfinite(summed.sel(series="north").values[300:310]).all()


@pytest.mark.parametrize("method", ["mint_shrink", "wls_struct"])
def test_the_projection_is_that_of_the_library(method: str, hierarchy: Hierarchy):
    methods = pytest.importorskip("hierarchicalforecast.methods")
    rng = np.random.default_rng(3)
    errors = rng.normal(0, 1, (200, 6)) @ rng.normal(0, 1, (6, 6)) @ hierarchy.summing.T
    errors += rng.normal(0, 0.5, errors.shape) * (1 + np.arange(errors.shape[1]))
    library = methods.MinTrace(method)._get_PW_matrices(
        hierarchy.summing, np.zeros((16, 1)), errors.T, np.zeros_like(errors.T)
    )[0]
    assert np.allclose(projection(hierarchy, errors, method), library, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(10, 60))
def test_any_projection_adds_up_and_leaves_what_added_up(seed: int, n: int):
    hierarchy = Hierarchy.from_paths(PATHS, METERS)
    rng = np.random.default_rng(seed)
    errors = rng.normal(0, 1, (n, 16)) * rng.uniform(0.1, 10, 16)
    onto = hierarchy.summing @ projection(hierarchy, errors)
    coherent = hierarchy.summing @ rng.normal(0, 5, 6)
    assert np.allclose(onto @ coherent, coherent, atol=1e-6)
    any_kw = onto @ rng.normal(0, 5, 16)
    assert np.allclose(any_kw, hierarchy.summing @ any_kw[-6:], atol=1e-6)


def test_shrinking_keeps_variances_and_makes_it_definite():
    errors = np.random.default_rng(0).normal(0, 1, (12, 30))
    covariance = shrunk_covariance(errors)
    assert np.allclose(np.diag(covariance), errors.var(axis=0, ddof=1))
    assert np.linalg.eigvalsh(covariance).min() > 0


@pytest.mark.parametrize("method", ["mint_shrink", "wls_struct", "bottom_up"])
def test_everything_adds_up_and_is_no_worse(
    method: str, hierarchy: Hierarchy, nodes: Load, base: xr.DataArray
):
    past, future = base.isel(origin=slice(0, 40)), base.isel(origin=slice(40, None))
    done = reconcile(future, past, nodes, hierarchy, method)
    assert done.forecast.dims == ("origin", "step", "series", "quantile")
    assert (np.diff(done.forecast.values, axis=-1) >= 0).all()
    for array in (done.mean, done.samples):
        sums = array.sel(series=METERS).values @ hierarchy.summing.T
        assert np.abs(array.values - sums).max() < 1e-6
    truth = nodes.ds["load_kw"].values[60 * 24 :].reshape(20, 24, -1)
    before = np.abs(future.values[..., 4] - truth).mean(axis=(0, 1))
    after = np.abs(done.forecast.values[..., 4] - truth).mean(axis=(0, 1))
    assert (after / before).mean() < 1.02
    inside = [(truth >= f.values[..., 0]) & (truth <= f.values[..., 8]) for f in (future, done.forecast)]
    assert abs(inside[1].mean() - inside[0].mean()) < 0.05


def test_the_total_is_as_wide_as_its_errors_and_not_the_sum_of_widths(
    hierarchy: Hierarchy, nodes: Load, base: xr.DataArray
):
    done = reconcile(base.isel(origin=[45]), base.isel(origin=slice(0, 40)), nodes, hierarchy).forecast
    width = (done.sel(quantile=0.9) - done.sel(quantile=0.1)).mean(("origin", "step"))
    widths_kw = {str(s): float(width.sel(series=s)) for s in width["series"].values}
    assert widths_kw["total"] < 0.95 * sum(widths_kw[m] for m in METERS)
    assert widths_kw["total"] > max(widths_kw[m] for m in METERS)


def test_bad_base_forecasts_of_sums_are_mended(hierarchy: Hierarchy, nodes: Load, base: xr.DataArray):
    rng = np.random.default_rng(1)
    noisy = base.copy(deep=True)
    noisy[{"series": slice(0, 10)}] += rng.normal(0, 12, (*base.shape[:2], 10, 1))
    past, future = noisy.isel(origin=slice(0, 40)), noisy.isel(origin=slice(40, None))
    done = reconcile(future, past, nodes, hierarchy)
    truth = nodes.ds["load_kw"].values[60 * 24 :].reshape(20, 24, -1)
    before = np.abs(future.values[..., 4] - truth)[..., 0].mean()
    after = np.abs(done.forecast.values[..., 4] - truth)[..., 0].mean()
    assert after < 0.6 * before


def test_too_few_past_forecasts_are_refused(hierarchy: Hierarchy, nodes: Load, base: xr.DataArray):
    with pytest.raises(DataError, match="ten are needed"):
        reconcile(base.isel(origin=[45]), base.isel(origin=slice(0, 5)), nodes, hierarchy)
    with pytest.raises(DataError, match="'a' has no forecast"):
        reconcile(base.drop_sel(series="a"), base, nodes, hierarchy)
