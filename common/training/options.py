"""Options of `pilots train` that are the same for every pilot: where it trains, and where the run goes."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(group: argparse._ArgumentGroup) -> None:
    """Declare processes, accelerator, runs and resume; see `common.training.launch.train`."""
    group.add_argument("--processes", type=int, metavar="N", default=1, help="processes on this machine")
    group.add_argument(
        "--accelerator",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto: a GPU where there is one",
    )
    group.add_argument(
        "--runs", type=Path, metavar="FOLDER", default=Path("runs"), help="where run folders go"
    )
    group.add_argument("--resume", type=Path, metavar="RUN", help="go on with this run folder")
