"""Forecasts in use: kept with the time they were made, scored when the truth arrives.

A log is a folder with one Parquet file a forecast, which is never changed; the last truth that was seen; and
the scores. Scores are proper: the mean pinball loss, and for peaks the same with forecast and truth both
lifted to a threshold, so that only what happens above it counts (threshold-weighted scoring, Allen,
Ginsbourger and Ziegel 2023). Scoring only the hours that turned out high would reward crying wolf (Lerch et
al. 2017, "Forecaster's Dilemma").

What is not scored, and counted instead: intervals that had begun when the forecast was made, truth that is
unknown, and truth of a meter that stands still.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
from numpy.typing import NDArray

from common.calibration import pinball
from common.errors import StoreError
from common.store import atomic_write, is_as_stamped, stamped
from energy.data import Load
from energy.predictive import quantile_columns

Floats = NDArray[np.float64]

FACTS = b"forecast"
KEY = ["series", "valid_from_utc"]
TRUTH, SCORES, ENDING = "truth.parquet", "scores.parquet", ".forecast.parquet"
PEAK_LEVEL = 0.9
"""Level of the load before the forecast above which an hour counts as a peak."""
FLAT_HOURS = 6
"""A meter that shows one and the same value for so long stands still, or the load is not measured."""
FLAT_SHARE = 0.01
"""A forecast whose median moves by less than this share of the load's usual daily range is flat."""


@dataclass(frozen=True)
class Kept:
    """One forecast in the log: when it was made (UTC), by which model, from which data, and where it lies."""

    made_at: pd.Timestamp
    model: str
    data_hash: str
    path: Path


@dataclass(frozen=True)
class Scored:
    """Scores of all forecasts in a log.

    Attributes:
        forecasts: one row a forecast and series: model, made_at_utc, origin_utc, series, scored (intervals),
            waiting (no truth yet), late (made after they began), stuck (the meter stood still), pinball_kw,
            peak_pinball_kw, mae_kw, coverage80 (of the 10 % to 90 % interval, or the widest there is),
            flat_forecast, truth ("new", "waiting", "as before", "more", "corrected").
        intervals: one row a scored interval: model, made_at_utc, series, valid_from_utc, load_kw,
            pinball_kw, error_kw (truth minus median), inside80.
        notes: in one sentence each, what was scored again and what stands still.
    """

    forecasts: pd.DataFrame
    intervals: pd.DataFrame
    notes: tuple[str, ...]


def data_hash(load: Load) -> str:
    """Hash of what a forecast was made from, as 16 hex digits."""
    found = hashlib.sha256(np.ascontiguousarray(load.ds["load_kw"].values.astype(np.float64)).tobytes())
    found.update(np.ascontiguousarray(load.ds["time"].values.astype("datetime64[ns]")).tobytes())
    found.update("\0".join(load.series).encode())
    return found.hexdigest()[:16]


