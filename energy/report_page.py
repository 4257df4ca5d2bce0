"""The one-page report: what a result holds, in the words and pictures of a page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import pandas as pd

from common.pilot import Result
from energy import drawings
from energy.charts import (
    PALETTE,
    accuracy_data,
    baselines,
    driver_data,
    event_data,
    fan_data,
    series_by_peak,
    table_of,
)
from energy.report_alarms import alarm_section
from energy.report_grid import MOST_ROWS, grid
from energy.wording import figure, interval, moment, power, unit_for

MOST_FANS = 2
LABELS = {
    "made_at_utc": "made at (UTC)",
    "made_at": "made at",
    "input": "input",
    "input_sha256": "input, SHA-256",
    "model": "model",
    "model_sha256": "model, SHA-256",
    "weather": "weather after the origin",
    "versions": "versions",
    "settings": "settings",
    "seed": "seed",
}


def _duration(step: pd.Timedelta) -> str:
    minutes = step / pd.Timedelta(minutes=1)
    if minutes < 60:
        return f"{minutes:g} minutes"
    return "one hour" if minutes == 60 else f"{minutes / 60:g} hours"


def _facts(result: Result, series: str, step: pd.Timedelta, many: bool) -> list[dict[str, Any]]:
    forecast = table_of(result, "forecast", series)
    peak = forecast.sort_values("q50_kw", ascending=False, kind="stable").iloc[0]
    unit, hours = unit_for(float(peak["q50_kw"])), step / pd.Timedelta(hours=1)
    low, high = (c for c in (forecast.filter(regex=r"^q[\d.]+_kw$").columns[[0, -1]]))
    span = f"{figure(peak[low] / unit.kw)} to {power(peak[high], unit)}"
    facts: list[dict[str, Any]] = [
        {
            "name": f"{f'{series}: e' if many else 'E'}xpected peak, {moment(peak['valid_from_local'])}",
            "value": power(float(peak["q50_kw"]), unit),
            "beside": f"{_share(high, low)} interval {span}",
        },
        {
            "name": f"{'Its energy' if many else 'Energy'} over {len(forecast) * hours:g} hours",
            "value": f"{power(float(forecast['q50_kw'].sum()) * hours)}h",
            "beside": "sum of the medians",
        },
    ]
    alarms = table_of(result, "alarms")
    if len(alarms):
        events = len(event_data(result))
        top = float(alarms["probability"].max())
        facts.append(
            {
                "name": "Capacity alarms, all series" if many else "Capacity alarms",
                "value": "none" if not events else str(events),
                "beside": f"highest chance in one interval: {top:.0%}",
                "hot": bool(events),
            }
        )
    accuracy = accuracy_data(result)
    if len(accuracy):
        own, rest = accuracy.iloc[0], baselines(accuracy)
        beside = "mean absolute error in the backtest"
        if len(rest):
            best = rest.sort_values("mae_kw").iloc[0]
            less = float(best["less_error"])
            beside = f"{abs(less):.0%} {'less' if less >= 0 else 'more'} than {best['model']}"
        facts.append({"name": "Usual error", "value": power(float(own["mae_kw"])), "beside": beside})
    return facts


def _share(high: str, low: str) -> str:
    """The share that an interval between two quantile columns is to hold."""
    return f"{float(high[1:-3]) - float(low[1:-3]):g}%"


def _fans(result: Result, names: Sequence[str]) -> list[dict[str, Any]]:
    fans = []
    for number, name in enumerate(names[:MOST_FANS]):
        data = fan_data(result, name)
        unit = unit_for(float(data[["low_kw", "high_kw"]].abs().max().max()))
        alarms = table_of(result, "alarms", name)
        limit = float(alarms["limit_kw"].iloc[0]) if len(alarms) else None
        shares = sorted({float(c) for c in data.loc[data["kind"] == "band", "central"]}, reverse=True)
        words = f"Load of {name}: measured, and the forecast with its uncertainty, in {unit.name}"
        risky = number == 0 and len(alarms) and float(alarms["probability"].max()) > 0.002
        fans.append(
            {
                "title": "What is coming" if len(names) == 1 else name,
                "measured": bool((data["kind"] == "measured").any()),
                "threshold": f"{float(alarms['threshold'].iloc[0]):.0%}" if len(alarms) else "",
                "picture": drawings.fan(data, unit, limit, words),
                "bands": "intervals of " + ", ".join(f"{s:.0%}" for s in shares),
                "chance": drawings.chance(alarms, f"Chance that {name} exceeds its limit") if risky else None,
            }
        )
    return fans


def _accuracy(result: Result) -> dict[str, Any] | None:
    table = accuracy_data(result)
    if table.empty:
        return None
    unit = unit_for(float(table["mae_kw"].max()))
    wanted = {
        "mase": ("MASE", None),
        "pinball_kw": (f"Pinball {unit.name}", unit),
        "coverage80": ("In 80%", None),
        "width80_kw": (f"Width {unit.name}", unit),
        "peak_hour_error_kw": (f"Peak error {unit.name}", unit),
    }
    shown = {name: what for name, what in wanted.items() if name in table}
    rows = []
    for row in table.to_dict("records"):
        cells = [str(row["model"])]
        for name, (_, scale) in shown.items():
            value = float("nan") if row[name] is None else float(row[name])
            percent = name.startswith("coverage") and pd.notna(value)
            cells.append(f"{value:.1%}" if percent else figure(value / (scale.kw if scale else 1.0)))
        rows.append(cells)
    heads = [("Model", False), *((head, True) for head, _ in shown.values())]
    words = "Mean absolute error of this forecast and of the baselines"
    picture = drawings.errors(table, unit, words)
    return {"picture": picture, "table": grid(heads, rows, own=0, of="accuracy")}


def _calibration(result: Result) -> dict[str, Any] | None:
    table, accuracy = table_of(result, "calibration"), accuracy_data(result)
    if table.empty:
        return None
    words = "On the dashed line, each quantile holds the share of the truth that it promises."
    if len(accuracy) and pd.notna(accuracy["coverage80"].iloc[0]):
        words += f" The 80% interval held {float(accuracy['coverage80'].iloc[0]):.1%} of it."
    picture = drawings.calibration(table, "Share of the truth below each quantile of the forecast")
    return {"picture": picture, "words": words}


def _drivers(result: Result, series: str) -> dict[str, Any] | None:
    rows = driver_data(result, series)
    if rows.empty:
        return None
    at = moment(rows["valid_from_local"].iloc[0])
    unit = unit_for(float(rows["contribution_kw"].abs().max()))
    words = [str(w) for w in rows["words"].dropna()][:4] if "words" in rows else []
    picture = drawings.drivers(rows, unit, f"What raised and lowered the forecast of {at}")
    return {"when": at, "picture": picture, "words": "; ".join(words) + "." if words else ""}


def _what_if(result: Result, series: str) -> dict[str, Any] | None:
    table = table_of(result, "what_if", series)
    if table.empty:
        return None
    apart = table.iloc[int(table["change_kw"].abs().to_numpy().argmax())]
    degrees = table["changed_temperature_c"] - table["temperature_c"]
    far = float(degrees.iloc[int(degrees.abs().to_numpy().argmax())])
    at, unit = moment(apart["valid_from_local"]), unit_for(float(table["q50_kw"].abs().max()))
    up = apart["change_kw"] >= 0
    words = f"The median moves most at {at}: {'+' if up else ''}{power(float(apart['change_kw']))}, "
    words += f"from {power(float(apart['q50_kw']), unit)} to {power(float(apart['changed_q50_kw']), unit)}."
    title = f"What if it were {abs(far):.1f}".removesuffix(".0") + f" °C {'warmer' if far >= 0 else 'colder'}"
    return {"title": title, "words": words, "picture": drawings.what_if(table, unit, title)}


def _anomalies(result: Result, many: bool) -> dict[str, Any] | None:
    table = table_of(result, "anomalies")
    if table.empty:
        return None
    rows = []
    for row in table.sort_values("valid_from_utc", ascending=False).to_dict("records"):
        powers = [f"{power(row[n])}" if pd.notna(row[n]) else "–" for n in ("load_kw", "expected_kw")]
        at = f"{moment(row['valid_from_local'])} {row['valid_from_local'].year}"
        rows.append([*([str(row["series"])] if many else []), at, str(row["kind"]), *powers])
    heads = [("When", False), ("What", False), ("Measured", True), ("Expected", True)]
    return grid([("Series", False), *heads] if many else heads, rows, of="anomalies")


def _findings(result: Result) -> dict[str, Any] | None:
    table = table_of(result, "findings")
    if table.empty:
        return None
    rows = [
        ["" if pd.isna(row["row"]) else f"{row['row']}", str(row["what"]), str(row["done"])]
        for row in table.to_dict("records")
    ]
    return grid([("Row", False), ("Found", False), ("Done", False)], rows, of="findings")


def _peaks(result: Result, names: Sequence[str]) -> dict[str, Any] | None:
    if len(names) < 2:
        return None
    rows = []
    for name in names[: MOST_ROWS + 1]:
        forecast = table_of(result, "forecast", name)
        peak = forecast.sort_values("q50_kw", ascending=False, kind="stable").iloc[0]
        rows.append([name, moment(peak["valid_from_local"]), power(float(peak["q50_kw"]))])
    rows += [rows[-1]] * (len(names) - len(rows))
    return grid([("Series", False), ("Peak at", False), ("Median", True)], rows, of="forecast")


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        return ", ".join(_flat(inner) for inner in value)
    return str(value)


def report_html(result: Result) -> str:
    """The report as one HTML page: no script, no request, light and dark, one to two A4 pages on paper.

    Args:
        result: of `pilots run energy`; tables that it lacks are left out of the page. Whatever stands in
            it is shown as text, never as markup.
    """
    import jinja2

    names = series_by_peak(result)
    first = table_of(result, "forecast", names[0])
    local = first["valid_from_local"]
    step = interval(first["valid_from_utc"])
    zone = str(local.dt.tz)
    provenance = dict(result.provenance)
    command = provenance.pop("command", None)
    source = resources.files("energy").joinpath("report_template.html").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
    return template.render(
        palette=PALETTE,
        title=names[0] if len(names) == 1 else f"{len(names)} series",
        span=f"{moment(local.iloc[0])} to {moment(local.iloc[-1] + step)} {local.iloc[-1].year}, {zone} time",
        summary=result.summary,
        facts=[{"hot": False} | fact for fact in _facts(result, names[0], step, len(names) > 1)],
        warnings=list(result.warnings),
        fans=_fans(result, names),
        peaks=_peaks(result, names),
        alarms=alarm_section(result, len(names) > 1),
        accuracy=_accuracy(result),
        calibration=_calibration(result),
        drivers=_drivers(result, names[0]),
        what_if=_what_if(result, names[0]),
        anomalies=_anomalies(result, len(names) > 1),
        findings=_findings(result),
        provenance=[(LABELS.get(name, name.replace("_", " ")), _flat(v)) for name, v in provenance.items()],
        command=_flat(command) if command else None,
        zone=zone,
        interval=_duration(step),
    )
