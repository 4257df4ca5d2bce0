from __future__ import annotations

import numpy as np
import pytest
from made import AFFINE, CANARY, PERSON, nifti, noise

from common.errors import DataError
from healthcare.data import read_scan
from healthcare.mask import read_mask

DRAWN = noise(6, 5, 7, dtype="uint8", most=3)


def read(tmp_path, mask=DRAWN, affine=AFFINE, values=(1, 2)):
    (tmp_path / "scan.nii").write_bytes(nifti(noise(6, 5, 7), AFFINE))
    (tmp_path / f"{PERSON}.nii").write_bytes(nifti(mask, affine))
    return read_mask(
        tmp_path / f"{PERSON}.nii", read_scan(tmp_path / "scan.nii"), values, called="case 2, mask"
    )


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_whole_numbers_come_in_whatever_their_type(tmp_path, dtype):
    mask = read(tmp_path, DRAWN.astype(dtype))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, DRAWN)


def moved(mm: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] += mm
    return affine


def test_rounding_in_the_header_is_let_pass(tmp_path):
    assert np.array_equal(read(tmp_path, affine=moved(0.05)), DRAWN)


@pytest.mark.parametrize(
    ("mask", "affine", "said"),
    [
        (DRAWN, moved(0.5), "the mask lies 0.5 mm away from its scan"),
        (DRAWN, AFFINE @ np.diag([1, 1, 1.1, 1]), "mm away from its scan"),
        (DRAWN, AFFINE @ np.diag([-1, 1, 1, 1]), "mm away from its scan"),
        (DRAWN[:5], AFFINE, "the mask has 5 × 5 × 7 voxels and its scan 6 × 5 × 7"),
        (DRAWN + np.float32(0.5), AFFINE, "holds 0.5, which is no whole number"),
        (DRAWN * 2, AFFINE, "holds 4, which is no known label"),
        (DRAWN.astype("int16") - 1, AFFINE, "holds -1, which is no known label"),
    ],
)
def test_what_does_not_belong_to_the_scan_is_refused(tmp_path, mask, affine, said):
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, mask, affine)
    assert str(caught.value).startswith("case 2, mask: ")
    assert CANARY not in repr(caught.value)


def test_without_a_list_any_label_up_to_255_will_do(tmp_path):
    assert read(tmp_path, DRAWN * 100, values=None).max() == 200
    with pytest.raises(DataError, match="holds 300, which is no known label"):
        read(tmp_path, DRAWN.astype("int16") * 150, values=None)