class ForecastLog:
    """A folder of forecasts as they were made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(
        self,
        forecast: xr.DataArray,
        step: np.timedelta64,
        *,
        made_at: pd.Timestamp,
        model: str,
        data_hash: str,
    ) -> Path:
        """Keep a forecast, whole or not at all; keeping the same one twice changes nothing.

        Args:
            forecast: `load_kw` (origin, step, series, quantile), kW, origins in UTC.
            step: length of an interval.
            made_at: when it was made; with a zone, or UTC.
            model: name of the model.
            data_hash: see `data_hash`.

        Raises:
            StoreError: another forecast of this model was kept with the same time, or it cannot be written.
        """
        made = _utc(made_at)
        facts = {"made_at": made.isoformat(), "model": model, "data_hash": data_hash}
        table = pa.Table.from_pandas(_long(forecast, step), preserve_index=False)
        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), FACTS: json.dumps(facts).encode()}
        )
        content = _parquet(table)
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:40]
        plain = f"{made:%Y%m%dT%H%M%S%f}Z-{name}{ENDING}"
        path = self.folder / stamped(plain, content)
        if path.exists() and is_as_stamped(path):
            return path
        for other in self.folder.glob(f"{plain.removesuffix(ENDING)}*{ENDING}"):
            if other != path and re.fullmatch(
                r"(?:-[0-9a-f]{16})?", other.name[len(plain) - len(ENDING) : -len(ENDING)]
            ):
                raise StoreError(
                    f"the model '{model}' already has another forecast of {made:%Y-%m-%d %H:%M:%S} UTC",
                    where=str(other),
                    mend="a kept forecast is never changed: give the time at which this one was made",
                )
        atomic_write(path, content)
        return path

    def forecasts(self) -> list[Kept]:
        """What is kept, oldest first.

        Raises:
            StoreError: a file is no forecast of a log.
        """
        found = []
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            if not is_as_stamped(path):
                raise StoreError(
                    "it is not what was kept",
                    where=str(path),
                    mend="take back a copy, or move it out of the log",
                )
            try:
                facts = json.loads((pq.read_schema(path).metadata or {})[FACTS])
                kept = Kept(pd.Timestamp(facts["made_at"]), facts["model"], facts["data_hash"], path)
            except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
                raise StoreError(
                    "it is no kept forecast", where=str(path), mend="move it out of the log"
                ) from error
            found.append(kept)
        return sorted(found, key=lambda kept: (kept.made_at, kept.model))

    def read(self, kept: Kept) -> pd.DataFrame:
        """A kept forecast: series, origin_utc, valid_from_utc, q10_kw ... q90_kw."""
        return pq.read_table(kept.path).to_pandas()

    def score(self, load: Load) -> Scored:
        """Score every kept forecast against what is known now, and keep scores and truth.

        Truth that was seen before stays known when `load` no longer reaches back to it; where `load` differs
        from it, the later word counts and the forecasts are scored again.
        """
        truth, changed = _merged(self._stored(TRUTH), _truth(load))
        known = truth.merge(changed, on=KEY, how="left").merge(_stuck(truth, load.step), on=KEY, how="left")
        wide = truth.pivot(index="valid_from_utc", columns="series", values="load_kw")
        daily_range_kw = _daily_range_kw(wide, load.steps_per_day)
        rows, parts = [], []
        for kept in self.forecasts():
            table = self.read(kept).merge(known, on=KEY, how="left")
            row, intervals = _score(table, kept, wide, daily_range_kw)
            rows.append(row)
            parts.append(intervals)
        forecasts = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
        if len(forecasts):
            forecasts["truth"] = _news(forecasts, self._stored(SCORES))
            forecasts = forecasts.drop(columns="corrected")
            atomic_write(self.folder / SCORES, _parquet(forecasts))
        atomic_write(self.folder / TRUTH, _parquet(truth))
        intervals = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return Scored(forecasts, intervals, _notes(forecasts, len(changed)))

    def _stored(self, name: str) -> pd.DataFrame | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            return pq.read_table(path).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                "it cannot be read", where=str(path), mend="delete it: it is made anew from the load"
            ) from error


def _utc(time: pd.Timestamp) -> pd.Timestamp:
    stamp = pd.Timestamp(time)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


def _parquet(table: pa.Table | pd.DataFrame) -> bytes:
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _long(forecast: xr.DataArray, step: np.timedelta64) -> pd.DataFrame:
    ordered = forecast.transpose("origin", "series", "step", "quantile")
    origins, steps = ordered["origin"].values, ordered["step"].values
    n_origins, n_series, n_steps, _ = ordered.shape
    origin = np.repeat(origins, n_series * n_steps)
    valid = origin + np.tile(steps * step, n_origins * n_series)
    table = pd.DataFrame(
        {
            "series": np.tile(np.repeat(ordered["series"].values.astype(str), n_steps), n_origins),
            "origin_utc": pd.DatetimeIndex(origin, tz="UTC"),
            "valid_from_utc": pd.DatetimeIndex(valid, tz="UTC"),
        }
    )
    flat = ordered.values.reshape(-1, ordered.shape[-1])
    for i, level in enumerate(ordered["quantile"].values):
        table[f"q{round(float(level) * 100, 4):g}_kw"] = flat[:, i]
    return table


def _truth(load: Load) -> pd.DataFrame:
    values = load.ds["load_kw"].transpose("series", "time").values.astype(float)
    times = pd.DatetimeIndex(load.ds["time"].values, tz="UTC")
    table = pd.DataFrame(
        {
            "series": np.repeat(load.series, len(times)),
            "valid_from_utc": np.tile(times, len(load.series)),
            "load_kw": values.ravel(),
        }
    )
    return table.dropna().reset_index(drop=True)


def _merged(before: pd.DataFrame | None, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All truth there is, the later word first; and the intervals whose value changed."""
    if before is None:
        return now, now[KEY][:0].assign(corrected=np.zeros(0, bool))
    both = before.merge(now, on=KEY, suffixes=("_before", ""))
    differs = ~np.isclose(both["load_kw_before"], both["load_kw"], rtol=1e-6, atol=1e-9)
    changed = both.loc[differs, KEY].assign(corrected=True)
    merged = pd.concat([now, before]).drop_duplicates(KEY, keep="first")
    return merged.sort_values(KEY, ignore_index=True), changed


def _daily_range_kw(wide: pd.DataFrame, steps_per_day: int) -> pd.Series:
    """Usual range within a day of every series, kW; days that are half known or more."""
    days = wide.groupby(pd.DatetimeIndex(wide.index).floor("D"))
    return (days.max() - days.min()).where(days.count() >= steps_per_day / 2).median()


def _stuck(truth: pd.DataFrame, step: np.timedelta64) -> pd.DataFrame:
    """Intervals of runs of one and the same value for at least FLAT_HOURS, zero included."""
    least = max(2, int(np.timedelta64(FLAT_HOURS, "h") / step))
    same = (
        (truth["load_kw"].diff() == 0)
        & (truth["series"] == truth["series"].shift())
        & (truth["valid_from_utc"].diff() == pd.Timedelta(step))
    )
    run = (~same).cumsum()
    stuck = run.groupby(run).transform("size") >= least
    return truth.loc[stuck, ["series", "valid_from_utc"]].assign(stuck=True)


