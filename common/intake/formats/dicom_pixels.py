"""Pixels of a DICOM file as numbers: declared sizes are held against the file before anything is decoded."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats import dicom_unpack
from common.intake.formats.dicom_instance import Instance

MAX_BYTES = 512 << 20
"""Most bytes of pixels, over all files of a series."""
LOSSY = dicom_unpack.LOSSY
STRAY = "bits beside the stored numbers (drawings, or a wrong BitsStored) were cleared"
_ANEW = "export it anew from the scanner or the archive"
_PLAIN = ("", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
# End of the UID behind 1.2.840.10008.1.2.4. -> what it is packed as, where it is not taken in; the first that
# fits counts.
_FAMILY = "1.2.840.10008.1.2.4."
_REFUSED = (
    ("57", "JPEG Lossless"),
    ("70", "JPEG Lossless"),
    ("80", "JPEG-LS"),
    ("81", "JPEG-LS"),
    ("9", "JPEG 2000 of several parts"),
    ("107", "HEVC film"),
    ("108", "HEVC film"),
    ("10", "MPEG film"),
    ("11", "JPEG XL"),
    ("20", "high-throughput JPEG 2000"),
)


def check(one: Instance) -> int:
    """Refuse what cannot be decoded, or declares more than there is, before anything is.

    Returns:
        Bytes behind uncompressed pixels that the header does not account for.

    Raises:
        IntakeError: a transfer syntax or form of pixels that is not taken in; cut off; too large.
        DataError: a colour picture.
    """
    _check_form(one)
    where, layout = one.where, one.layout
    declared = one.rows * one.columns * len(one.frames) * one.bits_allocated // 8
    if declared > MAX_BYTES:
        raise IntakeError(
            f"it declares {one.rows:,} × {one.columns:,} × {len(one.frames):,} pixels,"
            f" {declared / 1e6:,.0f} MB, more than the {MAX_BYTES / 1e6:,.0f} MB that are taken in",
            where=where,
            mend="bring a part of it, or a coarser scan",
        )
    if layout.packed != (layout.syntax not in _PLAIN):
        raise IntakeError("its pixel data are not packed as it says", where=where, mend=_ANEW)
    begin, end = layout.pixels or (0, 0)
    if layout.packed:
        return 0
    if end - begin < declared:
        raise IntakeError(
            f"it declares {declared:,} bytes of pixels and {end - begin:,} are there",
            where=where,
            mend="copy or export it anew",
        )
    return end - begin - declared


def _check_form(one: Instance) -> None:
    where, syntax = one.where, one.layout.syntax
    if syntax not in _PLAIN and syntax != dicom_unpack.RLE and syntax not in dicom_unpack.JPEG:
        kind = syntax.removeprefix(_FAMILY) if syntax.startswith(_FAMILY) else ""
        words = next((words for begin, words in _REFUSED if kind.startswith(begin)), "")
        said = f"as {words}" if words else "in a way that is not known here"
        raise IntakeError(f"its pixels are packed {said}", where=where, mend=dicom_unpack.OTHER)
    if one.samples != 1 or one.photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(
            "it is a colour picture, such as a photo of a screen, and holds no measured values",
            where=where,
            mend="bring the original series of the scanner",
        )
    if one.layout.floats or one.bits_allocated not in (8, 16, 32):
        raise IntakeError(
            f"it holds pixels of {one.bits_allocated} bits or floating-point pixels",
            where=where,
            mend="export the scan with whole numbers of 8 or 16 bits",
        )
    if not 1 <= one.bits_stored <= one.high_bit + 1 <= one.bits_allocated:
        raise IntakeError(
            "its BitsAllocated, BitsStored and HighBit contradict each other", where=where, mend=_ANEW
        )


def stored(one: Instance) -> tuple[np.ndarray[Any, Any], bool]:
    """The stored numbers of all frames, (frame, row, column), in this machine's byte order.

    Bits that do not belong to them are cleared, and MONOCHROME1 is inverted.

    Returns:
        The numbers, and whether other bits were in use, as in old files with drawings in them.

    Raises:
        IntakeError: the pixels are damaged.
    """
    if one.layout.packed:
        raw = np.empty((len(one.frames), one.rows, one.columns), _dtype(one))
        for number, frame in enumerate(dicom_unpack.frames(one)):
            raw[number] = frame
    else:
        begin, _ = one.layout.pixels or (0, 0)
        raw = _plain(one, one.layout.data[begin:])
    above = one.bits_allocated - 1 - one.high_bit
    below = one.high_bit + 1 - one.bits_stored
    numbers, stray = raw, False
    if above or below:
        # To the left end and back: the shift to the right of a signed type keeps the sign.
        numbers = (raw << above) >> (above + below)
        stray = bool((raw != numbers).any())
    if one.photometric == "MONOCHROME1":
        # Only the order of grey counts: the brightest becomes the darkest of the same range.
        numbers = ~numbers if one.signed else (2**one.bits_stored - 1) - numbers
    return numbers, stray


def _dtype(one: Instance) -> np.dtype[Any]:
    return np.dtype(f"{'i' if one.signed else 'u'}{one.bits_allocated // 8}")


def _plain(one: Instance, data: memoryview) -> np.ndarray[Any, Any]:
    shape = (len(one.frames), one.rows, one.columns)
    count, dtype = shape[0] * shape[1] * shape[2], _dtype(one)
    if one.layout.little:
        return np.frombuffer(data, dtype.newbyteorder("<"), count).reshape(shape)
    if one.bits_allocated == 8 and one.layout.words:
        # Two pixels of 8 bits lie in one big-endian word, the first of them in its lower half.
        even = count + count % 2
        if len(data) < even:
            raise IntakeError("its pixel data are cut off", where=one.where, mend="copy or export it anew")
        pairs = np.frombuffer(data, dtype, even).reshape(-1, 2)
        return pairs[:, ::-1].reshape(-1)[:count].reshape(shape)
    return np.frombuffer(data, dtype.newbyteorder(">"), count).reshape(shape).astype(dtype)
