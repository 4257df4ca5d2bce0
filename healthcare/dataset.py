"""Training data: volumes with masks in the layout of the Medical Segmentation Decathlon, a case at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.intake import take
from common.intake.kinds import NIFTI
from healthcare.data import Scan, read_scan
from healthcare.dataset_layout import Layout, read_layout, stem
from healthcare.dataset_patients import patients_of
from healthcare.finding import Label
from healthcare.mask import read_mask
from healthcare.naming import called as naming

COLOURS = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
    (204, 121, 167),
)  # fmt: skip
"""Of labels, in turn: told apart with colour blindness as well (Okabe and Ito 2008)."""


@dataclass(frozen=True)
class Case:
    """One volume with its mask.

    Attributes:
        number: place in the order of the files' names, from 1 on; what it is called in messages.
        of: number of cases.
        patient: stands for a person, and says nothing about who it is; all cases of one stay together.
        image: NIfTI file of the volume.
        mask: NIfTI file of the mask, None where there is none.
        values: numbers that may stand in the mask beside 0; None: any.
        modality: DICOM's code, "" where unknown.
    """

    number: int
    of: int
    patient: str
    image: Path = field(repr=False)
    mask: Path | None = field(repr=False)
    values: tuple[int, ...] | None = None
    modality: str = ""

    @property
    def called(self) -> str:
        """What it is called in messages: "case 3 of 192"."""
        return f"case {self.number} of {self.of}"

    def read(self) -> tuple[Scan, NDArray[np.uint8] | None]:
        """The scan, and the mask (x, y, z) on its grid.

        Raises:
            IntakeError: a file is refused.
            DataError: it is no volume, or scan and mask do not belong together.
        """
        scan = self.scan()
        return scan, self.drawn(scan)

    def scan(self) -> Scan:
        """The scan alone."""
        with naming(self.image, self.called):
            taken = take(self.image, (NIFTI,))
        found = read_scan(taken, called=self.called)
        return replace(found, modality=self.modality)

    def drawn(self, scan: Scan) -> NDArray[np.uint8] | None:
        """The mask alone, on the grid of the case's scan."""
        if self.mask is None:
            return None
        return read_mask(self.mask, scan, self.values, called=f"{self.called}, mask")


@dataclass(frozen=True)
class Dataset:
    """A training folder; nothing but names is read before a case is asked for.

    Attributes:
        cases: the training cases, all with masks, in the order of their files' names.
        labels: structures in the masks, by their number.
        modality: DICOM's code, "" where unknown.
        tests: cases without masks that were set apart.
        notes: what does not fit together without standing in the way, one sentence each.
    """

    cases: tuple[Case, ...]
    labels: tuple[Label, ...]
    modality: str = ""
    tests: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Fingerprint over the content of images and masks, patients and labels; not over names of files."""
        total = hashlib.sha256(repr([(one.value, one.name) for one in self.labels]).encode())
        for case in self.cases:
            with naming(case.image, case.called):
                image = take(case.image, (NIFTI,)).sha256
            mask = ""
            if case.mask is not None:
                with naming(case.mask, f"{case.called}, mask"):
                    mask = take(case.mask, (NIFTI,)).sha256
            total.update(f"{case.patient} {image} {mask}\n".encode())
        return total.hexdigest()


class Fold(NamedTuple):
    """One division of the cases; no patient is in both parts."""

    train: tuple[Case, ...]
    valid: tuple[Case, ...]


def read_dataset(folder: Path | str, *, names: Mapping[int, str] | None = None) -> Dataset:
    """Read what a training folder holds.

    Args:
        folder: with imagesTr and labelsTr, and dataset.json and patients.csv if there are such. The latter
            has the columns `case` (an image's name without ending, or the number at its end) and `patient`.
        names: number -> name of labels, before what dataset.json says. Where neither says anything, all masks
            are read to see which numbers stand in them.

    Raises:
        IntakeError: a file is refused.
        DataError: an image has no mask, files are missing, or dataset.json or patients.csv makes no sense.
    """
    folder = Path(folder)
    layout = read_layout(folder)
    for flaw in layout.flaws:
        if flaw.stops:
            raise DataError(flaw.what, where=flaw.where, mend=flaw.mend)
    known = {**(layout.labels or {}), **(names or {})}
    cases, notes = cases_of(folder, layout, tuple(sorted(known)) or None)
    if not known:
        cases, known = _labelled(cases)
    labels = tuple(
        Label(value, known[value], colour=COLOURS[rank % len(COLOURS)])
        for rank, value in enumerate(sorted(known))
    )
    count = len(layout.tests)
    tests = tuple(
        Case(number, count, f"test {number}", image, None, None, layout.modality)
        for number, image in enumerate(layout.tests, 1)
    )
    notes += [flaw.what for flaw in layout.flaws]
    return Dataset(cases, labels, layout.modality, tests, tuple(notes))


def cases_of(
    folder: Path, layout: Layout, values: tuple[int, ...] | None
) -> tuple[tuple[Case, ...], list[str]]:
    """The cases of a layout with their patients, and notes on these."""
    count = len(layout.pairs)
    patients, notes = patients_of(folder, [stem(image) for image, _ in layout.pairs])
    return tuple(
        Case(number, count, patient, image, mask, values, layout.modality)
        for number, (patient, (image, mask)) in enumerate(zip(patients, layout.pairs, strict=True), 1)
    ), notes


def _labelled(cases: tuple[Case, ...]) -> tuple[tuple[Case, ...], dict[int, str]]:
    """The cases with the numbers that stand in their masks, and a plain name for each of these."""
    found: set[int] = set()
    for case in cases:
        mask = case.read()[1]
        if mask is not None:
            found |= set(np.unique(mask).tolist()) - {0}
    if not found:
        raise DataError("nothing is drawn in any mask", where="labelsTr", mend="bring masks with labels")
    values = tuple(sorted(found))
    known = {value: f"label {value}" for value in values}
    return tuple(replace(case, values=values) for case in cases), known


def folds(dataset: Dataset, n: int = 5, seed: int = 0) -> tuple[Fold, ...]:
    """Divide the cases into `n` folds for cross-validation, by patient.

    Each case is in the validation part of one fold; folds are as even as patients with several cases allow.

    Args:
        dataset: what is divided.
        n: number of folds, at least 2.
        seed: of the order in which patients are dealt out.

    Raises:
        DataError: there are fewer patients than folds.
    """
    groups: dict[str, list[Case]] = {}
    for case in dataset.cases:
        groups.setdefault(case.patient, []).append(case)
    if not 2 <= n <= len(groups):
        raise DataError(
            f"{n} folds cannot be made of {len(groups)} patients", mend=f"choose from 2 to {len(groups)}"
        )
    names = list(groups)
    order = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    parts: list[list[Case]] = [[] for _ in range(n)]
    for name in sorted(order, key=lambda one: -len(groups[one])):  # stable: the largest first, else as drawn
        min(parts, key=len).extend(groups[name])
    made = []
    for part in parts:
        held = {case.number for case in part}
        valid = tuple(case for case in dataset.cases if case.number in held)
        made.append(Fold(tuple(case for case in dataset.cases if case.number not in held), valid))
    return tuple(made)
