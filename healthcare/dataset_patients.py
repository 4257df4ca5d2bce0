"""Which cases of a training folder are of one person, so that none stands on both sides of a split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from common.errors import DataError
from common.intake import CSV, take
from healthcare.naming import called as naming

PATIENTS = "patients.csv"
PAIRED = (
    "files numbered 2k−1 and 2k are taken for the two sides of one patient's hippocampus, as they are in task"
    " 4 of the Medical Segmentation Decathlon; patients.csv can say otherwise"
)
_NUMBER = re.compile(r"\d+$")
# 394 volumes came of 195 persons (Antonelli et al. 2022), and no file says which of them belong together. The
# data do: gradients of thumbnails numbered 2k−1 and 2k correlate at 0.67 and their median intensities differ
# by 3 %; those of 2k and 2k+1, as of any two, at 0.47 and by 33 %.
_SIDES = re.compile(r"hippocampus_(\d+)$")


def patients_of(folder: Path, stems: Sequence[str]) -> tuple[list[str], list[str]]:
    """A word for the patient of each case, which says nothing about who it is, and notes.

    `patients.csv` in the folder counts where there is one; else each case is a patient, but for data of which
    it is known otherwise.

    Args:
        folder: of the data.
        stems: names of the images without their ending.

    Raises:
        IntakeError: patients.csv is refused.
        DataError: it leaves out a case, names one that is not there, or gives one two patients.
    """
    if (folder / PATIENTS).exists():
        return _stated(folder / PATIENTS, stems), []
    sides = [_SIDES.match(name) for name in stems]
    if all(sides):
        return _opaque([str((int(one[1]) + 1) // 2) for one in sides if one]), [PAIRED]
    return [f"patient {number}" for number in range(1, len(stems) + 1)], []


def _opaque(persons: Sequence[str]) -> list[str]:
    """Persons as "patient 1", "patient 2", … in the order in which they come."""
    numbers: dict[str, str] = {}
    return [numbers.setdefault(person, f"patient {len(numbers) + 1}") for person in persons]


def _stated(path: Path, stems: Sequence[str]) -> list[str]:
    from common.tables import read_table

    mend = "write the columns case and patient, and a row for each case"
    with naming(path, PATIENTS):
        table = read_table(take(path, (CSV,)))
        for column in ("case", "patient"):
            if column not in table.names:
                raise DataError(f"there is no column '{column}'", where=PATIENTS, mend=mend)
        named, persons = (table.text(column).to_pylist() for column in ("case", "patient"))
    keys = {name: place for place, name in enumerate(stems)}
    for place, name in enumerate(stems):
        if found := _NUMBER.search(name):
            keys.setdefault(str(int(found[0])), place)
    found_for: dict[int, str] = {}
    for row, name, person in zip(table.rows, named, persons, strict=True):
        where = f"{PATIENTS}, row {row}"
        if not name or not person:
            raise DataError("a cell is empty", where=where, mend=mend)
        key = name.strip().removesuffix(".gz").removesuffix(".nii")
        key = key if key in keys or not key.isdecimal() else str(int(key))
        if key not in keys:
            raise DataError("it names no case of this folder", where=where, mend=mend)
        if found_for.setdefault(keys[key], person.strip()) != person.strip():
            raise DataError("a case has two patients", where=where, mend=mend)
    if missing := len(stems) - len(found_for):
        raise DataError(f"{missing} cases have no row", where=PATIENTS, mend=mend)
    return _opaque([found_for[place] for place in range(len(stems))])
