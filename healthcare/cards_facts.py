"""What a run folder and a stored model say of themselves, gathered as the facts that cards are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common.errors import StoreError
from common.store import CARD, read_card
from healthcare.cards_fields import NOT_STATED

SPECIFICATION, EVALUATION, WEIGHTS = "specification.json", "evaluation.json", "weights.safetensors"
PLACES = ("path", "folder", "input", "file", "out", "output", "data", "model", "runs")
"""Settings that name places on somebody's disk."""
_PLAN = ("kind", "modality", "labels", "classes", "spacing_mm", "patch", "channels")
_RECORD = (
    "task", "hardware", "processes", "duration_s", "energy_kwh", "energy_source", "co2_g", "co2_g_kwh",
    "versions", "pilot",
)  # fmt: skip
_SPLITS = {"cases": "train", "learned": "train", "calibrated": "calibration", "held_out": "test"}
_FOLDS = {"fold": "fold", "folds": "folds", "split_seed": "seed"}
_IN_AND_OUT = {
    "segmentation": (
        "a volume with its geometry: a DICOM series or NIfTI",
        "a mask, volumes in ml with intervals, expected Dice, entropy at every voxel",
    ),
    "classification": (
        "a picture or volume: DICOM, NIfTI, PNG or JPEG",
        "a probability a class, a conformal set, a p-value that the image is like the training data",
    ),
}
_NO_METRICS = ("cases", "threshold")
_COVERAGE = 0.9
"""That the classifier's evaluation scores its sets at."""


def gathered(source: Path | Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a run folder or stored model, or those given.

    Raises:
        StoreError: the folder holds neither a run nor a model.
    """
    if isinstance(source, Mapping):
        return dict(source)
    from common.training.record import MODEL, read_config, read_record

    record = read_record(source)
    folder = source / MODEL if record or (source / MODEL / CARD).is_file() else source
    if not record and not (folder / CARD).is_file():
        raise StoreError("there is no run or model here", where=str(source), mend="name a run folder")
    stored = read_card(folder) if (folder / CARD).is_file() else {}
    known = {k: v for k, v in stored.items() if v != NOT_STATED}
    data = {**nested(record, "data"), **nested(known, "data")}
    found = _specified(folder) | _evaluated(folder)
    facts: dict[str, Any] = {**_of_record(record), **known, **found, "data": data}
    if record and not facts.get("metrics"):
        facts["metrics"] = record.get("scores", {})
    if record:
        facts["settings"] = _settings(read_config(source))
    if not known.get("splits"):
        facts["splits"] = _splits(data)
        facts["data"] = {k: v for k, v in data.items() if k == "cases" or k not in (*_FOLDS, *_SPLITS)}
    return facts


def nested(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A fact that is a mapping; {} where it is none."""
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def _of_record(record: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: record[name] for name in _RECORD if name in record}
    return facts | ({"created_utc": record["started_utc"]} if "started_utc" in record else {})


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _specified(folder: Path) -> dict[str, Any]:
    """What the specification says of the model, and of what held-out cases taught it."""
    found = _json(folder / SPECIFICATION)
    told = {**nested(found, "plan"), **found}
    facts = {name: told[name] for name in _PLAN if told.get(name) not in (None, "", [])}
    if facts.get("kind") in _IN_AND_OUT:
        facts["inputs"], facts["outputs"] = _IN_AND_OUT[facts["kind"]]
    if count := _parameters(folder / WEIGHTS):
        facts["parameters"] = count
    if "channels" in facts:
        facts["architecture"] = {"channels": facts.pop("channels")}
    for name in ("labels", "classes"):
        if isinstance(facts.get(name), list):
            facts[name] = [one.get("name", one) if isinstance(one, Mapping) else one for one in facts[name]]
    taught = nested(found, "held_out")
    if taught:
        facts["metrics"] = [
            {"measure": f"dice {name}", "value": mean, "low": low, "high": high}
            | {"cases": taught.get("cases"), "of": "cases kept out to calibrate on"}
            for name, (mean, low, high) in _triples(nested(taught, "dice"))
        ]
    interval, quality = nested(found, "volume_errors"), nested(found, "quality")
    calibration = {
        "method": "split conformal intervals of volumes" if interval else None,
        "cases": interval.get("cases"),
        "coverage_asked": interval.get("coverage"),
        "quality_correlation": quality.get("correlation"),
    }
    calibration = {name: value for name, value in calibration.items() if value is not None}
    return facts | ({"calibration": calibration} if calibration else {})


def _parameters(weights: Path) -> int:
    """Numbers in the weights, running means of layers too; 0 where there is no such file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, "numpy") as stored:
            return sum(math.prod(stored.get_slice(name).get_shape()) for name in stored.keys())  # noqa: SIM118
    except (OSError, SafetensorError):
        return 0


def _triples(scores: Mapping[str, Any]) -> Iterable[tuple[str, tuple[Any, Any, Any]]]:
    for name, three in scores.items():
        if isinstance(three, list) and len(three) == 3:
            yield str(name), (three[0], three[1], three[2])


def _evaluated(folder: Path) -> dict[str, Any]:
    """What a classifier scored on the part that it was not trained, chosen or calibrated on."""
    found = _json(folder / EVALUATION)
    if not found:
        return {}
    metrics: dict[str, Any] = {}
    for name, value in found.items():
        if not isinstance(value, float) or name in _NO_METRICS:
            continue
        metrics[name] = {"value": value, "cases": found.get("cases"), "of": "part val"}
        ends = found.get(f"{name}_interval")
        if isinstance(ends, list) and len(ends) == 2:
            metrics[name] |= {"low": ends[0], "high": ends[1]}
    counts, held = nested(found, "cases_by_class"), nested(found, "coverage90_by_class")
    subgroups = [{"subgroup": f"class {n}", "cases": counts.get(n), "coverage90": v} for n, v in held.items()]
    calibration = {
        "method": "temperature scaling and conformal sets, on pictures kept out of learning",
        "cases": found.get("cases"),
        "ece": found.get("ece"),
        "coverage_asked": _COVERAGE,
        "coverage_found": found.get("coverage90"),
        "reliability": found.get("reliability"),
    }
    return {"metrics": metrics, "subgroups": subgroups, "calibration": calibration}


def _splits(data: Mapping[str, Any]) -> dict[str, Any]:
    found = {_FOLDS.get(k) or _SPLITS[k]: v for k, v in data.items() if k in (*_FOLDS, *_SPLITS)}
    if "fold" in data:
        return found | {"how": "in folds, by patient"}
    if "calibrated" in data:
        return found | {"how": "the file's own parts; some of its part train is kept to calibrate on"}
    return found


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for table in ("fit", "task"):
        for name, value in nested(config, table).items():
            is_place = name in PLACES or (isinstance(value, str) and ("/" in value or "\\" in value))
            if not is_place and not isinstance(value, Mapping):
                found[name] = value
    return found
