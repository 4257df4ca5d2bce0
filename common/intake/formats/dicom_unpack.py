"""Compressed pixels of a DICOM file: RLE, JPEG and JPEG 2000, by pydicom and Pillow.

What each compressed picture declares of its own size is compared with the header before it is decoded.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from common.errors import IntakeError, MissingExtraError
from common.intake.formats.dicom_elements import fragments
from common.intake.formats.dicom_instance import BROKEN, Instance

RLE = "1.2.840.10008.1.2.5"
_JPEG_12 = "1.2.840.10008.1.2.4.51"
JPEG = {
    "1.2.840.10008.1.2.4.50": "JPEG",
    _JPEG_12: "JPEG",
    "1.2.840.10008.1.2.4.90": "JPEG2000",
    "1.2.840.10008.1.2.4.91": "JPEG2000",
}
"""Transfer syntaxes that Pillow decodes, by its name of the format."""
LOSSY = ("1.2.840.10008.1.2.4.50", _JPEG_12, "1.2.840.10008.1.2.4.91")
OTHER = "export it uncompressed (explicit VR little endian) or as JPEG 2000"
_ANEW = "export it anew from the scanner or the archive"
_MOST_RUNS, _RLE_HEADER = 1.02, 4096
"""RLE adds at most one byte to 128; a frame longer than that was made to do harm."""
_GREY = ("L", "I;16", "I;16B", "I")


def frames(one: Instance) -> Iterator[np.ndarray[Any, Any]]:
    """Frames of a file, (row, column), decoded one at a time.

    Raises:
        IntakeError: a picture is damaged, missing, or of another size than the header says.
        MissingExtraError: Pillow is not installed, or lacks the codec.
    """
    from pydicom.pixels import get_decoder

    where, syntax, count = one.where, one.layout.syntax, 0
    packed = _packed(one)
    damaged = IntakeError("a compressed picture in it is damaged or cut off", where=where, mend=_ANEW)
    decoder = get_decoder(syntax)
    if not decoder.is_available:
        raise MissingExtraError("Pillow", "healthcare")
    if syntax == _JPEG_12 and one.bits_stored != 8:
        raise IntakeError("its pixels are packed as JPEG of 12 bits", where=where, mend=OTHER)
    _check(one, packed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for frame, _ in decoder.iter_array(
                packed,
                raw=True,
                rows=one.rows,
                columns=one.columns,
                number_of_frames=len(one.frames),
                samples_per_pixel=1,
                bits_allocated=one.bits_allocated,
                bits_stored=one.bits_stored,
                photometric_interpretation=one.photometric,
                pixel_representation=int(one.signed),
                pixel_keyword="PixelData",
            ):
                if frame.shape != (one.rows, one.columns):
                    raise damaged
                count += 1
                yield frame
        except MemoryError:
            raise
        except BROKEN as error:
            raise damaged from error
    if count != len(one.frames):
        raise damaged


def _packed(one: Instance) -> bytes:
    begin, end = one.layout.pixels or (0, 0)
    return bytes(one.layout.data[begin:end])


def _check(one: Instance, packed: bytes) -> None:
    """Hold the number of pictures, and what each declares, against the header."""
    from pydicom.encaps import generate_frames

    number, count = 0, len(one.frames)
    most = one.rows * one.columns * one.bits_allocated // 8 * _MOST_RUNS + _RLE_HEADER
    damaged = IntakeError("its compressed pictures do not match its header", where=one.where, mend=_ANEW)
    # The first fragment is the table of offsets, which may be empty.
    if sum(1 for _ in fragments(memoryview(packed), 0, "<")) < 1 + count:
        raise IntakeError(
            f"it declares {count} compressed pictures and fewer are there",
            where=one.where,
            mend="copy or export it anew",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for picture in generate_frames(packed, number_of_frames=count):
                number += 1
                fits = len(picture) <= most if one.layout.syntax == RLE else _fits(picture, one)
                if not fits:
                    raise damaged
        except MemoryError:
            raise
        except BROKEN as error:
            raise damaged from error
    if number != count:
        raise damaged


def _fits(picture: bytes, one: Instance) -> bool:
    """Whether a JPEG or JPEG 2000 is a grey picture of the header's size; its pixels are not decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture), formats=(JPEG[one.layout.syntax],)) as image:
            return image.size == (one.columns, one.rows) and image.mode in _GREY
    except (Image.DecompressionBombError, SyntaxError):
        return False