def _score(
    table: pd.DataFrame, kept: Kept, wide: pd.DataFrame, daily_range_kw: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of one kept forecast, a row a series and origin, and its scored intervals."""
    columns, levels = quantile_columns(table)
    low, middle, high = (columns[int(np.abs(levels - level).argmin())] for level in (0.1, 0.5, 0.9))
    known = table["load_kw"].notna() & table[columns].notna().all(axis=1)
    late = table["valid_from_utc"] < kept.made_at
    stuck = known & ~late & table["stuck"].eq(True)
    use = known & ~late & ~stuck
    load_kw, quantiles = table["load_kw"].to_numpy(), table[columns].to_numpy()
    at = _peak_from(table, wide)[:, None]
    lifted = np.maximum(quantiles, at), np.maximum(load_kw, at[:, 0])
    table = table.assign(
        scored=use,
        waiting=~known & ~late,
        late=late,
        stuck=stuck,
        corrected=table["corrected"].eq(True) & use,
        pinball_kw=np.where(use, pinball(quantiles, load_kw, levels), np.nan),
        peak_pinball_kw=np.where(use, pinball(*lifted, levels), np.nan),
        error_kw=np.where(use, load_kw - table[middle], np.nan),
        inside80=(table["load_kw"] >= table[low]) & (table["load_kw"] <= table[high]),
        median_kw=table[middle],
    )
    table["mae_kw"] = table["error_kw"].abs()
    table["coverage80"] = table["inside80"].astype(float).where(use)
    groups = table.groupby(["series", "origin_utc"], sort=False)
    rows = groups[["scored", "waiting", "late", "stuck"]].sum()
    rows = rows.join(groups[["pinball_kw", "peak_pinball_kw", "mae_kw", "coverage80"]].mean())
    rows["corrected"] = groups["corrected"].any()
    span = groups["valid_from_utc"].max() - groups["valid_from_utc"].min()
    moves_kw = groups["median_kw"].max() - groups["median_kw"].min()
    usual_kw = rows.index.get_level_values("series").map(daily_range_kw.to_dict()).to_numpy(dtype=float)
    rows["flat_forecast"] = (span >= pd.Timedelta("12h")) & (moves_kw < FLAT_SHARE * usual_kw)
    rows = rows.reset_index().assign(model=kept.model, made_at_utc=kept.made_at)
    wanted = ["series", "valid_from_utc", "load_kw", "pinball_kw", "error_kw", "inside80"]
    intervals = table.loc[use, wanted].assign(model=kept.model, made_at_utc=kept.made_at)
    return rows, intervals


def _peak_from(table: pd.DataFrame, wide: pd.DataFrame) -> Floats:
    """Load in kW from which an interval is a peak: a level of what was known before its origin."""
    found = np.full(len(table), np.nan)
    for origin, where in table.groupby("origin_utc").indices.items():
        levels = wide[wide.index < origin].quantile(PEAK_LEVEL)
        found[where] = table["series"].iloc[where].map(levels).to_numpy(dtype=float)
    return found


def _news(now: pd.DataFrame, before: pd.DataFrame | None) -> pd.Series:
    """What the truth of each forecast is, compared with when it was last scored."""
    key = ["model", "made_at_utc", "series", "origin_utc"]
    scored_before = np.zeros(len(now))
    if before is not None and len(before):
        seen = before[[*key, "scored"]].rename(columns={"scored": "scored_before"})
        scored_before = now[key].merge(seen, on=key, how="left")["scored_before"].fillna(0).to_numpy()
    cases = [now["scored"] == 0, scored_before == 0, now["corrected"], now["scored"] != scored_before]
    return pd.Series(np.select(cases, ["waiting", "new", "corrected", "more"], "as before"), index=now.index)


def _notes(forecasts: pd.DataFrame, n_changed: int) -> tuple[str, ...]:
    """What a reader of the scores should know, a sentence each."""
    if not len(forecasts):
        return ()
    notes = []
    if again := int((forecasts["truth"] == "corrected").sum()):
        notes.append(f"The truth of {n_changed} intervals was corrected: {again} scores were made again.")
    for series, most in forecasts.groupby("series", sort=False)["stuck"].max().items():
        if most:
            notes.append(f"Meter '{series}' stood still for up to {most} intervals a forecast: not scored.")
    for series, count in forecasts.groupby("series", sort=False)["flat_forecast"].sum().items():
        if count:
            notes.append(f"{count} forecasts of '{series}' are flat lines: look at what goes into the model.")
    if late := int(forecasts["late"].sum()):
        notes.append(f"{late} intervals had begun when their forecast was made: not scored.")
    return tuple(notes)
