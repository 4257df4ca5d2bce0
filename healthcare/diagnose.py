"""The pilot's main job: a scan and a model in, a finding with honest confidence out.

    finding = diagnose(read_scan(path), open_model(folder))

The finding is a `Result`: sentences, tables, figures for machines, warnings and provenance, with the arrays
beside them. `healthcare.report` draws it, `healthcare.exports` writes it as DICOM, NIfTI and CSV.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from common.errors import DataError
from common.pilot import Progress, silent
from healthcare.data import Scan
from healthcare.diagnose_warnings import about_classified, about_scan, about_segmented
from healthcare.finding import RESEARCH_USE, Classified, Finding, Label, Segmented, Volume
from healthcare.wording import listed, millilitres, percent, rate

if TYPE_CHECKING:
    import pandas as pd

COVERAGE = 0.9
MOST_NAMED = 4
LIBRARIES = ("monai", "nibabel", "pydicom", "highdicom", "pillow")
KEPT = ("kind", "series", "files", "body_part", "laterality", "burned_in")
"""Facts of a scan's provenance that a finding repeats: all from lists of known words, or counts."""


class StoredModel(Protocol):
    """What both kinds of model say of themselves."""

    @property
    def name(self) -> str:
        """A few words for people."""

    @property
    def modality(self) -> str:
        """DICOM's code of the scans it was trained on, "" for any."""

    @property
    def card(self) -> Mapping[str, Any]:
        """Its model card, see `healthcare.cards`."""

    @property
    def sha256(self) -> str:
        """Of its manifest, which holds the hashes of all its files."""


@runtime_checkable
class SegmentationModel(StoredModel, Protocol):
    """What `diagnose` needs of a model that outlines: `healthcare.model.Segmenter` is one."""

    @property
    def labels(self) -> Sequence[Label]:
        """What it outlines."""

    def segment(self, scan: Scan, progress: Progress = silent) -> Segmented:
        """Outline a volume."""


class ClassificationModel(StoredModel, Protocol):
    """What `diagnose` needs of a model that sorts: `healthcare.classification.Classifier` is one."""

    @property
    def classes(self) -> Sequence[str]:
        """What it tells apart."""

    def classify(self, scan: Scan, coverage: float = COVERAGE) -> Classified:
        """Sort a picture or volume."""


Model = SegmentationModel | ClassificationModel


def diagnose(
    scan: Scan,
    model: Model,
    *,
    coverage: float = COVERAGE,
    progress: Progress = silent,
    settings: Mapping[str, Any] | None = None,
) -> Finding:
    """Outline or sort a scan, and say how sure that is.

    Args:
        scan: what `healthcare.data.read_scan` gave.
        model: what `healthcare.model.open_model` gave.
        coverage: share of cases whose truth the set of classes shall hold, in (0, 1). The intervals of
            volumes have the coverage that the model was calibrated for, and state it.
        progress: called as the work goes on.
        settings: what else was set and decides the outcome, for the provenance; plain values.

    Returns:
        Tables: `volumes`, or `probabilities`, `set` and `operating_point`; and `warnings`.

    Raises:
        DataError: the coverage is none, or a model of volumes is given a plain picture.
        ValueError: the model's arrays do not fit the scan; a fault of the model.
    """
    if not 0 < coverage < 1:
        raise DataError(f"a coverage of {coverage:g} cannot be kept", mend="give a share between 0 and 1")
    began = time.monotonic()
    segmented: Segmented | None = None
    classified: Classified | None = None
    labels: tuple[Label, ...] = ()
    warnings = [RESEARCH_USE, *about_scan(scan, model)]
    if isinstance(model, SegmentationModel):
        if not scan.is_volume:
            raise DataError(
                "this is a single picture, and the model outlines volumes",
                mend="bring a series or a NIfTI volume, or choose a model that sorts pictures",
            )
        segmented = model.segment(scan, progress=progress)
        _must_fit(segmented, scan)
        labels = tuple(model.labels)
        warnings += about_segmented(segmented)
        summary = _outlined(segmented)
        tables = {"volumes": _volumes(segmented)}
        numbers = _volume_numbers(segmented)
    else:
        progress(0.1, "looking at the picture")
        classified = model.classify(scan, coverage=coverage)
        warnings += about_classified(classified)
        summary = _sorted(classified)
        tables = _class_tables(classified)
        numbers = _class_numbers(classified)
    warnings = list(dict.fromkeys(warnings))
    shown = list(tables)
    tables["warnings"] = _frame({"warning": warnings})
    seconds = time.monotonic() - began
    progress(1.0, "done")
    return Finding(
        summary=summary,
        tables=tables,
        numbers=numbers | {"duration_s": round(seconds, 3)},
        warnings=warnings,
        provenance=_provenance(scan, model, coverage, dict(settings or {})),
        shown=shown,
        scan=scan,
        segmented=segmented,
        classified=classified,
        labels=labels,
    )


def _must_fit(segmented: Segmented, scan: Scan) -> None:
    for name in ("mask", "uncertainty"):
        shape = getattr(segmented, name).shape
        if shape != scan.array.shape:
            raise ValueError(f"the model's {name} has the shape {shape}, the scan {scan.array.shape}")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))


