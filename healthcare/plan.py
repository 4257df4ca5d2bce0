"""The plan: how scans are prepared, what the network is and how it learns, in one specification.

Training and inference both read it and nothing else, so that a network meets the same input in both. It is
stored beside the weights as `specification.json`. `healthcare.planning.make_plan` derives one from the
fingerprint of a data set, as nnU-Net taught (Isensee et al. 2021); one may also be written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from common.errors import StoreError
from healthcare.finding import Label

Triple = tuple[int, int, int]
KIND, VERSION = "segmentation", 1
MOST_LABELS, MOST_STAGES, LARGEST_PATCH_VOXELS, MOST_CHANNELS = 255, 8, 512**3, 2048


@dataclass(frozen=True)
class Normalisation:
    """How intensities are put on one scale.

    Attributes:
        kind: "z-score": each scan by its own mean and standard deviation (no absolute scale: MR);
            "clip": clipped to `low` and `high`, then by the data set's `mean` and `sd` (an absolute scale:
            Hounsfield units of CT).
        nonzero: mean and standard deviation are of the voxels that are not 0, and only they are changed:
            for scans whose surroundings were cut away.
        low, high: 0.5th and 99.5th percentile of the labelled voxels of the data set ("clip" alone).
        mean, sd: of the labelled voxels of the data set ("clip" alone).
    """

    kind: Literal["z-score", "clip"] = "z-score"
    nonzero: bool = False
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    sd: float = 1.0


@dataclass(frozen=True)
class Plan:
    """One specification for training and inference. Axes are x, y, z of RAS: right, anterior, superior.

    Attributes:
        labels: the structures; class 0 of the network is background, class i is `labels[i - 1]`.
        spacing_mm: voxel size of the network's grid.
        patch: voxels of one network input, in training and as the window of inference.
        batch_size: patches of one step.
        channels: features of each stage, from the finest to the coarsest.
        kernels: of each stage's convolutions.
        strides: between stages, one for each but the finest.
        stem: blocks of voxels that the network takes as one (space to depth), giving back as many voxels:
            the finest stage works on a grid coarser by this.
        deep_supervision: how many coarser stages are scored too, beside the finest.
        normalisation: of intensities.
        padding: what surrounds a volume smaller than the patch, after normalisation: its own edge repeated,
            or its own minimum.
        order: of the splines that resample images (3: cubic), across `coarse_axis` 0 (nearest).
        coarse_axis: axis much coarser than the others in the data, resampled apart; None where there is none.
        mirror: axes along which a scan may be mirrored, in training and at inference.
        modality: DICOM's code ("MR", "CT"), "" where any.
        data: what of the fingerprint a reader of the plan should know (cases, voxel sizes, class shares).
        reasons: why each choice was made, by its name, in words.
    """

    labels: tuple[Label, ...]
    spacing_mm: tuple[float, float, float]
    patch: Triple
    batch_size: int
    channels: tuple[int, ...]
    kernels: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    stem: Triple = (1, 1, 1)
    deep_supervision: int = 1
    normalisation: Normalisation = Normalisation()
    padding: Literal["edge", "minimum"] = "edge"
    order: int = 3
    coarse_axis: int | None = None
    mirror: tuple[int, ...] = (0,)
    modality: str = ""
    data: Mapping[str, Any] | None = None
    reasons: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if fault := self._fault():
            raise StoreError(f"the plan of the network does not hold together: {fault}", mend="plan anew")

    def _fault(self) -> str:  # noqa: PLR0912 -- one branch a fault
        stages, reach = len(self.channels), self.reach
        if not 1 <= len(self.labels) <= MOST_LABELS:
            return f"{len(self.labels)} labels"
        if len({label.value for label in self.labels}) < len(self.labels):
            return "two labels have one value"
        if any(not 1 <= label.value <= MOST_LABELS for label in self.labels):
            return f"a label's value is not within 1 to {MOST_LABELS}"
        if not 3 <= stages <= MOST_STAGES or len(self.kernels) != stages or len(self.strides) != stages - 1:
            return "channels, kernels and strides are not of one depth"
        if any(not 1 <= c <= MOST_CHANNELS for c in self.channels):
            return f"a stage has fewer than 1 or more than {MOST_CHANNELS} channels"
        for name, triples in (("kernels", self.kernels), ("strides", (self.stem, *self.strides))):
            if any(len(t) != 3 or any(not 1 <= n <= 7 for n in t) for t in triples):
                return f"{name} are not three whole numbers each, from 1 to 7"
        if any(n % 2 == 0 for kernel in self.kernels for n in kernel):
            return "a kernel is even"
        if len(self.patch) != 3 or any(n < 1 or n % r for n, r in zip(self.patch, reach, strict=True)):
            return f"the patch {self.patch} is not a multiple of the strides {reach}"
        if self.patch[0] * self.patch[1] * self.patch[2] > LARGEST_PATCH_VOXELS:
            return f"the patch {self.patch} is too large"
        if len(self.spacing_mm) != 3 or not all(1e-3 < s < 1e3 for s in self.spacing_mm):
            return f"the voxel size {self.spacing_mm} mm"
        if not 0 <= self.deep_supervision < stages or self.batch_size < 1 or self.order not in range(6):
            return "deep_supervision, batch_size or order is out of range"
        if not set(self.mirror) <= {0, 1, 2} or self.coarse_axis not in (None, 0, 1, 2):
            return "an axis is not 0, 1 or 2"
        if self.padding not in ("edge", "minimum") or self.normalisation.kind not in ("z-score", "clip"):
            return "padding or normalisation is unknown"
        if not self.normalisation.sd > 0:
            return "the standard deviation of intensities is not above 0"
        return ""

    @property
    def classes(self) -> int:
        """Number of classes with background."""
        return len(self.labels) + 1

    @property
    def values(self) -> tuple[int, ...]:
        """Value in a mask of each class, background first."""
        return (0, *(label.value for label in self.labels))

    @property
    def reach(self) -> Triple:
        """Voxels of the grid that are one voxel of the coarsest stage, along each axis."""
        found = list(self.stem)
        for stride in self.strides:
            found = [f * s for f, s in zip(found, stride, strict=False)]
        return found[0], found[1], found[2]

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain values for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, found: Any) -> Plan:
        """A plan from plain values, as `as_dict` gave them.

        Raises:
            StoreError: it is none, or does not hold together.
        """
        try:
            plain = dict(found)
            if unknown := sorted(set(plain) - {f.name for f in fields(cls)}):
                raise ValueError(f"unknown {unknown}")
            plain["labels"] = tuple(
                Label(**{**label, "colour": _whole(label["colour"])}) for label in plain["labels"]
            )
            plain["normalisation"] = Normalisation(**plain.get("normalisation", {}))
            plain["spacing_mm"] = tuple(float(s) for s in plain["spacing_mm"])
            for name in ("patch", "channels", "stem", "mirror"):
                if name in plain:
                    plain[name] = _whole(plain[name])
            for name in ("kernels", "strides"):
                plain[name] = tuple(_whole(triple) for triple in plain[name])
            return cls(**plain)
        except (TypeError, ValueError, KeyError) as error:
            raise StoreError(
                "the plan of the network cannot be read",
                mend="open it with the version of the suite that stored it, or train anew",
            ) from error


def specification(plan: Plan) -> dict[str, Any]:
    """What `specification.json` of a stored segmentation model holds."""
    return {"kind": KIND, "version": VERSION, "plan": plan.as_dict()}


def plan_of(found: Mapping[str, Any]) -> Plan:
    """The plan in a `specification.json`.

    Raises:
        StoreError: it is of another kind or version, or cannot be read.
    """
    if found.get("kind") != KIND or found.get("version") != VERSION:
        raise StoreError(
            "this model is not one that outlines structures, or is of another version",
            mend="open it with the version of the suite that stored it, or train anew",
        )
    return Plan.of(found.get("plan"))


def _whole(numbers: Sequence[Any]) -> tuple[int, ...]:
    if any(int(n) != n for n in numbers):
        raise ValueError("whole numbers are needed")
    return tuple(int(n) for n in numbers)
