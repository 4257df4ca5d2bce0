"""The global neural forecaster's network: a reversible linear core with a small nonlinear rest.

One network serves every series. A window of the past is normalised by its own mean and spread (reversible
instance normalisation, Kim et al. 2022), so that series of any size share the weights. Three parts add up:

- a cycle map: hour p of a coming day from hour p of the past days, with the same few weights for all hours
  (SparseTSF, Lin et al. 2024), and a narrow nonlinear twin of it;
- a linear map from the latest steps to the whole horizon, for what holds on from the last hours;
- an encoder of the whole window (TiDE's dense encoder, Das et al. 2023).

With covariates, a decoder works step by step, as in TiDE: it sees the calendar and weather of that step, the
load and weather of the same hour on the past days and the encoder's context, chooses which past days the step
resembles, and corrects the sum above. Quantiles are a centre plus positive steps, so they cannot cross.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-4


@dataclass(frozen=True)
class Shape:
    """Sizes and regularisation of a network; plain values, kept beside its weights.

    Attributes:
        lookback: steps of the past it reads, whole periods.
        horizon: steps it forecasts.
        period: steps of a day.
        levels: numbers it gives per step: quantiles, or 1 for the mean.
        past: past covariates per step (weather and calendar), known up to the origin.
        future: covariates known for the horizon (calendar, weather forecasts); 0: no step-wise decoder.
        series: rows of the static embedding; 0: none, and any series can be forecast.
        recent: latest steps of the direct linear map.
        bottleneck: width of the nonlinear cycle map; 0: none.
        hidden: width of encoder and decoder.
        smooth: half-width of the moving mean the cycle map sees beside the values, in steps.
        dropout: on hidden units.
        dropout_input: on the normalised window.
        weather_days: past days whose covariates the decoder sees.
    """

    lookback: int
    horizon: int
    period: int = 24
    levels: int = 1
    past: int = 0
    future: int = 0
    series: int = 0
    recent: int = 24
    bottleneck: int = 32
    hidden: int = 128
    smooth: int = 12
    dropout: float = 0.7
    dropout_input: float = 0.3
    weather_days: int = 7

    def __post_init__(self) -> None:
        if self.lookback % self.period or self.lookback < self.period:
            raise ValueError(f"a look-back of {self.lookback} is not whole periods of {self.period} steps")
        if max(self.recent, self.past and self.weather_days * self.period) > self.lookback:
            raise ValueError("the latest steps reach back further than the look-back")

    @property
    def days(self) -> int:
        """Periods in the look-back."""
        return self.lookback // self.period


class LoadNet(nn.Module):
    """The network. Input and output are in the unit of the load."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        days, ahead = shape.days, -(-shape.horizon // shape.period)
        self.register_buffer("mean_map", _moving_mean(shape.lookback, shape.smooth), persistent=False)
        self.cycle = nn.Linear(2 * days, ahead, bias=False)
        with torch.no_grad():  # begins as the mean of the past days, the surest naive forecast
            self.cycle.weight.zero_()
            self.cycle.weight[:, :days] = 1.0 / days
        self.recent = _zero(nn.Linear(shape.recent, shape.horizon, bias=False))
        if shape.bottleneck:
            self.narrow = nn.Linear(2 * days, shape.bottleneck)
            self.widen = _zero(nn.Linear(shape.bottleneck, ahead, bias=False))
        width = shape.lookback + shape.past * (shape.weather_days + shape.period)
        self.encode = nn.Linear(width, shape.hidden)
        self.project = _zero(nn.Linear(shape.hidden, shape.horizon))
        self.drop_input, self.drop = nn.Dropout(shape.dropout_input), nn.Dropout(shape.dropout)
        if shape.series:
            self.embed = _zero(nn.Embedding(shape.series, shape.hidden))
        if shape.future:
            self.decoder = StepDecoder(shape)
        elif shape.levels > 1:
            self.widths = nn.Parameter(torch.full((shape.levels - 1,), -1.5))

    def forward(
        self,
        load: Tensor,
        past: Tensor | None = None,
        future: Tensor | None = None,
        series: Tensor | None = None,
    ) -> Tensor:
        """Forecast.

        Args:
            load: (batch, lookback), the past, NaN where unknown.
            past: (batch, lookback, past covariates), finite, about unit scale.
            future: (batch, horizon, future covariates), finite, about unit scale.
            series: (batch,) rows of the static embedding.

        Returns:
            (batch, horizon, levels), ascending along the levels.
        """
        s = self.shape
        known = load.isfinite()
        mean, spread = level(load, known)
        z = self.drop_input(_filled((load - mean) / spread, known, s.period))
        seen = torch.cat([z.unflatten(1, (s.days, s.period)), self._smoothed(z)], 1).transpose(1, 2)
        ahead = self.cycle(seen)
        if s.bottleneck:
            ahead = ahead + self.widen(self.drop(F.relu(self.narrow(seen))))
        centre = ahead.transpose(1, 2).flatten(1)[:, : s.horizon] + self.recent(z[:, s.lookback - s.recent :])
        context = self._context(z, past, series)
        centre = centre + self.project(context)
        if s.future:
            assert future is not None
            out = self.decoder(centre, context, z, past, future)
        elif s.levels > 1:
            out = ascending(centre, self.widths.expand(*centre.shape, -1))
        else:
            out = centre[..., None]
        return out * spread[..., None] + mean[..., None]

    def _smoothed(self, z: Tensor) -> Tensor:
        """The moving mean by day and phase: (batch, days, period)."""
        assert isinstance(self.mean_map, Tensor)
        return (z @ self.mean_map).unflatten(1, (self.shape.days, self.shape.period))

    def _context(self, z: Tensor, past: Tensor | None, series: Tensor | None) -> Tensor:
        """What the encoder keeps of the window: (batch, hidden)."""
        s = self.shape
        parts = [z]
        if s.past:
            assert past is not None
            late = past[:, s.lookback - s.weather_days * s.period :]
            parts.append(late.unflatten(1, (s.weather_days, s.period)).mean(2).flatten(1))
            parts.append(past[:, s.lookback - s.period :].flatten(1))
        hidden = self.encode(torch.cat(parts, 1))
        if s.series and series is not None:
            hidden = hidden + self.embed(series)
        return self.drop(F.relu(hidden))


