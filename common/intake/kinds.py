"""What the door knows: each kind of file with the words for it, its cap, and the reader that parses it.

A new kind is one line here, a rule in `recognise` by which its content is known, and one small function.
"""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        words: what to call it in messages.
        reader: function that parses it in the child, "package.module:function".
        modules: libraries that the reader needs; the process that children are forked from imports them.
        max_mb: largest size, checked before anything is read.
        extra: the extra of the suite that installs the libraries, "" where the core has them.
    """

    words: str
    reader: str
    modules: tuple[str, ...] = ()
    max_mb: int = 200
    extra: str = ""


# pyarrow looks for pandas when it makes an array of a list; imported in each child, that takes 0.2 s.
_TABLES = (
    "pandas",
    "pyarrow.csv",
    "pyarrow.parquet",
    "common.delimited",
    "common.columnar",
    "common.workbook",
)
_RASTER = ("rasterio", "rasterio.windows", "rasterio.transform")
_FEATURES = ("shapely", "pyproj", "pandas", "pyarrow.pandas_compat", "pyarrow.vendored.version")
_SHAPES = (*_FEATURES, "pyogrio", "encodings.cp437")
_GRIDS = ("xarray", "xarray.coders", "encodings.ascii")
_HDF5 = (*_GRIDS, "h5netcdf.legacyapi", "h5py._hl.dims")
_PIECES = (*_GRIDS, "numcodecs.blosc", "numcodecs.zstd", "numcodecs.lz4", "bz2", "lzma")
_FORMATS = "common.intake.formats."
# Pillow imports the first ones whenever it opens anything.
_PICTURES = tuple(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Ppm", "Png", "Jpeg", "Mpo"))
_DICOM = ("pydicom", "pydicom.pixels", *_PICTURES, "PIL.Jpeg2KImagePlugin")
CSV, XLSX, PARQUET = "csv", "xlsx", "parquet"
GEOTIFF, GEOJSON, GEOPACKAGE, SHAPEFILE = "geotiff", "geojson", "geopackage", "shapefile"
NETCDF, ZARR = "netcdf", "zarr"
NIFTI, DICOM, PICTURE, METAIMAGE = "nifti", "dicom", "picture", "metaimage"
VRPLIB, JSON, NPZ = "vrplib", "json", "npz"
SAFETENSORS, LIGHTGBM = "safetensors", "lightgbm"

KINDS: dict[str, Kind] = {
    CSV: Kind("delimited text (CSV)", "common.tables:parse", _TABLES),
    XLSX: Kind("Excel workbook (XLSX)", "common.tables:parse", _TABLES, 100),
    PARQUET: Kind("Parquet", "common.tables:parse", _TABLES, 1000),
    GEOTIFF: Kind("GeoTIFF", _FORMATS + "geotiff:read", _RASTER, 1000, "agriculture"),
    GEOJSON: Kind("GeoJSON", _FORMATS + "geojson:read", _FEATURES, 100, "agriculture"),
    GEOPACKAGE: Kind("GeoPackage", _FORMATS + "geopackage:read", _FEATURES, 500, "agriculture"),
    SHAPEFILE: Kind("zipped Shapefile", _FORMATS + "shapefile:read", _SHAPES, 500, "agriculture"),
    NETCDF: Kind("NetCDF-4", _FORMATS + "netcdf:read", _HDF5, 1000, "grids"),
    ZARR: Kind("Zarr", _FORMATS + "zarr:read", _PIECES, 1000, "grids"),
    NIFTI: Kind("NIfTI", _FORMATS + "nifti:read", ("nibabel",), 1000, "healthcare"),
    DICOM: Kind("DICOM", _FORMATS + "dicom:read", _DICOM, 1000, "healthcare"),
    PICTURE: Kind("PNG or JPEG picture", _FORMATS + "picture:read", _PICTURES, 100, "healthcare"),
    METAIMAGE: Kind("MetaImage", _FORMATS + "metaimage:read", ("numpy",), 500),
    VRPLIB: Kind("VRPLIB", _FORMATS + "vrplib:read", ("pandas", "pyarrow"), 50),
    JSON: Kind("JSON of the suite", _FORMATS + "orders:read", ("pandas", "pyarrow"), 50),
    NPZ: Kind("NumPy arrays (NPZ)", _FORMATS + "npz:read", ("numpy",), 1000),
    SAFETENSORS: Kind("safetensors", _FORMATS + "safetensors:read", ("numpy",), 1000),
    LIGHTGBM: Kind("LightGBM model", _FORMATS + "lightgbm:read", ("lightgbm",), 200),
}  # fmt: skip

TABLES = (CSV, XLSX, PARQUET)
FIELDS = (GEOJSON, GEOPACKAGE, SHAPEFILE)
RASTERS = (GEOTIFF,)
GRIDS = (NETCDF, ZARR)
SCANS = (NIFTI, DICOM, PICTURE)
ROUTES = (VRPLIB, JSON)
OFFERED = (*TABLES, *FIELDS, *RASTERS, *GRIDS, *SCANS, *ROUTES, NPZ)
"""What pages and commands may offer."""
MODELS = (SAFETENSORS, LIGHTGBM)
"""Parts of a model that is imported into the store; nobody offers them as an upload."""


def wanted(kinds: tuple[str, ...]) -> str:
    """The kinds in words, for a refusal."""
    if len(kinds) > 6:
        return "a table, field, raster, grid, scan, picture or routing problem"
    return " or ".join(dict.fromkeys(KINDS[kind].words for kind in kinds))
