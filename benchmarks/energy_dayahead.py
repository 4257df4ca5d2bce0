"""Victoria's half-hourly demand a day ahead: our trees beside named peers, in one run.

Demand and temperature 2012-2014 (tsibbledata's vic_elec). Every local midnight (AEDT) of the last 60 days
forecasts the next 48 half-hours; every model learns from what lies before these days alone, and knows load
and temperature only up to each origin, but for the rows with "perfect" or "actual" temperature. Nothing was
tuned on the 60 days: settings were chosen on November and December 2013, January and February 2014, and
September and October 2014, each forecast by models that had learned from before it.

Our quantiles are shifted by earlier misses (`common.calibration`): those of the 60 days before the test by a
first fit that has not seen them, and inside the test those of its earlier days. Both fits count as training.

    python benchmarks/energy_dayahead.py            # five to ten minutes on 2 cores
    python benchmarks/energy_dayahead.py --neural   # and our neural forecaster
    python benchmarks/energy_dayahead.py --openstef /usr/bin/python3.12   # and OpenSTEF 4, see below

OpenSTEF 4 needs Python 3.12 or later, so it runs in an environment of its own (`openstef_peer.py`). A Python
named with --openstef that lacks it has one made for it in the user's cache folder, once; later runs find it
there, and take two minutes more. Without --openstef nothing is installed, and a run says what is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.openstef_environment import openstef, openstef_python
from common import benchmark_data, calibration
from energy.arrays import truth_of
from energy.data import Load
from energy.features import Features
from energy.predictive import QUANTILES
from energy.scores import mase_scale_kw, score
from energy.trees import Trees

DAYS, HORIZON, WARM_UP = 60, 48, 60
DAY = np.timedelta64(1, "D")
TEMPERATURE = "temperature_c"
PLAIN = ["hour", "day_of_week", "day_of_year", "holiday"]
PLAIN += ["load_day_before", "load_2_days_before", "load_week_before", "load_2_weeks_before"]
PLAIN += ["load_last_1h", "load_last_24h", "load_level_7d_mean", "temperature_c_day_before"]
"""What the plain LightGBM sees: calendar, load of the days before, yesterday's temperature."""
PEER_LAGS = (1, 2, 3, 48, 49, 96, 336, 672)
LABELS = {
    "naive": "seasonal naive (last week)",
    "mstl": "statsforecast MSTL",
    "mlforecast": "mlforecast LightGBM, recursive",
    "plain": "plain direct LightGBM quantiles",
    "uncalibrated": "ours, before calibration",
    "ours": "ours, calibrated",
    "perfect_weather": "ours, perfect temperature",
    "neural": "our neural forecaster",
    "openstef_xgboost": "OpenSTEF 4 XGBoost, actual temperature",
    "openstef_gblinear": "OpenSTEF 4 GBLinear, actual temperature",
    "openstef_xgboost_yesterday": "OpenSTEF 4 XGBoost, yesterday's temperature",
}


def read() -> Load:
    """The series, in kW and °C."""
    folder = benchmark_data.folder()
    if folder is None:
        raise SystemExit(
            "the data are not here: set PILOTS_DATA to the folder that holds energy/vic_elec.csv.gz"
        )
    frame = pd.read_csv(folder / "energy" / "vic_elec.csv.gz")
    moments = pd.to_datetime(frame["Time"], utc=True).dt.tz_localize(None).to_numpy("datetime64[ns]")
    load_kw = frame["Demand"].to_numpy()[:, None] * 1000
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), load_kw), TEMPERATURE: ("time", frame["Temperature"].to_numpy())},
        coords={"time": moments, "series": ["victoria"]},
    )
    return Load(ds=ds, timezone="Australia/Melbourne", country="AU-VIC")


def array(values: np.ndarray, origins: np.ndarray) -> xr.DataArray:
    """(origin, step, quantile) in kW as a forecast; one quantile is the median."""
    levels = list(QUANTILES) if values.shape[-1] == len(QUANTILES) else [0.5]
    coords = {"origin": origins, "step": np.arange(HORIZON), "series": ["victoria"], "quantile": levels}
    return xr.DataArray(values[:, :, None], coords=coords, dims=("origin", "step", "series", "quantile"))


def naive(load: Load, origins: np.ndarray) -> tuple[np.ndarray, float, float]:
    week = load.ds["load_kw"].values[:, 0]
    start = np.searchsorted(load.ds["time"].values, origins)
    return week[start[:, None] + np.arange(HORIZON) - 7 * 48][..., None], 0.0, 0.0


