"""DICOM files: values, encodings, what is refused before it is decoded, and that names stay inside."""

from __future__ import annotations

import io
import struct

import numpy as np
import pydicom
import pytest
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from scans import CANARY, ROOT, dicom, nifti, noise, study, zipped

from common.errors import DataError, IntakeError, PilotError
from common.intake import kinds, take

IMPLICIT, EXPLICIT, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
BIG, RLE = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"
JPEG, JPEG_12, J2K = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.90"
PIXELS = noise(12, 10, dtype="uint16")


def parse(tmp_path, data, name="scan.dcm", **options):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.DICOM]).parse(**options)


def refused(tmp_path, data, said, **options):
    with pytest.raises(PilotError, match=said) as caught:
        parse(tmp_path, data, **options)
    assert str(caught.value).startswith("scan.dcm")
    assert caught.value.mend
    assert CANARY not in str(caught.value)


def claiming(syntax: str) -> bytes:
    """A plain file that names another transfer syntax."""
    tag, old = b"\x02\x00\x10\x00UI", EXPLICIT.encode() + b"\0"
    new = syntax.encode() + bytes(len(syntax) % 2)
    return dicom(PIXELS).replace(
        tag + struct.pack("<H", len(old)) + old, tag + struct.pack("<H", len(new)) + new
    )


def packed(pixels: np.ndarray, syntax: str, *, form: str = "", **elements) -> bytes:
    """A DICOM file with pixels compressed by Pillow or, for RLE, by pydicom."""

    def change(data):
        if syntax == RLE:
            data.compress(RLE, encoding_plugin="pydicom")
            return
        frames = []
        for frame in pixels.reshape(-1, *pixels.shape[-2:]):
            out = io.BytesIO()
            extra = {"no_jp2": True} if form == "JPEG2000" else {"quality": 95}
            Image.fromarray(frame).save(out, form, **extra)
            frames.append(out.getvalue())
        data.PixelData = encapsulate(frames)
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
        data.file_meta.TransferSyntaxUID = syntax

    return dicom(pixels, EXPLICIT if syntax == RLE else syntax, change, **elements)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4"])
def test_plain_pixels(tmp_path, dtype, syntax):
    pixels = noise(11, 9, dtype=dtype, most=120) - np.array(5 if dtype[0] == "i" else 0, dtype)
    stored = pixels
    if syntax == BIG and pixels.itemsize > 1:
        stored = pixels.byteswap().view(pixels.dtype)
    found = parse(tmp_path, dicom(stored, syntax))
    np.testing.assert_array_equal(found.arrays["voxels"], pixels)
    assert found.arrays["voxels"].dtype == np.dtype(dtype)
    assert found.facts["shape"] == [11, 9]
    assert found.facts["spacing_mm"] == [0.5, 0.75]


def test_big_endian_words_of_two_pixels(tmp_path):
    pixels = noise(4, 6, dtype="u1", most=255)

    def words(data):
        data.PixelData = pixels.reshape(-1, 2)[:, ::-1].tobytes()
        data["PixelData"].VR = "OW"

    np.testing.assert_array_equal(parse(tmp_path, dicom(pixels, BIG, words)).arrays["voxels"], pixels)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
def test_rle(tmp_path, dtype):
    pixels = np.repeat(noise(16, 4, dtype=dtype, most=200), 5, axis=1)
    found = parse(tmp_path, packed(pixels, RLE))
    np.testing.assert_array_equal(found.arrays["voxels"], pixels)
    assert not found.notes


def test_jpeg_2000_of_8_and_12_bits(tmp_path):
    pixels = noise(24, 20, dtype="u1", most=255)
    np.testing.assert_array_equal(
        parse(tmp_path, packed(pixels, J2K, form="JPEG2000")).arrays["voxels"], pixels
    )
    deep = noise(24, 20, dtype="u2", most=65535)
    np.testing.assert_array_equal(parse(tmp_path, packed(deep, J2K, form="JPEG2000")).arrays["voxels"], deep)


@pytest.mark.parametrize("syntax", [JPEG, JPEG_12])
def test_jpeg_is_lossy_and_says_so(tmp_path, syntax):
    ramp = np.add.outer(np.arange(32), np.arange(24)).astype("u1") * 4
    found = parse(tmp_path, packed(ramp, syntax, form="JPEG"))
    assert np.abs(found.arrays["voxels"].astype(int) - ramp).max() < 8
    assert "with loss" in " ".join(found.notes)


