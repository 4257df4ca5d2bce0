"""Load files made in a line, and what reading them found."""

from __future__ import annotations

import numpy as np
import pandas as pd


def local(start, periods, freq="h", form="%Y-%m-%d %H:%M", zone="Europe/Amsterdam"):
    return list(pd.date_range(start, periods=periods, freq=freq, tz=zone).strftime(form))


DAYS4 = local("2024-01-01", 96)
VALUES = list(100 + np.arange(96) % 24)


def text(*columns, header, separator=","):
    lines = [separator.join(str(cell) for cell in row) for row in zip(*columns, strict=True)]
    return "\n".join([header, *lines, ""])


def kinds(load):
    return [f.kind for f in load.report.findings if f.kind != "format"]


def finding(load, kind):
    [found] = load.report.of(kind)
    return found
