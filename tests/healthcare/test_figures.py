"""Pictures of a finding: which slices are shown, their proportions, and where the outline stands in them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from outlines import LABELS, by_intensity, volume

from healthcare.data import Scan
from healthcare.diagnose import diagnose
from healthcare.figures import SMALL_PX, WIDTH_PX, Figures, legend_png
from healthcare.finding import Classified, Finding, Label, Segmented
from healthcare.painting import paint, ramp, window_of
from healthcare.planes import Plane, Planes

RED = (255, 0, 0)


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def finding(mask: np.ndarray, spacing=(1.0, 1.0, 1.0), doubt: np.ndarray | None = None) -> Finding:
    array = np.linspace(0, 100, mask.size).reshape(mask.shape)
    scan = Scan(array, np.diag([*spacing, 1.0]), spacing, "MR")
    doubt = np.zeros(mask.shape, np.uint8) if doubt is None else doubt
    segmented = Segmented(mask, doubt, ())
    return Finding("", {}, scan=scan, segmented=segmented, labels=(Label(1, "core", colour=RED),))


def test_a_real_outline_is_shown_in_three_planes_and_a_montage():
    figures = Figures(diagnose(volume(1)[0], by_intensity()))
    key, montage = figures.key_slices(), figures.montage()
    assert [picture.words.split()[0] for picture in key] == ["axial", "coronal", "sagittal"]
    assert 4 <= len(montage) <= 8
    assert {picture.width_px for picture in key} == {WIDTH_PX}
    assert {picture.width_px for picture in montage} == {SMALL_PX}
    colours = {label.colour for label in LABELS}
    for picture in key:
        seen = set(map(tuple, opened(picture.png).reshape(-1, 3)))
        assert colours <= seen
    for picture in figures.key_slices(outlined=False):
        pixels = opened(picture.png)
        assert (pixels.max(axis=2) == pixels.min(axis=2)).all()
    doubt = figures.uncertainty()
    assert doubt is not None
    assert "doubt" in doubt.words


def test_each_plane_is_the_one_in_which_most_is_outlined():
    mask = np.zeros((20, 22, 24), np.uint8)
    mask[5, 3:6, 3:6] = 1
    mask[4:10, 12:18, 17] = 1
    words = [picture.words for picture in Figures(finding(mask)).key_slices()]
    assert words == ["axial slice 18 of 24", "coronal slice 13 of 22", "sagittal slice 6 of 20"]


def test_the_montage_runs_through_what_is_outlined_and_no_further():
    mask = np.zeros((20, 22, 40), np.uint8)
    mask[5:9, 5:9, 10:30] = 1
    numbers = [int(picture.words.split()[2]) for picture in Figures(finding(mask)).montage()]
    assert len(numbers) == 8
    assert min(numbers) >= 11
    assert max(numbers) <= 30
    assert len(set(np.diff(numbers))) <= 2


def test_nothing_outlined_shows_the_middle():
    mask = np.zeros((20, 22, 24), np.uint8)
    figures = Figures(finding(mask))
    assert figures.key_slices()[0].words == "axial slice 13 of 24"
    assert len(figures.montage()) == 8
    assert figures.uncertainty() is None


def test_the_slice_with_most_doubt_is_shown():
    mask, doubt = np.zeros((20, 22, 24), np.uint8), np.zeros((20, 22, 24), np.uint8)
    doubt[:, :, 7] = 200
    shown = Figures(finding(mask, doubt=doubt)).uncertainty()
    assert shown is not None
    assert shown.words.startswith("axial slice 8 of 24")


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 5.0), (0.5, 2.0, 1.0)])
def test_pictures_keep_the_scans_proportions(spacing):
    mask = np.zeros((20, 30, 10), np.uint8)
    axial, coronal, sagittal = Figures(finding(mask, spacing)).key_slices()
    x, y, z = (n * s for n, s in zip(mask.shape, spacing, strict=True))
    for picture, (width, height) in ((axial, (x, y)), (coronal, (x, z)), (sagittal, (y, z))):
        assert picture.height_px / picture.width_px == pytest.approx(height / width, rel=0.01)


def test_the_outline_lies_on_the_voxels_of_the_mask():
    mask = np.zeros((20, 20, 3), np.uint8)
    mask[2:6, 11:17, 1] = 1  # on the left, towards the front
    scan_finding = finding(mask)
    assert scan_finding.scan is not None
    planes = Planes(scan_finding.scan.affine, mask.shape)
    plane = planes.cut(scan_finding.scan.array, "axial", 1)
    cut = planes.cut(mask, "axial", 1).pixels
    painted = np.asarray(paint(plane, (0, 100), width_px=200, mask=cut, colours={1: RED}, lettered=False))
    rows, columns = np.nonzero((painted == RED).all(axis=2))
    # 10 pixels a voxel; columns begin at the patient's right, rows at the front.
    assert (columns.min(), columns.max()) == ((20 - 6) * 10, (20 - 2) * 10 - 1)
    assert (rows.min(), rows.max()) == ((20 - 17) * 10, (20 - 11) * 10 - 1)


def test_the_scanners_window_is_taken_where_the_values_fill_it():
    values = np.linspace(0, 1000, 10_000).reshape(100, 100)
    assert window_of(values, {"centre": 400, "width": 800}) == (0, 800)
    assert window_of(values, (400, 800)) == (0, 800)
    low, high = window_of(values / 20, {"centre": 400, "width": 800})  # it would be all but black
    assert (low, high) == pytest.approx((0.25, 49.75))
    assert window_of(values, {"centre": None, "width": "wide"}) == pytest.approx((5, 995))


@pytest.mark.parametrize("values", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.full((4, 4, 4), 7)])
def test_a_scan_without_contrast_has_a_window(values):
    low, high = window_of(values)
    assert high > low
    plane = Plane("axial", 1, 1, values.reshape(4, -1), (1.0, 1.0), "", "", "", "", 0.0)
    assert paint(plane, (low, high), width_px=40).size[0] == 40


def test_heat_lies_where_it_was_found():
    heat = np.zeros((30, 40), np.float32)
    heat[20:, 30:] = 1
    scan = Scan(np.full((30, 40), 50, np.uint8), None, None, "DX")
    classified = Classified({"a": 0.9, "b": 0.1}, ["a"], heat=heat)
    picture = Figures(Finding("", {}, scan=scan, classified=classified)).heat()
    assert picture is not None
    pixels = opened(picture.png)
    coloured = pixels.max(axis=2) - pixels.min(axis=2) > 40
    rows, columns = np.nonzero(coloured)
    assert rows.min() > pixels.shape[0] * 0.6
    assert columns.min() > pixels.shape[1] * 0.7


def test_the_ramp_grows_lighter_all_the_way():
    light = ramp(np.linspace(0, 1, 50)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()
    assert opened(legend_png(30, 4)).shape == (4, 30, 3)


def test_a_finding_without_its_scan_cannot_be_drawn():
    with pytest.raises(ValueError, match="without its scan"):
        Figures(Finding("", {}))
