"""What a file is, by its bytes: `load.csv` may hold a picture, and a raster may be a link to elsewhere.

The head and the tail are looked at, and in a zip the list of its entries. What is known but not taken in is
named too, so that a refusal says what it is.
"""

from __future__ import annotations

import re
import struct

from common.encoding import as_utf8
from common.errors import IntakeError
from common.intake import kinds
from common.intake.archive import MAX_ENTRIES, MAX_PIECES, Archive, open_archive, too_many

HEAD_BYTES = 1 << 16
ZARR_MARKS = (".zarray", ".zgroup", ".zmetadata", "zarr.json")

# First bytes -> what to call it. Long marks before the short ones that they begin with.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (XLS)"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"CDF\x01", "a classic NetCDF file (nccopy -k nc4 converts it)"),
    (b"CDF\x02", "a classic NetCDF file (nccopy -k nc4 converts it)"),
    (b"CDF\x05", "a classic NetCDF file (nccopy -k nc4 converts it)"),
    (b"GRIB", "a GRIB file"),
    (b"\x93NUMPY", "a single NumPy array"),
    (b"ARROW1\x00\x00", "an Arrow (Feather) file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"RIFF", "a sound, film or picture"),
    (b"OggS", "a sound"),
    (b"ID3", "a sound"),
)
# Signatures that ordinary letters make too, so that a header such as "MZ-meter;kWh" would match: they count
# only where the file is no text.
_LETTERS = (b"MZ", b"ORC", b"BZh", b"GIF8", b"RIFF", b"OggS", b"ID3", b"GRIB")
_PICKLE_TEXT = re.compile(rb"(?:\(dp?\d*\n|\(lp?\d*\n|c[\w.]+\n\w+\n)")
_GEOJSON = re.compile(
    rb'"type"\s*:\s*"(?:FeatureCollection|Feature|(?:Multi)?(?:Point|LineString|Polygon)|GeometryCollection)"'
)
_TEXTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"\s*<(?:VRTDataset|OGRVRT|GDAL_WM|WMS_|WCS_)", re.I),
        "a list of links to other files (VRT, WMS)",
    ),
    (re.compile(rb"\s*<(?:\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<?kml", re.I | re.S), "a KML file"),
    (re.compile(rb"\s*<"), "a web page or XML"),
    (re.compile(rb"#!\s*/"), "a script"),
    (re.compile(rb"\{\\rtf"), "an RTF document"),
    (re.compile(rb"NRRD0"), "an NRRD image"),
    (re.compile(rb"(?:%YAML|---\s*\n)"), "a YAML file"),
    (_PICKLE_TEXT, "a Python pickle, which can run code"),
)
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_NIFTI_SIZES = (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c", b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c")
_JSON_START = re.compile(rb"\s*(?:\{|\[\s*[\[{\]\"\d-])")
_VRPLIB = re.compile(rb"(?m)^\s*(?:DIMENSION|EDGE_WEIGHT_TYPE|NODE_COORD_SECTION|CAPACITY)\s*:?")
# No two neighbours of a pattern may match the same blanks: a text of blanks would then take hours.
_SOLOMON = re.compile(rb"\s*\S+[ \t\r]*\n\s*VEHICLE[ \t\r]*\n", re.I)
_SOLUTION = re.compile(rb"\s*Route\s*(?:#\s*)?\d+\s*:", re.I)
_YAML_TAG = re.compile(rb"!!python|tag:yaml\.org,2002:python")
_NAMED = re.compile("'.*'", re.S)
_YAML_LINE = re.compile(rb"(?:-|[\w$.-]+:)(?:\s|\Z)|#")
_METAIMAGE = re.compile(rb"\s*(?:ObjectType|NDims)\s*=")


def recognise(head: bytes, tail: bytes, size: int, handle: int) -> tuple[str, str]:
    """The kind ("" where none is known) and words for what the bytes look like.

    Args:
        head: the first HEAD_BYTES.
        tail: the last few bytes.
        size: of the whole.
        handle: of the sealed copy, to look into a zip.

    Raises:
        IntakeError: it is a zip that must not be opened.
    """
    return _binary(head, tail, size, handle) or _text(head, size) or _other(head)


