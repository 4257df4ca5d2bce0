"""GEFCom2014's load track as it was run: 99 quantiles of the next month, twelve months, beside its teams.

Each task has the hourly load and 25 weather stations up to the end of the month before, not the weather of
the month itself (Hong et al. 2016, "Probabilistic energy forecasting: Global Energy Forecasting Competition
2014 and beyond"). Tasks 4 to 15, January to December 2011, were scored: mean pinball loss over all hours and
quantiles. Rank n of a task is the n-th best score of that task by any team, from the provisional leaderboard.
Settings were chosen on data up to December 2010 alone; `--year` scores those months with the same code.

    python benchmarks/energy_gefcom2014.py               # 1 to 2 minutes on one core
    python benchmarks/energy_gefcom2014.py --year 2010   # months that settings were chosen on
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import benchmark_data, calibration
from energy.data import Load
from energy.month_ahead import MonthAhead

SCORED = 2011
FIRST_TASK = 4
RANKS = {"best": 1, "second": 2, "third": 3, "tenth": 10}
LEVELS = np.arange(1, 100) / 100


def read(folder: Path) -> Load:
    """The track's data; its labels end the hour, on a clock of 24 hours a day, which is taken as UTC."""
    table = pd.read_csv(folder / "gefcom2014_load.csv.gz", parse_dates=["TIMESTAMP"], index_col="TIMESTAMP")
    start = table.index.to_numpy("datetime64[ns]") - np.timedelta64(1, "h")
    stations = {
        f"temperature_{name}_f": ("time", table[name].to_numpy(float))
        for name in table.columns
        if name.startswith("w")
    }
    ds = xr.Dataset(
        {"load_kw": (("time", "series"), table[["LOAD"]].to_numpy(float)), **stations},
        coords={"time": start, "series": ["zone 1"]},
    )
    ds["time"].attrs["timezone"] = "UTC"
    return Load(ds=ds, timezone="UTC", country="US")


def month(load: Load, year: int, number: int) -> slice:
    """Positions of the hours of a month."""
    first = np.datetime64(f"{year}-{number:02d}", "M")
    time = load.ds["time"].values
    return slice(int(np.searchsorted(time, first)), int(np.searchsorted(time, first + 1)))


def submitted(folder: Path, task: int) -> np.ndarray:
    """Quantiles of the naive benchmark, shape (hour, 99), in the order of the hours."""
    table = pd.read_csv(folder / "gefcom2014_benchmark" / f"L{task}-benchmark.csv.gz")
    return table.iloc[:, 2:].to_numpy(float)


def pinball(quantiles: np.ndarray, truth: np.ndarray) -> float:
    """Mean pinball loss over hours and the 99 levels; quantiles (hour, 99), truth (hour,)."""
    return float(calibration.pinball(quantiles, truth, LEVELS).mean())


def leaderboard(folder: Path) -> pd.DataFrame:
    """Pinball by task (index) and rank (columns from 1)."""
    text = (folder / "gefcom2014_load_leaderboard_provisional.csv").read_text(encoding="utf-8")
    rows = [
        row for row in (line.split(",") for line in text.replace("\r", "\n").split("\n")) if row[0].isdigit()
    ]
    return pd.DataFrame({int(r[0]): [float(x) for x in r[1:]] for r in rows}).T.rename(
        columns=lambda c: c + 1
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object only")
    parser.add_argument("--year", type=int, nargs="+", default=[SCORED], help="2011 was scored (default)")
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra (default: 1)")
    options = parser.parse_args()
    root = benchmark_data.folder()
    if root is None:
        sys.exit("The benchmark data are not here: set PILOTS_DATA to their folder.")
    folder = root / "energy"
    load, ranks = read(folder), leaderboard(folder)
    truth = load.ds["load_kw"].values[:, 0]
    rows = []
    began = time.perf_counter()
    for year in options.year:
        for number in range(1, 13):
            here = month(load, year, number)
            origin = load.ds["time"].values[here.start]
            model = MonthAhead(levels=LEVELS, threads=options.threads)
            model.fit(load, origin)
            forecast = model.predict(load, np.array([origin]), here.stop - here.start)
            row = {"month": f"{year}-{number:02d}", "pinball": pinball(forecast.values[0, :, 0], truth[here])}
            if year == SCORED:
                task = FIRST_TASK + number - 1
                naive_kw = submitted(folder, task)
                row |= {name: float(ranks.loc[task, rank]) for name, rank in RANKS.items()}
            else:
                before = month(load, year - 1, number).start
                naive_kw = np.repeat(truth[before : before + here.stop - here.start, None], 99, axis=1)
            row["benchmark"] = pinball(naive_kw, truth[here])
            rows.append(row)
            print(f"{row['month']}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    seconds = time.perf_counter() - began
    table = pd.DataFrame(rows).set_index("month")
    columns = [c for c in ("benchmark", "pinball", *RANKS) if c in table]
    means = table[columns].mean()
    if options.json:
        numbers = {"pinball": means["pinball"], "pinball_benchmark": means["benchmark"], "seconds": seconds}
        numbers |= {f"pinball_{name}": means[name] for name in RANKS if name in table}
        for at, row in table.iterrows():
            numbers[f"pinball_{at}"], numbers[f"pinball_benchmark_{at}"] = row["pinball"], row["benchmark"]
        print(json.dumps({key: round(float(value), 4) for key, value in numbers.items()}))
        return
    print(f"GEFCom2014 load track, mean pinball of 99 quantiles, one month ahead; {seconds:.0f} s")
    print(f"{'month':10}" + "".join(f"{'ours' if c == 'pinball' else c:>11}" for c in columns))
    for at, row in table.iterrows():
        print(f"{at:10}" + "".join(f"{row[c]:11.3f}" for c in columns))
    print(f"{'mean':10}" + "".join(f"{means[c]:11.3f}" for c in columns))
    if SCORED in options.year:
        print("best, second, third, tenth: the n-th best team of that month, not one team throughout")


if __name__ == "__main__":
    main()
