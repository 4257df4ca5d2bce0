from __future__ import annotations

import numpy as np
import pytest
from made import CANARY, PERSON, npz

from common.errors import DataError, PilotError
from healthcare.pictures import read_pictures

RNG = np.random.default_rng(0)


def images(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape).astype(np.uint8)


def arrays(*shape: int, classes: int = 2) -> dict[str, np.ndarray]:
    def labels(n: int) -> np.ndarray:
        return (np.arange(n) % classes).astype(np.uint8)[:, None]

    return {
        "train_images": images(6, *shape), "train_labels": labels(6),
        "val_images": images(4, *shape), "val_labels": labels(4),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "kept", "volume", "colour"),
    [
        ((8, 9), (8, 9), False, False),
        ((8, 9, 1), (8, 9), False, False),
        ((8, 9, 3), (8, 9, 3), False, True),
        ((8, 8, 8), (8, 8, 8), True, False),
        ((8, 8, 8, 1), (8, 8, 8), True, False),
    ],
)
def test_pictures_and_volumes_as_medmnist_packs_them(tmp_path, shape, kept, volume, colour):
    held = arrays(*shape)
    found = read_pictures(npz(tmp_path / "x.npz", **held))
    assert found.images["train"].shape == (6, *kept)
    assert np.array_equal(found.images["val"].reshape(-1), held["val_images"].reshape(-1))
    assert (found.is_volume, found.is_colour) == (volume, colour)
    assert found.labels["train"].tolist() == [0, 1, 0, 1, 0, 1]
    assert found.labels["val"].dtype == np.int64
    assert (list(found.images), found.classes) == (["train", "val"], ("class 0", "class 1"))
    assert found.counts("val").tolist() == [2, 2]
    assert len(found.sha256) == 64


def test_classes_are_named(tmp_path):
    path = npz(tmp_path / "x.npz", **arrays(8, 8))
    assert read_pictures(path, classes=["normal", "ill"]).classes == ("normal", "ill")
    with pytest.raises(DataError, match="1 classes are named and labels go up to 1"):
        read_pictures(path, classes=["normal"])


BAD = {
    "no training pictures": ({"train_images": None}, "no pictures to train on"),
    "no labels": ({"val_labels": None}, "val_labels: the labels are missing"),
    "labels short": ({"val_labels": np.zeros(3, int)}, "there are 3 labels for 4 pictures"),
    "several labels": ({"train_labels": np.zeros((6, 14), int)}, "each picture has 14 labels"),
    "labels below 0": ({"train_labels": np.arange(6) - 1}, "go from -1 to 4"),
    "labels far too high": ({"train_labels": np.arange(6) * 1000}, "go from 0 to 5000"),
    "labels between numbers": ({"train_labels": np.arange(6) / 2}, "no whole numbers"),
    "labels of words": ({"train_labels": np.array(["a"] * 6)}, "no whole numbers"),
    "another type": ({"train_images": np.zeros((6, 8, 8), np.float32)}, "of type float32, not uint8"),
    "another size": ({"val_images": images(4, 8, 7)}, "have 8 × 7 pixels and those of train_images 8 × 8"),
    "no picture": ({"train_images": images(6, 8)}, "6 × 8 holds no pictures"),
}


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD)
def test_what_is_no_labelled_set_is_refused(tmp_path, change, said):
    held = {name: array for name, array in (arrays(8, 8) | change).items() if array is not None}
    with pytest.raises(DataError, match=said) as caught:
        read_pictures(npz(tmp_path / f"{PERSON}.npz", **held))
    assert str(caught.value).startswith("the pictures")
    assert caught.value.mend


def test_damage_and_objects_are_refused_without_the_files_name(tmp_path):
    path = npz(tmp_path / f"{PERSON}.npz", train_images=np.array([{}], dtype=object))
    with pytest.raises(PilotError, match="Python objects") as caught:
        read_pictures(path)
    assert CANARY not in repr(caught.value)


@pytest.mark.data
def test_the_real_radiographs(benchmark_data):
    found = read_pictures(benchmark_data / "healthcare" / "pneumonia_train_val.npz")
    assert found.images["train"].shape == (4708, 28, 28)
    assert [found.counts(split).tolist() for split in ("train", "val")] == [[1214, 3494], [135, 389]]
