"""The data doctor on scans without masks: a DICOM study, or a folder with a scan in each file or subfolder.

Subfolders called train, val or test are parts, across which no scan may stand twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import DataError, PilotError
from common.intake import Taken, take
from common.intake.kinds import DICOM, SCANS
from common.pilot import Progress, silent
from healthcare import doctor_volumes as volumes
from healthcare.data import read_scan
from healthcare.doctor_problems import Findings, Problem
from healthcare.naming import called as naming
from healthcare.study import Series, read_study

if TYPE_CHECKING:
    import pandas as pd

PARTS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
MOST_SCANS = 5000
MOST_HASHES = 20
"""Of more scans, one hash over theirs is kept."""
_MAGIC_AT, _MAGIC = 128, b"DICM"
_AGAIN = "check that it is so"


@dataclass(frozen=True)
class _Seen:
    """What was found so far."""

    looked: list[volumes.Looked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    series: list[tuple[str, Series]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)


def check_scans(path: Path, *, progress: Progress = silent) -> Findings:
    """Look at one scan or study, or at a folder of them.

    Args:
        path: a file of any kind that is a scan, a DICOM study as a folder or zip, or a folder with several.
        progress: told how far it is.

    Raises:
        IntakeError: it is one file, and is refused.
        DataError: there is no scan in it.
    """
    found = list(_units(path)) if path.is_dir() and not path.is_symlink() else [("", path)]
    if not found:
        mend = "bring DICOM, NIfTI, PNG or JPEG files"
        raise DataError("there is no scan in it", where="the folder", mend=mend)
    seen = _Seen()
    for number, (part, unit) in enumerate(found, 1):
        # A lone scan is "the scan"; else its number, in the order of the paths, says which it is.
        name = "the scan" if len(found) == 1 else f"scan {number}"
        progress(0.9 * (number - 1) / len(found), f"reading {name} of {len(found)}")
        try:
            with naming(unit, name):
                taken = take(unit, SCANS)
            seen.hashes.append(taken.sha256)
            if taken.kind == DICOM:
                _study(taken, name, part, seen)
            else:
                scan = read_scan(taken, called=name)
                seen.problems.extend(Problem("note", "reading", note, name, _AGAIN) for note in scan.notes)
                seen.looked.append(volumes.look(scan, name, part=part))
        except PilotError as error:
            if len(found) == 1:
                raise
            seen.problems.append(Problem("error", "unreadable", error.what, error.where, error.mend))
    progress(0.92, "comparing the scans")
    looked = seen.looked
    seen.problems.extend(volumes.same(looked) + volumes.unusual(looked))
    tables = {}
    if seen.series:
        tables["series"] = _table(seen.series)
    if looked:
        tables |= {"geometry": volumes.geometry(looked), "scans": volumes.listing(looked)}
    held = "1 scan" if len(looked) == 1 else f"{len(looked)} scans"
    if seen.series:
        held += f" in {len(seen.series)} DICOM series"
    hashes = seen.hashes
    if len(hashes) > MOST_HASHES:
        hashes = [hashlib.sha256("".join(hashes).encode()).hexdigest()]
    return Findings(held, seen.problems, tables, hashes)


def _units(top: Path) -> Iterator[tuple[str, Path]]:
    """Part and path of each scan below a folder: a file, or a folder with DICOM files directly in it."""
    count = 0
    for here, inner, files in os.walk(top):
        inner[:] = sorted(one for one in inner if not one.startswith("."))
        folder = Path(here)
        parts = [PARTS[one.lower()] for one in folder.relative_to(top).parts if one.lower() in PARTS]
        part = parts[0] if parts else ""
        names = sorted(one for one in files if not one.startswith(".") and one != "DICOMDIR")
        if names and _is_dicom(folder / names[0]):
            units = [folder]
            inner.clear()
        else:
            units = [
                folder / one for one in names if not one.lower().endswith((".txt", ".csv", ".json", ".md"))
            ]
        for unit in units:
            count += 1
            if count > MOST_SCANS:
                mend = "check a part of it at a time"
                raise DataError(f"it holds more than {MOST_SCANS:,} scans", where="the folder", mend=mend)
            yield part, unit


def _is_dicom(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def _study(taken: Taken, name: str, part: str, seen: _Seen) -> None:
    """All series of a study, each looked at."""
    problems = seen.problems
    study = read_study(taken, called=name)
    if study.persons > 1:
        what = f"it holds pictures of {study.persons} persons"
        mend = "bring one person's study at a time, and see whose is whose"
        problems.append(Problem("error", "several persons", what, name, mend))
    if study.copies:
        what = f"{study.copies} files are copies of others"
        problems.append(Problem("warning", "copies of files", what, name, "leave each once"))
    if study.others:
        what = "beside the scan there is " + ", ".join(study.others)
        problems.append(Problem("note", "passed over", what, name, "nothing; it is not read"))
    for series in study.series:
        where = name if len(study.series) == 1 else f"{name}, series {series.number}"
        seen.series.append((where, series))
        if series.burned_in == "YES":
            what = "names or dates are written in the picture itself"
            mend = "mask them before it is passed on"
            problems.append(Problem("warning", "burned-in text", what, where, mend))
        try:
            scan = read_scan(taken, series=series.number, called=where)
        except PilotError as error:
            problems.append(Problem("error", "no volume", error.what, where, error.mend))
            continue
        notes = [note for note in scan.notes if not note.startswith(("number ", "passed over", "copies of"))]
        problems += [Problem("note", "reading", note, where, _AGAIN) for note in notes]
        seen.looked.append(volumes.look(scan, where, part=part))


def _table(listed: Sequence[tuple[str, Series]]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "series": where,
            "holds": one.words,
            "voxels": " × ".join(map(str, one.shape)) or "no volume",
            "spacing_mm": " × ".join(f"{mm:.4g}" for mm in one.spacing_mm),
            "orientation": one.orientation,
            "burned_in": one.burned_in,
        }
        for where, one in listed
    ]
    return pd.DataFrame(rows)