def test_jpeg_of_another_size_than_declared_is_refused_undecoded(tmp_path):
    big = packed(np.zeros((3000, 3000), "u1"), JPEG, form="JPEG", Rows=8, Columns=8)
    refused(tmp_path, big, "do not match its header")
    none = dicom(PIXELS.astype("u1"), JPEG, lambda data: setattr(data, "PixelData", encapsulate([])))
    refused(tmp_path, none, "1 compressed pictures and fewer")


def test_values_are_rescaled_whole_where_that_loses_nothing(tmp_path):
    found = parse(tmp_path, dicom(PIXELS, RescaleSlope=1, RescaleIntercept=-1024))
    np.testing.assert_array_equal(found.arrays["voxels"], PIXELS.astype(int) - 1024)
    assert found.arrays["voxels"].dtype == np.int16
    assert found.facts["rescale"] == {"slope": 1.0, "intercept": -1024.0}
    high = parse(tmp_path, dicom(PIXELS + np.uint16(60000), RescaleSlope=1, RescaleIntercept=-1024))
    np.testing.assert_array_equal(high.arrays["voxels"], PIXELS.astype(int) + 60000 - 1024)
    part = parse(tmp_path, dicom(PIXELS, RescaleSlope="0.25", RescaleIntercept=3))
    np.testing.assert_array_equal(part.arrays["voxels"], (PIXELS * 0.25 + 3).astype(np.float32))


def test_bits_beside_the_stored_ones_are_cleared(tmp_path):
    drawn = PIXELS | np.uint16(0x8000)
    found = parse(tmp_path, dicom(drawn, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(found.arrays["voxels"], PIXELS)
    assert "bits beside" in " ".join(found.notes)
    negative = np.array([[-5, 7], [-2048, 2047]], "i2")
    signed = parse(tmp_path, dicom(negative & np.int16(0x0FFF), BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(signed.arrays["voxels"], negative)
    shifted = parse(tmp_path, dicom(PIXELS << np.uint16(4), BitsStored=12, HighBit=15))
    np.testing.assert_array_equal(shifted.arrays["voxels"], PIXELS)


def test_monochrome1_is_inverted_with_its_window(tmp_path):
    elements = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 1000, "WindowWidth": 50}
    found = parse(tmp_path, dicom(PIXELS, PhotometricInterpretation="MONOCHROME1", **elements))
    np.testing.assert_array_equal(found.arrays["voxels"], 4095 - PIXELS)
    assert found.facts["window"] == {"centre": 3095.0, "width": 50.0}
    assert "MONOCHROME1" in " ".join(found.notes)


def test_detector_spacing_for_x_rays_alone(tmp_path):
    detector = {"PixelSpacing": None, "ImagerPixelSpacing": [0.14, 0.14]}
    found = parse(tmp_path, dicom(PIXELS, Modality="DX", BodyPartExamined="CHEST", **detector))
    assert (found.facts["spacing_mm"], found.facts["body_part"]) == ([0.14, 0.14], "CHEST")
    assert "on the detector" in found.notes[0]
    bare = parse(tmp_path, dicom(PIXELS, **detector))
    assert bare.facts["spacing_mm"] is None
    assert "no length or area" in bare.notes[0]


@pytest.mark.filterwarnings("ignore:Unknown encoding")
def test_awkward_files_load(tmp_path):
    whole = dicom(PIXELS)
    assert parse(tmp_path, whole + bytes(10)).facts["shape"] == [12, 10]
    assert parse(tmp_path, dicom(PIXELS, SpecificCharacterSet="ISO_IR 999")).facts["shape"] == [12, 10]
    for name in ("SOPClassUID", "SeriesInstanceUID", "Modality", "SpecificCharacterSet", "PatientName"):
        bare = dicom(PIXELS, change=lambda data, name=name: delattr(data, name))
        np.testing.assert_array_equal(parse(tmp_path, bare).arrays["voxels"], PIXELS)
    for name in ("WindowCenter", "SliceThickness", "InstanceNumber", "RescaleSlope"):
        assert parse(tmp_path, dicom(PIXELS, **{name: ""})).facts["shape"] == [12, 10]
    for lie in (claiming(IMPLICIT), claiming("")):
        np.testing.assert_array_equal(parse(tmp_path, lie).arrays["voxels"], PIXELS)

    def odd(data):
        data.private_block(0x41, "ODD", create=True).add_new(1, "UN", b"\xff" * 9)

    assert parse(tmp_path, dicom(PIXELS, change=odd)).facts["shape"] == [12, 10]


def test_nothing_about_the_person_gets_out(tmp_path):
    names = {"BodyPartExamined": "JANSEN", "Laterality": "JANSEN", "BurnedInAnnotation": CANARY}
    for syntax in (IMPLICIT, EXPLICIT):
        found = parse(tmp_path, dicom(PIXELS, syntax, **names))
        text = repr(found.facts) + repr(found.notes)
        assert not any(word in text for word in (CANARY, "JANSEN", "1950", "1.2.826", "tel"))
        assert (found.facts["body_part"], found.facts["laterality"]) == ("other", None)
    refused(tmp_path, dicom(PIXELS, PixelSpacing=["0", "0"]), "0 × 0 mm")
    refused(tmp_path, zipped([dicom(PIXELS), dicom(PIXELS)[:-50]]), "file 2 of 2")
    whole = zipped([dicom(PIXELS), dicom(noise(90, 90))])
    at = len(whole) // 2
    refused(tmp_path, whole[:at] + b"#" + whole[at + 1 :], "file 2 of 2: it is damaged")
    refused(tmp_path, whole[:80] + b"#" * 9 + whole[89:], "a file in the ZIP archive is damaged")


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "are written"),
        ({"Modality": "US"}, "may be written"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "may be written"),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, ""),
        ({}, ""),
    ],
)
def test_text_in_the_picture_is_warned_of(tmp_path, elements, said):
    found = parse(tmp_path, dicom(PIXELS, **elements))
    assert (said in " ".join(found.notes)) if said else not any("written" in note for note in found.notes)
    assert found.facts["burned_in"] == elements.get("BurnedInAnnotation", "not stated")


