"""Which forecaster does the work: what all of them can do, and the choice by load, horizon and settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from common.errors import DataError, StoreError
from common.pilot import Progress
from energy.settings import LONGEST_DETAILED_H, Settings

if TYPE_CHECKING:
    import xarray as xr

    from energy.data import Load

TREES_TASK, NETWORK_TASK = "load-trees", "load-quantiles"
"""Names of the trained models, as their cards have them."""
MIN_DAYS = 2
LONG_HISTORY_DAYS = 180
"""With less history trees are hardly better than last week, and too sure of themselves."""
LONG_YEARS_DAYS = 2 * 365
"""With less history the month-ahead model knows each season once at most."""
MANY_SERIES = 50
"""Above so many meters one panel model replaces nine quantile models (`energy.panel` says why)."""


class Forecaster(Protocol):
    """What every forecaster of the pilot can do."""

    @property
    def name(self) -> str:
        """Name in tables and model cards."""

    @property
    def weather(self) -> str:
        """What it knows of the weather after the origin: see `Settings.weather`, "auto" apart."""

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn from the intervals that start before `until` (UTC without zone mark)."""

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        """Forecast from each origin what is known before it.

        Returns:
            `load_kw` (origin, step, series, quantile), kW, ascending along the quantiles.
        """


@dataclass(frozen=True)
class Choice:
    """The forecasters whose weighted mean is the forecast, and why these.

    Attributes:
        name: of the forecast, in tables.
        members: one or several forecasters, not fitted.
        weather: what they know of the weather after the origin.
        calibrated: whether they bring their own calibration, so that none is needed after them.
        reason: a short clause for people.
        trained_until: end of what the members have learned from already (UTC); None: they have to learn.
    """

    name: str
    members: Sequence[Forecaster]
    weather: str
    calibrated: bool
    reason: str
    trained_until: np.datetime64 | None = None


def weather_of(load: Load, settings: Settings) -> str:
    """What a forecast may know of the weather: the setting, with "auto" decided by what there is.

    Raises:
        DataError: vintages are asked for and there are none.
    """
    if settings.weather == "auto":
        return "vintages" if load.vintages is not None else "measured" if load.weather else "none"
    if settings.weather == "vintages" and load.vintages is None:
        raise DataError(
            "there are no weather forecasts with the time they were issued",
            where="weather",
            mend="give them with --vintages, or choose another --weather",
        )
    return settings.weather if load.weather else "none"


def choose(load: Load, settings: Settings) -> Choice:
    """Forecasters for a load.

    Args:
        load: what is to be forecast.
        settings: of the forecast.

    Raises:
        DataError: there are fewer than MIN_DAYS days, or vintages are asked for and there are none.
    """
    if history_days(load) < MIN_DAYS:
        raise DataError(
            f"there are only {24 * history_days(load):.3g} hours of readings", mend="bring 2 days or more"
        )
    horizon = horizon_steps(load, settings)
    if settings.trained is not None:
        return opened(settings.trained)
    weather, threads = weather_of(load, settings), settings.threads or free_cores()
    if settings.model == "naive":
        from energy.naive import SeasonalNaive

        return Choice("seasonal naive (week)", [SeasonalNaive("week")], "none", False, "asked for")
    if settings.horizon_h > LONGEST_DETAILED_H:
        from energy.month_ahead import MonthAhead

        far = MonthAhead(seed=settings.seed, threads=1)
        reason = "the horizon is longer than a week"
        if history_days(load) < LONG_YEARS_DAYS:
            from energy.naive import SeasonalNaive

            # One year has seen each season once: repeating last week is often as good, and is weighed in.
            reason += " (last week counts beside it as far as it did better: there are less than two years)"
            return Choice("month-ahead", [far, SeasonalNaive("week")], "measured", True, reason)
        return Choice("month-ahead", [far], "measured", True, reason)
    if len(load.series) > MANY_SERIES:
        from energy.panel import Panel

        panel = Panel(horizon=horizon, seed=settings.seed, threads=threads)
        return Choice("panel", [panel], "none", True, f"there are more than {MANY_SERIES} series")
    from energy.trees import Trees

    trees = Trees(horizon=horizon, weather=weather, seed=settings.seed, threads=threads)
    if settings.model == "trees":
        if history_days(load) < LONG_HISTORY_DAYS:
            from energy.naive import SeasonalNaive

            reason = "the history is short, so last week counts beside the trees as far as it did better"
            return Choice("trees", [trees, SeasonalNaive("week")], weather, False, reason)
        return Choice("trees", [trees], weather, False, "asked for")
    from energy.neural import Neural
    from energy.training import NeuralSettings

    network = NeuralSettings(horizon_h=settings.horizon_h, weather=weather)  # type: ignore[arg-type]
    neural = Neural(network, seed=settings.seed)
    return Choice("ensemble", [trees, neural], weather, False, "asked for")


def learn(member: Forecaster, load: Load, until: np.datetime64, progress: Progress, words: str) -> None:
    """Fit a forecaster, telling how far it is under the words of the caller.

    Raises:
        DataError: it cannot learn from this load.
    """
    progress(0.0, words)
    if hasattr(member, "progress"):
        member.progress = lambda fraction, _: progress(fraction, words)
    member.fit(load, until)


def opened(folder: Path) -> Choice:
    """A trained model from its run folder, or from the folder of the model itself.

    Raises:
        StoreError: there is no whole model of this pilot.
    """
    from common.store import previous_of, read_card, reading

    inner = folder / "model"
    with reading(inner if inner.is_dir() or previous_of(inner).is_dir() else folder) as place:
        card = read_card(place)
        member: Forecaster
        if card.get("name") == TREES_TASK:
            from energy.trees import Trees

            member = Trees.load_from(place)
        elif card.get("name") == NETWORK_TASK:
            from energy.neural import Neural

            member = Neural.load_from(place)
        else:
            raise StoreError(
                f"the model '{card.get('name')}' is none of the energy pilot's",
                where=str(folder),
                mend="train one with: pilots train energy",
            )
    try:
        until = np.datetime64(card["trained_until_utc"], "ns")
    except (KeyError, ValueError) as error:
        raise StoreError(
            "the model's card does not say what it was trained on", where=str(folder), mend="train it anew"
        ) from error
    return Choice(member.name, [member], member.weather, False, "a trained model was named", until)


def free_cores() -> int:
    """Cores for training when none are named: all but one, at least one.

    Threads of OpenMP that share a core with another program wait for it by spinning: with all cores a fit
    beside a busy browser took 160 s instead of 3 s.
    """
    return max(1, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else 1)


def history_days(load: Load) -> float:
    """Length of the load from its first interval to its last, in days."""
    return int(load.ds.sizes["time"]) / load.steps_per_day


def horizon_steps(load: Load, settings: Settings) -> int:
    """The horizon in intervals of the load.

    Raises:
        DataError: it is shorter than one interval.
    """
    steps = round(settings.horizon_h * load.steps_per_day / 24)
    if steps < 1:
        raise DataError(
            f"a horizon of {settings.horizon_h:g} h is shorter than one interval of the load",
            where="horizon",
            mend="ask for a longer one",
        )
    return steps
