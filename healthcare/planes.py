"""A volume cut along its own three planes and laid out as radiologists look at it.

The patient's right is on the left of the picture in axial and coronal planes; the front is on the left in
sagittal ones; the front or the head is up. A volume that was scanned obliquely is cut along its own axes, not
resampled into the body's: what is seen is what was measured. Letters say which way each border points (R, L,
A, P, S, I for right, left, anterior, posterior, superior, inferior); an oblique border has two, that of the
nearer axis first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Name = Literal["sagittal", "coronal", "axial"]
NAMES: tuple[Name, Name, Name] = ("sagittal", "coronal", "axial")
"""By the axis (x to the right, y to the front, z to the head) on which a plane stands upright."""
_TO, _FROM = "RAS", "LPI"
_OBLIQUE = 0.26
"""Sine of 15 degrees: beyond it a second letter is shown, and a plane is called oblique."""
_SLIGHT = 0.02
"""Sine of about a degree: up to here a plane is called straight."""
_ACROSS: dict[Name, tuple[int, int]] = {"sagittal": (1, 2), "coronal": (0, 2), "axial": (0, 1)}
"""Body axes that run across the picture and up it."""
Array = NDArray[Any]


@dataclass(frozen=True)
class Plane:
    """One slice as a picture.

    Attributes:
        name: the plane that it is nearest to.
        number: of the slice, from 1 on, counted from the patient's left, back or feet.
        count: slices there are along that axis.
        pixels: (rows, columns), the first row at the top, the first column on the left.
        pixel_mm: height and width of a pixel.
        left, right, top, bottom: letters at the borders.
        tilt_deg: angle between the slice's own upright and the body's axis.
    """

    name: Name
    number: int
    count: int
    pixels: Array
    pixel_mm: tuple[float, float]
    left: str
    right: str
    top: str
    bottom: str
    tilt_deg: float

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width."""
        rows, columns = self.pixels.shape[:2]
        return rows * self.pixel_mm[0], columns * self.pixel_mm[1]


class Planes:
    """Cuts arrays that lie on one grid.

    Args:
        affine: (4, 4), from voxel numbers to RAS+ mm.
        shape: of the volume (x, y, z), along its own axes.
    """

    def __init__(self, affine: NDArray[np.float64], shape: Sequence[int]) -> None:
        turn = np.asarray(affine, dtype=np.float64)[:3, :3]
        lengths = np.linalg.norm(turn, axis=0)
        directions = turn / lengths
        self._axes = _nearest(directions)
        """The volume's axis that is nearest to each axis of the body."""
        self._flips = tuple(bool(directions[body, own] < 0) for body, own in enumerate(self._axes))
        order = list(self._axes)
        signs = np.where(self._flips, -1.0, 1.0)
        self.directions = directions[:, order] * signs
        """(3, 3): columns are unit vectors, in RAS+, of axes that run right, to the front and to the head."""
        self.spacing_mm = tuple(float(lengths[own]) for own in order)
        self.shape = tuple(int(shape[own]) for own in order)

    def turned(self, array: Array) -> Array:
        """A view of an array whose axes run to the right, the front and the head, as near as may be."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self._flips)
        return np.transpose(array, self._axes)[steps]

    def through_plane(self) -> Name:
        """The plane in which the pixels are smallest: that of the scanner, or axial."""
        widest = max(self.spacing_mm)
        thick = [body for body in (2, 1, 0) if self.spacing_mm[body] > widest * 0.99]
        return NAMES[thick[0]]

    def cut(self, array: Array, name: Name, index: int) -> Plane:
        """One slice.

        Args:
            array: (x, y, z) along the volume's own axes.
            name: which plane.
            index: of the slice, from 0 on, along the turned axis.
        """
        upright = NAMES.index(name)
        across, up = _ACROSS[name]
        whole = self.turned(array)
        pixels = np.take(whole, index, axis=upright)  # (across, up)
        pixels = pixels[::-1, ::-1].T
        left, right = (self._letters(self.directions[:, across] * sign) for sign in (1, -1))
        top, bottom = (self._letters(self.directions[:, up] * sign) for sign in (1, -1))
        straight = min(1.0, abs(float(self.directions[upright, upright])))
        return Plane(
            name=name,
            number=index + 1,
            count=self.shape[upright],
            pixels=pixels,
            pixel_mm=(self.spacing_mm[up], self.spacing_mm[across]),
            left=left,
            right=right,
            top=top,
            bottom=bottom,
            tilt_deg=float(np.degrees(np.arccos(straight))),
        )

    @property
    def is_oblique(self) -> bool:
        """Whether an axis leans by more than a degree from the body's."""
        return bool(np.abs(np.diag(self.directions)).min() < np.sqrt(1 - _SLIGHT**2))

    @staticmethod
    def _letters(direction: NDArray[np.float64]) -> str:
        order = np.argsort(-np.abs(direction))
        kept = [body for n, body in enumerate(order) if n == 0 or abs(direction[body]) > _OBLIQUE]
        return "".join((_TO if direction[body] > 0 else _FROM)[body] for body in kept)


def _nearest(directions: NDArray[np.float64]) -> tuple[int, int, int]:
    """The order of own axes by which the three lie nearest to the body's, each taken once."""
    from itertools import permutations

    orders = permutations((0, 1, 2))
    x, y, z = max(orders, key=lambda order: sum(abs(directions[b, o]) for b, o in enumerate(order)))
    return x, y, z
