"""Small GeoTIFFs made in a line, and their tags changed."""

from __future__ import annotations

import struct

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

RD = from_origin(230000, 580000, 10, 10)


def noise(bands=1, height=40, width=50, dtype="uint8"):
    values = np.random.default_rng(0).integers(1, 200, (bands, height, width))
    return values.astype(dtype)


def geotiff(values=None, *, crs="EPSG:28992", transform=RD, tags=None, size=None, **options):
    """Bytes of a GeoTIFF; `size` alone makes a sparse one of (height, width)."""
    if values is None and size is None:
        values = noise()
    count, height, width = values.shape if size is None else (1, *size)
    kind = options.pop("dtype", "uint8" if values is None else values.dtype)
    options = {"crs": crs, "transform": transform, "dtype": kind, "SPARSE_OK": size is not None, **options}
    with MemoryFile() as memory:
        with rasterio.open(
            memory.name, "w", driver="GTiff", count=count, height=height, width=width, **options
        ) as file:
            if size is None:
                file.write(values)
            if tags:
                file.update_tags(**tags)
        return memory.read()


def entries(data):
    """Place of each tag's entry in the first page of a classic little-endian TIFF."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    found = {}
    for one in range(at + 2, at + 2 + 12 * count, 12):
        found[struct.unpack_from("<H", data, one)[0]] = one
    return found


def changed(data, tag, value, count=None):
    """The same file with a tag's value, which is one short or long number, and its count changed."""
    data, one = bytearray(data), entries(data)[tag]
    kind = struct.unpack_from("<H", data, one + 2)[0]
    if count is not None:
        struct.pack_into("<I", data, one + 4, count)
    struct.pack_into("<H" if kind == 3 else "<I", data, one + 8, value)
    return bytes(data)


def renumbered(data, tag, other):
    """The same file with a tag turned into another one, which drops it."""
    data, one = bytearray(data), entries(data)[tag]
    struct.pack_into("<H", data, one, other)
    return bytes(data)
