"""Scores by hand: each figure of the table from numbers small enough to work out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.data import Load
from energy.scores import accuracy, by_hour, mase_scale_kw, score

LEVELS = np.arange(1, 10) / 10
HOUR = np.timedelta64(1, "h")


def array(values: np.ndarray, levels: np.ndarray | list[float] = LEVELS) -> xr.DataArray:
    origins = np.datetime64("2024-01-01", "ns") + np.arange(values.shape[0]) * 24 * HOUR
    coords = {"origin": origins, "step": np.arange(values.shape[1]), "series": ["a", "b"], "quantile": levels}
    return xr.DataArray(values, dims=tuple(coords), coords=coords)


def test_every_figure_by_hand():
    forecast = array(np.broadcast_to(LEVELS * 100, (1, 2, 2, 9)).copy())  # median 50, band 10 to 90
    truth = forecast.isel(quantile=0, drop=True).copy(data=np.array([[[60.0, 95.0], [50.0, np.nan]]]))
    row = score("x", forecast, truth, np.array([20.0, 90.0]))
    assert row["mae_kw"] == pytest.approx((10 + 45 + 0) / 3)
    assert row["mase"] == pytest.approx((5 / 20 + 45 / 90) / 2)
    assert row["coverage80"] == pytest.approx(2 / 3)
    assert row["width80_kw"] == pytest.approx(80)
    assert row["peak_hour_error_kw"] == pytest.approx((10 + 45) / 2)
    loss = [np.mean([max(q * (y - 100 * q), (q - 1) * (y - 100 * q)) for q in LEVELS]) for y in (60, 95, 50)]
    assert row["pinball_kw"] == pytest.approx(np.mean(loss))


def test_a_point_forecast_has_no_coverage():
    forecast = array(np.full((1, 2, 2, 1), 50.0), [0.5])
    truth = forecast.isel(quantile=0, drop=True) + 10
    table = accuracy({"point": forecast}, truth, np.ones(2))
    assert table["mae_kw"].tolist() == [10.0]
    assert table["pinball_kw"].tolist() == [5.0]
    assert table[["coverage80", "width80_kw"]].isna().all(axis=None)


def test_without_truth_nothing_is_known():
    forecast = array(np.zeros((1, 2, 2, 9)))
    assert np.isnan(score("x", forecast, forecast.isel(quantile=0, drop=True) * np.nan, np.ones(2))["mae_kw"])


def test_the_scale_is_the_change_from_week_to_week_before_the_test():
    time = pd.date_range("2024-01-01", periods=24 * 21, freq="h").to_numpy()
    values = np.repeat([0.0, 3.0, 100.0], 24 * 7)
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), values[:, None])}, coords={"time": time, "series": ["a"]}
    )
    assert mase_scale_kw(Load(ds, "UTC"), time[24 * 14]).tolist() == [3.0]
    assert np.isnan(mase_scale_kw(Load(ds, "UTC"), time[24 * 7])).all()


def test_coverage_is_told_by_local_hour():
    forecast = array(np.broadcast_to(LEVELS, (3, 24, 2, 9)).copy())
    truth = forecast.isel(quantile=4, drop=True).copy()
    truth.values[:, 6] = 99.0
    table = by_hour(forecast, truth, HOUR, "Europe/Amsterdam").set_index("hour_local")
    assert table.loc[7, "coverage80"] == 0
    assert table.drop(7)["coverage80"].eq(1).all()
    assert table["intervals"].eq(6).all()
