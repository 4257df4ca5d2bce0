"""Scores of a stored model on scans with an expert's answer, beside plain baselines, case by case.

Dice and distances are those of whole volumes on each scan's own grid, averaged over cases. Cases that the
model was trained on are counted and said: their scores are no evidence.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.pilot import Progress, Result, silent
from healthcare.dataset import Case, read_dataset
from healthcare.finding import RESEARCH_USE, Label, Segmented
from healthcare.mean_shape import MeanShape
from healthcare.metrics import Mask, dice, mean_interval, surfaces
from healthcare.model import Segmenter, open_model
from healthcare.quality import correlation

if TYPE_CHECKING:
    import pandas as pd

MODEL, BASELINE = "model", "mean shape (no image)"
SHORT_HASH = 16
"""Letters of a scan's sha256 by which a model remembers what it was trained on."""


@dataclass
class Scores:
    """One method's scores, a row a case and label.

    Attributes:
        method: what is scored.
        rows: `case`, `structure`, `dice`, `hd95_mm`, `surface_dice`, `found_ml`, `true_ml` and, where the
            method states them, `predicted_dice`, `low_ml`, `high_ml`.
    """

    method: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        case: int,
        mask: Mask,
        truth: Mask,
        labels: Sequence[Label],
        *,
        affine: NDArray[np.float64],
        stated: Segmented | None = None,
    ) -> None:
        """Score one mask (x, y, z) against the expert's on the same grid."""
        spacing_mm = np.linalg.norm(affine[:3, :3], axis=0).tolist()
        voxel_ml = float(abs(np.linalg.det(affine[:3, :3]))) / 1000
        volumes = {v.label.value: v for v in stated.volumes} if stated else {}
        for label in labels:
            far, near = surfaces(mask, truth, label.value, spacing_mm)
            volume = volumes.get(label.value)
            self.rows.append(
                {
                    "case": case,
                    "structure": label.name,
                    "dice": dice(mask, truth, label.value),
                    "hd95_mm": far,
                    "surface_dice": near,
                    "found_ml": int((mask == label.value).sum()) * voxel_ml,
                    "true_ml": int((truth == label.value).sum()) * voxel_ml,
                    "predicted_dice": volume.predicted_dice if volume else np.nan,
                    "low_ml": volume.low_ml if volume else np.nan,
                    "high_ml": volume.high_ml if volume else np.nan,
                }
            )

    def table(self) -> pd.DataFrame:
        """All rows."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def summary(self) -> list[dict[str, Any]]:
        """A row a structure: means over cases with 95 % confidence intervals, and the worst case."""
        table, found = self.table(), []
        for name, part in table.groupby("structure", sort=False):
            mean, low, high = mean_interval(part["dice"])
            far, far_low, far_high = mean_interval(part["hd95_mm"])
            near = mean_interval(part["surface_dice"])[0]
            found.append(
                {
                    "method": self.method,
                    "structure": name,
                    "cases": int(part["dice"].notna().sum()),
                    "dice": mean,
                    "dice_low": low,
                    "dice_high": high,
                    "dice_worst": float(part["dice"].min()),
                    "hd95_mm": far,
                    "hd95_low_mm": far_low,
                    "hd95_high_mm": far_high,
                    "surface_dice_1mm": near,
                }
            )
        return found


def evaluate_segmentation(
    segmenter: Segmenter,
    cases: Sequence[Case],
    *,
    trained_on: Sequence[str] = (),
    progress: Progress = silent,
) -> Result:
    """Score a model on cases with masks.

    Args:
        segmenter: the model.
        cases: with masks, whose values are those of the model's labels.
        trained_on: beginnings of the sha256 of the scans that it learned from.
        progress: called after each case.

    Returns:
        Tables `scores` (a row a method and structure) and `cases` (a row a case and structure of the model);
        numbers `dice_<structure>`, `hd95_mm`, `quality_correlation`, `interval_coverage`, `seconds_a_case`.

    Raises:
        DataError: no case has a mask.
    """
    import pandas as pd

    labels = segmenter.labels
    own, plain = Scores(MODEL), Scores(BASELINE)
    shape = MeanShape([label.value for label in labels])
    truths: list[tuple[int, Mask, NDArray[np.float64]]] = []
    seconds, known = [], 0
    for number, case in enumerate(cases, 1):
        scan, truth = case.read()
        if truth is None or scan.affine is None:
            continue
        known += str(scan.provenance.get("sha256", ""))[:SHORT_HASH] in trained_on
        began = time.perf_counter()
        segmented = segmenter.segment(scan)
        seconds.append(time.perf_counter() - began)
        own.add(case.number, segmented.mask, truth, labels, affine=scan.affine, stated=segmented)
        shape.add(truth, scan.affine)
        truths.append((case.number, truth, scan.affine))
        progress(0.95 * number / len(cases), f"case {number} of {len(cases)}")
    if not truths:
        raise DataError("no case has a mask to score against", mend="bring a folder with labelsTr")
    for number, truth, affine in truths:
        plain.add(number, shape.without(truth, affine), truth, labels, affine=affine)
    scores = pd.DataFrame([*own.summary(), *plain.summary()])
    table = own.table()
    numbers = _numbers(scores, table, seconds)
    warnings = [RESEARCH_USE]
    if known:
        warnings.append(
            f"{known} of these {len(truths)} scans are ones that the model was trained on: their scores are"
            " no evidence"
        )
    progress(1.0, "done")
    return Result(
        summary=_words(numbers, labels, len(truths)),
        tables={"scores": scores, "cases": table},
        numbers=numbers | {"trained_on_cases": known},
        warnings=warnings,
        provenance={"model_sha256": segmenter.sha256, "model": segmenter.name, "cases": len(truths)},
        shown=["scores"],
    )


def _numbers(
    scores: pd.DataFrame, table: pd.DataFrame, seconds: Sequence[float]
) -> dict[str, float | int | str | None]:
    own = scores[scores["method"] == MODEL]
    found: dict[str, float | int | str | None] = {
        _key(name): round(float(value), 4) for name, value in zip(own["structure"], own["dice"], strict=True)
    }
    means = table.groupby("case")[["dice", "predicted_dice"]].mean()
    inside = (table["true_ml"] >= table["low_ml"]) & (table["true_ml"] <= table["high_ml"])
    stated = table["low_ml"].notna()
    both = means.dropna()
    return found | {
        "dice": round(float(own["dice"].mean()), 4),
        "hd95_mm": round(float(own["hd95_mm"].mean()), 3),
        "quality_correlation": _known(correlation(both["predicted_dice"], both["dice"])),
        "interval_coverage": _known(float(inside[stated].mean())) if stated.any() else None,
        "seconds_a_case": round(float(np.median(seconds)), 3),
        "cases": len(means),
    }


def _known(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _words(numbers: Mapping[str, Any], labels: Sequence[Label], cases: int) -> str:
    each = ", ".join(f"{label.name} {numbers[_key(label.name)]:.3f}" for label in labels)
    return f"Mean Dice over {cases} cases: {each}; 95 % Hausdorff distance {numbers['hd95_mm']:.1f} mm."


def _key(name: str) -> str:
    return f"dice_{name.replace(' ', '_')}"


def evaluate(model: Path, data: Path, *, progress: Progress = silent) -> Result:
    """Score a stored model on a folder or file of its kind.

    Args:
        model: a model's folder, or a run folder.
        data: for volumes, a folder with imagesTr and labelsTr; for pictures, an npz of MedMNIST's layout.
        progress: called as it goes on.

    Raises:
        StoreError: the model cannot be opened.
        DataError, IntakeError: the data cannot be read, or do not fit the model.
    """
    from healthcare.model import folder_of, read_specification

    opened = open_model(model)
    if not isinstance(opened, Segmenter):
        from healthcare.classification_scores import evaluate_classification

        return evaluate_classification(opened, data, progress=progress)
    names = {label.value: label.name for label in opened.labels}
    dataset = read_dataset(data, names=names)
    seen = read_specification(folder_of(model)).get("trained_on", ())
    return evaluate_segmentation(opened, dataset.cases, trained_on=seen, progress=progress)
