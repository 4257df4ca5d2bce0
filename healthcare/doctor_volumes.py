"""What the data doctor keeps of each scan, and which scans are there twice or unlike the rest."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from common.intake.formats import voxel_space
from healthcare import doctor_twins as twins
from healthcare.data import Array, Scan
from healthcare.doctor_outliers import LEAST, far_off
from healthcare.doctor_problems import Problem, places

if TYPE_CHECKING:
    import pandas as pd

_COARSE, _SMALL = 1.6, 2.5
"""How many times the usual spacing or length along an axis is worth a word."""
_SCALES = 4.0
"""How many times wider the range of values may be at the 90th percentile of scans than at the 10th."""


@dataclass(frozen=True)
class Looked:
    """Facts of a scan.

    Attributes:
        name: what it is called: "case 3".
        content: hash of its shape and values.
        thumbnail: (16, 16, 16) with the axes in the order right-left, back-front, foot-head, or (28, 28).
        shape, spacing_mm, orientation, dtype: as read; no spacing where unknown.
        low, middle, high: 1st, 50th and 99th percentile of its values.
        is_constant: whether it has one value everywhere.
        volumes_ml: by label, where there is a mask.
        drawn: hash of the mask, "" where there is none.
        part: "train", "test", …; "" where there are no parts.
        patient: stands for a person, "" where nothing is known.
    """

    name: str
    content: str
    thumbnail: NDArray[np.float32]
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    orientation: str
    dtype: str
    low: float
    middle: float
    high: float
    is_constant: bool
    volumes_ml: dict[int, float] = field(default_factory=dict)
    drawn: str = ""
    part: str = ""
    patient: str = ""


def look(
    scan: Scan, name: str, mask: NDArray[np.uint8] | None = None, part: str = "", patient: str = ""
) -> Looked:
    """Take the facts of a scan."""
    array = scan.array
    low, middle, high = (float(one) for one in np.percentile(array, (1, 50, 99)))
    side, upright, letters = twins.SIDE_PICTURE, array, ""
    volumes_ml: dict[int, float] = {}
    if scan.affine is not None:
        side, letters = twins.SIDE_VOLUME, voxel_space.orientation(scan.affine)
        upright = _upright(array, letters)
        if mask is not None:
            ml = voxel_space.voxel_mm3(scan.affine) / 1000
            counts = np.bincount(mask.reshape(-1), minlength=256)
            volumes_ml = {int(value): ml * int(counts[value]) for value in np.flatnonzero(counts) if value}
    return Looked(
        name=name,
        content=twins.content(array),
        thumbnail=twins.thumbnail(upright, side),
        shape=array.shape,
        spacing_mm=scan.spacing_mm or (),
        orientation=letters,
        dtype=array.dtype.name,
        low=low,
        middle=middle,
        high=high,
        is_constant=bool(array.min() == array.max()),
        volumes_ml=volumes_ml,
        drawn="" if mask is None else twins.content(mask),
        part=part,
        patient=patient,
    )


def _upright(array: Array, letters: str) -> Array:
    """Axes in the order right-left, back-front, foot-head, and in that direction."""
    axes = [next(n for n, letter in enumerate(letters) if letter in pair) for pair in ("LR", "PA", "IS")]
    turned = array.transpose(axes)
    return np.flip(turned, tuple(n for n, axis in enumerate(axes) if letters[axis] in "LPI"))


def same(looked: Sequence[Looked]) -> list[Problem]:
    """Scans that are there twice, exactly or nearly, with what follows for parts, patients and masks."""
    problems = []
    for group in twins.exact([one.content for one in looked]):
        held = [looked[number] for number in group]
        where = places([one.name for one in held])
        parts, patients = ({getattr(one, key) for one in held} for key in ("part", "patient"))
        if len({one.drawn for one in held if one.drawn}) > 1:
            mend = "find out which mask is right, and leave the scan once"
            problems.append(Problem("error", "conflicting labels", "one scan has two masks", where, mend))
        if len(parts) > 1:
            what = f"the same scan stands in {' and '.join(sorted(parts))}"
            mend = "leave it in one part only, or the score on the other says nothing"
            problems.append(Problem("error", "twins across parts", what, where, mend))
        elif len(patients) > 1:
            what = "the same scan stands under several patients, so that folds may part it"
            mend = "leave it once, or name one patient for both in patients.csv"
            problems.append(Problem("error", "twins across patients", what, where, mend))
        elif len({one.drawn for one in held}) == 1:
            mend = "leave it once, or know that it weighs more"
            problems.append(Problem("warning", "twins", "the same scan is there twice", where, mend))
    for shape in sorted({one.thumbnail.shape for one in looked}):
        alike = [one for one in looked if one.thumbnail.shape == shape]
        kept = list({one.content: one for one in alike}.values())
        if len(kept) < 2:
            continue
        for pair in twins.near(np.stack([one.thumbnail for one in kept])):
            one, other = kept[pair.first], kept[pair.second]
            change = " mirrored" * pair.mirrored + " inverted" * pair.inverted
            what = f"two scans show nearly the same{change} (gradients correlate at {pair.alike:.3f})"
            across = one.part != other.part
            parted = not across and bool(one.patient) and one.patient != other.patient
            kind = "near twins" + " across parts" * across + " across patients" * parted
            mend = "look at both; keep those of one person in one part (patients.csv)"
            problems.append(Problem("warning", kind, what, f"{one.name}, {other.name}", mend))
    return problems


def unusual(looked: Sequence[Looked]) -> list[Problem]:
    """Scans that are empty, or unlike the others in spacing, size, orientation or brightness."""
    problems = []
    if flat := [one.name for one in looked if one.is_constant]:
        what = f"{len(flat)} scans have one value everywhere"
        problems.append(Problem("error", "empty scans", what, places(flat), "take them out"))

    def odd(kind: str, what: str, found: Sequence[str], mend: str) -> None:
        if found:
            problems.append(Problem("note", kind, f"{len(found)} {what}", places(found), mend))

    look_at = "look at them; a wrong export or another protocol may be behind it"
    coarse, small = _off(looked, _spacing, _COARSE), _off(looked, _shape, _SMALL)
    odd("unusual spacing", "scans are far coarser or finer than usual", coarse, look_at)
    odd("unusual size", "scans are far larger or smaller than usual", small, look_at)
    real = [one for one in looked if not one.is_constant]
    spans = [math.log(max(one.high - one.low, 1e-6)) for one in real]
    # Far is measured in logarithms, as units differ by scanner; several scales at once are one note.
    times = math.exp(float(np.ptp(np.percentile(spans, (10, 90))))) if len(spans) >= LEAST else 1.0
    mixed = times > _SCALES
    if mixed:
        what = f"ranges of values differ {times:,.0f}-fold among scans"
        mend = "normalise each scan by itself, as the pilot's plan does for MR"
        problems.append(Problem("note", "mixed brightness", what, "all scans", mend))
    far = [] if mixed else [real[n].name for n in far_off(spans, floor=0.25)]
    odd("unusual brightness", "scans have a range of values far from that of the rest", far, look_at)
    ways = Counter(one.orientation for one in looked if one.orientation)
    if len(ways) > 1:
        listed = ", ".join(f"{count} {letters}" for letters, count in ways.most_common())
        what = f"axes run different ways: {listed}"
        mend = "nothing, if they are read by the pilot, which turns them all one way"
        problems.append(Problem("note", "mixed orientation", what, "all scans", mend))
    return problems


def _spacing(one: Looked) -> tuple[float, ...]:
    return one.spacing_mm


def _shape(one: Looked) -> tuple[float, ...]:
    return one.shape


def _off(looked: Sequence[Looked], of: Callable[[Looked], tuple[float, ...]], times: float) -> list[str]:
    """Names of those that differ so many times from the median, along sorted axes."""
    rows = [sorted(of(one)) for one in looked]
    found: list[str] = []
    for axes in sorted({len(row) for row in rows} - {0}):
        held = [n for n, row in enumerate(rows) if len(row) == axes]
        if len(held) < LEAST:
            continue
        values = np.log(np.array([rows[n] for n in held], np.float64))
        off = np.abs(values - np.median(values, axis=0)).max(axis=1) > math.log(times)
        found += [looked[n].name for n, is_off in zip(held, off, strict=True) if is_off]
    return found


def geometry(looked: Sequence[Looked]) -> pd.DataFrame:
    """Least, middle and largest of each quantity: quantity, least, median, most."""
    import pandas as pd

    rows = []
    for what, of, unit in (("voxels", _shape, ""), ("spacing", _spacing, " (mm)")):
        for axis in range(3):
            values = [of(one)[axis] for one in looked if len(of(one)) > axis]
            if values:
                rows.append((f"{what} along axis {axis + 1}{unit}", values))
    for name in ("low", "middle", "high"):
        words = {"low": "1st", "middle": "50th", "high": "99th"}[name]
        rows.append((f"{words} percentile of values", [getattr(one, name) for one in looked]))
    return pd.DataFrame(
        [(name, float(min(v)), float(np.median(v)), float(max(v))) for name, v in rows if v],
        columns=["quantity", "least", "median", "most"],
    )


def listing(looked: Sequence[Looked]) -> pd.DataFrame:
    """One row a scan: its name here, part, patient, size, spacing, orientation, values, and volumes."""
    import pandas as pd

    values = sorted({value for one in looked for value in one.volumes_ml})
    rows = []
    for one in looked:
        row = {
            "scan": one.name,
            "part": one.part,
            "patient": one.patient,
            "voxels": " × ".join(map(str, one.shape)),
            "spacing_mm": " × ".join(f"{mm:.4g}" for mm in one.spacing_mm),
            "orientation": one.orientation,
            "dtype": one.dtype,
            "p1": one.low,
            "p50": one.middle,
            "p99": one.high,
        }
        rows.append(row | {f"label_{value}_ml": one.volumes_ml.get(value, 0.0) for value in values})
    return pd.DataFrame(rows)
