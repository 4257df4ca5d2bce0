"""What the neural forecaster sees: windows of load, calendar and weather, cut so that nothing leaks.

Everything before an origin may be seen, of what comes after it only the calendar, and the weather where it
was forecast by then (`weather` says so). A window that begins before the data does is filled with NaN, which
the network takes as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from common.errors import DataError
from energy.features import holidays_of

if TYPE_CHECKING:
    from energy.data import Load

Weather = Literal["measured", "vintages", "perfect", "none"]
DAY = np.timedelta64(24 * 3600 * 10**9, "ns")
CALENDAR = 16
"""Calendar covariates of one step."""


def calendar(time: np.ndarray, timezone: str, country: str, yearly: bool) -> np.ndarray:
    """Calendar covariates by local time, float32 of shape (time, 16).

    Args:
        time: starts of intervals, UTC without zone mark, regular.
        timezone: IANA zone whose hours, weekdays and holidays count.
        country: ISO 3166 code with an optional subdivision ("AU-VIC"), or "" for no holidays.
        yearly: give the season too; only useful where at least two years can be learned from.
    """
    local = pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(timezone)
    day = (local.hour + local.minute / 60).to_numpy() / 24 * 2 * np.pi
    year = local.dayofyear.to_numpy() / 365.25 * 2 * np.pi * yearly
    dates = local.tz_localize(None).normalize()
    years = range(dates[0].year - 1, dates[-1].year + 2)
    free = pd.DatetimeIndex(holidays_of(years, country))
    shown = [np.sin(day), np.cos(day), np.sin(2 * day), np.cos(2 * day)]
    shown += [local.dayofweek.to_numpy() == d for d in range(7)]
    shown += [dates.isin(free + pd.Timedelta(days=d)) for d in (0, -1, 1)]
    shown += [np.sin(year), np.cos(year) * yearly]
    return np.stack([np.asarray(c, dtype=np.float32) for c in shown], 1)


@dataclass(frozen=True)
class Scale:
    """What was learned about the size of things; kept with the model.

    Attributes:
        weather: names of the weather variables it was trained with.
        mean, spread: of each of them, over the training time.
        yearly: whether the season is a covariate.
    """

    weather: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    yearly: bool

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Scale:
        """Read it back from JSON."""
        names, mean, spread = plain["weather"], plain["mean"], plain["spread"]
        return cls(tuple(names), tuple(mean), tuple(spread), bool(plain["yearly"]))

    @classmethod
    def of(cls, load: Load, until: np.datetime64, weather: Weather) -> Scale:
        """Learn it from the intervals that start before `until`."""
        ds = load.ds.sel(time=load.ds["time"] < until)
        names = tuple(load.weather) if weather != "none" else ()
        values = [ds[n].values.astype(np.float64) for n in names]
        names = tuple(n for n, v in zip(names, values, strict=True) if np.isfinite(v).any())
        values = [v[np.isfinite(v)] for v in values if np.isfinite(v).any()]
        return cls(
            weather=names,
            mean=tuple(float(v.mean()) for v in values),
            spread=tuple(float(max(v.std(), 1e-6)) for v in values),
            yearly=bool(len(ds["time"]) * load.step >= 730 * DAY),
        )


class Panel:
    """All series of a load on one grid, from a look-back before its start to a horizon after its end.

    Args:
        load: the data; nothing of it is changed.
        scale: what the model was trained with.
        lookback, horizon: steps.
        weather: which weather is known after the origin.

    Raises:
        DataError: the load lacks a weather variable that the model was trained with.
    """

    def __init__(self, load: Load, scale: Scale, lookback: int, horizon: int, weather: Weather) -> None:
        self.lookback, self.horizon, self.weather, self.scale, self.source = (
            lookback, horizon, weather, scale, load,
        )  # fmt: skip
        time = load.ds["time"].values.astype("datetime64[ns]")
        self.time, self.step = time, load.step
        before, after = lookback, horizon
        grid = time[0] + (np.arange(-before, len(time) + after) * load.step)
        # "time" leads, so that windows of all series can be cut as views.
        values = load.ds["load_kw"].transpose("series", "time").values.astype(np.float32)
        self.load_kw = _padded(values, before, after)
        self.calendar = torch.from_numpy(calendar(grid, load.timezone, load.country, scale.yearly))
        missing = [n for n in scale.weather if n not in load.ds]
        if missing:
            raise DataError(
                f"the model was trained with {', '.join(missing)}, which this load lacks",
                mend="add the column, or train a model without it",
            )
        columns = [
            (load.ds[n].values.astype(np.float32) - m) / s
            for n, m, s in zip(scale.weather, scale.mean, scale.spread, strict=True)
        ]
        known = np.stack(columns) if columns else np.zeros((0, len(time)), np.float32)
        self.known_weather = torch.nan_to_num(_padded(known, before, after)).T.contiguous()
        holiday = self.calendar[:, 11:12]
        self.past = torch.cat([self.known_weather, holiday], 1)

    @property
    def past_width(self) -> int:
        """Past covariates a step."""
        return int(self.past.shape[1])

    @property
    def future_width(self) -> int:
        """Covariates a step of the horizon."""
        return CALENDAR + (len(self.scale.weather) if self.weather in ("perfect", "vintages") else 0)

    def place(self, origins: np.ndarray) -> np.ndarray:
        """Positions of origins on the load's grid, shape (origins,); the end of the data counts.

        Raises:
            DataError: an origin lies off the grid or outside the data.
        """
        off = (origins.astype("datetime64[ns]") - self.time[0]).astype(np.int64)
        step = int(self.step.astype(np.int64))
        place = off // step
        if (off % step).any() or (place < 1).any() or (place > len(self.time)).any():
            raise DataError(
                "a forecast is to start off the data's time grid, or outside it",
                mend="start it at an interval's start, at the latest right after the last one",
            )
        return place

    def windows(
        self, series: np.ndarray, places: np.ndarray, weather: Tensor | None = None
    ) -> dict[str, Tensor]:
        """What may be seen from each place, for each series, shape (batch,) both.

        Args:
            series: row of the series.
            places: position of the origin on the load's grid.
            weather: weather forecasts (batch, horizon, variables) on the model's scale, for "vintages".

        Returns:
            load (batch, lookback) in kW, past (batch, lookback, p), future (batch, horizon, f), series.
        """
        rows, starts = torch.from_numpy(series), torch.from_numpy(places)
        future = self.calendar.unfold(0, self.horizon, 1)[starts + self.lookback].transpose(1, 2)
        if self.weather in ("perfect", "vintages") and self.scale.weather:
            if weather is None:
                actual = self.known_weather.unfold(0, self.horizon, 1)[starts + self.lookback]
                weather = actual.transpose(1, 2)
            future = torch.cat([future, weather], 2)
        return {
            "load": self.load_kw.unfold(1, self.lookback, 1)[rows, starts],
            "past": self.past.unfold(0, self.lookback, 1)[starts].transpose(1, 2),
            "future": future,
            "series": rows,
        }

    def truth(self, series: np.ndarray, places: np.ndarray) -> Tensor:
        """What came true, in kW: (batch, horizon), NaN where unknown."""
        rows, starts = torch.from_numpy(series), torch.from_numpy(places)
        return self.load_kw.unfold(1, self.horizon, 1)[rows, starts + self.lookback]


def _padded(values: np.ndarray, before: int, after: int) -> Tensor:
    return torch.from_numpy(np.pad(values, ((0, 0), (before, after)), constant_values=np.nan))


class TrainingWindows:
    """Samples for the core: every series at every origin whose horizon ends in time.

    Args:
        panel: the data.
        first, last: horizons lie in positions first (included) to last (excluded) of the load's grid.
        known_share: least share of known values in both look-back and horizon.

    Raises:
        DataError: nothing is left to learn from.
    """

    def __init__(self, panel: Panel, first: int, last: int, known_share: float = 0.5) -> None:
        self.panel = panel
        known = panel.load_kw.isfinite().numpy()
        seen = np.concatenate([np.zeros((len(known), 1), np.int64), known.cumsum(1)], 1)
        places = np.arange(first, last - panel.horizon + 1)
        look, ahead = panel.lookback, panel.horizon
        past = seen[:, places + look] - seen[:, places]
        coming = seen[:, places + look + ahead] - seen[:, places + look]
        rows, columns = np.nonzero((past >= known_share * look) & (coming >= known_share * ahead))
        if not len(rows):
            raise DataError(
                f"the load is too short or too full of gaps to learn from: {look + ahead} steps are needed",
                mend="give a longer history, or set a shorter look-back",
            )
        self.rows, self.places = rows, places[columns]
        size = np.nanstd(panel.load_kw[:, look : look + last].numpy(), axis=1)
        typical = float(np.nanmean(size)) or 1.0
        # A nearly flat series must not outweigh all others.
        self.size_kw = torch.from_numpy(np.maximum(np.nan_to_num(size), 1e-3 * typical)).float()

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: np.ndarray) -> dict[str, Tensor]:
        """Windows, `truth` (batch, horizon) in kW and `size_kw` (batch,), what an error counts against."""
        rows, places = self.rows[indices], self.places[indices]
        seen = self.panel.windows(rows, places)
        truth = self.panel.truth(rows, places)
        return seen | {"truth": truth, "size_kw": self.size_kw[torch.from_numpy(rows)]}
