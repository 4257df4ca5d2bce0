"""NIfTI-1 and -2 in one file, plain or gzipped: the header is weighed against the file before voxels load.

nibabel knows the header's fields and what they mean for the geometry; what it lets pass or repairs in silence
(sizes, offsets, units, a geometry that is not set) is decided here. Extensions and free text, in which names
may stand, are never looked at.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.archive import FREE_BYTES, MAX_RATIO, Counter, inflate
from common.intake.formats import voxel_space
from common.intake.parcel import Parcel
from common.intake.source import Source

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

MAX_BYTES = 512 << 20
"""Most bytes of voxels, as stored and as handed back."""
_HEADER_BYTES = 544
_GZIP = b"\x1f\x8b"
_MAX_OFFSET = 16 << 20
_MAX_AXIS = 100_000
_SLACK = 1 << 20
"""Bytes behind the voxels of a gzipped file that are passed over; some programs pad."""
_ANEW = "export it anew from the program that made it"
# Code -> numpy's name of what stands in a voxel, and how to call what is not taken in.
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_OTHER = {
    1: "single bits", 32: "complex numbers", 128: "colours (RGB)", 1536: "numbers of 128 bits",
    1792: "complex numbers", 2048: "complex numbers", 2304: "colours (RGBA)",
}  # fmt: skip
_UNITS = {1: ("m", 1000.0), 2: ("mm", 1.0), 3: ("micron", 0.001)}
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
_FRAMES = {1: "scanner", 2: "aligned", 3: "talairach", 4: "mni", 5: "template"}
_SINGLE_SLICE = 2


def read(source: Source, *, allow_2d: bool = False) -> Parcel:
    """Read a scan: arrays "voxels" (x, y, z[, t]) and "affine" (4, 4), from voxel numbers to RAS+ mm.

    Voxels keep the file's type in this machine's byte order, or are float32 where the header scales them.

    Args:
        source: the upload.
        allow_2d: take in a single slice as well, as (x, y, 1).

    Raises:
        IntakeError: damaged, cut off, too large, or of a type that is not taken in.
        DataError: no volume, no usable geometry, or no number in any voxel.
    """
    where, view = source.name, source.view
    gzipped = bytes(view[:2]) == _GZIP
    header, order = _header(_first_bytes(view, where) if gzipped else bytes(view[:_HEADER_BYTES]), where)
    shape = _shape(header, where, allow_2d)
    dtype, notes = _dtype(header, order, where)
    slope, inter = _scaling(header, where)
    count = math.prod(shape)
    held = count * (max(dtype.itemsize, 4) if slope is not None else dtype.itemsize)
    if held > MAX_BYTES:
        raise IntakeError(
            f"it declares {' × '.join(map(str, shape))} voxels, {held / 1e6:,.0f} MB, more than the"
            f" {MAX_BYTES / 1e6:,.0f} MB that are taken in",
            where=where, mend="bring a part of it, or a coarser scan",
        )  # fmt: skip
    offset = _offset(header, where)
    affine, geometry, more = _geometry(header, where)
    notes += more
    data = _body(view, offset, count * dtype.itemsize, where, notes)
    raw = np.frombuffer(data, dtype, count, offset).reshape(shape, order="F")
    voxels = raw.astype(dtype.newbyteorder("="), order="F", copy=False)
    if gzipped and len(data) > max(FREE_BYTES, MAX_RATIO * source.size_bytes) and _constant(raw):
        raise IntakeError(
            "all its voxels have one value, grown from next to nothing", where=where, mend=_ANEW
        )
    if slope is not None:
        voxels = _scaled(voxels, slope, inter, where)
    notes += _value_notes(voxels, where)
    facts = {
        "shape": list(shape),
        "spacing_mm": voxel_space.spacing_mm(affine),
        "voxel_mm3": voxel_space.voxel_mm3(affine),
        "orientation": voxel_space.orientation(affine),
        "dtype": voxels.dtype.name,
        "scaled": slope is not None,
        **geometry,
    }
    if len(shape) == 4:
        facts["time_step_s"] = _time_step_s(header)
    return Parcel(facts, {"voxels": voxels, "affine": affine}, notes=notes)


def _first_bytes(view: memoryview, where: str) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(view[: 1 << 16], _HEADER_BYTES)
    except zlib.error as error:
        raise IntakeError("the gzip archive is damaged", where=where, mend=_ANEW) from error


def _header(head: bytes, where: str) -> tuple[Nifti1Header, str]:
    """The header as nibabel knows it, without repairs, and the byte order, "<" or ">"."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    for order, byte_order in (("<", "little"), (">", "big")):
        size = int.from_bytes(head[:4], byte_order)  # type: ignore[arg-type]
        if size not in (348, 540) or len(head) < size:
            continue
        kind: type[Nifti1Header] = Nifti1Header if size == 348 else Nifti2Header
        header = kind(head[:size], endianness=order, check=False)
        magic = bytes(header["magic"])
        if magic[:3] in (b"ni1", b"ni2"):
            raise IntakeError(
                "this is the header of a NIfTI pair, whose voxels lie in another file",
                where=where, mend="save it as one .nii or .nii.gz file",
            )  # fmt: skip
        if magic[:3] == (b"n+1" if size == 348 else b"n+2"):
            return header, order
    raise IntakeError("the NIfTI header is damaged or cut off", where=where, mend=_ANEW)