class StepDecoder(nn.Module):
    """Corrects the forecast step by step, from the covariates of the step and the same hour of past days."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.future + 2 + shape.days + shape.past * shape.weather_days
        self.steps = nn.Linear(width, shape.hidden)
        self.context = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.deepen = nn.Linear(shape.hidden, shape.hidden)
        self.drop = nn.Dropout(shape.dropout)
        self.choose = _zero(nn.Linear(shape.hidden, shape.days))
        self.correct = _zero(nn.Linear(shape.hidden, shape.levels))
        with torch.no_grad():
            self.correct.bias[1:] = -1.5  # softplus of it is 0.2: quantiles begin 0.2 spreads apart

    def forward(
        self, centre: Tensor, context: Tensor, z: Tensor, past: Tensor | None, future: Tensor
    ) -> Tensor:
        """Quantiles in units of the window's spread: (batch, horizon, levels)."""
        s = self.shape
        lags = _by_phase(z[..., None], s.days, s.period, s.horizon)  # the same hour of the past days
        lead = torch.linspace(-1, 1, s.horizon, device=z.device).expand(len(z), -1)[..., None]
        parts = [future, lead, centre[..., None], lags]
        if past is not None and s.past:
            parts.append(_by_phase(past, s.days, s.period, s.horizon)[..., -s.past * s.weather_days :])
        hidden = F.relu(self.steps(torch.cat(parts, 2)) + self.context(context)[:, None])
        # The same units rest for all steps of a window (Gal & Ghahramani 2016): as good, and a mask for
        # every step cost 15 % of the training time.
        resting = self.drop(torch.ones_like(context))[:, None]
        hidden = hidden + resting * F.relu(self.deepen(hidden))
        # Which past days this step resembles: a weekday's morning looks at weekdays, a holiday's at Sundays.
        alike = (self.choose(hidden).softmax(-1) * lags).sum(-1)
        out = self.correct(hidden)
        middle = 0.5 * (centre + alike) + out[..., 0]
        return ascending(middle, out[..., 1:]) if s.levels > 1 else middle[..., None]


def ascending(centre: Tensor, raw: Tensor) -> Tensor:
    """Quantiles that cannot cross: the centre, and positive steps down and up from it.

    Args:
        centre: (...,) the middle level.
        raw: (..., levels - 1) any numbers; softplus makes them steps, the lower half first.
    """
    steps = F.softplus(raw)
    below = (raw.shape[-1] + 1) // 2
    down = centre[..., None] - steps[..., :below].flip(-1).cumsum(-1).flip(-1)
    up = centre[..., None] + steps[..., below:].cumsum(-1)
    return torch.cat([down, centre[..., None], up], -1)


def level(load: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of what is known in each window: (batch, 1) each; 0 and 1 where nothing is."""
    count = known.sum(1, keepdim=True).clamp(min=1)
    values = torch.where(known, load, 0.0)
    mean = values.sum(1, keepdim=True) / count
    off = torch.where(known, load - mean, 0.0)
    variance = (off * off).sum(1, keepdim=True) / count
    # A flat window has no spread of its own: it counts as one of a hundredth of its level.
    floor = EPSILON * (mean * mean).clamp(min=EPSILON)
    return mean, (variance + floor).sqrt()


def _filled(z: Tensor, known: Tensor, period: int) -> Tensor:
    """Gaps take the mean of the same hour of the window's other days, or 0 where there is none."""
    if bool(known.all()):
        return z
    z = torch.where(known, z, 0.0).unflatten(1, (-1, period))
    there = known.unflatten(1, (-1, period))
    usual = z.sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
    return torch.where(there, z, usual).flatten(1)


def _by_phase(values: Tensor, days: int, period: int, horizon: int) -> Tensor:
    """Values of the same hour on the past days: (batch, horizon, days × features) from (batch, time, f)."""
    lags = values.unflatten(1, (days, period)).transpose(1, 2).flatten(2)
    return lags.repeat(1, -(-horizon // period), 1)[:, :horizon]


def _moving_mean(length: int, half: int) -> Tensor:
    """Matrix (length, length) that takes the centred mean over up to 2 × half + 1 steps, cut at the ends."""
    t = torch.arange(length)
    near = ((t[:, None] - t[None]).abs() <= half).float()
    return near / near.sum(0)


def _zero(layer: nn.Linear | nn.Embedding) -> nn.Linear:
    """A layer that begins as nothing, so that training starts from the linear core."""
    nn.init.zeros_(layer.weight)
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer  # type: ignore[return-value]