REFUSED = {
    "65535 squared": (dicom(PIXELS, Rows=65535, Columns=65535), "8,590 MB"),
    "fewer pixels than declared": (dicom(PIXELS, Rows=13), "260 bytes of pixels and 240"),
    "frames that are not there": (dicom(PIXELS, NumberOfFrames=30), "7,200 bytes"),
    "a million frames": (dicom(PIXELS, NumberOfFrames=1_000_000), "1,000,000 frames"),
    "no rows": (dicom(PIXELS, Rows=0), "rows and columns"),
    "rows missing": (dicom(PIXELS, Rows=None), "rows and columns"),
    "spacing 0": (dicom(PIXELS, PixelSpacing=[0, 0]), "0 × 0 mm"),
    "spacing negative": (dicom(PIXELS, PixelSpacing=[-1, 1]), "-1 × 1 mm"),
    "spacing of a kilometre": (dicom(PIXELS, PixelSpacing=[1e6, 1e6]), "no scan has"),
    "one spacing": (dicom(PIXELS, PixelSpacing=[1]), "PixelSpacing cannot be read"),
    "no directions": (dicom(PIXELS, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "no pair of directions"),
    "slope 0": (dicom(PIXELS, RescaleSlope=0), "RescaleSlope is 0"),
    "slope 1e300": (dicom(PIXELS, RescaleSlope="1e300"), "infinite"),
    "bits": (dicom(PIXELS, BitsStored=20), "contradict"),
    "single bits": (dicom(PIXELS, BitsAllocated=1, BitsStored=1, HighBit=0), "pixels of 1 bits"),
    "colour": (dicom(PIXELS, SamplesPerPixel=3, PhotometricInterpretation="RGB"), "colour"),
    "palette": (dicom(PIXELS, PhotometricInterpretation="PALETTE COLOR"), "colour"),
    "no pixels": (dicom(PIXELS, PixelData=None), "without a picture"),
    "report": (dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33"), "structured report"),
    "contours": (dicom(PIXELS, Modality="RTSTRUCT", PixelData=None), "RTSTRUCT"),
    "segmentation": (dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4"), "segmentation"),
    "dose": (dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2"), "RTDOSE"),
    "film": (dicom(noise(5, 8, 8, dtype="u1"), Modality="US"), "film of 5"),
    "cut pixels": (dicom(PIXELS)[:-1], "240 bytes are declared, 239 are there"),
    "cut header": (dicom(PIXELS)[:400], "longer than|cut off|without a picture"),
    "cut RLE": (packed(np.tile(PIXELS, (9, 9)), RLE)[:-300], "cut off"),
    "JPEG lossless": (claiming(JPEG[:-2] + "70"), "JPEG Lossless"),
    "JPEG-LS": (claiming(JPEG[:-2] + "80"), "JPEG-LS"),
    "film MPEG": (claiming(JPEG[:-2] + "102"), "MPEG"),
    "unknown": (claiming(ROOT + "5"), "not known"),
    "claims to be packed": (claiming(RLE), "not packed"),
    "deflated bomb": (dicom(np.zeros((6000, 6000), "u2"), DEFLATED), "grows past"),
    "deflated and cut": (dicom(noise(90, 90, dtype="u2"), DEFLATED)[:-900], "cut off|damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    refused(tmp_path, *REFUSED[name])


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("closed", [False, True])
def test_nested_sequences_are_refused_quickly(tmp_path, implicit, closed):
    def sequence(inner: bytes, length: int) -> bytes:
        form = struct.pack("<HH", 8, 0x1115) + (b"" if implicit else b"SQ\0\0") + struct.pack("<I", length)
        return form + struct.pack("<HHI", 0xFFFE, 0xE000, length - 8 if closed else length) + inner

    data = dicom(PIXELS, IMPLICIT if implicit else EXPLICIT)
    at = data.index(struct.pack("<HH", 0x10, 0x10))
    body = b"" if closed else sequence(b"", 0xFFFFFFFF) * 20_000
    for _ in range(2000 if closed else 0):
        body = sequence(body, len(body) + 8)
    refused(tmp_path, data[:at] + body + data[at:], "nested more than 32")


def test_sequences_of_usual_depth_load(tmp_path):
    inner = Dataset()
    inner.TextValue = CANARY
    for _ in range(12):
        outer = Dataset()
        outer.ContentSequence = Sequence([inner, Dataset()])
        inner = outer
    for syntax in (IMPLICIT, EXPLICIT, BIG):
        for endless in (False, True):

            def change(data, endless=endless):
                data.ContentSequence = Sequence([inner])
                data["ContentSequence"].is_undefined_length = endless
                icon = Dataset()
                icon.Rows, icon.PixelData = 1, b"\1\2"
                icon["PixelData"].VR = "OW"
                data.IconImageSequence = Sequence([icon])

            assert parse(tmp_path, dicom(PIXELS, syntax, change)).facts["shape"] == [12, 10]


def test_real_series_load(tmp_path, benchmark_data):
    folder = benchmark_data / "healthcare" / "dicom"
    found = take(folder / "11-T1post-18670", [kinds.DICOM]).parse()
    assert found.facts["shape"] == [280, 320, 22]
    np.testing.assert_allclose(found.facts["spacing_mm"], [0.6875, 0.6875, 6.5], rtol=1e-5)
    one = pydicom.dcmread(folder / "11-T1post-18670" / "000003.dcm")
    planes = found.arrays["voxels"].T
    assert any(np.array_equal(plane, one.pixel_array) for plane in planes)
    assert str(one.PatientName) not in repr(found.facts) + repr(found.notes)


def test_other_files_are_refused(tmp_path):
    with pytest.raises((IntakeError, DataError), match="looks like"):
        parse(tmp_path, nifti(noise(4, 4, 4)))


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "scan.dcm", [kinds.DICOM])
    small = noise(4, 4, dtype="uint16")
    files = study(noise(4, 4, 3), np.diag([1.0, 1, 2, 1]), Modality="MR")
    forms = [dicom(small, syntax) for syntax in (IMPLICIT, EXPLICIT, DEFLATED)]
    forms += [packed(small, RLE), packed(noise(8, 8, dtype="u1"), J2K, form="JPEG2000"), zipped(files)]

    @fuzzed
    @given(hostile(*forms, head=1600))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 20, attempts.report()