def _binary(head: bytes, tail: bytes, size: int, handle: int) -> tuple[str, str] | None:
    if head.startswith(b"PAR1"):
        return _parquet(tail, size)
    if head.startswith(b"PARE"):
        return "", "an encrypted Parquet file"
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return kinds.PICTURE, "a PNG or JPEG picture"
    if head.startswith(_TIFF):
        return kinds.GEOTIFF, "a TIFF picture"
    if head.startswith(b"PK\x03\x04"):
        return _zip(handle)
    if head.startswith(b"\x1f\x8b"):
        return _gzip(head)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return kinds.NETCDF, "an HDF5 or NetCDF-4 file"
    if head.startswith(b"SQLite format 3\x00"):
        packaged = head[68:72] in (b"GPKG", b"GP10", b"GP11")
        return (kinds.GEOPACKAGE, "a GeoPackage") if packaged else ("", "an SQLite database")
    if head[128:132] == b"DICM":
        return kinds.DICOM, "a DICOM scan"
    if head[:4] in _NIFTI_SIZES and (head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")):
        return kinds.NIFTI, "a NIfTI scan"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and tail.endswith(b"."):
        return "", "a Python pickle, which can run code"
    if size >= 10 and head[8:9] == b"{" and b"\x00" in head[:8]:
        return kinds.SAFETENSORS, "a safetensors file"
    return next(
        ((("", words)) for mark, words in _SIGNATURES if head.startswith(mark) and mark not in _LETTERS), None
    )


def _text(head: bytes, size: int) -> tuple[str, str] | None:
    """What a text is; its head alone is looked at, the reader looks at all of it."""
    if len(head) < size:
        # Neither a character nor a pair of bytes of UTF-16 may be cut.
        head = head[: len(head) - len(head) % 2]
        head = head[: head.rfind(b"\n") + 1] or head
        head = head[: len(head) - len(head) % 2] if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
    text = as_utf8(head)
    if text is None and len(head) < size:
        text = as_utf8(head[: head.rfind(b",") + 1])
    if _METAIMAGE.match(head):
        return kinds.METAIMAGE, "a MetaImage (MHA)"
    if text is None:
        return None
    content = text[1]
    for form, words in _TEXTS:
        if form.match(content):
            return "", words
    if _YAML_TAG.search(content):
        return "", "a YAML file that runs code"
    if _JSON_START.match(content):
        return (kinds.GEOJSON, "GeoJSON") if _GEOJSON.search(content) else (kinds.JSON, "JSON")
    if content.startswith((b"tree\nversion=", b"tree\r\nversion=")):
        return kinds.LIGHTGBM, "a LightGBM model"
    if _SOLUTION.match(content):
        return kinds.VRPLIB, "a solution of a routing problem"
    if _SOLOMON.match(content) or len(_VRPLIB.findall(content[:4096])) >= 2:
        return kinds.VRPLIB, "a VRPLIB problem"
    if _is_yaml(content):
        return "", "a YAML file"
    return kinds.CSV, "delimited text"


def _is_yaml(content: bytes) -> bool:
    """Whether every line is a name and its value, an item of a list, or a remark."""
    lines = [line.strip() for line in content.splitlines()]
    filled = [line for line in lines if line]
    return len(filled) > 1 and b": " in content and all(_YAML_LINE.match(line) for line in filled)


def _other(head: bytes) -> tuple[str, str]:
    for mark, words in _SIGNATURES:
        if head.startswith(mark):
            return "", words
    if b"\x00" in head and as_utf8(head.replace(b"\x00", b"")) is not None:
        return "", "a damaged text (it holds zero bytes)"
    return "", "no text, nor anything else that is known here"


def _parquet(tail: bytes, size: int) -> tuple[str, str]:
    """Parquet ends with its footer, the footer's length and the mark that it began with."""
    if not tail.endswith(b"PAR1") or size < 12:
        return "", "a Parquet file that was cut off"
    (length,) = struct.unpack("<I", tail[-8:-4])
    if not 0 < length <= size - 12:
        return "", "a damaged Parquet file"
    return kinds.PARQUET, "Parquet"


def _gzip(head: bytes) -> tuple[str, str]:
    """A gzip archive by what is in it; a little is inflated, which no bomb can make large."""
    import zlib

    try:
        inner = zlib.decompressobj(31).decompress(head, 512)
    except zlib.error:
        return "", "a damaged gzip archive"
    if inner[:4] in _NIFTI_SIZES and (inner[344:347] in (b"n+1", b"ni1") or inner[4:7] in (b"n+2", b"ni2")):
        return kinds.NIFTI, "a NIfTI scan"
    return "", "a gzip archive"


def _zip(handle: int) -> tuple[str, str]:
    import os

    with os.fdopen(os.dup(handle), "rb") as file:
        try:
            archive = open_archive(file, "", max_entries=MAX_PIECES)
        except IntakeError as error:
            # It may be a study, whose files are named after a person.
            error.what = _NAMED.sub("'…'", error.what)
            error.args = (error.what, error.where, error.mend)
            raise
        names = archive.names
        lower = [name.lower() for name in names]
        if any(name.split("/")[-1] in ZARR_MARKS for name in lower):
            return kinds.ZARR, "a Zarr store"
        if len(names) > MAX_ENTRIES:
            raise too_many(len(names), MAX_ENTRIES, "")
        if "[content_types].xml" in lower:
            workbook = "xl/workbook.xml" in lower
            if "xl/vbaproject.bin" in lower:
                return "", "an Excel workbook with macros"
            return (kinds.XLSX, "an Excel workbook (XLSX)") if workbook else ("", "an Office document")
        if any(name.endswith("data.pkl") for name in lower):
            return "", "a PyTorch file, which can run code"
        if names and all(name.endswith(".npy") for name in lower):
            return kinds.NPZ, "NumPy arrays (NPZ)"
        if any(name.endswith((".shp", ".dbf", ".shx")) for name in lower):
            return kinds.SHAPEFILE, "a zipped Shapefile"
        # Scanners name their files without an ending, so the content of the first few says it; on a
        # hospital's disc, a hundred files of its viewer may come before them.
        likely = sorted(names, key=lambda name: "DICOM" not in name.upper())
        if any(_is_dicom(archive, name) for name in likely[:50]):
            return kinds.DICOM, "a zipped DICOM study"
        return "", "a ZIP archive of something else"


def _is_dicom(archive: Archive, name: str) -> bool:
    import zipfile
    import zlib

    try:
        return archive.head(name, 132)[128:] == b"DICM"
    except (IntakeError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        # Without the name of what is damaged: it may be a person's.
        raise IntakeError("a file in the ZIP archive is damaged", mend="pack it anew") from error
