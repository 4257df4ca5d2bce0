"""The report's part on the contracted capacity: when, on which day, and what such alarms were worth."""

from __future__ import annotations

from typing import Any

import pandas as pd

from common.pilot import Result
from energy.charts import event_data, table_of
from energy.report_grid import grid
from energy.wording import day, figure, moment, power


def alarm_section(result: Result, many: bool) -> dict[str, Any] | None:
    """Events, the chance by day and the score of past alarms; None without a contracted capacity.

    Args:
        result: its tables `alarms`, and where they are there `alarm_days` (of `energy.alarms.day_table`) and
            `alarm_scores` (of `energy.alarms.score_alarms`).
        many: whether there are several series, which are then named.
    """
    alarms = table_of(result, "alarms")
    if alarms.empty:
        return None
    threshold = float(alarms["threshold"].iloc[0])
    words = f"An alarm is given where the chance is above {threshold:.1%}, as the costs of alarms have it."
    events = _events(result, many)
    if not events["rows"]:
        words = f"{words} It is nowhere in this forecast."
    return {"words": words, "table": events, "days": _days(result, many), "scores": _scores(result)}


def _events(result: Result, many: bool) -> dict[str, Any]:
    heads = [("From", False), ("To", False), ("Highest chance", True), ("Expected above the limit", True)]
    rows = []
    for event in event_data(result).to_dict("records"):
        excess = event["expected_excess_kwh"]
        row = [moment(event["from_local"]), moment(event["to_local"]), f"{event['peak_probability']:.0%}"]
        row.append(f"{power(excess)}h" if pd.notna(excess) else "–")
        rows.append([str(event["series"]), *row] if many else row)
    return grid([("Series", False), *heads] if many else heads, rows, of="alarms")


def _days(result: Result, many: bool) -> dict[str, Any] | None:
    table = table_of(result, "alarm_days")
    if table.empty:
        return None
    rows = []
    for row in table.to_dict("records"):
        joint = row["probability"]
        cells = [day(pd.Timestamp(row["day_local"])), f"{joint:.0%}" if pd.notna(joint) else "–"]
        cells.append(f"{row['at_least']:.0%} to {row['at_most']:.0%}")
        rows.append([str(row["series"]), *cells] if many else cells)
    heads = [("Day", False), ("Exceeded at some time", True), ("Bounds", True)]
    return grid([("Series", False), *heads] if many else heads, rows, of="alarm_days")


def _scores(result: Result) -> dict[str, Any] | None:
    table = table_of(result, "alarm_scores")
    if table.empty:
        return None
    rows = []
    for row in table.to_dict("records"):
        shares = [f"{row[n]:.0%}" if pd.notna(row[n]) else "–" for n in ("precision", "recall")]
        rows.append([str(row["rule"]), f"{row['alarms']:,}", *shares, figure(float(row["cost_eur"]))])
    heads = [("Rule", False), ("Alarms", True), ("Right", True), ("Peaks found", True), ("Cost, €", True)]
    return grid(heads, rows, own=0, of="alarm_scores")
