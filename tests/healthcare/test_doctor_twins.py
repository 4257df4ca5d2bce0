from __future__ import annotations

import numpy as np
import pytest

from healthcare import doctor_twins as twins


def scenes(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures or volumes, no two alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, *(4 for _ in shape)))
    for axis, length in enumerate(shape, 1):
        at = np.linspace(0, 3, length)
        low = np.minimum(at.astype(int), 2)
        part = (at - low).reshape([-1 if n == axis else 1 for n in range(coarse.ndim)])
        coarse = np.take(coarse, low, axis) * (1 - part) + np.take(coarse, low + 1, axis) * part
    return np.clip(coarse * 40 + 128, 0, 255).astype(np.uint8)


PICTURES = scenes(40, 28, 28)


@pytest.mark.parametrize(
    ("change", "mirrored", "inverted"),
    [
        (lambda one: one * 0.6 + 30, False, False),
        (lambda one: 255 * (one / 255.0) ** 1.3, False, False),
        (lambda one: one + np.random.default_rng(5).normal(0, 3, one.shape), False, False),
        (lambda one: one[:, ::-1], True, False),
        (lambda one: one[::-1, ::-1] * 0.8, True, False),
        (lambda one: 255 - one, False, True),
        (lambda one: 255 - one[::-1], True, True),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_a_changed_copy_is_found_and_nothing_else(monkeypatch, change, mirrored, inverted, many):
    if many:
        monkeypatch.setattr(twins, "MANY", 10)  # as for large sets: candidates by projection
    copy = np.rint(change(PICTURES[7].astype(float)))
    (found,) = twins.near(np.concatenate([PICTURES, copy[None]]))
    assert (found.first, found.second) == (7, 40)
    assert (found.mirrored, found.inverted) == (mirrored, inverted)
    assert found.alike >= twins.ALIKE


def test_pictures_of_their_own_are_no_twins():
    assert twins.near(PICTURES) == []


def test_empty_pictures_are_like_nothing():
    assert twins.near(np.zeros((3, 28, 28), np.uint8)) == []


def test_a_mirrored_volume_is_found():
    volumes = scenes(6, 16, 16, 16)
    (found,) = twins.near(np.concatenate([volumes, np.flip(volumes[2:3], (1, 3)) // 2]))
    assert (found.first, found.second, found.mirrored) == (2, 6, True)


def test_content_is_of_values_and_shape_whatever_the_type():
    one = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert twins.content(one) == twins.content(one.astype(np.float32)) == twins.content(one.astype(">i4"))
    assert twins.content(one) == twins.content(np.asfortranarray(one))
    assert twins.content(one) != twins.content(one.reshape(6, 4))
    assert twins.content(one) != twins.content(one + 0.5)
    assert twins.exact(["a", "b", "a", "c", "b", "a"]) == [[0, 2, 5], [1, 4]]


def test_a_thumbnail_is_the_mean_of_what_it_covers():
    array = np.arange(60 * 56, dtype=float).reshape(60, 56)
    small = twins.thumbnail(array, 28)
    assert small.shape == (28, 28)
    assert small[0, 0] == pytest.approx(array[:2, :2].mean())
    assert small.mean() == pytest.approx(array.mean(), rel=0.02)  # blocks are of 2 or 3 rows
    assert twins.thumbnail(np.ones((5, 40, 7)), 16).shape == (16, 16, 16)


@pytest.mark.data
def test_no_two_real_radiographs_are_taken_for_twins_that_are_no_copies(benchmark_data):
    from healthcare.pictures import read_pictures

    images = read_pictures(benchmark_data / "healthcare" / "pneumonia_train_val.npz").images
    held = np.unique(images["val"], axis=0)
    copies = np.rint(held[:100] * 0.7 + 20)
    found = twins.near(np.concatenate([held, copies]))
    assert {(one.first, one.second) for one in found} == {(n, len(held) + n) for n in range(100)}
