"""The pictures of a finding, as PNG: key slices with the outlines on them, a montage, and what was unsure.

What is shown is chosen by the outlines alone, so that nobody picks the prettiest slice: each plane is the one
in which most is outlined, the montage runs through all of it at even steps.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from healthcare.data import Scan
from healthcare.finding import Finding
from healthcare.painting import Colour, paint, ramp, window_of
from healthcare.planes import NAMES, Name, Plane, Planes
from healthcare.wording import figure

if TYPE_CHECKING:
    from PIL.Image import Image

Array = NDArray[Any]
WIDTH_PX, SMALL_PX = 600, 340
COMPRESSION = 3
"""Of PNG: the usual 6 takes three times as long for a twentieth less."""
MONTAGE = 8
MARGIN, LEAST_MM = 0.15, 60.0
"""Room around what is outlined in a close-up: a share of its size, and the least width."""
_AXIS = {name: axis for axis, name in enumerate(NAMES)}


@dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
        png: the file.
        width_px, height_px: of it.
        words: what it shows, a caption without a full stop.
    """

    png: bytes
    width_px: int
    height_px: int
    words: str


class Figures:
    """Draws the pictures of one finding.

    Args:
        finding: with its scan; what it lacks is not drawn.

    Raises:
        ValueError: it holds no scan.
    """

    def __init__(self, finding: Finding) -> None:
        if finding.scan is None:
            raise ValueError("a finding without its scan cannot be drawn")
        self.finding, self.scan = finding, finding.scan
        self.window = window_of(self.scan.array, self.scan.provenance.get("window"))
        self.colours: dict[int, Colour] = {label.value: label.colour for label in finding.labels}

    @property
    def window_words(self) -> str:
        """Which values are black and white."""
        low, high = self.window
        return f"grey values from {figure(low)} (black) to {figure(high)} (white)"

    @cached_property
    def planes(self) -> Planes:
        """How the volume is cut."""
        assert self.scan.affine is not None, "a picture has no planes"
        return Planes(self.scan.affine, self.scan.array.shape)

    @cached_property
    def _areas(self) -> tuple[Array, Array, Array]:
        """Voxels outlined in each slice, by body axis; all alike where nothing is."""
        shape = self.planes.shape
        segmented = self.finding.segmented
        if segmented is None or not segmented.mask.any():
            return np.zeros(shape[0]), np.zeros(shape[1]), np.zeros(shape[2])
        there = self.planes.turned(segmented.mask) > 0
        return there.sum(axis=(1, 2)), there.sum(axis=(0, 2)), there.sum(axis=(0, 1))

    def key_slices(self, outlined: bool = True) -> list[Picture]:
        """The three planes through what is outlined, or the plain picture; with or without the outlines."""
        if not self.scan.is_volume:
            return [self._plain(None)]
        pictures = []
        names: tuple[Name, ...] = ("axial", "coronal", "sagittal")
        for name in names:
            areas = self._areas[_AXIS[name]]
            index = int(areas.argmax()) if areas.any() else len(areas) // 2
            pictures.append(self._slice(name, index, WIDTH_PX, outlined=outlined))
        return pictures

    def montage(self, most: int = MONTAGE) -> list[Picture]:
        """Slices at even steps through all that is outlined, in the plane of the finest pixels, close up."""
        if not self.scan.is_volume:
            return []
        name = self.planes.through_plane()
        there = np.flatnonzero(self._areas[_AXIS[name]])
        first, last = (there[0], there[-1]) if len(there) else (0, self.planes.shape[_AXIS[name]] - 1)
        # The middle of each of so many equal parts.
        steps = first + (np.arange(most) + 0.5) / most * (last + 1 - first)
        indices = np.unique(steps.astype(int))
        return [self._slice(name, int(index), SMALL_PX, close=True) for index in indices]

    def uncertainty(self) -> Picture | None:
        """Where the model was least sure, in the slice with most of it; None where it was sure of all."""
        segmented = self.finding.segmented
        if segmented is None or not self.scan.is_volume or not segmented.uncertainty.any():
            return None
        name = self.planes.through_plane()
        across = tuple(axis for axis in range(3) if axis != _AXIS[name])
        total = self.planes.turned(segmented.uncertainty).sum(axis=across, dtype=np.int64)
        index = int(total.argmax())
        heat = self.planes.cut(segmented.uncertainty, name, index).pixels / 255.0
        plane = self.planes.cut(self.scan.array, name, index)
        words = f"{_place(plane)}: the slice with most doubt"
        return _picture(paint(plane, self.window, width_px=WIDTH_PX, heat=heat), words)

    def heat(self) -> Picture | None:
        """What a classification hung on, over the picture, or over the slice with most of it."""
        classified = self.finding.classified
        if classified is None or classified.heat is None:
            return None
        if not self.scan.is_volume:
            return self._plain(classified.heat)
        name = self.planes.through_plane()
        across = tuple(axis for axis in range(3) if axis != _AXIS[name])
        index = int(self.planes.turned(classified.heat).sum(axis=across).argmax())
        heat = self.planes.cut(classified.heat, name, index).pixels
        plane = self.planes.cut(self.scan.array, name, index)
        words = f"{_place(plane)}: what the decision hung on"
        return _picture(paint(plane, self.window, width_px=WIDTH_PX, heat=heat), words)

    def _slice(
        self, name: Name, index: int, width_px: int, *, close: bool = False, outlined: bool = True
    ) -> Picture:
        plane = self.planes.cut(self.scan.array, name, index)
        segmented, mask = self.finding.segmented, None
        if segmented is not None and outlined:
            mask = self.planes.cut(segmented.mask, name, index).pixels
        if close:
            box = self._box(name)
            plane = _cropped(plane, box)
            mask = None if mask is None else mask[box]
        painted = paint(plane, self.window, width_px=width_px, mask=mask, colours=self.colours)
        return _picture(painted, _place(plane))

    def _box(self, name: Name) -> tuple[slice, slice]:
        """Rows and columns of a plane that hold all that is outlined, with room around it."""
        across, up = (axis for axis in range(3) if axis != _AXIS[name])
        rows, columns = (self._room(axis) for axis in (up, across))
        return rows, columns

    def _room(self, axis: int) -> slice:
        # Pictures begin at the far end.
        areas, spacing = self._areas[axis][::-1], self.planes.spacing_mm[axis]
        there = np.flatnonzero(areas)
        if not len(there):
            return slice(None)
        first, last = int(there[0]), int(there[-1]) + 1
        wanted = max((last - first) * (1 + 2 * MARGIN), LEAST_MM / spacing)
        spare = (wanted - (last - first)) / 2
        return slice(max(0, round(first - spare)), min(len(areas), round(last + spare)))

    def _plain(self, heat: Array | None) -> Picture:
        plane = _flat(self.scan)
        words = "the picture as it was brought" if heat is None else "what the decision hung on"
        painted = paint(plane, self.window, width_px=WIDTH_PX, heat=heat, lettered=False)
        return _picture(painted, words)


def legend_png(width_px: int = 240, height_px: int = 14) -> bytes:
    """The colours of a map of doubt, from none on the left to all on the right."""
    from PIL import Image

    colours = ramp(np.linspace(0, 1, width_px)).astype(np.uint8)
    return _png(Image.fromarray(np.repeat(colours[None], height_px, axis=0)))


def _flat(scan: Scan) -> Plane:
    """A plain picture: nothing says which way its borders point."""
    high, wide = scan.spacing_mm or (1.0, 1.0)
    return Plane("axial", 1, 1, scan.array, (high, wide), "", "", "", "", 0.0)


def _cropped(plane: Plane, box: Sequence[slice]) -> Plane:
    from dataclasses import replace

    return replace(plane, pixels=plane.pixels[tuple(box)])


def _place(plane: Plane) -> str:
    tilt = f", tilted {plane.tilt_deg:.0f}°" if plane.tilt_deg >= 1 else ""
    return f"{plane.name} slice {plane.number} of {plane.count}{tilt}"


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def _picture(image: Image, words: str) -> Picture:
    return Picture(_png(image), image.width, image.height, words)
