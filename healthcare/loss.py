"""What the network is trained against: soft Dice plus cross entropy, at several resolutions.

Milletari et al. 2016, Isensee et al. 2021; deep supervision after Lee et al. 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses import DiceCELoss
from torch import Tensor
from torch.nn.functional import interpolate

_dice_ce = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, batch=True, smooth_dr=1e-5)


def segmentation_loss(logits: Sequence[Tensor], label: Tensor) -> Tensor:
    """Mean over resolutions, each weighing half of the finer one before it.

    Args:
        logits: (batch, classes, x, y, z), the finest first, then coarser ones on grids of their own.
        label: (batch, x, y, z) uint8 numbers of classes, on the finest grid.

    Returns:
        A scalar: 0 where all is right and sure, about 1 + ln(classes) where the network knows nothing.
    """
    total, weights = torch.zeros((), device=label.device), 0.0
    for depth, found in enumerate(logits):
        truth = label[:, None].float()
        if found.shape[2:] != truth.shape[2:]:
            truth = interpolate(truth, size=found.shape[2:], mode="nearest-exact")
        weight = 0.5**depth
        total = total + weight * _dice_ce(found.float(), truth)
        weights += weight
    return total / weights
