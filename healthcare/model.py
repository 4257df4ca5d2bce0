"""Stored models, opened: one that outlines structures in volumes, or one that sorts pictures."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import StoreError
from common.pilot import Progress, silent
from common.store import MANIFEST, read_card, reading
from healthcare import plan as plans
from healthcare.finding import Label, Segmented
from healthcare.plan import Plan
from healthcare.postprocess import Rule, apply
from healthcare.quality import Doubts, Quality
from healthcare.volumes import measured

if TYPE_CHECKING:
    from torch import nn

    from healthcare.classification import Classifier
    from healthcare.data import Scan
    from healthcare.inference import Prediction

SPECIFICATION = "specification.json"
CLASSIFICATION = "classification"
DEFAULT_NAME = "segmentation model"


def read_specification(folder: Path) -> dict[str, Any]:
    """What a stored model says of itself, once all its files are checked.

    Raises:
        StoreError: it is damaged, or no model of this pilot.
    """
    with reading(folder) as checked:
        return specification_in(checked)


def specification_in(checked: Path) -> dict[str, Any]:
    """What a model says of itself, in a folder that `common.store.reading` gave.

    Raises:
        StoreError: it is no model of this pilot.
    """
    try:
        found = json.loads((checked / SPECIFICATION).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            "this is no model of the healthcare pilot", where=str(checked), mend="choose another folder"
        ) from error
    if not isinstance(found, dict):
        raise StoreError("the model's specification is damaged", where=str(checked), mend="train it anew")
    return found


def folder_of(path: Path) -> Path:
    """The model's folder, of a run folder as well."""
    inner = path / "model"
    return inner if (inner / MANIFEST).is_file() else path


def open_model(path: Path) -> Segmenter | Classifier:
    """Open a stored model, or the one of a run folder.

    Raises:
        StoreError: there is none, it is damaged, or of another version.
    """
    folder = folder_of(path)
    kind = read_specification(folder).get("kind")
    if kind == plans.KIND:
        return Segmenter.load(folder)
    if kind != CLASSIFICATION:
        raise StoreError(
            "this model neither outlines structures nor sorts pictures",
            where=str(folder),
            mend="open it with the version of the suite that stored it",
        )
    from healthcare.classification import Classifier

    return Classifier.load(folder)


@dataclass(frozen=True)
class Segmenter:
    """Networks of one plan, and what held-out cases taught about them.

    Attributes:
        networks: members of an ensemble, on their device.
        plan: how scans are prepared and what the networks are.
        rules: what is done to the mask afterwards.
        quality: how good a mask is expected to be; None where too few cases were held out.
        volume_errors: see `healthcare.volumes.Errors`.
        card: the model card.
        sha256: of the model's manifest.
        mirrored: look at mirrored views too, along the axes that the plan allows; each axis doubles the time.
        device: where the networks are.
    """

    networks: Sequence[nn.Module]
    plan: Plan
    rules: tuple[Rule, ...]
    quality: Quality | None
    volume_errors: Mapping[str, Any]
    card: Mapping[str, Any]
    sha256: str
    mirrored: bool = True
    device: str = "cpu"

    @classmethod
    def load(cls, folder: Path, *, mirrored: bool = True, device: str | None = None) -> Segmenter:
        """Open what `healthcare.segmentation_training` or `healthcare.held_out` stored.

        Args:
            folder: of the model.
            mirrored: see Segmenter.
            device: None: a GPU where there is one.

        Raises:
            StoreError: it is damaged, of another kind or version, or its weights do not fit its plan.
        """
        import torch
        from torch import nn

        from common.training.weights import read_weights
        from healthcare.networks import build

        # All from one state of the folder, which another process may replace meanwhile.
        with reading(folder) as checked:
            specification = specification_in(checked)
            plan = plans.plan_of(specification)
            members = specification.get("members", 0)
            networks = nn.ModuleList(build(plan) for _ in range(members or 1))
            read_weights(networks if members else networks[0], checked)
            card = read_card(checked)
            sha256 = hashlib.sha256((checked / MANIFEST).read_bytes()).hexdigest()
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            rules = tuple(Rule(**rule) for rule in specification.get("postprocessing", ()))
            learnt = specification.get("quality")
            quality = Quality.of(learnt) if learnt else None
        except (TypeError, KeyError) as error:
            raise StoreError(
                "what the model says of its own quality cannot be read",
                where=str(folder),
                mend="open it with the version of the suite that stored it, or train anew",
            ) from error
        return cls(
            networks=[network.eval().to(device) for network in networks],
            plan=plan,
            rules=rules,
            quality=quality,
            volume_errors=specification.get("volume_errors", {}),
            card=card,
            sha256=sha256,
            mirrored=mirrored,
            device=device,
        )

    @property
    def labels(self) -> tuple[Label, ...]:
        """What it outlines."""
        return self.plan.labels

    @property
    def modality(self) -> str:
        """DICOM's code of the scans it was trained on, "" for any."""
        return self.plan.modality

    @property
    def name(self) -> str:
        """A few words for people."""
        stated = str(self.card.get("name", ""))
        return DEFAULT_NAME if stated in ("", "not stated") else stated

    def predict(self, scan: Scan, progress: Progress = silent) -> Prediction:
        """What the networks say, before any rule: on the scan's own grid, in values of labels."""
        from healthcare.inference_scan import predict_scan
        from healthcare.preprocess import prepare

        return predict_scan(
            self.networks,
            prepare(scan, self.plan),
            self.plan,
            mirrored=self.mirrored,
            device=self.device,
            progress=progress,
        )

    def segment(self, scan: Scan, progress: Progress = silent) -> Segmented:
        """Outline a volume, with its volumes, their intervals, and how good the outline is expected to be.

        Raises:
            DataError: it is a picture, or too large.
        """
        found = self.predict(scan, progress)
        assert scan.affine is not None
        doubts = doubts_of(found)
        expected = self.quality.predict(doubts) if self.quality else {}
        mask = apply(found.mask, self.rules)
        known = [one for one in expected.values() if math.isfinite(one)]
        mean = float(np.mean(known)) if known else math.nan
        flagged, warnings = False, []
        if self.quality and known:
            if self.quality.is_far(doubts):
                flagged = True
                warnings.append("the network doubts this scan as it doubted none that it was tested on")
            elif mean < self.quality.flag_below:
                flagged = True
                warnings.append(
                    f"the outline is expected to be poor: of {self.quality.cases} cases that were held out,"
                    " one in twenty was doubted as much"
                )
        elif not self.quality:
            warnings.append("no cases were held out to learn how good its outlines are")
        voxel_mm3 = float(abs(np.linalg.det(scan.affine[:3, :3])))
        return Segmented(
            mask=mask,
            uncertainty=found.uncertainty,
            volumes=measured(mask, self.labels, voxel_mm3, self.volume_errors, expected),
            predicted_dice=mean,
            flagged=flagged,
            warnings=tuple(warnings),
        )


def doubts_of(found: Prediction) -> dict[int, Doubts]:
    """By label, what the quality estimate looks at."""
    return {
        one.value: Doubts(one.expected_dice, one.agreement, (one.entropy_within + one.entropy_around) / 2)
        for one in found.structures
    }
