"""Scans as users bring them: the typed object that the whole pilot works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Scan:
    """A volume or a plain picture, its place in space and where it came from, and nothing about a person.

    Attributes:
        array: a volume (x, y, z) along its own voxel axes, whatever way they point, or a picture
            (rows, columns); values as the scanner meant them (rescaled), in the file's own type.
        affine: (4, 4) float64, from voxel numbers to RAS+ mm, of a volume; None for a picture.
        spacing_mm: voxel size along each axis of `array`; None where a picture does not say it.
        modality: DICOM's code ("MR", "CT", "DX", "CR"), "" where unknown.
        provenance: `sha256` and `kind` of what was brought, `series`, `files`, and codes from lists of known
            words (body_part, laterality, burned_in, window); never a name, an id, a date or a file's name.
        notes: what was repaired or looks odd while reading, one sentence each.
    """

    array: Array
    affine: NDArray[np.float64] | None
    spacing_mm: tuple[float, ...] | None
    modality: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_volume(self) -> bool:
        """Whether it is a volume rather than a picture."""
        return self.affine is not None
