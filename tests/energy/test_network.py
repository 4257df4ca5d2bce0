"""The neural forecaster's network: shapes, order of quantiles, gaps, and equivariance."""

from __future__ import annotations

import pytest
import torch

from energy.network import LoadNet, Shape, ascending, level


def _net(**changes: int | float) -> LoadNet:
    torch.manual_seed(0)
    sizes = {"lookback": 168, "horizon": 40, "period": 24, "levels": 9, "past": 2, "future": 5, "hidden": 16}
    net = LoadNet(Shape(**(sizes | changes))).eval()  # type: ignore[arg-type]
    with torch.no_grad():  # away from its start, where parts of it are zero
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net


def _inputs(net: LoadNet, batch: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    s = net.shape
    torch.manual_seed(1)
    load = 100 + 10 * torch.randn(batch, s.lookback)
    return load, torch.randn(batch, s.lookback, s.past), torch.randn(batch, s.horizon, s.future)


@pytest.mark.parametrize("levels", [1, 2, 5, 9])
@pytest.mark.parametrize("future", [0, 5])
def test_gives_every_level_at_every_step(levels: int, future: int) -> None:
    net = _net(levels=levels, future=future)
    out = net(*_inputs(net))
    assert out.shape == (4, 40, levels)
    assert out.isfinite().all()


@pytest.mark.parametrize("future", [0, 5])
def test_quantiles_never_cross(future: int) -> None:
    net = _net(future=future)
    assert (net(*_inputs(net, 32)).diff(dim=-1) > 0).all()


def test_ascending_keeps_its_centre() -> None:
    centre = torch.randn(3, 7)
    out = ascending(centre, torch.randn(3, 7, 8))
    assert torch.equal(out[..., 4], centre)
    assert (out.diff(dim=-1) > 0).all()


def test_a_series_ten_times_as_large_and_higher_gets_the_same_forecast_so_scaled() -> None:
    net = _net()
    load, past, future = _inputs(net)
    small = net(load, past, future)
    large = net(10 * load + 500, past, future)
    torch.testing.assert_close(large, 10 * small + 500, rtol=1e-3, atol=1.0)


def test_starts_as_the_mean_of_the_past_days_at_the_same_hour() -> None:
    shape = Shape(lookback=72, horizon=24, bottleneck=0)
    load = torch.sin(torch.arange(72) * 2 * torch.pi / 24)[None] * torch.tensor([[1.0], [3.0]])
    out = LoadNet(shape).eval()(load)[..., 0]
    torch.testing.assert_close(out, load[:, :24], rtol=0, atol=1e-3)


def test_gaps_are_unknown_and_not_zero() -> None:
    net = _net()
    load, past, future = _inputs(net)
    load = load[:, :24].repeat(1, 7)  # every day alike: a gap is filled by the other days exactly
    whole = net(load, past, future)
    load[:, 50:60] = torch.nan
    holes = net(load, past, future)
    assert holes.isfinite().all()
    assert (holes - whole).abs().max() < 0.1 * whole.std()


def test_level_of_nothing_and_of_a_flat_window_is_usable() -> None:
    load = torch.stack([torch.full((48,), torch.nan), torch.full((48,), 50.0)])
    mean, spread = level(load, load.isfinite())
    assert mean.flatten().tolist() == [0.0, 50.0]
    assert (spread > 0).all()


def test_a_look_back_of_parts_of_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="whole periods"):
        Shape(lookback=100, horizon=24)
