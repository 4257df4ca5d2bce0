"""The series of a DICOM study: how many there are, what each holds, and whether it makes a volume.

Only headers are looked at: pixels are decoded by `healthcare.data.read_scan` of one series.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import DataError
from common.intake import Taken, take
from common.intake.formats import dicom, voxel_space
from common.intake.formats.series import Series as Sorted
from common.intake.formats.series import split, stack
from common.intake.kinds import DICOM, KINDS
from common.intake.parcel import Parcel
from common.intake.source import Source
from healthcare.naming import called as naming


@dataclass(frozen=True)
class Series:
    """One series of a study.

    Attributes:
        number: as `read_scan(series=...)` takes it, "1" for the one with most pixels.
        words: what it is, without a name: "MR, 22 pictures of 320 × 280".
        modality: DICOM's code, "" where unknown.
        pictures: number of slices or frames.
        shape: of the volume (x, y, z), or of the picture (rows, columns); () where it makes none.
        spacing_mm: voxel size along each of these axes; () where unknown.
        orientation: towards where the axes run ("LPS"), "" of a picture.
        burned_in: whether names may be written in the picture: "YES", "NO" or "not stated".
        problem: why it makes no volume, in a sentence; "" where it does.
        notes: what looks odd, one sentence each.
    """

    number: str
    words: str
    modality: str
    pictures: int
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()
    orientation: str = ""
    burned_in: str = "not stated"
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """What a DICOM file, folder or zip holds.

    Attributes:
        series: the series, that with most pixels first.
        persons: number of different patients' numbers in it.
        copies: files that hold the same picture as another one.
        others: what else is in it, in words, and how many files of it.
        sha256: of what was brought.
    """

    series: tuple[Series, ...]
    persons: int
    copies: int
    others: dict[str, int]
    sha256: str


def read_study(path: Path | str | Taken, *, called: str = "the study") -> Study:
    """List the series of a DICOM file, folder or zip.

    Args:
        path: the file or folder, or one that came through the door already.
        called: what it is called in messages, in place of its name.

    Raises:
        IntakeError: it is refused: damaged, too large, or no DICOM.
        DataError: there is no picture in it.
    """
    with naming(path.path if isinstance(path, Taken) else Path(path), called):
        taken = path if isinstance(path, Taken) else take(path, (DICOM,))
        facts = taken.parse("healthcare.study:series", modules=KINDS[DICOM].modules, called=called).facts
    series = []
    for one in facts["series"]:
        tuples = {key: tuple(one[key]) for key in ("shape", "spacing_mm", "notes")}
        series.append(Series(**{**one, **tuples}))
    return Study(tuple(series), facts["persons"], facts["copies"], dict(facts["others"]), taken.sha256)


def series(source: Source, *, called: str) -> Parcel:
    """Read the headers, in the child; nothing but numbers and words from known lists is handed on."""
    instances, others = dicom._instances(source)  # the door's own walk, of which `read` is the other user
    if not instances:
        held = ", ".join(others) or "nothing"
        raise DataError(
            f"it holds no scan but {held}", where=source.name, mend="bring the files with the pictures"
        )
    found = split(instances)
    facts = {
        "series": [_facts(str(number), one, called) for number, one in enumerate(found, 1)],
        "persons": len({one.person for one in instances}),
        "copies": len(instances) - sum(len(one.instances) for one in found),
        "others": dict(others),
    }
    return Parcel(facts)


def _facts(number: str, one: Sorted, called: str) -> dict[str, Any]:
    first = one.instances[0]
    burned = {instance.codes["burned_in"] for instance in one.instances}
    facts: dict[str, Any] = {
        "number": number,
        "words": one.words,
        "modality": "" if first.modality == "other" else first.modality,
        "pictures": one.frames,
        "shape": [],
        "spacing_mm": [],
        "burned_in": "YES" if "YES" in burned else "NO" if burned == {"NO"} else "not stated",
        "notes": [],
    }
    if one.frames == 1:
        spacing = first.frames[0].spacing_mm
        return facts | {"shape": [first.rows, first.columns], "spacing_mm": list(spacing or ())}
    try:
        volume = stack(one, f"{called}, series {number}")
    except DataError as error:
        return facts | {"problem": str(error)}
    return facts | {
        "shape": [first.columns, first.rows, one.frames],
        "spacing_mm": voxel_space.spacing_mm(volume.affine),
        "orientation": voxel_space.orientation(volume.affine),
        "notes": volume.notes,
    }
