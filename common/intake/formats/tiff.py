"""The skeleton of a TIFF: its pages, their tags, and whether all that they point to lies within the file.

Read before any library opens the file: libtiff learns of a missing tile only when it gets there, and of
absurd sizes when it asks for the memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.errors import IntakeError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
OFFSETS, SAMPLES, ROWS_PER_STRIP, COUNTS, PLANAR = 273, 277, 278, 279, 284
COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 320, 322, 323, 324, 325
SUBFILE, SAMPLE_FORMAT, METADATA = 254, 339, 42112
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 5: "u8", 6: "i1", 7: "u1", 8: "i2", 9: "i4"} | {
    10: "u8", 11: "f4", 12: "f8", 13: "u4", 16: "u8", 17: "i8", 18: "u8"
}  # fmt: skip
_MAX_PAGES, _MAX_TAGS, _UNPACKED, _ALL_ROWS = 500, 4096, 1, 2**31


@dataclass(frozen=True)
class Page:
    """One image of a TIFF.

    Attributes:
        view: the whole file.
        tags: number of the tag -> its values' form (numpy), their count, and where they begin.
        where: the file's name, for messages.
    """

    view: memoryview
    tags: dict[int, tuple[str, int, int]]
    where: str

    def numbers(self, tag: int) -> np.ndarray[Any, Any]:
        """All values of a tag; none where it is missing."""
        if tag not in self.tags:
            return np.zeros(0, "u8")
        form, count, at = self.tags[tag]
        return np.frombuffer(self.view, form, count, at)

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        found = self.numbers(tag)
        return int(found[0]) if len(found) else default

    def text(self, tag: int) -> bytes:
        """A tag's bytes."""
        return self.numbers(tag).tobytes()

    @property
    def block(self) -> tuple[int, int]:
        """Height and width of a tile, or of a strip."""
        if TILE_WIDTH in self.tags or TILE_OFFSETS in self.tags:
            return self.number(TILE_HEIGHT, 0), self.number(TILE_WIDTH, 0)
        height = self.number(HEIGHT, 0)
        return min(self.number(ROWS_PER_STRIP, _ALL_ROWS), height), self.number(WIDTH, 0)

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel in a tile or strip: of one band where bands lie apart, of all otherwise."""
        bits = self.number(BITS, 1)
        return bits if self.number(PLANAR, 1) == 2 else bits * self.number(SAMPLES, 1)


def pages(view: memoryview, where: str) -> list[Page]:
    """The pages of a TIFF or BigTIFF of either byte order, with all that their tags hold within the file.

    Args:
        view: the whole file.
        where: its name, for messages.

    Raises:
        IntakeError: it is damaged, cut off, or holds endless pages.
    """
    try:
        return _pages(view, where)
    except (struct.error, IndexError, OverflowError) as error:
        raise _cut(where) from error


def _pages(view: memoryview, where: str) -> list[Page]:
    order = "<" if view[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", view, 2)[0] == 43
    at = struct.unpack_from(order + ("Q" if big else "I"), view, 8 if big else 4)[0]
    found: list[Page] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(found) >= _MAX_PAGES:
            raise IntakeError(
                "its pages have no end", where=where, mend="export it anew as a GeoTIFF of one page"
            )
        seen.add(at)
        page, at = _page(view, order, big, at, where)
        found.append(page)
    if not found:
        raise _cut(where)
    return found


def _page(view: memoryview, order: str, big: bool, at: int, where: str) -> tuple[Page, int]:
    count = struct.unpack_from(order + ("Q" if big else "H"), view, at)[0]
    at, width, inline = (at + 8, 20, 8) if big else (at + 2, 12, 4)
    if not 0 < count <= _MAX_TAGS:
        raise _cut(where)
    tags: dict[int, tuple[str, int, int]] = {}
    for one in range(at, at + count * width, width):
        tag, kind, values = struct.unpack_from(order + ("HHQ" if big else "HHI"), view, one)
        held = one + width - inline
        form = _TYPES.get(kind)
        if form is None or not values:
            continue  # libtiff passes over what it does not know, too
        size = values * int(form[1])
        if size > inline:
            held = struct.unpack_from(order + ("Q" if big else "I"), view, held)[0]
        if held + size > len(view):
            raise _cut(where)
        tags[tag] = (order + form, values, held)
    after = struct.unpack_from(order + ("Q" if big else "I"), view, at + count * width)[0]
    return Page(view, tags, where), after


def check_blocks(page: Page) -> None:
    """Check that a page declares a size, and that every tile or strip of it lies within the file.

    Raises:
        IntakeError: it was cut off or is damaged.
    """
    height, width, samples = page.number(HEIGHT, 0), page.number(WIDTH, 0), page.number(SAMPLES, 1)
    rows, columns = page.block
    if min(height, width, samples, rows, columns) < 1:
        raise IntakeError(
            f"it declares a size of {height} by {width} pixels in {samples} bands, in blocks of {rows} by "
            f"{columns}", where=page.where, mend="export it anew",
        )  # fmt: skip
    tiled = TILE_OFFSETS in page.tags
    offsets = page.numbers(TILE_OFFSETS if tiled else OFFSETS)
    counts = page.numbers(TILE_COUNTS if tiled and TILE_COUNTS in page.tags else COUNTS)
    apart = samples if page.number(PLANAR, 1) == 2 else 1
    needed = -(-height // rows) * -(-width // columns) * apart
    # Without any, it is a sparse file, which GDAL fills.
    if len(offsets) != len(counts) or (len(offsets) and len(offsets) < needed):
        raise IntakeError(
            f"it lists {min(len(offsets), len(counts)):,} of the {needed:,} blocks that its size needs",
            where=page.where, mend="export it anew",
        )  # fmt: skip
    if offsets.dtype.kind != "u" or counts.dtype.kind != "u":
        raise _cut(page.where)
    starts, sizes = offsets[:needed].astype("u8"), counts[:needed].astype("u8")
    room = np.uint64(len(page.view))
    outside = (starts > room) | (sizes > room - np.minimum(starts, room))
    if page.number(COMPRESSION, _UNPACKED) == _UNPACKED:
        full = -(-columns * page.pixel_bits // 8) * rows
        short = (starts > 0) & (sizes > 0) & (sizes < full)
        if not tiled:
            # The last strip of each band ends with the picture.
            strips = needed // apart
            last = -(-columns * page.pixel_bits // 8) * (height - (strips - 1) * rows)
            short[strips - 1 :: strips] &= sizes[strips - 1 :: strips] < last
        outside |= short
    if outside.any():
        raise IntakeError(
            f"{int(outside.sum()):,} of its {needed:,} blocks of pixels lie beyond the end of the file: it "
            "was cut off or damaged", where=page.where, mend="copy or export it anew",
        )  # fmt: skip


def _cut(where: str) -> IntakeError:
    return IntakeError(
        "it is cut off or damaged: what its header points to is not in the file",
        where=where,
        mend="copy or export it anew",
    )
