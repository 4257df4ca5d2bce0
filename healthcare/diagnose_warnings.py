"""What a careful reader should know of a finding: what about the scan, and what about the model's answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healthcare.data import Scan
from healthcare.finding import Classified, Segmented, Volume
from healthcare.wording import extents, listed, rate, sentence

if TYPE_CHECKING:
    from healthcare.diagnose import Model

FAR = 1.75
"""A voxel so many times as long, or as short, as those that the model was trained on is far from them."""
ANISOTROPIC = 3.0
"""Longest over shortest side of a voxel beyond which thin structures are lost between slices."""
SMALL = 0.6
"""Share of the training scans' extent below which a scan shows only a part."""
ATYPICAL = 0.05
"""p-value below which an image is unlike the training data."""
EDGE = 0.005
"""Share of a structure's voxels on the scan's outermost ones beyond which a part of it may lie outside."""
FEW = 50
"""Voxels below which a volume is hardly more than a guess."""


def about_scan(scan: Scan, model: Model) -> list[str]:
    """How the scan differs from what the model was made for, and what was odd in reading it."""
    found = [sentence(note) for note in scan.notes]
    if model.modality and scan.modality and scan.modality != model.modality:
        found.append(
            f"The scan is {scan.modality}, and the model was trained on {model.modality}:"
            " what it says of it means little."
        )
    elif model.modality and not scan.modality:
        found.append(f"The scan does not say what it is; the model expects {model.modality}.")
    stated = scan.provenance.get("burned_in") == "YES"
    if stated and not any("burned-in" in note for note in scan.notes):
        found.append(
            "Names or dates are written in the picture itself (burned-in text):"
            " mask them before it is passed on."
        )
    if scan.is_volume and scan.spacing_mm:
        found += _geometry(scan, model)
    return found


def _geometry(scan: Scan, model: Model) -> list[str]:
    assert scan.spacing_mm is not None
    found, spacing = [], sorted(scan.spacing_mm)
    if spacing[-1] / spacing[0] > ANISOTROPIC:
        found.append(
            f"Voxels are {extents(scan.spacing_mm)}: what is thinner than the longest side is lost"
            " between slices, and volumes are less certain."
        )
    usual = trained_spacing_mm(model)
    if usual and len(usual) == len(spacing):
        ratios = [own / other for own, other in zip(spacing, sorted(usual), strict=True)]
        if max(ratios) > FAR or min(ratios) < 1 / FAR:
            found.append(
                f"Voxels of {extents(scan.spacing_mm)} are far from the {extents(usual)} that the model"
                " was trained on."
            )
    extent = _numbers(model.card.get("field_of_view_mm"))
    if extent and len(extent) == len(spacing):
        own = sorted(n * s for n, s in zip(scan.array.shape, scan.spacing_mm, strict=True))
        shares = [a / b for a, b in zip(own, sorted(extent), strict=True)]
        if min(shares) < SMALL:
            found.append(
                f"The scan covers {extents(own)}, those that the model was trained on {extents(extent)}:"
                " it may show only a part."
            )
    return found


def trained_spacing_mm(model: Model) -> tuple[float, ...]:
    """Size of the voxels that a model was trained on; () where it does not say."""
    plan = getattr(model, "plan", None)
    for said in (model.card.get("spacing_mm"), getattr(plan, "spacing_mm", None)):
        if numbers := _numbers(said):
            return numbers
    return ()


def _numbers(said: object) -> tuple[float, ...]:
    if not isinstance(said, Sequence) or isinstance(said, str):
        return ()
    try:
        found = tuple(float(value) for value in said)
    except (TypeError, ValueError):
        return ()
    return found if all(math.isfinite(value) and value > 0 for value in found) else ()


def about_segmented(segmented: Segmented) -> list[str]:
    """What to know of an outline."""
    found = []
    if segmented.flagged:
        expected = segmented.predicted_dice
        said = f" (expected Dice {expected:.2f})" if math.isfinite(expected) else ""
        found.append(f"The outline is expected to be poor{said}: an expert must look before it is used.")
    voxels = _voxels(segmented)
    missing = [v.label.name for v in segmented.volumes if not voxels[v.label.value]]
    if missing:
        found.append(f"Not found in this scan: {listed(missing)}.")
    few = [v.label.name for v in segmented.volumes if 0 < voxels[v.label.value] < FEW]
    if few:
        found.append(f"Outlined with fewer than {FEW} voxels, too few to rely on: {listed(few)}.")
    cut = [v.label.name for v in segmented.volumes if _at_edge(segmented, v) > EDGE * voxels[v.label.value]]
    if cut:
        found.append(
            f"Reaches the edge of the scan, so that a part may lie outside: {listed(cut)}."
            " The volume is that of the part seen."
        )
    bare = [v.label.name for v in segmented.volumes if math.isnan(v.low_ml) and voxels[v.label.value]]
    if bare:
        found.append(f"The model has no calibrated interval for the volume of: {listed(bare)}.")
    return found + [sentence(words) for words in segmented.warnings]


def _voxels(segmented: Segmented) -> NDArray[np.int64]:
    """Voxels of each value of the mask; slice by slice, as counting takes eight bytes a voxel."""
    found = np.zeros(256, dtype=np.int64)
    for at in range(segmented.mask.shape[2]):
        found += np.bincount(segmented.mask[:, :, at].ravel(), minlength=256)
    return found


def _at_edge(segmented: Segmented, volume: Volume) -> int:
    """Voxels of a structure on the six outermost slices; those on an edge of the box count twice."""
    mask, value = segmented.mask, volume.label.value
    return sum(int((mask.take(at, axis) == value).sum()) for axis in range(3) for at in (0, -1))


def about_classified(classified: Classified) -> list[str]:
    """What to know of a class."""
    found, kept = [], rate(classified.coverage)
    if len(classified.set) > 1:
        found.append(
            f"The model cannot tell {listed(list(classified.set))} apart here: the set that holds the truth"
            f" in {kept} of cases has {len(classified.set)} classes."
        )
    elif not classified.set:
        found.append(f"No class fits well enough to be in the {kept} set: the image is unlike all of them.")
    if classified.typicality < ATYPICAL:
        found.append(
            f"The image is unlike those that the model was trained on (p = {classified.typicality:.2g}):"
            " probabilities do not hold for it."
        )
    if classified.positive and math.isfinite(classified.sensitivity):
        found.append(
            "Sensitivity and specificity were measured on images from where the model was trained;"
            " elsewhere the threshold has to be checked anew."
        )
    return found + [sentence(words) for words in classified.warnings]
