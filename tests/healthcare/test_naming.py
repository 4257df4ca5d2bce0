from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import IntakeError
from healthcare.naming import called


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("the file is empty", "case 3, row 2: the file is empty; mend."),
        ("'Jan's.dcm' in it is damaged", "case 3, row 2: a file in it is damaged; mend."),
        ("the name '../Jan' in it climbs out", "case 3, row 2: the name of a file in it climbs out; mend."),
    ],
)
def test_a_files_name_goes_out_of_an_error(what, said):
    with pytest.raises(IntakeError) as caught, called(Path("/data/Jan.nii"), "case 3"):
        raise IntakeError(what, where="Jan.nii, row 2", mend="mend")
    assert str(caught.value) == said
    assert "Jan" not in repr(caught.value)


def test_names_of_arrays_may_be_said():
    with (
        pytest.raises(IntakeError, match="'train_images' is cut off"),
        called(Path("a.npz"), "it", inner=True),
    ):
        raise IntakeError("'train_images' is cut off", where="a.npz")
