"""Read a GeoTIFF: bands with their place on earth, from what lies in the file itself and nowhere else.

The skeleton is checked first (see `tiff`), then rasterio opens it with the one driver stated. Sidecar files,
other rasters and links that it may name are never opened.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError, PilotError
from common.intake.formats import tiff
from common.intake.formats.geotiff_part import MAX_BANDS, bands_of, check_size, shape_of, window_of
from common.intake.formats.position import code_of
from common.intake.parcel import Parcel

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.windows import Window

    from common.intake.source import Source

_BLOCK_BYTES = 256 << 20
_PACKED = {1, 5, 7, 8, 32773, 32946, 34887, 34925, 50000, 50001, 50002, 50004}
_KINDS = "biuf"
_ELSEWHERE = re.compile(rb'SUBDATASET|domain="xml:VRT|/vsi|<SourceFilename', re.I)
_PALETTE, _MASK, _OVERVIEW = 3, 4, 1
_METADATA_BYTES, _TEXT = 4 << 20, 200


def read(
    source: Source,
    window: Sequence[int] | None = None,
    shape: Sequence[int] | None = None,
    bands: Sequence[int] | None = None,
) -> Parcel:
    """Read a GeoTIFF, all of it or a part.

    Args:
        source: the upload.
        window: row, column, height and width of the part to read; None: all.
        shape: height and width to read it in, where fewer pixels are wanted.
        bands: numbers of the bands, from 1; None: all.

    Returns:
        A parcel with the array "bands" (band, y, x). Of what was read, the facts tell `shape` [y, x],
        `transform` (affine a b c d e f), `pixel_size` [x, y] in `pixel_unit`, `bounds` (west, south, east,
        north in the CRS) and `window`, its place in the `file_shape`; besides `count`, `dtype`, `crs`,
        `crs_wkt`, `nodata` (a number, "nan" or null), `band_names`, `scales` and `offsets`.

    Raises:
        IntakeError: it is damaged, cut off, too large, or of a kind that is not taken in.
        DataError: it lies nowhere on earth, or holds no value.
    """
    from rasterio.errors import RasterioError

    view = source.view
    pages = tiff.pages(view, source.name)
    _check(pages[0], source.name)
    for page in pages:
        tiff.check_blocks(page)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say is checked below
            return _read(source, pages, window, shape, bands)
    except PilotError:
        raise
    except (RasterioError, ValueError, OverflowError, TypeError) as error:
        raise IntakeError(
            "its pixels or its description cannot be read: it is damaged",
            where=source.name,
            mend="copy or export it anew",
        ) from error


def _read(
    source: Source,
    pages: list[tiff.Page],
    window: Sequence[int] | None,
    shape: Sequence[int] | None,
    bands: Sequence[int] | None,
) -> Parcel:
    import rasterio

    name = source.name
    # A world file beside it would be a sidecar, so only what the file itself says places it.
    with rasterio.open(
        source.path, driver="GTiff", sharing=False, GEOREF_SOURCES="INTERNAL", NUM_THREADS="1"
    ) as raster:
        facts = _place(raster, name)
        chosen = bands_of(raster.count, bands, name)
        part = window_of(raster, window, name)
        height, width = shape_of(part, shape, name)
        dtypes = {raster.dtypes[band - 1] for band in chosen}
        if any(np.dtype(dtype).kind not in _KINDS for dtype in dtypes):
            raise IntakeError(
                f"its pixels are of the type {', '.join(sorted(dtypes))}", where=name,
                mend="convert it to whole or decimal numbers",
            )  # fmt: skip
        check_size(len(chosen) * height * width * _itemsize(dtypes), source)
        pixels = raster.read(list(chosen), window=part, out_shape=(len(chosen), height, width))
        facts |= _described(raster, chosen, pixels.dtype)
        facts |= _read_part(raster, part, height, width)
        notes = [*_page_notes(pages), *_place_notes(facts), *_scale_notes(facts)]
        whole = window is None and shape is None
        notes += _value_notes(pixels, [raster.nodatavals[b - 1] for b in chosen], chosen, whole, name)
    return Parcel(facts, {"bands": pixels}, notes=tuple(notes))


def _check(page: tiff.Page, name: str) -> None:
    """What can be refused before the file is opened."""
    packed = page.number(tiff.COMPRESSION, 1)
    if packed not in _PACKED:
        raise IntakeError(
            f"its pixels are packed in a way that is not taken in (TIFF compression {packed})",
            where=name,
            mend="export it with LZW, deflate or zstd, or unpacked",
        )
    if page.number(tiff.SAMPLE_FORMAT, 1) in (5, 6):
        raise IntakeError("its pixels are complex numbers", where=name, mend="export amplitude or phase")
    samples = page.number(tiff.SAMPLES, 1)
    if samples > MAX_BANDS:
        raise IntakeError(
            f"it declares {samples:,} bands, more than {MAX_BANDS:,}", where=name, mend="bring fewer bands"
        )
    rows, columns = page.block
    if rows * columns * page.pixel_bits // 8 > _BLOCK_BYTES:
        raise IntakeError(
            f"its pixels lie in blocks of {rows:,} by {columns:,}, too large to unpack one",
            where=name,
            mend="export it in tiles, for example of 512 by 512 pixels",
        )
    metadata = page.text(tiff.METADATA)
    if len(metadata) > _METADATA_BYTES or _ELSEWHERE.search(metadata):
        raise IntakeError(
            "its description points to other files", where=name, mend="export it anew as a plain GeoTIFF"
        )


def _place(raster: DatasetReader, name: str) -> dict[str, Any]:
    """CRS and place, or why it has none."""
    transform, crs = raster.transform, raster.crs
    numbers = list(transform)[:6]
    if transform.is_identity and raster.gcps[0]:
        raise DataError(
            "its place is given by ground control points alone", where=name,
            mend="warp it to a coordinate system first, for example with gdalwarp",
        )  # fmt: skip
    if transform.is_identity:
        raise DataError(
            "it says nothing about where on earth it lies", where=name,
            mend="export it with its coordinate system and place (a world file beside it is not read)",
        )  # fmt: skip
    if crs is None or not (crs.is_projected or crs.is_geographic):
        raise DataError(
            "it names no coordinate system, so that areas cannot be computed", where=name,
            mend="export it with its coordinate system, such as EPSG:28992",
        )  # fmt: skip
    if not all(map(math.isfinite, numbers)) or not abs(transform.determinant) > 0:
        raise DataError("its pixels have no size on the ground", where=name, mend="export it anew")
    wkt = crs.to_wkt()
    code = code_of(wkt)
    if not code and (found := crs.to_epsg()):
        code = f"EPSG:{found}"
    facts = {"crs": code or wkt, "crs_wkt": wkt}
    if crs.is_geographic:
        # Half a pixel beyond a pole is usual where values stand for corners.
        slack = 0.01 + math.hypot(transform.b, transform.e)
        if abs(raster.bounds.top) > 90 + slack or abs(raster.bounds.bottom) > 90 + slack or (
            max(map(abs, (raster.bounds.left, raster.bounds.right))) > 540
        ):  # fmt: skip
            raise DataError(
                f"it should lie in degrees ({code or 'geographic'}) but reaches from "
                f"{raster.bounds.left:,.0f} to {raster.bounds.right:,.0f} east and from "
                f"{raster.bounds.bottom:,.0f} to {raster.bounds.top:,.0f} north",
                where=name,
                mend="export it with the coordinate system that it is in",
            )
    return facts


def _itemsize(dtypes: set[str]) -> int:
    return np.result_type(*dtypes).itemsize


def _described(raster: DatasetReader, chosen: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Any]:
    picked = [band - 1 for band in chosen]
    nodata = raster.nodatavals[picked[0]]
    if nodata is not None:
        nodata = "nan" if math.isnan(nodata) else float(nodata) if math.isfinite(nodata) else str(nodata)
    return {
        "count": len(chosen),
        "bands": list(chosen),
        "dtype": str(dtype),
        "nodata": nodata,
        "band_names": [(raster.descriptions[i] or "")[:_TEXT] for i in picked],
        "scales": [float(raster.scales[i]) for i in picked],
        "offsets": [float(raster.offsets[i]) for i in picked],
    }


def _read_part(raster: DatasetReader, part: Window, height: int, width: int) -> dict[str, Any]:
    """Where what was read lies."""
    from rasterio.transform import array_bounds

    transform = raster.window_transform(part) * raster.transform.scale(
        part.width / width, part.height / height
    )
    bounds = array_bounds(height, width, transform)
    return {
        "shape": [height, width],
        "file_shape": [raster.height, raster.width],
        "window": [part.row_off, part.col_off, part.height, part.width],
        "transform": list(transform)[:6],
        "pixel_size": [math.hypot(transform.a, transform.d), math.hypot(transform.b, transform.e)],
        "pixel_unit": "degree" if raster.crs.is_geographic else str(raster.crs.linear_units),
        "bounds": list(bounds),
    }


def _page_notes(pages: list[tiff.Page]) -> list[str]:
    kinds = [page.number(tiff.SUBFILE, 0) for page in pages[1:]]
    whole = [kind for kind in kinds if not kind & (_OVERVIEW | _MASK)]
    notes = []
    if whole:
        notes.append(f"it holds {1 + len(whole)} pages; the first was read")
    if any(kind & _MASK for kind in kinds):
        notes.append("it holds a mask of valid pixels, which was left out")
    if pages[0].number(tiff.PHOTOMETRIC, 1) == _PALETTE or tiff.COLOUR_MAP in pages[0].tags:
        notes.append("its pixels are numbers of classes with a colour each, not measured values")
    return notes


def _place_notes(facts: dict[str, Any]) -> list[str]:
    _, b, _, d, e, _ = facts["transform"]
    notes = []
    if b or d:
        notes.append("its rows do not run along the axes of the coordinate system: it is rotated or sheared")
    elif e > 0:
        notes.append("its first row lies in the south")
    return notes


def _scale_notes(facts: dict[str, Any]) -> list[str]:
    if set(facts["scales"]) == {1.0} and set(facts["offsets"]) == {0.0}:
        return []
    return ["its values are stored scaled; the facts' scales and offsets were not applied"]


def _value_notes(
    pixels: np.ndarray[Any, Any], nodata: list[float | None], bands: tuple[int, ...], whole: bool, name: str
) -> list[str]:
    """Bands without any value; all of them without is an error where the whole was read."""
    empty = []
    for band, values, missing in zip(bands, pixels, nodata, strict=True):
        # Most bands have a value at a corner or in the middle, which spares looking at all of them.
        for some in (values[::37, ::41], values):
            gone = ~np.isfinite(some) if some.dtype.kind == "f" else np.zeros(some.shape, bool)
            if missing is not None and not math.isnan(missing):
                gone |= some == missing
            if not gone.all():
                break
        else:
            empty.append(band)
    if len(empty) == len(bands) and whole:
        raise DataError("it holds no value: every pixel is missing", where=name, mend="export it anew")
    if not empty:
        return []
    return [f"no pixel has a value in band {', '.join(map(str, empty[:20]))}"]
