"""What is done to a mask after the network: keep the largest piece of a label, where that was shown to help.

Isensee and others 2021 (nnU-Net): a rule is taken on only where held-out cases got better by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from healthcare.data import Array
from healthcare.metrics import Mask, dice


@dataclass(frozen=True)
class Rule:
    """What is done to one label.

    Attributes:
        value: the label's number.
        gain: what it added to the mean Dice of the held-out cases.
        cases: number of held-out cases that it changed.
    """

    value: int
    gain: float
    cases: int


def keep_largest(mask: Mask, value: int) -> Mask:
    """The mask with all but the largest piece of a label given to the background; pieces touch by faces.

    Args:
        mask: (x, y, z), left as it is.
        value: the label's number.
    """
    from scipy import ndimage

    pieces, count = ndimage.label(mask == value)
    if count < 2:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    out = mask.copy()
    out[(pieces > 0) & (pieces != sizes.argmax())] = 0
    return out


def choose(pairs: Sequence[tuple[Mask, Array]], values: Iterable[int]) -> tuple[Rule, ...]:
    """The rules by which held-out cases got better.

    Args:
        pairs: masks of cases that the network never learned from, and the expert's.
        values: numbers of the labels.

    Returns:
        One rule a label that gains, so none where no case changed or the mean got worse.
    """
    found = []
    for value in values:
        gains = []
        for mask, truth in pairs:
            kept = keep_largest(mask, value)
            if kept is not mask:
                gains.append(dice(kept, truth, value) - dice(mask, truth, value))
        gain = float(np.nansum(gains)) / max(len(pairs), 1)
        if gain > 0:
            found.append(Rule(value, round(gain, 6), len(gains)))
    return tuple(found)


def apply(mask: Mask, rules: Iterable[Rule]) -> Mask:
    """The mask after all rules."""
    for rule in rules:
        mask = keep_largest(mask, rule.value)
    return mask
