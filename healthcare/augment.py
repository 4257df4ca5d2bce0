"""Random changes to training samples that an expert would outline alike: shape, position, contrast, noise.

What nnU-Net does (Isensee et al. 2021), on whole batches: each sample is moved, turned, scaled and bent by
one interpolation, and its intensities are changed by a few tensor operations. Random numbers come from
torch's global generator, which the training core seeds, so that a run can be repeated and resumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, conv3d, grid_sample, interpolate, pad


@dataclass(frozen=True)
class Augmentation:
    """How strongly samples are changed; each `p_` is the chance that a sample is.

    Attributes:
        rotation_deg: largest angle about each axis.
        scale: largest factor of size, and of its inverse; half of its logarithm again for each axis alone.
        shift: largest move along each axis, as a share of the patch.
        bend_voxels: standard deviation of the moves of control points that bend the sample.
        bend_points: control points along each axis.
        p_mirror: for each axis that may be mirrored.
        p_noise, noise: Gaussian noise, up to this standard deviation.
        p_blur, blur_voxels: Gaussian blur, up to this standard deviation.
        p_brightness, brightness: intensities times 1 ± this.
        p_contrast, contrast: distances from the mean times a factor up to 1 + this, or its inverse.
        p_coarse, coarse: as if scanned with voxels up to this much larger.
        p_gamma, gamma: a power curve from 1 / gamma to gamma; half of them on inverted intensities.
        p_bias, bias: a smooth field of coil sensitivity, up to this standard deviation of its logarithm.
    """

    p_space: float = 0.8
    rotation_deg: float = 15.0
    scale: float = 1.2
    shift: float = 0.08
    bend_voxels: float = 1.5
    bend_points: int = 6
    p_mirror: float = 0.5
    p_noise: float = 0.15
    noise: float = 0.3
    p_blur: float = 0.15
    blur_voxels: float = 1.0
    p_brightness: float = 0.2
    brightness: float = 0.25
    p_contrast: float = 0.2
    contrast: float = 0.35
    p_coarse: float = 0.15
    coarse: float = 2.0
    p_gamma: float = 0.3
    gamma: float = 1.5
    p_bias: float = 0.15
    bias: float = 0.3


def augment(
    image: Tensor,
    label: Tensor,
    how: Augmentation,
    *,
    classes: int,
    mirror: Sequence[int] = (),
    size: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor]:
    """A batch, changed at random.

    Args:
        image: (batch, 1, x, y, z) float32.
        label: (batch, x, y, z) uint8 numbers of classes.
        how: see Augmentation.
        classes: number of classes.
        mirror: axes along which samples may be mirrored (0 is x).
        size: voxels of what is wanted, from the middle: where image and label are larger, samples that are
            turned or shrunk are filled from what surrounds them. None: the size of the image.

    Returns:
        Image (batch, 1, *size) and label (batch, *size).
    """
    image, label = moved(image, label, how, classes, tuple(size or image.shape[2:]))
    for axis in mirror:
        chosen = _some(len(image), how.p_mirror)
        image[chosen] = image[chosen].flip(axis + 2)
        label[chosen] = label[chosen].flip(axis + 1)
    return recoloured(image, how), label


def moved(
    image: Tensor, label: Tensor, how: Augmentation, classes: int, size: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Samples turned, scaled, moved and bent in space, both image and label; see `augment`."""
    chosen = _some(len(image), how.p_space)
    middle = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(label.shape[1:], size, strict=True))
    still, still_label = image[:, :, *middle].clone(), label[:, *middle].clone()
    if not chosen.numel():
        return still, still_label
    onehot = torch.stack([label[chosen] == c for c in range(1, classes)], 1)
    grid = _grid(len(chosen), size, label.shape[1:], how)
    both = torch.cat([image[chosen], onehot.to(image.dtype)], 1)
    both = grid_sample(both, grid, padding_mode="border", align_corners=False)
    still[chosen] = both[:, :1]
    # Background has what the structures leave.
    structure = both[:, 1:]
    largest, which = structure.max(1)
    still_label[chosen] = torch.where(largest > 1 - structure.sum(1), which + 1, 0).to(label.dtype)
    return still, still_label


