"""Scans made for the tests: NIfTI and DICOM of one volume, with a name in every place where one may stand."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

CANARY = "CANARY"
ROOT = "1.2.826.0.1.3680043.8.498."
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def noise(*shape: int, dtype: str = "int16", most: int = 3000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most, shape).astype(dtype)


def nifti(voxels: np.ndarray, affine: np.ndarray | None = None, version: int = 1, big: bool = False) -> bytes:
    """A NIfTI file of one volume, in mm, with a name in its free text."""
    kind = nib.Nifti1Image if version == 1 else nib.Nifti2Image
    header = kind.header_class(endianness=">" if big else "<")
    header.set_data_dtype(voxels.dtype)
    header.set_xyzt_units("mm", "sec")
    header["descrip"], header["aux_file"], header["intent_name"] = (CANARY.encode(),) * 3
    image = kind(voxels, np.diag([1.0, 1.0, 2.0, 1.0]) if affine is None else affine, header)
    image.header.set_xyzt_units("mm", "sec")
    return image.to_bytes()


def header_changed(data: bytes, at: int, form: str, *values: float) -> bytes:
    """A little-endian NIfTI-1 with other values from a byte of its header on."""
    changed = bytearray(data)
    struct.pack_into("<" + form, changed, at, *values)
    return bytes(changed)


def dicom(
    pixels: np.ndarray,
    syntax: str = ExplicitVRLittleEndian,
    change: Callable[[FileDataset], Any] | None = None,
    **elements: Any,
) -> bytes:
    """A DICOM file with names in elements, nested, private and in free text; those given as None go."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = elements.get("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = elements.get("SOPInstanceUID", ROOT + "1")
    data = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID = ROOT + "77"
    data.SpecificCharacterSet = "ISO_IR 192"
    data.Modality, data.PatientName, data.PatientID = "CT", "JANSEN^" + CANARY, "BSN" + CANARY
    data.PatientBirthDate, data.SeriesDescription = "19500101", "hoofd " + CANARY
    data.ImageComments, data.InstitutionName = "tel " + CANARY, "Ziekenhuis é " + CANARY
    inner, outer = Dataset(), Dataset()
    inner.PatientName, outer.TextValue = CANARY, CANARY
    outer.ContentSequence = Sequence([inner])
    data.ContentSequence = Sequence([outer])
    data.private_block(0x29, CANARY, create=True).add_new(0x10, "LO", CANARY)
    bits = pixels.dtype.itemsize * 8
    data.Rows, data.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        data.NumberOfFrames = pixels.shape[0]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.PixelSpacing = [0.5, 0.75]
    data.PixelData = pixels.tobytes() + bytes(pixels.nbytes % 2)
    data["PixelData"].VR = "OW" if bits > 8 else "OB"
    for name, value in elements.items():
        if value is None:
            data.pop(name, None)
        else:
            setattr(data, name, value)
    if change:
        change(data)
    out = io.BytesIO()
    little, implicit = syntax != "1.2.840.10008.1.2.2", syntax == "1.2.840.10008.1.2"
    pydicom.dcmwrite(out, data, little_endian=little, implicit_vr=implicit, enforce_file_format=True)
    return out.getvalue()


def plane(affine: np.ndarray, k: int) -> dict[str, list[float]]:
    """The elements that say where slice k lies, for an affine to RAS+ mm of (column, row, slice)."""
    lps = _TO_RAS @ affine
    column, row = np.linalg.norm(lps[:3, 0]), np.linalg.norm(lps[:3, 1])
    return {
        "ImageOrientationPatient": [*(lps[:3, 0] / column), *(lps[:3, 1] / row)],
        "ImagePositionPatient": list(lps[:3, 3] + k * lps[:3, 2]),
        "PixelSpacing": [float(row), float(column)],
    }


def study(
    voxels: np.ndarray, affine: np.ndarray, order: Iterable[int] | None = None, **elements: Any
) -> list[bytes]:
    """One file a slice of a volume (column, row, slice)."""
    files = []
    for number, k in enumerate(range(voxels.shape[2]) if order is None else order, 1):
        where = {"SOPInstanceUID": f"{ROOT}{number}.{k}", "InstanceNumber": number, **plane(affine, k)}
        files.append(dicom(np.ascontiguousarray(voxels[:, :, k].T), **{**where, **elements}))
    return files


def enhanced(
    voxels: np.ndarray, affine: np.ndarray, order: Iterable[int] | None = None, **elements: Any
) -> bytes:
    """One file with the slices of a volume (column, row, slice) as frames, rescaled by their number + 1."""
    ranks = list(range(voxels.shape[2]) if order is None else order)
    groups = []
    for k in ranks:
        place, values, group = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = plane(affine, k)["ImagePositionPatient"]
        values.RescaleSlope, values.RescaleIntercept = k + 1, 0
        group.PlanePositionSequence = Sequence([place])
        group.PixelValueTransformationSequence = Sequence([values])
        groups.append(group)
    turned, measures, shared = Dataset(), Dataset(), Dataset()
    turned.ImageOrientationPatient = plane(affine, 0)["ImageOrientationPatient"]
    measures.PixelSpacing, measures.SliceThickness = plane(affine, 0)["PixelSpacing"], 1
    shared.PlaneOrientationSequence = Sequence([turned])
    shared.PixelMeasuresSequence = Sequence([measures])
    return dicom(
        np.stack([voxels[:, :, k].T for k in ranks]),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1",
        PixelSpacing=None,
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(groups),
        **elements,
    )


def zipped(files: Iterable[bytes], **extra: bytes) -> bytes:
    """Files in a zip, in folders named after a person."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"JANSEN_{CANARY}/IM{number:04d}", data)
        for name, data in extra.items():
            archive.writestr(name, data)
    return out.getvalue()


def world(affine: np.ndarray, voxels: np.ndarray) -> dict[tuple[float, ...], float]:
    """Values by the place of their voxel in RAS+ mm, rounded to a tenth of a mm."""
    index = np.indices(voxels.shape[:3]).reshape(3, -1)
    at = (affine[:3, :3] @ index + affine[:3, 3:]).round(1) + 0.0
    return dict(zip(map(tuple, at.T.tolist()), voxels.reshape(-1).tolist(), strict=True))
