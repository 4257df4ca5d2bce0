"""The network that outlines structures: a U-Net of MONAI's blocks, shaped by a plan.

Ronneberger et al. 2015, Isensee et al. 2021; the stem takes blocks of voxels as one, as sub-pixel convolution
does (Shi et al. 2016), which leaves the grid of the data out of the costly stages.
"""

from __future__ import annotations

from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetUpBlock
from torch import Tensor, nn

from healthcare.plan import Plan, Triple

NORM = ("INSTANCE", {"affine": True})
SLOPE = 0.01
"""Of the leaky rectifiers in MONAI's blocks."""


class SegmentationNet(nn.Module):
    """A U-Net that takes (batch, 1, x, y, z) and gives logits (batch, classes, x, y, z).

    In training mode it gives a list of them: the finest, then those of coarser stages on grids of their own,
    for deep supervision. Each axis of the input must be a multiple of `plan.reach`.

    Args:
        plan: see healthcare.plan.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stem = plan.stem
        block = plan.stem[0] * plan.stem[1] * plan.stem[2]
        shapes = list(zip((block, *plan.channels[:-1]), plan.channels, plan.kernels, strict=True))
        strides = ((1, 1, 1), *plan.strides)
        self.encoder = nn.ModuleList(
            UnetBasicBlock(3, before, after, kernel, stride, NORM)
            for (before, after, kernel), stride in zip(shapes, strides, strict=True)
        )
        # From the coarsest to the finest.
        self.decoder = nn.ModuleList(
            UnetUpBlock(3, coarse, fine, kernel, stride, stride, NORM)
            for (fine, coarse, _), kernel, stride in zip(
                shapes[:0:-1], plan.kernels[-2::-1], plan.strides[::-1], strict=True
            )
        )
        self.finest = nn.Conv3d(plan.channels[0], plan.classes * block, 1)
        coarser = plan.channels[1 : 1 + plan.deep_supervision]
        self.coarser = nn.ModuleList(nn.Conv3d(c, plan.classes, 1) for c in coarser)
        self.apply(_first_weights)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """Logits; see the class."""
        x = space_to_depth(x, self.stem)
        skips = []
        for stage in self.encoder:
            skips.append(x := stage(x))
        features = [skips.pop()]
        for stage in self.decoder:
            features.append(stage(features[-1], skips.pop()))
        logits = depth_to_space(self.finest(features.pop()), self.stem)
        if not self.training:
            return logits
        return [logits, *(head(features.pop()) for head in self.coarser)]


def _first_weights(module: nn.Module) -> None:
    """He et al. 2015, for leaky rectifiers."""
    if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def space_to_depth(x: Tensor, block: Triple) -> Tensor:
    """Blocks of voxels as channels: (batch, channels, x, y, z) -> (batch, channels × block, x / bx, …)."""
    if block == (1, 1, 1):
        return x
    b, c, *size = x.shape
    (i, j, k), (u, v, w) = (n // m for n, m in zip(size, block, strict=True)), block
    x = x.reshape(b, c, i, u, j, v, k, w).permute(0, 1, 3, 5, 7, 2, 4, 6)
    return x.reshape(b, c * u * v * w, i, j, k)


def depth_to_space(x: Tensor, block: Triple) -> Tensor:
    """The way back of `space_to_depth`."""
    if block == (1, 1, 1):
        return x
    b, c, i, j, k = x.shape
    u, v, w = block
    x = x.reshape(b, c // (u * v * w), u, v, w, i, j, k).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return x.reshape(b, c // (u * v * w), i * u, j * v, k * w)


def build(plan: Plan) -> nn.Module:
    """The plan's network, with random weights.

    Args:
        plan: see healthcare.plan.
    """
    return SegmentationNet(plan)