def _grid(n: int, size: Sequence[int], source: Sequence[int], how: Augmentation) -> Tensor:
    """Where each voxel of the changed samples comes from, (n, x, y, z, 3) as `grid_sample` takes it."""
    angles = _between(-how.rotation_deg, how.rotation_deg, n, 3) * (math.pi / 180)
    s = math.log(how.scale)
    factors = torch.exp(_between(-s, s, n, 1) + _between(-s / 2, s / 2, n, 3))
    # grid_sample counts z, y, x, each from -1 to 1 over its own length.
    wanted, there = (torch.tensor([float(v) for v in reversed(lengths)]) for lengths in (size, source))
    matrix = _rotations(angles) * factors[:, None, :] * wanted[None, None, :] / there[None, :, None]
    shift = _between(-2 * how.shift, 2 * how.shift, n, 3) * wanted / there
    grid = affine_grid(torch.cat([matrix, shift[:, :, None]], 2), [n, 1, *size], align_corners=False)
    if how.bend_voxels:
        moves = torch.randn(n, 3, *[how.bend_points] * 3) * how.bend_voxels
        bend = interpolate(moves, size=tuple(size), mode="trilinear", align_corners=True)
        grid = grid + bend.permute(0, 2, 3, 4, 1) * (2 / there)
    return grid


def _rotations(angles: Tensor) -> Tensor:
    """Rotation matrices (n, 3, 3) from angles about the three axes (n, 3), in radians."""
    found = torch.eye(3).expand(len(angles), 3, 3)
    for axis in range(3):
        a, b = (i for i in range(3) if i != axis)
        turn = torch.eye(3).repeat(len(angles), 1, 1)
        cos, sin = angles[:, axis].cos(), angles[:, axis].sin()
        turn[:, a, a] = turn[:, b, b] = cos
        turn[:, a, b], turn[:, b, a] = -sin, sin
        found = found @ turn
    return found


def recoloured(image: Tensor, how: Augmentation) -> Tensor:
    """Images whose intensities are changed, in place; see Augmentation."""
    n = len(image)
    for i in _some(n, how.p_noise):
        x = image[i]
        x += torch.randn_like(x) * _between(0, how.noise)
    for i in _some(n, how.p_blur):
        image[i] = blurred(image[i], float(_between(0.3, how.blur_voxels)))
    for i in _some(n, how.p_brightness):
        image[i] *= _between(1 - how.brightness, 1 + how.brightness)
    for i in _some(n, how.p_contrast):
        x = image[i]
        mean, low, high = x.mean(), x.min(), x.max()
        factor = torch.exp(_between(-1, 1) * math.log(1 + how.contrast))
        image[i] = ((x - mean) * factor + mean).clamp(low, high)
    for i in _some(n, how.p_coarse):
        image[i] = coarsened(image[i], float(_between(1, how.coarse)))
    for i in _some(n, how.p_bias):
        image[i] = shaded(image[i], float(_between(0, how.bias)))
    for i in _some(n, how.p_gamma):
        image[i] = curved(image[i], float(_between(-1, 1)) * math.log(how.gamma), bool(torch.rand(()) < 0.5))
    return image


def blurred(x: Tensor, sigma: float) -> Tensor:
    """(1, x, y, z), smoothed by a Gaussian of this many voxels."""
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    x = pad(x[None], (reach,) * 6, mode="replicate")
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[axis + 2] = len(kernel)
        x = conv3d(x, kernel.view(shape))
    return x[0]


def coarsened(x: Tensor, factor: float) -> Tensor:
    """(1, x, y, z) as if scanned with voxels larger by a factor, and resampled."""
    size = x.shape[1:]
    small = [max(1, round(s / factor)) for s in size]
    coarse = interpolate(x[None], size=small, mode="nearest")
    return interpolate(coarse, size=tuple(size), mode="trilinear")[0]


def shaded(x: Tensor, strength: float) -> Tensor:
    """(1, x, y, z) under a smooth field, as a receive coil's sensitivity gives it."""
    low = x.min()
    field = interpolate(torch.randn(1, 1, 3, 3, 3) * strength, size=tuple(x.shape[1:]), mode="trilinear")[0]
    return (x - low) * field.exp() + low


def curved(x: Tensor, exponent: float, inverted: bool) -> Tensor:
    """(1, x, y, z) through the power curve of the exponential of `exponent`; mean and spread stay."""
    x = -x if inverted else x
    low, mean, sd = x.min(), x.mean(), x.std()
    span = (x.max() - low).clamp(min=1e-6)
    y = ((x - low) / span).pow(math.exp(exponent))
    y = (y - y.mean()) / y.std().clamp(min=1e-6) * sd + mean
    return -y if inverted else y


def _some(n: int, chance: float) -> Tensor:
    return torch.nonzero(torch.rand(n) < chance)[:, 0]


def _between(low: float, high: float, *shape: int) -> Tensor:
    return torch.rand(shape) * (high - low) + low
