"""The data doctor on a training folder of volumes with masks: does each pair fit, is any case there twice?"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import PilotError
from common.pilot import Progress, silent
from healthcare import doctor_volumes as volumes
from healthcare.dataset import Case, Dataset, cases_of
from healthcare.dataset_layout import read_layout, stem
from healthcare.doctor_outliers import far_off
from healthcare.doctor_problems import Findings, Problem, places
from healthcare.doctor_relatives import relatives
from healthcare.finding import Label

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"(\d+)$")


def check_dataset(
    folder: Path, *, names: Mapping[int, str] | None = None, progress: Progress = silent
) -> Findings:
    """Look at a folder in the layout of the Medical Segmentation Decathlon.

    Args:
        folder: with imagesTr and labelsTr.
        names: number -> name of labels, before what dataset.json says.
        progress: told how far it is.
    """
    layout = read_layout(folder)
    problems = [
        Problem("error" if one.stops else "warning", "layout", one.what, one.where, one.mend)
        for one in layout.flaws
    ]
    known = {**(layout.labels or {}), **(names or {})}
    cases, notes = cases_of(folder, layout, tuple(sorted(known)) or None)
    problems += [Problem("note", "patients", note, "all cases", "check that it is so") for note in notes]
    looked: list[volumes.Looked] = []
    for done, case in enumerate(cases):
        progress(0.9 * done / len(cases), f"reading {case.called}")
        if (one := _looked(case, "train", problems)) is not None:
            looked.append(one)
    for number, path in enumerate(layout.tests, 1):
        progress(0.9, f"reading test {number} of {len(layout.tests)}")
        test = Case(number, len(layout.tests), f"test {number}", path, None)
        if (one := _looked(test, "test", problems)) is not None:
            looked.append(one)
    progress(0.95, "comparing the cases")
    problems += volumes.same(looked) + volumes.unusual(looked) + _masks(looked, known)
    ends = {f"case {case.number}": _NUMBER.search(stem(case.image)) for case in cases}
    numbers = {name: int(found[1]) for name, found in ends.items() if found and len(found[1]) < 10}
    problems += relatives([one for one in looked if one.part == "train"], numbers)
    values = sorted({value for one in looked for value in one.volumes_ml} | set(known))
    labels = tuple(Label(value, known.get(value, f"label {value}")) for value in values)
    tables = {"overview": _overview(looked, labels)}
    if looked:
        tables |= {"geometry": volumes.geometry(looked), "scans": volumes.listing(looked)}
    tests = f" and {len(layout.tests)} without" * bool(layout.tests)
    held = f"{len(layout.pairs)} volumes with masks{tests}"
    return Findings(held, problems, tables, _fingerprint(Dataset(cases, labels)))


def _fingerprint(dataset: Dataset) -> str:
    """The data set's own; "" where a file is refused."""
    try:
        return dataset.sha256
    except PilotError:
        return ""


def _looked(case: Case, part: str, problems: list[Problem]) -> volumes.Looked | None:
    """The facts of a case; None, with a problem, where it cannot be read."""
    name = f"{'case' if part == 'train' else 'test'} {case.number}"
    try:
        scan = case.scan()
    except PilotError as error:
        problems.append(_refused(error, name))
        return None
    for note in scan.notes:
        problems.append(Problem("note", "reading", note, name, "check that it is so"))
    mask = None
    if case.mask is not None:
        try:
            mask = case.drawn(scan)
        except PilotError as error:
            problems.append(_refused(error, f"{name}, mask"))
    return volumes.look(scan, name, mask, part, case.patient)


def _refused(error: PilotError, where: str) -> Problem:
    return Problem("error", "unreadable", error.what, where, error.mend)


def _masks(looked: Sequence[volumes.Looked], known: Mapping[int, str]) -> list[Problem]:
    """Labels that are missing, or drawn far larger or smaller than in the other cases."""
    problems = []
    drawn = [one for one in looked if one.drawn]
    if empty := [one.name for one in drawn if not one.volumes_ml]:
        what, mend = f"{len(empty)} masks are empty", "check that nothing is to be seen there"
        problems.append(Problem("warning", "empty masks", what, places(empty), mend))
    for value in sorted(set(known) | {value for one in drawn for value in one.volumes_ml}):
        name = known.get(value, f"label {value}")
        having = [one for one in drawn if value in one.volumes_ml]
        if drawn and not having:
            mend = "check the list of labels in dataset.json"
            problems.append(Problem("error", "missing labels", f"{name} is in no mask", "all cases", mend))
            continue
        lacking = [one.name for one in drawn if value not in one.volumes_ml and one.volumes_ml]
        # Where most cases lack it, as a tumour may be, its absence says nothing.
        if lacking and len(lacking) < len(drawn) / 2:
            what, mend = f"{name} is not in {len(lacking)} masks", "check that it is not to be seen there"
            problems.append(Problem("warning", "missing labels", what, places(lacking), mend))
        sizes = [math.log(one.volumes_ml[value]) for one in having]
        if odd := [having[n].name for n in far_off(sizes, floor=0.1)]:
            what = f"{name} is far larger or smaller than usual in {len(odd)} masks"
            mend = "look at them: the drawing may have slipped"
            problems.append(Problem("note", "unusual volumes", what, places(odd), mend))
    return problems


def _overview(looked: Sequence[volumes.Looked], labels: Sequence[Label]) -> pd.DataFrame:
    """Part, label, number of cases with it, and its least, median and largest volume in ml."""
    import pandas as pd

    rows = []
    for label in labels:
        sizes = sorted(one.volumes_ml[label.value] for one in looked if label.value in one.volumes_ml)
        spread = (sizes[0], sizes[len(sizes) // 2], sizes[-1]) if sizes else (math.nan,) * 3
        rows.append(("train", label.name, len(sizes), *spread))
    columns = ["part", "label", "cases", "least_ml", "median_ml", "most_ml"]
    if count := sum(one.part == "test" for one in looked):
        rows.append(("test", "(no masks)", count, math.nan, math.nan, math.nan))
    return pd.DataFrame(rows, columns=columns)
