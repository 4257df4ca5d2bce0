"""What a user takes away: the forecast as CSV and Parquet, and the report as one HTML page."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd

from common.exports import csv_text
from common.pilot import Result
from common.store import atomic_write
from energy.charts import table_of
from energy.report_page import report_html
from energy.wording import interval

DECIMALS = 3
UNITS = {"_kw": "kW", "_kwh": "kWh", "_c": "degC", "_utc": "UTC", "_local": "local time", "probability": "1"}


def export_table(result: Result) -> pd.DataFrame:
    """The forecast with the end of each interval and, where there is a limit, the chance of exceeding it.

    Returns:
        Columns series, origin_utc, valid_from_utc, valid_to_utc, valid_from_local, timezone (IANA name), the
        quantiles (`q50_kw` is the point forecast; mean power over the interval), further columns of the
        table `forecast`, and probability, limit_kw, alarm. Times are zone-aware.
    """
    forecast = table_of(result, "forecast")
    at = forecast["valid_from_utc"]
    times = ["series", "origin_utc", "valid_from_utc", "valid_from_local"]
    table = forecast[times].copy()
    table.insert(3, "valid_to_utc", at + interval(at))
    table["timezone"] = str(forecast["valid_from_local"].dt.tz)
    table = pd.concat([table, forecast.drop(columns=times)], axis=1)
    alarms = table_of(result, "alarms")
    if len(alarms):
        wanted = ["series", "valid_from_utc", "probability", "limit_kw", "alarm"]
        table = table.merge(alarms[wanted], on=["series", "valid_from_utc"], how="left")
    return table


def forecast_csv(result: Result) -> str:
    """`export_table` as CSV: comma, decimal point, UTF-8, ISO 8601 times with their offset from UTC.

    Text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    return csv_text(export_table(result).round(DECIMALS))


def forecast_parquet(result: Result) -> bytes:
    """`export_table` as Parquet.

    The schema's metadata hold `unit`, `units` (JSON, by column), `timezone`, `interval_s`, `model`, `made_at`
    and `provenance` (JSON); what the result does not state is "not stated".
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = export_table(result)
    interval = (table["valid_to_utc"] - table["valid_from_utc"]).iloc[0]
    units = {c: u for c in table.columns for end, u in UNITS.items() if c.endswith(end)}
    made = result.provenance
    facts = {
        "unit": "kW",
        "units": json.dumps(units),
        "timezone": str(table["timezone"].iloc[0]),
        "interval_s": f"{interval.total_seconds():g}",
        "model": str(made.get("model", "not stated")),
        "made_at": str(made.get("made_at_utc", made.get("made_at", "not stated"))),
        "provenance": json.dumps(dict(made), default=str, ensure_ascii=False),
    }
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), **facts})
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd")
    return buffer.getvalue()


def write_exports(result: Result, folder: Path) -> list[Path]:
    """Write forecast.csv, forecast.parquet and report.html, each whole or not at all.

    Args:
        result: of `pilots run energy`.
        folder: made when it is not there; older exports in it are replaced.

    Returns:
        The files written.

    Raises:
        StoreError: a file cannot be written.
    """
    contents: dict[str, str | bytes] = {
        "forecast.csv": forecast_csv(result),
        "forecast.parquet": forecast_parquet(result),
        "report.html": report_html(result),
    }
    for name, content in contents.items():
        atomic_write(folder / name, content)
    return [folder / name for name in contents]