def _shape(header: Nifti1Header, where: str, allow_2d: bool) -> tuple[int, ...]:
    dim = [int(n) for n in header["dim"]]
    if not 1 <= dim[0] <= 7:
        raise IntakeError(f"the header declares {dim[0]} axes", where=where, mend=_ANEW)
    shape = dim[1 : dim[0] + 1]
    for axis, length in enumerate(shape, 1):
        if not 0 < length <= _MAX_AXIS:
            raise IntakeError(
                f"the header declares a length of {length} along axis {axis}", where=where, mend=_ANEW
            )
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) > 4:
        raise DataError(
            f"it holds {math.prod(shape[4:])} numbers a voxel (vectors or tensors), and is no scan",
            where=where, mend="bring the scan that it was made from",
        )  # fmt: skip
    flat = sum(length > 1 for length in shape[:3]) < 3
    if flat and (not allow_2d or len(shape) < _SINGLE_SLICE or len(shape) > 3):
        raise DataError(
            f"it is no volume: it has {' × '.join(map(str, shape))} voxels",
            where=where, mend="bring the whole scan, with all its slices",
        )  # fmt: skip
    return tuple(shape + [1] * (3 - len(shape)))


def _dtype(header: Nifti1Header, order: str, where: str) -> tuple[np.dtype[Any], list[str]]:
    code, bits = int(header["datatype"]), int(header["bitpix"])
    if code not in _DTYPES:
        what = _OTHER.get(code, f"a kind of number that is not known (code {code})")
        raise IntakeError(f"its voxels hold {what}", where=where, mend="save it with real numbers")
    dtype = np.dtype(order + _DTYPES[code])
    if bits == 8 * dtype.itemsize:
        return dtype, []
    return dtype, [
        f"the header gives {bits} bits a voxel where its type has {8 * dtype.itemsize}; the type counts"
    ]


def _scaling(header: Nifti1Header, where: str) -> tuple[float | None, float]:
    """Slope and intercept; None for the slope where voxels stay as they are."""
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or math.isnan(slope) or (slope, inter) == (1.0, 0.0):
        return None, 0.0
    if math.isinf(slope) or not math.isfinite(inter):
        raise IntakeError("the scaling of its values is no number", where=where, mend=_ANEW)
    return slope, inter


def _offset(header: Nifti1Header, where: str) -> int:
    """Where voxels begin, behind the extensions, which are jumped over."""
    offset, least = float(header["vox_offset"]), int(header["sizeof_hdr"]) + 4
    if not math.isfinite(offset) or offset != int(offset) or not least <= offset <= _MAX_OFFSET:
        raise IntakeError("the header says wrongly where voxels begin", where=where, mend=_ANEW)
    return int(offset)


def _body(view: memoryview, offset: int, wanted: int, where: str, notes: list[str]) -> memoryview | bytearray:
    """The whole file, unpacked, of which as many bytes are there as the header declares."""
    end = offset + wanted
    data: memoryview | bytearray = view
    if bytes(view[:2]) == _GZIP:
        # The ratio says nothing here: masks of one organ shrink a thousandfold. The declared size is the cap.
        data = inflate(view, Counter(where, len(view), end + _SLACK, max_ratio=math.inf), gzipped=True)
    if len(data) < end:
        raise IntakeError(
            f"it is cut off: the header declares {wanted:,} bytes of voxels and"
            f" {max(len(data) - offset, 0):,} are there",
            where=where, mend="copy or export it anew",
        )  # fmt: skip
    if len(data) > end:
        notes.append(f"{len(data) - end:,} bytes behind the voxels were passed over")
    return data


