"""Labelled pictures and small volumes to train on, in one npz as MedMNIST packs them (Yang et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.intake import Taken, take
from common.intake.kinds import NPZ
from healthcare.naming import called as naming

SPLITS = ("train", "val", "test")
COLOURS = 3
"""Length of the last axis that stands for red, green and blue rather than for depth."""
MOST_CLASSES = 1000
_LAYOUT = "name its arrays train_images, train_labels, val_images and so on, as MedMNIST does"


@dataclass(frozen=True)
class Pictures:
    """A labelled set of pictures, or of volumes, in parts.

    Attributes:
        images: by part ("train", "val", "test"; those that are there): uint8 of shape (n, rows, columns),
            (n, rows, columns, 3) in colour, or (n, x, y, z). A volume has no geometry here.
        labels: by part, (n,) int64: numbers of classes, from 0 on.
        classes: names, in the order of their numbers.
        sha256: of the file.
    """

    images: Mapping[str, NDArray[np.uint8]]
    labels: Mapping[str, NDArray[np.int64]]
    classes: tuple[str, ...]
    sha256: str

    @property
    def is_volume(self) -> bool:
        """Whether these are volumes rather than pictures."""
        return _is_volume(self.images["train"])

    @property
    def is_colour(self) -> bool:
        """Whether these are pictures in colour."""
        return self.images["train"].ndim == 4 and not self.is_volume

    def counts(self, split: str) -> NDArray[np.int64]:
        """How many of each class are in a part, in the order of `classes`."""
        return np.bincount(self.labels[split], minlength=len(self.classes))


def read_pictures(
    path: Path | str | Taken, *, classes: Sequence[str] = (), called: str = "the pictures"
) -> Pictures:
    """Read a MedMNIST-style npz.

    Args:
        path: the file, or one that came through the door already.
        classes: their names, in the order of their numbers; default: "class 0", "class 1", …
        called: what the file is called in messages.

    Raises:
        IntakeError: the file is refused.
        DataError: arrays are missing, of another shape or kind, or hold labels that are no classes.
    """
    with naming(path.path if isinstance(path, Taken) else Path(path), called, inner=True):
        taken = path if isinstance(path, Taken) else take(path, (NPZ,))
        arrays = taken.parse().arrays
    found = [split for split in SPLITS if f"{split}_images" in arrays]
    if "train" not in found:
        raise DataError("there are no pictures to train on in it", where=called, mend=_LAYOUT)
    images = {split: _images(arrays[f"{split}_images"], f"{called}, {split}_images") for split in found}
    shapes = {split: array.shape[1:] for split, array in images.items()}
    for split, shape in shapes.items():
        if shape != shapes["train"]:
            one, other = (" × ".join(map(str, part)) for part in (shape, shapes["train"]))
            what = f"its pictures have {one} pixels and those of train_images {other}"
            raise DataError(what, where=f"{called}, {split}_images", mend="bring all in one size")
    labels = {}
    for split in found:
        where = f"{called}, {split}_labels"
        if f"{split}_labels" not in arrays:
            raise DataError("the labels are missing", where=where, mend=_LAYOUT)
        labels[split] = _labels(arrays[f"{split}_labels"], len(images[split]), where)
    count = 1 + max(int(part.max()) for part in labels.values())
    if classes and len(classes) < count:
        what = f"{len(classes)} classes are named and labels go up to {count - 1}"
        raise DataError(what, where=called, mend=f"name {count} classes, from that of label 0 on")
    names = tuple(classes) or tuple(f"class {number}" for number in range(count))
    return Pictures(images, labels, names, taken.sha256)


def _images(array: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    mend = "bring uint8 of shape (n, rows, columns), (n, rows, columns, 3) or (n, x, y, z)"
    if array.dtype != np.uint8:
        raise DataError(f"its pictures are of type {array.dtype.name}, not uint8", where=where, mend=mend)
    if array.ndim == 5 and array.shape[-1] == 1:  # MedMNIST's own volumes never have it, others' do
        array = array[..., 0]
    if array.ndim not in (3, 4) or 0 in array.shape:
        shape = " × ".join(map(str, array.shape))
        raise DataError(f"an array of {shape} holds no pictures", where=where, mend=mend)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    return array.astype(np.uint8, copy=False)


def _is_volume(array: NDArray[np.uint8]) -> bool:
    return array.ndim == 4 and array.shape[-1] != COLOURS


def _labels(array: NDArray[np.generic], count: int, where: str) -> NDArray[np.int64]:
    if array.ndim == 2 and array.shape[1] > 1:
        mend = "bring one class a picture"
        raise DataError(f"each picture has {array.shape[1]} labels", where=where, mend=mend)
    flat = array.reshape(-1)
    if len(flat) != count:
        what = f"there are {len(flat)} labels for {count} pictures"
        raise DataError(what, where=where, mend="bring one label a picture")
    if flat.dtype.kind not in "iuf" or not np.array_equal(flat, np.round(flat)):
        raise DataError("its labels are no whole numbers", where=where, mend="number the classes from 0 on")
    low, high = int(flat.min()), int(flat.max())
    if low < 0 or high >= MOST_CLASSES:
        mend = f"number the classes from 0 to at most {MOST_CLASSES - 1}"
        raise DataError(f"its labels go from {low} to {high}", where=where, mend=mend)
    return flat.astype(np.int64)
