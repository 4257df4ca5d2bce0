"""One slice as a picture for people: grey values in a window, outlines, a map, letters and a bar of scale.

Outlines follow the mask's voxels exactly: they are not smoothed, so a jagged edge is what the model gave.
Height and width keep the scan's proportions in mm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from healthcare.planes import Plane

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Array = NDArray[Any]
Window = tuple[float, float]
"""Values that are shown black and white."""
Colour = tuple[int, int, int]

FILLED = 0.22
"""How much of a label's colour lies over the grey values inside its outline."""
USED = 0.35
"""Share of a stated window that the scan's values must fill, else the window is not the scan's."""
MOST_SAMPLED = 2_000_000
_BAR_SHARE = 0.24
_ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_STOPS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_RAMP = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float64)
"""Dark to light with even steps, for the colour-blind too (the ramp "inferno" of Smith and van der Walt)."""


def window_of(array: Array, stated: object = None) -> Window:
    """The range of values to show.

    Args:
        array: the scan's values.
        stated: the scanner's own window, (centre, width) or a mapping of both; taken where the scan's values
            fill it, else the range is that of the values without their outermost half per cent.
    """
    step = max(1, round((array.size / MOST_SAMPLED) ** (1 / array.ndim)))
    some = np.asarray(array[tuple(slice(None, None, step) for _ in array.shape)], dtype=np.float64)
    some = some[np.isfinite(some)]
    if not some.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(some, (0.5, 99.5)))
    if isinstance(stated, Mapping):
        stated = (stated.get("centre"), stated.get("width"))
    if isinstance(stated, Sequence) and not isinstance(stated, str) and len(stated) == 2:
        try:
            centre, width = float(stated[0]), float(stated[1])
        except (TypeError, ValueError):
            centre, width = 0.0, 0.0
        begin, end = centre - width / 2, centre + width / 2
        if width > 0 and min(high, end) - max(low, begin) > USED * width:
            return begin, end
    if high <= low:
        low, high = float(some.min()), float(some.max())
    return (low, high) if high > low else (low, low + 1.0)


def paint(
    plane: Plane,
    window: Window,
    *,
    width_px: int,
    mask: Array | None = None,
    colours: Mapping[int, Colour] | None = None,
    heat: Array | None = None,
    lettered: bool = True,
) -> Image:
    """A slice as a picture: RGB with outlines or heat, else in grey.

    Args:
        plane: the slice.
        window: values that are black and white.
        width_px: of the picture; its height follows from the slice's size in mm.
        mask: (rows, columns) label values of the same slice.
        colours: by label value.
        heat: (rows, columns) in [0, 1] of the same slice, laid over it from dark to light.
        lettered: with letters at the borders and a bar of scale.
    """
    from PIL import Image

    height_mm, width_mm = plane.size_mm
    size = width_px, max(1, round(width_px * height_mm / width_mm))
    low, high = window
    grey = np.nan_to_num(np.asarray(plane.pixels, dtype=np.float64), nan=low)
    shades = np.clip((grey - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    base = Image.fromarray(shades).resize(size, Image.Resampling.BICUBIC)
    if heat is None and (mask is None or not colours):
        if lettered:
            _letter(base, plane)
        return base
    rgb = np.repeat(np.asarray(base, dtype=np.float64)[..., None], 3, axis=2)
    if heat is not None:
        rgb = _heated(rgb, heat, size)
    if mask is not None and colours:
        labels = Image.fromarray(np.ascontiguousarray(mask, dtype=np.uint8))
        rgb = _outlined(rgb, np.asarray(labels.resize(size, Image.Resampling.NEAREST)), colours)
    picture = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))
    if lettered:
        _letter(picture, plane)
    return picture


def ramp(values: Array) -> Array:
    """Colours of values in [0, 1], (..., 3) in 0 to 255."""
    return np.stack([np.interp(values, _STOPS, _RAMP[:, channel]) for channel in range(3)], axis=-1)


def _heated(rgb: Array, heat: Array, size: tuple[int, int]) -> Array:
    from PIL import Image

    small = np.clip(np.nan_to_num(np.asarray(heat, dtype=np.float32)), 0, 1)
    large = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BILINEAR), dtype=np.float64)
    weight = 0.85 * np.sqrt(large)[..., None]
    return np.asarray(rgb * (1 - weight) + ramp(large) * weight)


def _outlined(rgb: Array, labels: Array, colours: Mapping[int, Colour]) -> Array:
    edge = np.zeros(labels.shape, dtype=bool)
    padded = np.pad(labels, 1)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        moved = padded[rows : rows + labels.shape[0], columns : columns + labels.shape[1]]
        edge |= moved != labels
    for value, colour in colours.items():
        inside = labels == value
        for part, weight in ((inside & ~edge, FILLED), (inside & edge, 1.0)):
            rgb[part] = rgb[part] * (1 - weight) + np.array(colour, dtype=np.float64) * weight
    return rgb


def _letter(picture: Image, plane: Plane) -> None:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    size = max(15, round(min(width, height) / 20))
    font = ImageFont.load_default(size)
    gap = max(3, size // 3)
    places = (
        (plane.left, (gap, height / 2), "lm"),
        (plane.right, (width - gap, height / 2), "rm"),
        (plane.top, (width / 2, gap), "mt"),
        (plane.bottom, (width / 2, height - gap), "mb"),
    )
    for letters, at, anchor in places:
        draw.text(at, letters, fill="white", font=font, anchor=anchor, stroke_width=2, stroke_fill="black")
    _scale(draw, plane, (width, height), gap, max(11, round(size * 0.72)))


def _scale(draw: ImageDraw, plane: Plane, size: tuple[int, int], gap: int, text_px: int) -> None:
    from PIL import ImageFont

    width, height = size
    width_mm = plane.size_mm[1]
    length_mm = max((r for r in _ROUND if r <= width_mm * _BAR_SHARE), default=_ROUND[0])
    length = length_mm / width_mm * width
    y = height - gap - 3
    draw.rectangle((gap - 1, y - 2, gap + length + 1, y + 2), fill="black")
    draw.rectangle((gap, y - 1, gap + length, y + 1), fill="white")
    words = f"{length_mm} mm" if length_mm % 10 else f"{length_mm // 10} cm"
    font = ImageFont.load_default(text_px)
    at = gap, y - 5
    draw.text(at, words, fill="white", font=font, anchor="lb", stroke_width=2, stroke_fill="black")
