"""PNG and JPEG: pixels alone; what a camera or a program wrote beside them (names, places) is left behind.

The parts of the file are walked before Pillow sees it. Of a PNG only the parts that make the picture are
handed on, so that packed texts and colour profiles, which may grow without end, are never unpacked.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import IntakeError
from common.intake.parcel import Parcel
from common.intake.source import Source

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS, MAX_BYTES = 100_000_000, 300_000_000
_MAX_PARTS, _MAX_SCANS = 100_000, 200
_MAX_EXIF_BYTES = 1 << 16
_MAX_TEXT_BYTES = 4 << 20
"""Most that one packed text or colour profile may grow to; the largest profiles have 4 MB."""
_ANEW = "save or copy it anew"
_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_BROKEN = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, AttributeError, RuntimeError,
    ArithmeticError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises on damaged files."""
_BAND_ROWS = 256
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Numbers a pixel by PNG's type of colour."""
_LACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Where the seven passes of an interlaced PNG begin, and their steps."""
_ORIENTATION = 0x0112


def read(source: Source) -> Parcel:
    """Read a picture: array "pixels" (rows, columns) or (rows, columns, 3), uint8 or uint16.

    Raises:
        IntakeError: damaged, cut off, or larger than is taken in.
    """
    from PIL import Image

    where, view, notes = source.name, source.view, list[str]()
    is_png = bytes(view[:8]) == _PNG
    data, turn = _png(view, where, notes) if is_png else _jpeg(view, where)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG" if is_png else "JPEG",)) as image:
            _check_size(*image.size, 3, where)
            bits = 8 if not is_png else data[24]
            image.load()
            plain = _plain(image, bits, notes)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large("too many", where) from error
    except MemoryError:
        raise
    except _BROKEN as error:
        raise IntakeError("the picture is cut off or damaged", where=where, mend=_ANEW) from error
    pixels = _pixels(plain)
    if turn != 1:
        pixels = _turned(pixels, turn)
        notes.append("the picture was turned upright as the camera noted")
    facts = {
        "shape": list(pixels.shape),
        "format": "PNG" if is_png else "JPEG",
        "colour": "RGB" if pixels.ndim == 3 else "grey",
        "dtype": pixels.dtype.name,
        "lossy": not is_png,
    }
    return Parcel(facts, {"pixels": pixels}, notes=notes)


def _too_large(many: str, where: str) -> IntakeError:
    return IntakeError(
        f"it declares {many} pixels, more than the {MAX_PIXELS / 1e6:,.0f} million that are taken in",
        where=where, mend="bring a smaller picture, or a part of it",
    )  # fmt: skip


def _check_size(columns: int, rows: int, bytes_a_pixel: int, where: str) -> None:
    if not columns or not rows:
        raise IntakeError("the picture has no pixel", where=where, mend=_ANEW)
    if columns * rows > MAX_PIXELS or columns * rows * bytes_a_pixel > MAX_BYTES:
        raise _too_large(f"{columns:,} × {rows:,}", where)


def _png(view: memoryview, where: str, notes: list[str]) -> tuple[bytes, int]:
    """The parts that make the picture, as a PNG of their own, and the orientation that a camera noted."""
    kept, at, turn, count = [_PNG], 8, 1, 0
    while True:
        count += 1
        name = bytes(view[at + 4 : at + 8])
        if at + 12 > len(view) or count > _MAX_PARTS:
            raise IntakeError("the picture is cut off", where=where, mend=_ANEW)
        (length,) = struct.unpack(">I", view[at : at + 4])
        end = at + 12 + length
        if end > len(view):
            raise IntakeError("the picture is cut off", where=where, mend=_ANEW)
        body = view[at + 8 : end - 4]
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise IntakeError("the picture is damaged: a check sum is wrong", where=where, mend=_ANEW)
        if (count == 1) != (name == b"IHDR"):
            raise IntakeError("the picture is damaged: its parts are out of order", where=where, mend=_ANEW)
        if name == b"IHDR":
            if length != 13:
                raise IntakeError("the picture's header is damaged", where=where, mend=_ANEW)
            columns, rows, bits, colour = struct.unpack(">IIBB", body[:10])
            _check_size(columns, rows, _SAMPLES.get(colour, 4) * (2 if bits == 16 else 1), where)
        elif name in (b"zTXt", b"iTXt", b"iCCP"):
            _check_packed(name, bytes(body), where)
        elif name == b"eXIf" and length <= _MAX_EXIF_BYTES:
            turn = _orientation(bytes(body))
        elif name == b"acTL":
            notes.append("this is an animation; its first picture was read")
        if name in _DRAWN:
            kept.append(bytes(view[at:end]))
        if name == b"IEND":
            whole = b"".join(kept)
            _check_lines(whole, where)
            return whole, turn
        at = end


def _check_lines(whole: bytes, where: str) -> None:
    """See that all lines are there: Pillow leaves those black that are missing, without a word."""
    columns, rows, bits, colour, _, _, laced = struct.unpack(">2I5B", whole[16:29])
    width = bits * _SAMPLES.get(colour, 4)
    steps = _LACED if laced else ((0, 0, 1, 1),)
    wanted = 0
    for left, top, right, down in steps:
        across, lines = -(-(columns - left) // right), -(-(rows - top) // down)
        if across > 0 and lines > 0:
            wanted += lines * (1 + -(-across * width // 8))
    engine, at, grown = zlib.decompressobj(), 8, 0
    while at < len(whole) and grown < wanted:
        length = int.from_bytes(whole[at : at + 4], "big")
        rest = whole[at + 8 : at + 8 + length] if whole[at + 4 : at + 8] == b"IDAT" else b""
        while rest and grown < wanted and not engine.eof:
            try:
                grown += len(engine.decompress(rest, 1 << 20))
            except zlib.error as error:
                raise IntakeError("the picture is damaged", where=where, mend=_ANEW) from error
            rest = engine.unconsumed_tail
        at += 12 + length
    if grown < wanted:
        raise IntakeError("the picture is cut off: lines are missing", where=where, mend=_ANEW)


def _check_packed(name: bytes, body: bytes, where: str) -> None:
    """See that a packed text or profile is no bomb; nothing of it is kept."""
    at = body.find(b"\x00")
    if at < 0:
        return
    if name == b"iTXt":
        packed, at = body[at + 1 : at + 2] == b"\x01", at + 3
        for _ in range(2):  # language, and keyword in that language
            at = body.find(b"\x00", at) + 1
        if not packed:
            return
    else:
        at += 2
    engine, grown = zlib.decompressobj(), 0
    rest = body[at:]
    try:
        while rest and not engine.eof:
            grown += len(engine.decompress(rest, 1 << 16))
            rest = engine.unconsumed_tail
            if grown > _MAX_TEXT_BYTES:
                raise IntakeError(
                    f"a text or colour profile in it grows past {_MAX_TEXT_BYTES >> 20} MB",
                    where=where, mend="save the picture without descriptions",
                )  # fmt: skip
    except zlib.error:
        return  # what is damaged there harms nobody, as it is left out


def _jpeg(view: memoryview, where: str) -> tuple[memoryview, int]:
    """The whole file, and the orientation that a camera noted."""
    at, turn, sized, scans = 2, 1, False, 0
    while True:
        while at + 4 <= len(view) and view[at] == 0xFF and view[at + 1] == 0xFF:
            at += 1  # fill bytes
        if at + 4 > len(view) or view[at] != 0xFF:
            raise IntakeError("the picture is cut off or damaged", where=where, mend=_ANEW)
        mark, length = view[at + 1], int.from_bytes(view[at + 2 : at + 4], "big")
        body = view[at + 4 : at + 2 + length]
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            if len(body) < 6 or sized:
                raise IntakeError("the picture's header is damaged", where=where, mend=_ANEW)
            rows, columns = struct.unpack(">HH", body[1:5])
            _check_size(columns, rows, min(body[5], 4), where)
            sized = True
        elif mark == 0xE1 and bytes(body[:6]) == b"Exif\x00\x00":
            turn = _orientation(bytes(body[6:]))
        elif mark == 0xDA:
            break
        at += 2 + length
    whole = bytes(view[at:])
    scans = whole.count(b"\xff\xda")
    if not sized or scans > _MAX_SCANS:
        raise IntakeError("the picture is damaged or made to do harm", where=where, mend=_ANEW)
    if b"\xff\xd9" not in whole:
        raise IntakeError("the picture is cut off", where=where, mend=_ANEW)
    return view, turn


def _orientation(exif: bytes) -> int:
    """Number 1 to 8 of the EXIF standard; 1, upright, where it cannot be read."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, at)
        for entry in range(min(count, 500)):
            tag, kind, number, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if kind == 3 and number == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _plain(image: Image, bits: int, notes: list[str]) -> Image:
    """The picture in one of the forms that are handed on: grey, grey of 16 bits, or RGB."""
    mode = image.mode
    if "transparency" in image.info or mode in ("LA", "RGBA", "PA", "La", "RGBa"):
        notes.append("the picture's transparency was dropped")
    if bits == 16 and not mode.startswith("I"):
        notes.append("16 bits a colour were reduced to 8")
    if mode in ("L", "RGB") or mode.startswith("I"):
        return image
    if mode == "1":
        return image.convert("L")
    if mode == "LA":
        return image.getchannel("L")
    if mode in ("P", "PA"):
        notes.append("the picture's palette was replaced by its colours")
        palette = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return image.convert("L" if (palette == palette[:, :1]).all() else "RGB")
    if mode in ("CMYK", "YCbCr", "LAB"):
        notes.append("colours for print (CMYK) were turned into RGB, without a colour profile")
    return image.convert("RGB")


def _pixels(image: Image) -> np.ndarray[Any, Any]:
    """The pixels, a band of rows at a time, which needs no second copy of the whole."""
    columns, rows = image.size
    deep = image.mode.startswith("I")
    colour = image.mode == "RGB"
    shape = (rows, columns, 3) if colour else (rows, columns)
    out = np.empty(shape, np.uint16 if deep else np.uint8)
    for top in range(0, rows, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, rows)
        out[top:bottom] = np.asarray(image.crop((0, top, columns, bottom)))
    return out


def _turned(pixels: np.ndarray[Any, Any], turn: int) -> np.ndarray[Any, Any]:
    if turn >= 5:
        pixels = pixels.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
