"""Which part of a raster is read: bands, a window, in how many pixels; and whether that is too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.errors import DataError, IntakeError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.windows import Window

    from common.intake.source import Source

MAX_BANDS = 2_000
MAX_BYTES, FREE_BYTES, MAX_RATIO = 512 << 20, 128 << 20, 64
"""Most that is read at once; beyond 128 MB no more than 64 bytes for each byte of the file."""


def bands_of(count: int, wanted: Sequence[int] | None, name: str) -> tuple[int, ...]:
    """Numbers of the bands to read, from 1.

    Raises:
        DataError: there is no such band.
    """
    chosen = tuple(range(1, count + 1)) if wanted is None else tuple(wanted)
    odd = [band for band in chosen if not isinstance(band, int) or not 1 <= band <= count]
    if odd or not chosen or len(chosen) > MAX_BANDS:
        raise DataError(
            f"there is no band {odd[0] if odd else ''}".rstrip(), where=name, mend=f"choose from 1 to {count}"
        )
    return chosen


def window_of(raster: DatasetReader, window: Sequence[int] | None, name: str) -> Window:
    """The window of row, column, height and width; all where none is wanted.

    Raises:
        DataError: it does not lie within the raster.
    """
    from rasterio.windows import Window

    if window is None:
        return Window(0, 0, raster.width, raster.height)
    fits = len(window) == 4 and all(isinstance(n, int) for n in window)
    if fits:
        row, column, height, width = window
        fits = min(row, column) >= 0 and min(height, width) > 0
        fits = fits and row + height <= raster.height and column + width <= raster.width
    if not fits:
        raise DataError(
            f"the window {list(window)} does not lie within {raster.height} rows and {raster.width} columns",
            where=name,
            mend="give row, column, height and width",
        )
    return Window(column, row, width, height)


def shape_of(part: Window, shape: Sequence[int] | None, name: str) -> tuple[int, int]:
    """Height and width to read a window in.

    Raises:
        DataError: they are no such numbers.
    """
    if shape is None:
        return part.height, part.width
    if len(shape) != 2 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise DataError(f"the shape {list(shape)} is none", where=name, mend="give height and width")
    return shape[0], shape[1]


def check_size(needed: int, source: Source) -> None:
    """Refuse more bytes than are read at once, before any is.

    Raises:
        IntakeError: it is too much.
    """
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * source.size_bytes))
    if needed > allowed:
        raise IntakeError(
            f"it declares {needed / 1e6:,.0f} MB of pixels, more than the {allowed / 1e6:,.0f} MB that are "
            "read at once", where=source.name, mend="read a window of it, fewer bands, or fewer pixels",
        )  # fmt: skip
