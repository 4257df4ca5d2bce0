"""A volume cut into planes: what lies where in the picture, whatever way the volume's own axes point."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from healthcare.planes import NAMES, Planes

SHAPE = (6, 7, 5)  # to the right, the front, the head
SPACING = np.array([2.0, 1.0, 3.0])
ORIENTATIONS = [(order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def stored(body: np.ndarray, order: tuple[int, ...], signs: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A volume whose axes run to the right, front and head, stored along other axes, with its affine."""
    affine, array = np.eye(4), body
    affine[:3, :3] = np.diag(SPACING)
    for axis, sign in enumerate(signs):
        if sign < 0:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return np.transpose(array, order), affine[:, [*order, 3]]


def test_the_letters_and_proportions_of_the_three_planes():
    planes = Planes(np.diag([*SPACING, 1.0]), SHAPE)
    cut = {name: planes.cut(np.zeros(SHAPE), name, 0) for name in NAMES}
    letters = {name: (p.left, p.right, p.top, p.bottom) for name, p in cut.items()}
    assert letters["axial"] == ("R", "L", "A", "P")
    assert letters["coronal"] == ("R", "L", "S", "I")
    assert letters["sagittal"] == ("A", "P", "S", "I")
    assert {name: p.pixels.shape for name, p in cut.items()} == {
        "axial": (7, 6),
        "coronal": (5, 6),
        "sagittal": (5, 7),
    }
    assert cut["axial"].pixel_mm == (1.0, 2.0)
    assert cut["coronal"].size_mm == (15.0, 12.0)
    assert cut["sagittal"].pixel_mm == (3.0, 1.0)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_orientation_gives_the_same_pictures(order, signs):
    body = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    array, affine = stored(body, order, signs)
    planes = Planes(affine, array.shape)
    np.testing.assert_array_equal(planes.turned(array), body)
    for axis, name in enumerate(NAMES):
        index = SHAPE[axis] - 2
        plane = planes.cut(array, name, index)
        np.testing.assert_array_equal(plane.pixels, np.take(body, index, axis)[::-1, ::-1].T)
        assert (plane.number, plane.count) == (index + 1, SHAPE[axis])
        assert plane.left + plane.right in ("RL", "AP")
    assert not planes.is_oblique


def test_the_patients_right_front_and_head_come_first():
    body = np.zeros(SHAPE)
    body[-1, -1, -1] = 1  # right, front, head
    planes = Planes(np.diag([*SPACING, 1.0]), SHAPE)
    for axis, name in enumerate(NAMES):
        assert planes.cut(body, name, SHAPE[axis] - 1).pixels[0, 0] == 1


def test_an_oblique_volume_keeps_its_own_planes_and_says_so():
    a = np.radians(25)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]) @ np.diag(
        SPACING
    )
    body = np.random.default_rng(0).normal(size=SHAPE)
    planes = Planes(affine, SHAPE)
    axial = planes.cut(body, "axial", 2)
    np.testing.assert_array_equal(axial.pixels, body[::-1, ::-1, 2].T)
    assert planes.is_oblique
    assert axial.tilt_deg == pytest.approx(25)
    # Turned about the left-right axis: the front end of the slice is lifted towards the head.
    assert (axial.left, axial.right, axial.top, axial.bottom) == ("R", "L", "AS", "PI")
    assert planes.cut(body, "sagittal", 1).tilt_deg == pytest.approx(0)


@pytest.mark.parametrize(
    ("spacing", "name"), [((1, 1, 5), "axial"), ((4, 1, 1), "sagittal"), ((1, 1, 1), "axial")]
)
def test_the_plane_of_the_scanner_is_found(spacing, name):
    assert Planes(np.diag([*spacing, 1.0]), SHAPE).through_plane() == name
