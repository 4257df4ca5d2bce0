"""What cases that a model never learned from teach about it: rules, its expected Dice, and volume intervals.

They are part of the training cases, kept out of learning for this; the cases on which a model is scored are
others again. A model without such cases has no rule, no quality estimate and no intervals, and says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.pilot import Progress, silent
from common.store import CARD, MANIFEST, atomic_write, discard, previous_of, read_card, reading, save_model
from healthcare import postprocess, quality, volumes
from healthcare.metrics import Mask, dice, mean_interval
from healthcare.model import SPECIFICATION, Segmenter, doubts_of, specification_in
from healthcare.quality import Doubts

if TYPE_CHECKING:
    from healthcare.data import Scan


class Lessons:
    """Held-out cases, one by one, and what they come to.

    Args:
        segmenter: that never learned from them.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.values = [label.value for label in segmenter.labels]
        self.pairs: list[tuple[Mask, Mask]] = []
        self.doubts: list[dict[int, Doubts]] = []
        self.voxel_mm3: list[float] = []

    def add(self, scan: Scan, truth: Mask) -> None:
        """Look at a case.

        Args:
            scan: a volume.
            truth: the expert's mask on its grid, in values of labels.
        """
        import numpy as np

        found = self.segmenter.predict(scan)
        assert scan.affine is not None
        self.pairs.append((found.mask, truth))
        self.doubts.append(doubts_of(found))
        self.voxel_mm3.append(float(abs(np.linalg.det(scan.affine[:3, :3]))))

    def taught(self) -> dict[str, Any]:
        """What goes into the specification: `postprocessing`, `quality`, `volume_errors` and `held_out`."""
        rules = postprocess.choose(self.pairs, self.values)
        masks = [(postprocess.apply(mask, rules), truth) for mask, truth in self.pairs]
        scores = [{v: dice(mask, truth, v) for v in self.values} for mask, truth in masks]
        learnt = quality.learn(self.doubts, scores)
        found = {v: self._ml([mask for mask, _ in masks], v) for v in self.values}
        true = {v: self._ml([truth for _, truth in masks], v) for v in self.values}
        names = {label.value: label.name for label in self.segmenter.labels}
        means = {names[v]: mean_interval([case[v] for case in scores]) for v in self.values}
        return {
            "postprocessing": [vars(rule) for rule in rules],
            "quality": learnt.as_dict() if learnt else None,
            "volume_errors": volumes.errors(found, true),
            "held_out": {
                "cases": len(self.pairs),
                "dice": {name: [_plain(one) for one in three] for name, three in means.items()},
            },
        }

    def _ml(self, masks: Iterable[Mask], value: int) -> list[float]:
        return [volumes.volume_ml(mask, value, mm3) for mask, mm3 in zip(masks, self.voxel_mm3, strict=True)]


def _plain(number: float) -> float | None:
    """A number for JSON, which has none for what is not known."""
    return round(number, 4) if math.isfinite(number) else None


def teach(
    folder: Path, cases: Iterable[tuple[Scan, Mask]], *, count: int, progress: Progress = silent
) -> dict[str, Any]:
    """Let a stored model learn about itself, and store it again under the same name.

    Args:
        folder: of the model.
        cases: scans that it never learned from, with the expert's masks on their grids.
        count: how many there are.
        progress: called after each case.

    Returns:
        What was learned, see `Lessons.taught`.

    Raises:
        StoreError: it cannot be opened, or stored.
    """
    lessons = Lessons(Segmenter.load(folder))
    for number, (scan, truth) in enumerate(cases, 1):
        lessons.add(scan, truth)
        progress(number / max(count, 1), f"held-out case {number} of {count}")
    taught = lessons.taught()
    rewrite(folder, taught)
    return taught


def rewrite(folder: Path, more: Mapping[str, Any]) -> None:
    """Store a model anew with more in its specification, and the held-out scores in its card.

    Raises:
        StoreError: it cannot be opened, or stored.
    """
    with reading(folder) as checked:
        specification = specification_in(checked) | dict(more)
        card = read_card(checked)
        # Held in memory, since nothing can be stored under a name that is being read.
        kept = {
            path.name: path.read_bytes()
            for path in checked.iterdir()
            if path.name not in (MANIFEST, CARD, SPECIFICATION)
        }

    def write(fresh: Path) -> None:
        for name, content in kept.items():
            atomic_write(fresh / name, content)
        atomic_write(fresh / SPECIFICATION, json.dumps(specification, indent=1))

    held_out = more.get("held_out", {})
    save_model(folder, write, card | ({"held_out": held_out} if held_out else {}))
    discard(previous_of(folder))  # the same weights without what was learned since
