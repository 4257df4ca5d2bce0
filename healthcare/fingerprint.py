"""The fingerprint of a data set: what of it decides how a network should be built and fed.

After Isensee et al. 2021: voxel sizes, shapes, intensities of what is labelled, and how
much of each class there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from nibabel import orientations
from numpy.typing import NDArray

from common.errors import DataError
from common.pilot import Progress, silent
from healthcare.data import Scan
from healthcare.finding import Label

if TYPE_CHECKING:
    from healthcare.dataset import Case, Dataset

Mask = NDArray[np.uint8]
DRAWN = 10_000
"""Labelled voxels of a case that its intensities are judged by, drawn at random: cases count alike."""


@dataclass(frozen=True)
class Fingerprint:
    """What decides a plan. Axes are x, y, z of RAS.

    Attributes:
        labels: the structures.
        modality: DICOM's code, "" where unknown.
        spacings_mm: voxel size of each case.
        shapes: voxels of each case.
        orientations: which way the files' own axes point ("RAS"), with the number of cases of each.
        class_shares: share of each class in all voxels, background first.
        cases_with: number of cases in which each label occurs.
        low, high, mean, sd: 0.5th and 99.5th percentile, mean and standard deviation of labelled voxels.
        zero_share: median over the cases of the share of voxels that are exactly 0.
        sha256: of the data set; "" where unknown.
    """

    labels: tuple[Label, ...]
    modality: str
    spacings_mm: tuple[tuple[float, ...], ...]
    shapes: tuple[tuple[int, ...], ...]
    orientations: dict[str, int]
    class_shares: tuple[float, ...]
    cases_with: tuple[int, ...]
    low: float
    high: float
    mean: float
    sd: float
    zero_share: float
    sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def fingerprint(
    dataset: Dataset, cases: Sequence[Case] | None = None, progress: Progress = silent
) -> Fingerprint:
    """The fingerprint of a data set's cases.

    Args:
        dataset: whose labels and modality hold.
        cases: those to look at, the training part of a fold, so that nothing of the other part is used;
            None: all.
        progress: called before each case.

    Raises:
        DataError, IntakeError: a case cannot be read, or has no mask.
    """
    cases = dataset.cases if cases is None else cases

    def read() -> Iterator[tuple[Scan, Mask | None]]:
        for number, case in enumerate(cases, 1):
            progress((number - 1) / len(cases), f"looking at {case.called}")
            yield case.read()

    return fingerprint_of(read(), dataset.labels, dataset.modality, dataset.sha256)


def fingerprint_of(
    read: Iterable[tuple[Scan, Mask | None]], labels: Sequence[Label], modality: str = "", sha256: str = ""
) -> Fingerprint:
    """The fingerprint of scans with their masks, one at a time in memory.

    Raises:
        DataError: a scan has no mask or no geometry, or nothing is labelled.
    """
    spacings, shapes, axes, zeros, drawn = [], [], [], [], []
    counts = np.zeros(len(labels) + 1, dtype=np.int64)
    cases_with = np.zeros(len(labels), dtype=np.int64)
    random = np.random.default_rng(0)
    for number, (scan, mask) in enumerate(read, 1):
        where = f"case {number}"
        if mask is None or scan.affine is None:
            raise DataError("a volume with a mask is needed", where=where, mend="leave the case out")
        turn = orientations.io_orientation(scan.affine)
        order = np.argsort(turn[:, 0])
        spacings.append(tuple(float(s) for s in np.linalg.norm(scan.affine[:3, :3], axis=0)[order]))
        shapes.append(tuple(int(n) for n in np.array(scan.array.shape)[order]))
        axes.append("".join(orientations.ornt2axcodes(turn)))
        here = np.array([np.count_nonzero(mask == label.value) for label in labels])
        counts += [mask.size - here.sum(), *here]
        cases_with += here > 0
        zeros.append(float((scan.array == 0).mean()))
        known = scan.array[np.isin(mask, [label.value for label in labels])].astype(np.float64)
        if known.size:
            drawn.append(known if known.size <= DRAWN else random.choice(known, DRAWN, replace=False))
    if not drawn:
        raise DataError("no voxel is labelled in any mask", mend="bring masks with the labels' numbers")
    values = np.concatenate(drawn)
    low, high = np.percentile(values, [0.5, 99.5])
    return Fingerprint(
        labels=tuple(labels),
        modality=modality,
        spacings_mm=tuple(spacings),
        shapes=tuple(shapes),
        orientations={axis: axes.count(axis) for axis in sorted(set(axes))},
        class_shares=tuple(float(c) for c in counts / counts.sum()),
        cases_with=tuple(int(c) for c in cases_with),
        low=float(low),
        high=float(high),
        mean=float(values.mean()),
        sd=float(values.std()),
        zero_share=float(np.median(zeros)),
        sha256=sha256,
    )