def _geometry(header: Nifti1Header, where: str) -> tuple[voxel_space.Matrix, dict[str, Any], list[str]]:
    """Affine to RAS+ mm, the facts on it, and notes; the sform counts where there is one."""
    notes: list[str] = []
    codes = {"sform": int(header["sform_code"]), "qform": int(header["qform_code"])}
    used = next((name for name, code in codes.items() if code > 0), "")
    if not used:
        raise DataError(
            "it does not say where and how its voxels lie (neither sform nor qform is set)",
            where=where, mend="convert it from DICOM anew, or set its orientation",
        )  # fmt: skip
    affine = header.get_sform().astype(np.float64) if used == "sform" else _qform(header, where)
    unit = int(header["xyzt_units"]) & 7
    name, factor = _UNITS.get(unit, ("unknown", 1.0))
    if unit not in _UNITS:
        notes.append("the header does not give the unit of lengths; they were taken for mm")
    affine = np.vstack([affine[:3] * factor, [0.0, 0.0, 0.0, 1.0]])
    voxel_space.check(affine, where)
    notes += voxel_space.notes(affine)
    stated = np.abs(header["pixdim"][1:4].astype(np.float64)) * factor
    lengths = np.array(voxel_space.spacing_mm(affine))
    if used == "sform" and not np.allclose(stated, lengths, rtol=0.01):
        notes.append("the header's voxel size differs from its orientation matrix (sform); the matrix counts")
    elif used == "sform" and codes["qform"] > 0 and not _agree(header, factor, affine, where):
        notes.append("the header's two orientations (sform and qform) differ; the sform counts")
    code = codes[used]
    facts = {
        "xyz_unit": name,
        "geometry": used,
        "geometry_code": code,
        "geometry_frame": _FRAMES.get(code, "other"),
    }
    return affine, facts, notes


def _qform(header: Nifti1Header, where: str) -> voxel_space.Matrix:
    # A handedness of 0 or nonsense means 1, as the standard has it.
    if header["pixdim"][0] not in (-1, 1):
        header["pixdim"][0] = 1
    fields = np.array([header[name] for name in ("quatern_b", "quatern_c", "quatern_d")], np.float64)
    if not np.isfinite(fields).all() or (fields**2).sum() > 1.0001:
        raise DataError("its orientation (qform) is no rotation", where=where, mend=_ANEW)
    if (header["pixdim"][1:4] < 0).any():
        raise DataError("its voxels have a negative size", where=where, mend=_ANEW)
    found: voxel_space.Matrix = header.get_qform().astype(np.float64)
    return found


def _agree(header: Nifti1Header, factor: float, affine: voxel_space.Matrix, where: str) -> bool:
    try:
        other = _qform(header, where)[:3] * factor
    except DataError:
        return False
    return bool(np.allclose(other, affine[:3], rtol=0.01, atol=0.1))


def _scaled(voxels: np.ndarray[Any, Any], slope: float, inter: float, where: str) -> np.ndarray[Any, Any]:
    """Slope and intercept applied, as float32; a slice at a time, to need no second copy in float64."""
    out = np.empty(voxels.shape, np.float32, order="F")
    with np.errstate(over="ignore", invalid="ignore"):
        for last in range(voxels.shape[-1]):
            out[..., last] = voxels[..., last].astype(np.float64) * slope + inter
    if voxels.dtype.kind in "iu" and not np.isfinite(out).all():
        raise DataError("the scaling makes its values infinite", where=where, mend=_ANEW)
    return out


def _constant(voxels: np.ndarray[Any, Any]) -> bool:
    first = voxels.flat[0]
    return all(bool((voxels[..., last] == first).all()) for last in range(voxels.shape[-1]))


def _value_notes(voxels: np.ndarray[Any, Any], where: str) -> list[str]:
    if voxels.dtype.kind != "f":
        return []
    good = sum(int(np.isfinite(voxels[..., last]).sum()) for last in range(voxels.shape[-1]))
    if good == voxels.size:
        return []
    if not good:
        raise DataError("no voxel of it holds a number (NaN or infinite)", where=where, mend=_ANEW)
    share = 100 * (1 - good / voxels.size)
    return [f"{max(share, 0.01):.2f} % of the voxels hold no number (NaN or infinite)"]


def _time_step_s(header: Nifti1Header) -> float | None:
    """Seconds between volumes; None where the header does not say it in a unit of time."""
    step, unit = float(header["pixdim"][4]), int(header["xyzt_units"]) & 0x38
    return step * _SECONDS[unit] if unit in _SECONDS and math.isfinite(step) and step > 0 else None
