"""What a user can set for a forecast, with defaults, and how quantities on the command line are read."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HOURS = {"m": 1 / 60, "min": 1 / 60, "h": 1.0, "u": 1.0, "d": 24.0, "w": 168.0}
KW = {"w": 1e-3, "kw": 1.0, "mw": 1e3, "gw": 1e6}

LONGEST_DETAILED_H = 168.0
"""Beyond a week single hours cannot be told from recent load: the month-ahead model takes over."""

ModelName = Literal["trees", "ensemble", "naive"]
WeatherChoice = Literal["auto", "measured", "vintages", "perfect", "none"]


@dataclass(frozen=True)
class Settings:
    """Settings of one forecast.

    Attributes:
        horizon_h: how far ahead, in hours; beyond 168 h the month-ahead model with weather scenarios works.
        model: "trees" (gradient-boosted quantiles), "ensemble" (trees and the neural forecaster), or "naive".
        weather: what may be known of the weather after the origin; "auto" takes forecast vintages where
            the input has them, else only what was measured.
        backtest_days: length of the rolling backtest that calibrates and scores, one origin a day.
        limit_kw: contracted capacity, for the chance of exceeding it; None: no alarms.
        cost_missed_eur, cost_false_eur: what a missed and a false alarm cost, each; only the ratio counts.
        temperature_change_c: what-if: so many degrees warmer over the horizon; None: no what-if.
        seed: seed of everything random.
        threads: threads of the tree trainer; 0: all cores but one.
        trained: run or model folder of `pilots train energy`, to be used as it is; None: train now.
    """

    horizon_h: float = 48.0
    model: ModelName = "trees"
    weather: WeatherChoice = "auto"
    backtest_days: int = 28
    limit_kw: float | None = None
    cost_missed_eur: float = 10.0
    cost_false_eur: float = 1.0
    temperature_change_c: float | None = None
    seed: int = 1
    threads: int = 0
    trained: Path | None = None


def _quantity(text: str, units: dict[str, float], default: str, what: str) -> float:
    match = re.fullmatch(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*([a-zA-Z]*)\s*", text)
    unit = (match.group(2) or default).lower() if match else ""
    if match is None or unit not in units:
        known = ", ".join(units)
        raise argparse.ArgumentTypeError(f"'{text}' is no {what}: write a number and one of {known}")
    return float(match.group(1).replace(",", ".")) * units[unit]


def hours(text: str) -> float:
    """Hours from '48h', '2d', '30min', '1w' or a plain number of hours.

    Raises:
        argparse.ArgumentTypeError: the text is no duration.
    """
    return _quantity(text, HOURS, "h", "duration")


def kilowatt(text: str) -> float:
    """KW from '850 kW', '9,2 MW' or a plain number of kW.

    Raises:
        argparse.ArgumentTypeError: the text is no power.
    """
    return _quantity(text, KW, "kw", "power")
