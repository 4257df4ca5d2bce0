"""PNG and JPEG: the pixels as they are seen, without what is written beside them; no bombs, nothing cut."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile
from PIL import Image, ImageOps, PngImagePlugin

from common.errors import PilotError
from common.intake import kinds, take

CANARY = "CANARY"
GREY = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)


def parse(tmp_path, data, name="photo.png"):
    path = tmp_path / name
    path.write_bytes(data)
    return take(path, [kinds.PICTURE]).parse()


def refused(tmp_path, data, said):
    with pytest.raises(PilotError, match=said) as caught:
        parse(tmp_path, data)
    assert str(caught.value).startswith("photo.png: ")
    assert caught.value.mend


def saved(image: Image.Image, form: str = "PNG", **extra) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **extra)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with a part more, behind its header."""
    return data[:33] + chunk(name, body) + data[33:]


def bare_png(columns: int, rows: int, bits: int, colour: int, lines: bytes, laced: int = 0) -> bytes:
    head = struct.pack(">2I5B", columns, rows, bits, colour, 0, 0, laced)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_grey_and_colour(tmp_path):
    for pixels in (GREY, COLOUR):
        found = parse(tmp_path, saved(Image.fromarray(pixels)))
        np.testing.assert_array_equal(found.arrays["pixels"], pixels)
        assert (found.facts["lossy"], found.facts["shape"], list(found.notes)) == (
            False,
            list(pixels.shape),
            [],
        )


def test_grey_of_16_bits(tmp_path):
    deep = GREY.astype(np.uint16) * 257
    found = parse(tmp_path, saved(Image.fromarray(deep)))
    np.testing.assert_array_equal(found.arrays["pixels"], deep)
    assert found.facts["dtype"] == "uint16"


def test_interlaced(tmp_path):
    # One bit a pixel, all zero but the last pass, whose three lines are white.
    passes = [(1, 1), (1, 1), (1, 1), (2, 2), (2, 1), (2, 3), (5, 2)]
    lines = [
        b"\0" + (b"\xff" if n == 6 else b"\0") for n, (_, rows) in enumerate(passes) for _ in range(rows)
    ]
    data = bare_png(5, 5, 1, 0, b"".join(lines), laced=1)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    np.testing.assert_array_equal(parse(tmp_path, data).arrays["pixels"], expected)
    refused(tmp_path, bare_png(5, 5, 1, 0, b"".join(lines)[:-2], laced=1), "lines are missing")


def test_colours_of_16_bits_are_reduced_with_a_note(tmp_path):
    lines = b"".join(b"\0" + bytes(range(12)) for _ in range(3))
    found = parse(tmp_path, bare_png(2, 3, 16, 2, lines))
    np.testing.assert_array_equal(found.arrays["pixels"][0], [[0, 2, 4], [6, 8, 10]])
    assert "reduced to 8" in found.notes[0]


