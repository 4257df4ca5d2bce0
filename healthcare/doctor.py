"""The data doctor: what is wrong with a folder of scans, before anyone trains on it or trusts a score.

It looks at four kinds of data, which it tells apart by itself: a training folder in the layout of the Medical
Segmentation Decathlon, an npz of labelled pictures, a DICOM study, and a folder of scans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from common.errors import IntakeError
from common.intake import take
from common.intake.kinds import NPZ, SCANS
from common.pilot import Progress, Result, silent
from healthcare.dataset_layout import is_layout
from healthcare.doctor_problems import SEVERITIES, Findings, Problem, ordered, table
from healthcare.finding import RESEARCH_USE
from healthcare.naming import called as naming

MOST_PLACES = 8
"""Problems of one kind that are told in words; the table has all."""
_PLURALS = {"error": "errors", "warning": "warnings", "note": "notes"}


def check(
    path: Path | str,
    *,
    classes: Sequence[str] = (),
    names: Mapping[int, str] | None = None,
    progress: Progress = silent,
) -> Result:
    """Find duplicates, conflicting labels, wrong geometry, empty images and changed counts.

    Args:
        path: a training folder, an npz, a DICOM study (folder or zip), a scan, or a folder of scans.
        classes: names of the classes of an npz, in the order of their numbers.
        names: number -> name of labels of a training folder, before what dataset.json says.
        progress: told how far it is.

    Returns:
        Tables `problems` (severity, kind, what, where, mend; the gravest first), `overview` or `series`, and,
        of volumes, `geometry` and `scans`; numbers `errors`, `warnings` and `notes`, and how many there are
        of each kind of problem (`twins_across_parts`, ...). What is wrong with one scan of many is a row, not
        an exception. Cases and scans are numbered in the order of their files' names.

    Raises:
        IntakeError: it is refused as a whole: not there, or of another kind.
        DataError: it makes no sense as a whole.
    """
    path = Path(path)
    found = _findings(path, tuple(classes), names, progress)
    problems = ordered(found.problems)
    counts = Counter(one.severity for one in problems)
    kinds = Counter(one.kind for one in problems)
    progress(1.0, "done")
    return Result(
        summary=_summary(found, problems),
        tables={"problems": table(problems), **found.tables},
        numbers={
            **{_PLURALS[severity]: counts[severity] for severity in SEVERITIES},
            **{kind.replace(" ", "_").replace("-", "_"): count for kind, count in sorted(kinds.items())},
        },
        warnings=_told(problems),
        provenance={
            "input_sha256": found.sha256,
            "made_at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "use": RESEARCH_USE,
        },
        shown=("overview", "series", "geometry"),
    )


def write(result: Result, folder: Path) -> None:
    """Write what `check` found: the result, and its tables `problems` and `scans` as CSV.

    Raises:
        StoreError: the folder cannot be written.
    """
    from common.exports import csv_text
    from common.results import write_result
    from common.store import atomic_write

    write_result(result, folder)
    for name in ("problems", "scans"):
        if name in result.tables:
            atomic_write(folder / f"{name}.csv", csv_text(result.tables[name]).encode())


def _findings(
    path: Path, classes: tuple[str, ...], names: Mapping[int, str] | None, progress: Progress
) -> Findings:
    if path.is_symlink():
        raise IntakeError("this is a link", where="the data", mend="give the file or folder itself")
    if path.is_dir():
        if is_layout(path):
            from healthcare.doctor_dataset import check_dataset

            return check_dataset(path, names=names, progress=progress)
    else:
        with naming(path, "the data"):
            taken = take(path, (NPZ, *SCANS))
        if taken.kind == NPZ:
            from healthcare.doctor_pictures import check_pictures

            return check_pictures(taken, classes=classes, progress=progress)
    from healthcare.doctor_scans import check_scans

    return check_scans(path, progress=progress)


def _summary(found: Findings, problems: Sequence[Problem]) -> str:
    """What was looked at, how many problems there are, and whether one may train on it."""
    counts = Counter(one.severity for one in problems)
    said = [
        f"{counts[one]} {one if counts[one] == 1 else _PLURALS[one]}" for one in SEVERITIES if counts[one]
    ]
    held = f"Looked at {found.held}: " + (", ".join(said) if said else "nothing wrong was found") + "."
    if counts["error"]:
        grave = Counter(one.kind for one in problems if one.severity == "error")
        listed = ", ".join(f"{kind} ({count})" for kind, count in grave.most_common())
        return f"{held} Mend the errors before training or trusting a score: {listed}."
    if counts["warning"]:
        return f"{held} Look at the warnings before training."
    return f"{held} Nothing stands in the way of training."


def _told(problems: Sequence[Problem]) -> list[str]:
    """One sentence for each kind of problem, with the first few places."""
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for one in problems:
        kinds.setdefault((one.severity, one.kind), []).append(one)
    said = []
    for (severity, kind), held in kinds.items():
        first = held[0]
        if len(held) == 1:
            said.append(f"1 {severity}, {kind}: {first.what} ({first.where}); {first.mend}")
            continue
        where = "; ".join(one.where for one in held[:MOST_PLACES])
        more = f"; and {len(held) - MOST_PLACES} more" if len(held) > MOST_PLACES else ""
        count = f"{len(held)} {_PLURALS[severity]}, {kind}"
        said.append(f"{count}, as {first.what} ({where}{more}); {first.mend}")
    return said
