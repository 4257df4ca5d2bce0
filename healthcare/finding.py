"""What a model says of a scan, and what the pilot hands on: a Result with the arrays that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from common.pilot import Result
from healthcare.data import Scan

RESEARCH_USE = "For research only: not a medical device, not for diagnosis or treatment."


@dataclass(frozen=True)
class Label:
    """One structure that a model outlines.

    Attributes:
        value: number in the mask, from 1 on.
        name: in words ("anterior hippocampus").
        code: SNOMED CT code of the anatomy, "" where none is known; `meaning` is the code's own wording.
        meaning: see `code`.
        colour: RGB for overlays and DICOM-SEG.
    """

    value: int
    name: str
    code: str = ""
    meaning: str = ""
    colour: tuple[int, int, int] = (230, 159, 0)


@dataclass(frozen=True)
class Volume:
    """How large a structure is, in ml, with the interval that holds the truth at the stated coverage.

    Attributes:
        label: the structure.
        ml: volume of the mask.
        low_ml, high_ml: conformal interval; NaN where the model has none.
        coverage: share of cases whose truth lies within, as asked (0.9).
        predicted_dice: Dice that the mask is expected to reach against an expert's, NaN where unknown.
    """

    label: Label
    ml: float
    low_ml: float = float("nan")
    high_ml: float = float("nan")
    coverage: float = 0.9
    predicted_dice: float = float("nan")


@dataclass(frozen=True)
class Segmented:
    """A volume outlined.

    Attributes:
        mask: (x, y, z) uint8 on the scan's own grid; 0 is background, else a Label's value.
        uncertainty: (x, y, z) uint8 on the same grid: entropy of the mean probabilities, 0 (sure) to 255
            (all classes alike).
        volumes: one a label.
        predicted_dice: mean over the labels, NaN where unknown.
        flagged: whether the case is poor enough that an expert must look.
        warnings: one sentence each.
    """

    mask: NDArray[np.uint8]
    uncertainty: NDArray[np.uint8]
    volumes: Sequence[Volume]
    predicted_dice: float = float("nan")
    flagged: bool = False
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Classified:
    """A picture or volume sorted into classes.

    Attributes:
        probabilities: calibrated, by class, adding up to 1.
        set: conformal set: holds the truth in `coverage` of cases like those it was calibrated on.
        coverage: as asked (0.9).
        typicality: p-value that the image is like the training data; small where it is not.
        unsure: "I don't know": the set is not one class, or the image is unlike the training data.
        positive: class that the operating point is about, "" where there are more than two.
        threshold: operating point on its probability.
        sensitivity, specificity: at the operating point, on the calibration part; NaN where there is none.
        heat: what the decision hung on, float32 in [0, 1], shape of the scan's array; None where not made.
        warnings: one sentence each.
    """

    probabilities: Mapping[str, float]
    set: Sequence[str]
    coverage: float = 0.9
    typicality: float = float("nan")
    unsure: bool = False
    positive: str = ""
    threshold: float = 0.5
    sensitivity: float = float("nan")
    specificity: float = float("nan")
    heat: NDArray[np.float32] | None = None
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Finding(Result):
    """The Result of `diagnose`, with the scan and what was drawn on it.

    Attributes:
        scan: what was looked at.
        segmented: where the model outlines.
        classified: where the model sorts.
        labels: the model's structures.
    """

    scan: Scan | None = None
    segmented: Segmented | None = None
    classified: Classified | None = None
    labels: Sequence[Label] = field(default_factory=tuple)