def mstl(load: Load, origins: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Refitted at every origin on the last 56 days; all years at each of 60 origins would take too long."""
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL

    begin = time.perf_counter()
    start = np.searchsorted(load.ds["time"].values, origins[0]) - 56 * 48
    frame = pd.DataFrame(
        {
            "unique_id": "victoria",
            "ds": load.ds["time"].values[start:],
            "y": load.ds["load_kw"].values[start:, 0],
        }
    )
    model = StatsForecast([MSTL(season_length=[48, 336])], freq="30min", n_jobs=1)
    found = model.cross_validation(
        HORIZON, frame, n_windows=len(origins), step_size=HORIZON, input_size=56 * 48, level=[20, 40, 60, 80]
    )
    names = [f"MSTL-lo-{p}" for p in (80, 60, 40, 20)] + ["MSTL"] + [f"MSTL-hi-{p}" for p in (20, 40, 60, 80)]
    values = found.sort_values(["cutoff", "ds"])[names].to_numpy().reshape(len(origins), HORIZON, -1)
    return values, 0.0, time.perf_counter() - begin


def mlforecast(load: Load, origins: np.ndarray, threads: int) -> tuple[np.ndarray, float, float]:
    """Recursive, with our trees' parameters, calendar and yesterday's temperature."""
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import Differences

    times = load.ds["time"].values
    columns = Features(load, HORIZON, np.zeros(1), np.ones(1), weather=[], yearly=True).calendar.columns
    frame = pd.DataFrame({"unique_id": "victoria", "ds": times, "y": load.ds["load_kw"].values[:, 0]})
    for name, values in columns.items():
        frame[name] = values[: len(times)].astype(np.float32)
    frame["temperature_day_before"] = load.ds[TEMPERATURE].shift(time=48).values
    parameters = {k: v for k, v in Trees(threads=threads).parameters.items() if k != "num_threads"}
    model = MLForecast(
        models={
            "lgb": lgb.LGBMRegressor(n_estimators=Trees().rounds, n_jobs=threads, verbosity=-1, **parameters)
        },
        freq="30min",
        lags=list(PEER_LAGS),
        lag_transforms={1: [RollingMean(48), RollingMean(336)]},
        target_transforms=[Differences([48])],
        num_threads=1,
    )
    begin = time.perf_counter()
    model.fit(frame[frame["ds"] < origins[0]], static_features=[])
    fitted = time.perf_counter()
    parts = []
    for origin in origins:
        past = frame[(frame["ds"] < origin) & (frame["ds"] >= origin - 40 * DAY)]
        ahead = frame[(frame["ds"] >= origin) & (frame["ds"] < origin + DAY)].drop(columns="y")
        parts.append(model.predict(HORIZON, new_df=past, X_df=ahead)["lgb"].to_numpy())
    return np.stack(parts)[..., None], fitted - begin, time.perf_counter() - fitted


def plain(load: Load, origins: np.ndarray, threads: int) -> tuple[np.ndarray, float, float]:
    """One LightGBM a quantile, straight from the features to the load, with our rounds and leaves."""
    begin = time.perf_counter()
    times = load.ds["time"].values
    end = int(np.searchsorted(times, origins[0]))
    start = np.searchsorted(times, origins)
    features = Features(load, HORIZON, np.zeros(1), np.ones(1), weather=[TEMPERATURE], yearly=True)
    learned = np.arange(end - HORIZON, 14 * 48, -HORIZON)
    steps = np.arange(HORIZON)
    table = features.table(np.concatenate([learned, start]), steps, {})
    values = table.values[:, [table.names.index(name) for name in PLAIN]]
    train, test = values[: len(learned) * HORIZON], values[len(learned) * HORIZON :]
    target = load.ds["load_kw"].values[learned[:, None] + steps, 0].ravel()
    shared = {"objective": "quantile", "num_leaves": 31, "learning_rate": 0.05, "num_threads": threads}
    shared |= {"seed": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True}
    boosters = []
    for level in QUANTILES:
        own = shared | {"alpha": level}
        boosters.append(lgb.train(own, lgb.Dataset(train, target), num_boost_round=Trees().rounds))
    fitted = time.perf_counter()
    found = np.sort(np.stack([b.predict(test) for b in boosters], axis=-1), axis=-1)
    return found.reshape(len(origins), HORIZON, -1), fitted - begin, time.perf_counter() - fitted


def ours(
    load: Load, origins: np.ndarray, make: Callable[[], Trees]
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Before and after calibration; seconds of both fits, and of predicting the test and calibrating it."""
    warm = origins[0] - np.arange(WARM_UP, 0, -1) * DAY
    begin = time.perf_counter()
    first = make()
    first.fit(load, warm[0])
    second = make()
    second.fit(load, origins[0])
    fitted = time.perf_counter()
    before = first.predict(load, warm, HORIZON).values[:, :, 0]
    raw = second.predict(load, origins, HORIZON).values[:, :, 0]
    both, all_origins = np.concatenate([before, raw]), np.concatenate([warm, origins])
    ends = all_origins[:, None] + (np.arange(HORIZON) + 1) * load.step
    found = calibration.rolling(both, truth_kw(load, all_origins), QUANTILES, all_origins, ends)[WARM_UP:]
    return raw, found, fitted - begin, time.perf_counter() - fitted


def truth_kw(load: Load, origins: np.ndarray) -> np.ndarray:
    """(origin, step)."""
    return truth_of(load, origins, HORIZON).values[:, :, 0]


def neural(load: Load, origins: np.ndarray) -> tuple[np.ndarray, float, float]:
    from energy.neural import Neural

    begin = time.perf_counter()
    model = Neural()
    model.fit(load, origins[0])
    fitted = time.perf_counter()
    found = model.predict(load, origins, HORIZON).values[:, :, 0]
    return found, fitted - begin, time.perf_counter() - fitted


def parts(load: Load, origins: np.ndarray, forecast: np.ndarray) -> dict[str, list[tuple[str, float, float]]]:
    """Coverage of the 80 % interval and mean absolute error in MW by hour, month, and heat of the day."""
    truth = truth_kw(load, origins)
    times = origins[:, None] + np.arange(HORIZON) * load.step
    local = pd.DatetimeIndex(times.ravel()).tz_localize("UTC").tz_convert(load.timezone)
    start = np.searchsorted(load.ds["time"].values, origins)
    hottest_c = load.ds[TEMPERATURE].values[start[:, None] + np.arange(HORIZON)].max(axis=1)
    hot = np.repeat(hottest_c >= np.sort(hottest_c)[-6], HORIZON)
    inside = ((truth >= forecast[..., 0]) & (truth <= forecast[..., -1])).ravel()
    off_mw = np.abs(truth - forecast[..., 4]).ravel() / 1000

    def row(name: str, some: np.ndarray) -> tuple[str, float, float]:
        return name, float(inside[some].mean()), float(off_mw[some].mean())

    return {
        "by hour": [row(f"{h:02}-{h + 4:02} h", local.hour // 4 == h // 4) for h in range(0, 24, 4)],
        "by month": [row(f"{m:%B}", local.month == m.month) for m in pd.to_datetime(["2014-11", "2014-12"])],
        "by heat": [
            row(f"6 hottest days (from {np.sort(hottest_c)[-6]:.0f} °C)", hot),
            row("other days", ~hot),
        ],
    }


def summary(rows: dict[str, dict[str, float]], threads: int) -> dict[str, object]:
    """One flat object; pinball in MW."""
    ours_row = rows["ours"]
    figures: dict[str, object] = {"data": "vic_elec", "test_days": DAYS, "threads": threads}
    figures |= {
        "mase": ours_row["mase"],
        "mase_perfect_weather": rows["perfect_weather"]["mase"],
        "coverage80": ours_row["coverage80"],
        "pinball_ratio": ours_row["pinball_kw"] / rows["plain"]["pinball_kw"],
        "train_s": ours_row["fit_s"],
        "train_s_perfect_weather": rows["perfect_weather"]["fit_s"],
        "pinball": ours_row["pinball_kw"] / 1000,
        "pinball_uncalibrated": rows["uncalibrated"]["pinball_kw"] / 1000,
        "pinball_plain": rows["plain"]["pinball_kw"] / 1000,
        "coverage80_uncalibrated": rows["uncalibrated"]["coverage80"],
        "coverage80_plain": rows["plain"]["coverage80"],
        "coverage80_perfect_weather": rows["perfect_weather"]["coverage80"],
    }
    for key in (key for key in rows if key.startswith("openstef")):
        figures |= {f"pinball_{key}": rows[key]["pinball_kw"] / 1000}
        figures |= {f"coverage80_{key}": rows[key]["coverage80"]}
    figures |= {f"mase_{key}": row["mase"] for key, row in rows.items() if key != "ours"}
    figures |= {f"fit_s_{key}": row["fit_s"] for key, row in rows.items()}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}


def show(rows: dict[str, dict[str, float]], figures: dict[str, object]) -> None:
    """Print the table."""
    print(
        f"Victoria, {DAYS} days, one forecast of {HORIZON} half-hours a day, {figures['threads']} thread(s)"
    )
    print(
        f"{'':44}{'MASE':>7}{'MAE MW':>8}{'pinball':>9}{'cover 80':>10}{'width MW':>10}{'peak MW':>9}"
        f"{'fit s':>8}{'predict s':>11}"
    )
    for key, row in rows.items():
        shown = [row["pinball_kw"] / 1000, row["coverage80"], row["width80_kw"] / 1000]
        texts = [
            f"{v:.{d}{t}}" if np.isfinite(v) else "-" for v, d, t in zip(shown, (1, 1, 0), "f%f", strict=True)
        ]
        print(
            f"{LABELS[key]:44}{row['mase']:>7.3f}{row['mae_kw'] / 1000:>8.0f}{texts[0]:>9}{texts[1]:>10}"
            f"{texts[2]:>10}{row['peak_hour_error_kw'] / 1000:>9.0f}{row['fit_s']:>8.1f}"
            f"{row['predict_s']:>11.1f}"
        )
    print(
        f"pinball in MW, mean over nine quantiles; against the plain LightGBM: {figures['pinball_ratio']}; "
        "fit of ours: both fits"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one flat JSON object instead of tables")
    parser.add_argument(
        "--threads", type=int, default=2, help="of LightGBM, ours and the peers' (default: 2)"
    )
    parser.add_argument("--neural", action="store_true", help="also train our neural forecaster (slow)")
    parser.add_argument(
        "--openstef", metavar="PYTHON", help="a Python 3.12 or later: has openstef, or gets it"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    load = read()
    python, note = openstef_python(options.openstef)
    origins = load.ds["time"].values[len(load.ds["time"]) - DAYS * HORIZON :: HORIZON]
    truth = xr.DataArray(truth_kw(load, origins)[:, :, None], dims=("origin", "step", "series"))
    scale_kw = mase_scale_kw(load, origins[0])
    rows: dict[str, dict[str, float]] = {}
    calibrated: dict[str, np.ndarray] = {}

    def add(key: str, values: np.ndarray, fit_s: float, predict_s: float) -> None:
        found = score(key, array(values, origins), truth, scale_kw)
        rows[key] = {k: float(v) for k, v in found.items() if k != "model"}  # type: ignore[arg-type]
        rows[key] |= {"fit_s": fit_s, "predict_s": predict_s}
        print(f"{LABELS[key]}: MASE {rows[key]['mase']:.3f}", file=sys.stderr, flush=True)
        if values.shape[-1] == 1:
            rows[key] |= {"pinball_kw": np.nan, "coverage80": np.nan, "width80_kw": np.nan}

    add("naive", *naive(load, origins))
    add("mstl", *mstl(load, origins))
    add("mlforecast", *mlforecast(load, origins, options.threads))
    add("plain", *plain(load, origins, options.threads))
    if python:
        try:
            for key, row in openstef(load, origins, HORIZON, python=python, threads=options.threads).items():
                add(key, *row)
        except RuntimeError as error:
            note = str(error)  # a peer that fails costs its rows, not the run
    for key, weather in (("ours", "measured"), ("perfect_weather", "perfect")):
        raw, found, fit_s, predict_s = ours(
            load,
            origins,
            lambda weather=weather: Trees(horizon=HORIZON, weather=weather, threads=options.threads),
        )
        if key == "ours":
            add("uncalibrated", raw, fit_s, predict_s)
        add(key, found, fit_s, predict_s)
        calibrated[key] = found
    if options.neural:
        add("neural", *neural(load, origins))
    figures = summary(rows, options.threads) | {"openstef": note}
    if options.json:
        print(json.dumps(figures))
        return
    show(rows, figures)
    for heading, found in parts(load, origins, calibrated["ours"]).items():
        print(f"\nours, calibrated, {heading}:       cover 80   MAE MW")
        for name, share, off in found:
            print(f"  {name:32}{share:>9.1%}{off:>9.0f}")
    print(f"\nOpenSTEF 4: {note}")


if __name__ == "__main__":
    main()
