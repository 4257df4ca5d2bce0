"""Fit and predict for 100, 1,000 and 5,000 series, beside mlforecast with the same trees and lags.

The loads are synthetic: hourly, 1,000 points each, made of daily and weekly shapes of households, offices and
industry, a shared temperature, solar on some roofs, and noise. Both sides get the same points, lags, calendar
features, daily difference scaled per series, LightGBM parameters and threads, and forecast the next 48 hours.
Every side runs in its own process, taking turns in who goes first; the best of `--repeats` times counts.
Making the load, laying it out as each side wants it, and imports are not timed.

    python benchmarks/energy_scale.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = (100, 1_000, 5_000)
POINTS, HORIZON, ROUNDS, LEAVES = 1_000, 48, 100, 31
SIDES = ("panel", "mlforecast", "mlforecast_numpy")


def loads_kw(n_series: int, seed: int = 7):
    """Synthetic hourly loads (time, series) in kW, float32, with the 48 hours of truth at the end."""
    import numpy as np

    rng = np.random.default_rng(seed)
    n = POINTS + HORIZON
    hour, day = np.arange(n) % 24, np.arange(n) // 24
    weekend = (day % 7 >= 5)[:, None]

    def peak(at: float, width: float) -> np.ndarray:
        return np.exp(-0.5 * (((hour - at + 12) % 24 - 12) / width) ** 2)[:, None]

    home = 0.35 + 0.4 * peak(8, 1.6) + 0.9 * peak(19, 2.4) + 0.25 * weekend * peak(13, 3)
    office = 0.25 + (1.0 - 0.75 * weekend) * peak(13, 3.8)
    industry = 0.8 + 0.25 * (1 - weekend) * peak(11, 5.0)
    share = rng.dirichlet((0.5, 0.4, 0.3), n_series).T
    weather = np.zeros(n)
    for i in range(1, n):
        weather[i] = 0.97 * weather[i - 1] + rng.normal(0, 0.25)
    weather += 0.6 * np.cos(2 * np.pi * (hour - 15) / 24)
    load = sum(w * p for w, p in zip(share, (home, office, industry), strict=True))
    load = load * (1 + rng.uniform(0, 0.12, n_series) * weather[:, None])
    noise = np.zeros((n, n_series))
    shocks = rng.normal(0, rng.uniform(0.03, 0.15, n_series), (n, n_series))
    for i in range(1, n):
        noise[i] = 0.6 * noise[i - 1] + shocks[i]
    cloud = np.clip(rng.beta(2, 1.3, day.max() + 1)[day] + rng.normal(0, 0.08, n), 0, 1)
    solar = (rng.random(n_series) < 0.2) * rng.uniform(0.3, 1.2, n_series)
    load = load * np.exp(noise) - solar * (cloud * peak(13, 2.6)[:, 0])[:, None]
    return (load * rng.lognormal(1.5, 1.2, n_series)).astype(np.float32)


def _clock():
    """Wall and processor seconds; the latter hardly feel what else the machine is doing."""
    import numpy as np

    return np.array([time.perf_counter(), time.process_time()])


def _panel(load_kw, threads: int, calibrated: bool):
    import numpy as np
    import xarray as xr

    from energy.data import Load
    from energy.panel import Panel

    times = np.datetime64("2024-01-01", "ns") + np.arange(len(load_kw)) * np.timedelta64(1, "h")
    names = [f"m{i:05d}" for i in range(load_kw.shape[1])]
    ds = xr.Dataset({"load_kw": (("time", "series"), load_kw)}, coords={"time": times, "series": names})
    load = Load(ds=ds.isel(time=slice(0, POINTS)), timezone="UTC")
    shared = {"horizon": HORIZON, "rounds": ROUNDS, "leaves": LEAVES, "threads": threads}
    # mlforecast can subtract yesterday, not the mean of two days; so for the ratio the panel does as much.
    model = (
        Panel(**shared)
        if calibrated
        else Panel(**shared, calibration_days=0, anchor_days=(1,), yesterday=False)
    )
    begin = _clock()
    model.fit(load, times[POINTS])
    fitted = _clock()
    forecast = model.predict(load, times[[POINTS]], HORIZON)
    end = _clock()
    q = forecast.values[0]
    cover = (
        float(np.mean((load_kw[POINTS:] >= q[..., 0]) & (load_kw[POINTS:] <= q[..., -1])))
        if calibrated
        else None
    )
    return fitted - begin, end - fitted, q[..., q.shape[-1] // 2], cover


def _mlforecast(load_kw, threads: int, as_numpy: bool):
    import lightgbm as lgb
    import numpy as np
    import pandas as pd
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    from energy.panel import Panel, lags

    n_series = load_kw.shape[1]
    times = pd.date_range("2024-01-01", periods=POINTS, freq="h")
    names = [f"m{i:05d}" for i in range(n_series)]
    frame = pd.DataFrame(
        {
            "unique_id": pd.Categorical.from_codes(np.repeat(np.arange(n_series), POINTS), names),
            "ds": np.tile(times.values, n_series),
            "y": load_kw[:POINTS].T.ravel(),
        }
    )
    parameters = Panel(leaves=LEAVES, threads=threads).parameters
    model = MLForecast(
        models={"lgb": lgb.LGBMRegressor(n_estimators=ROUNDS, n_jobs=threads, **_sklearn(parameters))},
        freq="h",
        lags=list(lags(24)),
        date_features=["hour", "dayofweek"],
        target_transforms=[Differences([24]), LocalStandardScaler()],
        num_threads=threads,
    )
    begin = _clock()
    model.fit(frame, static_features=[], as_numpy=as_numpy)
    fitted = _clock()
    forecast = model.predict(HORIZON)
    end = _clock()
    return fitted - begin, end - fitted, forecast["lgb"].to_numpy().reshape(n_series, HORIZON).T, None


def _sklearn(parameters: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in parameters.items() if k != "num_threads"}


def measure(side: str, n_series: int, threads: int) -> dict[str, object]:
    """Run one side in this process: seconds, accuracy, and the most memory it ever held."""
    import numpy as np

    load_kw = loads_kw(n_series)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if side.startswith("panel"):
        fit_s, predict_s, point, coverage = _panel(load_kw, threads, side == "panel_quantiles")
    else:
        fit_s, predict_s, point, coverage = _mlforecast(load_kw, threads, side == "mlforecast_numpy")
    truth = load_kw[POINTS:]
    weekly = np.abs(load_kw[168:POINTS] - load_kw[: POINTS - 168]).mean(axis=0)
    return {
        "fit_s": float(fit_s[0]),
        "predict_s": float(predict_s[0]),
        "total_s": float(fit_s[0] + predict_s[0]),
        "cpu_s": float(fit_s[1] + predict_s[1]),
        "mase": float(np.mean(np.abs(point - truth).mean(axis=0) / weekly)),
        "coverage80": coverage,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "data_mb": before_mb,
    }


def _in_own_process(side: str, n_series: int, threads: int) -> dict[str, float]:
    pins = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), str(threads)
    )
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, __file__, "--side", side, "--series", str(n_series), "--threads", str(threads)]
    done = subprocess.run(
        command,
        env=os.environ | pins | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{side} with {n_series} series failed: {done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one flat JSON object instead of a table")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--threads", type=int, default=1, help="of both sides (default: 1)")
    parser.add_argument("--repeats", type=int, default=2, help="times that every side runs (default: 2)")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--series", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options.series, options.threads)))
        return
    figures: dict[str, object] = {"data": "synthetic hourly loads", "points": POINTS, "horizon_h": HORIZON}
    figures |= {"threads": options.threads, "trees": ROUNDS, "leaves": LEAVES}
    rows = []
    for n_series in options.sizes:
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for turn in range(options.repeats):
            for side in SIDES[:: -1 if turn % 2 else 1]:
                runs[side].append(_in_own_process(side, n_series, options.threads))
        least_cpu_s = {side: min(run["cpu_s"] for run in found) for side, found in runs.items()}
        best = {side: min(found, key=lambda run: run["total_s"]) for side, found in runs.items()}
        best["panel_quantiles"] = _in_own_process("panel_quantiles", n_series, options.threads)
        # The peer is judged by the faster of its two ways to hold the features.
        peer_s = min(best[side]["total_s"] for side in SIDES[1:])
        figures[f"fit_ratio_{n_series}"] = round(best["panel"]["total_s"] / peer_s, 3)
        peer_cpu_s = min(least_cpu_s[side] for side in SIDES[1:])
        figures[f"cpu_ratio_{n_series}"] = round(least_cpu_s["panel"] / peer_cpu_s, 3)
        for side, run in best.items():
            rows.append((n_series, side, run, run["total_s"] / peer_s))
            for key, value in run.items():
                if value is not None:
                    figures[f"{side}_{key}_{n_series}"] = round(value, 4)
    if options.json:
        print(json.dumps(figures))
        return
    print(
        f"synthetic hourly loads, {POINTS} points each, {HORIZON} h ahead, "
        f"{ROUNDS} trees of {LEAVES} leaves, {options.threads} thread(s)"
    )
    print("series                        fit s  predict s  ratio   CPU s    MASE  cover 80  peak MB")
    for n_series, side, run, ratio in rows:
        cover = f"{run['coverage80']:.1%}" if run["coverage80"] is not None else "-"
        print(
            f"{n_series:>6}  {side:18}{run['fit_s']:>8.1f}{run['predict_s']:>11.1f}{ratio:>7.2f}"
            f"{run['cpu_s']:>8.1f}{run['mase']:>8.3f}{cover:>10}{run['peak_mb']:>9.0f}"
        )
    print("ratio: fit and predict together against the faster mlforecast row; panel_quantiles also makes")
    print(
        "nine quantiles from seven held-out days, which it does not train on, with its own anchor and feature"
    )


if __name__ == "__main__":
    main()