def _outlined(segmented: Segmented) -> str:
    """The volumes as a sentence, and how good the outline is expected to be."""
    found = [v for v in segmented.volumes if v.ml > 0]
    if not found:
        return "None of what the model outlines was found in this scan."
    named = [f"{v.label.name} {_with_interval(v)}" for v in found[:MOST_NAMED]]
    if len(found) > MOST_NAMED:
        named.append(f"{len(found) - MOST_NAMED} more in the table")
    said = listed(named)
    words = f"{said[0].upper()}{said[1:]}."
    if math.isfinite(segmented.predicted_dice):
        words += f" Expected agreement with an expert's outline: Dice {segmented.predicted_dice:.2f}"
        words += ", which is poor: an expert must look." if segmented.flagged else "."
    elif segmented.flagged:
        words += " The outline is expected to be poor: an expert must look."
    return words


def _with_interval(volume: Volume) -> str:
    if not (math.isfinite(volume.low_ml) and math.isfinite(volume.high_ml)):
        return f"{millilitres(volume.ml)} (no interval)"
    interval = millilitres(volume.low_ml, volume.high_ml)
    return f"{millilitres(volume.ml)} ({rate(volume.coverage)} interval {interval})"


def _sorted(classified: Classified) -> str:
    """The class as a sentence, or that the model does not know."""
    best = max(classified.probabilities, key=lambda name: classified.probabilities[name])
    share, kept = percent(classified.probabilities[best]), rate(classified.coverage)
    if classified.unsure:
        if len(classified.set) > 1:
            among = listed([name for name in classified.probabilities if name in classified.set], "or")
            return f"The model does not know: {among}. Sets made like this hold the truth in {kept} of cases."
        return f"The model does not know. {best} comes closest ({share}), but this image is not one to trust."
    words = f"{best[0].upper()}{best[1:]}: probability {share}; no other class is in the {kept} set."
    if classified.positive:
        above = classified.probabilities[classified.positive] >= classified.threshold
        words += f" That is {'above' if above else 'below'} the operating point for {classified.positive}"
        words += f" ({percent(classified.threshold)})."
    return words


def _volumes(segmented: Segmented) -> pd.DataFrame:
    rows = segmented.volumes
    return _frame(
        {
            "structure": [v.label.name for v in rows],
            "volume_ml": [float(v.ml) for v in rows],
            "low_ml": [float(v.low_ml) for v in rows],
            "high_ml": [float(v.high_ml) for v in rows],
            "coverage": [float(v.coverage) for v in rows],
            "expected_dice": [float(v.predicted_dice) for v in rows],
        }
    )


def _class_tables(classified: Classified) -> dict[str, pd.DataFrame]:
    ranked = sorted(classified.probabilities.items(), key=lambda pair: -pair[1])
    tables = {
        "probabilities": _frame(
            {
                "class": [name for name, _ in ranked],
                "probability": [float(share) for _, share in ranked],
                "in_set": [name in classified.set for name, _ in ranked],
            }
        ),
        "set": _frame(
            {"class": list(classified.set), "coverage": [float(classified.coverage)] * len(classified.set)}
        ),
    }
    if classified.positive:
        tables["operating_point"] = _frame(
            {
                "class": [classified.positive],
                "threshold": [float(classified.threshold)],
                "sensitivity": [float(classified.sensitivity)],
                "specificity": [float(classified.specificity)],
            }
        )
    return tables


def _volume_numbers(segmented: Segmented) -> dict[str, float | int | str | None]:
    found: dict[str, float | int | str | None] = {}
    for volume in segmented.volumes:
        key = _key(volume.label.name)
        found |= {f"{key}_ml": round(float(volume.ml), 6)}
        found |= {f"{key}_low_ml": _known(volume.low_ml), f"{key}_high_ml": _known(volume.high_ml)}
        found[f"{key}_expected_dice"] = _known(volume.predicted_dice)
    return found | {"expected_dice": _known(segmented.predicted_dice), "flagged": int(segmented.flagged)}


def _class_numbers(classified: Classified) -> dict[str, float | int | str | None]:
    found: dict[str, float | int | str | None] = {
        f"probability_{_key(name)}": _known(share) for name, share in classified.probabilities.items()
    }
    return found | {
        "set_size": len(classified.set),
        "coverage": float(classified.coverage),
        "typicality": _known(classified.typicality),
        "unsure": int(classified.unsure),
    }


def _known(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _key(name: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def _provenance(scan: Scan, model: Model, coverage: float, settings: Mapping[str, Any]) -> dict[str, Any]:
    from common.audited import code_version
    from common.training.record import versions

    kept = {k: scan.provenance[k] for k in KEPT if scan.provenance.get(k) not in (None, "")}
    kept |= {"shape": list(scan.array.shape), "modality": scan.modality or "not stated"}
    if scan.spacing_mm:
        kept["spacing_mm"] = [float(f"{length:.4g}") for length in scan.spacing_mm]
    installed = versions()
    for name in LIBRARIES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "made_at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "input_sha256": str(scan.provenance.get("sha256", "")),
        "input": kept,
        "model": model.name,
        "model_sha256": model.sha256,
        "code": code_version(),
        "settings": {"coverage": coverage} | dict(settings),
        "versions": installed,
        "use": RESEARCH_USE,
    }
