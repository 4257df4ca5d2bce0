"""A mask as a DICOM Segmentation (PS3.3 A.51), so that any viewer or archive lays it over its series.

One segment stands for each structure and one frame for each slice in which it occurs. Frames are tied to
their source pictures by place, never by order or name, and take over the place as the source writes it: what
was marked in a pixel is marked in that pixel. `healthcare.dicom_seg_reader` reads such objects back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from healthcare import terms
from healthcare.dicom_geometry import WHERE, Grid, grid_of, onto
from healthcare.dicom_sources import CHARACTERS, MANUFACTURER, MODEL_NAME, cut, name_taken, referable

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

    from healthcare.finding import Label

RESEARCH = "For research only, not for diagnosis or treatment"
"""Fits DICOM's 64 characters."""
RESEARCH_MARK = " (research use only)"
SERIES_NUMBER = 9101


def segmentation_object(
    mask: NDArray[np.uint8],
    affine: NDArray[np.float64],
    labels: Sequence[Label],
    sources: Sequence[Dataset],
    *,
    series_description: str,
    algorithm: str,
    version: str,
    series_number: int = SERIES_NUMBER,
    notes: list[str] | None = None,
) -> Dataset:
    """Make a binary DICOM Segmentation of a mask.

    A structure that the mask does not hold gets no segment; segments are numbered in the order of `labels`.
    Where nothing is marked at all, there is one segment for each label, with empty frames.

    Args:
        mask: (x, y, z) on the voxels of the series, turned or mirrored as it may be; 0 is background, else a
            label's value.
        affine: (4, 4), from the mask's voxels to RAS+ mm.
        labels: the structures.
        sources: the series: single-frame datasets in any order, or one enhanced multi-frame dataset; pixels
            are not needed. The patient and study are taken over as they are.
        series_description: in words, without a name; that it is for research is added.
        algorithm: name of the model.
        version: of the model.
        series_number: of the new series in the study.
        notes: gets a sentence on what the sources lack and was made up.

    Returns:
        A dataset with file meta information, ready for `dcmwrite` or to be sent.

    Raises:
        DataError: mask and series do not have the same voxels, the mask holds numbers that no label has, or
            the sources are not one series whose pictures say where they lie.
    """
    from highdicom.seg import Segmentation
    from pydicom.uid import generate_uid

    grid = grid_of(sources)
    planes, present = _planes(mask, affine, labels, grid)
    said = notes if notes is not None else []
    references = referable(sources, grid, said)
    if len(references) == 1 and len(grid.order) > 1:
        # highdicom ties the planes of a multi-frame source by their number in it.
        planes = planes[np.argsort([frame for _, frame in grid.order])]
    name = name_taken(references[0])
    made = Segmentation(
        source_images=references,
        pixel_array=planes,
        segmentation_type="BINARY",
        segment_descriptions=_descriptions(present, algorithm, version),
        series_instance_uid=generate_uid(),
        series_number=series_number,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=cut(version),
        device_serial_number=cut(version),
        content_label="SEGMENTATION",
        content_description=RESEARCH,
        series_description=marked(series_description),
        specific_character_set=CHARACTERS,
    )
    made.add(name)
    made.ContentCreatorName = ""  # must be there (type 2), and nobody drew it
    return made


def marked(description: str) -> str:
    """A description of a series that says it is for research only, in DICOM's 64 characters."""
    if RESEARCH_MARK.strip() in description:
        return cut(description)
    return cut(description)[: 64 - len(RESEARCH_MARK)].rstrip() + RESEARCH_MARK


def algorithm_identification(algorithm: str, version: str) -> AlgorithmIdentificationSequence:
    """The model as DICOM names algorithms: artificial intelligence, by name and version."""
    from highdicom import AlgorithmIdentificationSequence

    family = terms.concept("123110", "Artificial Intelligence", "DCM")
    return AlgorithmIdentificationSequence(name=cut(algorithm), family=family, version=cut(version))


def _planes(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], labels: Sequence[Label], grid: Grid
) -> tuple[NDArray[np.uint8], list[Label]]:
    """The mask as (slice, row, column) of segment numbers in the order of the series, and its structures."""
    laid = onto(mask, affine, grid.shape, grid.affine, whole=True)
    if laid is None:
        sizes = [" × ".join(map(str, shape)) for shape in (mask.shape, grid.shape)]
        raise DataError(
            f"the mask ({sizes[0]} voxels) does not lie on its pictures ({sizes[1]})",
            where=WHERE,
            mend="hand over the series that was outlined, whole and alone",
        )
    found = set(np.unique(laid).tolist()) - {0}
    if strange := found - {label.value for label in labels}:
        said = ", ".join(map(str, sorted(strange)))
        raise DataError(
            f"the mask holds numbers that no structure has: {said}", mend="give it its own labels"
        )
    present = [label for label in labels if label.value in found] or list(labels)
    if not present:
        raise DataError("there is no structure to be stored", mend="give the mask its labels")
    numbers = np.zeros(256, np.uint8)
    for number, label in enumerate(present, 1):
        numbers[label.value] = number
    return np.ascontiguousarray(numbers[laid].T), present


def _descriptions(labels: Sequence[Label], algorithm: str, version: str) -> list[SegmentDescription]:
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.uid import generate_uid

    out = []
    for number, label in enumerate(labels, 1):
        made = SegmentDescription(
            segment_number=number,
            segment_label=cut(label.name),
            segmented_property_category=terms.category(label),
            segmented_property_type=terms.structure(label),
            algorithm_type="AUTOMATIC",
            algorithm_identification=algorithm_identification(algorithm, version),
            tracking_uid=generate_uid(),
            tracking_id=cut(label.name),
            display_color=CIELabColor.from_rgb(*label.colour),
        )
        if part := terms.part(label):
            kind = made.SegmentedPropertyTypeCodeSequence[0]
            kind.SegmentedPropertyTypeModifierCodeSequence = [part]
        out.append(made)
    return out