@pytest.mark.parametrize("form", ["JPEG", "MPO"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(tmp_path, form, progressive):
    smooth = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8) * 2
    data = saved(Image.fromarray(smooth), form, quality=95, progressive=progressive)
    found = parse(tmp_path, data, "photo.jpg")
    assert np.abs(found.arrays["pixels"].astype(int) - smooth).max() < 6
    assert (found.facts["format"], found.facts["lossy"]) == ("JPEG", True)


def test_other_forms_become_grey_or_colour_with_a_note(tmp_path):
    grey, colour = Image.fromarray(GREY), Image.fromarray(COLOUR)
    forms = {
        "palette was": (saved(colour.quantize(16)), np.asarray(colour.quantize(16).convert("RGB"))),
        "palette": (saved(grey.convert("P")), GREY),
        "transparency": (saved(colour.convert("RGBA")), COLOUR),
        "transparency was": (saved(grey.convert("LA")), GREY),
        "": (saved(grey.convert("1")), np.asarray(grey.convert("1").convert("L"))),
    }
    for said, (data, pixels) in forms.items():
        found = parse(tmp_path, data)
        np.testing.assert_array_equal(found.arrays["pixels"], pixels)
        assert said in " ".join(found.notes)
    print_colours = parse(tmp_path, saved(colour.convert("CMYK"), "JPEG"))
    assert print_colours.arrays["pixels"].shape == (20, 30, 3)
    assert "CMYK" in print_colours.notes[0]


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_the_cameras_orientation_is_applied(tmp_path, turn, form):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = turn, CANARY
    data = saved(Image.fromarray(GREY), form, exif=exif.tobytes())
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    found = parse(tmp_path, data)
    np.testing.assert_array_equal(found.arrays["pixels"], upright)
    assert ("turned upright" in " ".join(found.notes)) == (turn > 1)
    assert CANARY not in repr(found)


def test_texts_and_profiles_stay_behind(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", CANARY)
    texts.add_text("Title", CANARY, zip=True)
    texts.add_itxt("Place", CANARY, zip=True)
    data = saved(Image.fromarray(GREY), pnginfo=texts, icc_profile=CANARY.encode() * 99, dpi=(300, 300))
    found = parse(tmp_path, data)
    np.testing.assert_array_equal(found.arrays["pixels"], GREY)
    assert CANARY not in repr(found)
    comment = parse(tmp_path, saved(Image.fromarray(GREY), "JPEG", comment=CANARY, icc_profile=b"x" * 70000))
    assert CANARY not in repr(comment)


def test_first_picture_of_an_animation(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    found = parse(tmp_path, saved(frames[0], save_all=True, append_images=frames[1:]))
    np.testing.assert_array_equal(found.arrays["pixels"], GREY)
    assert "animation" in found.notes[0]


BOMB = zlib.compress(bytes(40 << 20), 9)
PNG, JPEG = saved(Image.fromarray(GREY)), saved(Image.fromarray(GREY), "JPEG")
SOF = JPEG.index(b"\xff\xc0")
REFUSED = {
    "declared pixels": (bare_png(40_000, 40_000, 1, 0, bytes(5001 * 100)), "40,000 × 40,000"),
    "declared bytes": (bare_png(9_000, 9_000, 16, 2, bytes(99)), "9,000 × 9,000"),
    "no pixel": (bare_png(0, 10, 8, 0, b""), "no pixel"),
    "JPEG declares": (JPEG[: SOF + 5] + b"\xff\xdc\xff\xdc" + JPEG[SOF + 9 :], "65,500 × 65,500"),
    "zTXt": (with_chunk(PNG, b"zTXt", b"Title\0\0" + BOMB), "grows past 4 MB"),
    "iTXt": (with_chunk(PNG, b"iTXt", b"Title\0\1\0nl\0Titel\0" + BOMB), "grows past 4 MB"),
    "iCCP": (with_chunk(PNG, b"iCCP", b"profile\0\0" + BOMB), "grows past 4 MB"),
    "PNG cut": (PNG[:-20], "cut off|check sum"),
    "PNG cut within its pixels": (PNG[:200], "cut off"),
    "PNG flipped": (PNG[:200] + bytes([PNG[200] ^ 4]) + PNG[201:], "check sum"),
    "PNG too few lines": (bare_png(30, 20, 8, 0, bytes(31 * 19)), "lines are missing"),
    "PNG parts out of order": (PNG[:8] + chunk(b"tEXt", b"a\0b") + PNG[8:], "out of order"),
    "JPEG cut": (JPEG[:-60], "cut off"),
    "JPEG cut in its header": (JPEG[:100], "cut off"),
    "JPEG of 500 scans": (JPEG[:-2] + b"\xff\xda\0\2" * 500 + b"\xff\xd9", "made to do harm"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    refused(tmp_path, *REFUSED[name])


def test_large_pictures_within_the_cap_load(tmp_path):
    found = parse(tmp_path, bare_png(9_000, 9_000, 8, 0, bytes(9_001 * 9_000)))
    assert found.facts["shape"] == [9_000, 9_000]


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "photo.png", [kinds.PICTURE])
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(Image.fromarray(GREY), "JPEG", exif=exif.tobytes())

    @fuzzed
    @given(hostile(PNG, saved(Image.fromarray(COLOUR).quantize(16)), JPEG, turned, head=200))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 20, attempts.report()
